/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <virtio/vnet.h>

#include "virtio_world.h"

#define ENTRIES 64U
#define RINGS (VIRTIO_F_INDIRECT_DESC | VIRTIO_F_EVENT_IDX | VIRTIO_F_RING_PACKED)
#define OFFLOADS                                                                               \
    (VNET_F_CSUM | VNET_F_HOST_TSO4 | VNET_F_HOST_TSO6 | VNET_F_HOST_ECN | VNET_F_GUEST_CSUM | \
     VNET_F_GUEST_TSO4 | VNET_F_GUEST_TSO6 | VNET_F_GUEST_ECN)
#define CONTROL                                                                  \
    (VNET_F_CTRL_VQ | VNET_F_CTRL_RX | VNET_F_CTRL_RX_EXTRA | VNET_F_CTRL_VLAN | \
     VNET_F_CTRL_MAC_ADDR | VNET_F_CTRL_GUEST_OFFLOADS | VNET_F_GUEST_ANNOUNCE | VNET_F_STATUS)
#define TSO_BYTES 60000U
#define RECEIVE_AT (WORLD_DATA_AT + 0x10000)
#define CONTROL_AT (WORLD_DATA_AT + 0x3f000)
#define CONFIG (VIRTIO_MMIO_CONFIG)

static const uint8_t own[VNET_MAC_BYTES] = { 2, 0, 0, 0, 0, 1 };
static const uint8_t broadcast[VNET_MAC_BYTES] = { 255, 255, 255, 255, 255, 255 };
static const uint8_t multicast[VNET_MAC_BYTES] = { 0x33, 0x33, 0, 0, 0, 1 };
static const uint8_t other[VNET_MAC_BYTES] = { 2, 0, 0, 0, 0, 9 };

static struct world world;
static struct vnet net;
static struct virtq queues[VNET_QUEUES];
static struct chain_segment segments[VNET_SEGMENTS(ENTRIES)];
static uint8_t sent[VNET_MAX_FRAME];
static struct vnet_frame sent_frame;
static unsigned sent_count;
static unsigned ends;
static unsigned keep;
static unsigned wanted;
static unsigned changes;
static enum vnet_result answer;

static enum vnet_result op_transmit(void *context, const struct vnet_frame *frame,
                                    struct chain_reader *reader)
{
    (void)context;
    assert_true(frame->bytes >= VNET_ETHERNET_BYTES && frame->bytes <= sizeof sent);
    if (answer == VNET_TAKEN || answer == VNET_HELD) {
        assert_int_equal(chain_read(reader, sent, frame->bytes), frame->bytes);
        sent_frame = *frame;
        sent_count++;
    }
    return answer;
}

static unsigned op_end(void *context)
{
    (void)context;
    ends++;
    return keep;
}

static void op_wanted(void *context)
{
    (void)context;
    wanted++;
}

static void op_changed(void *context)
{
    (void)context;
    changes++;
}

static const struct vnet_ops ops = {
    .transmit = op_transmit,
    .transmit_end = op_end,
    .receive_wanted = op_wanted,
    .modes_changed = op_changed,
};

static struct vnet_config config_of(uint16_t mtu)
{
    struct vnet_config config = {
        .mem = &world.mem,
        .ops = &ops,
        .mtu = mtu,
        .link_up = true,
        .features = VNET_FEATURES | RINGS,
        .queues = queues,
        .queue_entries = ENTRIES,
        .segments = segments,
        .report = world_report,
        .report_context = &world,
    };

    memcpy(config.mac, own, sizeof own);
    return config;
}

static int setup(void **state)
{
    const struct vnet_config config = config_of(1500);

    (void)state;
    world_init(&world);
    sent_count = 0;
    ends = 0;
    keep = 0;
    wanted = 0;
    changes = 0;
    answer = VNET_TAKEN;
    assert_int_equal(vnet_init(&net, &config), VIRTIO_OK);
    world_attach(&world, &net.dev);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    world_free(&world);
    return 0;
}

static void boot(uint64_t features)
{
    world_boot(&world, features, VNET_QUEUES, ENTRIES);
}

/* The guest's frame: `bytes` bytes of a pattern behind a header. */
static void fill_frame(uint64_t at, uint32_t bytes)
{
    unsigned char *place = world_at(&world, at);

    for (uint32_t i = 0; i < bytes; i++) {
        place[i] = (uint8_t)(i * 7 + 3);
    }
}

