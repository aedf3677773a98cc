/* SPDX-License-Identifier: BSD-2-Clause */
#include <virtio/spec.h>
#include <virtio/vblk.h>

#define QUEUE 0U
#define NO_SLOT UINT16_MAX

/* Types of requests (5.2.6). */
#define TYPE_IN 0U
#define TYPE_OUT 1U
#define TYPE_FLUSH 4U
#define TYPE_GET_ID 8U
#define TYPE_DISCARD 11U
#define TYPE_WRITE_ZEROES 13U

/* The range of a request to discard or to write zeros. */
#define RANGE_UNMAP 1U
/* Ranges of such a request. */
#define MAX_RANGES 1U

/* Most bytes of a request's data, so that sums with sectors do not overflow. */
#define MAX_BYTES ((uint64_t)1 << 41)

/* The configuration space (5.2.4). */
struct space {
    uint64_t capacity;
    uint32_t size_max;
    uint32_t seg_max;
    uint8_t geometry[4];
    uint32_t blk_size;
    uint8_t physical_block_exp;
    uint8_t alignment_offset;
    uint16_t min_io_size;
    uint32_t opt_io_size;
    uint8_t writeback;
    uint8_t unused0;
    uint16_t num_queues;
    uint32_t max_discard_sectors;
    uint32_t max_discard_seg;
    uint32_t discard_sector_alignment;
    uint32_t max_write_zeroes_sectors;
    uint32_t max_write_zeroes_seg;
    uint8_t write_zeroes_may_unmap;
    uint8_t unused1[3];
};

_Static_assert(offsetof(struct space, blk_size) == 20, "5.2.4");
_Static_assert(offsetof(struct space, writeback) == 32, "5.2.4");
_Static_assert(offsetof(struct space, write_zeroes_may_unmap) == 56, "5.2.4");
_Static_assert(sizeof(struct space) == 64, "whole words");
_Static_assert(offsetof(struct vblk, dev) == 0, "a device's disk is found by a cast");

/* What begins a request. */
struct header {
    uint32_t type;
    uint32_t reserved;
    uint64_t sector;
};

struct range {
    uint64_t sector;
    uint32_t sectors;
    uint32_t flags;
};

static void free_slots(struct vblk *blk)
{
    for (unsigned i = 0; i < blk->slot_count; i++) {
        blk->slots[i].chain.in_flight = false;
        blk->slots[i].next_free = (uint16_t)(i + 1 < blk->slot_count ? i + 1 : NO_SLOT);
    }
    blk->free = 0;
    blk->in_flight = 0;
}

/* Take the last writable byte off the chain: it is the status. False: there is none. */
static bool take_status(struct chain *chain, struct host_ptr *status)
{
    struct chain_segment *last;

    if (chain->count == chain->readable) {
        return false;
    }
    last = &chain->segments[chain->count - 1];
    status->ptr = last->host.ptr + (last->bytes - 1);
    last->bytes--;
    chain->writable_bytes.bytes--;
    if (last->bytes == 0) {
        chain->count--;
    }
    return true;
}

/* The readable segments from the reader's place on, trimmed. */
static void rest_of(struct chain *chain, const struct chain_reader *reader,
                    struct vblk_request *request)
{
    request->segments = chain->segments + reader->segment;
    request->count = chain->readable - reader->segment;
    if (reader->offset != 0) {
        struct chain_segment *first = &chain->segments[reader->segment];

        first->host.ptr += reader->offset;
        first->guest.value += reader->offset;
        first->bytes -= reader->offset;
    }
}

/* The request's answer is known without the backing. */
enum decoded {
    DECODED_SUBMIT,
    DECODED_ANSWERED,
    /* The buffer is none for a request, and has no place for a status. */
    DECODED_NONSENSE,
};

static enum vblk_status decode_range(struct vblk *blk, struct chain_reader *reader,
                                     struct vblk_request *request)
{
    bool discard = request->kind == VBLK_DISCARD;
    uint32_t most = discard ? blk->disk.max_discard : blk->disk.max_zero;
    struct range range;

    /* VIO-BLK-06: flags that are not known; a discard has none. */
    if (blk->chain.readable_bytes.bytes != sizeof(struct header) + sizeof range ||
        chain_read(reader, &range, sizeof range) != sizeof range) {
        return VBLK_IOERR;
    }
    if ((range.flags & ~(discard ? 0 : RANGE_UNMAP)) != 0) {
        return VBLK_UNSUPP;
    }
    if (range.sectors == 0 || range.sectors > most) {
        return VBLK_IOERR;
    }
    request->unmap = (range.flags & RANGE_UNMAP) != 0;
    request->sector = range.sector;
    request->bytes = (uint64_t)range.sectors * VBLK_SECTOR;
    request->stable = !discard && blk->write_through;
    return VBLK_OK;
}

