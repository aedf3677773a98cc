/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "watch_devices.h"
#include "watch_load.h"
#include "watch_rig.h"
#include "watch_show.h"
#include "watch_system.h"

int watch_rig_setup(void **state)
{
    struct watch_maker *maker = malloc(sizeof(*maker));

    if (maker == NULL) {
        return -1;
    }
    watch_maker_start(maker);
    *state = maker;
    return 0;
}

int watch_rig_teardown(void **state)
{
    watch_maker_end(*state);
    free(*state);
    return 0;
}

char *watch_rig_look_at_all(const struct watch_maker *maker, unsigned columns, unsigned rows)
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
            view.load = system.counts != 0 && watch_load_look(&load, second * WATCH_RIG_SECOND)
                            ? &load
                            : NULL;
            watch_devices_look(&devices, second * WATCH_RIG_SECOND);
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
