/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libvmm's interface on a fake kernel: a GICv3 guest with two vCPUs. The library has one guest and
 * keeps what is registered, so that the tests use numbers of their own and run in their order.
 */
#include <libvmm/arch/aarch64/cpuif.h>
#include <libvmm/arch/aarch64/fault.h>
#include <libvmm/arch/aarch64/linux.h>
#include <libvmm/arch/aarch64/psci.h>
#include <bulkhead/report.h>
#include <libvmm/arch/aarch64/smc.h>
#include <libvmm/arch/aarch64/vgic/vgic.h>
#include <libvmm/config.h>
#include <libvmm/dtb.h>
#include <libvmm/guest.h>
#include <libvmm/tcb.h>
#include <libvmm/util/queue.h>
#include <libvmm/util/util.h>
#include <libvmm/vcpu.h>
#include <libvmm/virq.h>
#include <stdarg.h>
#include <stdlib.h>
/* cmocka.h needs the headers before it. */
#include <setjmp.h>

#include <cmocka.h>

#include "libvmm_fake.h"
#include "vmm_fake.h"

#define FIRST VMM_FAKE_ID(0)
#define SECOND VMM_FAKE_ID(1)
#define NOBODY VMM_FAKE_ID(2)

#define DISTRIBUTOR 0x08000000UL
#define DEVICE 0x0a000000UL
#define NOTHING 0x0b000000UL

/** Syndromes of accesses: width as a power of two, register; of calls. */
#define ESR_DATA (0x24UL << 26 | 1UL << 25 | 1UL << 24)
#define ESR_LOAD(width, rt) (ESR_DATA | (uint64_t)(width) << 22 | (uint64_t)(rt) << 16)
#define ESR_STORE(width, rt) (ESR_LOAD(width, rt) | 1UL << 6)
#define ESR_SIGNED (1UL << 21)
#define ESR_64BIT (1UL << 15)
#define ESR_IL (1UL << 25)
#define ESR_HVC (0x16UL << 26 | ESR_IL)
#define ESR_SMC (0x17UL << 26 | ESR_IL)
#define ESR_WFX (0x01UL << 26 | ESR_IL)
#define ESR_SYSREG (0x18UL << 26 | ESR_IL)
#define ESR_SERROR (0x2fUL << 26)
#define ESR_OTHER (0x3fUL << 26)

#define CPU_SUSPEND 0x84000001UL
#define CPU_OFF 0x84000002UL
#define CPU_ON 0xc4000003UL
#define SYSTEM_OFF 0x84000008UL
#define SYSTEM_RESET 0x84000009UL
#define SYSTEM_RESET2 0x84000012UL
#define PSCI_VERSION 0x84000000UL
#define SIP_KNOWN 0xc2000001UL
#define SIP_UNKNOWN 0xc2000002UL
#define NOT_SUPPORTED (~0UL)

#define RAM_BYTES 0x800000UL

static uint8_t *ram;
static uint8_t kernel[128];
static struct dtb_header tree = { .magic = 0xedfe0dd0, .totalsize = 0x28000000 };

/** The registers of the first vCPU. */
static seL4_UserContext *regs(void)
{
    return &libvmm_fake.regs[0];
}

static bool handle(size_t id, seL4_Word label, const seL4_Word words[5])
{
    memcpy(libvmm_fake.msg, words, 5 * sizeof(words[0]));
    libvmm_fake.reads = 0;
    libvmm_fake.writes = 0;
    libvmm_fake.logged[0] = '\0';
    return fault_handle(id, microkit_msginfo_new(label, 5));
}

static bool access_at(uint64_t address, uint64_t esr, uint64_t stored)
{
    const seL4_Word words[5] = { regs()->pc, address, 0, esr, stored };

    return handle(FIRST, seL4_Fault_VMFault, words);
}

static bool call(size_t id, uint64_t esr, uint64_t x0, uint64_t x1, uint64_t x2, uint64_t x3)
{
    const seL4_Word words[5] = { esr, x0, x1, x2, x3 };
    seL4_UserContext *caller = &libvmm_fake.regs[id - FIRST];

    caller->x0 = x0;
    caller->x1 = x1;
    caller->x2 = x2;
    caller->x3 = x3;
    return handle(id, seL4_Fault_VCPUFault, words);
}

