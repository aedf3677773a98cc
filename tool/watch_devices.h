/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the protection domains of a running system count of devices: the directories of
 * <bulkhead/statistics.h>, each found in the writable segments of a program. Nothing in them is
 * trusted.
 */
#ifndef TOOL_WATCH_DEVICES_H
#define TOOL_WATCH_DEVICES_H

#include <bulkhead/abi.h>
#include <bulkhead/statistics.h>

#include "watch_system.h"

enum watch_counter { WATCH_REQUESTS, WATCH_BYTES_IN, WATCH_BYTES_OUT, WATCH_COUNTERS };

struct watch_device {
    char pd[WATCH_NAME];
    char name[WATCH_NAME];
    uint64_t totals[WATCH_COUNTERS];
    double rates[WATCH_COUNTERS]; /* a second, since the last look */
    bool looked;                  /* the totals are those of a look, not the first */
};

struct watch_devices {
    const struct watch_system *system;
    uint64_t places[BH_MAX_PDS];              /* of the directories; 0: not found yet */
    struct watch_device *devices[BH_MAX_PDS]; /* BH_STATISTICS_DEVICES of each, or NULL */
    size_t counts[BH_MAX_PDS];                /* that there are */
    uint64_t time;
};

/** Begin; the system stays in use. */
void watch_devices_begin(struct watch_devices *devices, const struct watch_system *system);

/** Look at all directories at the time `now` in nanoseconds, and for those of other programs. */
void watch_devices_look(struct watch_devices *devices, uint64_t now);

/** Release everything. */
void watch_devices_end(struct watch_devices *devices);

#endif
