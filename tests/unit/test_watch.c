/* SPDX-License-Identifier: BSD-2-Clause */
/* Watching a machine: what is read from its memory, which may hold anything. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bulkhead/abi.h>

#include "watch_devices.h"
#include "watch_find.h"
#include "watch_load.h"
#include "watch_maker.h"
#include "watch_show.h"
#include "watch_system.h"

#define SECOND 1000000000UL
#define VCPU BH_MAX_PDS
/* Exception classes. */
#define WFI 0x01
#define HVC 0x16
#define ABORT 0x24

/* The threads in the order in which they are listed. */
enum { GUEST, MONITOR, APP, THREADS };

static int test_start(void **state)
{
    struct watch_maker *maker = malloc(sizeof(*maker));

    if (maker == NULL) {
        return -1;
    }
    watch_maker_start(maker);
    *state = maker;
    return 0;
}

static int test_end(void **state)
{
    watch_maker_end(*state);
    free(*state);
    return 0;
}

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
    counts[VCPU].cycles += SECOND;
    counts[VCPU].switches += 10;
    counts[VCPU].exits[0] += 4;
    counts[VCPU].exits[WFI] += 6;
    counts[VCPU].exits[HVC] += 8;
    counts[VCPU].exits[ABORT] += 20;
    counts[VCPU].exits[63] += 2;
    counts[1].cycles += SECOND / 2;
    counts[0].cycles += SECOND / 4;
    fixture_look(&fixture, maker, 2 * SECOND);
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
    fixture_look(&fixture, maker, 3 * SECOND);
    assert_near(fixture.load.cpus[0], 0);
    /* The machine was reset. */
    memset(counts, 0, sizeof(maker->counts.threads));
    fixture_look(&fixture, maker, 4 * SECOND);
    assert_near(fixture.load.cpus[0], 0);
    /* More than there was time for: the shares remain in proportion. */
    counts[VCPU].cycles += 6 * SECOND;
    counts[1].cycles += 2 * SECOND;
    fixture_look(&fixture, maker, 5 * SECOND);
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
        fixture_look(&fixture, maker, second * SECOND);
        assert_near(fixture.load.shares[GUEST].share, 1);
        assert_near(fixture.load.cpus[0], 1);
    }
    /* It is switched away half a second later: what was shown is not shown again. */
    counts[VCPU].cycles += 3 * SECOND + SECOND / 2;
    fixture_look(&fixture, maker, 4 * SECOND);
    assert_near(fixture.load.shares[GUEST].share, 0.5);
    counts[VCPU].cycles += SECOND / 4;
    counts[VCPU].switches++;
    fixture_look(&fixture, maker, 5 * SECOND);
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
    fixture_look(&fixture, maker, SECOND);
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
    assert_false(watch_load_look(&fixture.load, SECOND));
    assert_int_equal(ftruncate(maker->fd, WATCH_MAKER_COUNTS + 100), 0);
    assert_false(watch_load_look(&fixture.load, SECOND));
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
    watch_devices_look(&devices, SECOND);
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
    watch_devices_look(&devices, 3 * SECOND);
    assert_near(disk->rates[WATCH_REQUESTS], 4);
    assert_near(disk->rates[WATCH_BYTES_IN], 1024);
    assert_near(disk->rates[WATCH_BYTES_OUT], 0);
    /* The program was restarted: its directory is gone, and comes back with counters from 0. */
    maker->directory.head.magic[0] = 0;
    maker->counters[1] = 0;
    watch_maker_write(maker);
    watch_devices_look(&devices, 4 * SECOND);
    assert_int_equal(devices.counts[1], 0);
    maker->directory.head.magic[0] = BH_STATISTICS_MAGIC0;
    watch_maker_write(maker);
    watch_devices_look(&devices, 5 * SECOND);
    assert_int_equal(devices.counts[1], 1);
    assert_near(disk->rates[WATCH_REQUESTS], 0);
    assert_int_equal(disk->totals[WATCH_REQUESTS], 3);
    watch_devices_end(&devices);
    watch_system_close(&system);
}

