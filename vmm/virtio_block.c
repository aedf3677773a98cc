/* SPDX-License-Identifier: BSD-2-Clause */
#include "virtio_block.h"

#include <bulkhead/libc.h>
#include <virtio/spec.h>

#include "sys.h"

_Static_assert(VBLK_ID_BYTES == BLOCK_ID_BYTES, "an id is an id");
_Static_assert(VBLK_LIFETIME_BYTES == BLOCK_LIFETIME_BYTES, "as the disk writes it");

static void virtio_block_wake(struct virtio_block *block)
{
    if (block->notify) {
        block->notify = false;
        sys_notify_later(block->config.channel);
    }
}

static bool virtio_block_submit(void *context, const struct vblk_request *request)
{
    static const uint8_t kinds[] = {
        [VBLK_READ] = BLOCK_READ,       [VBLK_WRITE] = BLOCK_WRITE, [VBLK_FLUSH] = BLOCK_FLUSH,
        [VBLK_DISCARD] = BLOCK_DISCARD, [VBLK_ZERO] = BLOCK_ZERO,   [VBLK_LIFETIME] = BLOCK_LIFETIME
    };
    struct virtio_block *block = context;
    struct block_request onward = {
        .kind = kinds[request->kind],
        .flags = (uint8_t)((request->stable ? BLOCK_FLAG_STABLE : 0) |
                           (request->unmap ? BLOCK_FLAG_UNMAP : 0)),
        .segments = (uint16_t)request->count,
        .sector = request->sector,
        .bytes = request->bytes,
    };
    uint32_t tag;

    for (unsigned i = 0; i < request->count; i++) {
        block->data[i].address = request->segments[i].guest.value - block->config.ram;
        block->data[i].bytes = request->segments[i].bytes;
    }
    if (!block_client_submit(&block->client, &onward, block->data, &tag)) {
        return false;
    }
    block->tags[tag] = request->tag;
    return true;
}

static void virtio_block_submit_end(void *context)
{
    struct virtio_block *block = context;

    block->notify = block_client_publish(&block->client) || block->notify;
    virtio_block_wake(block);
}

static bool virtio_block_quiesce(void *context)
{
    struct virtio_block *block = context;

    if (!block->quieting) {
        block->quieting = true;
        block_client_quiesce(&block->client, 0);
        sys_notify(block->config.channel);
    }
    return false;
}

static const struct vblk_ops virtio_block_ops = {
    .submit = virtio_block_submit,
    .submit_end = virtio_block_submit_end,
    .quiesce = virtio_block_quiesce,
};

const char *virtio_block_connect(struct virtio_block *block,
                                 const struct virtio_block_config *config)
{
    block->config = *config;
    if (config->memory == NULL ||
        !block_client_open(&block->client, config->memory, config->bytes)) {
        return "its disk has no connection";
    }
    block->connected = true;
    sys_notify(config->channel);
    return NULL;
}

/** The virtualiser has said what the disk is like. */
static const char *virtio_block_make(struct virtio_block *block, const struct block_info *info)
{
    struct vblk_disk disk = {
        .sectors = info->sectors,
        .block_bytes = info->logical_bytes,
        .physical_bytes = info->physical_bytes,
        .read_only = (info->flags & BLOCK_INFO_READ_ONLY) != 0,
        .flush = (info->flags & BLOCK_INFO_FLUSH) != 0,
        .max_segments = info->max_segments,
        .max_segment_bytes = info->max_segment_bytes,
        .max_discard = (info->flags & BLOCK_INFO_DISCARD) != 0 ? info->max_discard : 0,
        .discard_alignment = info->discard_alignment,
        .max_zero = (info->flags & BLOCK_INFO_ZERO) != 0 ? info->max_zero : 0,
        .lifetime = (info->flags & BLOCK_INFO_LIFETIME) != 0,
    };
    const struct vblk_config model = {
        .mem = block->config.mem,
        .ops = &virtio_block_ops,
        .context = block,
        .disk = &disk,
        .features = VIRTIO_F_INDIRECT_DESC | VIRTIO_F_EVENT_IDX | VIRTIO_F_RING_PACKED,
        .queue = &block->queue,
        .queue_entries = VIRTIO_BLOCK_ENTRIES,
        .slots = block->slots,
        .segments = block->segments,
        .report = block->config.report,
        .report_context = block->config.report_context,
    };

    memcpy(disk.id, info->id, sizeof(disk.id));
    if (vblk_init(&block->model, &model) != VIRTIO_OK) {
        return "its disk cannot be as it says";
    }
    block->page.ids = block->config.ids;
    if (!virtio_page_init(&block->page, &block->model.dev, block->config.device,
                          block->config.bus)) {
        return "a virtIO device's address is no page, or overlaps another's";
    }
    return NULL;
}

