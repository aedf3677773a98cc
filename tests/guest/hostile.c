/* SPDX-License-Identifier: BSD-2-Clause */
#include "hostile.h"

#define DESC_BYTES 16U
#define DESC_LENGTH 8U
#define PACKED_ID 12U
#define PACKED_FLAGS 14U
#define PACKED_AVAIL 0x80U
#define PACKED_USED 0x8000U
#define SPLIT_FLAGS 12U
#define SPLIT_NEXT 14U
/* Rings of the split format: flags, index, entries. */
#define RING_INDEX 2U
#define RING_ENTRIES 4U
#define USED_BYTES 8U
#define REQUEST_BYTES 8U
#define SETTLE_TURNS 4U
#define SEED 0x9e3779b97f4a7c15UL
#define RINGS_BYTES HOSTILE_TABLE

uint32_t hostile_load(const struct hostile *hostile, uint32_t offset)
{
    return hostile->machine->load(hostile->machine->context, offset);
}

void hostile_store(struct hostile *hostile, uint32_t offset, uint32_t value)
{
    hostile->machine->store(hostile->machine->context, offset, sizeof(value), value);
}

void hostile_kick(struct hostile *hostile)
{
    hostile_store(hostile, HOSTILE_QUEUE_NOTIFY, hostile->machine->queue);
}

static volatile void *place(const struct hostile *hostile, uint32_t offset)
{
    return hostile->machine->memory + offset;
}

void hostile_put16(struct hostile *hostile, uint32_t offset, unsigned value)
{
    *(volatile uint16_t *)place(hostile, offset) = (uint16_t)value;
}

void hostile_put32(struct hostile *hostile, uint32_t offset, uint32_t value)
{
    *(volatile uint32_t *)place(hostile, offset) = value;
}

void hostile_put64(struct hostile *hostile, uint32_t offset, uint64_t value)
{
    *(volatile uint64_t *)place(hostile, offset) = value;
}

unsigned hostile_get8(const struct hostile *hostile, uint32_t offset)
{
    return *(volatile uint8_t *)place(hostile, offset);
}

static uint16_t get16(const struct hostile *hostile, uint32_t offset)
{
    return *(volatile uint16_t *)place(hostile, offset);
}

static uint32_t get32(const struct hostile *hostile, uint32_t offset)
{
    return *(volatile uint32_t *)place(hostile, offset);
}

void hostile_fill(struct hostile *hostile, uint32_t offset, uint32_t bytes, unsigned char with)
{
    for (uint32_t i = 0; i < bytes; i++) {
        hostile->machine->memory[offset + i] = with;
    }
}

uint32_t hostile_random(struct hostile *hostile, uint32_t limit)
{
    hostile->random ^= hostile->random >> 12;
    hostile->random ^= hostile->random << 25;
    hostile->random ^= hostile->random >> 27;
    return (uint32_t)(hostile->random >> 16) % limit;
}

void hostile_settle(const struct hostile *hostile)
{
    for (unsigned turn = 0; turn < SETTLE_TURNS; turn++) {
        (void)hostile->machine->wait(hostile->machine->context, turn);
    }
}

/* Steps. */

bool hostile_reset(struct hostile *hostile)
{
    hostile_store(hostile, HOSTILE_STATUS, 0);
    return hostile_load(hostile, HOSTILE_STATUS) == 0;
}

bool hostile_negotiate(struct hostile *hostile)
{
    uint64_t features = hostile->features | HOSTILE_F_VERSION_1;

    hostile_store(hostile, HOSTILE_STATUS, HOSTILE_ACKNOWLEDGED);
    hostile_store(hostile, HOSTILE_STATUS, HOSTILE_DRIVEN);
    for (unsigned word = 0; word < 2; word++) {
        hostile_store(hostile, HOSTILE_DRIVER_FEATURES_SEL, word);
        hostile_store(hostile, HOSTILE_DRIVER_FEATURES, (uint32_t)(features >> (32 * word)));
    }
    hostile_store(hostile, HOSTILE_STATUS, HOSTILE_NEGOTIATED);
    return hostile_load(hostile, HOSTILE_STATUS) == HOSTILE_NEGOTIATED;
}