/** The label with which fault_answer() answers a call of the first vCPU without arguments. */
static seL4_Word answered(uint64_t esr, uint64_t function)
{
    const seL4_Word words[5] = { esr, function };
    microkit_msginfo reply = microkit_msginfo_new(~0UL, 0);

    memcpy(libvmm_fake.msg, words, sizeof(words));
    assert_true(fault_answer(FIRST, microkit_msginfo_new(seL4_Fault_VCPUFault, 5), &reply));
    assert_int_equal(microkit_msginfo_get_count(reply), 1);
    return microkit_msginfo_get_label(reply);
}

/** Whether there were so many reports, and the last is that one, of the guest. */
static bool reported(uint32_t count, enum bh_report_kind kind, uint64_t number)
{
    return vmm_fake.reports == count && vmm_fake.report[0] == 0 &&
           vmm_fake.report[1] == (uint64_t)kind && vmm_fake.report[2] == number;
}

static bool said(const char *part)
{
    return strstr(libvmm_fake.logged, part) != NULL;
}

static uint32_t notices(uint32_t vcpu)
{
    return vmm_fake.own[BH_VIRQ_NOTICE][vcpu];
}

static void test_loads(void **state)
{
    static const struct {
        uint64_t fsr;
        uint64_t addr;
        uint64_t word;
        uint64_t result;
    } loads[] = {
        { ESR_LOAD(0, 1), 0, 0x8899aabb, 0xbb },
        { ESR_LOAD(0, 1), 3, 0x8899aabb, 0x88 },
        { ESR_LOAD(0, 1) | ESR_SIGNED, 1, 0x8899aabb, 0xffffffaa },
        { ESR_LOAD(0, 1) | ESR_SIGNED | ESR_64BIT, 1, 0x8899aabb, 0xffffffffffffffaa },
        { ESR_LOAD(0, 1) | ESR_SIGNED | ESR_64BIT, 1, 0x00007f00, 0x7f },
        { ESR_LOAD(1, 1), 2, 0x8899aabb, 0x8899 },
        { ESR_LOAD(1, 1) | ESR_SIGNED | ESR_64BIT, 2, 0x8899aabb, 0xffffffffffff8899 },
        { ESR_LOAD(2, 1), 0, 0xffffffff8899aabb, 0x8899aabb },
        { ESR_LOAD(2, 1) | ESR_SIGNED | ESR_64BIT, 4, 0x8899aabb, 0xffffffff8899aabb },
        { ESR_LOAD(3, 1) | ESR_64BIT, 8, 0x8899aabbccddeeff, 0x8899aabbccddeeff },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(loads) / sizeof(loads[0]); i++) {
        seL4_UserContext context = { .x1 = 0x5555555555555555 };

        assert_true(fault_is_read(loads[i].fsr) && !fault_is_write(loads[i].fsr));
        fault_emulate_write(&context, loads[i].addr, loads[i].fsr, loads[i].word);
        assert_int_equal(context.x1, loads[i].result);
    }
}

static void test_stores(void **state)
{
    seL4_UserContext context = { .x2 = 0x1122334455667788 };

    (void)state;
    assert_true(fault_is_write(ESR_STORE(0, 2)) && !fault_is_read(ESR_STORE(0, 2)));
    assert_int_equal(fault_get_data(&context, ESR_STORE(0, 2)), 0x88);
    assert_int_equal(fault_get_data(&context, ESR_STORE(1, 2)), 0x7788);
    assert_int_equal(fault_get_data(&context, ESR_STORE(2, 2)), 0x55667788);
    assert_int_equal(fault_get_data(&context, ESR_STORE(3, 2)), 0x1122334455667788);
    assert_int_equal(fault_get_data(&context, ESR_STORE(2, 31)), 0);
    assert_int_equal(fault_get_data_mask(1, ESR_STORE(0, 2)), 0xff00);
    assert_int_equal(fault_get_data_mask(2, ESR_STORE(1, 2)), 0xffff0000);
    assert_int_equal(fault_get_data_mask(0, ESR_STORE(3, 2)), ~0UL);
    assert_int_equal(fault_get_width_bytes(ESR_STORE(3, 2)), 8);
    assert_int_equal(fault_emulate(&context, 0xaabbccdd, 1, ESR_STORE(0, 2), 0x11), 0xaabb11dd);
    assert_int_equal(fault_emulate(&context, 0xaabbccdd, 0, ESR_STORE(2, 2), 0x11), 0x11);
}

