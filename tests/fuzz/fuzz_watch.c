/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What `bulkhead watch` reads from a machine's memory. The input is a list of changes to a memory
 * that is right, of 8 bytes each: which part, where in it, how many bytes of which value. Between
 * the two looks half of them are made.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "watch_devices.h"
#include "watch_load.h"
#include "watch_maker.h"
#include "watch_show.h"

#define CHANGE_BYTES 8u
#define SECOND 1000000000UL

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fuzz_change(const struct watch_maker *maker, const uint8_t *change)
{
    static const struct {
        uint64_t offset;
        uint64_t bytes;
    } parts[] = {
        { WATCH_MAKER_DESCRIPTION, sizeof(struct watch_maker_description) },
        { WATCH_MAKER_SEGMENT + WATCH_MAKER_DIRECTORY, sizeof(struct watch_maker_directory) },
        { WATCH_MAKER_SEGMENT + WATCH_MAKER_COUNTERS, sizeof(maker->counters) },
        { WATCH_MAKER_COUNTS, sizeof(maker->counts) },
    };
    size_t part = change[0] % (sizeof(parts) / sizeof(parts[0]));
    size_t bytes = (size_t)1 << change[1] % 4;
    uint64_t value = 0;
    uint16_t at;

    memcpy(&at, change + 2, sizeof(at));
    memcpy(&value, change + 4, 4);
    if ((change[1] & 0x80) != 0) {
        value = ~value;
    }
    watch_maker_put(maker, parts[part].offset + at % parts[part].bytes / bytes * bytes, &value,
                    bytes);
}

static void fuzz_look(const struct watch_maker *maker, struct watch_system *system,
                      const uint8_t *data, size_t size, FILE *out)
{
    struct watch_devices devices;
    struct watch_load load;
    struct watch_view view = { .title = "", .devices = &devices, .interval = 1 };

    watch_load_begin(&load, system);
    watch_devices_begin(&devices, system);
    for (uint64_t time = 0; time < 2; time++) {
        view.load = system->counts != 0 && watch_load_look(&load, time * SECOND) ? &load : NULL;
        watch_devices_look(&devices, time * SECOND);
        watch_show_lines(&view, out);
        watch_show_screen(&view, out, 80, 24);
        for (size_t at = size / 2; time == 0 && at + CHANGE_BYTES <= size; at += CHANGE_BYTES) {
            fuzz_change(maker, data + at);
        }
    }
    watch_devices_end(&devices);
    watch_load_end(&load);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct watch_maker maker;
    struct watch_system system;
    char *text = NULL;
    size_t length;
    FILE *out = open_memstream(&text, &length);

    if (out == NULL) {
        return 0;
    }
    watch_maker_start(&maker);
    for (size_t at = 0; at + CHANGE_BYTES <= size / 2; at += CHANGE_BYTES) {
        fuzz_change(&maker, data + at);
    }
    if (watch_system_open(&system, maker.fd)) {
        fuzz_look(&maker, &system, data, size, out);
        watch_system_close(&system);
    }
    fclose(out);
    free(text);
    watch_maker_end(&maker);
    return 0;
}
