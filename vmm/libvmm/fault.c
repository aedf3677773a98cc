/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A fault is first looked at (fault_take()), which says what is to become of the vCPU. Then either
 * this library makes it so in the vCPU's registers (fault_finish()), after which an empty reply
 * lets it go on, or the kernel is told in the reply (fault_answer()).
 */
#include <bulkhead/libc.h>
#include <libvmm/arch/aarch64/cpuif.h>
#include <libvmm/arch/aarch64/fault.h>
#include <libvmm/arch/aarch64/smc.h>
#include <libvmm/arch/aarch64/vgic/vgic.h>
#include <libvmm/tcb.h>
#include <libvmm/util/util.h>
#include <libvmm/vcpu.h>

#include "fault_vcpu.h"
#include "machine.h"

/** Exception classes (Arm ARM, D19.2.37). */
#define FAULT_EC_SHIFT 26
#define FAULT_EC_WFX 0x01
#define FAULT_EC_HVC64 0x16
#define FAULT_EC_SMC64 0x17
#define FAULT_EC_SYSREG 0x18
#define FAULT_EC_SERROR 0x2f
#define FAULT_ESR_IMMEDIATE 0xffffu

/** Words of the message of a vCPU's memory fault and of its calls, <bulkhead/abi.h>. */
#define FAULT_STORED 4
#define FAULT_X0 1

/** Handlers of the VMM; the bus has as many places, less those of the interrupt controller. */
#define FAULT_MAX_RANGES (BUS_MAX_DEVICES - 2)

struct fault_range {
    vm_exception_handler_t handler;
    void *data;
};

static struct fault_range fault_ranges[FAULT_MAX_RANGES];
static uint32_t fault_ranges_count;

/** What is to become of the vCPU. */
enum fault_action {
    /** It goes on; its registers are as they are to be. */
    FAULT_RESUME,
    /** It was stopped or started anew: nothing is left to be done. */
    FAULT_OVER,
    /** The access or call is done, with a value. */
    FAULT_DONE,
    /** The same, and the vCPU waits for an interrupt. */
    FAULT_WAIT,
    FAULT_ABORT,
    FAULT_UNDEFINED,
    /** It cannot go on. */
    FAULT_STUCK,
};

struct fault_result {
    enum fault_action action;
    uint64_t value;
};

/** The access's handler, called by the bus. */
static enum access_result fault_range_access(void *cookie, struct access *access)
{
    const struct fault_range *range = cookie;
    seL4_UserContext *regs = fault_vcpu_read();

    if (regs == NULL ||
        !range->handler(fault_vcpu.id, access->offset, fault_vcpu.esr, regs, range->data)) {
        return ACCESS_ABORT;
    }
    fault_vcpu.handled = true;
    return ACCESS_DONE;
}

bool fault_register_vm_exception_handler(uintptr_t base, size_t size,
                                         vm_exception_handler_t callback, void *data)
{
    if (fault_ranges_count == FAULT_MAX_RANGES) {
        LOG_VMM_ERR("%s: there are %d handlers already\n", __func__, FAULT_MAX_RANGES);
        return false;
    }
    struct fault_range *range = &fault_ranges[fault_ranges_count];
    *range = (struct fault_range){ callback, data };
    if (callback == NULL || !bus_add(&machine.bus, base, size, fault_range_access, range)) {
        LOG_VMM_ERR("%s: 0x%lx, 0x%lx bytes: empty, or another handler is there\n", __func__, base,
                    size);
        return false;
    }
    fault_ranges_count++;
    return true;
}

static struct fault_result fault_memory(uint32_t index)
{
    uint64_t address = seL4_GetMR(seL4_VMFault_Addr);
    struct access access = {
        .vcpu = index,
        .bytes = (uint32_t)fault_get_width_bytes(fault_vcpu.esr),
        .store = fault_is_write(fault_vcpu.esr),
        .value = seL4_GetMR(FAULT_STORED),
    };
    enum access_result result = bus_access(&machine.bus, address, &access);