static void trusts_no_directory(void **state)
{
    struct watch_maker *maker = *state;
    struct bh_statistics_device *entry = &maker->directory.devices[0];
    struct watch_system system;
    struct watch_devices devices;

    memset(entry->name, '\033', sizeof(entry->name));
    entry->requests[0] = 0x800000; /* a device's register */
    entry->requests[1] = WATCH_MAKER_VIRTUAL + WATCH_MAKER_COUNTERS + 1;
    entry->bytes_in = WATCH_MAKER_VIRTUAL + WATCH_MAKER_SEGMENT_BYTES;
    entry->bytes_out = UINT64_MAX - 7;
    maker->directory.head.count = UINT64_MAX;
    watch_maker_write(maker);
    assert_true(watch_system_open(&system, maker->fd));
    watch_devices_begin(&devices, &system);
    watch_devices_look(&devices, SECOND);
    assert_int_equal(devices.counts[1], BH_STATISTICS_DEVICES);
    assert_string_equal(devices.devices[1][0].name, "????????????????????????");
    for (size_t i = 0; i < WATCH_COUNTERS; i++) {
        assert_int_equal(devices.devices[1][0].totals[i], 0);
    }
    watch_devices_end(&devices);
    watch_system_close(&system);
}

/* Look at and show whatever the file holds. Returns what the screen has. */
static char *look_at_all(const struct watch_maker *maker, unsigned columns, unsigned rows)
{
    struct watch_system system;
    struct watch_devices devices;
    struct watch_load load;
    struct watch_view view = { .title = "title", .devices = &devices, .interval = 1 };
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    assert_non_null(out);
    if (watch_system_open(&system, maker->fd)) {
        watch_load_begin(&load, &system);
        watch_devices_begin(&devices, &system);
        for (uint64_t second = 0; second < 2; second++) {
            view.load =
                system.counts != 0 && watch_load_look(&load, second * SECOND) ? &load : NULL;
            watch_devices_look(&devices, second * SECOND);
            watch_show_lines(&view, out);
        }
        watch_show_screen(&view, out, columns, rows);
        watch_devices_end(&devices);
        watch_load_end(&load);
        watch_system_close(&system);
    }
    fclose(out);
    return text;
}

/* Each word of the description and the directory, as each of some values. */
static void survives_any_word(void **state)
{
    static const uint32_t values[] = { 0, 1, 7, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff };
    const struct watch_maker *maker = *state;
    const struct {
        uint64_t offset;
        size_t bytes;
    } parts[] = {
        { WATCH_MAKER_DESCRIPTION, sizeof(maker->description) },
        { WATCH_MAKER_SEGMENT + WATCH_MAKER_DIRECTORY, sizeof(maker->directory) },
    };

    for (size_t part = 0; part < 2; part++) {
        for (size_t at = 0; at < parts[part].bytes; at += 4) {
            for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
                watch_maker_put(maker, parts[part].offset + at, &values[i], 4);
                free(look_at_all(maker, 80, 24));
            }
            watch_maker_write(maker);
        }
    }
    free(look_at_all(maker, 80, 24));
}

static void survives_any_length(void **state)
{
    static const uint64_t lengths[] = {
        1,
        WATCH_MAKER_DESCRIPTION,
        WATCH_MAKER_DESCRIPTION + 8,
        WATCH_MAKER_DESCRIPTION + sizeof(struct bd_header),
        WATCH_MAKER_DESCRIPTION + sizeof(struct watch_maker_description) - 1,
        WATCH_MAKER_DESCRIPTION + sizeof(struct watch_maker_description),
        WATCH_MAKER_SEGMENT + WATCH_MAKER_DIRECTORY + 8,
        WATCH_MAKER_SEGMENT + WATCH_MAKER_DIRECTORY + 100,
    };
    const struct watch_maker *maker = *state;

    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        char *text;

        assert_int_equal(ftruncate(maker->fd, (off_t)lengths[i]), 0);
        text = look_at_all(maker, 80, 24);
        /* The table is whole where the description is. */
        assert_int_equal(strstr(text, "cpu 0 busy") != NULL,
                         lengths[i] >=
                             WATCH_MAKER_DESCRIPTION + sizeof(struct watch_maker_description));
        free(text);
        watch_maker_write(maker);
    }
}

/* How many lines the screen has that is the end of a text. */
static unsigned lines_of_screen(const char *text)
{
    unsigned lines = 0;

    for (const char *at = strstr(text, "\033[H"); (at = strstr(at, "\r\n")) != NULL; at++) {
        lines++;
    }
    return lines;
}

/* What is left out because nothing happened there is counted. */
static void quiet_lines_are_counted(void **state)
{
    struct watch_maker *maker = *state;
    char *whole = look_at_all(maker, 80, 80);
    unsigned all = lines_of_screen(whole);
    bool seen = false;

    assert_null(strstr(whole, "more did nothing"));
    for (unsigned rows = 1; rows < 80; rows++) {
        char *text = look_at_all(maker, 80, rows);
        const char *left = strstr(text, "more did nothing)");
        unsigned count;

        if (left != NULL) {
            while (*left != '(') {
                left--;
            }
            assert_int_equal(sscanf(left, "(%u more", &count), 1);
            assert_int_equal(lines_of_screen(text) - 1 + count, all);
            seen = true;
        }
        free(text);
    }
    assert_true(seen);
    free(whole);
}

