/* SPDX-License-Identifier: BSD-2-Clause */
#include <virtio/vdev.h>

/* Errors from here on are shown; the two values before them are none. */
#define FIRST_ERROR ((unsigned)VIRTIO_ERR_INDEX)

bool vdev_stat(const struct vdev *dev, unsigned index, const char **name, uint64_t *value)
{
    const struct vdev_stats *stats = &dev->stats;
    const struct {
        const char *name;
        uint64_t value;
    } counters[] = {
        { "requests", stats->requests },
        { "bytes out", stats->bytes_out },
        { "bytes in", stats->bytes_in },
        { "kicks", stats->kicks },
        { "interrupts", stats->interrupts },
        { "interrupts saved", stats->interrupts_saved },
        { "configuration interrupts", stats->config_interrupts },
        { "resets", stats->resets },
    };
    const unsigned count = sizeof counters / sizeof counters[0];
    unsigned error;

    if (index < count) {
        *name = counters[index].name;
        *value = counters[index].value;
        return true;
    }
    error = index - count + FIRST_ERROR;
    if (error >= VIRTIO_ERROR_COUNT) {
        return false;
    }
    *name = virtio_error_name((enum virtio_error)error);
    *value = stats->errors[error];
    return true;
}
