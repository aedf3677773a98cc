/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "virtio_driver.h"

enum { NEXT = 1, WRITE = 2, INDIRECT = 4, AVAIL = 1 << 7, USED = 1 << 15 };

void driver_put16(unsigned char *at, unsigned value)
{
    uint16_t word = (uint16_t)value;

    memcpy(at, &word, sizeof word);
}

static void put32(unsigned char *at, uint32_t value)
{
    memcpy(at, &value, sizeof value);
}

static void put64(unsigned char *at, uint64_t value)
{
    memcpy(at, &value, sizeof value);
}

uint16_t driver_get16(const unsigned char *at)
{
    uint16_t value;

    memcpy(&value, at, sizeof value);
    return value;
}

static uint32_t get32(const unsigned char *at)
{
    uint32_t value;

    memcpy(&value, at, sizeof value);
    return value;
}

static void nonsense(const char *what)
{
    fprintf(stderr, "the device broke the ring: %s\n", what);
    abort();
}

void driver_ring_init(struct driver_ring *ring, bool packed, bool event_idx, uint16_t entries)
{
    ring->packed = packed;
    ring->event_idx = event_idx;
    ring->entries = entries;
    ring->free = entries;
    for (uint16_t i = 0; i < entries; i++) {
        ring->free_list[i] = i;
        ring->taken[i] = false;
    }
    ring->avail = 0;
    ring->used = 0;
    ring->avail_wrap = true;
    ring->used_wrap = true;
    ring->announced = 0;
    ring->unannounced = 0;
    ring->shown = 0;
}

/* Fill the table of entry `slot`. The packed format has no next in it. */
static void write_table(struct driver_ring *ring, uint16_t slot,
                        const struct driver_element *elements, unsigned count)
{
    unsigned char *table = ring->tables + (size_t)slot * DRIVER_MAX_TABLE * 16;

    for (unsigned i = 0; i < count; i++) {
        unsigned flags = elements[i].write ? WRITE : 0;

        put64(table + (size_t)16 * i, elements[i].at);
        put32(table + (size_t)16 * i + 8, elements[i].bytes);
        if (ring->packed) {
            driver_put16(table + (size_t)16 * i + 12, 0);
            driver_put16(table + (size_t)16 * i + 14, (uint16_t)flags);
        } else {
            if (i + 1 < count) {
                flags |= NEXT;
            }
            driver_put16(table + (size_t)16 * i + 12, (uint16_t)flags);
            driver_put16(table + (size_t)16 * i + 14, (uint16_t)(i + 1));
        }
    }
}

static bool split_add(struct driver_ring *ring, const struct driver_element *elements,
                      unsigned count, enum driver_shape shape, uint32_t cookie)
{
    unsigned direct = shape == DRIVER_DIRECT ? count : shape == DRIVER_INDIRECT ? 0 : 1;
    unsigned descs = shape == DRIVER_DIRECT ? count : direct + 1;
    uint16_t head;

    if (descs > ring->free) {
        return false;
    }
    head = ring->free_list[ring->free - 1];
    for (unsigned i = 0; i < descs; i++) {
        uint16_t index = ring->free_list[ring->free - 1 - i];
        unsigned char *desc = ring->desc + (size_t)16 * index;
        unsigned flags = 0;

        if (i < direct) {
            put64(desc, elements[i].at);
            put32(desc + 8, elements[i].bytes);
            flags = elements[i].write ? WRITE : 0;
        } else {
            write_table(ring, head, elements + direct, count - direct);
            put64(desc, ring->tables_at + (uint64_t)head * DRIVER_MAX_TABLE * 16);
            put32(desc + 8, 16 * (count - direct));
            flags = INDIRECT;
        }
        if (i + 1 < descs) {
            flags |= NEXT;
            driver_put16(desc + 14, ring->free_list[ring->free - 2 - i]);
        }
        driver_put16(desc + 12, (uint16_t)flags);
    }
    ring->free -= descs;
    ring->cookie[head] = cookie;
    ring->count[head] = (uint16_t)descs;
    ring->taken[head] = true;
    driver_put16(ring->driver + 4 + (size_t)2 * (ring->avail % ring->entries), head);
    ring->avail++;
    return true;
}

static bool packed_add(struct driver_ring *ring, const struct driver_element *elements,
                       unsigned count, enum driver_shape shape, uint32_t cookie)
{
    unsigned descs = shape == DRIVER_DIRECT ? count : 1;
    uint16_t id;
    uint16_t first = ring->avail;
    unsigned first_flags = 0;

    /* Each buffer takes one id and `descs` slots; there are as many ids as slots. */
    if (descs > ring->free) {
        return false;
    }
    for (id = 0; ring->taken[id]; id++) {
    }
    for (unsigned i = 0; i < descs; i++) {
        unsigned char *desc = ring->desc + (size_t)16 * ring->avail;
        unsigned flags = ring->avail_wrap ? AVAIL : USED;

        if (shape == DRIVER_DIRECT) {
            put64(desc, elements[i].at);
            put32(desc + 8, elements[i].bytes);
            flags |= elements[i].write ? WRITE : 0;
        } else {
            write_table(ring, id, elements, count);
            put64(desc, ring->tables_at + (uint64_t)id * DRIVER_MAX_TABLE * 16);
            put32(desc + 8, 16 * count);
            flags |= INDIRECT;
        }
        driver_put16(desc + 12, id);
        if (i + 1 < descs) {
            flags |= NEXT;
        }
        if (i == 0) {
            first_flags = flags;
        } else {
            driver_put16(desc + 14, (uint16_t)flags);
        }
        ring->avail++;
        if (ring->avail == ring->entries) {
            ring->avail = 0;
            ring->avail_wrap = !ring->avail_wrap;
        }
    }
    ring->free -= descs;
    ring->unannounced += descs;
    ring->cookie[id] = cookie;
    ring->count[id] = (uint16_t)descs;
    ring->taken[id] = true;
    driver_put16(ring->desc + (size_t)16 * first + 14, (uint16_t)first_flags);
    return true;
}

