/* SPDX-License-Identifier: BSD-2-Clause */
/* Uses each corner of microkit.h once, and says what came of it. */
#include <bulkhead/libc.h>
#include <microkit.h>

/* Set in the ELF file by the tool. */
uint64_t first_ch = MICROKIT_MAX_CHANNELS;
uint64_t second_ch = MICROKIT_MAX_CHANNELS;
uint64_t third_ch = MICROKIT_MAX_CHANNELS;
uint64_t failing_ch = MICROKIT_MAX_CHANNELS;

static void say(const char *what, bool right)
{
    printf("caller: %s: %s\n", what, right ? "right" : "WRONG");
}

/** A message of every length; the server answers with each word inverted. */
static void long_messages(void)
{
    bool right = true;

    for (seL4_Uint16 count = 0; count <= seL4_MsgMaxLength; count++) {
        for (seL4_Uint16 i = 0; i < count; i++) {
            microkit_mr_set((seL4_Uint8)i, 1000u * count + i);
        }
        microkit_msginfo answer =
            microkit_ppcall((microkit_channel)first_ch, microkit_msginfo_new(count + 7u, count));
        right = right && microkit_msginfo_get_label(answer) == (seL4_Word)count + 8 &&
                microkit_msginfo_get_count(answer) == count;
        for (seL4_Uint16 i = 0; i < count; i++) {
            right = right && microkit_mr_get((seL4_Uint8)i) == ~(1000UL * count + i);
        }
    }
    say("messages of 0 to 64 words", right);
}

void init(void)
{
    long_messages();

    microkit_msginfo answer =
        microkit_ppcall((microkit_channel)failing_ch, microkit_msginfo_new(0, 0));
    say("call of a PD that dies", microkit_msginfo_get_label(answer) == BH_LABEL_FAILED &&
                                      microkit_msginfo_get_count(answer) == 0);
    answer = microkit_ppcall((microkit_channel)failing_ch, microkit_msginfo_new(0, 0));
    say("call of a dead PD", microkit_msginfo_get_label(answer) == BH_LABEL_FAILED);

    answer = microkit_ppcall(50, microkit_msginfo_new(0, 0));
    say("call without the right", microkit_msginfo_get_label(answer) == BH_LABEL_FAILED);
    microkit_notify(51);
    microkit_irq_ack(52);
    microkit_deferred_notify(53);
    microkit_deferred_irq_ack(200);

    /* All three arrive, though one can wait for the next receive. */
    microkit_deferred_notify((microkit_channel)first_ch);
    microkit_deferred_notify((microkit_channel)second_ch);
    microkit_deferred_notify((microkit_channel)third_ch);
    say("a deferred operation waits", microkit_deferred == BH_DEFERRED_NOTIFY(third_ch));
}

void notified(microkit_channel ch)
{
    say("answer to the last deferred notification", ch == third_ch);
}
