/* SPDX-License-Identifier: BSD-2-Clause */
#include "virtio_blocks.h"

const char *virtio_blocks_add(struct virtio_blocks *blocks,
                              const struct virtio_blocks_machine *machine,
                              const struct config_virtio *virtio)
{
    for (uint32_t i = 0; i < machine->config->blocks_count; i++) {
        const struct config_block *block = &machine->config->blocks[i];

        if (block->doorbell == virtio->channel) {
            const struct virtio_block_config config = {
                .device = virtio,
                .mem = machine->mem,
                .ram = machine->ram,
                .ids = machine->ids,
                .bus = machine->bus,
                .report = machine->report,
                .report_context = machine->report_context,
                .memory = (void *)(uintptr_t)block->memory,
                .bytes = block->bytes,
                .channel = block->channel,
            };

            /* There are as many as lines, and a channel is no two devices' doorbell. */
            return virtio_block_connect(&blocks->devices[blocks->count++], &config);
        }
    }
    return "a disk has no connection";
}

struct virtio_page *virtio_blocks_find(struct virtio_blocks *blocks, uint32_t channel)
{
    for (uint32_t i = 0; i < blocks->count; i++) {
        struct virtio_page *page = &blocks->devices[i].page;

        if (page->dev != NULL && page->channel == channel) {
            return page;
        }
    }
    return NULL;
}

bool virtio_blocks_notified(struct virtio_blocks *blocks, uint32_t channel, const char **wrong)
{
    for (uint32_t i = 0; i < blocks->count; i++) {
        if (blocks->devices[i].connected && blocks->devices[i].config.channel == channel) {
            *wrong = virtio_block_notified(&blocks->devices[i]);
            return true;
        }
    }
    return false;
}

bool virtio_blocks_are_settled(const struct virtio_blocks *blocks)
{
    bool settled = true;

    for (uint32_t i = 0; i < blocks->count; i++) {
        settled = settled && virtio_block_is_settled(&blocks->devices[i]);
    }
    return settled;
}

bool virtio_blocks_have(const struct virtio_blocks *blocks, const struct vdev *dev)
{
    for (uint32_t i = 0; i < blocks->count; i++) {
        if (blocks->devices[i].page.dev == dev) {
            return true;
        }
    }
    return false;
}

void virtio_blocks_work(struct virtio_blocks *blocks)
{
    for (uint32_t i = 0; i < blocks->count; i++) {
        virtio_page_work(&blocks->devices[i].page);
    }
}

void virtio_blocks_reset(struct virtio_blocks *blocks)
{
    for (uint32_t i = 0; i < blocks->count; i++) {
        virtio_page_reset(&blocks->devices[i].page);
    }
}
