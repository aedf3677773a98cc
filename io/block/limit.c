/* SPDX-License-Identifier: BSD-2-Clause */
#include "limit.h"

#define LIMIT_NS_A_SECOND 1000000000ull

uint64_t block_limit_from(const struct block_limit *limit)
{
    return limit->full < BLOCK_LIMIT_BURST ? 0 : limit->full - BLOCK_LIMIT_BURST;
}

void block_limit_take(struct block_limit *limit, uint64_t units, uint64_t now)
{
    if (limit->rate == 0) {
        return;
    }
    if (limit->full < now) {
        limit->full = now;
    }
    limit->full += units / limit->rate * LIMIT_NS_A_SECOND +
                   units % limit->rate * LIMIT_NS_A_SECOND / limit->rate;
}
