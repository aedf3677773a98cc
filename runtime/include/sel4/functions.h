/* SPDX-License-Identifier: BSD-2-Clause */
/* seL4's functions that programs for Microkit call directly. */
#ifndef SEL4_FUNCTIONS_H
#define SEL4_FUNCTIONS_H

#include <sel4/context.h>
#include <sel4/errors.h>
#include <sel4/simple_types.h>

/**
 * @{ The numbers with which a parent names the threads of its children. Children and vCPUs share
 * one space of ids, so both mean child `number - base`.
 */
#define BASE_TCB_CAP 202
#define BASE_VM_TCB_CAP 266
/** The number for vCPUs themselves, which no function here takes: <microkit.h> has theirs. */
#define BASE_VCPU_CAP 330
/** @} */

/**
 * Reads registers of a child that is stopped or has faulted.
 *   service: BASE_TCB_CAP or BASE_VM_TCB_CAP plus the child's id
 *   suspend_source: stop the child first
 *   arch_flags: ignored
 *   count: number of words to read, 1 to 36, in the order of seL4_UserContext
 * Message words 0 to 3 keep their values, the others do not.
 * Errors: seL4_InvalidArgument (count), seL4_InvalidCapability (no such child),
 * seL4_IllegalOperation (the child runs).
 */
seL4_Error seL4_TCB_ReadRegisters(seL4_TCB service, seL4_Bool suspend_source, seL4_Uint8 arch_flags,
                                  seL4_Word count, seL4_UserContext *regs);

/**
 * Writes registers of a child that is stopped or has faulted.
 *   resume_target: let the child run afterwards
 * The other arguments, the message words and the errors are those of seL4_TCB_ReadRegisters().
 */
seL4_Error seL4_TCB_WriteRegisters(seL4_TCB service, seL4_Bool resume_target, seL4_Uint8 arch_flags,
                                   seL4_Word count, seL4_UserContext *regs);

/** Stops a child. Error: seL4_InvalidCapability. */
seL4_Error seL4_TCB_Suspend(seL4_TCB service);

/** Lets a stopped child go on. Errors: seL4_InvalidCapability, seL4_IllegalOperation. */
seL4_Error seL4_TCB_Resume(seL4_TCB service);

/** Prints a character on the kernel's console (debug configuration; else does nothing). */
void seL4_DebugPutChar(char c);

/** Prints a string on the kernel's console (debug configuration; else does nothing). */
void seL4_DebugPutString(char *str);

/** Gives the rest of the time slice to others of the same priority. */
void seL4_Yield(void);

#endif