static enum vblk_status decode_data(struct vblk *blk, const struct chain_reader *reader,
                                    struct vblk_request *request)
{
    struct chain *chain = &blk->chain;

    if (request->kind == VBLK_READ) {
        request->segments = chain->segments + chain->readable;
        request->count = (unsigned)(chain->count - chain->readable);
        request->bytes = chain->writable_bytes.bytes;
    } else {
        rest_of(chain, reader, request);
        request->bytes = chain->readable_bytes.bytes - sizeof(struct header);
        request->stable = blk->write_through;
    }
    if (request->bytes == 0 || request->bytes % blk->disk.block_bytes != 0 ||
        request->bytes > MAX_BYTES || request->count > blk->disk.max_segments) {
        return VBLK_IOERR;
    }
    return VBLK_OK;
}

static enum vblk_status answer_id(struct vblk *blk)
{
    struct chain_writer writer = chain_writer(&blk->chain);

    blk->written = chain_write(&writer, blk->disk.id, VBLK_ID_BYTES);
    return VBLK_OK;
}

/* Take the buffer apart, into blk->request, ->status and ->written. */
static enum decoded decode(struct vblk *blk, enum vblk_status *status)
{
    struct chain_reader reader = chain_reader(&blk->chain);
    struct vblk_request *request = &blk->request;
    struct header header;

    blk->written = 0;
    if (!take_status(&blk->chain, &blk->status)) {
        return DECODED_NONSENSE;
    }
    if (chain_read(&reader, &header, sizeof header) != sizeof header) {
        *status = VBLK_IOERR;
        return DECODED_ANSWERED;
    }
    *request = (struct vblk_request){ .sector = header.sector };
    switch (header.type) {
    case TYPE_IN:
        request->kind = VBLK_READ;
        *status = decode_data(blk, &reader, request);
        blk->written = blk->chain.writable_bytes.bytes;
        break;
    case TYPE_OUT:
        request->kind = VBLK_WRITE;
        /* VIO-BLK-01 */
        *status = blk->disk.read_only ? VBLK_IOERR : decode_data(blk, &reader, request);
        break;
    case TYPE_FLUSH:
        request->kind = VBLK_FLUSH;
        if (!blk->disk.flush) {
            *status = VBLK_OK;
            return DECODED_ANSWERED;
        }
        request->sector = 0;
        return DECODED_SUBMIT;
    case TYPE_DISCARD:
    case TYPE_WRITE_ZEROES:
        request->kind = header.type == TYPE_DISCARD ? VBLK_DISCARD : VBLK_ZERO;
        if (!vdev_has(&blk->dev,
                      header.type == TYPE_DISCARD ? VBLK_F_DISCARD : VBLK_F_WRITE_ZEROES)) {
            *status = VBLK_UNSUPP;
            return DECODED_ANSWERED;
        }
        *status = decode_range(blk, &reader, request);
        break;
    case TYPE_GET_ID:
        *status = answer_id(blk);
        return DECODED_ANSWERED;
    default:
        /* VIO-BLK-02 */
        *status = VBLK_UNSUPP;
        return DECODED_ANSWERED;
    }
    return *status == VBLK_OK ? DECODED_SUBMIT : DECODED_ANSWERED;
}

/* The status byte, and the buffer goes back. What was not read of a failed request is whatever it
 * was: the driver learns that from the status. */
static void finish(struct vblk *blk, struct chain *chain, struct host_ptr place,
                   enum vblk_status status, uint64_t written)
{
    /* A stale buffer is not the device's to write. */
    if (blk->dev.live) {
        *place.ptr = (unsigned char)status;
        /* The byte was taken off the writable ones. */
        chain->writable_bytes.bytes++;
    }
    vdev_push(&blk->dev, QUEUE, chain, written + 1);
}

/* Send the request that was decoded on. False: there is no room for it. */
static bool submit(struct vblk *blk)
{
    uint16_t tag = blk->free;
    struct vblk_slot *slot;

    if (tag == NO_SLOT) {
        return false;
    }
    slot = &blk->slots[tag];
    slot->chain = blk->chain;
    slot->chain.segments = NULL;
    slot->status = blk->status;
    slot->written = blk->written;
    blk->free = slot->next_free;
    blk->in_flight++;
    blk->request.tag = tag;
    if (!blk->ops->submit(blk->context, &blk->request)) {
        slot->chain.in_flight = false;
        slot->next_free = blk->free;
        blk->free = tag;
        blk->in_flight--;
        return false;
    }
    chain_clear(&blk->chain);
    return true;
}

