/* SPDX-License-Identifier: BSD-2-Clause */
#include <libvmm/arch/aarch64/fault.h>
#include <libvmm/arch/aarch64/psci.h>
#include <libvmm/arch/aarch64/smc.h>
#include <libvmm/util/util.h>

#include "fault_vcpu.h"
#include "machine.h"

/** Owner of a function (DEN 0028, table 6-2): silicon provider. */
#define SMC_OWNER(function) ((function) >> 24 & 0x3f)
#define SMC_OWNER_SIP 2
/** The syndrome of an HVC or SMC has its immediate in the low bits. */
#define SMC_IMMEDIATE 0xffffu

static smc_sip_handler_t smc_sip_handler;

bool smc_is_sip(uint64_t function)
{
    return SMC_OWNER(function) == SMC_OWNER_SIP;
}

bool smc_register_sip_handler(smc_sip_handler_t handler)
{
    if (handler == NULL || smc_sip_handler != NULL) {
        LOG_VMM_ERR("%s: there is a handler, or this is none\n", __func__);
        return false;
    }
    smc_sip_handler = handler;
    return true;
}

bool smc_sip_call(size_t vcpu_id, seL4_UserContext *regs, size_t fn_number)
{
    return smc_sip_handler != NULL && smc_sip_handler(vcpu_id, regs, fn_number);
}

bool smc_sip_forward(size_t vcpu_id, seL4_UserContext *regs, size_t fn_number)
{
    seL4_ARM_SMCContext call = {
        .x0 = fn_number,
        .x1 = regs->x1,
        .x2 = regs->x2,
        .x3 = regs->x3,
        .x4 = regs->x4,
        .x5 = regs->x5,
        .x6 = regs->x6,
        .x7 = regs->x7,
    };
    seL4_ARM_SMCContext result;

    (void)vcpu_id;
    microkit_arm_smc_call(&call, &result);
    regs->x0 = result.x0;
    regs->x1 = result.x1;
    regs->x2 = result.x2;
    regs->x3 = result.x3;
    regs->x4 = result.x4;
    regs->x5 = result.x5;
    regs->x6 = result.x6;
    regs->x7 = result.x7;
    return true;
}

void smc_set_return_value(seL4_UserContext *regs, uint64_t val)
{
    regs->x0 = val;
}

uint64_t smc_get_arg(seL4_UserContext *regs, uint64_t arg)
{
    return arg >= 1 && arg <= 7 ? *decode_rt(arg, regs) : 0;
}

/** The call of the vCPU whose fault is being handled. */
static bool smc_answer(size_t vcpu_id, uint64_t hsr)
{
    seL4_UserContext *regs = fault_vcpu_read();

    if (regs == NULL) {
        return false;
    }
    if (!smc_is_sip(regs->x0)) {
        return handle_psci(vcpu_id, regs, (uint32_t)regs->x0, hsr);
    }
    if (!smc_sip_call(vcpu_id, regs, (uint32_t)regs->x0)) {
        smc_set_return_value(regs, SMCCC_NOT_SUPPORTED);
    }
    return !fault_vcpu.active || fault_advance_vcpu(vcpu_id, regs);
}

bool smc_handle(size_t vcpu_id, uint64_t hsr)
{
    bool own = fault_vcpu_join(vcpu_id, hsr);
    bool good = smc_answer(vcpu_id, hsr);

    if (own) {
        fault_forget();
    }
    return good;
}

bool handle_smc(size_t vcpu_id, uint64_t hsr)
{
    return smc_handle(vcpu_id, hsr);
}

static bool smc_answer_psci(size_t vcpu_id, const seL4_UserContext *regs, uint64_t hsr)
{
    const uint64_t x[4] = { regs->x0, regs->x1, regs->x2, regs->x3 };
    seL4_UserContext *now;
    uint32_t index;
    uint64_t x0;
    bool waits;

    if (!machine_find("handle_psci", vcpu_id, &index)) {
        return false;
    }
    if (!machine_call(index, (uint32_t)hsr & SMC_IMMEDIATE, x, &x0, &waits)) {
        return true;
    }
    /* The call may have changed other registers: they are read again. */
    fault_vcpu.read = false;
    now = fault_vcpu_read();
    if (now == NULL) {
        return false;
    }
    smc_set_return_value(now, x0);
    return fault_advance_vcpu(vcpu_id, now);
}

bool handle_psci(size_t vcpu_id, seL4_UserContext *regs, uint64_t fn_number, uint64_t hsr)
{
    bool own = fault_vcpu_join(vcpu_id, hsr);
    bool good = smc_answer_psci(vcpu_id, regs, hsr);

    (void)fn_number;
    if (own) {
        fault_forget();
    }
    return good;
}