static void test_registers(void **state)
{
    seL4_UserContext context = { 0 };

    (void)state;
    for (size_t i = 0; i < 31; i++) {
        *decode_rt(i, &context) = i + 1;
    }
    assert_int_equal(context.x0, 1);
    assert_int_equal(context.x9, 10);
    assert_int_equal(context.x30, 31);
    assert_int_equal(context.spsr, 0);
    assert_int_equal(context.tpidr_el0, 0);
    *decode_rt(31, &context) = 5;
    assert_int_equal(*decode_rt(31, &context), 0);
    assert_int_equal(*decode_rt(32, &context), 0);
}

static void test_settings(void **state)
{
    static vmm_config_t config = {
        .magic = { 'v', 'm', 'm' },
        .num_irqs = 2,
        .irqs = { { 1, 33 }, { 4, 34 }, { 5, 35 } },
    };

    (void)state;
    assert_true(vmm_config_check_magic(&config));
    assert_int_equal(vmm_config_irq_from_id(&config, 4), 34);
    assert_int_equal(vmm_config_irq_from_id(&config, 5), -1);
    /* More than there is room for. */
    config.num_irqs = 255;
    assert_int_equal(vmm_config_irq_from_id(&config, 200), -1);
    config.magic[2] = 'x';
    assert_false(vmm_config_check_magic(&config));
}

static void test_helpers(void **state)
{
    int items[2];
    int item = 7;
    queue_t queue;

    (void)state;
    assert_true(ranges_overlap(0, 2, 1, 3) && !ranges_overlap(0, 1, 1, 2));
    assert_false(ranges_overlap(1, 1, 0, 2));
    assert_true(check_baseline_bits(5, 7) && !check_baseline_bits(5, 4));
    assert_int_equal(convert_ticks_by_frequency(3, 2, 4), 6);
    assert_int_equal(convert_ticks_by_frequency(1UL << 62, 1000000000, 1000000000), 1UL << 62);
    queue_init(&queue, sizeof(item), items, 2);
    assert_true(queue_empty(&queue) && queue_front(&queue) == NULL && !queue_dequeue(&queue));
    assert_true(queue_enqueue(&queue, &item));
    *(int *)queue_enqueue_raw(&queue) = 8;
    assert_true(queue_size(&queue) == 2 && !queue_enqueue(&queue, &item));
    assert_true(queue_dequeue_front(&queue, &item) && item == 7);
    item = 9;
    assert_true(queue_enqueue(&queue, &item) && items[0] == 9);
    assert_true(queue_dequeue_back(&queue) && *(int *)queue_front(&queue) == 8);
    queue_clear(&queue);
    assert_false(queue_dequeue_back(&queue));
}

static uintptr_t set_up(uintptr_t start, size_t kernel_bytes, uintptr_t dtb, uintptr_t initrd,
                        size_t initrd_bytes)
{
    libvmm_fake.logged[0] = '\0';
    return linux_setup_images(start, (uintptr_t)kernel, kernel_bytes, (uintptr_t)&tree, dtb,
                              sizeof(tree), (uintptr_t)kernel, initrd, initrd_bytes);
}

static void test_images(void **state)
{
    uintptr_t base = (uintptr_t)ram;
    uintptr_t dtb = base + 0x600000;

    (void)state;
    kernel[18] = 0x20; /* 2 MiB in memory */
    memcpy(kernel + 56, (const uint8_t[]){ 'A', 'R', 'M', 0x64 }, 4);
    assert_int_equal(set_up(base, 63, dtb, 0, 0), 0);
    assert_true(libvmm_fake.logged[0] != '\0');
    assert_int_equal(set_up(base + 4096, sizeof(kernel), dtb, 0, 0), 0);
    assert_int_equal(set_up(base, sizeof(kernel), base + 0x1ffff0, 0, 0), 0);
    assert_true(said("kernel and device tree overlap"));
    assert_int_equal(set_up(base, sizeof(kernel), base - 8, 0, 0), 0);
    assert_int_equal(set_up(base, sizeof(kernel), UINTPTR_MAX - 8, 0, 0), 0);
    assert_true(said("device tree is placed outside"));
    assert_int_equal(set_up(base, sizeof(kernel), dtb, dtb + sizeof(tree) - 1, 8), 0);
    assert_true(said("device tree and initial RAM disk overlap"));
    assert_int_equal(set_up(base, sizeof(kernel), dtb, UINTPTR_MAX, 8), 0);
    tree.totalsize = 0x29000000;
    assert_int_equal(set_up(base, sizeof(kernel), dtb, 0, 0), 0);
    assert_true(said("no device tree"));
    tree.totalsize = 0x28000000;
    /* It never started. */
    assert_false(guest_restart(FIRST, base, RAM_BYTES));
    assert_int_equal(set_up(base, sizeof(kernel), dtb, dtb + 64, 16), base);
    assert_memory_equal(ram, kernel, sizeof(kernel));
    assert_memory_equal(ram + 0x600000, &tree, sizeof(tree));
    assert_memory_equal(ram + 0x600040, kernel, 16);
    assert_true(vmm_fake.cleaned >= sizeof(kernel) + sizeof(tree) + 16);
}

