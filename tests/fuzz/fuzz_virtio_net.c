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

#define ENTRIES 64U
#define MAX_STEPS 96U
/* Of the first number of the input, beside the features: somebody fills posted buffers. */
#define POSTS (UINT64_C(1) << 63)
#define MESSAGE_AT (WORLD_DATA_AT + 0x20000)
#define OFFERED (VNET_FEATURES | VIRTIO_F_INDIRECT_DESC | VIRTIO_F_EVENT_IDX | VIRTIO_F_RING_PACKED)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct world world;
static struct vnet net;
static struct virtq queues[VNET_QUEUES];
static struct chain_segment segments[VNET_SEGMENTS(ENTRIES)];
static uint8_t bytes[VNET_MAX_FRAME];
static enum vnet_result answer;
static unsigned keep;
/* Posted buffers: those that somebody filled, whose frame has not come yet, and behind them those
 * that nobody did. */
static struct chain posts[VNET_POSTED];
static struct chain_segment posted_segments[VNET_POSTED][VNET_POSTED_PIECES];
static unsigned posted_count;
static unsigned filled_count;
static bool stored;

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
    guest_check(frame->gso_type == VNET_GSO_NONE ||
                    vdev_has(&net.dev, kind == VNET_GSO_TCP4 ? VNET_F_HOST_TSO4 : VNET_F_HOST_TSO6),
                "segmentation that was negotiated");
    guest_check(net.held_count < VNET_HELD_FRAMES, "room to hold a frame");
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

static bool op_post(void *context, const struct chain *chain)
{
    unsigned count = chain->count - chain->readable;

    (void)context;
    guest_check(count != 0 && chain->count <= VNET_POSTED_PIECES, "pieces of a posted buffer");
    guest_check(posted_count < VNET_POSTED, "no more are posted than there may be");
    if ((answer == VNET_WAIT && posted_count % 4 == 3)) {
        return false;
    }
    posts[posted_count] = *chain;
    posts[posted_count].segments = posted_segments[posted_count];
    memcpy(posted_segments[posted_count], chain->segments, chain->count * sizeof *chain->segments);
    posted_count++;
    return true;
}

