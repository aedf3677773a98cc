/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where a protection domain keeps what it counts of devices, for somebody outside the machine who
 * sees its memory (`bulkhead watch`). It is a directory: the counters stay wherever the program
 * has them, and what reads them costs the program nothing.
 *
 * A directory lies in a writable segment of the program, aligned to BH_STATISTICS_ALIGN. Whoever
 * reads it trusts nothing in it.
 */
#ifndef BULKHEAD_STATISTICS_H
#define BULKHEAD_STATISTICS_H

#include <stddef.h>
#include <stdint.h>

/** The first two words of a directory. */
#define BH_STATISTICS_MAGIC0 0x6e6f697463657269UL
#define BH_STATISTICS_MAGIC1 0x31737461744b6c42UL

#define BH_STATISTICS_ALIGN 64
/** Bytes of a name, of which the last is zero. */
#define BH_STATISTICS_NAME 24
/** Counters of which a device's requests are the sum. */
#define BH_STATISTICS_SUMMANDS 4
/** More devices of one directory are not looked at. */
#define BH_STATISTICS_DEVICES 64

/**
 * A device, or one user's part of it. Except for the name, all are addresses, in the protection
 * domain, of counters of 8 bytes that only ever grow; 0: there is none.
 */
struct bh_statistics_device {
    char name[BH_STATISTICS_NAME];
    uint64_t requests[BH_STATISTICS_SUMMANDS];
    uint64_t bytes_in;  /* to who uses the device */
    uint64_t bytes_out; /* from who uses it */
};

/** The directory's beginning; the devices follow. */
struct bh_statistics {
    uint64_t magic[2];
    uint64_t count;
    uint64_t reserved[5];
};

_Static_assert(sizeof(struct bh_statistics) == 64, "layout");
_Static_assert(sizeof(struct bh_statistics_device) == 72, "layout");

/**
 * The type of a directory with room for `devices` devices, at most BH_STATISTICS_DEVICES. Declare
 * it `static` with BH_STATISTICS_KEPT, because nothing in the program reads it.
 */
#define BH_STATISTICS(devices)                     \
    struct {                                       \
        struct bh_statistics head;                 \
        struct bh_statistics_device of[(devices)]; \
    }
#define BH_STATISTICS_KEPT __attribute__((used, aligned(BH_STATISTICS_ALIGN)))

/** Begin a directory, without devices. */
static inline void bh_statistics_begin(struct bh_statistics *head)
{
    head->count = 0;
    head->magic[0] = BH_STATISTICS_MAGIC0;
    head->magic[1] = BH_STATISTICS_MAGIC1;
}

/**
 * Add a device, for which there must be room. name: cut where it is too long. requests: counters
 * whose sum is the number of requests, as many as are not NULL; they and the others stay in use.
 */
static inline void bh_statistics_add(struct bh_statistics *head, const char *name,
                                     const uint64_t *const requests[BH_STATISTICS_SUMMANDS],
                                     const uint64_t *bytes_in, const uint64_t *bytes_out)
{
    struct bh_statistics_device *device =
        (struct bh_statistics_device *)(void *)(head + 1) + head->count;

    for (size_t i = 0; i < BH_STATISTICS_NAME - 1 && name[i] != '\0'; i++) {
        device->name[i] = name[i];
    }
    for (size_t i = 0; i < BH_STATISTICS_SUMMANDS; i++) {
        device->requests[i] = (uint64_t)(uintptr_t)requests[i];
    }
    device->bytes_in = (uint64_t)(uintptr_t)bytes_in;
    device->bytes_out = (uint64_t)(uintptr_t)bytes_out;
    /* Who looks at the same time sees whole devices. */
    __atomic_store_n(&head->count, head->count + 1, __ATOMIC_RELEASE);
}

#endif
