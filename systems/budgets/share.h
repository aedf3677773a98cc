/* SPDX-License-Identifier: BSD-2-Clause */
/* The page that the two programs share. */
#ifndef SYSTEMS_BUDGETS_SHARE_H
#define SYSTEMS_BUDGETS_SHARE_H

#include <stdint.h>

struct share {
    /** Ticks of the counter that the spinner itself had. One writer, the spinner. */
    volatile uint64_t spinner_ticks;
};

/**
 * Two readings of the counter that are further apart than this have somebody else's time between
 * them: the spinner's budget of 200 us, or the 800 us until it gets the next one.
 */
#define SHARE_GAP_NS 50000UL

#endif
