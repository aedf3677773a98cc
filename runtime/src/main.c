/* SPDX-License-Identifier: BSD-2-Clause */
/* The life of a PD: constructors, init(), then one event after the other. */
#include <microkit.h>

#include "runtime.h"

/*
 * What the tool patches in the ELF file. The section keeps them in the file's data, and together;
 * `used` keeps them in programs that do not refer to them.
 */
#define PATCHED __attribute__((section(".data.microkit"), used))

PATCHED struct bh_msg_buffer *__sel4_ipc_buffer;
PATCHED char microkit_name[MICROKIT_PD_NAME_LENGTH];
PATCHED bool microkit_passive;
PATCHED seL4_Word microkit_irqs;
PATCHED seL4_Word microkit_notifications;
PATCHED seL4_Word microkit_pps;

uint64_t microkit_deferred;

typedef void (*constructor)(void);

/* From the linker script. */
extern const constructor __init_array_start[];
extern const constructor __init_array_end[];

__attribute__((weak)) microkit_msginfo protected(microkit_channel ch, microkit_msginfo msginfo)
{
    (void)msginfo;
    microkit_dbg_puts(microkit_name);
    microkit_dbg_puts(": called on channel ");
    microkit_dbg_put32(ch);
    microkit_dbg_puts(", but it has no protected()\n");
    return microkit_msginfo_new(0, 0);
}

__attribute__((weak)) seL4_Bool fault(microkit_child child, microkit_msginfo msginfo,
                                      microkit_msginfo *reply_msginfo)
{
    (void)msginfo;
    (void)reply_msginfo;
    microkit_dbg_puts(microkit_name);
    microkit_dbg_puts(": child ");
    microkit_dbg_put32(child);
    microkit_dbg_puts(" faulted, but there is no fault()\n");
    return seL4_False;
}

/** An interrupt that came before init() had its device ready would be of no use to anybody. */
static void main_ack_irqs(void)
{
    for (microkit_channel ch = 0; ch < MICROKIT_MAX_CHANNELS; ch++) {
        if (microkit_has(microkit_irqs, ch)) {
            microkit_irq_ack(ch);
        }
    }
}

static void main_notified(uint64_t word)
{
    while (word != 0) {
        notified((microkit_channel)__builtin_ctzl(word));
        word &= word - 1;
    }
}

__attribute__((noreturn)) static void main_loop(void)
{
    bool reply = false;
    microkit_msginfo answer = microkit_msginfo_new(0, 0);

    for (;;) {
        uint64_t deferred = microkit_deferred;
        microkit_deferred = BH_DEFERRED_NONE;
        struct bh_event event =
            reply ? bh_reply_recv(answer.words[0], deferred) : bh_recv(deferred);
        microkit_msginfo msginfo = { { event.msginfo } };
        unsigned int id = (unsigned int)(event.badge & BH_BADGE_ID);

        if ((event.badge & BH_BADGE_CALL) != 0) {
            answer = protected(id, msginfo);
            reply = true;
        } else if ((event.badge & BH_BADGE_FAULT) != 0) {
            answer = microkit_msginfo_new(0, 0);
            reply = fault(id, msginfo, &answer) != seL4_False;
        } else {
            main_notified(event.badge);
            reply = false;
        }
    }
}

void microkit_main(void)
{
    for (const constructor *c = __init_array_start; c != __init_array_end; c++) {
        (*c)();
    }
    init();
    main_ack_irqs();
    main_loop();
}