static uint32_t ends;

static void ended(size_t vcpu_id, int irq, void *cookie)
{
    assert_int_equal(irq, 5);
    assert_int_equal(vcpu_id, SECOND);
    assert_ptr_equal(cookie, kernel);
    ends++;
}

static void test_start(void **state)
{
    uintptr_t base = (uintptr_t)ram;

    (void)state;
    assert_false(virq_controller_init(NOBODY));
    assert_true(virq_controller_init(FIRST));
    assert_false(virq_controller_init(FIRST));
    assert_true(virq_register(SECOND, 5, ended, kernel));
    assert_int_equal(notices(1), 1u << 5);
    assert_false(guest_start(NOBODY, base, 7, 0));
    assert_true(guest_start(FIRST, base, 7, 0));
    assert_true(vmm_fake.running[0] && !vmm_fake.running[1]);
    assert_int_equal(vmm_fake.pc[0], base);
    assert_int_equal(vmm_fake.x0[0], 7);
    assert_true(vcpu_is_on(FIRST) && !vcpu_is_on(SECOND));
    assert_false(guest_start(FIRST, base, 7, 0));
    vcpu_set_on(SECOND, true);
    assert_true(vcpu_is_on(SECOND));
    vcpu_set_on(SECOND, false);
}

static void test_distributor(void **state)
{
    microkit_msginfo reply;
    const seL4_Word words[5] = { 0, DISTRIBUTOR + 4, 0, ESR_LOAD(2, 3) };

    (void)state;
    regs()->pc = 0x1000;
    regs()->x3 = ~0UL;
    assert_true(access_at(DISTRIBUTOR + 4, ESR_LOAD(2, 3), 0));
    uint64_t typer = regs()->x3;
    assert_int_equal(typer & 0xff, 1 << 5 | (BH_VIRQ_COUNT / 32 - 1));
    assert_int_equal(regs()->pc, 0x1004);
    /* An AArch32 program's short instruction. */
    assert_true(access_at(DISTRIBUTOR + 4, ESR_LOAD(2, 31) & ~ESR_IL, 0));
    assert_int_equal(regs()->pc, 0x1006);
    /* A store: only the message has its value in time. */
    assert_true(access_at(DISTRIBUTOR + 0x104, ESR_STORE(2, 3), 0x10));
    assert_int_equal(regs()->pc, 0x100a);
    assert_int_equal(regs()->x3, typer);
    assert_true(access_at(DISTRIBUTOR + 0x104, ESR_LOAD(2, 4), 0));
    assert_int_equal(regs()->x4, 0x10);

    memcpy(libvmm_fake.msg, words, sizeof(words));
    libvmm_fake.reads = 0;
    assert_true(fault_answer(FIRST, microkit_msginfo_new(seL4_Fault_VMFault, 5), &reply));
    assert_int_equal(reply.words[0], BH_MSGINFO(BH_VCPU_DONE, 1));
    assert_int_equal(libvmm_fake.msg[0], typer);
    assert_int_equal(libvmm_fake.reads, 0);
    assert_int_equal(regs()->pc, 0x100e);
}

