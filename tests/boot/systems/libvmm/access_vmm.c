/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tries what libvmm's functions refuse, then runs access_guest.S with a device that is made of a
 * registered handler. ANSWER chooses how faults are answered.
 */
#include <libvmm/arch/aarch64/fault.h>
#include <libvmm/arch/aarch64/linux.h>
#include <libvmm/arch/aarch64/smc.h>
#include <libvmm/arch/aarch64/vgic/vgic.h>
#include <libvmm/dtb.h>
#include <libvmm/guest.h>
#include <libvmm/tcb.h>
#include <libvmm/util/util.h>
#include <libvmm/vcpu.h>
#include <libvmm/virq.h>
#include <microkit.h>

#define VCPU 3
#define NO_VCPU 5
#define DTB_OFFSET 0x600000
#define RAM_BYTES 0x800000
#define DEVICE 0x0a000000UL
#define DEVICE_BYTES 0x1000
#define DISTRIBUTOR 0x08000000UL
#define DISTRIBUTOR_AGAIN 0x0c000000UL
#define SIP_ADD 0xc2000001UL

/* Of access_guest.S. */
#define DEVICE_STEPS 0x10
#define DEVICE_STARTS 0x20
#define DEVICE_RESTART 0x28
#define DEVICE_REPORT 0x100
#define DEVICE_FAILS 0x200
extern char guest_image[], guest_image_end[];

/* Set by the tool. */
uintptr_t guest_ram_vaddr;

static struct dtb_header tree = { .magic = 0xedfe0dd0, .totalsize = 0x28000000 };
static uint64_t device[2] = { 0x8899aabb, 0x0123456789abcdef };
static unsigned int starts = 1;
static unsigned int acknowledged;

static void say(const char *what, bool right)
{
    printf("vmm: %s: %s\n", what, right ? "right" : "WRONG");
}

/** The word at `offset` & ~3 that the device shows, and what becomes of it with a store. */
static bool device_word(size_t offset, size_t fsr, seL4_UserContext *regs)
{
    /* 64-bit accesses are of its second half alone, which is only read. */
    if (offset >= 8) {
        fault_emulate_write(regs, offset, fsr, device[1]);
        return true;
    }
    uint32_t shift = (uint32_t)(offset & 4) * 8;
    uint64_t word = (device[0] >> shift) & 0xffffffff;
    if (fault_is_read(fsr)) {
        fault_emulate_write(regs, offset, fsr, word);
        return true;
    }
    word = fault_emulate(regs, word, offset, fsr, fault_get_data(regs, fsr));
    device[0] = (device[0] & ~(0xffffffffUL << shift)) | word << shift;
    return true;
}

static bool device_access(size_t vcpu_id, size_t offset, size_t fsr, seL4_UserContext *regs,
                          void *data)
{
    if (vcpu_id != VCPU || data != device) {
        return false;
    }
    switch (offset) {
    case DEVICE_STEPS:
        return fault_advance(vcpu_id, regs, offset, fsr, 0x600d);
    case DEVICE_STARTS:
        fault_emulate_write(regs, offset, fsr, starts);
        return true;
    case DEVICE_RESTART:
        starts++;
        return guest_restart(VCPU, guest_ram_vaddr, RAM_BYTES);
    case DEVICE_REPORT:
        printf("report 0x%lx\n", fault_get_data(regs, fsr));
        return true;
    case DEVICE_FAILS:
        return false;
    default:
        return device_word(offset, fsr, regs);
    }
}

static bool sip(size_t vcpu_id, seL4_UserContext *regs, size_t fn_number)
{
    if (vcpu_id != VCPU || fn_number != SIP_ADD) {
        return false;
    }
    smc_set_return_value(regs, smc_get_arg(regs, 1) + smc_get_arg(regs, 2));
    return true;
}

static void count(size_t vcpu_id, int irq, void *cookie)
{
    acknowledged += vcpu_id == VCPU && irq == 40 && cookie == &tree ? 1 : 100;
}

static uintptr_t set_up(uintptr_t ram, size_t kernel_bytes, size_t dtb_offset, size_t dtb_bytes)
{
    return linux_setup_images(ram, (uintptr_t)guest_image, kernel_bytes, (uintptr_t)&tree,
                              guest_ram_vaddr + dtb_offset, dtb_bytes, 0, 0, 0);
}

