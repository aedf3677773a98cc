/* SPDX-License-Identifier: BSD-2-Clause */
/* Watching a machine: what is found in its memory, and what is made of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bulkhead/abi.h>

#include "watch_devices.h"
#include "watch_find.h"
#include "watch_load.h"
#include "watch_rig.h"
#include "watch_system.h"

#define VCPU BH_MAX_PDS
/* Exception classes. */
#define WFI 0x01
#define HVC 0x16
#define ABORT 0x24

/* The threads in the order in which they are listed. */
enum { GUEST, MONITOR, APP, THREADS };

static void finds_the_system(void **state)
{
    const struct watch_maker *maker = *state;
    struct watch_system system;
    char name[WATCH_NAME];
    uint64_t place;

    assert_true(watch_system_open(&system, maker->fd));
    assert_int_equal(system.memory.base, WATCH_MAKER_RAM);
    assert_int_equal(system.counts, WATCH_MAKER_RAM + WATCH_MAKER_COUNTS);
    assert_int_equal(system.threads_count, THREADS);
    assert_string_equal(system.threads[GUEST].name, "guest/3");
    assert_int_equal(system.threads[GUEST].index, VCPU);
    assert_string_equal(system.threads[MONITOR].name, "guest.vmm");
    assert_int_equal(system.threads[MONITOR].index, 1);
    assert_string_equal(system.threads[APP].name, "app");
    assert_int_equal(system.threads[APP].cpu, 1);
    watch_system_pd_name(&system, 1, name);
    assert_string_equal(name, "guest.vmm");
    assert_true(watch_system_place(&system, 1, WATCH_MAKER_VIRTUAL + 8, 8, &place));
    assert_int_equal(place, WATCH_MAKER_RAM + WATCH_MAKER_SEGMENT + 8);
    /* Beyond the map; another program's; a device's; around the end of the address space. */
    assert_false(watch_system_place(&system, 1, WATCH_MAKER_VIRTUAL + WATCH_MAKER_SEGMENT_BYTES - 4,
                                    8, &place));
    assert_false(watch_system_place(&system, 0, WATCH_MAKER_VIRTUAL, 8, &place));
    assert_false(watch_system_place(&system, 1, 0x800000, 8, &place));
    assert_false(watch_system_place(&system, 1, UINT64_MAX - 3, 8, &place));
    watch_system_close(&system);
}

static void knows_what_is_no_system(void **state)
{
    struct watch_maker *maker = *state;
    struct watch_system system;

    maker->description.header.magic++;
    watch_maker_write(maker);
    assert_false(watch_system_open(&system, maker->fd));
    maker->description.header.magic--;
    maker->description.header.version++;
    watch_maker_write(maker);
    assert_false(watch_system_open(&system, maker->fd));
    maker->description.header.version--;
    /* Where a kernel was loaded that has moved itself. */
    maker->description.header.kernel_base += WATCH_MAKER_KERNEL;
    watch_maker_write(maker);
    assert_false(watch_system_open(&system, maker->fd));
    maker->description.header.kernel_base -= WATCH_MAKER_KERNEL;
    watch_maker_write(maker);
    /* A copy before it, which is passed over for the same reason. */
    watch_maker_put(maker, BD_PAGE, &maker->description, sizeof(maker->description));
    assert_true(watch_system_open(&system, maker->fd));
    watch_system_close(&system);
    assert_int_equal(ftruncate(maker->fd, 0), 0);
    assert_false(watch_system_open(&system, maker->fd));
}

static void knows_a_kernel_that_counts_nothing(void **state)
{
    struct watch_maker *maker = *state;
    struct watch_system system;

    maker->counts.magic[1]++;
    watch_maker_write(maker);
    assert_true(watch_system_open(&system, maker->fd));
    assert_int_equal(system.counts, 0);
    watch_system_close(&system);
}

/* A system and its load, after the first look, at time 0. */
struct fixture {
    struct watch_system system;
    struct watch_load load;
};

static void fixture_start(struct fixture *fixture, const struct watch_maker *maker)
{
    assert_true(watch_system_open(&fixture->system, maker->fd));
    watch_load_begin(&fixture->load, &fixture->system);
    assert_true(watch_load_look(&fixture->load, 0));
}

static void fixture_end(struct fixture *fixture)
{
    watch_load_end(&fixture->load);
    watch_system_close(&fixture->system);
}

static void fixture_look(struct fixture *fixture, const struct watch_maker *maker, uint64_t now)
{
    watch_maker_write(maker);
    assert_true(watch_load_look(&fixture->load, now));
}

#define assert_near(value, expected) \
    assert_true((value) > (expected)-1e-6 && (value) < (expected) + 1e-6)

