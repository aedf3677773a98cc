/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "vnet_rig.h"

struct vnet_rig vnet_rig;
const uint8_t vnet_rig_mac[VNET_MAC_BYTES] = { 2, 0, 0, 0, 0, 1 };
static struct virtq queues[VNET_QUEUES];
static struct chain_segment segments[VNET_SEGMENTS(VNET_RIG_ENTRIES)];

static enum vnet_result op_transmit(void *context, const struct vnet_frame *frame,
                                    struct chain_reader *reader)
{
    (void)context;
    assert_true(frame->bytes >= VNET_ETHERNET_BYTES && frame->bytes <= sizeof vnet_rig.sent);
    if (vnet_rig.answer == VNET_TAKEN || vnet_rig.answer == VNET_HELD) {
        assert_int_equal(chain_read(reader, vnet_rig.sent, frame->bytes), frame->bytes);
        vnet_rig.sent_frame = *frame;
        vnet_rig.sent_count++;
    }
    return vnet_rig.answer;
}

static unsigned op_end(void *context)
{
    (void)context;
    vnet_rig.ends++;
    return vnet_rig.keep;
}

static void op_wanted(void *context)
{
    (void)context;
    vnet_rig.wanted++;
}

static void op_changed(void *context)
{
    (void)context;
    vnet_rig.changes++;
}

static const struct vnet_ops ops = {
    .transmit = op_transmit,
    .transmit_end = op_end,
    .receive_wanted = op_wanted,
    .modes_changed = op_changed,
};

struct vnet_config vnet_rig_config(uint16_t mtu)
{
    struct vnet_config config = {
        .mem = &world.mem,
        .ops = &ops,
        .mtu = mtu,
        .link_up = true,
        .features = VNET_FEATURES | WORLD_RINGS,
        .queues = queues,
        .queue_entries = VNET_RIG_ENTRIES,
        .segments = segments,
        .report = world_report,
        .report_context = &world,
    };

    memcpy(config.mac, vnet_rig_mac, sizeof vnet_rig_mac);
    return config;
}

int vnet_rig_setup(void **state)
{
    const struct vnet_config config = vnet_rig_config(1500);

    (void)state;
    world_init(&world);
    vnet_rig.sent_count = 0;
    vnet_rig.ends = 0;
    vnet_rig.keep = 0;
    vnet_rig.wanted = 0;
    vnet_rig.changes = 0;
    vnet_rig.answer = VNET_TAKEN;
    assert_int_equal(vnet_init(&vnet_rig.net, &config), VIRTIO_OK);
    world_attach(&world, &vnet_rig.net.dev);
    return 0;
}

void vnet_rig_boot(uint64_t features)
{
    world_boot(&world, features, VNET_QUEUES, VNET_RIG_ENTRIES);
}

/* The guest's frame: `bytes` bytes of a pattern behind a header. */
static void fill_frame(uint64_t at, uint32_t bytes)
{
    unsigned char *place = world_at(&world, at);

    for (uint32_t i = 0; i < bytes; i++) {
        place[i] = (uint8_t)(i * 7 + 3);
    }
}

bool vnet_rig_send(const struct vnet_frame *frame)
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

bool vnet_rig_passes(struct vnet_frame frame)
{
    unsigned before = vnet_rig.sent_count;

    assert_true(vnet_rig_send(&frame));
    return vnet_rig.sent_count == before + 1;
}

void vnet_rig_give(uint64_t at, uint32_t bytes)
{
    const struct driver_element element = { at, bytes, true };

    assert_true(driver_ring_add(&world.rings[0], &element, 1, DRIVER_DIRECT, (uint32_t)at));
    world_kick(&world, 0);
}

enum vnet_result vnet_rig_receive(struct vnet_frame frame)
{
    static uint8_t bytes[VNET_MAX_FRAME];
    const struct vnet_piece pieces[2] = { { bytes, 14 }, { bytes + 14, frame.bytes - 14 } };
    enum vnet_result result;

    for (uint32_t i = 0; i < frame.bytes; i++) {
        bytes[i] = (uint8_t)(i * 5 + 1);
    }
    result = vnet_receive(&vnet_rig.net, &frame, pieces, 2);
    vnet_receive_end(&vnet_rig.net);
    return result;
}

uint16_t vnet_rig_word(uint64_t at)
{
    uint16_t value;

    memcpy(&value, world_at(&world, at), 2);
    return value;
}

uint32_t vnet_rig_received(void)
{
    uint32_t cookie;
    uint32_t written;

    return driver_ring_get(&world.rings[0], &cookie, &written) ? written : 0;
}