bool hostile_set_up(struct hostile *hostile)
{
    static const struct {
        uint32_t reg;
        uint32_t offset;
    } areas[] = {
        { HOSTILE_QUEUE_DESC, HOSTILE_DESC },
        { HOSTILE_QUEUE_DRIVER, HOSTILE_DRIVER },
        { HOSTILE_QUEUE_DEVICE, HOSTILE_DEVICE },
    };

    hostile_fill(hostile, 0, RINGS_BYTES, 0);
    hostile->shown = 0;
    hostile->slot = 0;
    hostile->wrap = true;
    hostile_store(hostile, HOSTILE_QUEUE_SEL, hostile->machine->queue);
    hostile_store(hostile, HOSTILE_QUEUE_NUM, HOSTILE_ENTRIES);
    for (unsigned i = 0; i < sizeof(areas) / sizeof(areas[0]); i++) {
        uint64_t at = hostile->machine->memory_at + areas[i].offset;

        hostile_store(hostile, areas[i].reg, (uint32_t)at);
        hostile_store(hostile, areas[i].reg + 4, (uint32_t)(at >> 32));
    }
    hostile_store(hostile, HOSTILE_QUEUE_READY, 1);
    return hostile_load(hostile, HOSTILE_QUEUE_READY) == 1;
}

bool hostile_boot(struct hostile *hostile)
{
    if (!hostile_reset(hostile) || !hostile_negotiate(hostile) || !hostile_set_up(hostile)) {
        return false;
    }
    hostile_store(hostile, HOSTILE_STATUS, HOSTILE_LIVE);
    return hostile_load(hostile, HOSTILE_STATUS) == HOSTILE_LIVE;
}

/* Buffers. */

static uint64_t address_of(const struct hostile *hostile, enum hostile_place at)
{
    const struct hostile_machine *machine = hostile->machine;

    switch (at) {
    case HOSTILE_AT_DATA:
        return machine->memory_at + HOSTILE_DATA;
    case HOSTILE_AT_STATUS:
        return machine->memory_at + HOSTILE_STATUS_BYTE;
    case HOSTILE_AT_BODY:
        return machine->memory_at + HOSTILE_BODY;
    case HOSTILE_AT_TABLE:
        return machine->memory_at + HOSTILE_TABLE;
    case HOSTILE_AT_DESC:
        return machine->memory_at + HOSTILE_DESC;
    case HOSTILE_AT_DEVICE:
        return machine->memory_at + HOSTILE_DEVICE;
    case HOSTILE_AT_HOLE:
        return machine->hole_at;
    case HOSTILE_AT_END:
        return machine->hole_at - 16;
    case HOSTILE_AT_TOP:
        return UINT64_MAX - 7;
    default:
        return 0;
    }
}

static unsigned flags_of(const struct hostile *hostile, uint32_t flags)
{
    bool write = ((flags & HOSTILE_FORWARD) != 0 && hostile->machine->write) ||
                 ((flags & HOSTILE_BACKWARD) != 0 && !hostile->machine->write);

    return (flags & 0xffff) | (write ? HOSTILE_WRITE : 0);
}

void hostile_put_desc(struct hostile *hostile, unsigned number, const struct hostile_desc *desc)
{
    unsigned flags = flags_of(hostile, desc->flags);
    uint32_t at = HOSTILE_DESC + DESC_BYTES * number;

    if (hostile->packed) {
        unsigned slot = hostile->slot + number;
        bool wrap = slot < HOSTILE_ENTRIES ? hostile->wrap : !hostile->wrap;

        at = HOSTILE_DESC + DESC_BYTES * (slot % HOSTILE_ENTRIES);
        flags |= wrap ? PACKED_AVAIL : PACKED_USED;
    }
    hostile_put64(hostile, at, address_of(hostile, desc->place));
    hostile_put32(hostile, at + DESC_LENGTH, desc->bytes);
    if (hostile->packed) {
        hostile_put16(hostile, at + PACKED_ID, desc->next);
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
        hostile_put16(hostile, at + PACKED_FLAGS, flags);
    } else {
        hostile_put16(hostile, at + SPLIT_FLAGS, flags);
        hostile_put16(hostile, at + SPLIT_NEXT, desc->next);
    }
}