static bool send(const struct vnet_frame *frame)
{
    unsigned char *header = world_at(&world, WORLD_DATA_AT);
    const struct driver_element element = { WORLD_DATA_AT, VNET_HEADER_BYTES + frame->bytes,
                                            false };
    uint32_t cookie;
    uint32_t written;

    memset(header, 0, VNET_HEADER_BYTES);
    header[0] = frame->flags;
    header[1] = frame->gso_type;
    memcpy(header + 2, &frame->header_bytes, 2);
    memcpy(header + 4, &frame->gso_bytes, 2);
    memcpy(header + 6, &frame->csum_start, 2);
    memcpy(header + 8, &frame->csum_offset, 2);
    fill_frame(WORLD_DATA_AT + VNET_HEADER_BYTES, frame->bytes);
    assert_true(driver_ring_add(&world.rings[1], &element, 1, DRIVER_DIRECT, 1));
    world_kick(&world, 1);
    return driver_ring_get(&world.rings[1], &cookie, &written) && written == 0;
}

/* Whether a frame reaches `transmit`; it is given back in any case. */
static bool passes(struct vnet_frame frame)
{
    unsigned before = sent_count;

    assert_true(send(&frame));
    return sent_count == before + 1;
}

static void give(uint64_t at, uint32_t bytes)
{
    const struct driver_element element = { at, bytes, true };

    assert_true(driver_ring_add(&world.rings[0], &element, 1, DRIVER_DIRECT, (uint32_t)at));
    world_kick(&world, 0);
}

static enum vnet_result receive(struct vnet_frame frame)
{
    static uint8_t bytes[VNET_MAX_FRAME];
    const struct vnet_piece pieces[2] = { { bytes, 14 }, { bytes + 14, frame.bytes - 14 } };
    enum vnet_result result;

    for (uint32_t i = 0; i < frame.bytes; i++) {
        bytes[i] = (uint8_t)(i * 5 + 1);
    }
    result = vnet_receive(&net, &frame, pieces, 2);
    vnet_receive_end(&net);
    return result;
}

static uint16_t word_at(uint64_t at)
{
    uint16_t value;

    memcpy(&value, world_at(&world, at), 2);
    return value;
}

static uint32_t received(void)
{
    uint32_t cookie;
    uint32_t written;

    return driver_ring_get(&world.rings[0], &cookie, &written) ? written : 0;
}

/* A control message; returns the answer, 0 for done. */
static uint8_t control(uint8_t class, uint8_t command, const void *data, uint32_t bytes)
{
    const struct driver_element elements[3] = {
        { CONTROL_AT, 2, false },
        { CONTROL_AT + 2, bytes, false },
        { CONTROL_AT + 0x800, 1, true },
    };
    unsigned char *head = world_at(&world, CONTROL_AT);
    uint32_t cookie;
    uint32_t written;

    head[0] = class;
    head[1] = command;
    memcpy(head + 2, data, bytes);
    *world_at(&world, CONTROL_AT + 0x800) = 0xee;
    assert_true(driver_ring_add(&world.rings[2], elements, 3, DRIVER_DIRECT, 5));
    world_kick(&world, 2);
    assert_true(driver_ring_get(&world.rings[2], &cookie, &written));
    assert_int_equal(written, 1);
    return *world_at(&world, CONTROL_AT + 0x800);
}

static uint8_t control_switch(uint8_t command, uint8_t on)
{
    return control(0, command, &on, 1);
}

static void configuration_is_shown(void **state)
{
    (void)state;
    assert_int_equal(world_load(&world, VIRTIO_MMIO_DEVICE_ID), 1);
    assert_int_equal(world_load(&world, CONFIG), 0x00000002);
    /* Status: the link is up. */
    assert_int_equal(world_load(&world, CONFIG + 4), 0x00010100);
    assert_int_equal(world_load(&world, CONFIG + 8) >> 16, 1500);
}

static void features_need_others(void **state)
{
    static const uint64_t refused[] = {
        VNET_F_GUEST_TSO4,    VNET_F_GUEST_TSO6, VNET_F_GUEST_CSUM | VNET_F_GUEST_ECN,
        VNET_F_HOST_TSO4,     VNET_F_HOST_TSO6,  VNET_F_CSUM | VNET_F_HOST_ECN,
        VNET_F_CTRL_RX,       VNET_F_CTRL_VLAN,  VNET_F_GUEST_ANNOUNCE,
        VNET_F_CTRL_MAC_ADDR,
    };

    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        world_reset(&world);
        assert_false(world_negotiate(&world, refused[i]));
    }
    world_reset(&world);
    assert_true(world_negotiate(&world, VNET_F_GUEST_CSUM | VNET_F_GUEST_TSO6 | VNET_F_GUEST_ECN));
    world_reset(&world);
    assert_true(world_negotiate(&world, VNET_FEATURES));
}

