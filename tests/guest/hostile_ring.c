/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Attacks on rings. Where a device "may" do what it likes by the specification, the outcome is that
 * of docs/virtio.md: what is malformed breaks the queue, what is senseless costs one buffer.
 */
#include "hostile.h"

#define BOTH HOSTILE_ON_BOTH
#define SPLIT HOSTILE_ON_SPLIT
#define PACKED HOSTILE_ON_PACKED
#define TABLES HOSTILE_WITH_INDIRECT
#define NEXT HOSTILE_NEXT
#define WRITE HOSTILE_WRITE
#define INDIRECT HOSTILE_INDIRECT
#define FORWARD HOSTILE_FORWARD
#define BACKWARD HOSTILE_BACKWARD
/* Bits of a descriptor's flags that mean nothing. */
#define MEANINGLESS 0x7f78U
/* Where a split ring's index is, and its event index. */
#define AVAIL_INDEX (HOSTILE_DRIVER + 2U)
#define USED_EVENT (HOSTILE_DRIVER + 4U + 2U * HOSTILE_ENTRIES)
#define DRIVER_EVENT HOSTILE_DRIVER
#define EVENT_DESC 2U
#define LAPS 3U
#define KICKS 50U
#define RANDOM_RINGS 20U
#define RANDOM_BYTES 0x80U

static const struct hostile_desc good = { HOSTILE_AT_DATA, 16, FORWARD, 0 };

/* Split: a head that is no descriptor. */
static bool head_outside(struct hostile *hostile)
{
    hostile_put_desc(hostile, 0, &good);
    hostile_show(hostile, HOSTILE_ENTRIES, 1);
    hostile_kick(hostile);
    return true;
}

static bool head_far_outside(struct hostile *hostile)
{
    hostile_put_desc(hostile, 0, &good);
    hostile_show(hostile, 0xffff, 1);
    hostile_kick(hostile);
    return true;
}

static bool one_head_twice(struct hostile *hostile)
{
    hostile_put_desc(hostile, 0, &good);
    hostile_show(hostile, 0, 1);
    hostile_show(hostile, 0, 1);
    hostile_kick(hostile);
    return true;
}

/* Split: more is available than there are entries, or less than a moment ago. */
static bool index_to(struct hostile *hostile, unsigned shown)
{
    hostile_put_desc(hostile, 0, &good);
    hostile->shown = (uint16_t)shown;
    hostile_put16(hostile, AVAIL_INDEX, shown);
    hostile_kick(hostile);
    return true;
}

static bool index_jumps_ahead(struct hostile *hostile)
{
    return index_to(hostile, hostile->shown + HOSTILE_ENTRIES + 1);
}

static bool index_jumps_far_ahead(struct hostile *hostile)
{
    return index_to(hostile, hostile->shown + 0x8000U);
}

static bool index_goes_back(struct hostile *hostile)
{
    return hostile_serve(hostile) && index_to(hostile, hostile->shown - 1U);
}

/* Packed: each slot goes on in the next. */
static bool list_without_end(struct hostile *hostile)
{
    static const struct hostile_desc link = { HOSTILE_AT_DATA, 1, FORWARD | NEXT, 0 };

    for (unsigned i = HOSTILE_ENTRIES; i > 0; i--) {
        hostile_put_desc(hostile, i - 1, &link);
    }
    hostile_show(hostile, 0, 1);
    hostile_kick(hostile);
    return true;
}

static bool slot_that_is_not_next(struct hostile *hostile)
{
    hostile_put_desc(hostile, 1, &good);
    hostile_kick(hostile);
    return true;
}

/* Nothing that the device wrote, or that is no longer its own, is read back. */
static bool used_is_overwritten(struct hostile *hostile)
{
    bool served = true;

    for (unsigned i = 0; i < LAPS * HOSTILE_ENTRIES && served; i++) {
        if (hostile->packed) {
            hostile_fill(hostile, HOSTILE_DESC + 16U * hostile->last_slot, 16, 0xa5);
            hostile_fill(hostile, HOSTILE_DEVICE, 4, 0xa5);
        } else {
            hostile_fill(hostile, HOSTILE_DEVICE, 4 + 8 * HOSTILE_ENTRIES + 2, 0xa5);
        }
        served = hostile_serve(hostile);
    }
    return served;
}

