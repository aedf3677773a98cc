/* SPDX-License-Identifier: BSD-2-Clause */
/* Frames that the switch copies from one guest's memory into another's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "io/net/direct.h"
#include "io/net/switch.h"
#include "tests/unit/net_rig.h"

#define PORTS 4U
#define SECOND 1000000000ULL
#define RAM UINT64_C(0x40000000)
#define RAM_BYTES 0x200000U
#define HEAD (NET_POST_HEADER + NET_ETHERNET_BYTES)
#define BUFFER 1536U
/* Where a test's guest has what it sends, and its buffers. */
#define SOURCE 0x1000U
#define BUFFERS 0x100000U

static struct net_switch network;
static struct net_client clients[PORTS];
static struct net_direct direct[PORTS];
static void *memories[PORTS];
static uint8_t *ram[PORTS];
static uint8_t *buffers;
static uint64_t now;

static void wish(unsigned port, uint32_t more)
{
    net_client_wish(&clients[port], NET_WISH_UP | NET_WISH_POSTS | more, 0);
    (void)net_switch_serve(&network, port, now);
}

static void open_port(unsigned port)
{
    net_rig_open(&clients[port], memories[port], buffers, PORTS, port);
    net_direct_open(&direct[port], &clients[port]);
    net_switch_unpost(&network, port);
    assert_int_equal(net_direct_unposted(&direct[port], true), 0);
    wish(port, NET_WISH_MERGE | NET_WISH_CSUM | NET_WISH_TCP4);
}

static void add_port(unsigned port)
{
    struct net_port_rules rules = {
        .vlan = NET_DEFAULT_VLAN,
        .to = UINT64_MAX,
        .guest = { RAM, RAM_BYTES, ram[port] },
    };

    net_rig_mac(port, rules.mac);
    if (port == 2) {
        rules.tagged[0] = 1U << 5;
    } else if (port == 3) {
        rules.vlan = 5;
        rules.rate = 1000;
        rules.burst = 1000;
    }
    net_switch_add(&network, &rules, memories[port]);
}

static int setup(void **state)
{
    (void)state;
    now = SECOND;
    buffers = calloc(PORTS, NET_BUFFER_BYTES);
    net_switch_init(&network, 300 * SECOND);
    for (unsigned i = 0; i < PORTS; i++) {
        memories[i] = net_rig_memory();
        /* With redzones of the allocation's own around it. */
        ram[i] = calloc(1, RAM_BYTES);
        add_port(i);
    }
    for (unsigned i = 0; i < PORTS; i++) {
        open_port(i);
    }
    (void)net_switch_notify(&network);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    for (unsigned i = 0; i < PORTS; i++) {
        free(memories[i]);
        free(ram[i]);
    }
    free(buffers);
    return 0;
}

/* Post `count` buffers of a size, one behind the other, from `number` on. */
static void post(unsigned port, unsigned number, unsigned count, uint32_t bytes)
{
    for (unsigned i = number; i < number + count; i++) {
        const struct net_piece piece = { RAM + BUFFERS + (uint64_t)i * bytes, bytes, 1 };

        assert_true(net_direct_post(&direct[port], &piece, 1));
    }
}

static struct net_frame frame_to(unsigned from, unsigned to, uint32_t payload)
{
    struct net_frame frame = { .bytes = NET_ETHERNET_BYTES + payload };

    net_rig_mac(to, frame.ethernet);
    net_rig_mac(from, frame.ethernet + NET_MAC_BYTES);
    frame.ethernet[12] = 8;
    return frame;
}

/* It is to be segmented, and its checksum to be finished. */
static void make_large(struct net_frame *frame, uint8_t gso_type)
{
    frame->flags = NET_NEEDS_CSUM;
    frame->csum_start = 34;
    frame->csum_offset = 16;
    frame->gso_type = gso_type;
    frame->gso_bytes = 1448;
}

