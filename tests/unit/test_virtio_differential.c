/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Millions of random buffers from an independent driver (virtio_driver.c) to the device side and
 * back: random sizes, divisions, directions, indirect or not, completions in any order, interrupts
 * and kicks suppressed in turn. The device answers each buffer with a function of what it read, so
 * that every byte is checked; no wake-up may be lost.
 *
 * BULKHEAD_BUFFERS sets the number of buffers for each kind of ring (default 20,000).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "virtio_probe.h"

#define MAX_ELEMENTS 12U
#define MAX_BYTES 192U
/* Data of one buffer, and buffers that can be outstanding. */
#define SLOT_BYTES 512U
#define SLOTS 128U
#define MAX_IN_FLIGHT 32U

static struct world world;
static struct probe probe;
static uint64_t seed;

/* xorshift64: the same on every run. */
static uint32_t random32(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (uint32_t)(seed >> 16);
}

static uint32_t below(uint32_t limit)
{
    return random32() % limit;
}

/* What the driver remembers of a buffer. */
struct slot {
    bool used;
    unsigned count;
    struct driver_element elements[MAX_ELEMENTS];
    uint32_t readable;
    uint32_t writable;
    unsigned char sent[SLOT_BYTES];
};

static struct slot slots[SLOTS];
static unsigned outstanding;

/* A buffer that the device holds. */
static struct held {
    struct chain chain;
    struct chain_segment segments[2 * MAX_ELEMENTS];
} held[MAX_IN_FLIGHT];
static unsigned held_count;

/* What the device answers with: byte i of an answer to a message with this sum. */
static unsigned char answer_byte(uint32_t sum, uint32_t i)
{
    return (unsigned char)(sum + i * 7);
}

static uint32_t sum_of(const unsigned char *bytes, size_t count)
{
    uint32_t sum = 1;

    for (size_t i = 0; i < count; i++) {
        sum = sum * 31 + bytes[i];
    }
    return sum;
}

/* Where the bytes of a slot lie: in three places, one of them across two ranges of RAM. */
static uint64_t slot_at(unsigned index)
{
    if (index % 8 == 7) {
        return WORLD_THIRD_AT - SLOT_BYTES / 2;
    }
    return index % 2 != 0 ? WORLD_SECOND_AT + (uint64_t)index * SLOT_BYTES / 2
                          : WORLD_DATA_AT + (uint64_t)index * SLOT_BYTES;
}

/* Divide a slot's memory into random elements, readable ones first. */
static void divide(struct slot *slot, uint64_t at)
{
    unsigned writable_from;

    slot->count = 1 + below(MAX_ELEMENTS);
    writable_from = below(slot->count + 1);
    slot->readable = 0;
    slot->writable = 0;
    for (unsigned i = 0; i < slot->count; i++) {
        uint32_t bytes = 1 + below(SLOT_BYTES / MAX_ELEMENTS - 1);

        slot->elements[i] = (struct driver_element){ at, bytes, i >= writable_from };
        at += bytes;
        if (i < writable_from) {
            slot->readable += bytes;
        } else {
            slot->writable += bytes;
        }
    }
}

static void fill(struct slot *slot)
{
    uint32_t done = 0;

    for (unsigned i = 0; i < slot->count; i++) {
        for (uint32_t j = 0; j < slot->elements[i].bytes; j++) {
            unsigned char byte = (unsigned char)random32();

            *world_at(&world, slot->elements[i].at + j) = byte;
            if (!slot->elements[i].write) {
                slot->sent[done++] = byte;
            }
        }
    }
}

/* Slots whose memory is shared (across the ranges' border) are used one at a time. */
static bool slot_free(unsigned index)
{
    if (index % 8 == 7) {
        for (unsigned i = 7; i < SLOTS; i += 8) {
            if (slots[i].used) {
                return false;
            }
        }
    }
    return !slots[index].used;
}

/* The driver adds a few buffers. Returns how many. */
static unsigned driver_adds(struct driver_ring *ring, bool indirect)
{
    unsigned added = 0;

    for (unsigned wanted = below(8); added < wanted; added++) {
        unsigned index = below(SLOTS);
        enum driver_shape shape = DRIVER_DIRECT;

        if (!slot_free(index)) {
            break;
        }
        divide(&slots[index], slot_at(index));
        fill(&slots[index]);
        if (indirect && below(2) != 0) {
            shape = slots[index].count > 1 && !ring->packed && below(2) != 0 ? DRIVER_MIXED
                                                                             : DRIVER_INDIRECT;
        }
        if (!driver_ring_add(ring, slots[index].elements, slots[index].count, shape, index)) {
            break;
        }
        slots[index].used = true;
        outstanding++;
    }
    return added;
}

/* The device takes what there is, as far as it can hold it. */
static void device_takes(void)
{
    virtq_suppress_kicks(&probe.queues[0]);
    while (held_count < MAX_IN_FLIGHT) {
        struct held *next = &held[held_count];
        enum virtio_error error;

        chain_init(&next->chain, next->segments, 2 * MAX_ELEMENTS);
        error = vdev_pop(&probe.dev, 0, &next->chain);
        if (error == VIRTIO_EMPTY) {
            if (!vdev_want_kick(&probe.dev, 0)) {
                return;
            }
            continue;
        }
        assert_int_equal(error, VIRTIO_OK);
        held_count++;
    }
}

