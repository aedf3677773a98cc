/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <virtio/vblk.h>

#include "virtio_world.h"

#define ENTRIES 16U
#define SECTORS 2048U
#define RINGS (VIRTIO_F_INDIRECT_DESC | VIRTIO_F_EVENT_IDX | VIRTIO_F_RING_PACKED)
#define WRITEBACK (VIRTIO_MMIO_CONFIG + 32U)

/* Where a request's parts are. */
#define HEADER_AT WORLD_DATA_AT
#define STATUS_AT (WORLD_DATA_AT + 0x1000)
#define BUFFER_AT (WORLD_DATA_AT + 0x2000)
#define UNSET 0xee

static struct world world;
static struct vblk blk;
static struct virtq queue;
static struct vblk_slot slots[ENTRIES];
static struct chain_segment segments[VBLK_SEGMENTS(ENTRIES)];
static struct vblk_disk disk;

/* The backing: keeps requests until the test completes them. */
static struct {
    struct vblk_request requests[64];
    struct chain_segment data[64][VBLK_SEGMENTS(ENTRIES)];
    unsigned count;
    unsigned room;
    unsigned ends;
    unsigned quiesces;
    bool quiet;
} backing;

static bool op_submit(void *context, const struct vblk_request *request)
{
    (void)context;
    assert_true(backing.count < 64);
    if (backing.room == 0) {
        return false;
    }
    backing.room--;
    assert_true(request->count <= disk.max_segments);
    backing.requests[backing.count] = *request;
    for (unsigned i = 0; i < request->count; i++) {
        backing.data[backing.count][i] = request->segments[i];
    }
    backing.requests[backing.count].segments = backing.data[backing.count];
    backing.count++;
    return true;
}

static void op_end(void *context)
{
    (void)context;
    backing.ends++;
}

static bool op_quiesce(void *context)
{
    (void)context;
    backing.quiesces++;
    return backing.quiet;
}

static const struct vblk_ops ops = { .submit = op_submit,
                                     .submit_end = op_end,
                                     .quiesce = op_quiesce };

static enum virtio_error make(void)
{
    const struct vblk_config config = {
        .mem = &world.mem,
        .ops = &ops,
        .disk = &disk,
        .features = RINGS,
        .queue = &queue,
        .queue_entries = ENTRIES,
        .slots = slots,
        .segments = segments,
        .report = world_report,
        .report_context = &world,
    };
    enum virtio_error error = vblk_init(&blk, &config);

    if (error == VIRTIO_OK) {
        world_attach(&world, &blk.dev);
    }
    return error;
}