/* Put a frame into the batch, whose payload is in `count` pieces. */
static void add(unsigned from, const struct net_frame *frame, const struct net_piece *pieces,
                unsigned count)
{
    struct net_piece *room;
    uint16_t slot;
    uint8_t *at;

    assert_true(net_client_reserve(&clients[from], frame->bytes, &slot, &at));
    assert_true(net_direct_room(&direct[from], &room) >= count);
    memcpy(room, pieces, count * sizeof(*pieces));
    net_direct_add(&direct[from], frame, count, slot);
}

/* Send the batch; slots are free again. Returns how many frames were taken. */
static unsigned send(unsigned from)
{
    unsigned frames = direct[from].frames;
    unsigned taken = net_switch_send(&network, from, frames, now);

    for (unsigned i = 0; i < frames; i++) {
        net_client_release(&clients[from], direct[from].slots[i]);
    }
    direct[from].frames = 0;
    direct[from].pieces = 0;
    return taken;
}

/* Send a frame of `payload` bytes that are in one piece. */
static unsigned send_to(unsigned from, unsigned to, uint32_t payload)
{
    const struct net_frame frame = frame_to(from, to, payload);
    const struct net_piece piece = { RAM + SOURCE, payload, 0 };

    add(from, &frame, &piece, 1);
    return send(from);
}

static void fill(unsigned port, uint32_t at, uint32_t bytes)
{
    for (uint32_t i = 0; i < bytes; i++) {
        ram[port][at + i] = (uint8_t)(i * 7 + i / 251 + 1);
    }
}

/* Receive a landed frame in `count` buffers. */
static struct net_frame landed(unsigned port, unsigned count)
{
    struct net_frame frame;
    const uint8_t *payload;

    assert_true(net_client_receive(&clients[port], &frame, &payload));
    assert_true((frame.flags & NET_LANDED) != 0);
    assert_true(net_direct_counts(&direct[port]));
    assert_int_equal(frame.slot, count);
    return frame;
}

static bool is_idle(unsigned port)
{
    return !net_client_any(&clients[port]);
}

static bool is_zero(const uint8_t *at, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        if (at[i] != 0) {
            return false;
        }
    }
    return true;
}

static void a_frame_is_copied_once(void **state)
{
    const struct net_piece pieces[] = { { RAM + SOURCE, 60, 0 }, { RAM + SOURCE + 60, 40, 0 } };
    struct net_frame frame = frame_to(0, 1, 100);

    (void)state;
    fill(0, SOURCE, 100);
    post(1, 0, 2, BUFFER);
    add(0, &frame, pieces, 2);
    assert_int_equal(send(0), 1);
    assert_int_equal(net_switch_notify(&network) & 2, 2);
    frame = landed(1, 1);
    assert_int_equal(frame.port, 0);
    assert_int_equal(frame.bytes, NET_ETHERNET_BYTES + 100);
    assert_memory_equal(ram[1] + BUFFERS + HEAD, ram[0] + SOURCE, 100);
    /* Around it nothing is touched, and neither are the sender's slots. */
    assert_true(is_zero(ram[1], BUFFERS + HEAD));
    assert_true(is_zero(ram[1] + BUFFERS + HEAD + 100, RAM_BYTES - BUFFERS - HEAD - 100));
    assert_true(is_zero(buffers, (size_t)PORTS * NET_BUFFER_BYTES));
    assert_int_equal(network.ports[1].stats.received_frames, 1);
    assert_int_equal(network.ports[0].stats.sent_bytes, NET_ETHERNET_BYTES + 100);
}

/* 64 KiB over buffers of all kinds, and many times, so that ring and hand wrap. */
static void large_frames_are_spread(void **state)
{
    const uint32_t payload = 65000;
    unsigned number = 0;

    (void)state;
    fill(0, SOURCE, payload);
    for (unsigned round = 0; round < 40; round++) {
        uint32_t size = 1000 + round * 13;
        unsigned count = (unsigned)((payload + HEAD + size - 1) / size);
        struct net_frame frame = frame_to(0, 1, payload);
        const struct net_piece piece = { RAM + SOURCE, payload, 0 };

        if (count > NET_LANDING_BUFFERS) {
            continue;
        }
        memset(ram[1], 0, RAM_BYTES);
        post(1, 0, count, size);
        make_large(&frame, NET_GSO_TCP4);
        add(0, &frame, &piece, 1);
        assert_int_equal(send(0), 1);
        frame = landed(1, count);
        assert_int_equal(frame.gso_bytes, 1448);
        assert_memory_equal(ram[1] + BUFFERS + HEAD, ram[0] + SOURCE, payload);
        number++;
    }
    assert_true(number > 10);
}

