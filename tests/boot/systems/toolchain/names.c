/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Names everything that <microkit.h> and <sel4/...> promise to programs written for the Microkit,
 * its functions by their types. It is compiled and linked; nothing is run.
 */
#include <kernel/gen_config.h>
#include <microkit.h>
#include <sel4/sel4.h>
#include <sel4/types.h>

struct functions {
    void (*notify)(microkit_channel);
    void (*irq_ack)(microkit_channel);
    void (*deferred_notify)(microkit_channel);
    void (*deferred_irq_ack)(microkit_channel);
    microkit_msginfo (*ppcall)(microkit_channel, microkit_msginfo);
    microkit_msginfo (*msginfo_new)(seL4_Word, seL4_Uint16);
    seL4_Word (*msginfo_get_label)(microkit_msginfo);
    seL4_Word (*msginfo_get_count)(microkit_msginfo);
    void (*mr_set)(seL4_Uint8, seL4_Word);
    seL4_Word (*mr_get)(seL4_Uint8);
    void (*pd_restart)(microkit_child, seL4_Word);
    void (*pd_stop)(microkit_child);
    void (*pd_resume)(microkit_child);
    void (*vcpu_restart)(microkit_child, seL4_Word);
    void (*vcpu_stop)(microkit_child);
    void (*inject_irq)(microkit_child, seL4_Uint16, seL4_Uint8, seL4_Uint8, seL4_Uint8);
    void (*ack_vppi)(microkit_child, seL4_Word);
    seL4_Word (*read_reg)(microkit_child, seL4_Word);
    void (*write_reg)(microkit_child, seL4_Word, seL4_Word);
    void (*smc_call)(seL4_ARM_SMCContext *, seL4_ARM_SMCContext *);
    seL4_CPtr (*slot_to_cptr)(seL4_Word);
    void (*dbg_putc)(int);
    void (*dbg_puts)(const char *);
    void (*dbg_put8)(seL4_Uint8);
    void (*dbg_put32)(seL4_Uint32);
    void (*crash)(seL4_Error);
    seL4_Error (*read_registers)(seL4_TCB, seL4_Bool, seL4_Uint8, seL4_Word, seL4_UserContext *);
    seL4_Error (*write_registers)(seL4_TCB, seL4_Bool, seL4_Uint8, seL4_Word, seL4_UserContext *);
    seL4_Word (*get_mr)(int);
    void (*set_mr)(int, seL4_Word);
    void (*debug_put_char)(char);
    void (*yield)(void);
};

/* Not constant, so that all of it is linked. */
struct functions functions = {
    .notify = microkit_notify,
    .irq_ack = microkit_irq_ack,
    .deferred_notify = microkit_deferred_notify,
    .deferred_irq_ack = microkit_deferred_irq_ack,
    .ppcall = microkit_ppcall,
    .msginfo_new = microkit_msginfo_new,
    .msginfo_get_label = microkit_msginfo_get_label,
    .msginfo_get_count = microkit_msginfo_get_count,
    .mr_set = microkit_mr_set,
    .mr_get = microkit_mr_get,
    .pd_restart = microkit_pd_restart,
    .pd_stop = microkit_pd_stop,
    .pd_resume = microkit_pd_resume,
    .vcpu_restart = microkit_vcpu_restart,
    .vcpu_stop = microkit_vcpu_stop,
    .inject_irq = microkit_vcpu_arm_inject_irq,
    .ack_vppi = microkit_vcpu_arm_ack_vppi,
    .read_reg = microkit_vcpu_arm_read_reg,
    .write_reg = microkit_vcpu_arm_write_reg,
    .smc_call = microkit_arm_smc_call,
    .slot_to_cptr = microkit_cspace_root_slot_to_cptr,
    .dbg_putc = microkit_dbg_putc,
    .dbg_puts = microkit_dbg_puts,
    .dbg_put8 = microkit_dbg_put8,
    .dbg_put32 = microkit_dbg_put32,
    .crash = microkit_internal_crash,
    .read_registers = seL4_TCB_ReadRegisters,
    .write_registers = seL4_TCB_WriteRegisters,
    .get_mr = seL4_GetMR,
    .set_mr = seL4_SetMR,
    .debug_put_char = seL4_DebugPutChar,
    .yield = seL4_Yield,
};