static void frames_are_sent(void **state)
{
    (void)state;
    boot(0);
    for (uint32_t bytes = 14; bytes <= 1518; bytes += 47) {
        assert_true(passes((struct vnet_frame){ .bytes = bytes }));
        assert_int_equal(sent_frame.bytes, bytes);
        assert_memory_equal(sent, world_at(&world, WORLD_DATA_AT + VNET_HEADER_BYTES), bytes);
    }
    /* Nothing was held, so that nobody asks for how long. */
    assert_int_equal(ends, 0);
    assert_int_equal(net.stats.sent_frames, sent_count);
}

/* How many of the guest's frames it has the buffers back of, since the last call. */
static unsigned given_back(void)
{
    uint32_t cookie;
    uint32_t written;
    unsigned count = 0;

    while (driver_ring_get(&world.rings[1], &cookie, &written)) {
        assert_int_equal(written, 0);
        count++;
    }
    return count;
}

static void held_frames_come_back_when_they_may(void **state)
{
    const struct vnet_frame frame = { .bytes = 64 };
    uint64_t features[] = { 0, VIRTIO_F_RING_PACKED };

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        world_reset(&world);
        boot(features[i]);
        answer = VNET_HELD;
        keep = 0;
        assert_true(send(&frame));
        for (keep = 1; keep <= 3; keep++) {
            assert_false(send(&frame));
        }
        keep = 3;
        assert_int_equal(net.held_count, 3);
        /* What is sent behind them and not held comes back before them. */
        answer = VNET_TAKEN;
        assert_true(send(&frame));
        vnet_transmit_release(&net, 3);
        assert_int_equal(given_back(), 0);
        world.raised_used = 0;
        vnet_transmit_release(&net, 1);
        assert_int_equal(world.raised_used, 1);
        assert_int_equal(given_back(), 2);
        vnet_transmit_release(&net, 0);
        assert_int_equal(given_back(), 1);
        vnet_transmit_release(&net, 0);
        assert_int_equal(given_back(), 0);
    }
    assert_int_equal(world.reports, 0);
}

/* A guest that is to be held back more than there is room for gets its buffers back sooner. */
static void held_frames_are_bounded(void **state)
{
    (void)state;
    boot(0);
    answer = VNET_HELD;
    keep = UINT32_MAX;
    for (unsigned i = 0; i < 5 * VNET_HELD_FRAMES; i++) {
        assert_int_equal(send(&(struct vnet_frame){ .bytes = 64 }), i >= VNET_KEPT_FRAMES);
    }
    assert_int_equal(net.held_count, VNET_KEPT_FRAMES);
    assert_int_equal(net.stats.sent_frames, 5 * VNET_HELD_FRAMES);
}

/* A queue that ends takes with it what was held of it. */
static void held_frames_end_with_the_queue(void **state)
{
    (void)state;
    boot(0);
    answer = VNET_HELD;
    keep = 2;
    (void)send(&(struct vnet_frame){ .bytes = 64 });
    (void)send(&(struct vnet_frame){ .bytes = 64 });
    world_reset(&world);
    assert_int_equal(net.held_count, 0);
    vnet_transmit_release(&net, 0);
    boot(0);
    vnet_transmit_release(&net, 0);
    assert_int_equal(given_back(), 0);
    assert_int_equal(world.reports, 0);
    assert_false(send(&(struct vnet_frame){ .bytes = 64 }));
}

static void hostile_runts_and_giants(void **state)
{
    const struct driver_element nothing = { WORLD_DATA_AT, VNET_HEADER_BYTES - 1, false };
    const struct driver_element writable = { WORLD_DATA_AT, 100, true };

    (void)state;
    boot(OFFLOADS);
    assert_false(passes((struct vnet_frame){ .bytes = 0 }));
    assert_false(passes((struct vnet_frame){ .bytes = 13 }));
    assert_true(passes((struct vnet_frame){ .bytes = 1518 }));
    assert_false(passes((struct vnet_frame){ .bytes = 1519 }));
    assert_false(passes((struct vnet_frame){ .bytes = VNET_MAX_FRAME + 1,
                                             .flags = VNET_NEEDS_CSUM,
                                             .gso_type = VNET_GSO_TCP4,
                                             .gso_bytes = 1460 }));
    assert_true(driver_ring_add(&world.rings[1], &nothing, 1, DRIVER_DIRECT, 1));
    assert_true(driver_ring_add(&world.rings[1], &writable, 1, DRIVER_DIRECT, 1));
    world_kick(&world, 1);
    assert_int_equal(sent_count, 1);
    assert_int_equal(net.stats.sent_malformed, 6);
    assert_int_equal(net.dev.stats.errors[VIRTIO_ERR_MESSAGE], 6);
    assert_int_equal(net.dev.stats.errors[VIRTIO_ERR_DIRECTION], 1);
    assert_true(passes((struct vnet_frame){ .bytes = 60 }));
}

