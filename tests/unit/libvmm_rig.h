/* SPDX-License-Identifier: BSD-2-Clause */
/* Faults of guests as a VMM that is written for libvmm gets them, and what it sees of its answers.
 */
#ifndef LIBVMM_RIG_H
#define LIBVMM_RIG_H

#include <bulkhead/report.h>
#include <microkit.h>

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

/** The registers of the first vCPU. */
seL4_UserContext *libvmm_rig_regs(void);

/** A fault of a vCPU, with these words. Returns what fault_handle() does. */
bool libvmm_rig_handle(size_t id, seL4_Word label, const seL4_Word words[5]);

/** An access of the first vCPU that stage 2 did not let through. */
bool libvmm_rig_access(uint64_t address, uint64_t esr, uint64_t stored);

/** A fault of a vCPU with these arguments in its registers. */
bool libvmm_rig_call(size_t id, uint64_t esr, uint64_t x0, uint64_t x1, uint64_t x2, uint64_t x3);

/** The label with which fault_answer() answers a call of the first vCPU without arguments. */
seL4_Word libvmm_rig_answered(uint64_t esr, uint64_t function);

/** Whether there were so many reports, and the last is that one, of the guest. */
bool libvmm_rig_reported(uint32_t count, enum bh_report_kind kind, uint64_t number);

/** Whether the log has it, since the last fault. */
bool libvmm_rig_said(const char *part);

/** The private interrupts whose ends are to be told, of a vCPU. */
uint32_t libvmm_rig_notices(uint32_t vcpu);

#endif
