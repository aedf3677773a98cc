/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Faults of vCPUs. A VMM's fault() calls fault_handle(), or fault_answer(), which does the same in
 * fewer system calls:
 *
 *     seL4_Bool fault(microkit_child child, microkit_msginfo msginfo, microkit_msginfo *reply)
 *     {
 *         if (fault_handle(child, msginfo)) {
 *             *reply = microkit_msginfo_new(0, 0);
 *             return seL4_True;
 *         }
 *         return seL4_False;
 *     }
 *
 * `fsr` is ESR_EL2 as the kernel reports it, `regs` are the vCPU's registers, of which the library
 * writes back what a handler changes.
 */
#ifndef LIBVMM_FAULT_H
#define LIBVMM_FAULT_H

#include <microkit.h>

/**
 * Handles a fault of vCPU `vcpu_id` whose message is in the message registers; then its registers
 * and program counter are such that it can go on. An access that nobody answers gets an external
 * abort. False, after a sentence: the vCPU cannot go on, or it is not the guest's; it stays as it
 * is if the caller does not reply.
 */
bool fault_handle(size_t vcpu_id, microkit_msginfo msginfo);

/**
 * Bulkhead's own. The same, but the kernel finishes the instruction where it can: it reads and
 * writes no registers unless a handler wants them. `*reply_msginfo` and the message registers are
 * the reply that fault() is to return with seL4_True.
 */
bool fault_answer(size_t vcpu_id, microkit_msginfo msginfo, microkit_msginfo *reply_msginfo);

/** @{ fault_handle() for one kind of fault. */
bool fault_handle_vm_exception(size_t vcpu_id);
bool fault_handle_vcpu_exception(size_t vcpu_id);
/** Private physical interrupts: the kernel sends no such fault. */
bool fault_handle_vppi_event(size_t vcpu_id);
/** @{ A vCPU has no such faults: they print its registers and return false. */
bool fault_handle_user_exception(size_t vcpu_id);
bool fault_handle_unknown_syscall(size_t vcpu_id);
/** @} */
/** @} */

/**
 * Handles a guest's access at `offset` from the start of the range. For a load it puts the value
 * into the registers, with fault_emulate_write(); the library steps over the instruction, unless
 * the handler has done so itself with fault_advance() or fault_advance_vcpu().
 * False: the guest gets an external abort.
 */
typedef bool (*vm_exception_handler_t)(size_t vcpu_id, size_t offset, size_t fsr,
                                       seL4_UserContext *regs, void *data);

/**
 * Has `callback` handle the accesses that lie in the `size` bytes at guest-physical `base` and that
 * the description does not map. False, after a sentence: the range is empty, wraps, or overlaps
 * another's, or there are too many (30 besides the interrupt controller).
 */
bool fault_register_vm_exception_handler(uintptr_t base, size_t size,
                                         vm_exception_handler_t callback, void *data);

/** Width of the access: 1, 2, 4 or 8 bytes. */
int fault_get_width_bytes(uint64_t fsr);
bool fault_is_write(uint64_t fsr);
bool fault_is_read(uint64_t fsr);

/** General register 0 to 30; for 31, the zero register, a word that reads as zero. */
seL4_Word *decode_rt(size_t reg_idx, seL4_UserContext *regs);

/** Which bits of the aligned word at `addr` & ~3 an access at `addr` reaches. */
uint64_t fault_get_data_mask(uint64_t addr, uint64_t fsr);

/** What a store stores, cut to its width. */
uint64_t fault_get_data(seL4_UserContext *regs, uint64_t fsr);

/**
 * For a load from `addr`, in a device whose aligned word there is `reg_val`: the new value of the
 * instruction's register, extended as the instruction says; `reg`, its old one, does not matter.
 * For a store of `reg_val` into a device whose aligned word is `reg`: its new value.
 */
uint64_t fault_emulate(seL4_UserContext *regs, uint64_t reg, uint64_t addr, uint64_t fsr,
                       uint64_t reg_val);

/** Completes a load from `addr` whose aligned word is `reg_val`: sets the register in `regs`. */
void fault_emulate_write(seL4_UserContext *regs, size_t addr, size_t fsr, size_t reg_val);

/**
 * Steps over the instruction that faulted, and writes `regs` to the vCPU. Done once a fault: a
 * second call changes nothing. False, after a sentence: the vCPU is not stopped.
 */
bool fault_advance_vcpu(size_t vcpu_id, seL4_UserContext *regs);

/** Both: completes a load, and steps over it. */
bool fault_advance(size_t vcpu_id, seL4_UserContext *regs, uint64_t addr, uint64_t fsr,
                   uint64_t reg_val);

/** The name of a fault's label. */
char *fault_to_string(seL4_Word label);

#endif