static void hostile_segmentation_headers(void **state)
{
    const struct vnet_frame good = {
        .bytes = TSO_BYTES,
        .flags = VNET_NEEDS_CSUM,
        .gso_type = VNET_GSO_TCP4,
        .header_bytes = 54,
        .gso_bytes = 1460,
        .csum_start = 34,
        .csum_offset = 16,
    };
    struct vnet_frame bad = good;

    (void)state;
    boot(OFFLOADS & ~(VNET_F_HOST_TSO6 | VNET_F_HOST_ECN));
    assert_true(passes(good));
    bad.gso_bytes = 0;
    assert_false(passes(bad));
    bad = good;
    bad.flags = 0;
    assert_false(passes(bad));
    bad = good;
    bad.gso_type = VNET_GSO_TCP6;
    assert_false(passes(bad));
    bad.gso_type = VNET_GSO_TCP4 | VNET_GSO_ECN;
    assert_false(passes(bad));
    bad.gso_type = 3;
    assert_false(passes(bad));
    bad = good;
    bad.csum_start = 65000;
    assert_false(passes(bad));
    boot(VNET_F_CSUM);
    assert_false(passes(good));
}

static void vio_net_01_unknown_flags_are_ignored(void **state)
{
    (void)state;
    boot(VNET_F_CSUM);
    assert_true(passes((struct vnet_frame){ .bytes = 60, .flags = 0xfe }));
    assert_int_equal(sent_frame.flags, 0);
    assert_true(passes(
        (struct vnet_frame){ .bytes = 60, .flags = 0xff, .csum_start = 34, .csum_offset = 24 }));
    assert_int_equal(sent_frame.flags, VNET_NEEDS_CSUM);
    /* Without NEEDS_CSUM the checksum's place is not looked at. */
    assert_true(
        passes((struct vnet_frame){ .bytes = 60, .csum_start = 0xffff, .csum_offset = 0xffff }));
    assert_false(passes((struct vnet_frame){ .bytes = 60, .flags = 1, .csum_start = 59 }));
    assert_false(passes(
        (struct vnet_frame){ .bytes = 60, .flags = 1, .csum_start = 1, .csum_offset = 0xffff }));
    boot(0);
    assert_false(passes((struct vnet_frame){ .bytes = 60, .flags = VNET_NEEDS_CSUM }));
}

static void vio_net_02_the_hint_of_the_headers_length_is_not_relied_on(void **state)
{
    struct vnet_frame frame = {
        .bytes = 4000,
        .flags = VNET_NEEDS_CSUM,
        .gso_type = VNET_GSO_TCP4,
        .header_bytes = 0xffff,
        .gso_bytes = 1460,
        .csum_start = 34,
        .csum_offset = 16,
    };

    (void)state;
    boot(OFFLOADS);
    assert_true(passes(frame));
    frame.header_bytes = 0;
    assert_true(passes(frame));
}

static void a_frame_waits_for_room(void **state)
{
    const struct vnet_frame frame = { .bytes = 200 };
    uint32_t cookie;
    uint32_t written;

    (void)state;
    boot(0);
    answer = VNET_WAIT;
    assert_false(send(&frame));
    assert_false(send(&frame));
    answer = VNET_TAKEN;
    vnet_transmit_resume(&net);
    assert_int_equal(sent_count, 2);
    vnet_transmit_resume(&net);
    assert_int_equal(sent_count, 2);
    assert_true(driver_ring_get(&world.rings[1], &cookie, &written));
    assert_true(driver_ring_get(&world.rings[1], &cookie, &written));
    /* And one that waits is forgotten by a reset. */
    answer = VNET_WAIT;
    assert_false(send(&frame));
    world_reset(&world);
    answer = VNET_TAKEN;
    vnet_transmit_resume(&net);
    assert_int_equal(sent_count, 2);
    answer = VNET_DROPPED;
    boot(0);
    assert_true(send(&frame));
    assert_int_equal(net.stats.sent_dropped, 1);
}

