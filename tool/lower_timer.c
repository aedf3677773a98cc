/* SPDX-License-Identifier: BSD-2-Clause */
/* The timer's driver, which all programs of the SDK share that wait for a time. */
#include <bulkhead/abi.h>

#include "alloc.h"
#include "lower_internal.h"

#define TIMER_ID_IRQ 0
#define TIMER_ID_CLIENTS 1
/** INTID of the EL1 physical timer of each CPU. */
#define TIMER_IRQ 30

static void timer_add(struct lower *lower, struct diag_pos pos)
{
    const struct board *board = lower->world->board;
    struct sdf_pd *pd;

    lower->timer = lower_sdk_pd(lower, pos, "board.timer", "timer.elf", BH_MAX_PRIORITY);
    pd = &lower->sdf->pds[lower->timer];
    pd->irqs = alloc_grow(pd->irqs, pd->irqs_count, sizeof(*pd->irqs));
    pd->irqs[pd->irqs_count++] = (struct sdf_irq){
        .pos = pos,
        .irq = lower_number(pos, board != NULL ? board->timer_ppi : TIMER_IRQ),
        .id = lower_number(pos, TIMER_ID_IRQ),
        .setvar_id = lower_string(pos, "timer_irq"),
    };
}

void lower_timer(struct lower *lower, struct diag_pos pos, size_t pd, uint64_t id)
{
    struct sdf_channel *channel;

    if (lower->timer == SDF_NONE) {
        timer_add(lower, pos);
    }
    channel =
        lower_channel(lower, pos, pd, id, lower->timer, TIMER_ID_CLIENTS + lower->timed++, NULL);
    channel->ends[0].pp = true;
}
