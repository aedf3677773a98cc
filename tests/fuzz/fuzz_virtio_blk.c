/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A disk between a driver and a backing that both do what the input says. What reaches the backing
 * must be the guest's memory and in bounds, what is in flight must be known to both sides, and a
 * reset that is complete leaves nothing there.
 */
#include <string.h>

#include <virtio/vblk.h>

#include "virtio_guest.h"
#include "virtio_world.h"

#define ENTRIES 8U
#define MAX_STEPS 64U
#define BLOCK 512U
/* Areas of the queue, and where requests are best put. */
#define DRIVER_OFFSET 0x80U
#define DEVICE_OFFSET 0xa0U
#define HEADER_OFFSET 0x100U
#define RANGE_OFFSET 0x110U
#define STATUS_OFFSET 0x120U
#define DATA_OFFSET 0x140U
#define RINGS 0x30000000U
#define ALL_FEATURES                                                                     \
    (uint32_t)(VBLK_F_FLUSH | VBLK_F_CONFIG_WCE | VBLK_F_DISCARD | VBLK_F_WRITE_ZEROES | \
               VBLK_F_LIFETIME)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct world world;
static struct vblk blk;
static struct virtq queue;
static struct vblk_slot slots[ENTRIES];
static struct chain_segment segments[VBLK_SEGMENTS(ENTRIES)];

/* The backing: requests by tag, and what it does next. */
static struct {
    bool busy[ENTRIES];
    struct vblk_request requests[ENTRIES];
    struct chain_segment data[ENTRIES][VBLK_SEGMENTS(ENTRIES)];
    unsigned count;
    unsigned room;
    /* Requests are done at once; a quiesce ends at once. */
    bool fast;
    bool quick;
    bool quieting;
} backing;

static void touch(const struct vblk_request *request, uint8_t with)
{
    for (unsigned i = 0; i < request->count; i++) {
        uint8_t copy[GUEST_RAM_BYTES];

        /* The sanitizer looks at them. */
        if (request->kind == VBLK_READ || request->kind == VBLK_LIFETIME) {
            memset(request->segments[i].host.ptr, with, request->segments[i].bytes);
        } else {
            memcpy(copy, request->segments[i].host.ptr, request->segments[i].bytes);
        }
    }
}

static void check_data(const struct vblk_request *request)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < request->count; i++) {
        const struct chain_segment *segment = &request->segments[i];

        guest_check(segment->bytes != 0, "a segment has bytes");
        guest_check(segment->guest.value >= GUEST_RAM_AT &&
                        segment->guest.value - GUEST_RAM_AT <= GUEST_RAM_BYTES - segment->bytes,
                    "a segment is RAM");
        sum += segment->bytes;
    }
    guest_check(sum == request->bytes, "the segments are the data");
}

static void check_request(const struct vblk_request *request)
{
    guest_check(request->tag < ENTRIES && !backing.busy[request->tag], "a tag that is free");
    guest_check(request->count <= blk.disk.max_segments, "no more segments than there may be");
    guest_check(request->bytes <= 1ULL << 41, "sums with sectors do not overflow");
    switch (request->kind) {
    case VBLK_WRITE:
    case VBLK_READ:
        guest_check(!blk.disk.read_only || request->kind == VBLK_READ, "a disk to be read only");
        guest_check(request->bytes != 0 && request->bytes % BLOCK == 0, "whole blocks");
        check_data(request);
        break;
    case VBLK_LIFETIME:
        guest_check(request->bytes == VBLK_LIFETIME_BYTES, "as many as it has");
        check_data(request);
        break;
    case VBLK_FLUSH:
        guest_check(request->count == 0 && request->bytes == 0, "no data");
        break;
    case VBLK_DISCARD:
    case VBLK_ZERO:
        guest_check(
            request->count == 0 && request->bytes != 0 &&
                request->bytes / BLOCK <=
                    (request->kind == VBLK_DISCARD ? blk.disk.max_discard : blk.disk.max_zero),
            "a range that may be");
        break;
    default:
        guest_check(false, "a kind that there is");
    }
}

