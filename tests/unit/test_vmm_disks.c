/* SPDX-License-Identifier: BSD-2-Clause */
/* A guest's two disks, whose virtualisers the test plays. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <virtio/spec.h>
#include <virtio/vblk.h>

#include "io/block/server.h"
#include "vmm_fake.h"
#include "vmm_rig.h"

#define DISKS 2u
#define DEVICE(n) (0xb010000UL + (n)*0x1000UL)
#define DOORBELL(n) (3u + 2u * (n))
#define CHANNEL(n) (2u + 2u * (n))
#define BYTES 0x10000u
#define MACHINE "name left\ngic 3 0x8000000 0x80a0000\n"
/* A request's parts, in the buffer of queue 0. */
#define HEADER (RIG_QUEUE(0) + RIG_BUFFER)
#define STATUS 0x100u
#define DATA 0x200u
#define UNSET 0xee

static _Alignas(4096) uint8_t memories[DISKS][BYTES];
static struct block_server servers[DISKS];
static struct block_segment segments[BLOCK_MAX_SEGMENTS];
static char config[512];

static bool boot(void)
{
    rig_reset();
    memset(memories, 0, sizeof(memories));
    for (uint32_t n = 0; n < DISKS; n++) {
        (void)vmm_fake_page(DEVICE(n), DOORBELL(n));
        assert_true(block_server_open(&servers[n], memories[n], BYTES));
    }
    (void)snprintf(config, sizeof(config),
                   MACHINE "virtio block 0xb010000 209 3\nblock 3 2 0x%lx 0x10000\n"
                           "virtio block 0xb011000 210 5\nblock 5 4 0x%lx 0x10000\n",
                   (unsigned long)memories[0], (unsigned long)memories[1]);
    return rig_boot(config, false);
}

/* The virtualiser of disk n has quiesced, and says what the disk is like, or that there is none. */
static void meet(uint32_t n, uint64_t sectors)
{
    const struct block_info info = {
        .sectors = sectors,
        .logical_bytes = 512,
        .physical_bytes = 512,
        .max_segments = 16,
        .max_segment_bytes = 0x10000,
        .depth = 64,
    };
    uint64_t word;

    assert_true(block_server_quiesce(&servers[n], &word));
    block_server_quiet(&servers[n], word);
    block_server_show(&servers[n], sectors != 0 ? &info : NULL);
    guest_notified(&rig.guest, CHANNEL(n));
}

/* The driver of disk n reads a sector. */
static void ask(uint32_t n, uint64_t sector)
{
    const uint64_t queue = RIG_QUEUE(0);
    const struct {
        uint64_t at;
        uint64_t rest; /* length, flags, next */
    } descriptors[] = {
        { HEADER, 16 | (uint64_t)VIRTIO_DESC_NEXT << 32 | 1ull << 48 },
        { HEADER + DATA,
          512 | (uint64_t)(VIRTIO_DESC_NEXT | VIRTIO_DESC_WRITE) << 32 | 2ull << 48 },
        { HEADER + STATUS, 1 | (uint64_t)VIRTIO_DESC_WRITE << 32 },
    };

    rig_start_driver(DEVICE(n), 1, 0);
    rig_put(HEADER, 0, 8);
    rig_put(HEADER + 8, sector, 8);
    rig_put(HEADER + STATUS, UNSET, 1);
    for (uint32_t i = 0; i < 3; i++) {
        rig_put(queue + i * 16ull, descriptors[i].at, 8);
        rig_put(queue + i * 16ull + 8, descriptors[i].rest, 8);
    }
    rig_put(queue + RIG_DRIVER + 4, 0, 2);
    rig_put(queue + RIG_DRIVER + 2, 1, 2);
    guest_notified(&rig.guest, DOORBELL(n));
}

/* As the guest reads it, without help. */
static uint32_t sectors_of(uint32_t n)
{
    return *(const volatile uint32_t *)(DEVICE(n) + VIRTIO_MMIO_CONFIG);
}