static void try_images(size_t kernel_bytes)
{
    say("a short kernel", set_up(guest_ram_vaddr, 63, DTB_OFFSET, sizeof(tree)) == 0);
    say("RAM in the middle of a block",
        set_up(guest_ram_vaddr + 0x1000, kernel_bytes, DTB_OFFSET, sizeof(tree)) == 0);
    say("a device tree in the kernel",
        set_up(guest_ram_vaddr, kernel_bytes, 0x1fffff, sizeof(tree)) == 0);
    say("a device tree below RAM",
        set_up(guest_ram_vaddr, kernel_bytes, (size_t)-0x1000, sizeof(tree)) == 0);
    say("a short device tree",
        set_up(guest_ram_vaddr, kernel_bytes, DTB_OFFSET, sizeof(tree) - 1) == 0);
    tree.magic++;
    say("no device tree", set_up(guest_ram_vaddr, kernel_bytes, DTB_OFFSET, sizeof(tree)) == 0);
    tree.magic--;
    say("a RAM disk on the device tree",
        linux_setup_images(guest_ram_vaddr, (uintptr_t)guest_image, kernel_bytes, (uintptr_t)&tree,
                           guest_ram_vaddr + DTB_OFFSET, sizeof(tree), (uintptr_t)&tree,
                           guest_ram_vaddr + DTB_OFFSET, 8) == 0);
}

static void try_interrupts(void)
{
    say("no such vCPU", !virq_controller_init(NO_VCPU));
    say("the controller", virq_controller_init(VCPU));
    say("the controller twice", !virq_controller_init(VCPU));
    say("an interrupt", virq_register(VCPU, 40, count, &tree));
    say("an interrupt twice", !vgic_register_irq(VCPU, 40, count, &tree));
    say("an interrupt of no vCPU", !virq_register(NO_VCPU, 41, NULL, NULL));
    say("an interrupt too high", !virq_register(VCPU, 256, NULL, NULL));
    say("a negative interrupt", !vgic_register_irq(VCPU, -1, NULL, NULL));
    say("raising one that is not registered", !virq_inject(VCPU, 41) && !virq_inject(VCPU, -1));
    say("raising one", virq_inject(VCPU, 40));
    say("a channel that is none", !virq_register_passthrough(VCPU, 42, 9));
    say("a channel that is nobody's", !virq_handle_passthrough(1) && !virq_handle_passthrough(62));
    say("an interrupt passed through", virq_register_passthrough(VCPU, 34, 1));
    say("a channel twice", !virq_register_passthrough(VCPU, 43, 1));
    say("its notification", virq_handle_passthrough(1));
}

static void try_handlers(void)
{
    say("a handler",
        fault_register_vm_exception_handler(DEVICE, DEVICE_BYTES, device_access, device));
    say("a handler on another",
        !fault_register_vm_exception_handler(DEVICE + 8, 1, device_access, device));
    say("a handler on the interrupt controller",
        !fault_register_vm_exception_handler(DISTRIBUTOR - 1, 2, device_access, device));
    say("a handler of nothing",
        !fault_register_vm_exception_handler(0x10000000, 0, device_access, device));
    say("a handler that is none",
        !fault_register_vm_exception_handler(0x10000000, 8, NULL, device));
    say("the controller's second place",
        fault_register_vm_exception_handler(DISTRIBUTOR_AGAIN, 0x10000, vgic_handle_fault_dist,
                                            NULL));
    say("a call's handler", smc_register_sip_handler(sip));
    say("a call's second handler", !smc_register_sip_handler(sip));
}

void init(void)
{
    size_t kernel_bytes = (size_t)(guest_image_end - guest_image);

    say("no start without a vCPU", !guest_start(NO_VCPU, guest_ram_vaddr, 0, 0));
    say("no restart before a start", !guest_restart(VCPU, guest_ram_vaddr, RAM_BYTES));
    try_images(kernel_bytes);
    try_interrupts();
    try_handlers();
    uintptr_t entry = set_up(guest_ram_vaddr, kernel_bytes, DTB_OFFSET, sizeof(tree));
    say("the images", entry == guest_ram_vaddr);
    say("the vCPU is off", !vcpu_is_on(VCPU) && !vcpu_is_on(NO_VCPU));
    tcb_print_regs(VCPU);
    vcpu_reset(VCPU);
    vcpu_print_regs(VCPU);
    say("the start", guest_start(VCPU, entry, guest_ram_vaddr + DTB_OFFSET, 0));
    say("the vCPU is on", vcpu_is_on(VCPU));
    say("no second start", !guest_start(VCPU, entry, guest_ram_vaddr + DTB_OFFSET, 0));
}

void notified(microkit_channel ch)
{
    printf("vmm: channel %u\n", ch);
}

seL4_Bool fault(microkit_child child, microkit_msginfo msginfo, microkit_msginfo *reply_msginfo)
{
    bool was_on = vcpu_is_on(VCPU);
    unsigned int before = acknowledged;
#if ANSWER
    bool good = fault_answer(child, msginfo, reply_msginfo);
#else
    bool good = fault_handle(child, msginfo);

    *reply_msginfo = microkit_msginfo_new(0, 0);
#endif
    if (acknowledged != before) {
        /* The guest never ended the interrupt that init() raised; its first reset did. */
        say("a reset ends interrupts", acknowledged == 1 && starts == 1);
        starts++;
    }
    if (was_on && !vcpu_is_on(VCPU)) {
        say("the guest is off", good);
    }
    return good ? seL4_True : seL4_False;
}