static bool op_submit(void *context, const struct vblk_request *request)
{
    unsigned tag = request->tag;

    (void)context;
    check_request(request);
    guest_check(!backing.quieting, "nothing is sent behind a quiesce");
    if (backing.room == 0) {
        return false;
    }
    backing.room--;
    touch(request, 0x5a);
    backing.requests[tag] = *request;
    for (unsigned i = 0; i < request->count; i++) {
        backing.data[tag][i] = request->segments[i];
    }
    backing.requests[tag].segments = backing.data[tag];
    if (backing.fast) {
        vblk_complete(&blk, request->tag, VBLK_OK);
    } else {
        backing.busy[tag] = true;
        backing.count++;
    }
    return true;
}

static void op_end(void *context)
{
    (void)context;
}

static bool op_quiesce(void *context)
{
    (void)context;
    backing.quieting = !backing.quick;
    if (backing.quick) {
        memset(backing.busy, 0, sizeof backing.busy);
        backing.count = 0;
    }
    return backing.quick;
}

static const struct vblk_ops ops = { .submit = op_submit,
                                     .submit_end = op_end,
                                     .quiesce = op_quiesce };

static void boot(struct input *input)
{
    uint32_t status = VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER;
    uint8_t flags = input_u8(input);

    world_store(&world, VIRTIO_MMIO_STATUS, 0);
    if (!backing.quieting) {
        guest_clear();
    }
    world_store(&world, VIRTIO_MMIO_STATUS, status);
    world_store(&world, VIRTIO_MMIO_DRIVER_FEATURES_SEL, 1);
    world_store(&world, VIRTIO_MMIO_DRIVER_FEATURES, (flags & 1) != 0 ? 5 : 1);
    world_store(&world, VIRTIO_MMIO_DRIVER_FEATURES_SEL, 0);
    world_store(&world, VIRTIO_MMIO_DRIVER_FEATURES,
                ((flags & 2) != 0 ? RINGS : 0) |
                    ((flags & 4) != 0 ? ALL_FEATURES & (uint32_t)blk.dev.offered : 0));
    status |= VIRTIO_STATUS_FEATURES_OK;
    world_store(&world, VIRTIO_MMIO_STATUS, status);
    world_store(&world, VIRTIO_MMIO_QUEUE_SEL, 0);
    world_store(&world, VIRTIO_MMIO_QUEUE_NUM, ENTRIES);
    world_store(&world, VIRTIO_MMIO_QUEUE_DESC_LOW, GUEST_RAM_AT);
    world_store(&world, VIRTIO_MMIO_QUEUE_DRIVER_LOW, GUEST_RAM_AT + DRIVER_OFFSET);
    world_store(&world, VIRTIO_MMIO_QUEUE_DEVICE_LOW, GUEST_RAM_AT + DEVICE_OFFSET);
    world_store(&world, VIRTIO_MMIO_QUEUE_READY, 1);
    world_store(&world, VIRTIO_MMIO_STATUS, status | VIRTIO_STATUS_DRIVER_OK);
}

struct part {
    uint32_t offset;
    uint32_t bytes;
    bool write;
};

