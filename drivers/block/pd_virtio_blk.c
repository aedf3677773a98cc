/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Driver PD of a virtIO block device: the server's side of a block connection (io/block/server.h),
 * whose addresses are physical. It runs for interrupts and notifications only.
 *
 * It believes the requests' ranges and addresses, which the virtualiser has checked; and both of
 * them are trusted by all whose memory the device can reach.
 */
#include <drivers/supervisor/supervisor.h>
#include <io/block/server.h>
#include <microkit.h>

#include <drivers/virtio/virtio_mapped.h>

#include "virtio_blk.h"

/* Set in the ELF file by the tool: not to be taken for constants. */
#define PATCHED __attribute__((used))
PATCHED uint64_t disk_vaddr = 1;
PATCHED uint64_t disk_irq = MICROKIT_MAX_CHANNELS;
PATCHED uint64_t dma_vaddr = 1;
PATCHED uint64_t dma_bytes = 1;
PATCHED uint64_t dma_paddr = 1;
PATCHED uint64_t block_vaddr = 1;
PATCHED uint64_t block_bytes = 1;
PATCHED uint64_t block_channel = MICROKIT_MAX_CHANNELS;
/* Of a driver that is restarted. */
PATCHED uint64_t supervisor_vaddr = SUPERVISOR_NONE;

static struct virtio_blk disk;
static struct block_server server;
static struct block_segment segments[BLOCK_MAX_SEGMENTS];
static bool broken;
/* It took leave: there is no disk any more, and nothing reaches the clients' memory. */
static bool gone;

static void disk_stop(enum virtio_device_error error)
{
    microkit_dbg_puts(microkit_name);
    microkit_dbg_puts(": the disk ");
    microkit_dbg_puts(virtio_device_says(error));
    microkit_dbg_puts("\n");
    broken = true;
}

static void disk_answers(void)
{
    struct block_answer answer;

    while (virtio_blk_take(&disk, &answer)) {
        block_server_answer(&server, answer.id, (enum block_status)answer.status, answer.bytes);
    }
}

static void disk_requests(void)
{
    struct block_request request;

    /* The virtualiser keeps to the depth that it was told, so that slots do not run out. */
    while (disk.in_flight < disk.slot_count && block_server_next(&server, &request, segments)) {
        block_server_take(&server, &request);
        if (request.kind < BLOCK_READ || request.kind >= BLOCK_KIND_COUNT ||
            !virtio_blk_submit(&disk, &request, segments)) {
            block_server_answer(&server, request.id, BLOCK_UNSUPPORTED, 0);
        }
    }
    virtio_blk_kick(&disk);
}

/* The virtualiser wants an owner's requests back. */
static void disk_quiesce(uint64_t word)
{
    uint16_t owner = block_server_owner(word);

    if (virtio_blk_has(&disk, owner)) {
        enum virtio_device_error error = virtio_blk_withdraw(&disk, owner);

        if (error != VIRTIO_DEVICE_OK) {
            /* Nothing is said to be quiet that may not be. */
            disk_stop(error);
            return;
        }
        disk_answers();
    }
    (void)block_server_publish(&server);
    block_server_quiet(&server, word);
    microkit_notify((microkit_channel)block_channel);
}

static void serve(void)
{
    uint64_t word;

    if (broken) {
        if (gone && block_server_refuse(&server, segments)) {
            microkit_notify((microkit_channel)block_channel);
        }
        return;
    }
    disk_answers();
    disk_requests();
    if (block_server_quiesce(&server, &word)) {
        disk_quiesce(word);
    }
    if (block_server_publish(&server)) {
        microkit_notify((microkit_channel)block_channel);
    }
}

/* The device reaches nobody's memory. */
static void disk_leave(void)
{
    broken = true;
    gone = true;
    block_server_show(&server, NULL);
    serve();
    microkit_notify((microkit_channel)block_channel);
}

void init(void)
{
    const struct virtio_device device = virtio_mapped(disk_vaddr);
    const struct virtio_blk_memory memory = { (uint8_t *)dma_vaddr, dma_paddr, dma_bytes };
    struct block_info info;
    enum virtio_device_error error;

    /* An earlier life may have left requests with the device: it is reset before the queue opens,
     * or that stays closed. */
    error = virtio_blk_start(&disk, &device, &memory, &info);
    if (error != VIRTIO_DEVICE_OK) {
        disk_stop(error);
    }
    if (error == VIRTIO_DEVICE_STUCK && ((const struct block_shared *)block_vaddr)->opened != 0) {
        return;
    }
    if (!block_server_open(&server, (void *)block_vaddr, block_bytes)) {
        microkit_dbg_puts("virtio_blk: the connection's region is too small or not aligned\n");
        microkit_internal_crash(0);
    }
    if (error != VIRTIO_DEVICE_OK || supervisor_says_leave(supervisor_vaddr)) {
        disk_leave();
        return;
    }
    block_server_show(&server, &info);
    serve();
    microkit_notify((microkit_channel)block_channel);
}

void notified(microkit_channel ch)
{
    if (ch == disk_irq) {
        if (!broken) {
            virtio_blk_acknowledge(&disk);
        }
        serve();
        microkit_deferred_irq_ack(ch);
    } else {
        serve();
    }
}
