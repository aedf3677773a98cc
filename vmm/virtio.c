/* SPDX-License-Identifier: BSD-2-Clause */
#include "virtio.h"

#include <bulkhead/libc.h>

/** A driver broke its device, which waits for a reset now. */
static void virtio_report(void *context, const struct vdev *dev, unsigned queue,
                          enum virtio_error error)
{
    struct virtio *virtio = context;
    const char *const pieces[] = {
        virtio->terminal->lines.name,
        dev == virtio->console.page.dev ? ": the driver of its virtIO console"
                                        : ": the driver of its virtIO entropy device",
        " broke a queue: ",
        virtio_error_name(error),
    };

    (void)queue;
    terminal_say(virtio->terminal, pieces, sizeof(pieces) / sizeof(pieces[0]));
}

const char *virtio_init(struct virtio *virtio, const struct virtio_machine *machine)
{
    const struct loader_ram *ram = machine->ram;
    const struct guestmem_range range = { { ram->gpa }, { ram->bytes }, { ram->base } };

    virtio->terminal = machine->terminal;
    if (guestmem_init(&virtio->mem, &range, 1) != VIRTIO_OK) {
        return "its RAM is empty, or ends above all addresses";
    }
    for (uint32_t i = 0; i < machine->config->virtio_count; i++) {
        const struct config_virtio *device = &machine->config->virtio[i];
        bool is_console = strcmp(device->kind, "console") == 0;
        bool good;

        if (!is_console && strcmp(device->kind, "rng") != 0) {
            return "a virtIO device is of no kind that there is";
        }
        if ((is_console ? virtio->console.page.dev : virtio->rng.page.dev) != NULL) {
            return "two virtIO devices are of the same kind";
        }
        good = is_console
                   ? virtio_console_init(&virtio->console, device, &virtio->mem, machine->terminal,
                                         machine->bus, virtio_report, virtio)
                   : virtio_rng_init(&virtio->rng, device, &virtio->mem, machine->random,
                                     machine->bus, virtio_report, virtio);
        if (!good) {
            return "a virtIO device's address is no page, or overlaps another's";
        }
    }
    return NULL;
}

static struct virtio_page *virtio_find(struct virtio *virtio, uint32_t channel)
{
    struct virtio_page *const pages[] = { &virtio->console.page, &virtio->rng.page };

    for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
        if (pages[i]->dev != NULL && pages[i]->channel == channel) {
            return pages[i];
        }
    }
    return NULL;
}

bool virtio_notified(struct virtio *virtio, uint32_t channel)
{
    struct virtio_page *page = virtio_find(virtio, channel);

    if (page != NULL) {
        virtio_page_doorbell(page);
    }
    return page != NULL;
}

void virtio_work(struct virtio *virtio)
{
    virtio_page_work(&virtio->console.page);
    virtio_page_work(&virtio->rng.page);
}

void virtio_reset(struct virtio *virtio)
{
    virtio_page_reset(&virtio->console.page);
    virtio_page_reset(&virtio->rng.page);
}
