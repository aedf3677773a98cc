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
#include <libvmm/dtb.h>
#include <libvmm/guest.h>
#include <libvmm/tcb.h>
#include <libvmm/vcpu.h>
#include <libvmm/virq.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
/* cmocka.h needs the headers before it. */
#include <setjmp.h>

#include <cmocka.h>

#include "libvmm_fake.h"
#include "libvmm_rig.h"
#include "vmm_fake.h"

#define FIRST VMM_FAKE_ID(0)
#define SECOND VMM_FAKE_ID(1)
#define NOBODY VMM_FAKE_ID(2)

#define DISTRIBUTOR 0x08000000UL
#define DEVICE 0x0a000000UL
#define NOTHING 0x0b000000UL

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
    assert_true(libvmm_rig_said("kernel and device tree overlap"));
    assert_int_equal(set_up(base, sizeof(kernel), base - 8, 0, 0), 0);
    assert_int_equal(set_up(base, sizeof(kernel), UINTPTR_MAX - 8, 0, 0), 0);
    assert_true(libvmm_rig_said("device tree is placed outside"));
    assert_int_equal(set_up(base, sizeof(kernel), dtb, dtb + sizeof(tree) - 1, 8), 0);
    assert_true(libvmm_rig_said("device tree and initial RAM disk overlap"));
    assert_int_equal(set_up(base, sizeof(kernel), dtb, UINTPTR_MAX, 8), 0);
    tree.totalsize = 0x29000000;
    assert_int_equal(set_up(base, sizeof(kernel), dtb, 0, 0), 0);
    assert_true(libvmm_rig_said("no device tree"));
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
    assert_int_equal(libvmm_rig_notices(1), 1u << 5);
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
    libvmm_rig_regs()->pc = 0x1000;
    libvmm_rig_regs()->x3 = ~0UL;
    assert_true(libvmm_rig_access(DISTRIBUTOR + 4, ESR_LOAD(2, 3), 0));
    uint64_t typer = libvmm_rig_regs()->x3;
    assert_int_equal(typer & 0xff, 1 << 5 | (BH_VIRQ_COUNT / 32 - 1));
    assert_int_equal(libvmm_rig_regs()->pc, 0x1004);
    /* An AArch32 program's short instruction. */
    assert_true(libvmm_rig_access(DISTRIBUTOR + 4, ESR_LOAD(2, 31) & ~ESR_IL, 0));
    assert_int_equal(libvmm_rig_regs()->pc, 0x1006);
    /* A store: only the message has its value in time. */
    assert_true(libvmm_rig_access(DISTRIBUTOR + 0x104, ESR_STORE(2, 3), 0x10));
    assert_int_equal(libvmm_rig_regs()->pc, 0x100a);
    assert_int_equal(libvmm_rig_regs()->x3, typer);
    assert_true(libvmm_rig_access(DISTRIBUTOR + 0x104, ESR_LOAD(2, 4), 0));
    assert_int_equal(libvmm_rig_regs()->x4, 0x10);

    memcpy(libvmm_fake.msg, words, sizeof(words));
    libvmm_fake.reads = 0;
    assert_true(fault_answer(FIRST, microkit_msginfo_new(seL4_Fault_VMFault, 5), &reply));
    assert_int_equal(reply.words[0], BH_MSGINFO(BH_VCPU_DONE, 1));
    assert_int_equal(libvmm_fake.msg[0], typer);
    assert_int_equal(libvmm_fake.reads, 0);
    assert_int_equal(libvmm_rig_regs()->pc, 0x100e);
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
        libvmm_rig_regs()->pc = 0x2000;
        libvmm_rig_regs()->spsr = from[i].spsr;
        assert_true(libvmm_rig_access(NOTHING, ESR_LOAD(2, 3), 0));
        assert_int_equal(libvmm_rig_said("nothing answers"), i == 0);
        assert_int_equal(libvmm_rig_regs()->pc, 0x80000 + from[i].vector);
        assert_int_equal(libvmm_rig_regs()->spsr, 0x3c5);
        assert_int_equal(system[seL4_VCPUReg_ELR_EL1], 0x2000);
        assert_int_equal(system[seL4_VCPUReg_SPSR_EL1], from[i].spsr);
        assert_int_equal(system[seL4_VCPUReg_ESR], from[i].class << 26 | ESR_IL | 0x410);
    }
    /* Partly beyond the end of a device. */
    assert_true(libvmm_rig_access(DISTRIBUTOR + 0xfffe, ESR_LOAD(2, 3), 0));
    assert_int_equal(system[seL4_VCPUReg_ESR] & 0x3f, 0x10);
    libvmm_fake.msg[1] = NOTHING;
    assert_true(fault_answer(FIRST, microkit_msginfo_new(seL4_Fault_VMFault, 5), &reply));
    assert_int_equal(reply.words[0], BH_MSGINFO(BH_VCPU_ABORT, 0));
    /* An instruction that nobody knows. */
    libvmm_rig_regs()->pc = 0x2000;
    libvmm_rig_regs()->spsr = 0x3c5;
    assert_true(libvmm_rig_call(FIRST, ESR_OTHER | ESR_IL, 0, 0, 0, 0));
    assert_int_equal(system[seL4_VCPUReg_ESR], ESR_IL);
    assert_int_equal(libvmm_rig_regs()->pc, 0x80200);
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
    libvmm_rig_regs()->pc = 0x3000;
    libvmm_rig_regs()->spsr = 0x3c5;
    assert_true(libvmm_rig_access(DEVICE + 0x24, ESR_LOAD(2, 4), 0));
    assert_true(libvmm_rig_regs()->x4 == 0x66 && libvmm_rig_regs()->pc == 0x3004 &&
                libvmm_fake.writes == 1);
    way = ADVANCES;
    assert_true(libvmm_rig_access(DEVICE + 0x24, ESR_LOAD(2, 4), 0));
    assert_true(libvmm_rig_regs()->x4 == 0x77 && libvmm_rig_regs()->pc == 0x3008 &&
                libvmm_fake.writes == 1);
    way = FAILS;
    assert_true(libvmm_rig_access(DEVICE + 0x24, ESR_LOAD(2, 4), 0));
    assert_int_equal(libvmm_fake.system[0][seL4_VCPUReg_ELR_EL1], 0x3008);
    /* Stopped by its handler, the vCPU is left alone. */
    way = STOPS;
    assert_true(libvmm_rig_access(DEVICE + 0x24, ESR_LOAD(2, 4), 0));
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
    assert_true(libvmm_rig_handle(SECOND, seL4_Fault_VGICMaintenance, end));
    assert_int_equal(ends, 1);
    const seL4_Word wrong[5] = { 256 };
    assert_false(libvmm_rig_handle(SECOND, seL4_Fault_VGICMaintenance, wrong));
    /* One that nobody registered, and one that was raised but not ended before the guest stops. */
    assert_true(libvmm_rig_handle(FIRST, seL4_Fault_VGICMaintenance, end));
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
    assert_int_equal(libvmm_rig_notices(0), 1u << 20);
    assert_int_equal(libvmm_fake.acknowledged[2], 0);
    assert_true(libvmm_rig_handle(FIRST, seL4_Fault_VGICMaintenance, end));
    assert_int_equal(libvmm_fake.acknowledged[2], 1);
}

