/* SPDX-License-Identifier: BSD-2-Clause */
#include <stddef.h>

#include <virtio/guestmem.h>

static bool range_valid(const struct guestmem_range *range)
{
    return range->size.bytes != 0 && range->host.ptr != NULL &&
           range->size.bytes - 1 <= UINT64_MAX - range->start.value;
}

/* Both ranges are valid, so that their last bytes have addresses. */
static bool ranges_overlap(const struct guestmem_range *a, const struct guestmem_range *b)
{
    uint64_t a_last = a->start.value + (a->size.bytes - 1);
    uint64_t b_last = b->start.value + (b->size.bytes - 1);

    return a->start.value <= b_last && b->start.value <= a_last;
}

enum virtio_error guestmem_init(struct guestmem *mem, const struct guestmem_range *ranges,
                                unsigned count)
{
    if (count == 0 || count > GUESTMEM_MAX_RANGES) {
        return VIRTIO_ERR_ARGUMENT;
    }
    for (unsigned i = 0; i < count; i++) {
        if (!range_valid(&ranges[i])) {
            return VIRTIO_ERR_ARGUMENT;
        }
        for (unsigned j = 0; j < i; j++) {
            if (ranges_overlap(&ranges[i], &ranges[j])) {
                return VIRTIO_ERR_ARGUMENT;
            }
        }
        mem->ranges[i] = ranges[i];
    }
    mem->count = count;
    return VIRTIO_OK;
}

enum virtio_error guestmem_find(const struct guestmem *mem, struct gpa at, struct length size,
                                struct host_ptr *host, struct length *part)
{
    if (size.bytes == 0 || size.bytes - 1 > UINT64_MAX - at.value) {
        return VIRTIO_ERR_ADDRESS;
    }
    for (unsigned i = 0; i < mem->count; i++) {
        const struct guestmem_range *range = &mem->ranges[i];
        /* Of an address below the range this is more than its size, too. */
        uint64_t offset = at.value - range->start.value;

        if (offset < range->size.bytes) {
            uint64_t left = range->size.bytes - offset;

            host->ptr = range->host.ptr + offset;
            part->bytes = size.bytes < left ? size.bytes : left;
            return VIRTIO_OK;
        }
    }
    return VIRTIO_ERR_ADDRESS;
}

enum virtio_error guestmem_map(const struct guestmem *mem, struct gpa at, struct length size,
                               struct host_ptr *host)
{
    struct host_ptr found;
    struct length part;
    enum virtio_error error = guestmem_find(mem, at, size, &found, &part);

    if (error != VIRTIO_OK) {
        return error;
    }
    if (part.bytes != size.bytes) {
        return VIRTIO_ERR_ADDRESS;
    }
    *host = found;
    return VIRTIO_OK;
}
