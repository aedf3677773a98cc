/* SPDX-License-Identifier: BSD-2-Clause */
/* The parts of channels that are not in the header: the rare ones. */
#include <microkit.h>

void microkit_bad_id(const char *function, unsigned int id)
{
    microkit_dbg_puts(microkit_name);
    microkit_dbg_puts(": ");
    microkit_dbg_puts(function);
    microkit_dbg_puts(": the description has no such id ");
    microkit_dbg_put32(id);
    microkit_dbg_puts("\n");
}

void microkit_flush_deferred(void)
{
    uint64_t deferred = microkit_deferred;
    uint64_t channel = deferred & BH_BADGE_ID;

    microkit_deferred = BH_DEFERRED_NONE;
    if (deferred == BH_DEFERRED_NOTIFY(channel)) {
        (void)bh_notify(channel);
    } else if (deferred == BH_DEFERRED_IRQ_ACK(channel)) {
        (void)bh_irq_ack(channel);
    }
}