static void test_aborts(void **state)
{
    static const struct {
        uint64_t spsr;
        uint64_t vector;
        uint64_t class;
    } from[] = {
        { 0x3c5, 0x200, 0x25 },
        { 0x3c4, 0x000, 0x25 },
        { 0x0, 0x400, 0x24 },
        { 0x10, 0x600, 0x24 },
    };
    seL4_Word *system = libvmm_fake.system[0];
    microkit_msginfo reply;

    (void)state;
    system[seL4_VCPUReg_VBAR] = 0x80000;
    for (size_t i = 0; i < sizeof(from) / sizeof(from[0]); i++) {
        regs()->pc = 0x2000;
        regs()->spsr = from[i].spsr;
        assert_true(access_at(NOTHING, ESR_LOAD(2, 3), 0));
        assert_int_equal(said("nothing answers"), i == 0);
        assert_int_equal(regs()->pc, 0x80000 + from[i].vector);
        assert_int_equal(regs()->spsr, 0x3c5);
        assert_int_equal(system[seL4_VCPUReg_ELR_EL1], 0x2000);
        assert_int_equal(system[seL4_VCPUReg_SPSR_EL1], from[i].spsr);
        assert_int_equal(system[seL4_VCPUReg_ESR], from[i].class << 26 | ESR_IL | 0x410);
    }
    /* Partly beyond the end of a device. */
    assert_true(access_at(DISTRIBUTOR + 0xfffe, ESR_LOAD(2, 3), 0));
    assert_int_equal(system[seL4_VCPUReg_ESR] & 0x3f, 0x10);
    libvmm_fake.msg[1] = NOTHING;
    assert_true(fault_answer(FIRST, microkit_msginfo_new(seL4_Fault_VMFault, 5), &reply));
    assert_int_equal(reply.words[0], BH_MSGINFO(BH_VCPU_ABORT, 0));
    /* An instruction that nobody knows. */
    regs()->pc = 0x2000;
    regs()->spsr = 0x3c5;
    assert_true(call(FIRST, ESR_OTHER | ESR_IL, 0, 0, 0, 0));
    assert_int_equal(system[seL4_VCPUReg_ESR], ESR_IL);
    assert_int_equal(regs()->pc, 0x80200);
}

static enum { PLAIN, ADVANCES, FAILS, STOPS } way;

static bool device(size_t vcpu_id, size_t offset, size_t fsr, seL4_UserContext *context, void *data)
{
    assert_int_equal(vcpu_id, FIRST);
    assert_int_equal(offset, 0x24);
    assert_ptr_equal(data, &way);
    switch (way) {
    case ADVANCES:
        return fault_advance(vcpu_id, context, offset, fsr, 0x77);
    case STOPS:
        guest_stop(FIRST);
        return true;
    default:
        fault_emulate_write(context, offset, fsr, 0x66);
        return way == PLAIN;
    }
}

static void test_handlers(void **state)
{
    (void)state;
    assert_true(fault_register_vm_exception_handler(DEVICE, 0x1000, device, &way));
    assert_false(fault_register_vm_exception_handler(DEVICE + 0xfff, 2, device, &way));
    assert_false(fault_register_vm_exception_handler(UINTPTR_MAX, 2, device, &way));
    assert_false(fault_register_vm_exception_handler(NOTHING, 1, NULL, &way));
    regs()->pc = 0x3000;
    regs()->spsr = 0x3c5;
    assert_true(access_at(DEVICE + 0x24, ESR_LOAD(2, 4), 0));
    assert_true(regs()->x4 == 0x66 && regs()->pc == 0x3004 && libvmm_fake.writes == 1);
    way = ADVANCES;
    assert_true(access_at(DEVICE + 0x24, ESR_LOAD(2, 4), 0));
    assert_true(regs()->x4 == 0x77 && regs()->pc == 0x3008 && libvmm_fake.writes == 1);
    way = FAILS;
    assert_true(access_at(DEVICE + 0x24, ESR_LOAD(2, 4), 0));
    assert_int_equal(libvmm_fake.system[0][seL4_VCPUReg_ELR_EL1], 0x3008);
    /* Stopped by its handler, the vCPU is left alone. */
    way = STOPS;
    assert_true(access_at(DEVICE + 0x24, ESR_LOAD(2, 4), 0));
    assert_true(libvmm_fake.writes == 0 && !vmm_fake.running[0]);
    way = PLAIN;
    assert_true(guest_start(FIRST, (uintptr_t)ram, 7, 0));
}

static void test_interrupts(void **state)
{
    (void)state;
    assert_false(virq_register(SECOND, 5, NULL, NULL));
    assert_false(vgic_register_irq(FIRST, -1, NULL, NULL) || virq_register(FIRST, 256, NULL, NULL));
    assert_false(virq_inject(FIRST, 5) || virq_inject(FIRST, -1) || virq_inject(FIRST, 256));
    assert_true(virq_register(FIRST, 100, NULL, NULL));
    assert_int_equal(vmm_fake.shared[BH_VIRQ_NOTICE][3], 0);
    assert_true(vgic_inject_irq(SECOND, 100));
    assert_int_equal(vmm_fake.shared[BH_VIRQ_PENDING][3], 1u << 4);

    assert_true(virq_inject(SECOND, 5));
    assert_int_equal(vmm_fake.own[BH_VIRQ_PENDING][1], 1u << 5);
    const seL4_Word end[5] = { 5 };
    assert_true(handle(SECOND, seL4_Fault_VGICMaintenance, end));
    assert_int_equal(ends, 1);
    const seL4_Word wrong[5] = { 256 };
    assert_false(handle(SECOND, seL4_Fault_VGICMaintenance, wrong));
    /* One that nobody registered, and one that was raised but not ended before the guest stops. */
    assert_true(handle(FIRST, seL4_Fault_VGICMaintenance, end));
    assert_true(virq_inject(SECOND, 5));
    guest_stop(FIRST);
    assert_int_equal(ends, 2);
    assert_true(guest_start(FIRST, (uintptr_t)ram, 7, 0));
    guest_stop(FIRST);
    assert_int_equal(ends, 2);
    assert_true(guest_start(FIRST, (uintptr_t)ram, 7, 0));
}