/* The device answers one of the buffers that it holds. */
static void device_answers(void)
{
    unsigned index = below(held_count);
    struct chain *chain = &held[index].chain;
    struct chain_reader reader = chain_reader(chain);
    struct chain_writer writer = chain_writer(chain);
    unsigned char message[SLOT_BYTES];
    size_t bytes = 0;
    uint32_t sum;
    uint64_t length = chain->writable_bytes.bytes;

    /* Read in pieces of any size. */
    for (;;) {
        size_t got = chain_read(&reader, message + bytes, 1 + below(MAX_BYTES));

        bytes += got;
        if (got == 0) {
            break;
        }
    }
    assert_int_equal(bytes, chain->readable_bytes.bytes);
    sum = sum_of(message, bytes);
    /* Not all of the room, sometimes. */
    length -= length != 0 ? below((uint32_t)length + 1) * below(2) : 0;
    for (uint32_t i = 0; i < length;) {
        unsigned char piece[MAX_BYTES];
        uint32_t part = 1 + below(MAX_BYTES);

        if (part > length - i) {
            part = (uint32_t)length - i;
        }
        for (uint32_t j = 0; j < part; j++) {
            piece[j] = answer_byte(sum, i + j);
        }
        assert_int_equal(chain_write(&writer, piece, part), part);
        i += part;
    }
    vdev_push(&probe.dev, 0, chain, writer.written);
    /* The last one takes the free place; its segments move with it. */
    held_count--;
    if (index != held_count) {
        held[index] = held[held_count];
        held[index].chain.segments = held[index].segments;
    }
}

/* The driver takes back what was used, and checks each byte of it. */
static void driver_takes_back(struct driver_ring *ring)
{
    uint32_t index;
    uint32_t written;

    while (driver_ring_get(ring, &index, &written)) {
        struct slot *slot = &slots[index];
        uint32_t sum = sum_of(slot->sent, slot->readable);
        uint32_t done = 0;
        uint32_t read = 0;

        assert_true(index < SLOTS && slot->used);
        assert_true(written <= slot->writable);
        for (unsigned i = 0; i < slot->count; i++) {
            for (uint32_t j = 0; j < slot->elements[i].bytes; j++) {
                unsigned char byte = *world_at(&world, slot->elements[i].at + j);

                if (!slot->elements[i].write) {
                    assert_int_equal(byte, slot->sent[read++]);
                } else if (done < written) {
                    assert_int_equal(byte, answer_byte(sum, done++));
                }
            }
        }
        assert_int_equal(done, written);
        slot->used = false;
        outstanding--;
    }
}

static void run(uint64_t features, unsigned entries, uint64_t buffers)
{
    struct driver_ring *ring = &world.rings[0];
    uint64_t sent = 0;
    unsigned interrupts = 0;
    bool kicked = false;
    bool wants = true;

    seed = 0x9e3779b97f4a7c15ULL ^ features ^ entries;
    memset(slots, 0, sizeof slots);
    outstanding = 0;
    held_count = 0;
    probe_setup(&probe, &world);
    world_boot(&world, features, 1, entries);
    while (sent < buffers || outstanding != 0) {
        unsigned interrupts_before = world.raised_used;
        unsigned before = outstanding;

        if (sent < buffers) {
            sent += driver_adds(ring, (features & VIRTIO_F_INDIRECT_DESC) != 0);
        }
        /* The device looks only when it is told to, or has buffers and room for more. */
        kicked = (before != outstanding && driver_ring_publish(ring)) || kicked;
        if (kicked) {
            device_takes();
            kicked = held_count == MAX_IN_FLIGHT;
        }
        if (held_count != 0) {
            for (unsigned n = 1 + below(held_count); n > 0; n--) {
                device_answers();
            }
            vdev_signal(&probe.dev, 0);
        }
        /* The driver looks only when it is interrupted, or does not want to be. */
        if (world.raised_used != interrupts_before || !wants) {
            interrupts++;
            wants = below(4) != 0;
            driver_ring_interrupts(ring, wants);
            driver_takes_back(ring);
            driver_ring_interrupts(ring, wants);
        }
        if (sent >= buffers && held_count == 0 && !kicked && wants &&
            world.raised_used == interrupts_before) {
            /* All is quiet: then nothing may be outstanding. */
            assert_int_equal(outstanding, 0);
        }
        assert_int_equal(world.reports, 0);
    }
    assert_true(interrupts > 0);
    assert_int_equal(probe.dev.stats.requests, sent);
    assert_int_equal(probe.dev.stats.errors[VIRTIO_ERR_STALE], 0);
    world_free(&world);
}

static uint64_t buffers_wanted(void)
{
    const char *text = getenv("BULKHEAD_BUFFERS");
    uint64_t count = text != NULL ? strtoull(text, NULL, 0) : 0;

    return count != 0 ? count : 20000;
}

static void run_all(uint64_t format, const unsigned *entries, unsigned sizes)
{
    for (unsigned set = 0; set < 4; set++) {
        uint64_t features = format | ((set & 1) != 0 ? VIRTIO_F_EVENT_IDX : 0) |
                            ((set & 2) != 0 ? VIRTIO_F_INDIRECT_DESC : 0);

        for (unsigned i = 0; i < sizes; i++) {
            run(features, entries[i], buffers_wanted() / (4ULL * sizes));
        }
    }
}

static void split_ring_against_a_driver_model(void **state)
{
    static const unsigned entries[] = { 16, 64 };

    (void)state;
    run_all(0, entries, 2);
}

static void packed_ring_against_a_driver_model(void **state)
{
    static const unsigned entries[] = { 13, 16, 64 };

    (void)state;
    run_all(VIRTIO_F_RING_PACKED, entries, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(split_ring_against_a_driver_model),
        cmocka_unit_test(packed_ring_against_a_driver_model),
    };

    cmocka_set_test_filter(getenv("BULKHEAD_TEST"));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