/* What is taken back is not written to, also by frames that were to come, and frames that landed
 * before count or do not, as the port wants. */
static void nothing_is_written_after_unpost(void **state)
{
    struct net_frame frame;
    const uint8_t *payload;

    (void)state;
    fill(0, SOURCE, 100);
    post(1, 0, 8, BUFFER);
    assert_int_equal(send_to(0, 1, 100), 1);
    assert_int_equal(send_to(0, 1, 100), 1);
    net_switch_unpost(&network, 1);
    assert_int_equal(net_direct_unposted(&direct[1], false), 2);
    memset(ram[1], 0, RAM_BYTES);
    assert_int_equal(send_to(0, 1, 100), 0);
    assert_true(is_zero(ram[1], RAM_BYTES));
    (void)landed(1, 1);

    net_switch_unpost(&network, 1);
    assert_int_equal(net_direct_unposted(&direct[1], true), 0);
    post(1, 20, 1, BUFFER);
    assert_int_equal(send_to(0, 1, 100), 1);
    /* The one that is left of before, and the new one. */
    assert_true(net_client_receive(&clients[1], &frame, &payload));
    assert_false(net_direct_counts(&direct[1]));
    (void)landed(1, 1);
    assert_true(is_idle(1));
}

/* A switch that begins anew knows of no posts until the port has taken back those of before. */
static void a_restart_forgets_posts(void **state)
{
    (void)state;
    post(1, 0, 4, BUFFER);
    assert_int_equal(send_to(0, 1, 100), 1);
    net_switch_init(&network, 300 * SECOND);
    for (unsigned i = 0; i < PORTS; i++) {
        add_port(i);
        (void)net_switch_serve(&network, i, now);
    }
    memset(ram[1], 0, RAM_BYTES);
    post(1, 4, 1, BUFFER);
    assert_int_equal(send_to(0, 1, 100), 0);
    assert_true(is_zero(ram[1], RAM_BYTES));
    assert_true(net_client_restarted(&clients[1]));
    net_switch_unpost(&network, 1);
    assert_int_equal(net_direct_unposted(&direct[1], false), 1);
    post(1, 8, 1, BUFFER);
    (void)landed(1, 1);
    assert_int_equal(send_to(0, 1, 100), 1);
    (void)landed(1, 1);
}

/* Who has posted too little gets frames in slots, and nothing behind them overtakes them. */
static void no_room_is_said_and_order_kept(void **state)
{
    struct net_frame frame = frame_to(0, 1, 1000);
    const struct net_piece piece = { RAM + SOURCE, 1000, 0 };
    const uint8_t *payload;
    uint16_t slot;
    uint8_t *at;

    (void)state;
    post(1, 0, 1, BUFFER);
    post(2, 0, 8, BUFFER);
    for (unsigned i = 0; i < 4; i++) {
        frame.ethernet[5] = i < 3 ? 1 : 2;
        add(0, &frame, &piece, 1);
    }
    assert_int_equal(send(0), 1);
    assert_true(is_idle(2));
    assert_int_equal(network.ports[0].stats.sent_frames, 1);

    /* The one that was not taken, and a further one with a batch: the first stays the first. */
    frame.ethernet[5] = 1;
    assert_true(net_client_reserve(&clients[0], 1014, &slot, &at));
    net_client_send(&clients[0], slot, &frame);
    post(1, 1, 4, BUFFER);
    add(0, &frame, &piece, 1);
    assert_int_equal(send(0), 1);
    (void)landed(1, 1);
    assert_true(net_client_receive(&clients[1], &frame, &payload));
    assert_int_equal(frame.flags & NET_LANDED, 0);
    net_client_return(&clients[1], &frame);
    (void)landed(1, 1);
    assert_true(is_idle(1));
}

