/* SPDX-License-Identifier: BSD-2-Clause */
#include "bus.h"

bool bus_add(struct bus *bus, uint64_t base, uint64_t bytes, access_handler handler, void *cookie)
{
    if (bus->count == BUS_MAX_DEVICES || bytes == 0 || base + (bytes - 1) < base) {
        return false;
    }
    for (size_t i = 0; i < bus->count; i++) {
        const struct bus_device *other = &bus->devices[i];

        if (base <= other->base + (other->bytes - 1) && other->base <= base + (bytes - 1)) {
            return false;
        }
    }
    bus->devices[bus->count++] = (struct bus_device){ base, bytes, handler, cookie };
    return true;
}

enum access_result bus_access(const struct bus *bus, uint64_t address, struct access *access)
{
    for (size_t i = 0; i < bus->count; i++) {
        const struct bus_device *device = &bus->devices[i];
        uint64_t offset = address - device->base;

        if (address >= device->base && offset < device->bytes &&
            access->bytes <= device->bytes - offset) {
            access->offset = offset;
            return device->handler(device->cookie, access);
        }
    }
    return ACCESS_ABORT;
}