static void test_power(void **state)
{
    (void)state;
    libvmm_rig_regs()->pc = 0x4000;
    assert_true(libvmm_rig_call(FIRST, ESR_HVC, PSCI_VERSION, 0, 0, 0));
    assert_int_equal(libvmm_rig_regs()->x0, 0x10001);
    assert_int_equal(libvmm_rig_regs()->pc, 0x4000);
    /* Only a reply can have a vCPU wait. */
    assert_true(libvmm_rig_call(FIRST, ESR_SMC, CPU_SUSPEND, 0, 0, 0));
    assert_int_equal(libvmm_rig_regs()->x0, 0);
    assert_int_equal(libvmm_rig_answered(ESR_SMC, CPU_SUSPEND), BH_VCPU_WAIT);
    assert_int_equal(libvmm_rig_answered(ESR_SMC, PSCI_VERSION), BH_VCPU_DONE);
    /* The kernel forgets, when a vCPU starts, which ends of private interrupts are to be told. */
    vmm_fake.own[BH_VIRQ_NOTICE][1] = 0;
    assert_true(libvmm_rig_call(FIRST, ESR_SMC, CPU_ON, 1, 0x5000, 9));
    assert_true(libvmm_rig_regs()->x0 == 0 && vmm_fake.running[1] && vmm_fake.pc[1] == 0x5000);
    assert_int_equal(libvmm_rig_notices(1), 1u << 5);
    assert_true(libvmm_rig_call(SECOND, ESR_SMC, CPU_OFF, 0, 0, 0));
    assert_true(!vmm_fake.running[1] && !vcpu_is_on(SECOND) && libvmm_fake.writes == 0);
    ram[0] = 0x55;
    assert_true(libvmm_rig_call(FIRST, ESR_SMC, SYSTEM_RESET, 0, 0, 0));
    assert_true(vmm_fake.running[0] && ram[0] == kernel[0] && vmm_fake.x0[0] == 7);
    assert_true(libvmm_rig_reported(1, BH_REPORT_GUEST_RESET, 1));
    assert_true(libvmm_rig_call(FIRST, ESR_SMC, SYSTEM_RESET2, 0, 0, 0));
    assert_true(vmm_fake.running[0] && libvmm_rig_reported(2, BH_REPORT_GUEST_CRASH, 1));
    ram[4096] = 0x55;
    vmm_fake.own[BH_VIRQ_NOTICE][0] = 0;
    assert_false(guest_restart(NOBODY, (uintptr_t)ram, RAM_BYTES));
    assert_true(guest_restart(FIRST, (uintptr_t)ram, RAM_BYTES));
    assert_true(vmm_fake.running[0] && ram[4096] == 0);
    assert_int_equal(libvmm_rig_notices(0), 1u << 20);
    assert_memory_equal(ram, kernel, sizeof(kernel));
    assert_true(libvmm_rig_call(FIRST, ESR_SMC, SYSTEM_OFF, 0, 0, 0));
    assert_true(!vmm_fake.running[0] && !vcpu_is_on(FIRST) && libvmm_rig_said("powered off"));
    assert_true(libvmm_rig_reported(3, BH_REPORT_GUEST_OFF, 0));
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
    assert_true(libvmm_rig_call(FIRST, ESR_SMC, SIP_KNOWN, 1, 2, 3));
    assert_int_equal(libvmm_rig_regs()->x0, NOT_SUPPORTED);
    assert_false(smc_register_sip_handler(NULL));
    assert_true(smc_register_sip_handler(sip));
    assert_false(smc_register_sip_handler(sip));
    libvmm_rig_regs()->pc = 0x6000;
    libvmm_rig_regs()->x7 = 70;
    assert_true(libvmm_rig_call(FIRST, ESR_SMC, SIP_KNOWN, 10, 20, 30));
    assert_true(libvmm_fake.smc.x0 == SIP_KNOWN && libvmm_fake.smc.x3 == 30);
    assert_true(libvmm_rig_regs()->x0 == SIP_KNOWN + 1 && libvmm_rig_regs()->x3 == 31 &&
                libvmm_rig_regs()->x7 == 71);
    assert_int_equal(libvmm_rig_regs()->pc, 0x6000);
    assert_true(libvmm_rig_call(FIRST, ESR_HVC, SIP_UNKNOWN, 0, 0, 0));
    assert_int_equal(libvmm_rig_regs()->x0, NOT_SUPPORTED);
    /* An immediate makes it somebody else's call. */
    assert_true(libvmm_rig_call(FIRST, ESR_HVC | 1, PSCI_VERSION, 0, 0, 0));
    assert_int_equal(libvmm_rig_regs()->x0, NOT_SUPPORTED);

    seL4_UserContext context = { .x0 = 100, .x1 = 1, .x7 = 7, .x8 = 8 };
    assert_true(smc_get_arg(&context, 1) == 1 && smc_get_arg(&context, 7) == 7);
    assert_true(smc_get_arg(&context, 0) == 0 && smc_get_arg(&context, 8) == 0);
    smc_set_return_value(&context, 5);
    assert_int_equal(context.x0, 5);
    /* Called by a program itself, each by itself. */
    libvmm_rig_regs()->x0 = PSCI_VERSION;
    libvmm_fake.reads = 0;
    assert_true(smc_handle(FIRST, ESR_SMC) && libvmm_rig_regs()->x0 == 0x10001);
    /* Before the call and, because it may have changed others, after it. */
    assert_int_equal(libvmm_fake.reads, 2);
    libvmm_rig_regs()->x0 = SIP_KNOWN;
    assert_true(handle_smc(FIRST, ESR_SMC) && libvmm_rig_regs()->x0 == SIP_KNOWN + 1);
    libvmm_rig_regs()->x0 = PSCI_VERSION;
    assert_true(handle_psci(FIRST, libvmm_rig_regs(), PSCI_VERSION, ESR_SMC) &&
                libvmm_rig_regs()->x0 == 0x10001);
    assert_false(smc_handle(NOBODY, ESR_SMC));
}

