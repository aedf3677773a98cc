/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "packed_rig.h"

void packed_rig_boot(uint64_t features)
{
    world_boot(&world, features | VIRTIO_F_RING_PACKED, 1, PACKED_RIG_ENTRIES);
}

void packed_rig_desc(unsigned slot, uint64_t at, uint32_t bytes, unsigned flags, unsigned id)
{
    struct packed_rig_desc desc = { at, bytes, (uint16_t)id, (uint16_t)flags };

    memcpy(ring->desc + (size_t)16 * slot, &desc, 16);
}

struct packed_rig_desc packed_rig_seen(unsigned slot)
{
    struct packed_rig_desc desc;

    memcpy(&desc, ring->desc + (size_t)16 * slot, 16);
    return desc;
}

void packed_rig_table(unsigned index, uint64_t at, uint32_t bytes, unsigned flags)
{
    struct packed_rig_desc desc = { at, bytes, 0x7777, (uint16_t)flags };

    memcpy(ring->tables + (size_t)16 * index, &desc, 16);
}

unsigned packed_rig_available(unsigned number)
{
    return number / PACKED_RIG_ENTRIES % 2 == 0 ? VIRTIO_DESC_AVAIL : VIRTIO_DESC_USED;
}

unsigned packed_rig_used(unsigned number)
{
    return number / PACKED_RIG_ENTRIES % 2 == 0 ? VIRTIO_DESC_AVAIL | VIRTIO_DESC_USED : 0;
}

void packed_rig_turn(unsigned number)
{
    packed_rig_desc(number % PACKED_RIG_ENTRIES, WORLD_DATA_AT, 16, packed_rig_available(number),
                    number);
    assert_int_equal(probe_pop(&probe), VIRTIO_OK);
    probe_push(&probe, 0);
}
