/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The driver of virtIO disks against the model of one: both ends of the same specification. The
 * driver's registers and memory are a guest's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <virtio/vblk.h>

#include "drivers/block/virtio_blk.h"
#include "virtio_world.h"

#define ENTRIES 128u
/* The driver's memory has room for so many slots. */
#define SLOTS 64u
#define MEMORY_AT WORLD_TABLES_AT
#define MEMORY_BYTES 0x80000u
#define DATA_AT WORLD_DATA_AT
#define SECTORS 2048u

static struct world world;
static struct vblk blk;
static struct virtq queue;
static struct vblk_slot slots[ENTRIES];
static struct chain_segment segments[VBLK_SEGMENTS(ENTRIES)];
static struct vblk_disk disk;
static uint64_t features;
static struct virtio_blk driver;
static struct block_info info;
static uint8_t contents[SECTORS * 512u];

/* What the device has and has not answered, unless it answers at once. */
static struct vblk_request kept[256];
static struct chain_segment kept_data[256][BLOCK_MAX_SEGMENTS];
static unsigned int kept_count;
static unsigned int flushes;
static bool at_once;
static unsigned int notifies;
/* A device that does not come out of a reset. */
static bool stuck;

/* pre_eol_info, device_lifetime_est_typ_a and _b (5.2.6). */
static const uint8_t lifetime[] = { 1, 0, 3, 0, 11, 0 };