    if (!fault_vcpu.active) {
        return (struct fault_result){ .action = FAULT_OVER };
    }
    if (result == ACCESS_DONE && fault_vcpu.handled) {
        bool advanced = fault_advance_vcpu(fault_vcpu.id, &fault_vcpu.regs);

        return (struct fault_result){ .action = advanced ? FAULT_RESUME : FAULT_STUCK };
    }
    if (result == ACCESS_DONE) {
        return (struct fault_result){ .action = FAULT_DONE, .value = access.value };
    }
    if (machine.aborts == 0) {
        LOG_VMM_ERR("vCPU %zu: nothing answers its %s 0x%lx; it gets an abort (said once)\n",
                    fault_vcpu.id, access.store ? "store to" : "load from", address);
    }
    machine.aborts++;
    return (struct fault_result){ .action = FAULT_ABORT };
}

/** HVC and SMC. The kernel reports both with the program counter behind them. */
static struct fault_result fault_call(uint32_t index)
{
    uint64_t x[4];
    uint64_t x0;

    for (int i = 0; i < 4; i++) {
        x[i] = seL4_GetMR(FAULT_X0 + i);
    }
    if (smc_is_sip(x[0])) {
        seL4_UserContext *regs = fault_vcpu_read();
        bool known = regs != NULL && smc_sip_call(fault_vcpu.id, regs, (uint32_t)x[0]);

        if (!fault_vcpu.active) {
            return (struct fault_result){ .action = FAULT_OVER };
        }
        if (!known) {
            return (struct fault_result){ .action = FAULT_DONE, .value = SMCCC_NOT_SUPPORTED };
        }
        bool advanced = fault_advance_vcpu(fault_vcpu.id, regs);
        return (struct fault_result){ .action = advanced ? FAULT_RESUME : FAULT_STUCK };
    }
    bool waits;
    if (!machine_call(index, (uint32_t)fault_vcpu.esr & FAULT_ESR_IMMEDIATE, x, &x0, &waits)) {
        return (struct fault_result){ .action = FAULT_OVER };
    }
    return (struct fault_result){ .action = waits ? FAULT_WAIT : FAULT_DONE, .value = x0 };
}

static struct fault_result fault_instruction(uint32_t index)
{
    seL4_UserContext *regs;

    switch (fault_vcpu.esr >> FAULT_EC_SHIFT) {
    case FAULT_EC_HVC64:
    case FAULT_EC_SMC64:
        return fault_call(index);
    case FAULT_EC_WFX:
        regs = fault_vcpu_read();
        if (regs == NULL || !fault_advance_vcpu(fault_vcpu.id, regs)) {
            return (struct fault_result){ .action = FAULT_STUCK };
        }
        return (struct fault_result){ .action = FAULT_RESUME };
    case FAULT_EC_SYSREG:
        regs = fault_vcpu_read();
        return (struct fault_result){
            .action = regs != NULL && handle_sysreg_64_fault(fault_vcpu.id, fault_vcpu.esr, regs)
                          ? FAULT_RESUME
                          : FAULT_UNDEFINED
        };
    case FAULT_EC_SERROR:
        LOG_VMM_ERR("vCPU %zu: an asynchronous abort, 0x%lx; the guest is stopped\n", fault_vcpu.id,
                    fault_vcpu.esr);
        machine_crash();
        return (struct fault_result){ .action = FAULT_STUCK };
    default:
        return (struct fault_result){ .action = FAULT_UNDEFINED };
    }
}

/** What becomes of a vCPU whose fault has that label. */
static struct fault_result fault_take(size_t vcpu_id, seL4_Word label)
{
    bool memory = label == seL4_Fault_VMFault;
    uint32_t index;

    if (!machine_find("fault_handle", vcpu_id, &index)) {
        return (struct fault_result){ .action = FAULT_STUCK };
    }
    if (label == seL4_Fault_VGICMaintenance) {
        bool known = vgic_handle_fault_maintenance(vcpu_id);

        return (struct fault_result){ .action = known ? FAULT_RESUME : FAULT_STUCK };
    }
    if (!memory && label != seL4_Fault_VCPUFault) {
        LOG_VMM_ERR("vCPU %zu: a fault that none can have: %s\n", vcpu_id, fault_to_string(label));
        tcb_print_regs(vcpu_id);
        vcpu_print_regs(vcpu_id);
        return (struct fault_result){ .action = FAULT_STUCK };
    }
    fault_vcpu_begin(vcpu_id, seL4_GetMR(memory ? seL4_VMFault_FSR : seL4_VCPUFault_HSR));
    return memory ? fault_memory(index) : fault_instruction(index);
}