static bool event_of_no_meaning(struct hostile *hostile)
{
    bool served = true;

    for (unsigned i = 0; i < LAPS * HOSTILE_ENTRIES && served; i++) {
        if (hostile->packed) {
            hostile_put32(hostile, DRIVER_EVENT, EVENT_DESC << 16 | (0x7fffU - i));
        } else {
            hostile_put16(hostile, USED_EVENT, 0x8000U + i);
        }
        served = hostile_serve(hostile);
    }
    return served;
}

static bool kicks_for_nothing(struct hostile *hostile)
{
    for (unsigned i = 0; i < KICKS; i++) {
        hostile_kick(hostile);
    }
    hostile_settle(hostile);
    return hostile_all_used(hostile) && hostile_serve(hostile);
}

/* Rings of random bytes, with addresses that are often those of memory. */
static bool random_rings(struct hostile *hostile)
{
    for (unsigned i = 0; i < RANDOM_RINGS; i++) {
        if (!hostile_boot(hostile)) {
            return false;
        }
        for (uint32_t at = 0; at < RANDOM_BYTES; at += 16) {
            uint64_t offset = hostile_random(hostile, HOSTILE_MEMORY_BYTES / 2);
            uint32_t bytes = hostile_random(hostile, 4) == 0 ? UINT32_MAX : 512;

            hostile_put64(hostile, HOSTILE_DESC + at, hostile->machine->memory_at + offset);
            hostile_put32(hostile, HOSTILE_DESC + at + 8, hostile_random(hostile, bytes));
            hostile_put32(hostile, HOSTILE_DESC + at + 12, hostile_random(hostile, UINT32_MAX));
            hostile_put16(hostile, HOSTILE_DRIVER + at / 4, hostile_random(hostile, 16));
        }
        for (unsigned kick = 0; kick < 4; kick++) {
            hostile_put16(hostile, AVAIL_INDEX, hostile_random(hostile, HOSTILE_ENTRIES + 2));
            hostile_kick(hostile);
            hostile_settle(hostile);
        }
    }
    return true;
}

#define BUFFER(...) .chain = { __VA_ARGS__ }
#define TABLE(...) .table = { __VA_ARGS__ }

