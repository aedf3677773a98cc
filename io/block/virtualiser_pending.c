/* SPDX-License-Identifier: BSD-2-Clause */
#include "virtualiser_pending.h"

#define PENDING_NS_A_MS 1000000ull

struct block_pending *virtualiser_pending_add(struct block_virtualiser *virtualiser, uint32_t tag,
                                              uint64_t now)
{
    struct block_pending *own = &virtualiser->pending[tag];

    own->deadline = virtualiser->config->deadline == 0
                        ? BLOCK_NEVER
                        : now + virtualiser->config->deadline * PENDING_NS_A_MS;
    own->older = virtualiser->newest;
    own->newer = BLOCK_NO_TAG;
    if (own->older == BLOCK_NO_TAG) {
        virtualiser->oldest = (uint16_t)tag;
    } else {
        virtualiser->pending[own->older].newer = (uint16_t)tag;
    }
    virtualiser->newest = (uint16_t)tag;
    return own;
}

void virtualiser_pending_remove(struct block_virtualiser *virtualiser, uint32_t tag)
{
    const struct block_pending *own = &virtualiser->pending[tag];

    if (own->older == BLOCK_NO_TAG) {
        virtualiser->oldest = own->newer;
    } else {
        virtualiser->pending[own->older].newer = own->newer;
    }
    if (own->newer == BLOCK_NO_TAG) {
        virtualiser->newest = own->older;
    } else {
        virtualiser->pending[own->newer].older = own->older;
    }
}

uint64_t virtualiser_pending_late(struct block_virtualiser *virtualiser, uint64_t now, bool *own)
{
    *own = false;
    for (uint16_t tag = virtualiser->oldest; tag != BLOCK_NO_TAG;
         tag = virtualiser->pending[tag].newer) {
        const struct block_pending *pending = &virtualiser->pending[tag];

        if (pending->deadline > now) {
            return pending->deadline;
        }
        if (pending->client == VIRTUALISER_OWN) {
            *own = true;
        } else {
            virtualiser->clients[pending->client].late = true;
        }
    }
    return BLOCK_NEVER;
}

uint64_t virtualiser_pending_last(const struct block_virtualiser *virtualiser, uint64_t now)
{
    uint64_t deadline = virtualiser->newest == BLOCK_NO_TAG
                            ? BLOCK_NEVER
                            : virtualiser->pending[virtualiser->newest].deadline;

    return deadline > now ? deadline : BLOCK_NEVER;
}
