/* SPDX-License-Identifier: BSD-2-Clause */
#include "virtio.h"

#include <bulkhead/libc.h>

#include "sentence.h"

/** What a person calls a device. */
static const char *virtio_name(const struct virtio *virtio, const struct vdev *dev)
{
    return dev == virtio->console.page.dev            ? "virtIO console"
           : virtio_blocks_have(&virtio->blocks, dev) ? "virtIO disk"
           : dev == virtio->ports.page.dev            ? "virtIO ports"
           : dev == virtio->rng.page.dev              ? "virtIO entropy device"
                                                      : "virtIO network device";
}

/** A driver broke its device, which waits for a reset now. */
static void virtio_report(void *context, const struct vdev *dev, unsigned queue,
                          enum virtio_error error)
{
    struct virtio *virtio = context;
    const char *const pieces[] = {
        virtio->terminal->lines.name, ": the driver of its ",   virtio_name(virtio, dev),
        " broke a queue: ",           virtio_error_name(error),
    };

    (void)queue;
    terminal_say(virtio->terminal, pieces, sizeof(pieces) / sizeof(pieces[0]));
}

/** Make one device. Returns NULL, or what is wrong. */
static const char *virtio_make(struct virtio *virtio, const struct virtio_machine *machine,
                               const struct config_virtio *device)
{
    static const char twice[] = "two virtIO devices are of the same kind";
    static const char place[] = "a virtIO device's address is no page, or overlaps another's";

    if (strcmp(device->kind, "block") == 0) {
        const struct virtio_blocks_machine disks = {
            .config = machine->config,
            .mem = &virtio->mem,
            .ram = machine->ram->gpa,
            .ids = machine->ids,
            .bus = machine->bus,
            .report = virtio_report,
            .report_context = virtio,
        };

        return virtio_blocks_add(&virtio->blocks, &disks, device);
    }
    if (strcmp(device->kind, "console") == 0) {
        return virtio->console.page.dev != NULL ? twice
               : virtio_console_init(&virtio->console, machine->config, device, &virtio->mem,
                                     machine->terminal, machine->bus, virtio_report, virtio)
                   ? NULL
                   : place;
    }
    if (strcmp(device->kind, "net") == 0) {
        const struct virtio_nets_machine nets = {
            .config = machine->config,
            .mem = &virtio->mem,
            .bus = machine->bus,
            .report = virtio_report,
            .report_context = virtio,
        };

        return virtio_nets_add(&virtio->nets, &nets, device);
    }
    if (strcmp(device->kind, "ports") == 0) {
        return virtio->ports.page.dev != NULL
                   ? twice
                   : virtio_ports_init(&virtio->ports, machine->config, device, &virtio->mem,
                                       machine->terminal, machine->bus, virtio_report, virtio);
    }
    if (strcmp(device->kind, "rng") == 0) {
        return virtio->rng.page.dev != NULL ? twice
               : virtio_rng_init(&virtio->rng, device, &virtio->mem, machine->random, machine->bus,
                                 virtio_report, virtio)
                   ? NULL
                   : place;
    }
    return "a virtIO device is of no kind that there is";
}

const char *virtio_init(struct virtio *virtio, const struct virtio_machine *machine)
{
    const struct loader_ram *ram = machine->ram;
    const struct guestmem_range range = { { ram->gpa }, { ram->bytes }, { ram->base } };
    const char *wrong = NULL;

    virtio->terminal = machine->terminal;
    if (guestmem_init(&virtio->mem, &range, 1) != VIRTIO_OK) {
        return "its RAM is empty, or ends above all addresses";
    }
    for (uint32_t i = 0; i < machine->config->virtio_count && wrong == NULL; i++) {
        wrong = virtio_make(virtio, machine, &machine->config->virtio[i]);
    }
    if (wrong == NULL && machine->config->ports_count > 0 && virtio->ports.page.dev == NULL) {
        wrong = "there is no virtIO device for its named ports";
    }
    return wrong;
}

/** A device of which there is one. */
static struct virtio_page *__attribute__((noinline))
virtio_find_single(struct virtio *virtio, uint32_t channel)
{
    struct virtio_page *const pages[] = { &virtio->console.page, &virtio->ports.page,
                                          &virtio->rng.page };

    for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
        if (pages[i]->dev != NULL && pages[i]->channel == channel) {
            return pages[i];
        }
    }
    return NULL;
}

static struct virtio_page *virtio_find(struct virtio *virtio, uint32_t channel)
{
    /* Those that ring most often come first. */
    struct virtio_page *page = virtio_nets_find(&virtio->nets, channel);

    if (page == NULL) {
        page = virtio_blocks_find(&virtio->blocks, channel);
    }
    return page != NULL ? page : virtio_find_single(virtio, channel);
}

