/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns the interrupt: notes how long it took from the store that raised it. */
#include <drivers/timer/arm_generic.h>
#include <microkit.h>

#include "bench.h"

/* Set in the ELF file by the tool. */
uint64_t rtc_vaddr = 1;
uint64_t share_vaddr = 1;

void init(void)
{
}

void notified(microkit_channel ch)
{
    uint64_t now = arm_generic_ticks();
    struct bench_irq *share = (struct bench_irq *)share_vaddr;

    *bench_rtc(rtc_vaddr, RTC_IMSC) = 0;
    share->ticks += now - share->raised;
    share->count++;
    microkit_deferred_irq_ack(ch);
}
