/* SPDX-License-Identifier: BSD-2-Clause */
#include "queue.h"

void block_queue_pack(const struct block_request *request, struct ring_slot to[BLOCK_HEADER_SLOTS])
{
    to[0].words[0] = request->id | (uint64_t)request->kind << 32 | (uint64_t)request->flags << 40 |
                     (uint64_t)request->segments << 48;
    to[0].words[1] = request->sector;
    to[1].words[0] = request->bytes;
    to[1].words[1] = request->owner;
}

void block_queue_unpack(const struct ring_slot from[BLOCK_HEADER_SLOTS],
                        struct block_request *request)
{
    uint64_t first = from[0].words[0];

    request->id = (uint32_t)first;
    request->kind = (uint8_t)(first >> 32);
    request->flags = (uint8_t)(first >> 40);
    request->segments = (uint16_t)(first >> 48);
    request->sector = from[0].words[1];
    request->bytes = from[1].words[0];
    request->owner = (uint16_t)from[1].words[1];
}

bool block_queue_fits(const void *memory, size_t bytes)
{
    return (uintptr_t)memory % RING_ALIGN == 0 && bytes >= BLOCK_MIN_BYTES;
}
