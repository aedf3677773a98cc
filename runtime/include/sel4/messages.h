/* SPDX-License-Identifier: BSD-2-Clause */
/* Message infos and message words. */
#ifndef SEL4_MESSAGES_H
#define SEL4_MESSAGES_H

#include <bulkhead/syscall.h>
#include <sel4/simple_types.h>

/** Most words of a message. */
#define seL4_MsgMaxLength BH_MSG_WORDS
/** Words of a message that travel in registers. */
#define seL4_FastMessageRegisters BH_MSG_REGS
#define seL4_MsgMaxExtraCaps 3

/** Bits 0 to 6 the number of words, 7 to 11 zero, 12 to 63 the label. */
struct seL4_MessageInfo {
    seL4_Word words[1];
};
typedef struct seL4_MessageInfo seL4_MessageInfo_t;

/**
 * A message info. `caps_unwrapped` and `extra_caps` are there for source compatibility: no
 * capabilities travel in messages, so they are left out of the result.
 */
static inline seL4_MessageInfo_t seL4_MessageInfo_new(seL4_Uint64 label, seL4_Uint64 caps_unwrapped,
                                                      seL4_Uint64 extra_caps, seL4_Uint64 length)
{
    (void)caps_unwrapped;
    (void)extra_caps;
    return (seL4_MessageInfo_t){ { BH_MSGINFO(label, length & 0x7f) } };
}

static inline seL4_Uint64 seL4_MessageInfo_get_label(seL4_MessageInfo_t info)
{
    return BH_MSGINFO_LABEL(info.words[0]);
}

static inline seL4_Uint64 seL4_MessageInfo_get_length(seL4_MessageInfo_t info)
{
    return BH_MSGINFO_COUNT(info.words[0]);
}

static inline seL4_MessageInfo_t seL4_MessageInfo_set_label(seL4_MessageInfo_t info,
                                                            seL4_Uint64 label)
{
    return seL4_MessageInfo_new(label, 0, 0, seL4_MessageInfo_get_length(info));
}

static inline seL4_MessageInfo_t seL4_MessageInfo_set_length(seL4_MessageInfo_t info,
                                                             seL4_Uint64 length)
{
    return seL4_MessageInfo_new(seL4_MessageInfo_get_label(info), 0, 0, length);
}

/** Message word `i`, 0 to 63. */
static inline seL4_Word seL4_GetMR(int i)
{
    return __sel4_ipc_buffer->msg[i];
}

/** Sets message word `i`, 0 to 63. */
static inline void seL4_SetMR(int i, seL4_Word value)
{
    __sel4_ipc_buffer->msg[i] = value;
}

#endif
