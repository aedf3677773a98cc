/* SPDX-License-Identifier: BSD-2-Clause */
#include "bus.h"

/** How many devices begin at or below `address`: the last of them is the one that may have it. */
static size_t bus_rank(const struct bus *bus, uint64_t address)
{
    size_t low = 0;
    size_t high = bus->count;

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (bus->devices[middle].base <= address) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

bool bus_add(struct bus *bus, uint64_t base, uint64_t bytes, access_handler handler, void *cookie)
{
    size_t at = bus_rank(bus, base);

    if (bus->count == BUS_MAX_DEVICES || bytes == 0 || base + (bytes - 1) < base ||
        (at > 0 && base - bus->devices[at - 1].base < bus->devices[at - 1].bytes) ||
        (at < bus->count && bus->devices[at].base - base < bytes)) {
        return false;
    }
    for (size_t i = bus->count; i > at; i--) {
        bus->devices[i] = bus->devices[i - 1];
    }
    bus->recent = 0;
    bus->devices[at] = (struct bus_device){ base, bytes, handler, cookie };
    bus->count++;
    return true;
}

enum access_result bus_access(struct bus *bus, uint64_t address, struct access *access)
{
    const struct bus_device *device = &bus->devices[bus->recent];

    if (address - device->base >= device->bytes) {
        size_t rank = bus_rank(bus, address);

        bus->recent = rank > 0 ? rank - 1 : 0;
        device = &bus->devices[bus->recent];
    }
    /* Below the device the offset wraps, beyond its end; where there is none, it has no bytes. */
    uint64_t offset = address - device->base;
    if (offset >= device->bytes || access->bytes > device->bytes - offset) {
        return ACCESS_ABORT;
    }
    access->offset = offset;
    return device->handler(device->cookie, access);
}
