/* SPDX-License-Identifier: BSD-2-Clause */
/* Watching a machine whose memory holds anything. */
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
#include "watch_rig.h"
#include "watch_system.h"

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
    watch_devices_look(&devices, WATCH_RIG_SECOND);
    assert_int_equal(devices.counts[1], BH_STATISTICS_DEVICES);
    assert_string_equal(devices.devices[1][0].name, "????????????????????????");
    for (size_t i = 0; i < WATCH_COUNTERS; i++) {
        assert_int_equal(devices.devices[1][0].totals[i], 0);
    }
    watch_devices_end(&devices);
    watch_system_close(&system);
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
                free(watch_rig_look_at_all(maker, 80, 24));
            }
            watch_maker_write(maker);
        }
    }
    free(watch_rig_look_at_all(maker, 80, 24));
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
        text = watch_rig_look_at_all(maker, 80, 24);
        /* The table is whole where the description is. */
        assert_int_equal(strstr(text, "cpu 0 busy") != NULL,
                         lengths[i] >=
                             WATCH_MAKER_DESCRIPTION + sizeof(struct watch_maker_description));
        free(text);
        watch_maker_write(maker);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(trusts_no_directory, watch_rig_setup, watch_rig_teardown),
        cmocka_unit_test_setup_teardown(survives_any_word, watch_rig_setup, watch_rig_teardown),
        cmocka_unit_test_setup_teardown(survives_any_length, watch_rig_setup, watch_rig_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