static void vio_net_03_no_offloads_that_the_driver_does_not_know(void **state)
{
    const struct vnet_frame sums = { .bytes = 60, .flags = 1, .csum_start = 34, .csum_offset = 6 };
    const struct vnet_frame valid = { .bytes = 60, .flags = VNET_DATA_VALID };
    const struct vnet_frame large = { .bytes = 1000, .gso_type = VNET_GSO_TCP4, .gso_bytes = 500 };

    (void)state;
    boot(0);
    give(RECEIVE_AT, 2000);
    assert_int_equal(receive(sums), VNET_DROPPED);
    assert_int_equal(receive(large), VNET_DROPPED);
    assert_int_equal(receive(valid), VNET_TAKEN);
    assert_int_equal(received(), 72);
    assert_int_equal(*world_at(&world, RECEIVE_AT), 0);
    boot(VNET_F_GUEST_CSUM | VNET_F_GUEST_TSO4);
    give(RECEIVE_AT, 2000);
    assert_int_equal(receive(sums), VNET_TAKEN);
    assert_int_equal(received(), 72);
    assert_int_equal(*world_at(&world, RECEIVE_AT), 1);
    assert_int_equal(word_at(RECEIVE_AT + 6), 34);
    assert_false(vnet_takes(&net, &(struct vnet_frame){ .gso_type = VNET_GSO_TCP6 }));
    assert_false(
        vnet_takes(&net, &(struct vnet_frame){ .gso_type = VNET_GSO_TCP4 | VNET_GSO_ECN }));
    give(RECEIVE_AT, 2000);
    assert_int_equal(receive(large), VNET_TAKEN);
    assert_int_equal(received(), 1012);
    assert_int_equal(*world_at(&world, RECEIVE_AT + 1), VNET_GSO_TCP4);
}

static void vio_net_04_the_number_of_buffers_is_that_of_the_used(void **state)
{
    static uint8_t joined[TSO_BYTES + VNET_HEADER_BYTES];
    const struct vnet_frame large = { .bytes = TSO_BYTES,
                                      .gso_type = VNET_GSO_TCP4,
                                      .gso_bytes = 1460 };
    uint32_t done = 0;
    unsigned buffers = 0;

    (void)state;
    boot(0);
    give(RECEIVE_AT, 1600);
    assert_int_equal(receive((struct vnet_frame){ .bytes = 1000 }), VNET_TAKEN);
    assert_int_equal(received(), 1012);
    assert_int_equal(word_at(RECEIVE_AT + 10), 1);
    boot(OFFLOADS | VNET_F_MRG_RXBUF | VIRTIO_F_EVENT_IDX);
    for (unsigned i = 0; i < 45; i++) {
        give(RECEIVE_AT + i * 1536ull, 1536);
    }
    assert_int_equal(receive(large), VNET_TAKEN);
    while (done < sizeof joined) {
        uint32_t part = received();

        assert_true(part != 0 && part <= sizeof joined - done);
        memcpy(joined + done, world_at(&world, RECEIVE_AT + buffers * 1536), part);
        done += part;
        buffers++;
        assert_true(part == 1536 || done == sizeof joined);
    }
    assert_int_equal(word_at(RECEIVE_AT + 10), buffers);
    for (uint32_t i = 0; i < TSO_BYTES; i++) {
        assert_int_equal(joined[VNET_HEADER_BYTES + i], (uint8_t)(i * 5 + 1));
    }
    /* The rest is there for the next. */
    assert_int_equal(receive((struct vnet_frame){ .bytes = 60 }), VNET_TAKEN);
    assert_int_equal(received(), 72);
}

static void a_frame_for_the_guest_waits_for_buffers(void **state)
{
    (void)state;
    boot(VNET_F_MRG_RXBUF);
    assert_int_equal(receive((struct vnet_frame){ .bytes = 1400 }), VNET_WAIT);
    give(RECEIVE_AT, 1000);
    assert_int_equal(wanted, 1);
    assert_int_equal(receive((struct vnet_frame){ .bytes = 1400 }), VNET_WAIT);
    assert_int_equal(received(), 0);
    give(RECEIVE_AT + 1000, 1000);
    assert_int_equal(wanted, 2);
    assert_int_equal(receive((struct vnet_frame){ .bytes = 1400 }), VNET_TAKEN);
    assert_int_equal(received(), 1000);
    assert_int_equal(received(), 412);
    give(RECEIVE_AT, 100);
    assert_int_equal(wanted, 2);
    /* What is in stock is forgotten by a reset, with the wish. */
    assert_int_equal(receive((struct vnet_frame){ .bytes = 1400 }), VNET_WAIT);
    world_reset(&world);
    assert_int_equal(receive((struct vnet_frame){ .bytes = 60 }), VNET_DROPPED);
    boot(VNET_F_MRG_RXBUF);
    give(RECEIVE_AT, 1536);
    assert_int_equal(wanted, 2);
    assert_int_equal(receive((struct vnet_frame){ .bytes = 60 }), VNET_TAKEN);
    assert_int_equal(received(), 72);
}

