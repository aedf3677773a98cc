/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "disk_rig.h"

#define ENTRIES 128u

struct disk_rig disk_rig;
uint8_t disk_rig_contents[DISK_RIG_SECTORS * 512u];
struct vblk disk_rig_blk;
static struct virtq queue;
static struct vblk_slot slots[ENTRIES];
static struct chain_segment segments[VBLK_SEGMENTS(ENTRIES)];
/* The data of each request that the device was sent. */
static struct chain_segment kept_data[DISK_RIG_KEPT][BLOCK_MAX_SEGMENTS];

const uint8_t disk_rig_lifetime[DISK_RIG_LIFETIME_BYTES] = { 1, 0, 3, 0, 11, 0 };

static void move(const struct vblk_request *request, const struct chain_segment *data)
{
    uint8_t *at = disk_rig_contents + request->sector * 512;

    if (request->kind == VBLK_LIFETIME) {
        memcpy(data[0].host.ptr, disk_rig_lifetime, 2);
        memcpy(data[1].host.ptr, disk_rig_lifetime + 2, 4);
        return;
    }
    for (unsigned int i = 0; i < request->count; i++) {
        if (request->kind == VBLK_READ) {
            memcpy(data[i].host.ptr, at, data[i].bytes);
        } else {
            memcpy(at, data[i].host.ptr, data[i].bytes);
        }
        at += data[i].bytes;
    }
    if (request->kind == VBLK_ZERO) {
        memset(at, 0, request->bytes);
    }
}

void disk_rig_finish(unsigned int number)
{
    const struct vblk_request *request = &disk_rig.kept[number];

    if (request->kind == VBLK_READ || request->kind == VBLK_WRITE || request->kind == VBLK_ZERO ||
        request->kind == VBLK_LIFETIME) {
        move(request, kept_data[number]);
    }
    vblk_complete(&disk_rig_blk, request->tag, VBLK_OK);
}

static bool op_submit(void *context, const struct vblk_request *request)
{
    (void)context;
    assert_true(disk_rig.kept_count < DISK_RIG_KEPT);
    disk_rig.kept[disk_rig.kept_count] = *request;
    for (unsigned int i = 0; i < request->count; i++) {
        kept_data[disk_rig.kept_count][i] = request->segments[i];
    }
    disk_rig.kept_count++;
    disk_rig.flushes += request->kind == VBLK_FLUSH;
    if (disk_rig.at_once) {
        disk_rig_finish(disk_rig.kept_count - 1);
    }
    return true;
}

static bool op_quiesce(void *context)
{
    (void)context;
    return true;
}

static const struct vblk_ops ops = { .submit = op_submit, .quiesce = op_quiesce };

static uint32_t load(void *context, uint32_t offset)
{
    (void)context;
    if (disk_rig.stuck && offset == VIRTIO_MMIO_STATUS) {
        return 0x40;
    }
    return world_load(&disk_rig.world, offset);
}

static void store(void *context, uint32_t offset, uint32_t value)
{
    (void)context;
    disk_rig.notifies += offset == VIRTIO_MMIO_QUEUE_NOTIFY;
    (void)world_store(&disk_rig.world, offset, value);
}

void disk_rig_make_device(void)
{
    const struct vblk_config config = {
        .mem = &disk_rig.world.mem,
        .ops = &ops,
        .disk = &disk_rig.disk,
        .features = disk_rig.features,
        .queue = &queue,
        .queue_entries = ENTRIES,
        .slots = slots,
        .segments = segments,
        .report = world_report,
        .report_context = &disk_rig.world,
    };

    assert_int_equal(vblk_init(&disk_rig_blk, &config), VIRTIO_OK);
    world_attach(&disk_rig.world, &disk_rig_blk.dev);
}

enum virtio_device_error disk_rig_start(size_t bytes)
{
    const struct virtio_device device = { .load = load, .store = store };
    const struct virtio_blk_memory memory = { world_at(&disk_rig.world, DISK_RIG_MEMORY_AT),
                                              DISK_RIG_MEMORY_AT, bytes };

    return virtio_blk_start(&disk_rig.driver, &device, &memory, &disk_rig.info);
}

int disk_rig_setup(void **state)
{
    (void)state;
    world_init(&disk_rig.world);
    disk_rig.features = VIRTIO_F_INDIRECT_DESC | VIRTIO_F_EVENT_IDX;
    disk_rig.disk = (struct vblk_disk){
        .sectors = DISK_RIG_SECTORS,
        .block_bytes = 512,
        .physical_bytes = 4096,
        .flush = true,
        .max_segments = 100,
        .max_segment_bytes = 0x8000,
        .max_discard = 64,
        .discard_alignment = 8,
        .max_zero = 32,
    };
    disk_rig.kept_count = 0;
    disk_rig.flushes = 0;
    disk_rig.notifies = 0;
    disk_rig.at_once = true;
    disk_rig.stuck = false;
    for (unsigned int i = 0; i < sizeof(disk_rig_contents); i++) {
        disk_rig_contents[i] = (uint8_t)(i / 512 + i);
    }
    disk_rig_make_device();
    assert_int_equal(disk_rig_start(DISK_RIG_MEMORY_BYTES), VIRTIO_DEVICE_OK);
    return 0;
}

int disk_rig_teardown(void **state)
{
    (void)state;
    assert_int_equal(disk_rig.world.reports, 0);
    world_free(&disk_rig.world);
    return 0;
}

void disk_rig_submit(uint32_t id, uint8_t kind, uint8_t flags, uint64_t sector, uint64_t bytes,
                     uint16_t owner)
{
    const struct block_segment data[] = { { DISK_RIG_DATA_AT + id * 0x1000ull, 100 },
                                          { DISK_RIG_DATA_AT + 100 + id * 0x1000ull,
                                            bytes - 100 } };
    const struct block_request request = {
        .id = id,
        .kind = kind,
        .flags = flags,
        .segments = kind == BLOCK_READ || kind == BLOCK_WRITE ? 2 : 0,
        .sector = sector,
        .bytes = bytes,
        .owner = owner,
    };

    assert_true(virtio_blk_submit(&disk_rig.driver, &request, data));
}

void disk_rig_expect(uint32_t id, enum block_status status)
{
    struct block_answer answer;

    assert_true(virtio_blk_take(&disk_rig.driver, &answer));
    assert_int_equal(answer.id, id);
    assert_int_equal(answer.status, status);
}

void disk_rig_expect_none(void)
{
    struct block_answer answer;

    assert_false(virtio_blk_take(&disk_rig.driver, &answer));
}
