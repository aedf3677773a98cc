/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The hostile driver of tests/guest/hostile.h against the console, the entropy device and the disk,
 * for every kind of ring. Beside each device another guest has a console, which must be as it was
 * after each attack.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <virtio/vblk.h>
#include <virtio/vconsole.h>
#include <virtio/vrng.h>

#include "hostile.h"
#include "virtio_world.h"

#define ENTRIES 8U
#define HOLE_AT (WORLD_QUEUES_AT + 0x80000U)
/* Attacks of the smallest list: split rings without anything, and a device that reads. */
#define LEAST_ATTACKS 35U
#define SECTORS 16U

/* A guest, its console, and what that printed. */
struct side {
    struct world world;
    struct vconsole console;
    struct virtq queues[VCONSOLE_QUEUES(1U, false)];
    struct chain_segment segments[VCONSOLE_SEGMENTS(1U, ENTRIES)];
    char output[64];
    size_t output_bytes;
};

static struct side attacker;
static struct side neighbour;
static struct vrng rng;
static struct virtq rng_queue;
static struct chain_segment rng_segments[ENTRIES];

static struct vblk blk;
static struct virtq blk_queue;
static struct vblk_slot blk_slots[ENTRIES];
static struct chain_segment blk_segments[VBLK_SEGMENTS(ENTRIES)];
static unsigned char sectors[SECTORS * VBLK_SECTOR];

static size_t op_output(void *context, unsigned port, const void *data, size_t bytes)
{
    struct side *side = context;
    const char *from = data;

    assert_int_equal(port, 0);
    for (size_t i = 0; i < bytes; i++) {
        side->output[side->output_bytes++ % sizeof side->output] = from[i];
    }
    return bytes;
}

static void op_emergency(void *context, unsigned char character)
{
    (void)context;
    (void)character;
}

static const struct vconsole_ops console_ops = { .output = op_output, .emergency = op_emergency };

static size_t op_fill(void *context, void *to, size_t bytes)
{
    (void)context;
    memset(to, 0x5c, bytes);
    return bytes;
}

static const struct vrng_ops rng_ops = { .fill = op_fill };

/* A disk in memory. */
static bool op_submit(void *context, const struct vblk_request *request)
{
    uint64_t count = request->bytes / VBLK_SECTOR;
    bool there = request->sector < SECTORS && count <= SECTORS - request->sector;
    unsigned char *at = sectors;

    (void)context;
    assert_true(request->kind == VBLK_READ || request->kind == VBLK_WRITE ||
                request->kind == VBLK_FLUSH);
    if (request->kind != VBLK_FLUSH && there) {
        at += request->sector * VBLK_SECTOR;
        for (unsigned i = 0; i < request->count; i++) {
            const struct chain_segment *segment = &request->segments[i];

            if (request->kind == VBLK_READ) {
                memcpy(segment->host.ptr, at, segment->bytes);
            } else {
                memcpy(at, segment->host.ptr, segment->bytes);
            }
            at += segment->bytes;
        }
    }
    vblk_complete(&blk, request->tag, there || request->kind == VBLK_FLUSH ? VBLK_OK : VBLK_IOERR);
    return true;
}

static bool op_quiesce(void *context)
{
    (void)context;
    return true;
}

static const struct vblk_ops disk_ops = { .submit = op_submit, .quiesce = op_quiesce };

static void make_console(struct side *side)
{
    static const struct vconsole_port port = { .console = true, .present = true };

    world_init(&side->world);
    side->output_bytes = 0;
    assert_int_equal(vconsole_init(&side->console,
                                   &(struct vconsole_config){
                                       .mem = &side->world.mem,
                                       .ops = &console_ops,
                                       .context = side,
                                       .ports = &port,
                                       .port_count = 1,
                                       .features = WORLD_RINGS,
                                       .queues = side->queues,
                                       .queue_entries = ENTRIES,
                                       .segments = side->segments,
                                       .report = world_report,
                                       .report_context = &side->world,
                                   }),
                     VIRTIO_OK);
    world_attach(&side->world, &side->console.dev);
}

static int setup(void **state)
{
    (void)state;
    make_console(&attacker);
    make_console(&neighbour);
    world_boot(&neighbour.world, VIRTIO_F_EVENT_IDX, 2, ENTRIES);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    world_free(&attacker.world);
    world_free(&neighbour.world);
    return 0;
}

static uint32_t machine_load(void *context, uint32_t offset)
{
    return world_load(context, offset);
}

static void machine_store(void *context, uint32_t offset, unsigned bytes, uint64_t value)
{
    struct world *world = context;

    assert_int_equal(vmmio_store(&world->mmio, offset, bytes, value), VDEV_DONE);
}

/* All is done when a store returns, but for work that a device left. */
static bool machine_wait(void *context, unsigned turn)
{
    struct world *world = context;

    (void)turn;
    return vdev_work(world->mmio.dev);
}