static unsigned op_unpost(void *context, bool all)
{
    (void)context;
    filled_count = all ? 0 : filled_count;
    posted_count = filled_count;
    return filled_count;
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

static const struct vnet_ops posting_ops = {
    .transmit = op_transmit,
    .transmit_end = op_end,
    .post = op_post,
    .unpost = op_unpost,
    .receive_wanted = op_wanted,
    .modes_changed = op_changed,
};

/* What a feature needs, as the driver must know. */
static uint64_t mend(uint64_t features)
{
    features &= OFFERED;
    if ((features & VNET_F_GUEST_ECN) != 0) {
        features |= VNET_F_GUEST_TSO4;
    }
    if ((features & VNET_F_HOST_ECN) != 0) {
        features |= VNET_F_HOST_TSO4;
    }
    if ((features & (VNET_F_GUEST_TSO4 | VNET_F_GUEST_TSO6)) != 0) {
        features |= VNET_F_GUEST_CSUM;
    }
    if ((features & (VNET_F_HOST_TSO4 | VNET_F_HOST_TSO6)) != 0) {
        features |= VNET_F_CSUM;
    }
    return features | VNET_F_CTRL_VQ;
}

/* The driver starts, or starts anew. */
static bool boot(uint64_t features)
{
    world_reset(&world);
    guest_check(posted_count == 0 && net.held_count == 0 && net.stock_count == 0,
                "a reset leaves nothing");
    if (!world_negotiate(&world, features)) {
        return false;
    }
    for (unsigned i = 0; i < VNET_QUEUES; i++) {
        world_queue(&world, i, ENTRIES, features);
    }
    world_driver_ok(&world);
    stored = false;
    return true;
}

static void begin(bool posting)
{
    struct vnet_config config = {
        .mem = &world.mem,
        .ops = posting ? &posting_ops : &ops,
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
    posted_count = 0;
    filled_count = 0;
    answer = VNET_TAKEN;
    keep = 0;
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

/* Somebody fills posted buffers, as many as a frame needs, but for what the device writes. */
static void fill(struct input *input)
{
    struct vnet_frame frame = { .bytes = VNET_ETHERNET_BYTES + input_u16(input) % 0x1000 };
    uint64_t need = frame.bytes + VNET_HEADER_BYTES;
    uint64_t room = 0;
    unsigned buffers = 0;

    while (filled_count + buffers < posted_count && room < need) {
        room += posts[filled_count + buffers++].writable_bytes.bytes;
    }
    if (room >= need) {
        for (unsigned i = filled_count; i < filled_count + buffers; i++) {
            for (unsigned n = posts[i].readable; n < posts[i].count; n++) {
                memset(posts[i].segments[n].host.ptr, 0x5a, posts[i].segments[n].bytes);
            }
        }
        filled_count += buffers;
    }
}

/* The oldest `buffers` posted buffers are not posted any more. */
static void forget_posted(unsigned buffers)
{
    for (unsigned i = buffers; i < posted_count; i++) {
        struct chain_segment *to = posts[i - buffers].segments;

        memcpy(to, posts[i].segments, posts[i].count * sizeof *to);
        posts[i - buffers] = posts[i];
        posts[i - buffers].segments = to;
    }
    posted_count -= buffers;
    filled_count -= buffers;
}

/* A frame comes that is in posted buffers. */
static void landed(struct input *input)
{
    uint8_t how = input_u8(input);
    unsigned buffers = 1U + how % 4U;
    uint64_t room = 0;
    struct vnet_frame frame = { .gso_bytes = 1460 };
    struct vnet_piece pieces[2] = { { bytes, VNET_ETHERNET_BYTES }, { NULL, 0 } };
    enum vnet_result result;

    if (buffers > filled_count) {
        return;
    }
    for (unsigned i = 0; i < buffers; i++) {
        room += posts[i].writable_bytes.bytes;
    }
    forget_posted(buffers);
    if ((how & 0x10) != 0) {
        vnet_not_landed(&net, buffers);
        return;
    }
    frame.bytes = (uint32_t)(room - VNET_HEADER_BYTES) - how / 32U;
    if (room < VNET_HEADER_BYTES + VNET_ETHERNET_BYTES + 8 || room > VNET_MAX_FRAME) {
        frame.bytes = VNET_ETHERNET_BYTES + 8;
    }
    frame.gso_type = frame.bytes > 1518 ? VNET_GSO_TCP4 : VNET_GSO_NONE;
    pieces[1].bytes = frame.bytes - VNET_ETHERNET_BYTES;
    result = vnet_landed(&net, &frame, pieces, 2, buffers);
    guest_check(result == VNET_TAKEN || result == VNET_DROPPED, "a landed frame does not wait");
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

    stored = stored || where < VNET_QUEUES;
    for (uint32_t i = 0; i < count; i++) {
        place[offset + i] = input_u8(input);
    }
}

/* Buffers to be filled, all of a size. */
static void provide(struct input *input)
{
    unsigned count = input_u8(input) % ENTRIES;
    uint32_t length = input_u16(input) % 0x1000U;
    struct driver_element elements[2] = { { WORLD_DATA_AT, length, true },
                                          { WORLD_DATA_AT + 0x1000, 64, true } };
    bool two = input_u8(input) % 2 != 0;

    while (count-- != 0 &&
           driver_ring_add(&world.rings[VNET_QUEUE_RX], elements, two ? 2 : 1, DRIVER_DIRECT, 1)) {
        elements[0].at += 0x40;
        elements[1].at += 0x40;
    }
    (void)world_kick(&world, VNET_QUEUE_RX);
}

/* Frames to be sent, which all have one header. */
static void transmit(struct input *input)
{
    unsigned count = 1U + input_u8(input) % (ENTRIES - 1);
    uint32_t length = input_u16(input);
    struct driver_element elements[2] = { { MESSAGE_AT, VNET_HEADER_BYTES, false },
                                          { WORLD_DATA_AT, length, false } };
    unsigned char *header = world_at(&world, MESSAGE_AT);
    uint8_t shape = input_u8(input);

    memset(header, 0, VNET_HEADER_BYTES);
    header[0] = shape & 3U;
    header[1] = input_u8(input);
    header[4] = input_u8(input);
    header[6] = input_u8(input);
    header[7] = shape >> 4;
    header[8] = input_u8(input);
    if ((shape & 4) != 0) {
        elements[0].bytes += length;
    }
    while (count-- != 0 && driver_ring_add(&world.rings[VNET_QUEUE_TX], elements,
                                           (shape & 4) != 0 ? 1 : 2, DRIVER_DIRECT, 2)) {
    }
    (void)world_kick(&world, VNET_QUEUE_TX);
}

/* A message in the control queue. */
static void control(struct input *input)
{
    unsigned char *at = world_at(&world, MESSAGE_AT + 0x1000);
    uint32_t count = input_u8(input);
    struct driver_element elements[2] = { { MESSAGE_AT + 0x1000, 2 + count, false },
                                          { MESSAGE_AT + 0x2000, 1, true } };

    at[0] = input_u8(input) % 6;
    at[1] = input_u8(input) % 6;
    for (uint32_t i = 0; i < count; i++) {
        at[2 + i] = input_u8(input);
    }
    /* A table of addresses, of which there may be too many. */
    if (at[0] == 1 && at[1] == 0 && count > 4) {
        at[2] %= 2 * VNET_MAX_FILTER;
        memset(at + 3, 0, 3);
    }
    if (driver_ring_add(&world.rings[VNET_QUEUE_CONTROL], elements, 2, DRIVER_DIRECT, 3)) {
        (void)world_kick(&world, VNET_QUEUE_CONTROL);
        (void)vmmio_doorbell(&world.mmio);
        guest_check(stored || *world_at(&world, MESSAGE_AT + 0x2000) <= 1, "an answer");
    }
}

/* The driver takes back what was used. */
static void reap(void)
{
    uint32_t cookie;
    uint32_t written;

    for (unsigned i = 0; i < VNET_QUEUES && !stored; i++) {
        while (driver_ring_get(&world.rings[i], &cookie, &written)) {
            guest_check(i != VNET_QUEUE_TX || written == 0, "nothing is written of what was sent");
        }
    }
}

/* What a device knows of addresses, and one that it may want. */
static void look(struct input *input)
{
    uint8_t mac[VNET_MAC_BYTES];
    int vlan = input_u16(input);
    bool all = true;

    for (unsigned i = 0; i < VNET_MAC_BYTES; i++) {
        mac[i] = input_u8(input);
        all = all && mac[i] == 0xff;
    }
    if ((vlan & 0x1000) != 0) {
        memcpy(mac, net.modes.mac, sizeof mac);
        all = false;
    } else if ((vlan & 0x2000) != 0) {
        memset(mac, 0xff, sizeof mac);
        all = true;
    }
    guest_check(!vnet_wants(&net, mac, vlan >> 15 != 0 ? vlan & 0xfff : -1) || vnet_is_up(&net),
                "only a driver that is there wants something");
    guest_check(!net.dev.live || !net.modes.promiscuous || vnet_wants(&net, mac, -1),
                "who wants all wants all");
    guest_check(net.modes.promiscuous || !net.modes.no_broadcast || !all ||
                    !vnet_wants(&net, mac, -1),
                "who wants no broadcasts gets none");
}

static void step(struct input *input, uint64_t features)
{
    uint8_t what = input_u8(input);

    switch (what < 96 ? what % 8 : 8 + what % 8) {
    case 0:
        store(input);
        break;
    case 1:
        (void)vmmio_doorbell(&world.mmio);
        break;
    case 2:
        (void)vdev_work(&net.dev);
        break;
    case 3:
        receive(input);
        break;
    case 4:
        answer = (enum vnet_result)(input_u8(input) % (VNET_DROPPED + 1));
        keep = input_u8(input) % (VNET_HELD_FRAMES + 1);
        vnet_transmit_release(&net, keep);
        guest_check(net.held_count <= VNET_KEPT_FRAMES, "frames that are kept");
        vnet_transmit_resume(&net);
        break;
    case 5:
        vnet_set_link(&net, input_u8(input) % 4 != 0);
        vnet_announce(&net);
        break;
    case 9:
        transmit(input);
        break;
    case 10:
        control(input);
        break;
    case 11:
        fill(input);
        break;
    case 12:
        landed(input);
        break;
    case 13:
        reap();
        break;
    case 14:
        look(input);
        break;
    case 15:
        if (what % 16 == 15) {
            vnet_unpost(&net);
        } else {
            (void)boot(features);
        }
        break;
    default:
        provide(input);
        break;
    }
}

/* The buffers in hand are the device's, and what it knows of them is so. */
static void check_hand(void)
{
    unsigned count = 0;
    uint64_t stock = 0;

    for (unsigned i = 0; i < net.posted + net.stock_count; i++) {
        const struct chain *chain = &net.buffers[(net.first + i) % VNET_BUFFERS];

        guest_check(chain->in_flight, "buffers in hand are in flight");
        count += chain->count;
        stock += i < net.posted ? 0 : chain->writable_bytes.bytes;
    }
    guest_check(count == net.hand_segments, "segments in hand");
    guest_check(stock == net.stock_bytes, "bytes in stock");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = { data, size };
    uint64_t features = input_u64(&input);

    begin((features & POSTS) != 0);
    features = mend(features);
    if (!boot(features)) {
        return 0;
    }
    for (unsigned i = 0; i < MAX_STEPS && input.left != 0; i++) {
        step(&input, features);
        guest_check(net.held_count <= VNET_HELD_FRAMES, "frames that are held");
        guest_check(net.posted == posted_count, "both know what is posted");
        guest_check(net.used_segments <= 2 * ENTRIES, "room for segments");
        check_hand();
    }
    return 0;
}