static void divides_the_time(void **state)
{
    struct watch_maker *maker = *state;
    struct bh_counts *counts = maker->counts.threads;
    struct fixture fixture;
    const struct watch_share *shares;

    fixture_start(&fixture, maker);
    shares = fixture.load.shares;
    counts[VCPU].cycles += WATCH_RIG_SECOND;
    counts[VCPU].switches += 10;
    counts[VCPU].exits[0] += 4;
    counts[VCPU].exits[WFI] += 6;
    counts[VCPU].exits[HVC] += 8;
    counts[VCPU].exits[ABORT] += 20;
    counts[VCPU].exits[63] += 2;
    counts[1].cycles += WATCH_RIG_SECOND / 2;
    counts[0].cycles += WATCH_RIG_SECOND / 4;
    fixture_look(&fixture, maker, 2 * WATCH_RIG_SECOND);
    assert_near(shares[GUEST].share, 0.5);
    assert_near(shares[MONITOR].share, 0.25);
    assert_near(shares[APP].share, 0.125);
    assert_near(fixture.load.cpus[0], 0.75);
    assert_near(fixture.load.cpus[1], 0.125);
    assert_near(shares[GUEST].switches, 5);
    assert_near(shares[GUEST].exits[WATCH_EXIT_INTERRUPT], 2);
    assert_near(shares[GUEST].exits[WATCH_EXIT_WAIT], 3);
    assert_near(shares[GUEST].exits[WATCH_EXIT_HVC], 4);
    assert_near(shares[GUEST].exits[WATCH_EXIT_MEMORY], 10);
    assert_near(shares[GUEST].exits[WATCH_EXIT_OTHER], 1);
    assert_near(shares[MONITOR].switches, 0);
    /* Nothing since. */
    fixture_look(&fixture, maker, 3 * WATCH_RIG_SECOND);
    assert_near(fixture.load.cpus[0], 0);
    /* The machine was reset. */
    memset(counts, 0, sizeof(maker->counts.threads));
    fixture_look(&fixture, maker, 4 * WATCH_RIG_SECOND);
    assert_near(fixture.load.cpus[0], 0);
    /* More than there was time for: the shares remain in proportion. */
    counts[VCPU].cycles += 6 * WATCH_RIG_SECOND;
    counts[1].cycles += 2 * WATCH_RIG_SECOND;
    fixture_look(&fixture, maker, 5 * WATCH_RIG_SECOND);
    assert_near(shares[GUEST].share, 0.75);
    assert_near(shares[MONITOR].share, 0.25);
    assert_near(fixture.load.cpus[0], 1);
    fixture_end(&fixture);
}

static void sees_who_runs_on_and_on(void **state)
{
    struct watch_maker *maker = *state;
    struct bh_counts *counts = maker->counts.threads;
    struct fixture fixture;

    fixture_start(&fixture, maker);
    for (uint64_t second = 1; second <= 3; second++) {
        counts[VCPU].exits[0] += 250;
        fixture_look(&fixture, maker, second * WATCH_RIG_SECOND);
        assert_near(fixture.load.shares[GUEST].share, 1);
        assert_near(fixture.load.cpus[0], 1);
    }
    /* It is switched away half a second later: what was shown is not shown again. */
    counts[VCPU].cycles += 3 * WATCH_RIG_SECOND + WATCH_RIG_SECOND / 2;
    fixture_look(&fixture, maker, 4 * WATCH_RIG_SECOND);
    assert_near(fixture.load.shares[GUEST].share, 0.5);
    counts[VCPU].cycles += WATCH_RIG_SECOND / 4;
    counts[VCPU].switches++;
    fixture_look(&fixture, maker, 5 * WATCH_RIG_SECOND);
    assert_near(fixture.load.shares[GUEST].share, 0.25);
    fixture_end(&fixture);
}

static void divides_what_was_executed(void **state)
{
    struct watch_maker *maker = *state;
    struct bh_counts *counts = maker->counts.threads;
    struct fixture fixture;

    fixture_start(&fixture, maker);
    counts[VCPU].instructions = counts[VCPU].cycles = 3000;
    counts[1].instructions = counts[1].cycles = 1000;
    counts[0].instructions = counts[0].cycles = 2000;
    fixture_look(&fixture, maker, WATCH_RIG_SECOND);
    assert_true(fixture.load.instructions);
    assert_near(fixture.load.cpus[0], 1);
    assert_near(fixture.load.shares[GUEST].share, 0.75);
    assert_near(fixture.load.shares[APP].share, 0.5);
    fixture_end(&fixture);
}