static void the_guest_starts_when_all_its_disks_are_known(void **state)
{
    (void)state;
    assert_true(boot());
    assert_false(vmm_fake.running[0]);
    meet(1, 100);
    assert_false(vmm_fake.running[0]);
    meet(0, 50);
    assert_true(vmm_fake.running[0]);
    assert_int_equal(sectors_of(0), 50);
    assert_int_equal(sectors_of(1), 100);
}

static void each_disk_has_its_own_virtualiser(void **state)
{
    struct block_request request;

    (void)state;
    for (uint32_t n = 0; n < DISKS; n++) {
        assert_true(boot());
        meet(0, 50);
        meet(1, 100);
        ask(n, 7);
        assert_false(block_server_next(&servers[1 - n], &request, segments));
        assert_true(block_server_next(&servers[n], &request, segments));
        assert_int_equal(request.kind, BLOCK_READ);
        assert_int_equal(request.sector, 7);
        assert_int_equal(request.segments, 1);
        assert_int_equal(segments[0].address, HEADER + DATA - RIG_GPA);
        block_server_take(&servers[n], &request);
        block_server_answer(&servers[n], request.id, BLOCK_DONE, 512);
        (void)block_server_publish(&servers[n]);
        assert_int_equal(rig.ram[HEADER + STATUS - RIG_GPA], UNSET);
        guest_notified(&rig.guest, CHANNEL(1 - n));
        assert_int_equal(rig.ram[HEADER + STATUS - RIG_GPA], UNSET);
        guest_notified(&rig.guest, CHANNEL(n));
        assert_int_equal(rig.ram[HEADER + STATUS - RIG_GPA], 0);
        assert_int_equal(rig_used(0), 1);
        assert_int_equal(rig_written(0), 513);
    }
}

static void a_disk_that_is_not_there_is_said(void **state)
{
    (void)state;
    assert_true(boot());
    meet(0, 0);
    assert_non_null(strstr(vmm_fake.printed, "there is no disk for it"));
    meet(1, 100);
    assert_true(vmm_fake.running[0]);
    assert_int_equal(sectors_of(1), 100);
}

static void configurations_that_are_wrong(void **state)
{
    static const char *const wrong[] = {
        "block\n",
        "block 3 2 0x1000\n",
        "block 62 2 0x1000 0x10000\n",
        "block 3 62 0x1000 0x10000\n",
        "block 3 2 0x1000 0x10000 0\n",
        "block 3 2 0x1000 0x10000\nblock 3 4 0x1000 0x10000\n",
        "block 3 2 0x1000 0x10000\nblock 5 2 0x1000 0x10000\n",
        "block 1 2 0 0\nblock 3 4 0 0\nblock 5 6 0 0\nblock 7 8 0 0\nblock 9 10 0 0\n",
    };
    struct config parsed;

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_true(config_parse(wrong[i], strlen(wrong[i]), &parsed) != 0);
    }
    /* A device without a connection, and one that is too small. */
    rig_reset();
    (void)vmm_fake_page(DEVICE(0), DOORBELL(0));
    assert_false(rig_boot(MACHINE "virtio block 0xb010000 209 3\n", false));
    rig_reset();
    (void)vmm_fake_page(DEVICE(0), DOORBELL(0));
    (void)snprintf(config, sizeof(config),
                   MACHINE "virtio block 0xb010000 209 3\nblock 3 2 0x%lx 0x1000\n",
                   (unsigned long)memories[0]);
    assert_false(rig_boot(config, false));
}

#define T(name) cmocka_unit_test_setup_teardown(name, rig_begin, rig_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(the_guest_starts_when_all_its_disks_are_known),
        T(each_disk_has_its_own_virtualiser),
        T(a_disk_that_is_not_there_is_said),
        T(configurations_that_are_wrong),
    };

    cmocka_set_test_filter(getenv("BULKHEAD_TEST"));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