/* The other guest's console prints what it is given, and nothing else has come to it. */
static void neighbour_goes_on(void)
{
    struct driver_ring *ring = &neighbour.world.rings[1];
    const struct driver_element element = { WORLD_DATA_AT, 5, false };
    uint32_t cookie = 0;
    uint32_t written = 1;
    size_t before = neighbour.output_bytes;

    memcpy(world_at(&neighbour.world, WORLD_DATA_AT), "alive", 5);
    assert_true(driver_ring_add(ring, &element, 1, DRIVER_DIRECT, 1));
    (void)world_kick(&neighbour.world, 1);
    assert_true(driver_ring_get(ring, &cookie, &written));
    assert_int_equal(cookie, 1);
    assert_int_equal(written, 0);
    assert_int_equal(neighbour.output_bytes, before + 5);
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(neighbour.output[(before + i) % sizeof neighbour.output], "alive"[i]);
    }
    assert_int_equal(neighbour.world.reports, 0);
}

static void told(const struct hostile_machine *machine, const char *attack, uint64_t features,
                 bool good)
{
    (void)machine;
    if (!good) {
        fail_msg("'%s' with features 0x%llx", attack, (unsigned long long)features);
    }
    neighbour_goes_on();
}

static void attack(unsigned queue, bool write, uint32_t written, const struct hostile_list *own)
{
    const struct hostile_machine machine = {
        .load = machine_load,
        .store = machine_store,
        .wait = machine_wait,
        .context = &attacker.world,
        .memory = world_at(&attacker.world, WORLD_QUEUES_AT),
        .memory_at = WORLD_QUEUES_AT,
        .hole_at = HOLE_AT,
        .queue = queue,
        .write = write,
        .written = written,
        .own = own,
    };

    for (unsigned kind = 0; kind < HOSTILE_KINDS; kind++) {
        assert_true(hostile_run(&machine, hostile_kind(kind), told) >= LEAST_ATTACKS);
    }
    assert_true(attacker.world.reports > 0);
}

static void hostile_console_driver(void **state)
{
    (void)state;
    attack(1, false, 0, NULL);
}

static void hostile_entropy_driver(void **state)
{
    (void)state;
    assert_int_equal(vrng_init(&rng, &(struct vrng_config){ .mem = &attacker.world.mem,
                                                            .ops = &rng_ops,
                                                            .features = WORLD_RINGS,
                                                            .queue = &rng_queue,
                                                            .queue_entries = ENTRIES,
                                                            .segments = rng_segments,
                                                            .report = world_report,
                                                            .report_context = &attacker.world }),
                     VIRTIO_OK);
    world_attach(&attacker.world, &rng.dev);
    attack(0, true, 8, NULL);
}

static void hostile_disk_driver(void **state)
{
    const struct vblk_disk disk = {
        .sectors = SECTORS,
        .block_bytes = VBLK_SECTOR,
        .physical_bytes = VBLK_SECTOR,
        .flush = true,
        .max_segments = 4,
        .max_segment_bytes = 0x10000,
        .max_discard = SECTORS,
        .max_zero = SECTORS,
        .lifetime = true,
        .id = "attacked",
    };

    (void)state;
    assert_int_equal(vblk_init(&blk, &(struct vblk_config){ .mem = &attacker.world.mem,
                                                            .ops = &disk_ops,
                                                            .disk = &disk,
                                                            .features = WORLD_RINGS,
                                                            .queue = &blk_queue,
                                                            .queue_entries = ENTRIES,
                                                            .slots = blk_slots,
                                                            .segments = blk_segments,
                                                            .report = world_report,
                                                            .report_context = &attacker.world }),
                     VIRTIO_OK);
    world_attach(&attacker.world, &blk.dev);
    /* A buffer without a header is answered by its status. */
    attack(0, true, 1, &hostile_disk_list);
}

/* Who tells of attacks can tell of failures: a device that never answers passes none of them. */
static unsigned failures;

static void told_of_failure(const struct hostile_machine *machine, const char *what,
                            uint64_t features, bool good)
{
    (void)machine;
    (void)what;
    (void)features;
    failures += !good;
}

static void dead_store(void *context, uint32_t offset, unsigned bytes, uint64_t value)
{
    (void)context;
    (void)offset;
    (void)bytes;
    (void)value;
}

static void a_dead_device_is_noticed(void **state)
{
    const struct hostile_machine machine = {
        .load = machine_load,
        .store = dead_store,
        .wait = machine_wait,
        .context = &attacker.world,
        .memory = world_at(&attacker.world, WORLD_QUEUES_AT),
        .memory_at = WORLD_QUEUES_AT,
        .hole_at = HOLE_AT,
        .queue = 1,
    };

    unsigned attacks;

    (void)state;
    failures = 0;
    attacks = hostile_run(&machine, 0, told_of_failure);
    assert_int_equal(failures, attacks);
    assert_true(attacks >= LEAST_ATTACKS);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(hostile_console_driver),
        T(hostile_entropy_driver),
        T(hostile_disk_driver),
        T(a_dead_device_is_noticed),
    };

    cmocka_set_test_filter(getenv("BULKHEAD_TEST"));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