static void buffers_that_are_too_small(void **state)
{
    (void)state;
    wish(1, 0);
    post(1, 0, 4, 512);
    assert_int_equal(send_to(0, 1, 512 - HEAD + 1), 0);
    assert_int_equal(send_to(0, 1, 512 - HEAD), 1);
    (void)landed(1, 1);
    wish(1, NET_WISH_MERGE);
    assert_int_equal(send_to(0, 1, 512 - HEAD + 1), 1);
    (void)landed(1, 2);
    assert_int_equal(send_to(0, 1, 512), 0);
}

static void offloads_need_a_receiver_that_has_them(void **state)
{
    struct net_frame frame = frame_to(0, 1, 3000);
    const struct net_piece piece = { RAM + SOURCE, 3000, 0 };

    (void)state;
    post(1, 0, 16, BUFFER);
    make_large(&frame, NET_GSO_TCP6);
    add(0, &frame, &piece, 1);
    assert_int_equal(send(0), 0);
    wish(1, NET_WISH_MERGE | NET_WISH_TCP6);
    add(0, &frame, &piece, 1);
    assert_int_equal(send(0), 0);
    wish(1, NET_WISH_MERGE | NET_WISH_TCP6 | NET_WISH_CSUM);
    add(0, &frame, &piece, 1);
    assert_int_equal(send(0), 1);
    frame.gso_type |= NET_GSO_ECN;
    add(0, &frame, &piece, 1);
    assert_int_equal(send(0), 0);
    wish(1, NET_WISH_MERGE | NET_WISH_TCP6 | NET_WISH_CSUM | NET_WISH_ECN);
    add(0, &frame, &piece, 1);
    assert_int_equal(send(0), 1);
}

/* All members of a group get it, or it goes another way. */
static void a_group_gets_it_or_not(void **state)
{
    struct net_frame frame = frame_to(0, 1, 100);
    const struct net_piece piece = { RAM + SOURCE, 100, 0 };

    (void)state;
    fill(0, SOURCE, 100);
    memset(frame.ethernet, 255, NET_MAC_BYTES);
    post(1, 0, 1, BUFFER);
    add(0, &frame, &piece, 1);
    assert_int_equal(send(0), 0);
    assert_true(is_idle(1));
    post(2, 0, 1, BUFFER);
    add(0, &frame, &piece, 1);
    assert_int_equal(send(0), 1);
    (void)landed(1, 1);
    (void)landed(2, 1);
    assert_memory_equal(ram[1] + BUFFERS + HEAD, ram[0] + SOURCE, 100);
    assert_memory_equal(ram[2] + BUFFERS + HEAD, ram[0] + SOURCE, 100);
    assert_int_equal(network.ports[0].stats.sent_frames, 1);
}

/* A tag is of the receiver's making, and has its place in the buffer. */
static void tags_have_their_place(void **state)
{
    struct net_frame frame = frame_to(2, 3, 100);
    const struct net_piece piece = { RAM + SOURCE, 100, 0 };

    (void)state;
    fill(2, SOURCE, 100);
    fill(3, SOURCE, 100);
    post(2, 0, 2, HEAD + NET_TAG_BYTES + 100);
    post(3, 0, 2, HEAD + 100);
    frame.vlan = NET_VLAN_TAG | 3U << 13 | 5;
    add(2, &frame, &piece, 1);
    assert_int_equal(send(2), 1);
    frame = landed(3, 1);
    assert_int_equal(frame.vlan, 0);
    assert_memory_equal(ram[3] + BUFFERS + HEAD, ram[2] + SOURCE, 100);

    assert_int_equal(send_to(3, 2, 100), 1);
    frame = landed(2, 1);
    assert_int_equal(frame.vlan, NET_VLAN_TAG | 5);
    assert_memory_equal(ram[2] + BUFFERS + HEAD + NET_TAG_BYTES, ram[3] + SOURCE, 100);
}