static void notices_a_table_that_is_gone(void **state)
{
    struct watch_maker *maker = *state;
    struct fixture fixture;

    fixture_start(&fixture, maker);
    maker->counts.magic[0] = 0;
    watch_maker_write(maker);
    assert_false(watch_load_look(&fixture.load, WATCH_RIG_SECOND));
    assert_int_equal(ftruncate(maker->fd, WATCH_MAKER_COUNTS + 100), 0);
    assert_false(watch_load_look(&fixture.load, WATCH_RIG_SECOND));
    fixture_end(&fixture);
}

static void adds_up_devices(void **state)
{
    struct watch_maker *maker = *state;
    struct watch_system system;
    struct watch_devices devices;
    const struct watch_device *disk;

    memcpy(maker->counters, (const uint64_t[]){ 3, 4, 500, 60 }, sizeof(maker->counters));
    watch_maker_write(maker);
    assert_true(watch_system_open(&system, maker->fd));
    watch_devices_begin(&devices, &system);
    watch_devices_look(&devices, WATCH_RIG_SECOND);
    assert_int_equal(devices.counts[0], 0);
    assert_int_equal(devices.counts[1], 1);
    disk = &devices.devices[1][0];
    assert_string_equal(disk->pd, "guest.vmm");
    assert_string_equal(disk->name, "disk");
    assert_int_equal(disk->totals[WATCH_REQUESTS], 7);
    assert_int_equal(disk->totals[WATCH_BYTES_IN], 500);
    assert_int_equal(disk->totals[WATCH_BYTES_OUT], 60);
    assert_near(disk->rates[WATCH_REQUESTS], 0);
    maker->counters[1] += 8;
    maker->counters[2] += 2048;
    watch_maker_write(maker);
    watch_devices_look(&devices, 3 * WATCH_RIG_SECOND);
    assert_near(disk->rates[WATCH_REQUESTS], 4);
    assert_near(disk->rates[WATCH_BYTES_IN], 1024);
    assert_near(disk->rates[WATCH_BYTES_OUT], 0);
    /* The program was restarted: its directory is gone, and comes back with counters from 0. */
    maker->directory.head.magic[0] = 0;
    maker->counters[1] = 0;
    watch_maker_write(maker);
    watch_devices_look(&devices, 4 * WATCH_RIG_SECOND);
    assert_int_equal(devices.counts[1], 0);
    maker->directory.head.magic[0] = BH_STATISTICS_MAGIC0;
    watch_maker_write(maker);
    watch_devices_look(&devices, 5 * WATCH_RIG_SECOND);
    assert_int_equal(devices.counts[1], 1);
    assert_near(disk->rates[WATCH_REQUESTS], 0);
    assert_int_equal(disk->totals[WATCH_REQUESTS], 3);
    watch_devices_end(&devices);
    watch_system_close(&system);
}

static void finds_machines(void **state)
{
    struct watch_machine machine;
    struct watch_machine *machines;
    size_t count;
    int memory;
    int fd;

    (void)state;
    assert_int_equal(watch_find_open(getpid(), &machine), -1);
    memory = watch_find_create("a\033b (deleted) c", 4096);
    assert_true(memory >= 0);
    fd = watch_find_open(getpid(), &machine);
    assert_true(fd >= 0);
    assert_int_equal(machine.pid, getpid());
    assert_string_equal(machine.title, "a?b (deleted) c");
    assert_int_equal(lseek(fd, 0, SEEK_END), 4096);
    assert_int_equal(write(fd, "x", 1), -1);
    close(fd);
    /* Who watches is no machine. */
    machines = watch_find_all(&count);
    for (size_t i = 0; i < count; i++) {
        assert_int_not_equal(machines[i].pid, getpid());
    }
    free(machines);
    close(memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(finds_the_system, watch_rig_setup, watch_rig_teardown),
        cmocka_unit_test_setup_teardown(knows_what_is_no_system, watch_rig_setup,
                                        watch_rig_teardown),
        cmocka_unit_test_setup_teardown(knows_a_kernel_that_counts_nothing, watch_rig_setup,
                                        watch_rig_teardown),
        cmocka_unit_test_setup_teardown(divides_the_time, watch_rig_setup, watch_rig_teardown),
        cmocka_unit_test_setup_teardown(sees_who_runs_on_and_on, watch_rig_setup,
                                        watch_rig_teardown),
        cmocka_unit_test_setup_teardown(divides_what_was_executed, watch_rig_setup,
                                        watch_rig_teardown),
        cmocka_unit_test_setup_teardown(notices_a_table_that_is_gone, watch_rig_setup,
                                        watch_rig_teardown),
        cmocka_unit_test_setup_teardown(adds_up_devices, watch_rig_setup, watch_rig_teardown),
        cmocka_unit_test(finds_machines),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