static void test_passthrough(void **state)
{
    const seL4_Word end[5] = { 20 };

    (void)state;
    microkit_irqs = 1ul << 1 | 1ul << 2;
    assert_false(virq_register_passthrough(FIRST, 40, 3));
    assert_false(virq_handle_passthrough(1) || virq_handle_passthrough(200));
    assert_true(virq_register_passthrough(FIRST, 40, 1));
    assert_false(virq_register_passthrough(FIRST, 41, 1));
    assert_int_equal(vmm_fake.link[40], 1 + 1);
    assert_int_equal(vmm_fake.shared[BH_VIRQ_NOTICE][1], 0);
    assert_true(virq_handle_passthrough(1));
    assert_int_equal(vmm_fake.shared[BH_VIRQ_PENDING][1], 0);
    /* A private one cannot be linked: the VMM passes it on. */
    assert_true(virq_register_passthrough(FIRST, 20, 2));
    assert_true(virq_handle_passthrough(2));
    assert_int_equal(vmm_fake.own[BH_VIRQ_PENDING][0], 1u << 20);
    assert_int_equal(notices(0), 1u << 20);
    assert_int_equal(libvmm_fake.acknowledged[2], 0);
    assert_true(handle(FIRST, seL4_Fault_VGICMaintenance, end));
    assert_int_equal(libvmm_fake.acknowledged[2], 1);
}

static void test_power(void **state)
{
    (void)state;
    regs()->pc = 0x4000;
    assert_true(call(FIRST, ESR_HVC, PSCI_VERSION, 0, 0, 0));
    assert_int_equal(regs()->x0, 0x10001);
    assert_int_equal(regs()->pc, 0x4000);
    /* Only a reply can have a vCPU wait. */
    assert_true(call(FIRST, ESR_SMC, CPU_SUSPEND, 0, 0, 0));
    assert_int_equal(regs()->x0, 0);
    assert_int_equal(answered(ESR_SMC, CPU_SUSPEND), BH_VCPU_WAIT);
    assert_int_equal(answered(ESR_SMC, PSCI_VERSION), BH_VCPU_DONE);
    /* The kernel forgets, when a vCPU starts, which ends of private interrupts are to be told. */
    vmm_fake.own[BH_VIRQ_NOTICE][1] = 0;
    assert_true(call(FIRST, ESR_SMC, CPU_ON, 1, 0x5000, 9));
    assert_true(regs()->x0 == 0 && vmm_fake.running[1] && vmm_fake.pc[1] == 0x5000);
    assert_int_equal(notices(1), 1u << 5);
    assert_true(call(SECOND, ESR_SMC, CPU_OFF, 0, 0, 0));
    assert_true(!vmm_fake.running[1] && !vcpu_is_on(SECOND) && libvmm_fake.writes == 0);
    ram[0] = 0x55;
    assert_true(call(FIRST, ESR_SMC, SYSTEM_RESET, 0, 0, 0));
    assert_true(vmm_fake.running[0] && ram[0] == kernel[0] && vmm_fake.x0[0] == 7);
    assert_true(reported(1, BH_REPORT_GUEST_RESET, 1));
    assert_true(call(FIRST, ESR_SMC, SYSTEM_RESET2, 0, 0, 0));
    assert_true(vmm_fake.running[0] && reported(2, BH_REPORT_GUEST_CRASH, 1));
    ram[4096] = 0x55;
    vmm_fake.own[BH_VIRQ_NOTICE][0] = 0;
    assert_false(guest_restart(NOBODY, (uintptr_t)ram, RAM_BYTES));
    assert_true(guest_restart(FIRST, (uintptr_t)ram, RAM_BYTES));
    assert_true(vmm_fake.running[0] && ram[4096] == 0);
    assert_int_equal(notices(0), 1u << 20);
    assert_memory_equal(ram, kernel, sizeof(kernel));
    assert_true(call(FIRST, ESR_SMC, SYSTEM_OFF, 0, 0, 0));
    assert_true(!vmm_fake.running[0] && !vcpu_is_on(FIRST) && said("powered off"));
    assert_true(reported(3, BH_REPORT_GUEST_OFF, 0));
    /* Images that are refused are not loaded at a restart. */
    uintptr_t base = (uintptr_t)ram;
    assert_int_equal(set_up(base, sizeof(kernel), base, 0, 0), 0);
    assert_false(guest_restart(FIRST, base, RAM_BYTES));
    assert_int_equal(set_up(base, sizeof(kernel), base + 0x600000, 0, 0), base);
    assert_true(guest_start(FIRST, (uintptr_t)ram, 7, 0));
}

