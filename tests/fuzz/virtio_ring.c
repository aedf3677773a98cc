/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include <virtio/spec.h>
#include <virtio/virtq.h>

#include "virtio_guest.h"
#include "virtio_ring.h"

#define MAX_ENTRIES 16U
#define HELD 8U
#define MAX_STEPS 64U
/* Places of the areas in RAM. */
#define DESC_OFFSET 0U
#define DRIVER_OFFSET 0x100U
#define DEVICE_OFFSET 0x140U
#define AFTER_DEVICE 0x200U

struct bench {
    struct virtq queue;
    bool packed;
    uint64_t features;
    struct chain chains[HELD];
    struct chain_segment segments[HELD][MAX_ENTRIES];
    /* Own count of what is out, in entries (split) or slots (packed). */
    unsigned out;
    unsigned out_of[HELD];
    /* Life of the queue in which a chain was taken. */
    unsigned life;
    unsigned life_of[HELD];
};

static void enable(struct bench *bench, struct input *input)
{
    uint8_t shape = input_u8(input);
    uint32_t shift = (shape & 0x40) != 0 ? input_u16(input) : 0;

    virtq_disable(&bench->queue);
    bench->life++;
    bench->out = 0;
    bench->queue.setup = (struct virtq_setup){
        .entries = bench->packed ? shape & 0x1fU : 1U << (shape & 7),
        .desc = { GUEST_RAM_AT + DESC_OFFSET + ((shape & 8) != 0 ? shift : 0) },
        .driver = { GUEST_RAM_AT + DRIVER_OFFSET + ((shape & 16) != 0 ? shift : 0) },
        .device = { GUEST_RAM_AT + DEVICE_OFFSET + ((shape & 32) != 0 ? shift : 0) },
    };
    if (virtq_enable(&bench->queue, guest_mem(), bench->features) == VIRTIO_OK) {
        guest_check(bench->queue.entries <= MAX_ENTRIES, "a queue is no larger than its maximum");
    }
}

static void pop(struct bench *bench, unsigned which)
{
    struct chain *chain = &bench->chains[which];
    uint8_t before[GUEST_RAM_BYTES];
    enum virtio_error error;

    if (chain->in_flight && bench->life_of[which] == bench->life) {
        return;
    }
    guest_snapshot(before);
    error = virtq_pop(&bench->queue, chain);
    guest_check(!guest_changed_outside(before, 0, 0, NULL), "pop writes nothing");
    guest_check(chain->in_flight == (error == VIRTIO_OK), "in flight is what was popped");
    guest_check(error <= VIRTIO_ERR_PARTIAL, "pop has an error of the ring");
    if (error == VIRTIO_OK) {
        guest_check_chain(chain);
        bench->out_of[which] = bench->packed ? chain->slots : 1;
        bench->out += bench->out_of[which];
        bench->life_of[which] = bench->life;
        guest_check(bench->out <= bench->queue.entries, "no more in flight than entries");
        guest_check(bench->queue.ready, "a queue that is not ready has no buffers");
    }
}

static void transfer(struct bench *bench, unsigned which, struct input *input)
{
    struct chain *chain = &bench->chains[which];
    struct chain_reader reader = chain_reader(chain);
    struct chain_writer writer = chain_writer(chain);
    uint8_t bytes[64];
    uint8_t before[GUEST_RAM_BYTES];
    size_t wanted = input_u8(input) % sizeof bytes;
    size_t done;

    if (!chain->in_flight || bench->life_of[which] != bench->life) {
        return;
    }
    guest_snapshot(before);
    done = chain_read(&reader, bytes, wanted);
    guest_check(done == wanted || done == chain->readable_bytes.bytes, "reads all that there is");
    memset(bytes, 0xa5, sizeof bytes);
    done = chain_write(&writer, bytes, wanted);
    guest_check(done == writer.written, "knows what it wrote");
    guest_check(done == wanted || done == chain->writable_bytes.bytes, "writes all there is room");
    guest_check(!guest_changed_outside(before, 0, 0, chain), "writes to writable parts only");
}