static const char *virtio_block_meet(struct virtio_block *block)
{
    struct block_info info;
    const char *wrong = NULL;

    if (!block_client_is_quiet(&block->client)) {
        return NULL;
    }
    block->disk = block_client_info(&block->client, &info);
    if (block->disk == BLOCK_DISK_THERE) {
        /* What an earlier life had in flight has been answered. */
        block_client_forget(&block->client);
        wrong = virtio_block_make(block, &info);
    } else if (block->disk == BLOCK_DISK_NONE) {
        wrong = "there is no disk for it";
    }
    if (wrong != NULL) {
        block->disk = BLOCK_DISK_NONE;
    }
    return wrong;
}

const char *virtio_block_notified(struct virtio_block *block)
{
    struct block_answer answer;
    /* Looked at before the answers are taken, so that all are there when it says so. */
    bool quiet = block_client_is_quiet(&block->client);

    if (block->disk != BLOCK_DISK_THERE) {
        return block->disk == BLOCK_DISK_UNKNOWN ? virtio_block_meet(block) : NULL;
    }
    while (block_client_take(&block->client, &answer)) {
        vblk_complete(&block->model, block->tags[answer.id],
                      answer.status == BLOCK_DONE          ? VBLK_OK
                      : answer.status == BLOCK_UNSUPPORTED ? VBLK_UNSUPP
                                                           : VBLK_IOERR);
    }
    vblk_completed(&block->model);
    if (block->quieting && quiet) {
        block->quieting = false;
        block_client_forget(&block->client);
        vblk_quiesced(&block->model);
    }
    vblk_resume(&block->model);
    virtio_page_work(&block->page);
    return NULL;
}

bool virtio_block_is_settled(const struct virtio_block *block)
{
    return !block->connected || (block->disk != BLOCK_DISK_UNKNOWN && !block->quieting);
}

bool virtio_block_stat(const struct virtio_block *block, unsigned index, const char **name,
                       uint64_t *value)
{
    const struct block_stats stats = block_client_stats(&block->client);
    const struct {
        const char *name;
        uint64_t value;
    } counters[] = {
        { "reads", stats.requests[BLOCK_READ] },
        { "bytes read", stats.bytes_read },
        { "writes", stats.requests[BLOCK_WRITE] },
        { "bytes written", stats.bytes_written },
        { "flushes", stats.requests[BLOCK_FLUSH] },
        { "discards", stats.requests[BLOCK_DISCARD] },
        { "zeros", stats.requests[BLOCK_ZERO] },
        { "of its lifetime", stats.requests[BLOCK_LIFETIME] },
        { "of no kind", stats.requests[0] },
        { "failed", stats.statuses[BLOCK_FAILED] },
        { "not supported", stats.statuses[BLOCK_UNSUPPORTED] },
        { "invalid", stats.statuses[BLOCK_INVALID] },
        { "to be read only", stats.statuses[BLOCK_READ_ONLY] },
        { "withdrawn", stats.statuses[BLOCK_ABORTED] },
        { "late", stats.statuses[BLOCK_LATE] },
        { "held back by a limit", stats.held },
        { "quiesced", stats.quiesces },
        { "lost by a driver", stats.lost },
    };

    if (index >= sizeof(counters) / sizeof(counters[0])) {
        return false;
    }
    *name = counters[index].name;
    *value = counters[index].value;
    return true;
}