static void hostile_receive_buffers(void **state)
{
    const struct driver_element readable = { RECEIVE_AT, 100, false };

    (void)state;
    boot(0);
    /* One that is too small for a header, and one that cannot be written: given back. */
    give(RECEIVE_AT, 11);
    assert_true(driver_ring_add(&world.rings[0], &readable, 1, DRIVER_DIRECT, 1));
    world_kick(&world, 0);
    give(RECEIVE_AT + 0x1000, 100);
    memset(world_at(&world, RECEIVE_AT), 0xee, 200);
    assert_int_equal(receive((struct vnet_frame){ .bytes = 1000 }), VNET_DROPPED);
    assert_int_equal(receive((struct vnet_frame){ .bytes = 60 }), VNET_TAKEN);
    assert_int_equal(*world_at(&world, RECEIVE_AT), 0xee);
    assert_int_equal(received(), 0);
    assert_int_equal(received(), 0);
    assert_int_equal(received(), 72);
    assert_int_equal(net.dev.stats.errors[VIRTIO_ERR_SIZE], 2);
    /* Merged buffers of 20 bytes: a large frame finds no place, small ones do. */
    boot(OFFLOADS | VNET_F_MRG_RXBUF);
    for (unsigned i = 0; i < ENTRIES; i++) {
        give(RECEIVE_AT + i * 32, 20);
    }
    assert_int_equal(
        receive((struct vnet_frame){ .bytes = TSO_BYTES, .gso_type = 1, .gso_bytes = 1460 }),
        VNET_DROPPED);
    assert_int_equal(receive((struct vnet_frame){ .bytes = 60 }), VNET_TAKEN);
    assert_int_equal(word_at(RECEIVE_AT + 10), 4);
}

static void hostile_many_tiny_buffers(void **state)
{
    struct driver_element elements[16];

    (void)state;
    boot(OFFLOADS | VNET_F_MRG_RXBUF | VIRTIO_F_INDIRECT_DESC);
    for (unsigned i = 0; i < 16; i++) {
        elements[i] = (struct driver_element){ RECEIVE_AT + i, 1, true };
    }
    for (unsigned i = 0; i < ENTRIES; i++) {
        assert_true(driver_ring_add(&world.rings[0], elements, 16, DRIVER_INDIRECT, i));
    }
    world_kick(&world, 0);
    /* Its storage for segments is full before the frame fits. */
    assert_int_equal(
        receive((struct vnet_frame){ .bytes = TSO_BYTES, .gso_type = 1, .gso_bytes = 1460 }),
        VNET_DROPPED);
    for (unsigned i = 0; i < ENTRIES / 2; i++) {
        assert_int_equal(receive((struct vnet_frame){ .bytes = 20 }), VNET_TAKEN);
        assert_int_equal(received(), 16);
        assert_int_equal(received(), 16);
    }
}

static void vio_net_05_filter_tables_are_empty_after_reset(void **state)
{
    uint8_t table[4 + 6 + 4 + 6] = { 1, 0, 0, 0, 2,    0,    0, 0, 0, 9,
                                     1, 0, 0, 0, 0x33, 0x33, 0, 0, 0, 1 };
    uint16_t vlan = 5;

    (void)state;
    boot(CONTROL);
    /* Until the driver says something, all frames are wanted. */
    assert_true(vnet_wants(&net, other, -1));
    assert_int_equal(control_switch(0, 0), 0);
    assert_true(vnet_wants(&net, own, -1));
    assert_true(vnet_wants(&net, broadcast, -1));
    assert_false(vnet_wants(&net, multicast, -1));
    assert_false(vnet_wants(&net, other, -1));
    assert_int_equal(control(1, 0, table, sizeof table), 0);
    assert_true(vnet_wants(&net, multicast, -1));
    assert_true(vnet_wants(&net, other, -1));
    assert_false(vnet_wants(&net, own, 5));
    assert_int_equal(control(2, 0, &vlan, 2), 0);
    assert_true(vnet_wants(&net, own, 5));
    assert_false(vnet_wants(&net, own, 4));
    assert_int_equal(control(2, 1, &vlan, 2), 0);
    assert_false(vnet_wants(&net, own, 5));
    boot(CONTROL);
    assert_int_equal(control_switch(0, 0), 0);
    assert_false(vnet_wants(&net, multicast, -1));
    assert_false(vnet_wants(&net, other, -1));
    assert_false(vnet_wants(&net, own, 4));
    world_reset(&world);
    assert_false(vnet_wants(&net, own, -1));
}