static bool sip(size_t vcpu_id, seL4_UserContext *context, size_t fn_number)
{
    if (fn_number != SIP_KNOWN) {
        return false;
    }
    return smc_sip_forward(vcpu_id, context, fn_number);
}

static void test_calls(void **state)
{
    (void)state;
    assert_true(call(FIRST, ESR_SMC, SIP_KNOWN, 1, 2, 3));
    assert_int_equal(regs()->x0, NOT_SUPPORTED);
    assert_false(smc_register_sip_handler(NULL));
    assert_true(smc_register_sip_handler(sip));
    assert_false(smc_register_sip_handler(sip));
    regs()->pc = 0x6000;
    regs()->x7 = 70;
    assert_true(call(FIRST, ESR_SMC, SIP_KNOWN, 10, 20, 30));
    assert_true(libvmm_fake.smc.x0 == SIP_KNOWN && libvmm_fake.smc.x3 == 30);
    assert_true(regs()->x0 == SIP_KNOWN + 1 && regs()->x3 == 31 && regs()->x7 == 71);
    assert_int_equal(regs()->pc, 0x6000);
    assert_true(call(FIRST, ESR_HVC, SIP_UNKNOWN, 0, 0, 0));
    assert_int_equal(regs()->x0, NOT_SUPPORTED);
    /* An immediate makes it somebody else's call. */
    assert_true(call(FIRST, ESR_HVC | 1, PSCI_VERSION, 0, 0, 0));
    assert_int_equal(regs()->x0, NOT_SUPPORTED);

    seL4_UserContext context = { .x0 = 100, .x1 = 1, .x7 = 7, .x8 = 8 };
    assert_true(smc_get_arg(&context, 1) == 1 && smc_get_arg(&context, 7) == 7);
    assert_true(smc_get_arg(&context, 0) == 0 && smc_get_arg(&context, 8) == 0);
    smc_set_return_value(&context, 5);
    assert_int_equal(context.x0, 5);
    /* Called by a program itself, each by itself. */
    regs()->x0 = PSCI_VERSION;
    libvmm_fake.reads = 0;
    assert_true(smc_handle(FIRST, ESR_SMC) && regs()->x0 == 0x10001);
    /* Before the call and, because it may have changed others, after it. */
    assert_int_equal(libvmm_fake.reads, 2);
    regs()->x0 = SIP_KNOWN;
    assert_true(handle_smc(FIRST, ESR_SMC) && regs()->x0 == SIP_KNOWN + 1);
    regs()->x0 = PSCI_VERSION;
    assert_true(handle_psci(FIRST, regs(), PSCI_VERSION, ESR_SMC) && regs()->x0 == 0x10001);
    assert_false(smc_handle(NOBODY, ESR_SMC));
}