/* Serve the buffer in blk->chain. False: it waits for room. */
static bool serve_one(struct vblk *blk)
{
    enum vblk_status status = VBLK_OK;

    switch (decode(blk, &status)) {
    case DECODED_SUBMIT:
        return submit(blk);
    case DECODED_ANSWERED:
        finish(blk, &blk->chain, blk->status, status, blk->written);
        break;
    case DECODED_NONSENSE:
        vdev_count(&blk->dev, VIRTIO_ERR_DIRECTION);
        vdev_push(&blk->dev, QUEUE, &blk->chain, 0);
        break;
    }
    return true;
}

/* Returns true when work is left that nobody will announce. */
static bool serve(struct vblk *blk)
{
    struct vdev *dev = &blk->dev;
    unsigned budget = dev->queues[QUEUE].max_entries;

    if (!dev->live || blk->blocked) {
        return false;
    }
    while (budget != 0 && !blk->blocked) {
        enum virtio_error error = vdev_pop(dev, QUEUE, &blk->chain);

        budget--;
        if (error == VIRTIO_EMPTY && vdev_want_kick(dev, QUEUE)) {
            continue;
        }
        if (error != VIRTIO_OK) {
            break;
        }
        blk->blocked = !serve_one(blk);
    }
    if (blk->ops->submit_end != NULL) {
        blk->ops->submit_end(blk->context);
    }
    vdev_signal(dev, QUEUE);
    return budget == 0 && !blk->blocked;
}

void vblk_complete(struct vblk *blk, uint16_t tag, enum vblk_status status)
{
    struct vblk_slot *slot;

    /* While the device stops, its buffers are the driver's again as soon as it has stopped. */
    if (tag >= blk->slot_count || !blk->slots[tag].chain.in_flight || blk->stopping) {
        return;
    }
    slot = &blk->slots[tag];
    finish(blk, &slot->chain, slot->status, status, slot->written);
    slot->chain.in_flight = false;
    slot->next_free = blk->free;
    blk->free = tag;
    blk->in_flight--;
}

void vblk_completed(struct vblk *blk)
{
    vdev_signal(&blk->dev, QUEUE);
}

void vblk_resume(struct vblk *blk)
{
    if (!blk->blocked || !blk->dev.live || !submit(blk)) {
        return;
    }
    blk->blocked = false;
    if (serve(blk)) {
        vdev_leave_work(&blk->dev, QUEUE);
    }
}

static bool model_kick(struct vdev *dev, unsigned queue)
{
    (void)queue;
    return serve((struct vblk *)dev);
}

/* VIO-BLK-04: what the driver did not negotiate it does not rely on. */
static void model_start(struct vdev *dev)
{
    struct vblk *blk = (struct vblk *)dev;
    const struct space *space = (const struct space *)(const void *)dev->config;

    blk->write_through =
        !vdev_has(dev, VBLK_F_FLUSH) || (vdev_has(dev, VBLK_F_CONFIG_WCE) && space->writeback == 0);
}

static void stopped(struct vblk *blk)
{
    blk->stopping = false;
    blk->blocked = false;
    blk->write_through = false;
    chain_clear(&blk->chain);
    free_slots(blk);
}

static bool model_stop(struct vdev *dev)
{
    struct vblk *blk = (struct vblk *)dev;

    if (blk->in_flight != 0 && !blk->ops->quiesce(blk->context)) {
        blk->stopping = true;
        return false;
    }
    stopped(blk);
    return true;
}

static bool model_stop_queue(struct vdev *dev, unsigned queue)
{
    (void)queue;
    return model_stop(dev);
}

void vblk_quiesced(struct vblk *blk)
{
    if (blk->stopping) {
        stopped(blk);
        vdev_quiesced(&blk->dev);
    }
}

static bool model_config_write(struct vdev *dev, unsigned offset, unsigned width, uint32_t value)
{
    struct vblk *blk = (struct vblk *)dev;
    uint8_t writeback = (uint8_t)value;

    if (offset != offsetof(struct space, writeback) || width != 1 || value > 1 ||
        (dev->offered & VBLK_F_CONFIG_WCE) == 0) {
        return false;
    }
    (void)vdev_set_config(dev, offset, &writeback, 1);
    if (dev->live) {
        model_start(&blk->dev);
    }
    return true;
}

