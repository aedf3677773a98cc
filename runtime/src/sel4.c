/* SPDX-License-Identifier: BSD-2-Clause */
/* seL4's functions of <sel4/functions.h>. */
#include <bulkhead/libc.h>
#include <microkit.h>

#define SEL4_CONTEXT_WORDS (sizeof(seL4_UserContext) / sizeof(seL4_Word))

/** Child that a capability's number means, or BH_MAX_CHILDREN when it means none. */
static uint64_t sel4_child(seL4_TCB service)
{
    if (service >= BASE_VM_TCB_CAP && service < BASE_VM_TCB_CAP + BH_MAX_CHILDREN) {
        return service - BASE_VM_TCB_CAP;
    }
    if (service >= BASE_TCB_CAP && service < BASE_TCB_CAP + BH_MAX_CHILDREN) {
        return service - BASE_TCB_CAP;
    }
    return BH_MAX_CHILDREN;
}

static seL4_Error sel4_error(enum bh_error error)
{
    switch (error) {
    case BH_OK:
        return seL4_NoError;
    case BH_ERR_CHILD:
        return seL4_InvalidCapability;
    case BH_ERR_ARGUMENT:
        return seL4_InvalidArgument;
    default:
        return seL4_IllegalOperation;
    }
}

seL4_Error seL4_TCB_Suspend(seL4_TCB service)
{
    return sel4_error(bh_pd_stop(sel4_child(service)));
}

seL4_Error seL4_TCB_Resume(seL4_TCB service)
{
    return sel4_error(bh_pd_resume(sel4_child(service)));
}

seL4_Error seL4_TCB_ReadRegisters(seL4_TCB service, seL4_Bool suspend_source, seL4_Uint8 arch_flags,
                                  seL4_Word count, seL4_UserContext *regs)
{
    uint64_t child = sel4_child(service);
    uint64_t kept[BH_MSG_REGS];
    enum bh_error error = BH_OK;

    (void)arch_flags;
    if (count == 0 || count > SEL4_CONTEXT_WORDS) {
        return seL4_InvalidArgument;
    }
    if (suspend_source) {
        error = bh_pd_stop(child);
    }
    if (error == BH_OK) {
        memcpy(kept, __sel4_ipc_buffer->msg, sizeof(kept));
        error = bh_pd_read(child);
        if (error == BH_OK) {
            memcpy(regs, __sel4_ipc_buffer->msg, count * sizeof(seL4_Word));
        }
        memcpy(__sel4_ipc_buffer->msg, kept, sizeof(kept));
    }
    return sel4_error(error);
}

seL4_Error seL4_TCB_WriteRegisters(seL4_TCB service, seL4_Bool resume_target, seL4_Uint8 arch_flags,
                                   seL4_Word count, seL4_UserContext *regs)
{
    uint64_t child = sel4_child(service);
    uint64_t kept[BH_MSG_REGS];

    (void)arch_flags;
    if (count == 0 || count > SEL4_CONTEXT_WORDS) {
        return seL4_InvalidArgument;
    }
    memcpy(kept, __sel4_ipc_buffer->msg, sizeof(kept));
    memcpy(__sel4_ipc_buffer->msg, regs, count * sizeof(seL4_Word));
    enum bh_error error = bh_pd_write(child, count);
    memcpy(__sel4_ipc_buffer->msg, kept, sizeof(kept));
    if (error == BH_OK && resume_target) {
        error = bh_pd_resume(child);
    }
    return sel4_error(error);
}

void seL4_DebugPutChar(char c)
{
    microkit_dbg_putc(c);
}

void seL4_DebugPutString(char *str)
{
    microkit_dbg_puts(str);
}

void seL4_Yield(void)
{
    bh_yield();
}