/* The same frames in slots and in a batch: what is dropped, and how it is counted, is the same. */
static void rules_hold_both_ways(void **state)
{
    const struct net_piece piece = { RAM + SOURCE, 100, 0 };
    struct net_frame frames[7];
    struct net_port_stats by_slot;
    struct net_port_stats by_batch;

    (void)state;
    for (unsigned i = 0; i < 7; i++) {
        frames[i] = frame_to(3, 2, 100);
    }
    frames[0].ethernet[11] = 9;        /* another's address */
    frames[1].ethernet[6] = 3;         /* a group's */
    frames[2].vlan = NET_VLAN_TAG | 7; /* a VLAN that it is not in */
    frames[3].ethernet[12] = 0x81;     /* a tag in the bytes */
    frames[3].ethernet[13] = 0;
    frames[4].flags = NET_NEEDS_CSUM; /* a checksum outside of the frame */
    frames[4].csum_start = 113;
    frames[5].gso_type = NET_GSO_TCP4; /* segments of no size */
    frames[6].ethernet[5] = 1;         /* to a port of another VLAN */
    for (unsigned i = 0; i < 16; i++) {
        uint16_t slot;
        uint8_t *at;

        assert_true(net_client_reserve(&clients[3], 114, &slot, &at));
        net_client_send(&clients[3], slot, i < 7 ? &frames[i] : &frames[6]);
    }
    (void)net_switch_serve(&network, 3, now);
    by_slot = network.ports[3].stats;
    assert_true(by_slot.limited > 0 && by_slot.wrong_source == 2 && by_slot.wrong_vlan == 2 &&
                by_slot.malformed == 2 && by_slot.unwanted > 0);

    (void)teardown(NULL);
    (void)setup(NULL);
    post(2, 0, 16, BUFFER);
    post(1, 0, 16, BUFFER);
    for (unsigned i = 0; i < 16; i++) {
        add(3, i < 7 ? &frames[i] : &frames[6], &piece, 1);
    }
    assert_int_equal(send(3), 16);
    by_batch = network.ports[3].stats;
    assert_memory_equal(&by_batch, &by_slot, sizeof(by_slot));
    assert_true(is_idle(1) && is_idle(2));
    assert_true(is_zero(ram[1], RAM_BYTES) && is_zero(ram[2], RAM_BYTES));
}

/* A monitor that was taken over describes memory that is not its guest's. */
static void hostile_pieces(void **state)
{
    static const struct net_piece wrong[] = {
        { RAM - 1, 100, 0 },     { RAM + RAM_BYTES - 99, 100, 0 }, { RAM + RAM_BYTES, 100, 0 },
        { 0, 100, 0 },           { UINT64_MAX - 50, 100, 0 },      { RAM + SOURCE, UINT32_MAX, 0 },
        { RAM + SOURCE, 99, 0 }, { RAM + SOURCE, 101, 0 },
    };

    (void)state;
    post(1, 0, 4, BUFFER);
    for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        const struct net_frame frame = frame_to(0, 1, 100);

        add(0, &frame, &wrong[i], 1);
        assert_int_equal(send(0), 1);
        assert_int_equal(network.ports[0].stats.malformed, i + 1);
    }
    assert_true(is_idle(1));
    assert_true(is_zero(ram[1], RAM_BYTES));
    assert_int_equal(send_to(0, 1, 100), 1);
}

static void hostile_posts(void **state)
{
    static const struct net_piece wrong[] = {
        { RAM - 1, BUFFER, 1 },    { RAM + RAM_BYTES - BUFFER + 1, BUFFER, 1 },
        { UINT64_MAX, BUFFER, 1 }, { RAM, RAM_BYTES + 1, 1 },
        { RAM, UINT32_MAX, 1 },
    };

    (void)state;
    for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_true(net_direct_post(&direct[1], &wrong[i], 1));
    }
    assert_int_equal(send_to(0, 1, 100), 0);
    assert_int_equal(network.ports[1].landing.broken, sizeof(wrong) / sizeof(wrong[0]));
    /* They are empty ones of a buffer that goes on. */
    post(1, 0, 1, BUFFER);
    assert_int_equal(send_to(0, 1, 100), 1);
    (void)landed(1, sizeof(wrong) / sizeof(wrong[0]) + 1);
    assert_true(is_zero(ram[1], BUFFERS + HEAD));

    /* A buffer without end, and rings that make no sense. */
    for (unsigned i = 0; i < 400; i++) {
        const struct net_piece piece = { RAM + BUFFERS, 1, 0 };

        assert_true(net_direct_post(&direct[1], &piece, 1));
        assert_int_equal(send_to(0, 1, 100), 0);
    }
    direct[1].posted.memory->produced += 100000;
    assert_int_equal(send_to(0, 1, 100), 0);
    net_switch_unpost(&network, 1);
    assert_int_equal(send_to(0, 1, 100), 0);
}