static void move(const struct vblk_request *request, const struct chain_segment *data)
{
    uint8_t *at = contents + request->sector * 512;

    if (request->kind == VBLK_LIFETIME) {
        memcpy(data[0].host.ptr, lifetime, 2);
        memcpy(data[1].host.ptr, lifetime + 2, 4);
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

static void finish(unsigned int number)
{
    const struct vblk_request *request = &kept[number];

    if (request->kind == VBLK_READ || request->kind == VBLK_WRITE || request->kind == VBLK_ZERO ||
        request->kind == VBLK_LIFETIME) {
        move(request, kept_data[number]);
    }
    vblk_complete(&blk, request->tag, VBLK_OK);
}

static bool op_submit(void *context, const struct vblk_request *request)
{
    (void)context;
    assert_true(kept_count < 256);
    kept[kept_count] = *request;
    for (unsigned int i = 0; i < request->count; i++) {
        kept_data[kept_count][i] = request->segments[i];
    }
    kept_count++;
    flushes += request->kind == VBLK_FLUSH;
    if (at_once) {
        finish(kept_count - 1);
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
    if (stuck && offset == VIRTIO_MMIO_STATUS) {
        return 0x40;
    }
    return world_load(&world, offset);
}

static void store(void *context, uint32_t offset, uint32_t value)
{
    (void)context;
    notifies += offset == VIRTIO_MMIO_QUEUE_NOTIFY;
    (void)world_store(&world, offset, value);
}

static void make_device(void)
{
    const struct vblk_config config = {
        .mem = &world.mem,
        .ops = &ops,
        .disk = &disk,
        .features = features,
        .queue = &queue,
        .queue_entries = ENTRIES,
        .slots = slots,
        .segments = segments,
        .report = world_report,
        .report_context = &world,
    };

    assert_int_equal(vblk_init(&blk, &config), VIRTIO_OK);
    world_attach(&world, &blk.dev);
}

static enum virtio_device_error start(size_t bytes)
{
    const struct virtio_device device = { .load = load, .store = store };
    const struct virtio_blk_memory memory = { world_at(&world, MEMORY_AT), MEMORY_AT, bytes };

    return virtio_blk_start(&driver, &device, &memory, &info);
}

static int setup(void **state)
{
    (void)state;
    world_init(&world);
    features = VIRTIO_F_INDIRECT_DESC | VIRTIO_F_EVENT_IDX;
    disk = (struct vblk_disk){
        .sectors = SECTORS,
        .block_bytes = 512,
        .physical_bytes = 4096,
        .flush = true,
        .max_segments = 100,
        .max_segment_bytes = 0x8000,
        .max_discard = 64,
        .discard_alignment = 8,
        .max_zero = 32,
    };
    kept_count = 0;
    flushes = 0;
    notifies = 0;
    at_once = true;
    stuck = false;
    for (unsigned int i = 0; i < sizeof(contents); i++) {
        contents[i] = (uint8_t)(i / 512 + i);
    }
    make_device();
    assert_int_equal(start(MEMORY_BYTES), VIRTIO_DEVICE_OK);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    assert_int_equal(world.reports, 0);
    world_free(&world);
    return 0;
}

static void submit(uint32_t id, uint8_t kind, uint8_t flags, uint64_t sector, uint64_t bytes,
                   uint16_t owner)
{
    const struct block_segment data[] = { { DATA_AT + id * 0x1000ull, 100 },
                                          { DATA_AT + 100 + id * 0x1000ull, bytes - 100 } };
    const struct block_request request = {
        .id = id,
        .kind = kind,
        .flags = flags,
        .segments = kind == BLOCK_READ || kind == BLOCK_WRITE ? 2 : 0,
        .sector = sector,
        .bytes = bytes,
        .owner = owner,
    };

    assert_true(virtio_blk_submit(&driver, &request, data));
}

static void expect(uint32_t id, enum block_status status)
{
    struct block_answer answer;

    assert_true(virtio_blk_take(&driver, &answer));
    assert_int_equal(answer.id, id);
    assert_int_equal(answer.status, status);
}

static void expect_none(void)
{
    struct block_answer answer;

    assert_false(virtio_blk_take(&driver, &answer));
}

static void what_the_disk_is_like(void **state)
{
    (void)state;
    assert_int_equal(info.sectors, SECTORS);
    assert_int_equal(info.logical_bytes, 512);
    assert_int_equal(info.physical_bytes, 4096);
    assert_int_equal(info.flags, BLOCK_INFO_FLUSH | BLOCK_INFO_DISCARD | BLOCK_INFO_ZERO);
    assert_int_equal(info.max_segments, 100);
    assert_int_equal(info.max_segment_bytes, 0x8000);
    assert_int_equal(info.max_discard, 64);
    assert_int_equal(info.max_zero, 32);
    assert_int_equal(info.depth, SLOTS);
    disk.read_only = true;
    disk.flush = false;
    disk.block_bytes = 4096;
    make_device();
    assert_int_equal(start(MEMORY_BYTES), VIRTIO_DEVICE_OK);
    assert_int_equal(info.flags, BLOCK_INFO_READ_ONLY);
    assert_int_equal(info.logical_bytes, 4096);
}

static void reads_and_writes(void **state)
{
    static const uint64_t choices[] = { VIRTIO_F_INDIRECT_DESC,
                                        VIRTIO_F_INDIRECT_DESC | VIRTIO_F_EVENT_IDX };

    (void)state;
    for (unsigned int choice = 0; choice < 2; choice++) {
        features = choices[choice];
        make_device();
        assert_int_equal(start(MEMORY_BYTES), VIRTIO_DEVICE_OK);
        for (uint32_t round = 0; round < 300; round++) {
            uint32_t id = round % 16;

            kept_count = 0;
            submit(id, BLOCK_READ, 0, round, 1024, 1);
            virtio_blk_kick(&driver);
            expect(id, BLOCK_DONE);
            expect_none();
            assert_memory_equal(world_at(&world, DATA_AT + id * 0x1000ull),
                                contents + round * 512ull, 1024);
            memset(world_at(&world, DATA_AT + id * 0x1000ull), (int)round, 1024);
            submit(id, BLOCK_WRITE, 0, round, 1024, 1);
            virtio_blk_kick(&driver);
            expect(id, BLOCK_DONE);
            assert_int_equal(contents[round * 512 + 1023], round & 0xff);
        }
    }
    assert_int_equal(flushes, 0);
}

static void a_stable_write_is_followed_by_a_flush(void **state)
{
    (void)state;
    at_once = false;
    submit(3, BLOCK_WRITE, BLOCK_FLAG_STABLE, 5, 512, 1);
    virtio_blk_kick(&driver);
    assert_int_equal(kept_count, 1);
    finish(0);
    expect_none();
    virtio_blk_kick(&driver);
    assert_int_equal(kept_count, 2);
    assert_int_equal(kept[1].kind, VBLK_FLUSH);
    expect_none();
    finish(1);
    expect(3, BLOCK_DONE);
}

static void flush_discard_and_zeros(void **state)
{
    (void)state;
    submit(1, BLOCK_FLUSH, 0, 0, 0, 1);
    submit(2, BLOCK_DISCARD, 0, 100, 64 * 512, 1);
    submit(3, BLOCK_ZERO, BLOCK_FLAG_UNMAP, 200, 32 * 512, 1);
    virtio_blk_kick(&driver);
    assert_int_equal(kept_count, 3);
    assert_int_equal(kept[0].kind, VBLK_FLUSH);
    assert_int_equal(kept[1].kind, VBLK_DISCARD);
    assert_int_equal(kept[1].sector, 100);
    assert_int_equal(kept[1].bytes, 64 * 512);
    assert_int_equal(kept[2].kind, VBLK_ZERO);
    assert_true(kept[2].unmap);
    for (uint32_t id = 1; id <= 3; id++) {
        expect(id, BLOCK_DONE);
    }
    assert_int_equal(contents[200 * 512], 0);
}

static void how_worn_it_is(void **state)
{
    const struct block_segment data[] = { { DATA_AT, 2 }, { DATA_AT + 0x100, 4 } };
    const struct block_request request = {
        .id = 5, .kind = BLOCK_LIFETIME, .segments = 2, .bytes = BLOCK_LIFETIME_BYTES, .owner = 1
    };

    (void)state;
    /* The device does not know. */
    assert_int_equal(info.flags & BLOCK_INFO_LIFETIME, 0);
    disk.lifetime = true;
    make_device();
    assert_int_equal(start(MEMORY_BYTES), VIRTIO_DEVICE_OK);
    assert_true((info.flags & BLOCK_INFO_LIFETIME) != 0);
    memset(world_at(&world, DATA_AT), 0xee, 0x200);
    assert_true(virtio_blk_submit(&driver, &request, data));
    virtio_blk_kick(&driver);
    expect(5, BLOCK_DONE);
    assert_memory_equal(world_at(&world, DATA_AT), lifetime, 2);
    assert_memory_equal(world_at(&world, DATA_AT + 0x100), lifetime + 2, 4);
    assert_int_equal(*world_at(&world, DATA_AT + 2), 0xee);
    /* It is repeated like any other. */
    at_once = false;
    kept_count = 0;
    assert_true(virtio_blk_submit(&driver, &request, data));
    virtio_blk_kick(&driver);
    assert_int_equal(virtio_blk_withdraw(&driver, 2), VIRTIO_DEVICE_OK);
    assert_int_equal(kept_count, 2);
    assert_int_equal(kept[1].kind, VBLK_LIFETIME);
    assert_int_equal(kept[1].bytes, BLOCK_LIFETIME_BYTES);
}

static void a_full_device(void **state)
{
    const struct block_request request = { .kind = BLOCK_FLUSH };

    (void)state;
    at_once = false;
    for (uint32_t id = 0; id < SLOTS; id++) {
        submit(id, BLOCK_FLUSH, 0, 0, 0, 1);
    }
    assert_false(virtio_blk_submit(&driver, &request, NULL));
    virtio_blk_kick(&driver);
    assert_int_equal(kept_count, SLOTS);
    /* In any order. */
    for (uint32_t id = SLOTS; id-- > 0;) {
        finish(id);
        expect(id, BLOCK_DONE);
    }
    assert_int_equal(driver.in_flight, 0);
}

static void errors(void **state)
{
    (void)state;
    at_once = false;
    submit(1, BLOCK_READ, 0, 0, 512, 1);
    submit(2, BLOCK_READ, 0, 0, 512, 1);
    virtio_blk_kick(&driver);
    vblk_complete(&blk, kept[0].tag, VBLK_IOERR);
    vblk_complete(&blk, kept[1].tag, VBLK_UNSUPP);
    expect(1, BLOCK_FAILED);
    expect(2, BLOCK_UNSUPPORTED);
}

static void what_is_withdrawn_comes_back_and_the_rest_is_repeated(void **state)
{
    (void)state;
    at_once = false;
    memset(world_at(&world, DATA_AT), 0x5a, 0x8000);
    submit(0, BLOCK_WRITE, 0, 10, 512, 1);
    submit(1, BLOCK_WRITE, 0, 20, 512, 2);
    submit(2, BLOCK_READ, 0, 30, 512, 1);
    submit(3, BLOCK_ZERO, 0, 40, 512, 3);
    submit(4, BLOCK_WRITE, BLOCK_FLAG_STABLE, 50, 512, 3);
    virtio_blk_kick(&driver);
    finish(4);
    expect_none();
    virtio_blk_kick(&driver);
    assert_int_equal(kept_count, 6);
    assert_true(virtio_blk_has(&driver, 1));
    assert_false(virtio_blk_has(&driver, 4));
    assert_int_equal(virtio_blk_withdraw(&driver, 1), VIRTIO_DEVICE_OK);
    /* The device begins the others' anew: a write, a range, and the flush behind a write. */
    assert_int_equal(kept_count, 9);
    expect(0, BLOCK_ABORTED);
    expect(2, BLOCK_ABORTED);
    expect_none();
    /* Answers of before the reset are nobody's. */
    vblk_complete(&blk, 60, VBLK_OK);
    expect_none();
    for (unsigned int i = 6; i < 9; i++) {
        finish(i);
    }
    expect(1, BLOCK_DONE);
    expect(3, BLOCK_DONE);
    expect(4, BLOCK_DONE);
    assert_int_equal(contents[20 * 512], 0x5a);
    assert_int_equal(contents[40 * 512], 0);
    assert_int_not_equal(contents[10 * 512], 0x5a);
    assert_int_equal(flushes, 2);
    assert_int_equal(driver.in_flight, 0);
    at_once = true;
    submit(7, BLOCK_READ, 0, 0, 512, 1);
    virtio_blk_kick(&driver);
    expect(7, BLOCK_DONE);
}

static void a_device_that_answers_nonsense(void **state)
{
    uint16_t *used = (uint16_t *)(void *)(world_at(&world, MEMORY_AT) + 0x1800);

    (void)state;
    at_once = false;
    submit(1, BLOCK_READ, 0, 0, 512, 1);
    virtio_blk_kick(&driver);
    /* Slots that there are not, or that are free; and an index that has run away. */
    memset(used + 2, 0xff, 8);
    used[1] = 1;
    expect_none();
    memset(used + 6, 0, 8);
    used[6] = 5;
    used[1] = 2;
    expect_none();
    assert_int_equal(driver.nonsense, 2);
    /* It says that the request is done, and has not written a status. */
    memset(used + 10, 0, 8);
    used[1] = 60000;
    expect(1, BLOCK_FAILED);
    expect_none();
    assert_true(driver.nonsense <= 2 + 2 * SLOTS);
    /* A reset mends it. */
    assert_int_equal(virtio_blk_withdraw(&driver, 9), VIRTIO_DEVICE_OK);
    submit(2, BLOCK_READ, 0, 0, 512, 1);
    virtio_blk_kick(&driver);
    finish(1);
    expect(2, BLOCK_DONE);
}

static void devices_that_are_none(void **state)
{
    (void)state;
    assert_int_equal(start(0x2000 + 3 * VIRTIO_BLK_SLOT_BYTES), VIRTIO_DEVICE_SMALL);
    assert_int_equal(start(100), VIRTIO_DEVICE_SMALL);
    stuck = true;
    assert_int_equal(start(MEMORY_BYTES), VIRTIO_DEVICE_STUCK);
    stuck = false;
    features = VIRTIO_F_EVENT_IDX;
    make_device();
    assert_int_equal(start(MEMORY_BYTES), VIRTIO_DEVICE_FEATURES);
    world.page[VIRTIO_MMIO_DEVICE_ID / 4] = 1;
    assert_int_equal(start(MEMORY_BYTES), VIRTIO_DEVICE_OTHER);
    world.page[VIRTIO_MMIO_DEVICE_ID / 4] = 0;
    assert_int_equal(start(MEMORY_BYTES), VIRTIO_DEVICE_NONE);
    world.page[VIRTIO_MMIO_VERSION / 4] = 1;
    assert_int_equal(start(MEMORY_BYTES), VIRTIO_DEVICE_NONE);
    for (unsigned int error = VIRTIO_DEVICE_OK; error <= VIRTIO_DEVICE_STUCK; error++) {
        assert_string_not_equal(virtio_device_says((enum virtio_device_error)error), "is wrong");
    }
}

static void a_device_that_does_not_come_out_of_a_withdrawal(void **state)
{
    (void)state;
    at_once = false;
    submit(1, BLOCK_READ, 0, 0, 512, 1);
    virtio_blk_kick(&driver);
    stuck = true;
    assert_int_equal(virtio_blk_withdraw(&driver, 1), VIRTIO_DEVICE_STUCK);
}

static void notifications_are_saved(void **state)
{
    (void)state;
    at_once = false;
    for (uint32_t id = 0; id < 10; id++) {
        submit(id, BLOCK_FLUSH, 0, 0, 0, 1);
    }
    virtio_blk_kick(&driver);
    virtio_blk_kick(&driver);
    assert_int_equal(notifies, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_the_disk_is_like),
        TEST(reads_and_writes),
        TEST(a_stable_write_is_followed_by_a_flush),
        TEST(flush_discard_and_zeros),
        TEST(how_worn_it_is),
        TEST(a_full_device),
        TEST(errors),
        TEST(what_is_withdrawn_comes_back_and_the_rest_is_repeated),
        TEST(a_device_that_answers_nonsense),
        TEST(devices_that_are_none),
        TEST(a_device_that_does_not_come_out_of_a_withdrawal),
        TEST(notifications_are_saved),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