bool driver_ring_add(struct driver_ring *ring, const struct driver_element *elements,
                     unsigned count, enum driver_shape shape, uint32_t cookie)
{
    if (ring->packed) {
        return packed_add(ring, elements, count, shape, cookie);
    }
    return split_add(ring, elements, count, shape, cookie);
}

static bool split_publish(struct driver_ring *ring)
{
    uint16_t event;

    driver_put16(ring->driver + 2, ring->avail);
    if (!ring->event_idx) {
        ring->announced = ring->avail;
        return driver_get16(ring->device) == 0;
    }
    /* Kick if the entry that the device named is among [announced, avail). */
    event = driver_get16(ring->device + 4 + (size_t)8 * ring->entries);
    for (uint16_t i = ring->announced; i != ring->avail; i++) {
        if (i == event) {
            ring->announced = ring->avail;
            return true;
        }
    }
    ring->announced = ring->avail;
    return false;
}

static bool packed_publish(struct driver_ring *ring)
{
    uint16_t off_wrap = driver_get16(ring->device);
    unsigned flags = driver_get16(ring->device + 2) & 3U;
    unsigned offset = off_wrap & 0x7fffU;
    bool wrap = off_wrap >> 15 != 0;
    unsigned slot = ring->avail;
    bool slot_wrap = ring->avail_wrap;
    unsigned new_slots = ring->unannounced;

    ring->unannounced = 0;
    if (flags != 2) {
        return flags == 0;
    }
    while (new_slots-- != 0) {
        if (slot == 0) {
            slot = ring->entries;
            slot_wrap = !slot_wrap;
        }
        slot--;
        if (slot == offset && slot_wrap == wrap) {
            return true;
        }
    }
    return false;
}

bool driver_ring_publish(struct driver_ring *ring)
{
    return ring->packed ? packed_publish(ring) : split_publish(ring);
}

static bool split_get(struct driver_ring *ring, uint32_t *cookie, uint32_t *written)
{
    const unsigned char *entry = ring->device + 4 + (size_t)8 * (ring->used % ring->entries);
    uint32_t head;
    uint16_t index;

    if (driver_get16(ring->device + 2) == ring->used) {
        return false;
    }
    head = get32(entry);
    if (head >= ring->entries || !ring->taken[head]) {
        nonsense("a used id that is not in flight");
    }
    *cookie = ring->cookie[head];
    *written = get32(entry + 4);
    ring->taken[head] = false;
    index = (uint16_t)head;
    for (unsigned i = 0; i < ring->count[head]; i++) {
        ring->free_list[ring->free++] = index;
        index = driver_get16(ring->desc + (size_t)16 * index + 14);
    }
    ring->used++;
    return true;
}

static bool packed_get(struct driver_ring *ring, uint32_t *cookie, uint32_t *written)
{
    const unsigned char *desc = ring->desc + (size_t)16 * ring->used;
    unsigned flags = driver_get16(desc + 14);
    bool avail = (flags & AVAIL) != 0;
    bool used = (flags & USED) != 0;
    uint16_t id;

    if (avail != ring->used_wrap || used != ring->used_wrap) {
        return false;
    }
    id = driver_get16(desc + 12);
    if (id >= ring->entries || !ring->taken[id]) {
        nonsense("a used id that is not in flight");
    }
    *cookie = ring->cookie[id];
    /* The length counts only if something was written. */
    *written = (flags & WRITE) != 0 ? get32(desc + 8) : 0;
    ring->taken[id] = false;
    ring->free += ring->count[id];
    ring->used = (uint16_t)(ring->used + ring->count[id]);
    if (ring->used >= ring->entries) {
        ring->used = (uint16_t)(ring->used - ring->entries);
        ring->used_wrap = !ring->used_wrap;
    }
    return true;
}

bool driver_ring_get(struct driver_ring *ring, uint32_t *cookie, uint32_t *written)
{
    return ring->packed ? packed_get(ring, cookie, written) : split_get(ring, cookie, written);
}

void driver_ring_interrupts(struct driver_ring *ring, bool wanted)
{
    if (ring->packed) {
        unsigned flags = !wanted ? 1 : ring->event_idx ? 2 : 0;

        driver_put16(ring->driver, (uint16_t)(ring->used | (ring->used_wrap ? 1U << 15 : 0U)));
        driver_put16(ring->driver + 2, (uint16_t)flags);
    } else if (ring->event_idx) {
        /* An event far behind says "not wanted". */
        driver_put16(ring->driver + 4 + (size_t)2 * ring->entries,
                     (uint16_t)(wanted ? ring->used : ring->used - 0x4000));
    } else {
        driver_put16(ring->driver, wanted ? 0 : 1);
    }
}