/* Put a buffer into the queue, as a driver would that is honest about the ring. */
static void add(const struct part *parts, unsigned count)
{
    uint16_t head = queue.avail % ENTRIES;

    if (!queue.ready) {
        return;
    }
    for (unsigned i = 0; i < count; i++) {
        uint64_t at = GUEST_RAM_AT + parts[i].offset;
        uint32_t slot = (head + i) % ENTRIES;
        uint16_t next = (uint16_t)((slot + 1) % ENTRIES);
        uint16_t flags = (uint16_t)((parts[i].write ? VIRTIO_DESC_WRITE : 0) |
                                    (i + 1 < count ? VIRTIO_DESC_NEXT : 0));
        bool wrap = (head + i < ENTRIES) == queue.avail_wrap;

        guest_put(16 * slot, &at, 8);
        guest_put(16 * slot + 8, &parts[i].bytes, 4);
        if (queue.packed) {
            flags |= wrap ? VIRTIO_DESC_AVAIL : VIRTIO_DESC_USED;
            guest_put(16 * slot + 12, &head, 2);
            guest_put(16 * slot + 14, &flags, 2);
        } else {
            guest_put(16 * slot + 12, &flags, 2);
            guest_put(16 * slot + 14, &next, 2);
        }
    }
    if (!queue.packed) {
        uint16_t index = (uint16_t)(queue.avail + 1);

        guest_put(DRIVER_OFFSET + 4 + 2U * head, &head, 2);
        guest_put(DRIVER_OFFSET + 2, &index, 2);
    }
}

/* A request that is nearly one. */
static void ask(struct input *input)
{
    static const uint8_t types[8] = { 0, 1, 4, 8, 10, 11, 13, 2 };
    uint8_t what = input_u8(input);
    uint8_t shape = input_u8(input);
    uint32_t type = types[what & 7];
    bool reads = type == 0 || type == 8 || type == 10;
    bool ranges = type == 11 || type == 13;
    const uint32_t header[4] = { type, 0, input_u8(input), (what & 0x80) != 0 ? UINT32_MAX : 0 };
    const uint32_t range[4] = { shape, 0, input_u8(input), what >> 4 & 3 };
    struct part parts[4] = {
        { HEADER_OFFSET, (shape & 1) != 0 ? input_u8(input) : 16, false },
        { ranges ? RANGE_OFFSET : DATA_OFFSET, BLOCK, reads },
        { STATUS_OFFSET, 1, true },
    };

    guest_put(HEADER_OFFSET, header, sizeof header);
    guest_put(RANGE_OFFSET, range, sizeof range);
    if (ranges || type == 8 || type == 10) {
        parts[1].bytes = ranges ? 16 : type == 8 ? 20 : VBLK_LIFETIME_BYTES;
    }
    if ((shape & 2) != 0) {
        /* In two parts, across the seam of the RAM. */
        parts[1].offset = ranges ? RANGE_OFFSET : GUEST_FIRST_BYTES - 0x80;
        parts[1].bytes = parts[1].bytes > 0x100 ? 0x180 : parts[1].bytes;
    }
    if ((shape & 4) != 0) {
        parts[1].bytes = input_u16(input);
    }
    if (type == 4 || (shape & 8) != 0) {
        parts[1] = parts[2];
        add(parts, 2);
    } else {
        parts[3] = parts[2];
        parts[2] = (struct part){ DATA_OFFSET + 0x200, BLOCK - 0x180, reads };
        if ((shape & 2) == 0) {
            parts[2] = parts[3];
        }
        add(parts, (shape & 2) != 0 ? 4 : 3);
    }
    world_store(&world, VIRTIO_MMIO_QUEUE_NOTIFY, 0);
}

/* The backing does something. */
static void back(struct input *input)
{
    uint8_t op = input_u8(input);
    unsigned tag = op >> 3;

    switch (op & 7) {
    case 0:
    case 1:
        if (tag < ENTRIES && backing.busy[tag] && !backing.quieting) {
            touch(&backing.requests[tag], op);
            backing.busy[tag] = false;
            backing.count--;
        }
        vblk_complete(&blk, (uint16_t)tag, (enum vblk_status)(op & 1));
        vblk_completed(&blk);
        break;
    case 2:
        backing.room += tag;
        vblk_resume(&blk);
        break;
    case 3:
        backing.fast = (tag & 1) != 0;
        backing.quick = (tag & 2) != 0;
        break;
    case 4:
        if (backing.quieting) {
            backing.quieting = false;
            memset(backing.busy, 0, sizeof backing.busy);
            backing.count = 0;
            vblk_quiesced(&blk);
        }
        break;
    case 5:
        /* Nobody asked. */
        if (!backing.quieting) {
            vblk_quiesced(&blk);
        }
        break;
    default:
        (void)vdev_work(&blk.dev);
        break;
    }
}

