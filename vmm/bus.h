/* SPDX-License-Identifier: BSD-2-Clause */
/* What answers a guest's accesses, by guest-physical address. */
#ifndef VMM_BUS_H
#define VMM_BUS_H

#include <stddef.h>

#include "access.h"

#define BUS_MAX_DEVICES 48

struct bus_device {
    uint64_t base;
    uint64_t bytes;
    access_handler handler;
    void *cookie;
};

struct bus {
    struct bus_device devices[BUS_MAX_DEVICES]; /* by address */
    size_t count;
    size_t recent; /* the one that answered last: most accesses come in groups */
};

/** Add a device. False: no room, an empty or wrapping range, or one that overlaps another's. */
bool bus_add(struct bus *bus, uint64_t base, uint64_t bytes, access_handler handler, void *cookie);

/** Let the device at guest-physical `address` do the access; ACCESS_ABORT when there is none. */
enum access_result bus_access(struct bus *bus, uint64_t address, struct access *access);

#endif