static void fits_the_screen(void **state)
{
    struct watch_maker *maker = *state;

    maker->directory.head.count = 40;
    memcpy(maker->description.strings + 1, "\033[2", 3);
    watch_maker_write(maker);
    for (unsigned rows = 1; rows < 80; rows++) {
        char *text = look_at_all(maker, 40, rows);
        const char *screen = strstr(text, "\033[H");
        unsigned lines = 0;

        assert_non_null(screen);
        assert_null(strstr(text, "\033[2"));
        assert_non_null(strstr(text, "?[2"));
        for (const char *at = screen; (at = strstr(at, "\r\n")) != NULL; at++) {
            const char *end = strstr(at + 2, "\033[K");

            assert_true(end == NULL || end - at - 2 < 40);
            lines++;
        }
        assert_true(lines < rows);
        free(text);
    }
}

static void prints_lines(void **state)
{
    struct watch_maker *maker = *state;
    char *text;

    memcpy(maker->counters, (const uint64_t[]){ 3, 4, 500, 60 }, sizeof(maker->counters));
    watch_maker_write(maker);
    text = look_at_all(maker, 80, 24);
    assert_non_null(strstr(text, "0.0 cpu 0 busy 0.0%\n0.0 cpu 1 busy 0.0%\n0.0 vcpu guest/3 cpu 0 "
                                 "busy 0.0% switches/s 0 interrupt/s 0 wait/s 0 memory/s 0 hvc/s 0 "
                                 "smc/s 0 register/s 0 other/s 0\n0.0 pd guest.vmm cpu 0 busy "));
    assert_non_null(strstr(text,
                           "\n0.0 device guest.vmm:disk requests/s 0 in/s 0 out/s 0 requests 7 "
                           "in 500 out 60\n"));
    free(text);
    maker->counts.magic[0] = 0;
    watch_maker_write(maker);
    text = look_at_all(maker, 80, 24);
    assert_null(strstr(text, "busy"));
    assert_non_null(strstr(text, WATCH_SHOW_LACK));
    assert_non_null(strstr(text, WATCH_SHOW_REMEDY));
    free(text);
}

static void prints_numbers(void **state)
{
    static const struct {
        double value;
        const char *text;
    } numbers[] = {
        { 0, "0" },        { 0.44, "0.4" },    { 0.96, "1" },         { 12.4, "12" },
        { 9999, "9999" },  { 12345, "12.3k" }, { 123456, "123k" },    { 999600, "1.0M" },
        { 5.5e9, "5.5G" }, { 2e19, "20000P" }, { 1e300, "9000000P" },
    };
    char text[16];

    (void)state;
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        assert_string_equal(watch_show_number(numbers[i].value, text), numbers[i].text);
    }
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
        cmocka_unit_test_setup_teardown(finds_the_system, test_start, test_end),
        cmocka_unit_test_setup_teardown(knows_what_is_no_system, test_start, test_end),
        cmocka_unit_test_setup_teardown(knows_a_kernel_that_counts_nothing, test_start, test_end),
        cmocka_unit_test_setup_teardown(divides_the_time, test_start, test_end),
        cmocka_unit_test_setup_teardown(sees_who_runs_on_and_on, test_start, test_end),
        cmocka_unit_test_setup_teardown(divides_what_was_executed, test_start, test_end),
        cmocka_unit_test_setup_teardown(notices_a_table_that_is_gone, test_start, test_end),
        cmocka_unit_test_setup_teardown(adds_up_devices, test_start, test_end),
        cmocka_unit_test_setup_teardown(trusts_no_directory, test_start, test_end),
        cmocka_unit_test_setup_teardown(survives_any_word, test_start, test_end),
        cmocka_unit_test_setup_teardown(survives_any_length, test_start, test_end),
        cmocka_unit_test_setup_teardown(quiet_lines_are_counted, test_start, test_end),
        cmocka_unit_test_setup_teardown(fits_the_screen, test_start, test_end),
        cmocka_unit_test_setup_teardown(prints_lines, test_start, test_end),
        cmocka_unit_test(prints_numbers),
        cmocka_unit_test(finds_machines),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