static void receive_modes(void **state)
{
    (void)state;
    boot(CONTROL);
    assert_int_equal(control_switch(0, 0), 0);
    assert_int_equal(control_switch(1, 1), 0);
    assert_true(vnet_wants(&net, multicast, -1));
    assert_int_equal(control_switch(3, 1), 0);
    assert_false(vnet_wants(&net, multicast, -1));
    assert_int_equal(control_switch(5, 1), 0);
    assert_false(vnet_wants(&net, broadcast, -1));
    assert_int_equal(control_switch(2, 1), 0);
    assert_true(vnet_wants(&net, other, -1));
    assert_int_equal(control_switch(4, 1), 0);
    assert_false(vnet_wants(&net, own, -1));
    assert_true(changes >= 6);
}

static void vio_net_06_the_address_is_shown_before_the_answer(void **state)
{
    (void)state;
    boot(CONTROL | VNET_F_MAC);
    assert_int_equal(control_switch(0, 0), 0);
    assert_int_equal(control(1, 1, other, sizeof other), 0);
    assert_int_equal(world_load(&world, CONFIG), 2);
    assert_int_equal(world_load(&world, CONFIG + 4) & 0xffff, 0x0900);
    assert_true(vnet_wants(&net, other, -1));
    assert_false(vnet_wants(&net, own, -1));
    assert_int_equal(control(1, 1, multicast, sizeof multicast), 1);
    world_reset(&world);
    assert_int_equal(world_load(&world, CONFIG + 4) & 0xffff, 0x0100);
}

static void vio_net_07_the_mtu_is_in_its_range(void **state)
{
    struct vnet_config config = config_of(VNET_MIN_MTU - 1);

    (void)state;
    assert_int_equal(vnet_init(&net, &config), VIRTIO_ERR_ARGUMENT);
    config.mtu = VNET_MIN_MTU;
    assert_int_equal(vnet_init(&net, &config), VIRTIO_OK);
    config.mtu = VNET_MAX_MTU;
    assert_int_equal(vnet_init(&net, &config), VIRTIO_OK);
}

static void vio_net_08_nothing_above_the_mtu_is_passed(void **state)
{
    (void)state;
    boot(VNET_F_MTU);
    give(RECEIVE_AT, 4000);
    assert_int_equal(receive((struct vnet_frame){ .bytes = 1519 }), VNET_DROPPED);
    assert_int_equal(receive((struct vnet_frame){ .bytes = 1518 }), VNET_TAKEN);
    assert_int_equal(net.stats.received_too_large, 1);
}

static void vio_net_09_an_announcement_ends_before_the_answer(void **state)
{
    (void)state;
    boot(CONTROL);
    assert_int_equal(control(3, 0, "", 0), 1);
    vnet_announce(&net);
    assert_int_equal(world.raised_config, 1);
    assert_int_equal(world_load(&world, CONFIG + 4) >> 16, 3);
    assert_int_equal(control(3, 0, "", 0), 0);
    assert_int_equal(world_load(&world, CONFIG + 4) >> 16, 1);
    boot(VNET_F_STATUS);
    vnet_announce(&net);
    assert_int_equal(world_load(&world, CONFIG + 4) >> 16, 1);
}

static void receive_offloads_are_switched(void **state)
{
    const struct vnet_frame sums = { .bytes = 60, .flags = VNET_NEEDS_CSUM };
    uint64_t offloads = 0;

    (void)state;
    boot(CONTROL | VNET_F_GUEST_CSUM);
    assert_true(vnet_takes(&net, &sums));
    assert_int_equal(control(5, 0, &offloads, 8), 0);
    assert_false(vnet_takes(&net, &sums));
    offloads = VNET_F_GUEST_TSO4;
    assert_int_equal(control(5, 0, &offloads, 8), 1);
    offloads = VNET_F_GUEST_CSUM;
    assert_int_equal(control(5, 0, &offloads, 8), 0);
    assert_true(vnet_takes(&net, &sums));
}

static void hostile_control_messages(void **state)
{
    const struct driver_element no_answer = { CONTROL_AT, 3, false };
    const struct driver_element short_head[2] = { { CONTROL_AT, 1, false },
                                                  { CONTROL_AT + 0x800, 1, true } };
    uint8_t table[8] = { 255, 255, 255, 255, 0, 0, 0, 0 };
    uint16_t vlan = 4096;

    (void)state;
    boot(CONTROL);
    assert_int_equal(control(9, 0, "", 0), 1);
    assert_int_equal(control(0, 6, "x", 1), 1);
    assert_int_equal(control(0, 0, "", 0), 1);
    assert_int_equal(control(1, 0, table, 3), 1);
    assert_int_equal(control(1, 0, table, 8), 1);
    assert_int_equal(control(1, 2, table, 8), 1);
    assert_int_equal(control(1, 1, table, 5), 1);
    assert_int_equal(control(2, 0, &vlan, 2), 1);
    assert_int_equal(control(2, 2, "\1\0", 2), 1);
    assert_int_equal(control(5, 1, table, 8), 1);
    /* The mode is as it was. */
    assert_true(vnet_wants(&net, other, -1));
    assert_true(driver_ring_add(&world.rings[2], &no_answer, 1, DRIVER_DIRECT, 1));
    assert_true(driver_ring_add(&world.rings[2], short_head, 2, DRIVER_DIRECT, 1));
    world_kick(&world, 2);
    assert_int_equal(net.dev.stats.errors[VIRTIO_ERR_MESSAGE], 11);
    assert_int_equal(net.dev.stats.errors[VIRTIO_ERR_SIZE], 1);
    /* What was not negotiated is no command. */
    boot(VNET_F_CTRL_VQ);
    assert_int_equal(control_switch(0, 0), 1);
    assert_int_equal(control(1, 1, other, 6), 1);
    assert_int_equal(control(2, 0, "\5\0", 2), 1);
}

