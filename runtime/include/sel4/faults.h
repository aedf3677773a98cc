/* SPDX-License-Identifier: BSD-2-Clause */
/* Labels of fault messages and what their message words are, as in seL4's MCS configuration. */
#ifndef SEL4_FAULTS_H
#define SEL4_FAULTS_H

#include <bulkhead/abi.h>

typedef enum {
    seL4_Fault_NullFault = 0,
    seL4_Fault_CapFault = 1,
    seL4_Fault_UnknownSyscall = BH_FAULT_SYSCALL,
    seL4_Fault_UserException = BH_FAULT_EXCEPTION,
    seL4_Fault_Timeout = 5,
    seL4_Fault_VMFault = BH_FAULT_MEMORY,
    seL4_Fault_VGICMaintenance = 7,
    seL4_Fault_VCPUFault = 8,
    seL4_Fault_VPPIEvent = 9,
} seL4_FaultType;

/** Words of seL4_Fault_VMFault. */
enum {
    seL4_VMFault_IP,
    seL4_VMFault_Addr,
    seL4_VMFault_PrefetchFault,
    seL4_VMFault_FSR,
    seL4_VMFault_Length,
};

/** Words of seL4_Fault_UnknownSyscall. */
enum {
    seL4_UnknownSyscall_X0,
    seL4_UnknownSyscall_X1,
    seL4_UnknownSyscall_X2,
    seL4_UnknownSyscall_X3,
    seL4_UnknownSyscall_X4,
    seL4_UnknownSyscall_X5,
    seL4_UnknownSyscall_X6,
    seL4_UnknownSyscall_X7,
    seL4_UnknownSyscall_FaultIP,
    seL4_UnknownSyscall_SP,
    seL4_UnknownSyscall_LR,
    seL4_UnknownSyscall_SPSR,
    seL4_UnknownSyscall_Syscall,
    seL4_UnknownSyscall_Length,
};

/** Words of seL4_Fault_UserException. `Number` holds ESR_EL2. */
enum {
    seL4_UserException_FaultIP,
    seL4_UserException_SP,
    seL4_UserException_SPSR,
    seL4_UserException_Number,
    seL4_UserException_Code,
    seL4_UserException_Length,
};

/** Word of seL4_Fault_VGICMaintenance. */
enum {
    seL4_VGICMaintenance_IDX,
    seL4_VGICMaintenance_Length,
};

/** Word of seL4_Fault_VCPUFault. */
enum {
    seL4_VCPUFault_HSR,
    seL4_VCPUFault_Length,
};

/** Word of seL4_Fault_VPPIEvent. */
enum {
    seL4_VPPIEvent_IRQ,
};

#endif