static void put_table(struct hostile *hostile, unsigned number, const struct hostile_desc *desc)
{
    unsigned flags = flags_of(hostile, desc->flags);
    uint32_t at = HOSTILE_TABLE + DESC_BYTES * number;

    hostile_put64(hostile, at, address_of(hostile, desc->place));
    hostile_put32(hostile, at + DESC_LENGTH, desc->bytes);
    hostile_put16(hostile, at + (hostile->packed ? PACKED_FLAGS : SPLIT_FLAGS), flags);
    hostile_put16(hostile, at + (hostile->packed ? PACKED_ID : SPLIT_NEXT), desc->next);
}

void hostile_show(struct hostile *hostile, unsigned head, unsigned count)
{
    if (hostile->packed) {
        hostile->last_slot = hostile->slot;
        hostile->last_wrap = hostile->wrap;
        hostile->slot = (uint16_t)(hostile->slot + count);
        if (hostile->slot >= HOSTILE_ENTRIES) {
            hostile->slot = (uint16_t)(hostile->slot - HOSTILE_ENTRIES);
            hostile->wrap = !hostile->wrap;
        }
    } else {
        hostile_put16(hostile,
                      HOSTILE_DRIVER + RING_ENTRIES + 2 * (hostile->shown % HOSTILE_ENTRIES), head);
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
        hostile_put16(hostile, HOSTILE_DRIVER + RING_INDEX, hostile->shown + 1U);
    }
    hostile->shown++;
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

bool hostile_all_used(const struct hostile *hostile)
{
    unsigned flags;

    if (!hostile->packed) {
        return get16(hostile, HOSTILE_DEVICE + RING_INDEX) == hostile->shown;
    }
    flags = get16(hostile, HOSTILE_DESC + DESC_BYTES * hostile->last_slot + PACKED_FLAGS);
    return hostile->shown == 0 || (((flags & PACKED_AVAIL) != 0) == hostile->last_wrap &&
                                   ((flags & PACKED_USED) != 0) == hostile->last_wrap);
}

/* Bytes that the device says it wrote to the buffer that came back last. */
static uint32_t used_bytes(const struct hostile *hostile)
{
    uint32_t entry = (uint16_t)(hostile->shown - 1) % HOSTILE_ENTRIES;

    return hostile->packed
               ? get32(hostile, HOSTILE_DESC + DESC_BYTES * hostile->last_slot + DESC_LENGTH)
               : get32(hostile, HOSTILE_DEVICE + RING_ENTRIES + USED_BYTES * entry + 4);
}

static bool needs_reset(const struct hostile *hostile)
{
    return (hostile_load(hostile, HOSTILE_STATUS) & HOSTILE_NEEDS_RESET) != 0;
}

/* Whether something holds, now or before long. */
static bool eventually(const struct hostile *hostile, bool (*holds)(const struct hostile *hostile))
{
    for (unsigned turn = 0; !holds(hostile); turn++) {
        if (!hostile->machine->wait(hostile->machine->context, turn)) {
            return holds(hostile);
        }
    }
    return true;
}

bool hostile_answered(const struct hostile *hostile)
{
    return eventually(hostile, hostile_all_used);
}

bool hostile_serve(struct hostile *hostile)
{
    static const struct hostile_desc request = { HOSTILE_AT_DATA, REQUEST_BYTES, HOSTILE_FORWARD,
                                                 0 };

    hostile_fill(hostile, HOSTILE_DATA, REQUEST_BYTES, 'x');
    hostile_put_desc(hostile, 0, &request);
    hostile_show(hostile, 0, 1);
    hostile_kick(hostile);
    return hostile_answered(hostile) && used_bytes(hostile) == hostile->machine->written &&
           hostile_load(hostile, HOSTILE_STATUS) == HOSTILE_LIVE;
}

/* Attacks. */

static bool is_empty(const struct hostile_desc *desc)
{
    return desc->place == HOSTILE_AT_DATA && desc->bytes == 0 && desc->flags == 0;
}

static bool attack(struct hostile *hostile, const struct hostile_attack *what)
{
    unsigned count = 0;

    if (what->act != NULL) {
        return what->act(hostile);
    }
    for (unsigned i = 0; i < HOSTILE_CHAIN && !is_empty(&what->table[i]); i++) {
        put_table(hostile, i, &what->table[i]);
    }
    for (; count < HOSTILE_CHAIN && !is_empty(&what->chain[count]); count++) {
        hostile_put_desc(hostile, count, &what->chain[count]);
    }
    hostile_show(hostile, 0, count);
    hostile_kick(hostile);
    return true;
}

static bool came_out(struct hostile *hostile, enum hostile_outcome outcome)
{
    switch (outcome) {
    case HOSTILE_SERVED:
        return hostile_answered(hostile) && hostile_load(hostile, HOSTILE_STATUS) == HOSTILE_LIVE;
    case HOSTILE_IGNORED:
        hostile_settle(hostile);
        return hostile_all_used(hostile) && hostile_serve(hostile);
    case HOSTILE_BROKEN:
        return eventually(hostile, needs_reset) && !hostile_all_used(hostile);
    case HOSTILE_ANY:
        hostile_settle(hostile);
        return true;
    default:
        return true;
    }
}

static bool makes_sense(const struct hostile *hostile, uint32_t kinds)
{
    bool indirect = (hostile->features & HOSTILE_F_INDIRECT) != 0;

    return (kinds & (hostile->packed ? HOSTILE_ON_PACKED : HOSTILE_ON_SPLIT)) != 0 &&
           ((kinds & HOSTILE_WITH_INDIRECT) == 0 || indirect) &&
           ((kinds & HOSTILE_WITHOUT_INDIRECT) == 0 || !indirect) &&
           ((kinds & HOSTILE_WITH_EVENT_IDX) == 0 ||
            (hostile->features & HOSTILE_F_EVENT_IDX) != 0) &&
           ((kinds & HOSTILE_WRITERS) == 0 || hostile->machine->write) &&
           ((kinds & HOSTILE_READERS) == 0 || !hostile->machine->write);
}

uint64_t hostile_kind(unsigned kind)
{
    return ((kind & 1) != 0 ? HOSTILE_F_INDIRECT : 0) |
           ((kind & 2) != 0 ? HOSTILE_F_EVENT_IDX : 0) | ((kind & 4) != 0 ? HOSTILE_F_PACKED : 0);
}

unsigned hostile_run(const struct hostile_machine *machine, uint64_t features,
                     hostile_result *result)
{
    const struct hostile_list *const lists[] = { &hostile_ring_list, &hostile_register_list,
                                                 machine->own };
    struct hostile hostile = {
        .machine = machine,
        .features = features,
        .packed = (features & HOSTILE_F_PACKED) != 0,
        .random = SEED ^ features,
    };
    unsigned done = 0;

    for (unsigned i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        for (size_t j = 0; lists[i] != NULL && j < lists[i]->count; j++) {
            const struct hostile_attack *what = &lists[i]->attacks[j];
            bool good;

            if (!makes_sense(&hostile, what->kinds)) {
                continue;
            }
            good = hostile_boot(&hostile) && hostile_serve(&hostile) && attack(&hostile, what) &&
                   came_out(&hostile, what->outcome);
            /* Whatever it was: the device comes back. */
            good = hostile_boot(&hostile) && hostile_serve(&hostile) && good;
            result(machine, what->name, features, good);
            done++;
        }
    }
    return done;
}
