/* SPDX-License-Identifier: BSD-2-Clause */
/* Drives a vCPU by microkit.h's functions alone. The guest makes a hypercall, again and again. */
#include <bulkhead/libc.h>
#include <microkit.h>

#define VCPU 3u
#define GUEST_RAM 0x40000000UL
#define ENTRY_OFFSET 0x100u
#define HVC_0 0xd4000002u
#define BRANCH_BACK 0x17ffffffu
#define EC_HVC64 0x16u
#define EL1H_MASKED 0x3c5u
#define ARGUMENT 42u
#define INTID 40ul
#define GUEST_VBAR 0x40008000UL

/* Set in the ELF file by the tool. */
uint64_t ram_vaddr = 1;

static unsigned int hypercalls;

static void say(const char *what, bool right)
{
    printf("vmm: %s: %s\n", what, right ? "right" : "WRONG");
}

static bool virq_bit(enum bh_virq_field field)
{
    uint64_t bits = 0;

    return bh_virq_get(VCPU, field, INTID / 32 * 32, &bits) == BH_OK &&
           (bits >> (INTID % 32) & 1) != 0;
}

void init(void)
{
    volatile uint32_t *code = (volatile uint32_t *)(ram_vaddr + ENTRY_OFFSET);
    seL4_UserContext regs = { .pc = GUEST_RAM, .spsr = EL1H_MASKED, .x0 = ARGUMENT };

    code[0] = HVC_0;
    code[1] = BRANCH_BACK;
    __asm__ volatile("dc cvac, %0\n\tdsb sy" : : "r"(code) : "memory");
    say("registers are written",
        seL4_TCB_WriteRegisters(BASE_VM_TCB_CAP + VCPU, seL4_False, 0, 4, &regs) == seL4_NoError);
    microkit_vcpu_restart(VCPU, GUEST_RAM + ENTRY_OFFSET);
}

void notified(microkit_channel ch)
{
    (void)ch;
}

seL4_Bool fault(microkit_child child, microkit_msginfo msginfo, microkit_msginfo *reply_msginfo)
{
    seL4_UserContext regs;

    (void)reply_msginfo;
    say("the guest makes a hypercall",
        child == VCPU && microkit_msginfo_get_label(msginfo) == seL4_Fault_VCPUFault &&
            microkit_mr_get(seL4_VCPUFault_HSR) >> 26 == EC_HVC64);
    say("x0 is kept",
        seL4_TCB_ReadRegisters(BASE_VM_TCB_CAP + VCPU, seL4_False, 0, 4, &regs) == seL4_NoError &&
            regs.x0 == ARGUMENT);
    hypercalls++;
    if (hypercalls == 1) {
        microkit_vcpu_arm_write_reg(VCPU, seL4_VCPUReg_VBAR, GUEST_VBAR);
        say("a register is written and read",
            microkit_vcpu_arm_read_reg(VCPU, seL4_VCPUReg_VBAR) == GUEST_VBAR);
        say("no interrupt is pending", !virq_bit(BH_VIRQ_PENDING));
        microkit_vcpu_arm_inject_irq(VCPU, INTID, 0xa0, 1, 0);
        say("an interrupt is pending",
            virq_bit(BH_VIRQ_PENDING) && virq_bit(BH_VIRQ_ENABLED) && virq_bit(BH_VIRQ_GROUP));
        microkit_vcpu_arm_ack_vppi(VCPU, 27);
        microkit_vcpu_restart(VCPU, GUEST_RAM + ENTRY_OFFSET);
    } else {
        say("a restart resets registers",
            microkit_vcpu_arm_read_reg(VCPU, seL4_VCPUReg_VBAR) != GUEST_VBAR);
        microkit_vcpu_stop(VCPU);
        say("there are no slots", microkit_cspace_root_slot_to_cptr(1) == seL4_Null);
        printf("vmm: done\n");
    }
    return seL4_False;
}