void *globals[] = { microkit_name, &microkit_passive, &microkit_irqs, &microkit_notifications,
                    &microkit_pps };

seL4_Word constants[] = {
    MICROKIT_MAX_CHANNELS,
    BASE_TCB_CAP,
    BASE_VM_TCB_CAP,
    BASE_VCPU_CAP,
    seL4_True,
    seL4_False,
    seL4_Fault_VMFault,
    seL4_Fault_VCPUFault,
    seL4_Fault_VPPIEvent,
    seL4_Fault_VGICMaintenance,
    seL4_Fault_UserException,
    seL4_Fault_UnknownSyscall,
    seL4_VMFault_IP,
    seL4_VMFault_Addr,
    seL4_VMFault_PrefetchFault,
    seL4_VMFault_FSR,
    seL4_VCPUFault_HSR,
    seL4_VPPIEvent_IRQ,
    seL4_VGICMaintenance_IDX,
    seL4_UserException_FaultIP,
    seL4_UserException_Number,
    seL4_UnknownSyscall_Syscall,
    seL4_UnknownSyscall_FaultIP,
};

seL4_VCPUReg registers[] = {
    seL4_VCPUReg_SCTLR,     seL4_VCPUReg_TTBR0,   seL4_VCPUReg_TTBR1,       seL4_VCPUReg_TCR,
    seL4_VCPUReg_MAIR,      seL4_VCPUReg_AMAIR,   seL4_VCPUReg_CIDR,        seL4_VCPUReg_ACTLR,
    seL4_VCPUReg_CPACR,     seL4_VCPUReg_AFSR0,   seL4_VCPUReg_AFSR1,       seL4_VCPUReg_ESR,
    seL4_VCPUReg_FAR,       seL4_VCPUReg_PAR,     seL4_VCPUReg_VBAR,        seL4_VCPUReg_TPIDR_EL1,
    seL4_VCPUReg_SP_EL1,    seL4_VCPUReg_ELR_EL1, seL4_VCPUReg_SPSR_EL1,    seL4_VCPUReg_CNTV_CTL,
    seL4_VCPUReg_CNTV_CVAL, seL4_VCPUReg_CNTVOFF, seL4_VCPUReg_CNTKCTL_EL1, seL4_VCPUReg_VMPIDR_EL2,
};

/* The configuration that programs ask for. */
#if !defined(CONFIG_ARCH_AARCH64) || !defined(CONFIG_ARCH_ARM) ||                  \
    !defined(CONFIG_ARM_HYPERVISOR_SUPPORT) || !defined(CONFIG_ALLOW_SMC_CALLS) || \
    !defined(CONFIG_ENABLE_SMP_SUPPORT) || !defined(CONFIG_PLAT_QEMU_ARM_VIRT) ||  \
    !defined(CONFIG_DEBUG_BUILD) || !defined(CONFIG_PRINTING) ||                   \
    !defined(CONFIG_EXPORT_PTMR_USER) || !defined(CONFIG_AARCH64_USER_CACHE_ENABLE)
#error "a configuration macro is missing"
#endif
_Static_assert(CONFIG_MAX_NUM_NODES == BH_MAX_CPUS, "CPUs");
_Static_assert(1 << CONFIG_L1_CACHE_LINE_SIZE_BITS == 64, "cache lines");
_Static_assert(sizeof(seL4_UserContext) == 36 * sizeof(seL4_Word), "registers");

void init(void)
{
}

void notified(microkit_channel ch)
{
    seL4_MessageInfo_t info = seL4_MessageInfo_new(1, 0, 0, 2);

    seL4_SetMR(0, seL4_MessageInfo_get_label(info) + ch);
}