static int setup(void **state)
{
    (void)state;
    world_init(&world);
    memset(&backing, 0, sizeof backing);
    backing.room = 64;
    disk = (struct vblk_disk){
        .sectors = SECTORS,
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
    assert_int_equal(make(), VIRTIO_OK);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    world_free(&world);
    return 0;
}

static void put(uint64_t at, const void *from, size_t bytes)
{
    memcpy(world_at(&world, at), from, bytes);
}

static void put_header(uint64_t at, uint32_t type, uint64_t sector)
{
    const struct {
        uint32_t type;
        uint32_t reserved;
        uint64_t sector;
    } header = { type, 0, sector };

    put(at, &header, sizeof header);
}

/* A request in three descriptors, number n of them at places of their own. */
static void ask(unsigned n, uint32_t type, uint64_t sector, uint32_t bytes)
{
    const struct driver_element elements[] = {
        { HEADER_AT + n * 16ull, 16, false },
        { BUFFER_AT + n * 0x1000U, bytes, type != 1 && type != 11 && type != 13 },
        { STATUS_AT + n, 1, true },
    };
    const struct driver_element without[] = { elements[0], elements[2] };

    put_header(HEADER_AT + n * 16U, type, sector);
    *world_at(&world, STATUS_AT + n) = UNSET;
    if (bytes == 0) {
        assert_true(driver_ring_add(&world.rings[0], without, 2, DRIVER_DIRECT, n));
    } else {
        assert_true(driver_ring_add(&world.rings[0], elements, 3, DRIVER_DIRECT, n));
    }
    world_kick(&world, 0);
}

static unsigned status_of(unsigned n)
{
    return *world_at(&world, STATUS_AT + n);
}

/* The next buffer that comes back is request n, with so many bytes. */
static void expect(unsigned n, uint32_t written, unsigned status)
{
    uint32_t cookie;
    uint32_t got;

    assert_true(driver_ring_get(&world.rings[0], &cookie, &got));
    assert_int_equal(cookie, n);
    assert_int_equal(got, written);
    assert_int_equal(status_of(n), status);
}

static void expect_nothing(void)
{
    uint32_t cookie;
    uint32_t written;

    assert_false(driver_ring_get(&world.rings[0], &cookie, &written));
}

static void complete(unsigned number, enum vblk_status status)
{
    vblk_complete(&blk, backing.requests[number].tag, status);
    vblk_completed(&blk);
}

static const uint64_t formats[] = { 0, VIRTIO_F_EVENT_IDX, VIRTIO_F_RING_PACKED,
                                    VIRTIO_F_RING_PACKED | VIRTIO_F_EVENT_IDX };
#define FORMATS 4U

static void a_read_and_a_write_reach_the_backing(void **state)
{
    (void)state;
    for (unsigned i = 0; i < FORMATS; i++) {
        const struct vblk_request *request = &backing.requests[0];

        world_boot(&world, formats[i] | VBLK_F_FLUSH, 1, ENTRIES);
        backing.count = 0;
        ask(0, 0, 7, 1024);
        assert_int_equal(backing.count, 1);
        assert_int_equal(request->kind, VBLK_READ);
        assert_int_equal(request->sector, 7);
        assert_int_equal(request->bytes, 1024);
        assert_int_equal(request->count, 1);
        assert_ptr_equal(request->segments[0].host.ptr, world_at(&world, BUFFER_AT));
        assert_int_equal(request->segments[0].guest.value, BUFFER_AT);
        assert_int_equal(request->segments[0].bytes, 1024);
        expect_nothing();
        assert_int_equal(status_of(0), UNSET);
        complete(0, VBLK_OK);
        expect(0, 1025, 0);
        ask(1, 1, 2047, 512);
        assert_int_equal(backing.requests[1].kind, VBLK_WRITE);
        assert_false(backing.requests[1].stable);
        complete(1, VBLK_OK);
        expect(1, 1, 0);
    }
}

static void requests_are_in_flight_together_and_come_back_in_any_order(void **state)
{
    static const unsigned order[] = { 3, 0, 4, 1, 2 };

    (void)state;
    for (unsigned i = 0; i < FORMATS; i++) {
        world_boot(&world, formats[i] | VBLK_F_FLUSH, 1, ENTRIES);
        backing.count = 0;
        for (unsigned n = 0; n < 5; n++) {
            ask(n, 0, n, 512);
        }
        assert_int_equal(backing.count, 5);
        for (unsigned n = 0; n < 5; n++) {
            complete(order[n], VBLK_OK);
            expect(order[n], 513, 0);
        }
        assert_int_equal(blk.in_flight, 0);
    }
}

static void any_division_into_descriptors(void **state)
{
    const struct driver_element elements[] = {
        { HEADER_AT, 5, false },
        { HEADER_AT + 5, 11 + 100, false },
        { BUFFER_AT, 412, false },
        { STATUS_AT, 1, true },
    };
    const struct driver_element read[] = {
        { HEADER_AT, 16, false },
        { BUFFER_AT, 100, true },
        { BUFFER_AT + 0x1000, 413, true },
    };

    (void)state;
    for (unsigned shape = 0; shape < 2; shape++) {
        enum driver_shape how = shape == 0 ? DRIVER_DIRECT : DRIVER_INDIRECT;

        world_boot(&world, VIRTIO_F_INDIRECT_DESC, 1, ENTRIES);
        backing.count = 0;
        put_header(HEADER_AT, 1, 3);
        assert_true(driver_ring_add(&world.rings[0], elements, 4, how, 0));
        world_kick(&world, 0);
        assert_int_equal(backing.count, 1);
        assert_int_equal(backing.requests[0].bytes, 512);
        assert_int_equal(backing.requests[0].count, 2);
        assert_int_equal(backing.requests[0].segments[0].guest.value, HEADER_AT + 16);
        assert_ptr_equal(backing.requests[0].segments[0].host.ptr,
                         world_at(&world, HEADER_AT + 16));
        assert_int_equal(backing.requests[0].segments[0].bytes, 100);
        assert_int_equal(backing.requests[0].segments[1].bytes, 412);
        complete(0, VBLK_OK);
        expect(0, 1, 0);
        /* The status is the last byte of what is writable. */
        put_header(HEADER_AT, 0, 3);
        *world_at(&world, BUFFER_AT + 0x1000 + 412) = UNSET;
        assert_true(driver_ring_add(&world.rings[0], read, 3, how, 1));
        world_kick(&world, 0);
        assert_int_equal(backing.requests[1].bytes, 512);
        assert_int_equal(backing.requests[1].segments[1].bytes, 412);
        complete(1, VBLK_IOERR);
        assert_int_equal(*world_at(&world, BUFFER_AT + 0x1000 + 412), 1);
    }
}

static void flush_discard_and_zeros(void **state)
{
    const struct {
        uint64_t sector;
        uint32_t sectors;
        uint32_t flags;
    } discard = { 100, 64, 0 }, zero = { 200, 32, 1 };

    (void)state;
    world_boot(&world, VBLK_F_FLUSH | VBLK_F_DISCARD | VBLK_F_WRITE_ZEROES, 1, ENTRIES);
    ask(0, 4, 0, 0);
    assert_int_equal(backing.requests[0].kind, VBLK_FLUSH);
    put(BUFFER_AT + 0x1000, &discard, sizeof discard);
    ask(1, 11, 0, 16);
    assert_int_equal(backing.requests[1].kind, VBLK_DISCARD);
    assert_int_equal(backing.requests[1].sector, 100);
    assert_int_equal(backing.requests[1].bytes, 64 * 512);
    put(BUFFER_AT + 0x2000, &zero, sizeof zero);
    ask(2, 13, 0, 16);
    assert_int_equal(backing.requests[2].kind, VBLK_ZERO);
    assert_int_equal(backing.requests[2].sector, 200);
    assert_true(backing.requests[2].unmap);
    complete(1, VBLK_OK);
    complete(2, VBLK_UNSUPP);
    complete(0, VBLK_OK);
    expect(1, 1, 0);
    expect(2, 1, 2);
    expect(0, 1, 0);
}

static void the_id_is_answered_at_once(void **state)
{
    (void)state;
    world_boot(&world, 0, 1, ENTRIES);
    ask(0, 8, 0, 20);
    expect(0, 21, 0);
    assert_memory_equal(world_at(&world, BUFFER_AT), disk.id, 20);
    memset(world_at(&world, BUFFER_AT + 0x1000), UNSET, 16);
    ask(1, 8, 0, 4);
    expect(1, 5, 0);
    assert_int_equal(*world_at(&world, BUFFER_AT + 0x1004), UNSET);
    assert_int_equal(backing.count, 0);
}

static void vio_blk_01_a_write_to_a_read_only_disk_fails(void **state)
{
    (void)state;
    disk.read_only = true;
    assert_int_equal(make(), VIRTIO_OK);
    assert_true((blk.dev.offered & VBLK_F_RO) != 0);
    assert_int_equal(blk.dev.offered & (VBLK_F_DISCARD | VBLK_F_WRITE_ZEROES), 0);
    world_boot(&world, 0, 1, ENTRIES);
    ask(0, 1, 0, 512);
    expect(0, 1, 1);
    ask(1, 11, 0, 16);
    expect(1, 1, 2);
    assert_int_equal(backing.count, 0);
    ask(2, 0, 0, 512);
    assert_int_equal(backing.count, 1);
}

static void vio_blk_02_what_is_not_known_is_not_supported(void **state)
{
    static const uint32_t types[] = { 2, 3, 5, 9, 10, 12, 14, 15, 0x80000000, 0xffffffff };

    (void)state;
    world_boot(&world, 0, 1, ENTRIES);
    for (unsigned i = 0; i < sizeof types / sizeof types[0]; i++) {
        ask(i, types[i], 0, 512);
        expect(i, 1, 2);
    }
    /* Nor what was not negotiated. */
    ask(10, 11, 0, 16);
    expect(10, 1, 2);
    ask(11, 13, 0, 16);
    expect(11, 1, 2);
    assert_int_equal(backing.count, 0);
}

static void vio_blk_03_config_wce_is_not_offered_without_flush(void **state)
{
    (void)state;
    assert_true((blk.dev.offered & VBLK_F_CONFIG_WCE) != 0);
    assert_true((blk.dev.offered & VBLK_F_FLUSH) != 0);
    world_reset(&world);
    assert_false(world_negotiate(&world, VBLK_F_CONFIG_WCE));
    disk.flush = false;
    assert_int_equal(make(), VIRTIO_OK);
    assert_int_equal(blk.dev.offered & (VBLK_F_CONFIG_WCE | VBLK_F_FLUSH), 0);
    /* Without a cache a flush is done. */
    world_boot(&world, 0, 1, ENTRIES);
    ask(0, 4, 0, 0);
    expect(0, 1, 0);
}

static void vio_blk_04_writes_are_stable_unless_the_driver_flushes(void **state)
{
    const uint8_t both[] = { 0, 1, 0 };

    (void)state;
    world_boot(&world, 0, 1, ENTRIES);
    ask(0, 1, 0, 512);
    assert_true(backing.requests[0].stable);
    backing.quiet = true;
    world_boot(&world, VBLK_F_FLUSH, 1, ENTRIES);
    ask(0, 1, 0, 512);
    assert_false(backing.requests[1].stable);
    world_boot(&world, VBLK_F_FLUSH | VBLK_F_CONFIG_WCE, 1, ENTRIES);
    assert_int_equal(world_load(&world, WRITEBACK) & 0xff, 1);
    for (unsigned i = 0; i < 3; i++) {
        vmmio_store(&world.mmio, WRITEBACK, 1, both[i]);
        assert_int_equal(world_load(&world, WRITEBACK) & 0xff, both[i]);
        ask(i, 1, 0, 512);
        assert_int_equal(backing.requests[2 + i].stable, both[i] == 0);
    }
}

static void vio_blk_05_padding_is_zero(void **state)
{
    (void)state;
    assert_int_equal(world_load(&world, WRITEBACK) & 0xff00, 0);
    assert_int_equal(world_load(&world, VIRTIO_MMIO_CONFIG + 56) & 0xffffff00, 0);
}

static void vio_blk_06_unknown_flags_of_a_range_are_not_supported(void **state)
{
    static const struct {
        uint32_t type;
        uint32_t flags;
    } wrong[] = { { 11, 1 }, { 11, 2 }, { 11, 0x80000000 }, { 13, 2 }, { 13, 3 } };

    (void)state;
    world_boot(&world, VBLK_F_DISCARD | VBLK_F_WRITE_ZEROES, 1, ENTRIES);
    for (unsigned i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        const uint32_t range[4] = { 0, 0, 8, wrong[i].flags };

        put(BUFFER_AT + i * 0x1000, range, sizeof range);
        ask(i, wrong[i].type, 0, 16);
        expect(i, 1, 2);
    }
    assert_int_equal(backing.count, 0);
}

static void the_configuration_says_what_the_disk_is(void **state)
{
    (void)state;
    assert_int_equal(world_load(&world, VIRTIO_MMIO_DEVICE_ID), 2);
    assert_int_equal(world_load(&world, VIRTIO_MMIO_CONFIG), SECTORS);
    assert_int_equal(world_load(&world, VIRTIO_MMIO_CONFIG + 4), 0);
    assert_int_equal(world_load(&world, VIRTIO_MMIO_CONFIG + 8), 0x10000);
    assert_int_equal(world_load(&world, VIRTIO_MMIO_CONFIG + 12), 8);
    assert_int_equal(world_load(&world, VIRTIO_MMIO_CONFIG + 20), 512);
    assert_int_equal(world_load(&world, VIRTIO_MMIO_CONFIG + 24), 3 | 8 << 16);
    assert_int_equal(world_load(&world, VIRTIO_MMIO_CONFIG + 36), 64);
    assert_int_equal(world_load(&world, VIRTIO_MMIO_CONFIG + 40), 1);
    assert_int_equal(world_load(&world, VIRTIO_MMIO_CONFIG + 44), 8);
    assert_int_equal(world_load(&world, VIRTIO_MMIO_CONFIG + 48), 32);
    assert_int_equal(world_load(&world, VIRTIO_MMIO_CONFIG + 52), 1);
    assert_int_equal(world_load(&world, VIRTIO_MMIO_CONFIG + 56), 1);
}

static void blocks_of_4_kib_take_whole_ones_only(void **state)
{
    (void)state;
    disk.block_bytes = 4096;
    assert_int_equal(make(), VIRTIO_OK);
    world_boot(&world, 0, 1, ENTRIES);
    assert_int_equal(world_load(&world, VIRTIO_MMIO_CONFIG + 20), 4096);
    ask(0, 0, 0, 512);
    expect(0, 513, 1);
    assert_int_equal(backing.count, 0);
    ask(1, 0, 8, 4096);
    assert_int_equal(backing.count, 1);
}

static void without_room_the_queue_waits(void **state)
{
    (void)state;
    for (unsigned i = 0; i < FORMATS; i++) {
        world_boot(&world, formats[i], 1, ENTRIES);
        backing.count = 0;
        backing.room = 1;
        ask(0, 0, 0, 512);
        ask(1, 1, 1, 1024);
        ask(2, 0, 2, 512);
        assert_int_equal(backing.count, 1);
        vblk_resume(&blk);
        assert_int_equal(backing.count, 1);
        backing.room = 64;
        vblk_resume(&blk);
        assert_int_equal(backing.count, 3);
        assert_int_equal(backing.requests[1].kind, VBLK_WRITE);
        assert_int_equal(backing.requests[1].bytes, 1024);
        for (unsigned n = 0; n < 3; n++) {
            complete(n, VBLK_OK);
        }
        expect(0, 513, 0);
        expect(1, 1, 0);
        expect(2, 513, 0);
    }
}

static void a_reset_waits_for_the_backing(void **state)
{
    (void)state;
    world_boot(&world, 0, 1, ENTRIES);
    ask(0, 0, 0, 512);
    assert_int_equal(world_store(&world, VIRTIO_MMIO_STATUS, 0), VDEV_PENDING);
    assert_int_equal(backing.quiesces, 1);
    assert_int_not_equal(world_load(&world, VIRTIO_MMIO_STATUS), 0);
    /* An answer that comes now is late. */
    complete(0, VBLK_OK);
    assert_int_equal(status_of(0), UNSET);
    expect_nothing();
    assert_int_equal(world_store(&world, VIRTIO_MMIO_STATUS, 0), VDEV_PENDING);
    vblk_quiesced(&blk);
    assert_int_equal(world.quiesced, 1);
    assert_int_equal(world_load(&world, VIRTIO_MMIO_STATUS), 0);
    complete(0, VBLK_OK);
    assert_int_equal(status_of(0), UNSET);
    world_boot(&world, 0, 1, ENTRIES);
    backing.count = 0;
    ask(1, 0, 0, 512);
    complete(0, VBLK_OK);
    expect(1, 513, 0);
    /* With nothing in flight there is nothing to wait for. */
    assert_int_equal(world_store(&world, VIRTIO_MMIO_STATUS, 0), VDEV_DONE);
}

static void a_late_answer_changes_no_byte_after_the_reset(void **state)
{
    (void)state;
    backing.quiet = true;
    world_boot(&world, 0, 1, ENTRIES);
    ask(0, 0, 0, 512);
    assert_int_equal(world_store(&world, VIRTIO_MMIO_STATUS, 0), VDEV_DONE);
    complete(0, VBLK_OK);
    assert_int_equal(status_of(0), UNSET);
    /* Twice, or never sent. */
    world_boot(&world, 0, 1, ENTRIES);
    backing.count = 0;
    ask(1, 0, 0, 512);
    complete(0, VBLK_OK);
    complete(0, VBLK_IOERR);
    vblk_complete(&blk, ENTRIES, VBLK_OK);
    vblk_complete(&blk, UINT16_MAX, VBLK_OK);
    expect(1, 513, 0);
    expect_nothing();
}

static void a_queue_that_stops_sends_nothing_on(void **state)
{
    (void)state;
    world_boot(&world, 0, 1, ENTRIES);
    backing.room = 1;
    ask(0, 0, 0, 512);
    ask(1, 0, 1, 512);
    assert_int_equal(backing.count, 1);
    world_store(&world, VIRTIO_MMIO_QUEUE_SEL, 0);
    assert_int_equal(world_store(&world, VIRTIO_MMIO_QUEUE_READY, 0), VDEV_PENDING);
    assert_int_equal(backing.quiesces, 1);
    /* Another CPU of the guest rings, and there is room again. */
    backing.room = 64;
    ask(2, 0, 2, 512);
    vblk_resume(&blk);
    assert_int_equal(backing.count, 1);
    vblk_quiesced(&blk);
    assert_int_equal(world_load(&world, VIRTIO_MMIO_QUEUE_READY), 0);
    complete(0, VBLK_OK);
    vblk_resume(&blk);
    assert_int_equal(backing.count, 1);
    for (unsigned n = 0; n < 3; n++) {
        assert_int_equal(status_of(n), UNSET);
    }
}

static void how_worn_it_is(void **state)
{
    const struct driver_element halves[] = {
        { HEADER_AT, 16, false },
        { BUFFER_AT, 2, true },
        { BUFFER_AT + 0x1000, 5, true },
    };

    (void)state;
    /* The disk does not know. */
    assert_int_equal(blk.dev.offered & VBLK_F_LIFETIME, 0);
    disk.lifetime = true;
    assert_int_equal(make(), VIRTIO_OK);
    assert_true((blk.dev.offered & VBLK_F_LIFETIME) != 0);
    /* Not negotiated. */
    world_boot(&world, 0, 1, ENTRIES);
    ask(0, 10, 0, 6);
    expect(0, 1, 2);
    world_boot(&world, VBLK_F_LIFETIME, 1, ENTRIES);
    for (uint32_t bytes = 0; bytes < 16; bytes++) {
        if (bytes != VBLK_LIFETIME_BYTES) {
            ask(0, 10, 0, bytes);
            expect(0, 1, 1);
        }
    }
    assert_int_equal(backing.count, 0);
    ask(0, 10, 77, 6);
    assert_int_equal(backing.requests[0].kind, VBLK_LIFETIME);
    assert_int_equal(backing.requests[0].sector, 0);
    assert_int_equal(backing.requests[0].bytes, 6);
    assert_int_equal(backing.requests[0].count, 1);
    assert_int_equal(backing.requests[0].segments[0].guest.value, BUFFER_AT);
    complete(0, VBLK_OK);
    expect(0, 7, 0);
    put_header(HEADER_AT, 10, 0);
    assert_true(driver_ring_add(&world.rings[0], halves, 3, DRIVER_DIRECT, 1));
    world_kick(&world, 0);
    assert_int_equal(backing.requests[1].count, 2);
    assert_int_equal(backing.requests[1].segments[1].bytes, 4);
}

static void hostile_requests(void **state)
{
    const struct driver_element headers[] = { { HEADER_AT, 15, false }, { STATUS_AT, 1, true } };
    const struct driver_element only_status[] = { { STATUS_AT, 1, true } };
    const struct driver_element readable[] = { { HEADER_AT, 16, false },
                                               { BUFFER_AT, 512, false } };
    const struct driver_element odd[] = { { HEADER_AT, 16, false },
                                          { BUFFER_AT, 511, true },
                                          { STATUS_AT, 1, true } };
    const struct driver_element many[] = {
        { HEADER_AT, 16, false },        { BUFFER_AT, 512, true },
        { BUFFER_AT + 512, 512, true },  { BUFFER_AT + 1024, 512, true },
        { BUFFER_AT + 1536, 512, true }, { BUFFER_AT + 2048, 512, true },
        { BUFFER_AT + 2560, 512, true }, { BUFFER_AT + 3072, 512, true },
        { BUFFER_AT + 3584, 512, true }, { BUFFER_AT + 4096, 512, true },
        { STATUS_AT, 1, true },
    };

    (void)state;
    world_boot(&world, VBLK_F_DISCARD, 1, ENTRIES);
    put_header(HEADER_AT, 0, 0);
    assert_true(driver_ring_add(&world.rings[0], headers, 2, DRIVER_DIRECT, 0));
    world_kick(&world, 0);
    expect(0, 1, 1);
    assert_true(driver_ring_add(&world.rings[0], only_status, 1, DRIVER_DIRECT, 0));
    world_kick(&world, 0);
    expect(0, 1, 1);
    *world_at(&world, STATUS_AT) = UNSET;
    assert_true(driver_ring_add(&world.rings[0], readable, 2, DRIVER_DIRECT, 0));
    world_kick(&world, 0);
    expect(0, 0, UNSET);
    assert_int_equal(blk.dev.stats.errors[VIRTIO_ERR_DIRECTION], 1);
    assert_true(driver_ring_add(&world.rings[0], odd, 3, DRIVER_DIRECT, 0));
    world_kick(&world, 0);
    expect(0, 512, 1);
    assert_true(driver_ring_add(&world.rings[0], many, 11, DRIVER_DIRECT, 0));
    world_kick(&world, 0);
    expect(0, 4609, 1);
    /* No data, and ranges of every wrong length. */
    ask(0, 0, 0, 0);
    expect(0, 1, 1);
    ask(1, 1, 0, 0);
    expect(1, 1, 1);
    for (uint32_t bytes = 1; bytes < 40; bytes += 7) {
        ask(2, 11, 0, bytes);
        expect(2, 1, 1);
    }
    assert_int_equal(backing.count, 0);
    /* The device goes on. */
    ask(3, 0, UINT64_MAX, 512);
    assert_int_equal(backing.requests[0].sector, UINT64_MAX);
    complete(0, VBLK_IOERR);
    expect(3, 513, 1);
}

static void a_failed_device_takes_answers_and_changes_nothing(void **state)
{
    const struct driver_element nowhere[] = { { 0x1000, 16, false }, { STATUS_AT, 1, true } };

    (void)state;
    world_boot(&world, 0, 1, ENTRIES);
    ask(0, 0, 0, 512);
    assert_true(driver_ring_add(&world.rings[0], nowhere, 2, DRIVER_DIRECT, 9));
    world_kick(&world, 0);
    assert_int_equal(world.reports, 1);
    complete(0, VBLK_OK);
    assert_int_equal(status_of(0), UNSET);
    assert_int_equal(blk.in_flight, 0);
    world_boot(&world, 0, 1, ENTRIES);
    backing.count = 0;
    ask(1, 0, 0, 512);
    complete(0, VBLK_OK);
    expect(1, 513, 0);
}

static void disks_that_cannot_be(void **state)
{
    const struct vblk_disk good = disk;

    (void)state;
    disk.block_bytes = 768;
    assert_int_equal(make(), VIRTIO_ERR_ARGUMENT);
    disk = good;
    disk.physical_bytes = 256;
    assert_int_equal(make(), VIRTIO_ERR_ARGUMENT);
    disk = good;
    disk.max_segments = 0;
    assert_int_equal(make(), VIRTIO_ERR_ARGUMENT);
    disk = good;
    disk.block_bytes = 4096;
    disk.sectors = 2047;
    assert_int_equal(make(), VIRTIO_ERR_ARGUMENT);
    disk = good;
    /* A queue has room for so many, header and status besides. */
    disk.max_segments = 256;
    assert_int_equal(make(), VIRTIO_OK);
    assert_int_equal(world_load(&world, VIRTIO_MMIO_CONFIG + 12), ENTRIES - 2);
    disk = good;
    assert_int_equal(make(), VIRTIO_OK);
}

static void hostile_config_stores(void **state)
{
    (void)state;
    for (uint32_t offset = 0; offset < 64; offset++) {
        for (unsigned width = 1; width <= 4; width *= 2) {
            uint32_t before = world_load(&world, VIRTIO_MMIO_CONFIG + offset / 4 * 4);

            vmmio_store(&world.mmio, VIRTIO_MMIO_CONFIG + offset, width, 0x55);
            assert_int_equal(world_load(&world, VIRTIO_MMIO_CONFIG + offset / 4 * 4), before);
        }
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_read_and_a_write_reach_the_backing),
        TEST(requests_are_in_flight_together_and_come_back_in_any_order),
        TEST(any_division_into_descriptors),
        TEST(flush_discard_and_zeros),
        TEST(the_id_is_answered_at_once),
        TEST(vio_blk_01_a_write_to_a_read_only_disk_fails),
        TEST(vio_blk_02_what_is_not_known_is_not_supported),
        TEST(vio_blk_03_config_wce_is_not_offered_without_flush),
        TEST(vio_blk_04_writes_are_stable_unless_the_driver_flushes),
        TEST(vio_blk_05_padding_is_zero),
        TEST(vio_blk_06_unknown_flags_of_a_range_are_not_supported),
        TEST(the_configuration_says_what_the_disk_is),
        TEST(blocks_of_4_kib_take_whole_ones_only),
        TEST(without_room_the_queue_waits),
        TEST(a_reset_waits_for_the_backing),
        TEST(a_late_answer_changes_no_byte_after_the_reset),
        TEST(a_queue_that_stops_sends_nothing_on),
        TEST(how_worn_it_is),
        TEST(hostile_requests),
        TEST(a_failed_device_takes_answers_and_changes_nothing),
        TEST(disks_that_cannot_be),
        TEST(hostile_config_stores),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
