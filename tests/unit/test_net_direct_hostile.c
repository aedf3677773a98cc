/* SPDX-License-Identifier: BSD-2-Clause */
/* Monitors that were taken over, and describe memory, posts and batches that cannot be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "direct_rig.h"

/* A monitor that was taken over describes memory that is not its guest's. */
static void hostile_pieces(void **state)
{
    static const struct net_piece wrong[] = {
        { DIRECT_RIG_RAM - 1, 100, 0 },
        { DIRECT_RIG_RAM + DIRECT_RIG_RAM_BYTES - 99, 100, 0 },
        { DIRECT_RIG_RAM + DIRECT_RIG_RAM_BYTES, 100, 0 },
        { 0, 100, 0 },
        { UINT64_MAX - 50, 100, 0 },
        { DIRECT_RIG_RAM + DIRECT_RIG_SOURCE, UINT32_MAX, 0 },
        { DIRECT_RIG_RAM + DIRECT_RIG_SOURCE, 99, 0 },
        { DIRECT_RIG_RAM + DIRECT_RIG_SOURCE, 101, 0 },
    };

    (void)state;
    direct_rig_post(1, 0, 4, DIRECT_RIG_BUFFER);
    for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        const struct net_frame frame = direct_rig_frame(0, 1, 100);

        direct_rig_add(0, &frame, &wrong[i], 1);
        assert_int_equal(direct_rig_send(0), 1);
        assert_int_equal(direct_rig.network.ports[0].stats.malformed, i + 1);
    }
    assert_true(direct_rig_idle(1));
    assert_true(direct_rig_is_zero(direct_rig.ram[1], DIRECT_RIG_RAM_BYTES));
    assert_int_equal(direct_rig_send_to(0, 1, 100), 1);
}

static void hostile_posts(void **state)
{
    static const struct net_piece wrong[] = {
        { DIRECT_RIG_RAM - 1, DIRECT_RIG_BUFFER, 1 },
        { DIRECT_RIG_RAM + DIRECT_RIG_RAM_BYTES - DIRECT_RIG_BUFFER + 1, DIRECT_RIG_BUFFER, 1 },
        { UINT64_MAX, DIRECT_RIG_BUFFER, 1 },
        { DIRECT_RIG_RAM, DIRECT_RIG_RAM_BYTES + 1, 1 },
        { DIRECT_RIG_RAM, UINT32_MAX, 1 },
    };

    (void)state;
    for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_true(net_direct_post(&direct_rig.direct[1], &wrong[i], 1));
    }
    assert_int_equal(direct_rig_send_to(0, 1, 100), 0);
    assert_int_equal(direct_rig.network.ports[1].landing.broken, sizeof(wrong) / sizeof(wrong[0]));
    /* They are empty ones of a buffer that goes on. */
    direct_rig_post(1, 0, 1, DIRECT_RIG_BUFFER);
    assert_int_equal(direct_rig_send_to(0, 1, 100), 1);
    (void)direct_rig_landed(1, sizeof(wrong) / sizeof(wrong[0]) + 1);
    assert_true(direct_rig_is_zero(direct_rig.ram[1], DIRECT_RIG_BUFFERS + DIRECT_RIG_HEAD));

    /* A buffer without end, and rings that make no sense. */
    for (unsigned i = 0; i < 400; i++) {
        const struct net_piece piece = { DIRECT_RIG_RAM + DIRECT_RIG_BUFFERS, 1, 0 };

        assert_true(net_direct_post(&direct_rig.direct[1], &piece, 1));
        assert_int_equal(direct_rig_send_to(0, 1, 100), 0);
    }
    direct_rig.direct[1].posted.memory->produced += 100000;
    assert_int_equal(direct_rig_send_to(0, 1, 100), 0);
    net_switch_unpost(&direct_rig.network, 1);
    assert_int_equal(direct_rig_send_to(0, 1, 100), 0);
}

static void hostile_batches(void **state)
{
    const struct net_piece piece = { DIRECT_RIG_RAM + DIRECT_RIG_SOURCE, 100, 0 };
    struct net_batch *batch = &direct_rig.clients[0].memory->batch;
    struct net_frame frame = direct_rig_frame(0, 1, 100);

    (void)state;
    direct_rig_post(1, 0, 64, DIRECT_RIG_BUFFER);
    for (unsigned i = 0; i < NET_BATCH_FRAMES; i++) {
        batch->frames[i] = frame;
        batch->frames[i].slot = 1;
        batch->pieces[i] = piece;
    }
    /* More frames than a batch holds. */
    assert_int_equal(net_switch_send(&direct_rig.network, 0, UINT64_MAX, direct_rig.now),
                     NET_BATCH_FRAMES);
    /* More pieces than there are. */
    batch->frames[0].slot = NET_BATCH_PIECES + 1;
    assert_int_equal(net_switch_send(&direct_rig.network, 0, 1, direct_rig.now), 0);
    batch->frames[0].slot = UINT16_MAX;
    assert_int_equal(net_switch_send(&direct_rig.network, 0, 1, direct_rig.now), 0);
    batch->frames[0].slot = 1;
    batch->frames[1].slot = NET_BATCH_PIECES;
    assert_int_equal(net_switch_send(&direct_rig.network, 0, 2, direct_rig.now), 1);
    /* No payload, a runt and a giant, and flags that are the switch's. */
    batch->frames[0].slot = 0;
    assert_int_equal(net_switch_send(&direct_rig.network, 0, 1, direct_rig.now), 1);
    batch->frames[0].bytes = NET_ETHERNET_BYTES - 1;
    assert_int_equal(net_switch_send(&direct_rig.network, 0, 1, direct_rig.now), 1);
    batch->frames[0].bytes = UINT32_MAX;
    assert_int_equal(net_switch_send(&direct_rig.network, 0, 1, direct_rig.now), 1);
    assert_int_equal(direct_rig.network.ports[0].stats.malformed, 6);
    assert_int_equal(direct_rig.network.ports[1].stats.received_frames, NET_BATCH_FRAMES + 1);

    /* A port cannot say that something landed. */
    frame.flags = NET_LANDED;
    frame.offset = 0;
    for (unsigned i = 0; i < NET_BATCH_FRAMES + 1; i++) {
        (void)direct_rig_landed(1, 1);
    }
    {
        const uint8_t *payload;
        uint16_t slot;
        uint8_t *at;

        assert_true(net_client_reserve(&direct_rig.clients[0], 114, &slot, &at));
        net_client_send(&direct_rig.clients[0], slot, &frame);
        (void)net_switch_serve(&direct_rig.network, 0, direct_rig.now);
        assert_true(net_client_receive(&direct_rig.clients[1], &frame, &payload));
        assert_int_equal(frame.flags, 0);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, direct_rig_setup, direct_rig_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(hostile_pieces),
        TEST(hostile_posts),
        TEST(hostile_batches),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
