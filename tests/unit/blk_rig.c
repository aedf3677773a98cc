/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "blk_rig.h"

struct blk_rig blk_rig;
static struct virtq queue;
static struct vblk_slot slots[BLK_RIG_ENTRIES];
static struct chain_segment segments[VBLK_SEGMENTS(BLK_RIG_ENTRIES)];

static bool op_submit(void *context, const struct vblk_request *request)
{
    (void)context;
    assert_true(blk_rig.count < BLK_RIG_MOST);
    if (blk_rig.room == 0) {
        return false;
    }
    blk_rig.room--;
    assert_true(request->count <= blk_rig.disk.max_segments);
    blk_rig.requests[blk_rig.count] = *request;
    for (unsigned i = 0; i < request->count; i++) {
        blk_rig.data[blk_rig.count][i] = request->segments[i];
    }
    blk_rig.requests[blk_rig.count].segments = blk_rig.data[blk_rig.count];
    blk_rig.count++;
    return true;
}

static void op_end(void *context)
{
    (void)context;
    blk_rig.ends++;
}

static bool op_quiesce(void *context)
{
    (void)context;
    blk_rig.quiesces++;
    return blk_rig.quiet;
}

static const struct vblk_ops ops = { .submit = op_submit,
                                     .submit_end = op_end,
                                     .quiesce = op_quiesce };

enum virtio_error blk_rig_make(void)
{
    const struct vblk_config config = {
        .mem = &world.mem,
        .ops = &ops,
        .disk = &blk_rig.disk,
        .features = WORLD_RINGS,
        .queue = &queue,
        .queue_entries = BLK_RIG_ENTRIES,
        .slots = slots,
        .segments = segments,
        .report = world_report,
        .report_context = &world,
    };
    enum virtio_error error = vblk_init(&blk_rig.blk, &config);

    if (error == VIRTIO_OK) {
        world_attach(&world, &blk_rig.blk.dev);
    }
    return error;
}

int blk_rig_setup(void **state)
{
    (void)state;
    world_init(&world);
    memset(&blk_rig, 0, sizeof blk_rig);
    /* Whatever was in its memory before. */
    memset(&blk_rig.blk, 0xa5, sizeof blk_rig.blk);
    blk_rig.room = BLK_RIG_MOST;
    blk_rig.disk = (struct vblk_disk){
        .sectors = BLK_RIG_SECTORS,
        .block_bytes = 512,
        .physical_bytes = 4096,
        .flush = true,
        .max_segments = 8,
        .max_segment_bytes = 0x10000,
        .max_discard = 64,
        .discard_alignment = 8,
        .max_zero = 32,
        .id = "disk of the test",
    };
    assert_int_equal(blk_rig_make(), VIRTIO_OK);
    return 0;
}

void blk_rig_put(uint64_t at, const void *from, size_t bytes)
{
    memcpy(world_at(&world, at), from, bytes);
}

void blk_rig_header(uint64_t at, uint32_t type, uint64_t sector)
{
    const struct {
        uint32_t type;
        uint32_t reserved;
        uint64_t sector;
    } header = { type, 0, sector };

    blk_rig_put(at, &header, sizeof header);
}

void blk_rig_ask(unsigned n, uint32_t type, uint64_t sector, uint32_t bytes)
{
    const struct driver_element elements[] = {
        { BLK_RIG_HEADER_AT + n * 16ull, 16, false },
        { BLK_RIG_BUFFER_AT + n * 0x1000U, bytes, type != 1 && type != 11 && type != 13 },
        { BLK_RIG_STATUS_AT + n, 1, true },
    };
    const struct driver_element without[] = { elements[0], elements[2] };

    blk_rig_header(BLK_RIG_HEADER_AT + n * 16U, type, sector);
    *world_at(&world, BLK_RIG_STATUS_AT + n) = BLK_RIG_UNSET;
    if (bytes == 0) {
        assert_true(driver_ring_add(&world.rings[0], without, 2, DRIVER_DIRECT, n));
    } else {
        assert_true(driver_ring_add(&world.rings[0], elements, 3, DRIVER_DIRECT, n));
    }
    world_kick(&world, 0);
}

unsigned blk_rig_status(unsigned n)
{
    return *world_at(&world, BLK_RIG_STATUS_AT + n);
}

void blk_rig_expect(unsigned n, uint32_t written, unsigned status)
{
    uint32_t cookie;
    uint32_t got;

    assert_true(driver_ring_get(&world.rings[0], &cookie, &got));
    assert_int_equal(cookie, n);
    assert_int_equal(got, written);
    assert_int_equal(blk_rig_status(n), status);
}

void blk_rig_expect_none(void)
{
    uint32_t cookie;
    uint32_t written;

    assert_false(driver_ring_get(&world.rings[0], &cookie, &written));
}

void blk_rig_complete(unsigned number, enum vblk_status status)
{
    vblk_complete(&blk_rig.blk, blk_rig.requests[number].tag, status);
    vblk_completed(&blk_rig.blk);
}