static const struct vdev_rule rules[] = {
    /* VIO-BLK-03 */
    { .feature = VBLK_F_CONFIG_WCE, .needs = VBLK_F_FLUSH },
};

static const struct vdev_model model = {
    .device_id = VIRTIO_ID_BLOCK,
    .config_bytes = sizeof(struct space),
    .features = VBLK_F_SIZE_MAX | VBLK_F_SEG_MAX | VBLK_F_RO | VBLK_F_BLK_SIZE | VBLK_F_FLUSH |
                VBLK_F_TOPOLOGY | VBLK_F_CONFIG_WCE | VBLK_F_DISCARD | VBLK_F_WRITE_ZEROES,
    .rules = rules,
    .rule_count = 1,
    .start = model_start,
    .stop = model_stop,
    .stop_queue = model_stop_queue,
    .kick = model_kick,
    .config_write = model_config_write,
};

static bool is_power(uint32_t number)
{
    return number != 0 && (number & (number - 1)) == 0;
}

static bool disk_valid(const struct vblk_disk *disk)
{
    return is_power(disk->block_bytes) && disk->block_bytes >= VBLK_SECTOR &&
           is_power(disk->physical_bytes) && disk->physical_bytes >= disk->block_bytes &&
           disk->physical_bytes / disk->block_bytes <= 0x8000U && disk->max_segments != 0 &&
           disk->max_segment_bytes >= VBLK_SECTOR &&
           disk->sectors % (disk->block_bytes / VBLK_SECTOR) == 0;
}

static uint64_t features_of(const struct vblk_disk *disk)
{
    return VBLK_F_SIZE_MAX | VBLK_F_SEG_MAX | VBLK_F_BLK_SIZE | VBLK_F_TOPOLOGY |
           (disk->read_only ? VBLK_F_RO : 0) |
           (disk->flush ? VBLK_F_FLUSH | VBLK_F_CONFIG_WCE : 0) |
           (disk->max_discard != 0 && !disk->read_only ? VBLK_F_DISCARD : 0) |
           (disk->max_zero != 0 && !disk->read_only ? VBLK_F_WRITE_ZEROES : 0);
}

/* VIO-BLK-05. Whole: it is shown before the transport is there, and changes in one byte only. */
static void show_disk(struct vblk *blk)
{
    const struct vblk_disk *disk = &blk->disk;
    unsigned ratio = disk->physical_bytes / disk->block_bytes;
    const struct space space = {
        .capacity = disk->sectors,
        .size_max = disk->max_segment_bytes,
        .seg_max = disk->max_segments,
        .blk_size = disk->block_bytes,
        .physical_block_exp = (uint8_t)__builtin_ctz(ratio),
        .min_io_size = (uint16_t)ratio,
        .writeback = disk->flush,
        .num_queues = 1,
        .max_discard_sectors = disk->max_discard,
        .max_discard_seg = disk->max_discard != 0 ? MAX_RANGES : 0,
        .discard_sector_alignment = disk->discard_alignment,
        .max_write_zeroes_sectors = disk->max_zero,
        .max_write_zeroes_seg = disk->max_zero != 0 ? MAX_RANGES : 0,
        .write_zeroes_may_unmap = disk->max_zero != 0 && disk->max_discard != 0,
    };

    (void)vdev_set_config(&blk->dev, 0, &space, sizeof space);
}

enum virtio_error vblk_init(struct vblk *blk, const struct vblk_config *config)
{
    enum virtio_error error;

    if (!disk_valid(config->disk)) {
        return VIRTIO_ERR_ARGUMENT;
    }
    *blk = (struct vblk){
        .ops = config->ops,
        .context = config->context,
        .disk = *config->disk,
        .slots = config->slots,
        .slot_count = config->queue_entries,
    };
    chain_init(&blk->chain, config->segments, (uint16_t)VBLK_SEGMENTS(config->queue_entries));
    error = vdev_init(&blk->dev, &(struct vdev_config){
                                     .model = &model,
                                     .mem = config->mem,
                                     .queues = config->queue,
                                     .queue_count = 1,
                                     .queue_entries = config->queue_entries,
                                     .features = config->features | features_of(config->disk),
                                     .required = config->required,
                                     .report = config->report,
                                     .report_context = config->report_context,
                                 });
    if (error != VIRTIO_OK) {
        return error;
    }
    /* A driver that puts header and status into descriptors of their own needs two more. */
    if (blk->disk.max_segments > config->queue_entries - 2) {
        blk->disk.max_segments = config->queue_entries > 2 ? config->queue_entries - 2 : 1;
    }
    free_slots(blk);
    show_disk(blk);
    return VIRTIO_OK;
}