static void a_long_table_takes_all(void **state)
{
    uint8_t table[4 + 40 * 6 + 4] = { 40 };

    (void)state;
    boot(CONTROL);
    assert_int_equal(control_switch(0, 0), 0);
    assert_int_equal(control(1, 0, table, sizeof table), 0);
    assert_true(vnet_wants(&net, other, -1));
    assert_false(vnet_wants(&net, multicast, -1));
}

static void the_link_goes_down_and_up(void **state)
{
    (void)state;
    boot(VNET_F_STATUS);
    give(RECEIVE_AT, 2000);
    vnet_set_link(&net, false);
    assert_int_equal(world.raised_config, 1);
    assert_int_equal(world_load(&world, CONFIG + 4) >> 16, 0);
    assert_int_equal(receive((struct vnet_frame){ .bytes = 60 }), VNET_DROPPED);
    assert_false(passes((struct vnet_frame){ .bytes = 60 }));
    vnet_set_link(&net, true);
    vnet_set_link(&net, true);
    assert_int_equal(world.raised_config, 2);
    assert_int_equal(receive((struct vnet_frame){ .bytes = 60 }), VNET_TAKEN);
    assert_true(passes((struct vnet_frame){ .bytes = 60 }));
}

static void rings_at_every_offset(void **state)
{
    static const uint64_t features[] = { 0, VIRTIO_F_EVENT_IDX, VIRTIO_F_RING_PACKED,
                                         VIRTIO_F_RING_PACKED | VIRTIO_F_EVENT_IDX };

    (void)state;
    for (unsigned f = 0; f < 4; f++) {
        boot(VNET_F_MRG_RXBUF | features[f]);
        for (unsigned i = 0; i < 3 * ENTRIES + 1; i++) {
            give(RECEIVE_AT, 700);
            give(RECEIVE_AT + 700, 900);
            assert_int_equal(receive((struct vnet_frame){ .bytes = 1000 }), VNET_TAKEN);
            assert_int_equal(received(), 700);
            assert_int_equal(received(), 312);
            assert_int_equal(receive((struct vnet_frame){ .bytes = 61 }), VNET_WAIT);
            give(RECEIVE_AT, 73);
            assert_int_equal(receive((struct vnet_frame){ .bytes = 61 }), VNET_TAKEN);
            assert_int_equal(received(), 73);
            assert_true(passes((struct vnet_frame){ .bytes = 14 + i }));
        }
    }
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(configuration_is_shown),
        T(features_need_others),
        T(frames_are_sent),
        T(held_frames_come_back_when_they_may),
        T(held_frames_are_bounded),
        T(held_frames_end_with_the_queue),
        T(hostile_runts_and_giants),
        T(hostile_segmentation_headers),
        T(vio_net_01_unknown_flags_are_ignored),
        T(vio_net_02_the_hint_of_the_headers_length_is_not_relied_on),
        T(a_frame_waits_for_room),
        T(vio_net_03_no_offloads_that_the_driver_does_not_know),
        T(vio_net_04_the_number_of_buffers_is_that_of_the_used),
        T(a_frame_for_the_guest_waits_for_buffers),
        T(hostile_receive_buffers),
        T(hostile_many_tiny_buffers),
        T(vio_net_05_filter_tables_are_empty_after_reset),
        T(receive_modes),
        T(vio_net_06_the_address_is_shown_before_the_answer),
        T(vio_net_07_the_mtu_is_in_its_range),
        T(vio_net_08_nothing_above_the_mtu_is_passed),
        T(vio_net_09_an_announcement_ends_before_the_answer),
        T(receive_offloads_are_switched),
        T(hostile_control_messages),
        T(a_long_table_takes_all),
        T(the_link_goes_down_and_up),
        T(rings_at_every_offset),
    };

    cmocka_set_test_filter(getenv("BULKHEAD_TEST"));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
