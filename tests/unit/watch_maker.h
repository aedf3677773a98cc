/* SPDX-License-Identifier: BSD-2-Clause */
/* The memory of a machine in which a small system runs, in a file, for tests of tool/watch*.c. */
#ifndef TEST_WATCH_MAKER_H
#define TEST_WATCH_MAKER_H

#include <stdint.h>

#include <bulkhead/bootdesc.h>
#include <bulkhead/counts.h>
#include <bulkhead/statistics.h>

#define WATCH_MAKER_RAM 0x40000000UL
#define WATCH_MAKER_BYTES 0x400000UL
/** Where the image, the table of counts and the boot description are in the file. */
#define WATCH_MAKER_KERNEL 0x200000UL
#define WATCH_MAKER_COUNTS (WATCH_MAKER_KERNEL + 0x1040UL)
#define WATCH_MAKER_DESCRIPTION (WATCH_MAKER_KERNEL + 0x40000UL)
/** The writable segment of the monitor: in the file, in its address space. */
#define WATCH_MAKER_SEGMENT 0x300000UL
#define WATCH_MAKER_VIRTUAL 0x200000UL
#define WATCH_MAKER_SEGMENT_BYTES 0x2000UL
/** In the segment: the directory, and the counters that it names. */
#define WATCH_MAKER_DIRECTORY 0x40UL
#define WATCH_MAKER_COUNTERS 0x1000UL

/** PD 0 is "app" on CPU 1, PD 1 "guest.vmm" on CPU 0 with the VM "guest", of one vCPU on CPU 0. */
struct watch_maker_description {
    struct bd_header header;
    struct bd_memory memory;
    struct bd_region regions[2]; /* the segment; a device */
    struct bd_map maps[2];
    struct bd_pd pds[2];
    struct bd_vm vm;
    struct bd_vcpu vcpu;
    char strings[40];
};

/** The directory of the monitor: "disk", whose requests are counters 0 and 1, bytes 2 and 3. */
struct watch_maker_directory {
    struct bh_statistics head;
    struct bh_statistics_device devices[2];
};

struct watch_maker {
    int fd;
    struct watch_maker_description description;
    struct bh_counts_table counts;
    struct watch_maker_directory directory;
    uint64_t counters[4];
};

/** Fill in a system that is right, and make the file with it. */
void watch_maker_start(struct watch_maker *maker);

/** Write what the members hold into the file, which gets its whole length. */
void watch_maker_write(const struct watch_maker *maker);

/** Write bytes at an offset of the file. */
void watch_maker_put(const struct watch_maker *maker, uint64_t offset, const void *from,
                     size_t bytes);

/** Close the file. */
void watch_maker_end(struct watch_maker *maker);

#endif