/* The bytes of the used entry (or descriptor) that a push may write. */
static void used_place(const struct bench *bench, uint32_t *from, uint32_t *to)
{
    const struct virtq *q = &bench->queue;

    if (bench->packed) {
        *from = (uint32_t)(q->setup.desc.value - GUEST_RAM_AT) + 16U * q->used + 8;
        *to = *from + 8;
    } else {
        *from = (uint32_t)(q->setup.device.value - GUEST_RAM_AT) + 4 +
                8U * (q->used & (q->entries - 1U));
        *to = *from + 8;
    }
}

static void push(struct bench *bench, unsigned which, struct input *input)
{
    struct chain *chain = &bench->chains[which];
    uint8_t before[GUEST_RAM_BYTES];
    bool fresh = chain->in_flight && bench->life_of[which] == bench->life && bench->queue.ready;
    uint32_t written = input_u32(input);
    uint32_t from = 0;
    uint32_t to = 0;
    enum virtio_error error;

    guest_snapshot(before);
    if (fresh) {
        used_place(bench, &from, &to);
    }
    error = virtq_push(&bench->queue, chain, written);
    guest_check(error == (fresh ? VIRTIO_OK : VIRTIO_ERR_STALE), "push knows a stale chain");
    if (fresh) {
        bench->out -= bench->out_of[which];
        guest_check(bench->queue.used < bench->queue.entries || !bench->packed, "used is a slot");
        if (!bench->packed) {
            /* The index, too. */
            uint32_t index = (uint32_t)(bench->queue.setup.device.value - GUEST_RAM_AT) + 2;
            uint16_t value = (uint16_t)(guest_get(index) | guest_get(index + 1) << 8);

            guest_check(value == bench->queue.used, "the used index is shown");
            before[index] = guest_get(index);
            before[index + 1] = guest_get(index + 1);
        }
    }
    guest_check(!guest_changed_outside(before, from, to, NULL), "push writes its entry only");
}

/* The guest makes a buffer available as a driver does: the ring's part of it is sound. */
static void announce(const struct bench *bench, struct input *input)
{
    const struct virtq *q = &bench->queue;
    uint64_t at = GUEST_RAM_AT + input_u16(input);
    uint32_t bytes = input_u8(input);
    uint16_t flags =
        input_u8(input) & (VIRTIO_DESC_NEXT | VIRTIO_DESC_WRITE | VIRTIO_DESC_INDIRECT);
    uint32_t desc = (uint32_t)(q->setup.desc.value - GUEST_RAM_AT);
    uint32_t driver = (uint32_t)(q->setup.driver.value - GUEST_RAM_AT);

    if (!q->ready) {
        return;
    }
    if (bench->packed) {
        desc += 16U * q->avail;
        flags |= q->avail_wrap ? VIRTIO_DESC_AVAIL : VIRTIO_DESC_USED;
        guest_put(desc + 14, &flags, 2);
    } else {
        uint16_t slot = q->avail & (q->entries - 1U);
        uint16_t index = (uint16_t)(q->avail + 1);

        desc += 16U * slot;
        guest_put(desc + 12, &flags, 2);
        guest_put(driver + 4 + 2U * slot, &slot, 2);
        guest_put(driver + 2, &index, 2);
    }
    guest_put(desc, &at, 8);
    guest_put(desc + 8, &bytes, 4);
}