/* What a driver does that knows no rules. */
static void anything(struct input *input)
{
    uint8_t op = input_u8(input);
    uint16_t offset = input_u16(input);

    if ((op & 1) != 0) {
        guest_put_input(input, offset % GUEST_RAM_BYTES, 1U + (op >> 4));
    } else {
        (void)vmmio_store(&world.mmio, offset % 0x200, 1U << (op >> 1 & 3), input_u32(input));
    }
}

static void check(void)
{
    unsigned busy = 0;
    unsigned free = 0;

    for (unsigned i = 0; i < ENTRIES; i++) {
        busy += slots[i].chain.in_flight;
        guest_check(backing.busy[i] == slots[i].chain.in_flight, "both know what is in flight");
    }
    guest_check(blk.in_flight == busy, "the number in flight");
    for (unsigned slot = blk.free; slot < ENTRIES; slot = slots[slot].next_free) {
        guest_check(!slots[slot].chain.in_flight && free < ENTRIES, "what is free");
        free++;
    }
    guest_check(free + busy == ENTRIES, "each slot is free or in flight");
    guest_check(blk.stopping == backing.quieting, "who waits for whom");
    if (blk.blocked && blk.dev.live) {
        guest_check_chain(&blk.chain);
    }
    guest_check((world_load(&world, VIRTIO_MMIO_INTERRUPT_STATUS) & ~3U) == 0, "InterruptStatus");
    guest_check(world_load(&world, VIRTIO_MMIO_STATUS) == blk.dev.status, "Status");
}

static void step(struct input *input)
{
    uint8_t op = input_u8(input);
    struct part part;

    switch (op & 7) {
    case 0:
        boot(input);
        break;
    case 1:
    case 2:
        ask(input);
        break;
    case 3:
        part = (struct part){ input_u16(input), input_u16(input), (op & 8) != 0 };
        add(&part, 1);
        break;
    case 4:
        world_store(&world, VIRTIO_MMIO_QUEUE_NOTIFY, op >> 6);
        break;
    case 5:
        (void)vmmio_doorbell(&world.mmio);
        break;
    case 6:
        back(input);
        break;
    default:
        anything(input);
        break;
    }
    check();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = { data, size };
    uint8_t kind = input_u8(&input);
    const struct vblk_disk disk = {
        .sectors = 64,
        .block_bytes = BLOCK,
        .physical_bytes = BLOCK,
        .read_only = (kind & 1) != 0,
        .flush = (kind & 2) == 0,
        .max_segments = 4,
        .max_segment_bytes = 0x1000,
        .max_discard = (kind & 4) != 0 ? 0 : 16,
        .discard_alignment = 1,
        .max_zero = (kind & 8) != 0 ? 0 : 8,
        .lifetime = (kind & 16) == 0,
        .id = "fuzz",
    };
    const struct vblk_config config = {
        .mem = guest_mem(),
        .ops = &ops,
        .disk = &disk,
        .features = WORLD_RINGS,
        .queue = &queue,
        .queue_entries = ENTRIES,
        .slots = slots,
        .segments = segments,
        .report = world_report,
        .report_context = &world,
    };

    world_init_without_ram(&world);
    guest_clear();
    memset(&backing, 0, sizeof backing);
    backing.room = UINT16_MAX;
    guest_check(vblk_init(&blk, &config) == VIRTIO_OK, "a disk");
    world_attach(&world, &blk.dev);
    for (unsigned i = 0; i < MAX_STEPS && input.left != 0; i++) {
        step(&input);
    }
    return 0;
}
