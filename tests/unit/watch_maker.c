/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE
#include "watch_maker.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define TABLE(member, number)                                                 \
    {                                                                         \
        (uint32_t) offsetof(struct watch_maker_description, member), (number) \
    }
/* In the strings. */
#define NAME_APP 1
#define NAME_MONITOR 5
#define NAME_GUEST 15

static void watch_maker_description(struct watch_maker_description *d)
{
    *d = (struct watch_maker_description){
        .header = { .magic = BD_MAGIC,
                    .version = BD_VERSION,
                    .bytes = sizeof(*d),
                    .kernel_base = WATCH_MAKER_RAM + WATCH_MAKER_KERNEL,
                    .image_bytes = 0x80000,
                    .board = { .cpus = 2 },
                    .memory = TABLE(memory, 1),
                    .regions = TABLE(regions, 2),
                    .maps = TABLE(maps, 2),
                    .pds = TABLE(pds, 2),
                    .vms = TABLE(vm, 1),
                    .vcpus = TABLE(vcpu, 1),
                    .strings = TABLE(strings, sizeof(d->strings)) },
        .memory = { WATCH_MAKER_RAM, WATCH_MAKER_BYTES },
        .regions = { { .base = WATCH_MAKER_RAM + WATCH_MAKER_SEGMENT,
                       .bytes = WATCH_MAKER_SEGMENT_BYTES,
                       .src_off = BD_NO_SOURCE },
                     { .base = WATCH_MAKER_RAM, .bytes = BD_PAGE, .flags = BD_REGION_DEVICE } },
        .maps = { { WATCH_MAKER_VIRTUAL, WATCH_MAKER_SEGMENT_BYTES, 0, 0,
                    BD_MAP_READ | BD_MAP_WRITE },
                  { 0x800000, BD_PAGE, 0, 1, BD_MAP_READ | BD_MAP_WRITE } },
        .pds = { { .name_off = NAME_APP, .cpu = 1, .vm = BD_NONE },
                 { .name_off = NAME_MONITOR, .maps_count = 2, .segments_count = 1 } },
        .vm = { .name_off = NAME_GUEST, .pd = 1, .vcpus_count = 1 },
        .vcpu = { .vm = 0, .id = 3, .cpu = 0 },
        .strings = "\0app\0guest.vmm\0guest",
    };
}

static void watch_maker_directory(struct watch_maker_directory *directory)
{
    const uint64_t counters = WATCH_MAKER_VIRTUAL + WATCH_MAKER_COUNTERS;

    *directory = (struct watch_maker_directory){
        .head = { .magic = { BH_STATISTICS_MAGIC0, BH_STATISTICS_MAGIC1 }, .count = 1 },
        .devices = { { .name = "disk",
                       .requests = { counters, counters + 8 },
                       .bytes_in = counters + 16,
                       .bytes_out = counters + 24 } },
    };
}

void watch_maker_put(const struct watch_maker *maker, uint64_t offset, const void *from,
                     size_t bytes)
{
    if (pwrite(maker->fd, from, bytes, (off_t)offset) != (ssize_t)bytes) {
        abort();
    }
}

void watch_maker_write(const struct watch_maker *maker)
{
    if (ftruncate(maker->fd, WATCH_MAKER_BYTES) != 0) {
        abort();
    }
    watch_maker_put(maker, WATCH_MAKER_DESCRIPTION, &maker->description,
                    sizeof(maker->description));
    watch_maker_put(maker, WATCH_MAKER_COUNTS, &maker->counts, sizeof(maker->counts));
    watch_maker_put(maker, WATCH_MAKER_SEGMENT + WATCH_MAKER_DIRECTORY, &maker->directory,
                    sizeof(maker->directory));
    watch_maker_put(maker, WATCH_MAKER_SEGMENT + WATCH_MAKER_COUNTERS, maker->counters,
                    sizeof(maker->counters));
}

void watch_maker_start(struct watch_maker *maker)
{
    memset(maker, 0, sizeof(*maker));
    maker->fd = memfd_create("memory", MFD_CLOEXEC);
    if (maker->fd < 0) {
        abort();
    }
    watch_maker_description(&maker->description);
    watch_maker_directory(&maker->directory);
    maker->counts.magic[0] = BH_COUNTS_MAGIC0;
    maker->counts.magic[1] = BH_COUNTS_MAGIC1;
    watch_maker_write(maker);
}

void watch_maker_end(struct watch_maker *maker)
{
    close(maker->fd);
}