static void hostile_batches(void **state)
{
    const struct net_piece piece = { RAM + SOURCE, 100, 0 };
    struct net_batch *batch = &clients[0].memory->batch;
    struct net_frame frame = frame_to(0, 1, 100);

    (void)state;
    post(1, 0, 64, BUFFER);
    for (unsigned i = 0; i < NET_BATCH_FRAMES; i++) {
        batch->frames[i] = frame;
        batch->frames[i].slot = 1;
        batch->pieces[i] = piece;
    }
    /* More frames than a batch holds. */
    assert_int_equal(net_switch_send(&network, 0, UINT64_MAX, now), NET_BATCH_FRAMES);
    /* More pieces than there are. */
    batch->frames[0].slot = NET_BATCH_PIECES + 1;
    assert_int_equal(net_switch_send(&network, 0, 1, now), 0);
    batch->frames[0].slot = UINT16_MAX;
    assert_int_equal(net_switch_send(&network, 0, 1, now), 0);
    batch->frames[0].slot = 1;
    batch->frames[1].slot = NET_BATCH_PIECES;
    assert_int_equal(net_switch_send(&network, 0, 2, now), 1);
    /* No payload, a runt and a giant, and flags that are the switch's. */
    batch->frames[0].slot = 0;
    assert_int_equal(net_switch_send(&network, 0, 1, now), 1);
    batch->frames[0].bytes = NET_ETHERNET_BYTES - 1;
    assert_int_equal(net_switch_send(&network, 0, 1, now), 1);
    batch->frames[0].bytes = UINT32_MAX;
    assert_int_equal(net_switch_send(&network, 0, 1, now), 1);
    assert_int_equal(network.ports[0].stats.malformed, 6);
    assert_int_equal(network.ports[1].stats.received_frames, NET_BATCH_FRAMES + 1);

    /* A port cannot say that something landed. */
    frame.flags = NET_LANDED;
    frame.offset = 0;
    for (unsigned i = 0; i < NET_BATCH_FRAMES + 1; i++) {
        (void)landed(1, 1);
    }
    {
        const uint8_t *payload;
        uint16_t slot;
        uint8_t *at;

        assert_true(net_client_reserve(&clients[0], 114, &slot, &at));
        net_client_send(&clients[0], slot, &frame);
        (void)net_switch_serve(&network, 0, now);
        assert_true(net_client_receive(&clients[1], &frame, &payload));
        assert_int_equal(frame.flags, 0);
    }
}

/* A port with whose guest's memory the switch is not trusted. */
static void a_port_without_memory(void **state)
{
    (void)state;
    post(1, 0, 4, BUFFER);
    network.ports[1].rules.guest.bytes = 0;
    network.ports[1].landing.memory.bytes = 0;
    net_switch_unpost(&network, 1);
    post(1, 0, 4, BUFFER);
    assert_int_equal(send_to(0, 1, 100), 0);
    assert_int_equal(send_to(1, 0, 100), 0);
    assert_int_equal(network.ports[1].stats.malformed, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_frame_is_copied_once),
        TEST(large_frames_are_spread),
        TEST(nothing_is_written_after_unpost),
        TEST(a_restart_forgets_posts),
        TEST(no_room_is_said_and_order_kept),
        TEST(buffers_that_are_too_small),
        TEST(offloads_need_a_receiver_that_has_them),
        TEST(a_group_gets_it_or_not),
        TEST(tags_have_their_place),
        TEST(rules_hold_both_ways),
        TEST(hostile_pieces),
        TEST(hostile_posts),
        TEST(hostile_batches),
        TEST(a_port_without_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