static void test_system_registers(void **state)
{
    /* op0 3, op1 0, CRn 12, CRm 11, op2 5 from x7; CRm 12 to x8; CRm 13. */
    const uint64_t sgi1r = ESR_SYSREG | 0x3au << 16 | 12u << 10 | 7u << 5 | 11u << 1;
    const uint64_t sre = ESR_SYSREG | 0x3au << 16 | 12u << 10 | 8u << 5 | 12u << 1 | 1;

    (void)state;
    regs()->pc = 0x7000;
    regs()->x7 = 3ul << 24 | 2;
    assert_true(call(FIRST, sgi1r, 0, 0, 0, 0));
    assert_int_equal(vmm_fake.own[BH_VIRQ_PENDING][1] & 1u << 3, 1u << 3);
    assert_int_equal(vmm_fake.own[BH_VIRQ_PENDING][0] & 1u << 3, 0);
    assert_int_equal(regs()->pc, 0x7004);
    assert_true(icc_sgi1r_el1_write(SECOND, NULL, 1ul << 40 | 4ul << 24));
    assert_int_equal(vmm_fake.own[BH_VIRQ_PENDING][1] & 1u << 4, 0);
    assert_int_equal(vmm_fake.own[BH_VIRQ_PENDING][0] & 1u << 4, 1u << 4);
    assert_true(icc_sgi1r_el1_write(FIRST, NULL, 1ul << 16 | 6ul << 24 | 3));
    assert_int_equal(vmm_fake.own[BH_VIRQ_PENDING][0] & 1u << 6, 0);
    assert_false(icc_sgi1r_el1_write(NOBODY, NULL, 0));
    assert_true(call(FIRST, sre, 0, 0, 0, 0));
    assert_true(regs()->x8 == 7 && regs()->pc == 0x7008);
    /* Another one is undefined. */
    libvmm_fake.system[0][seL4_VCPUReg_ELR_EL1] = 0;
    assert_true(call(FIRST, sre ^ 3u << 1, 0, 0, 0, 0));
    assert_int_equal(libvmm_fake.system[0][seL4_VCPUReg_ELR_EL1], 0x7008);
    assert_true(call(FIRST, ESR_WFX, 0, 0, 0, 0));
}

static void test_second_place(void **state)
{
    seL4_UserContext context = { 0 };

    (void)state;
    assert_true(vgic_handle_fault_dist(FIRST, 8, ESR_LOAD(2, 1), &context, NULL));
    assert_int_not_equal(context.x1, 0);
    assert_false(vgic_handle_fault_dist(FIRST, 0x10000, ESR_LOAD(2, 1), &context, NULL));
    assert_false(vgic_handle_fault_dist(NOBODY, 8, ESR_LOAD(2, 1), &context, NULL));
    assert_true(vgic_handle_fault_redist(FIRST, 0x20008, ESR_LOAD(2, 1), &context, NULL));
    assert_int_equal(context.x1, 1 << 8 | 1 << 4);
    assert_false(vgic_handle_fault_redist(FIRST, 0x40008, ESR_LOAD(2, 1), &context, NULL));
}

static void test_other_faults(void **state)
{
    const seL4_Word none[5] = { 0 };

    (void)state;
    assert_false(handle(NOBODY, seL4_Fault_VMFault, none));
    assert_false(handle(FIRST, seL4_Fault_VPPIEvent, none));
    assert_true(said("private interrupt") && said("pc ") && said("vbar_el1"));
    assert_false(fault_handle_user_exception(FIRST) || fault_handle_unknown_syscall(FIRST));
    assert_false(fault_handle_vppi_event(FIRST));
    assert_string_equal(fault_to_string(99), "unknown fault");
    vcpu_reset(FIRST);
    assert_int_equal(libvmm_fake.system[0][seL4_VCPUReg_SCTLR], 0x30c50838);
    assert_int_equal(libvmm_fake.system[0][seL4_VCPUReg_VBAR], 0);
    vgic_init();
    assert_int_equal(notices(1), 1u << 5);
    assert_false(call(FIRST, ESR_SERROR, 0, 0, 0, 0));
    assert_true(said("asynchronous") && !vmm_fake.running[0]);
    assert_int_equal(vmm_fake.wrong, 0);
}

static int set_up_all(void **state)
{
    (void)state;
    vmm_fake_reset(2, 3);
    ram = aligned_alloc(0x200000, RAM_BYTES);
    return ram == NULL;
}

static int tear_down_all(void **state)
{
    (void)state;
    free(ram);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_loads),
        cmocka_unit_test(test_stores),
        cmocka_unit_test(test_registers),
        cmocka_unit_test(test_helpers),
        cmocka_unit_test(test_settings),
        cmocka_unit_test(test_images),
        cmocka_unit_test(test_start),
        cmocka_unit_test(test_distributor),
        cmocka_unit_test(test_aborts),
        cmocka_unit_test(test_handlers),
        cmocka_unit_test(test_interrupts),
        cmocka_unit_test(test_passthrough),
        cmocka_unit_test(test_power),
        cmocka_unit_test(test_calls),
        cmocka_unit_test(test_system_registers),
        cmocka_unit_test(test_second_place),
        cmocka_unit_test(test_other_faults),
    };

    return cmocka_run_group_tests(tests, set_up_all, tear_down_all);
}
