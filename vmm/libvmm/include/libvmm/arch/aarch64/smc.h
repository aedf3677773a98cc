/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The guest's calls to firmware, by SMC and by HVC. The library answers those of PSCI and of the
 * Arm architecture; a handler can have those of the silicon provider (SiP). Others are answered
 * with NOT_SUPPORTED.
 */
#ifndef LIBVMM_SMC_H
#define LIBVMM_SMC_H

#include <sel4/sel4.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * Answers the call of a vCPU that faulted with it; `hsr` is its syndrome. False: the vCPU cannot
 * go on.
 */
bool smc_handle(size_t vcpu_id, uint64_t hsr);
/** The same under its older name. */
bool handle_smc(size_t vcpu_id, uint64_t hsr);

/**
 * Handles a SiP call: sets results in `regs`. False: NOT_SUPPORTED.
 */
typedef bool (*smc_sip_handler_t)(size_t vcpu_id, seL4_UserContext *regs, size_t fn_number);

/** Sets the handler. False, after a sentence: there is one. */
bool smc_register_sip_handler(smc_sip_handler_t handler);

/**
 * A handler that passes every SiP call to the machine's firmware, x0 to x7 both ways. The
 * description gives the VMM that right (smc="true"); without it firmware is not called, and x0 is
 * NOT_SUPPORTED.
 */
bool smc_sip_forward(size_t vcpu_id, seL4_UserContext *regs, size_t fn_number);

/** Sets the result, x0. */
void smc_set_return_value(seL4_UserContext *regs, uint64_t val);

/** Argument `arg`: x1 to x7 are 1 to 7; x0 is the function. Others are 0. */
uint64_t smc_get_arg(seL4_UserContext *regs, uint64_t arg);

#endif