static void test_system_registers(void **state)
{
    /* op0 3, op1 0, CRn 12, CRm 11, op2 5 from x7; CRm 12 to x8; CRm 13. */
    const uint64_t sgi1r = ESR_SYSREG | 0x3au << 16 | 12u << 10 | 7u << 5 | 11u << 1;
    const uint64_t sre = ESR_SYSREG | 0x3au << 16 | 12u << 10 | 8u << 5 | 12u << 1 | 1;

    (void)state;
    libvmm_rig_regs()->pc = 0x7000;
    libvmm_rig_regs()->x7 = 3ul << 24 | 2;
    assert_true(libvmm_rig_call(FIRST, sgi1r, 0, 0, 0, 0));
    assert_int_equal(vmm_fake.own[BH_VIRQ_PENDING][1] & 1u << 3, 1u << 3);
    assert_int_equal(vmm_fake.own[BH_VIRQ_PENDING][0] & 1u << 3, 0);
    assert_int_equal(libvmm_rig_regs()->pc, 0x7004);
    assert_true(icc_sgi1r_el1_write(SECOND, NULL, 1ul << 40 | 4ul << 24));
    assert_int_equal(vmm_fake.own[BH_VIRQ_PENDING][1] & 1u << 4, 0);
    assert_int_equal(vmm_fake.own[BH_VIRQ_PENDING][0] & 1u << 4, 1u << 4);
    assert_true(icc_sgi1r_el1_write(FIRST, NULL, 1ul << 16 | 6ul << 24 | 3));
    assert_int_equal(vmm_fake.own[BH_VIRQ_PENDING][0] & 1u << 6, 0);
    assert_false(icc_sgi1r_el1_write(NOBODY, NULL, 0));
    assert_true(libvmm_rig_call(FIRST, sre, 0, 0, 0, 0));
    assert_true(libvmm_rig_regs()->x8 == 7 && libvmm_rig_regs()->pc == 0x7008);
    /* Another one is undefined. */
    libvmm_fake.system[0][seL4_VCPUReg_ELR_EL1] = 0;
    assert_true(libvmm_rig_call(FIRST, sre ^ 3u << 1, 0, 0, 0, 0));
    assert_int_equal(libvmm_fake.system[0][seL4_VCPUReg_ELR_EL1], 0x7008);
    assert_true(libvmm_rig_call(FIRST, ESR_WFX, 0, 0, 0, 0));
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
    assert_false(libvmm_rig_handle(NOBODY, seL4_Fault_VMFault, none));
    assert_false(libvmm_rig_handle(FIRST, seL4_Fault_VPPIEvent, none));
    assert_true(libvmm_rig_said("private interrupt") && libvmm_rig_said("pc ") &&
                libvmm_rig_said("vbar_el1"));
    assert_false(fault_handle_user_exception(FIRST) || fault_handle_unknown_syscall(FIRST));
    assert_false(fault_handle_vppi_event(FIRST));
    assert_string_equal(fault_to_string(99), "unknown fault");
    vcpu_reset(FIRST);
    assert_int_equal(libvmm_fake.system[0][seL4_VCPUReg_SCTLR], 0x30c50838);
    assert_int_equal(libvmm_fake.system[0][seL4_VCPUReg_VBAR], 0);
    vgic_init();
    assert_int_equal(libvmm_rig_notices(1), 1u << 5);
    assert_false(libvmm_rig_call(FIRST, ESR_SERROR, 0, 0, 0, 0));
    assert_true(libvmm_rig_said("asynchronous") && !vmm_fake.running[0]);
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
        cmocka_unit_test(test_images),       cmocka_unit_test(test_start),
        cmocka_unit_test(test_distributor),  cmocka_unit_test(test_aborts),
        cmocka_unit_test(test_handlers),     cmocka_unit_test(test_interrupts),
        cmocka_unit_test(test_passthrough),  cmocka_unit_test(test_power),
        cmocka_unit_test(test_calls),        cmocka_unit_test(test_system_registers),
        cmocka_unit_test(test_second_place), cmocka_unit_test(test_other_faults),
    };

    return cmocka_run_group_tests(tests, set_up_all, tear_down_all);
}
