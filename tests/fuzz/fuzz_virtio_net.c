/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A network device between a driver that stores whatever the input says into its queues, and a
 * network that both takes frames and has some for it. What is sent must be sound, what is received
 * arrives whole and only in memory that the driver made available.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <virtio/vnet.h>

#include "virtio_guest.h"
#include "virtio_world.h"

#define ENTRIES 8U
#define MAX_STEPS 64U
#define OFFERED (VNET_FEATURES | VIRTIO_F_INDIRECT_DESC | VIRTIO_F_EVENT_IDX | VIRTIO_F_RING_PACKED)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct world world;
static struct vnet net;
static struct virtq queues[VNET_QUEUES];
static struct chain_segment segments[VNET_SEGMENTS(ENTRIES)];
static uint8_t bytes[VNET_MAX_FRAME];
static enum vnet_result answer;
static unsigned keep;

static enum vnet_result op_transmit(void *context, const struct vnet_frame *frame,
                                    struct chain_reader *reader)
{
    uint8_t kind = frame->gso_type & (uint8_t)~VNET_GSO_ECN;

    (void)context;
    guest_check(frame->bytes >= VNET_ETHERNET_BYTES && frame->bytes <= VNET_MAX_FRAME, "length");
    guest_check((frame->flags & ~VNET_NEEDS_CSUM) == 0, "flags");
    guest_check(frame->flags == 0 ||
                    (uint32_t)frame->csum_start + frame->csum_offset + 2U <= frame->bytes,
                "the checksum lies inside");
    guest_check(frame->gso_type == VNET_GSO_NONE ||
                    ((kind == VNET_GSO_TCP4 || kind == VNET_GSO_TCP6) && frame->gso_bytes != 0 &&
                     frame->flags != 0),
                "segmentation");
    guest_check(frame->gso_type != VNET_GSO_NONE || frame->bytes <= 1518U, "the MTU");
    if (answer == VNET_TAKEN || answer == VNET_HELD) {
        guest_check(chain_read(reader, bytes, frame->bytes) == frame->bytes, "the whole frame");
    }
    return answer;
}

static unsigned op_end(void *context)
{
    (void)context;
    guest_check(net.held_count != 0 && net.held_count <= VNET_HELD_FRAMES, "frames that are held");
    return keep;
}

static void op_wanted(void *context)
{
    (void)context;
    guest_check(net.dev.live, "a driver that is there");
}

static void op_changed(void *context)
{
    (void)context;
    guest_check(net.modes.unicast.count <= VNET_MAX_FILTER &&
                    net.modes.multicast.count <= VNET_MAX_FILTER,
                "the filters");
    guest_check((net.offloads & ~net.dev.accepted) == 0, "offloads were negotiated");
}

static const struct vnet_ops ops = {
    .transmit = op_transmit,
    .transmit_end = op_end,
    .receive_wanted = op_wanted,
    .modes_changed = op_changed,
};

static void begin(void)
{
    struct vnet_config config = {
        .mem = &world.mem,
        .ops = &ops,
        .mac = { 2, 0, 0, 0, 0, 1 },
        .mtu = 1500,
        .link_up = true,
        .features = OFFERED,
        .queues = queues,
        .queue_entries = ENTRIES,
        .segments = segments,
    };

    if (world.ram[0] == NULL) {
        world_init(&world);
    }
    memset(world_at(&world, WORLD_QUEUES_AT), 0, VNET_QUEUES * WORLD_QUEUE_BYTES);
    guest_check(vnet_init(&net, &config) == VIRTIO_OK, "a device");
    world_attach(&world, &net.dev);
}

/* A frame for the driver. */
static void receive(struct input *input)
{
    struct vnet_frame frame = {
        .bytes = VNET_ETHERNET_BYTES + input_u16(input),
        .flags = input_u8(input) & (VNET_NEEDS_CSUM | VNET_DATA_VALID),
        .gso_type = input_u8(input) % 2 != 0 ? VNET_GSO_TCP4 : VNET_GSO_NONE,
        .gso_bytes = 1460,
    };
    const struct vnet_piece pieces[2] = { { bytes, 14 }, { bytes + 14, frame.bytes - 14 } };
    uint64_t before = net.dev.stats.bytes_in;
    uint64_t frames = net.stats.received_frames;
    enum vnet_result result = vnet_receive(&net, &frame, pieces, 2);

    vnet_receive_end(&net);
    guest_check((result == VNET_TAKEN) == (net.stats.received_frames == frames + 1), "counted");
    /* The device may have failed on a later buffer; else all bytes are there. */
    guest_check(result != VNET_TAKEN || !net.dev.live ||
                    net.dev.stats.bytes_in - before == frame.bytes + VNET_HEADER_BYTES,
                "the whole frame, once");
    guest_check(net.stock_count <= VNET_STOCK && net.used_segments <= 2 * ENTRIES, "the stock");
}

/* The driver stores bytes: into a queue's areas most often, or where data is. */
static void store(struct input *input)
{
    uint32_t where = input_u8(input) % (VNET_QUEUES + 1);
    uint32_t offset = input_u16(input) % 0x3000;
    uint32_t count = input_u8(input) % 64;
    unsigned char *place = where < VNET_QUEUES
                               ? world_at(&world, WORLD_QUEUES_AT + where * WORLD_QUEUE_BYTES)
                               : world_at(&world, WORLD_DATA_AT);

    for (uint32_t i = 0; i < count; i++) {
        place[offset + i] = input_u8(input);
    }
}

/* A buffer that makes sense, of one element. */
static void add(struct input *input)
{
    uint32_t queue = input_u8(input) % VNET_QUEUES;
    struct driver_element elements[2] = {
        { WORLD_DATA_AT + input_u8(input) * 16U, input_u16(input) % 0x4000, queue == 0 },
        { WORLD_DATA_AT + 0x8000, 1, true },
    };

    if (driver_ring_add(&world.rings[queue], elements, queue == 2 ? 2 : 1, DRIVER_DIRECT, 1)) {
        (void)world_kick(&world, queue);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = { data, size };
    uint64_t features;

    begin();
    features = input_u64(&input) & OFFERED;
    world_reset(&world);
    if (!world_negotiate(&world, features)) {
        return 0;
    }
    for (unsigned i = 0; i < VNET_QUEUES; i++) {
        world_queue(&world, i, ENTRIES, features);
    }
    world_driver_ok(&world);
    for (unsigned step = 0; step < MAX_STEPS && input.left != 0; step++) {
        switch (input_u8(&input) % 8) {
        case 0:
            store(&input);
            break;
        case 1:
            (void)vmmio_doorbell(&world.mmio);
            break;
        case 2:
            (void)vdev_work(&net.dev);
            break;
        case 3:
            receive(&input);
            break;
        case 4:
            answer = (enum vnet_result)(input_u8(&input) % (VNET_DROPPED + 1));
            keep = input_u8(&input) % (VNET_HELD_FRAMES + 1);
            vnet_transmit_release(&net, keep);
            guest_check(net.held_count <= VNET_KEPT_FRAMES, "frames that are kept");
            vnet_transmit_resume(&net);
            break;
        case 5:
            vnet_set_link(&net, input_u8(&input) % 4 != 0);
            vnet_announce(&net);
            break;
        default:
            add(&input);
            break;
        }
    }
    (void)vnet_wants(&net, bytes, -1);
    return 0;
}
