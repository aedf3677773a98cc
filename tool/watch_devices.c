/* SPDX-License-Identifier: BSD-2-Clause */
#include "watch_devices.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"

/* A larger segment is looked through as far as this. */
#define WATCH_DEVICES_SEGMENT (32u << 20)

void watch_devices_begin(struct watch_devices *devices, const struct watch_system *system)
{
    memset(devices, 0, sizeof(*devices));
    devices->system = system;
}

void watch_devices_end(struct watch_devices *devices)
{
    for (size_t i = 0; i < BH_MAX_PDS; i++) {
        free(devices->devices[i]);
    }
}

static bool watch_devices_head(const struct watch_system *system, uint64_t at,
                               struct bh_statistics *head)
{
    return at != 0 && watch_memory_read(&system->memory, at, head, sizeof(*head)) &&
           head->magic[0] == BH_STATISTICS_MAGIC0 && head->magic[1] == BH_STATISTICS_MAGIC1;
}

/* The directory of a program that had none. 0: it has none. */
static uint64_t watch_devices_find(const struct watch_system *system, uint32_t pd)
{
    uint64_t at;
    uint64_t bytes;

    for (uint32_t i = 0; watch_system_segment(system, pd, i, &at, &bytes); i++) {
        uint64_t end = at + (bytes < WATCH_DEVICES_SEGMENT ? bytes : WATCH_DEVICES_SEGMENT);
        struct bh_statistics head;

        while (watch_memory_find(&system->memory, BH_STATISTICS_MAGIC0, BH_STATISTICS_ALIGN, &at,
                                 end)) {
            if (watch_devices_head(system, at, &head)) {
                return at;
            }
            at += BH_STATISTICS_ALIGN;
        }
    }
    return 0;
}

/* The counter at an address of a protection domain; 0 when there is none. */
static uint64_t watch_devices_counter(const struct watch_system *system, uint32_t pd,
                                      uint64_t address)
{
    uint64_t physical;
    uint64_t value;

    return address != 0 && address % sizeof(value) == 0 &&
                   watch_system_place(system, pd, address, sizeof(value), &physical) &&
                   watch_memory_read(&system->memory, physical, &value, sizeof(value))
               ? value
               : 0;
}

static void watch_devices_device(const struct watch_system *system, uint32_t pd,
                                 const struct bh_statistics_device *entry,
                                 struct watch_device *device, double elapsed)
{
    uint64_t totals[WATCH_COUNTERS] = {
        [WATCH_BYTES_IN] = watch_devices_counter(system, pd, entry->bytes_in),
        [WATCH_BYTES_OUT] = watch_devices_counter(system, pd, entry->bytes_out),
    };

    for (size_t i = 0; i < BH_STATISTICS_SUMMANDS; i++) {
        totals[WATCH_REQUESTS] += watch_devices_counter(system, pd, entry->requests[i]);
    }
    watch_system_pd_name(system, pd, device->pd);
    watch_system_print(device->name, entry->name, sizeof(entry->name));
    for (size_t i = 0; i < WATCH_COUNTERS; i++) {
        bool grown = device->looked && elapsed > 0 && totals[i] >= device->totals[i];

        device->rates[i] = grown ? (double)(totals[i] - device->totals[i]) / elapsed * 1e9 : 0;
        device->totals[i] = totals[i];
    }
    device->looked = true;
}

static void watch_devices_pd(struct watch_devices *devices, uint32_t pd, double elapsed)
{
    const struct watch_system *system = devices->system;
    struct bh_statistics_device entry;
    struct bh_statistics head;
    uint64_t at;
    size_t count;

    if (!watch_devices_head(system, devices->places[pd], &head)) {
        devices->places[pd] = watch_devices_find(system, pd);
        devices->counts[pd] = 0;
        if (!watch_devices_head(system, devices->places[pd], &head)) {
            return;
        }
    }
    if (devices->devices[pd] == NULL) {
        devices->devices[pd] = alloc_array(BH_STATISTICS_DEVICES, sizeof(struct watch_device));
    }
    at = devices->places[pd] + sizeof(head);
    for (count = 0; count < head.count && count < BH_STATISTICS_DEVICES &&
                    watch_memory_read(&system->memory, at, &entry, sizeof(entry));
         count++, at += sizeof(entry)) {
        watch_devices_device(system, pd, &entry, &devices->devices[pd][count], elapsed);
    }
    devices->counts[pd] = count;
}

void watch_devices_look(struct watch_devices *devices, uint64_t now)
{
    double elapsed = now > devices->time ? (double)(now - devices->time) : 0;
    uint32_t pds = watch_system_pds(devices->system);

    for (uint32_t pd = 0; pd < pds && pd < BH_MAX_PDS; pd++) {
        watch_devices_pd(devices, pd, elapsed);
    }
    devices->time = now;
}
