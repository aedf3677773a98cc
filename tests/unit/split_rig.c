/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "split_rig.h"

void split_rig_boot(uint64_t features)
{
    world_boot(&world, features, 1, SPLIT_RIG_ENTRIES);
}

void split_rig_desc(unsigned index, uint64_t at, uint32_t bytes, unsigned flags, unsigned next)
{
    struct split_rig_desc desc = { at, bytes, (uint16_t)flags, (uint16_t)next };

    memcpy(ring->desc + (size_t)16 * index, &desc, 16);
}

void split_rig_table(unsigned index, uint64_t at, uint32_t bytes, unsigned flags, unsigned next)
{
    struct split_rig_desc desc = { at, bytes, (uint16_t)flags, (uint16_t)next };

    memcpy(ring->tables + (size_t)16 * index, &desc, 16);
}

void split_rig_avail(unsigned slot, unsigned head)
{
    driver_put16(ring->driver + 4 + (size_t)2 * slot, head);
}

void split_rig_publish(unsigned idx)
{
    driver_put16(ring->driver + 2, idx);
}

void split_rig_used_event(unsigned event)
{
    driver_put16(ring->driver + 4 + (size_t)2 * SPLIT_RIG_ENTRIES, event);
}

uint16_t split_rig_used(void)
{
    return driver_get16(ring->device + 2);
}

void split_rig_turn(unsigned number)
{
    split_rig_desc(0, WORLD_DATA_AT, 16, 0, 0);
    split_rig_avail(number % SPLIT_RIG_ENTRIES, 0);
    split_rig_publish(number + 1);
    assert_int_equal(probe_pop(&probe), VIRTIO_OK);
    probe_push(&probe, 0);
}