/* Ranges of RAM that are accepted hold something, end below 2^64, and are apart. */
static void describe_ram(struct input *input)
{
    static unsigned char byte;
    struct guestmem_range ranges[GUESTMEM_MAX_RANGES + 1];
    struct guestmem mem;
    unsigned count = input_u8(input) % (GUESTMEM_MAX_RANGES + 2);

    for (unsigned i = 0; i < count; i++) {
        uint8_t kind = input_u8(input);

        ranges[i] = (struct guestmem_range){
            .start = { (kind & 1) != 0 ? input_u64(input) : input_u16(input) },
            .size = { (kind & 2) != 0 ? input_u64(input) : input_u8(input) },
            .host = { (kind & 0xf0) != 0 ? &byte : NULL },
        };
    }
    if (guestmem_init(&mem, ranges, count) != VIRTIO_OK) {
        return;
    }
    guest_check(count != 0 && count <= GUESTMEM_MAX_RANGES, "a number of ranges");
    for (unsigned i = 0; i < count; i++) {
        __uint128_t end = (__uint128_t)ranges[i].start.value + ranges[i].size.bytes;

        guest_check(ranges[i].size.bytes != 0 && ranges[i].host.ptr != NULL, "a range has bytes");
        guest_check(end <= (__uint128_t)1 << 64, "a range ends below 2^64");
        for (unsigned j = 0; j < i; j++) {
            guest_check(end <= ranges[j].start.value ||
                            (__uint128_t)ranges[j].start.value + ranges[j].size.bytes <=
                                ranges[i].start.value,
                        "ranges are apart");
        }
    }
}

static void step(struct bench *bench, struct input *input)
{
    uint8_t op = input_u8(input);
    unsigned which = op >> 4 & (HELD - 1);
    uint16_t offset;
    bool more;

    switch (op & 7) {
    case 0:
    case 1:
        pop(bench, which);
        break;
    case 2:
        push(bench, which, input);
        break;
    case 3:
        transfer(bench, which, input);
        break;
    case 4:
        offset = input_u16(input);
        guest_put_input(input, offset, 1U + (op >> 4));
        break;
    case 5:
        more = virtq_interrupt_due(&bench->queue);
        guest_check(!more || bench->queue.ready, "a queue that is not ready interrupts nobody");
        guest_check(!virtq_interrupt_due(&bench->queue), "one interrupt a batch");
        break;
    case 6:
        if ((op & 0x60) == 0x60) {
            describe_ram(input);
        } else if ((op & 0x10) != 0) {
            virtq_suppress_kicks(&bench->queue);
        } else {
            more = virtq_want_kick(&bench->queue);
            /* A split ring's index may say anything; the next pop refuses it. */
            guest_check(!more || !bench->packed || bench->out < bench->queue.entries,
                        "no kick for a full ring");
        }
        break;
    default:
        if ((op & 0x30) == 0) {
            enable(bench, input);
        } else if ((op & 0x30) == 0x10) {
            virtq_reset(&bench->queue);
            bench->life++;
            bench->out = 0;
        } else {
            announce(bench, input);
        }
        break;
    }
}

void ring_fuzz(const uint8_t *data, size_t bytes, bool packed)
{
    static struct bench bench;
    struct input input = { data, bytes };
    uint8_t flags = input_u8(&input);
    uint16_t image;

    memset(&bench, 0, sizeof bench);
    guest_clear();
    bench.packed = packed;
    bench.features = (packed ? VIRTIO_F_RING_PACKED : 0) |
                     ((flags & 1) != 0 ? VIRTIO_F_EVENT_IDX : 0) |
                     ((flags & 2) != 0 ? VIRTIO_F_INDIRECT_DESC : 0);
    guest_check(virtq_init(&bench.queue, MAX_ENTRIES) == VIRTIO_OK, "a queue");
    for (unsigned i = 0; i < HELD; i++) {
        chain_init(&bench.chains[i], bench.segments[i], (uint16_t)(1U + (flags >> 4)));
    }
    /* First the memory, then the steps. */
    image = input_u16(&input) % AFTER_DEVICE * 2;
    if (image > input.left) {
        image = (uint16_t)input.left;
    }
    guest_put(0, input.data, image);
    input.data += image;
    input.left -= image;
    enable(&bench, &input);
    for (unsigned i = 0; i < MAX_STEPS && input.left != 0; i++) {
        step(&bench, &input);
    }
}