static const struct hostile_attack attacks[] = {
    /* Addresses and lengths. */
    { "address outside RAM", BOTH, HOSTILE_BROKEN, BUFFER({ HOSTILE_AT_HOLE, 16, FORWARD, 0 }) },
    { "address 0", BOTH, HOSTILE_BROKEN, BUFFER({ HOSTILE_AT_ZERO, 16, FORWARD, 0 }) },
    { "length beyond the end of RAM", BOTH, HOSTILE_BROKEN,
      BUFFER({ HOSTILE_AT_END, 17, FORWARD, 0 }) },
    { "length of 4 GiB", BOTH, HOSTILE_BROKEN,
      BUFFER({ HOSTILE_AT_DATA, UINT32_MAX, FORWARD, 0 }) },
    { "end wraps around", BOTH, HOSTILE_BROKEN, BUFFER({ HOSTILE_AT_TOP, 16, FORWARD, 0 }) },
    { "total length overflows", BOTH, HOSTILE_BROKEN,
      BUFFER({ HOSTILE_AT_DATA, 16, FORWARD | NEXT, 1 },
             { HOSTILE_AT_DATA, UINT32_MAX, FORWARD, 0 }) },
    { "second descriptor outside RAM", BOTH, HOSTILE_BROKEN,
      BUFFER({ HOSTILE_AT_DATA, 16, FORWARD | NEXT, 1 }, { HOSTILE_AT_HOLE, 16, FORWARD, 0 }) },
    { "no bytes", BOTH, HOSTILE_SERVED, BUFFER({ HOSTILE_AT_HOLE, 0, FORWARD, 0 }) },
    /* Directions and flags. */
    { "wrong direction", BOTH, HOSTILE_SERVED, BUFFER({ HOSTILE_AT_DATA, 16, BACKWARD, 0 }) },
    { "readable behind writable", BOTH, HOSTILE_BROKEN,
      BUFFER({ HOSTILE_AT_DATA, 16, WRITE | NEXT, 1 }, { HOSTILE_AT_DATA, 16, 0, 0 }) },
    { "flags of no meaning", BOTH, HOSTILE_SERVED,
      BUFFER({ HOSTILE_AT_DATA, 16, FORWARD | MEANINGLESS, 0 }) },
    { "next without its flag, or id of no meaning", BOTH, HOSTILE_SERVED,
      BUFFER({ HOSTILE_AT_DATA, 16, FORWARD, 0xffff }) },
    /* Loops, indices, heads. */
    { "loop of one", SPLIT, HOSTILE_BROKEN, BUFFER({ HOSTILE_AT_DATA, 1, FORWARD | NEXT, 0 }) },
    { "loop of two", SPLIT, HOSTILE_BROKEN,
      BUFFER({ HOSTILE_AT_DATA, 1, FORWARD | NEXT, 1 },
             { HOSTILE_AT_DATA, 1, FORWARD | NEXT, 0 }) },
    { "loop without bytes", SPLIT, HOSTILE_BROKEN,
      BUFFER({ HOSTILE_AT_ZERO, 0, FORWARD | NEXT, 0 }) },
    { "next outside the ring", SPLIT, HOSTILE_BROKEN,
      BUFFER({ HOSTILE_AT_DATA, 1, FORWARD | NEXT, HOSTILE_ENTRIES }) },
    { "head outside the ring", SPLIT, HOSTILE_BROKEN, .act = head_outside },
    { "head far outside the ring", SPLIT, HOSTILE_BROKEN, .act = head_far_outside },
    { "one head twice", SPLIT, HOSTILE_SERVED, .act = one_head_twice },
    { "index jumps ahead", SPLIT, HOSTILE_BROKEN, .act = index_jumps_ahead },
    { "index jumps far ahead", SPLIT, HOSTILE_BROKEN, .act = index_jumps_far_ahead },
    { "index goes back", SPLIT, HOSTILE_BROKEN, .act = index_goes_back },
    { "list without an end", PACKED, HOSTILE_BROKEN, .act = list_without_end },
    { "list goes on in what is not available", PACKED, HOSTILE_BROKEN,
      BUFFER({ HOSTILE_AT_DATA, 16, FORWARD | NEXT, 0 }) },
    { "slot that is not next", PACKED, HOSTILE_IGNORED, .act = slot_that_is_not_next },
    /* Indirect tables. */
    { "table without the feature", BOTH | HOSTILE_WITHOUT_INDIRECT, HOSTILE_BROKEN,
      BUFFER({ HOSTILE_AT_TABLE, 16, INDIRECT, 0 }), TABLE({ HOSTILE_AT_DATA, 16, FORWARD, 0 }) },
    { "good table", BOTH | TABLES, HOSTILE_SERVED, BUFFER({ HOSTILE_AT_TABLE, 16, INDIRECT, 0 }),
      TABLE({ HOSTILE_AT_DATA, 16, FORWARD, 0 }) },
    { "table of odd length", BOTH | TABLES, HOSTILE_BROKEN,
      BUFFER({ HOSTILE_AT_TABLE, 24, INDIRECT, 0 }), TABLE({ HOSTILE_AT_DATA, 16, FORWARD, 0 }) },
    { "table of no length", BOTH | TABLES, HOSTILE_BROKEN,
      BUFFER({ HOSTILE_AT_TABLE, 0, INDIRECT, 0 }), TABLE({ HOSTILE_AT_DATA, 16, FORWARD, 0 }) },
    { "table of 4 GiB", BOTH | TABLES, HOSTILE_BROKEN,
      BUFFER({ HOSTILE_AT_TABLE, 0xfffffff0U, INDIRECT, 0 }) },
    { "table outside RAM", BOTH | TABLES, HOSTILE_BROKEN,
      BUFFER({ HOSTILE_AT_HOLE, 16, INDIRECT, 0 }) },
    { "table beyond the end of RAM", BOTH | TABLES, HOSTILE_BROKEN,
      BUFFER({ HOSTILE_AT_END, 32, INDIRECT, 0 }) },
    { "table whose end wraps around", BOTH | TABLES, HOSTILE_BROKEN,
      BUFFER({ HOSTILE_AT_TOP, 16, INDIRECT, 0 }) },
    { "table that goes on", BOTH | TABLES, HOSTILE_BROKEN,
      BUFFER({ HOSTILE_AT_TABLE, 16, INDIRECT | NEXT, 1 }, { HOSTILE_AT_DATA, 16, FORWARD, 0 }),
      TABLE({ HOSTILE_AT_DATA, 16, FORWARD, 0 }) },
    { "table longer than any chain", PACKED | TABLES, HOSTILE_BROKEN,
      BUFFER({ HOSTILE_AT_TABLE, 0x800, INDIRECT, 0 }),
      TABLE({ HOSTILE_AT_DATA, 16, FORWARD, 0 }) },
    { "address outside RAM in a table", BOTH | TABLES, HOSTILE_BROKEN,
      BUFFER({ HOSTILE_AT_TABLE, 16, INDIRECT, 0 }), TABLE({ HOSTILE_AT_HOLE, 16, FORWARD, 0 }) },
    { "readable behind writable in a table", BOTH | TABLES, HOSTILE_BROKEN,
      BUFFER({ HOSTILE_AT_TABLE, 32, INDIRECT, 0 }),
      TABLE({ HOSTILE_AT_DATA, 16, WRITE | NEXT, 1 }, { HOSTILE_AT_DATA, 16, 0, 0 }) },
    { "loop in a table", SPLIT | TABLES, HOSTILE_BROKEN,
      BUFFER({ HOSTILE_AT_TABLE, 16, INDIRECT, 0 }),
      TABLE({ HOSTILE_AT_DATA, 1, FORWARD | NEXT, 0 }) },
    { "loop without bytes in a table", SPLIT | TABLES, HOSTILE_BROKEN,
      BUFFER({ HOSTILE_AT_TABLE, 16, INDIRECT, 0 }),
      TABLE({ HOSTILE_AT_ZERO, 0, FORWARD | NEXT, 0 }) },
    { "next beyond the table", SPLIT | TABLES, HOSTILE_BROKEN,
      BUFFER({ HOSTILE_AT_TABLE, 16, INDIRECT, 0 }),
      TABLE({ HOSTILE_AT_DATA, 1, FORWARD | NEXT, 1 }) },
    { "next in a table, where it means nothing", PACKED | TABLES, HOSTILE_SERVED,
      BUFFER({ HOSTILE_AT_TABLE, 16, INDIRECT, 0 }),
      TABLE({ HOSTILE_AT_DATA, 1, FORWARD | NEXT, 0 }) },
    { "table in a table", SPLIT | TABLES, HOSTILE_BROKEN,
      BUFFER({ HOSTILE_AT_TABLE, 16, INDIRECT, 0 }), TABLE({ HOSTILE_AT_TABLE, 16, INDIRECT, 0 }) },
    { "table in a table, where it means nothing", PACKED | TABLES, HOSTILE_SERVED,
      BUFFER({ HOSTILE_AT_TABLE, 16, INDIRECT, 0 }),
      TABLE({ HOSTILE_AT_TABLE, 16, INDIRECT | FORWARD, 0 }) },
    { "descriptor, and then a table", SPLIT | TABLES, HOSTILE_SERVED,
      BUFFER({ HOSTILE_AT_DATA, 16, FORWARD | NEXT, 1 }, { HOSTILE_AT_TABLE, 16, INDIRECT, 0 }),
      TABLE({ HOSTILE_AT_DATA, 16, FORWARD, 0 }) },
    { "table in a list", PACKED | TABLES, HOSTILE_BROKEN,
      BUFFER({ HOSTILE_AT_DATA, 16, FORWARD | NEXT, 0 }, { HOSTILE_AT_TABLE, 16, INDIRECT, 0 }),
      TABLE({ HOSTILE_AT_DATA, 16, FORWARD, 0 }) },
    /* What the device writes, and where. */
    { "what was used is overwritten", BOTH, HOSTILE_CHECKED, .act = used_is_overwritten },
    { "event index of no meaning", BOTH | HOSTILE_WITH_EVENT_IDX, HOSTILE_CHECKED,
      .act = event_of_no_meaning },
    { "kicks for nothing", BOTH, HOSTILE_CHECKED, .act = kicks_for_nothing },
    { "ring as a buffer to be read", BOTH | HOSTILE_READERS, HOSTILE_SERVED,
      BUFFER({ HOSTILE_AT_DESC, 64, FORWARD, 0 }) },
    { "ring as a buffer to be written", BOTH | HOSTILE_WRITERS, HOSTILE_ANY,
      BUFFER({ HOSTILE_AT_DESC, 128, FORWARD, 0 }) },
    { "device area as a buffer to be written", BOTH | HOSTILE_WRITERS, HOSTILE_ANY,
      BUFFER({ HOSTILE_AT_DEVICE, 128, FORWARD, 0 }) },
    { "random rings", BOTH | HOSTILE_WRITERS, HOSTILE_ANY, .act = random_rings },
};

const struct hostile_list hostile_ring_list = { attacks, sizeof(attacks) / sizeof(attacks[0]) };