/** Makes it so in the vCPU's registers. Returns whether it can go on. */
static bool fault_finish(struct fault_result result)
{
    seL4_UserContext *regs;
    bool good = result.action == FAULT_RESUME || result.action == FAULT_OVER;

    switch (result.action) {
    case FAULT_DONE:
    case FAULT_WAIT:
        /* An empty reply cannot make it wait: it wakes at once, which PSCI allows. */
        regs = fault_vcpu_read();
        if (regs == NULL) {
            break;
        }
        if (fault_vcpu_is_call()) {
            regs->x0 = result.value;
        } else if (fault_is_read(fault_vcpu.esr)) {
            fault_emulate_write(regs, 0, fault_vcpu.esr, result.value);
        }
        good = fault_advance_vcpu(fault_vcpu.id, regs);
        break;
    case FAULT_ABORT:
        good = fault_vcpu_abort();
        break;
    case FAULT_UNDEFINED:
        good = fault_vcpu_undefined();
        break;
    default:
        break;
    }
    fault_forget();
    return good;
}

bool fault_handle(size_t vcpu_id, microkit_msginfo msginfo)
{
    return fault_finish(fault_take(vcpu_id, microkit_msginfo_get_label(msginfo)));
}

bool fault_answer(size_t vcpu_id, microkit_msginfo msginfo, microkit_msginfo *reply_msginfo)
{
    struct fault_result result = fault_take(vcpu_id, microkit_msginfo_get_label(msginfo));
    enum bh_vcpu_reply reply = BH_VCPU_RESUME;

    switch (result.action) {
    case FAULT_DONE:
        reply = BH_VCPU_DONE;
        break;
    case FAULT_WAIT:
        reply = BH_VCPU_WAIT;
        break;
    case FAULT_ABORT:
        reply = BH_VCPU_ABORT;
        break;
    case FAULT_UNDEFINED:
        reply = BH_VCPU_UNDEFINED;
        break;
    default:
        break;
    }
    microkit_mr_set(0, result.value);
    *reply_msginfo = microkit_msginfo_new((seL4_Word)reply,
                                          reply == BH_VCPU_DONE || reply == BH_VCPU_WAIT ? 1 : 0);
    fault_forget();
    return result.action != FAULT_STUCK;
}

bool fault_handle_vm_exception(size_t vcpu_id)
{
    return fault_finish(fault_take(vcpu_id, seL4_Fault_VMFault));
}

bool fault_handle_vcpu_exception(size_t vcpu_id)
{
    return fault_finish(fault_take(vcpu_id, seL4_Fault_VCPUFault));
}

bool fault_handle_vppi_event(size_t vcpu_id)
{
    return fault_finish(fault_take(vcpu_id, seL4_Fault_VPPIEvent));
}

bool fault_handle_user_exception(size_t vcpu_id)
{
    return fault_finish(fault_take(vcpu_id, seL4_Fault_UserException));
}

bool fault_handle_unknown_syscall(size_t vcpu_id)
{
    return fault_finish(fault_take(vcpu_id, seL4_Fault_UnknownSyscall));
}

char *fault_to_string(seL4_Word label)
{
    switch (label) {
    case seL4_Fault_UnknownSyscall:
        return "unknown system call";
    case seL4_Fault_UserException:
        return "user exception";
    case seL4_Fault_VMFault:
        return "virtual memory";
    case seL4_Fault_VGICMaintenance:
        return "virtual interrupt's end";
    case seL4_Fault_VCPUFault:
        return "virtual CPU";
    case seL4_Fault_VPPIEvent:
        return "private interrupt";
    default:
        return "unknown fault";
    }
}