/** A line about the port of a network device: what the switch counted. */
static void __attribute__((noinline))
virtio_say_port(const struct virtio *virtio, const struct net_port_stats *stats)
{
    const struct {
        const char *name;
        uint64_t value;
    } counts[] = {
        { "frames sent", stats->sent_frames },
        { "bytes sent", stats->sent_bytes },
        { "frames received", stats->received_frames },
        { "bytes received", stats->received_bytes },
        { "dropped: malformed", stats->malformed },
        { "from a wrong address", stats->wrong_source },
        { "of a wrong VLAN", stats->wrong_vlan },
        { "beyond the rate", stats->limited },
        { "wanted by nobody", stats->unwanted },
        { "that it had no room for", stats->congested },
    };
    struct sentence sentence = { .count = 0 };

    sentence_add(&sentence, virtio->terminal->lines.name);
    sentence_add(&sentence, ": port of the switch:");
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        sentence_add(&sentence, i == 0 ? " " : ", ");
        sentence_add(&sentence, counts[i].name);
        sentence_add(&sentence, " ");
        sentence_add_number(&sentence, counts[i].value);
    }
    const char *const pieces[] = { sentence.text };
    terminal_say(virtio->terminal, pieces, 1);
}

/** A switch may have answered what it counted of a port. */
static void __attribute__((noinline)) virtio_say_answer(struct virtio *virtio, uint32_t channel)
{
    struct net_port_stats stats;

    if (virtio_nets_answer(&virtio->nets, channel, &stats)) {
        virtio_say_port(virtio, &stats);
    }
}

bool virtio_switch_notified(struct virtio *virtio, uint32_t channel)
{
    bool asked;
    bool ours = virtio_nets_notified(&virtio->nets, channel, &asked);

    if (ours && asked) {
        virtio_say_answer(virtio, channel);
    }
    return ours;
}

bool virtio_notified(struct virtio *virtio, uint32_t channel)
{
    struct virtio_page *page = virtio_find(virtio, channel);

    if (page != NULL) {
        virtio_page_doorbell(page);
    }
    return page != NULL;
}

/** A counter of something, by its index; false: there is none of that index. */
typedef bool virtio_stat(const void *of, unsigned index, const char **name, uint64_t *value);

static bool virtio_device_stat(const void *of, unsigned index, const char **name, uint64_t *value)
{
    return vdev_stat(of, index, name, value);
}

static bool virtio_disk_stat(const void *of, unsigned index, const char **name, uint64_t *value)
{
    return virtio_block_stat(of, index, name, value);
}

/** A line about something that counts: all that is not zero. */
static void virtio_say_counters(const struct virtio *virtio, const char *what, virtio_stat *stat,
                                const void *of)
{
    struct sentence sentence = { .count = 0 };
    const char *before = ": ";
    const char *name;
    uint64_t value;

    sentence_add(&sentence, virtio->terminal->lines.name);
    sentence_add(&sentence, ": ");
    sentence_add(&sentence, what);
    for (unsigned i = 0; stat(of, i, &name, &value); i++) {
        if (value != 0) {
            sentence_add(&sentence, before);
            sentence_add(&sentence, name);
            sentence_add(&sentence, " ");
            sentence_add_number(&sentence, value);
            before = ", ";
        }
    }
    if (before[0] == ':') {
        sentence_add(&sentence, ": not used");
    }
    const char *const pieces[] = { sentence.text };
    terminal_say(virtio->terminal, pieces, 1);
}

static void virtio_say_device(const struct virtio *virtio, const struct vdev *dev)
{
    virtio_say_counters(virtio, virtio_name(virtio, dev), virtio_device_stat, dev);
}

void virtio_say_statistics(struct virtio *virtio)
{
    const struct vdev *const devices[] = { virtio->console.page.dev, virtio->ports.page.dev,
                                           virtio->rng.page.dev };

    for (uint32_t i = 0; i < virtio->blocks.count; i++) {
        const struct virtio_block *block = &virtio->blocks.devices[i];

        if (block->page.dev != NULL) {
            virtio_say_device(virtio, block->page.dev);
            virtio_say_counters(virtio, "its part of the disk", virtio_disk_stat, block);
        }
    }
    for (size_t i = 0; i < sizeof(devices) / sizeof(devices[0]); i++) {
        if (devices[i] != NULL) {
            virtio_say_device(virtio, devices[i]);
        }
    }
    for (uint32_t i = 0; i < virtio->nets.count; i++) {
        virtio_say_device(virtio, virtio->nets.devices[i].page.dev);
    }
    /* What the switches say follows when they do. */
    virtio_nets_ask(&virtio->nets);
}

void virtio_work(struct virtio *virtio)
{
    virtio_blocks_work(&virtio->blocks);
    virtio_page_work(&virtio->console.page);
    if (virtio->ports.page.dev != NULL) {
        virtio_ports_work(&virtio->ports);
    }
    virtio_page_work(&virtio->rng.page);
    virtio_nets_work(&virtio->nets);
}

bool virtio_is_settled(const struct virtio *virtio)
{
    return virtio_blocks_are_settled(&virtio->blocks);
}

void virtio_reset(struct virtio *virtio)
{
    virtio_blocks_reset(&virtio->blocks);
    virtio_page_reset(&virtio->console.page);
    virtio_page_reset(&virtio->ports.page);
    virtio_page_reset(&virtio->rng.page);
    virtio_nets_reset(&virtio->nets);
}
