/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * RAM disk PD: the server's side of a block connection (io/block/server.h) with memory of its own
 * behind it, which a file may fill. It copies, and has all clients' memory mapped for that:
 * addresses of segments are its own. A request is done when it is taken.
 */
#include <bulkhead/libc.h>
#include <drivers/supervisor/supervisor.h>
#include <io/block/server.h>
#include <microkit.h>

#define RAM_DISK_PHYSICAL 4096u
/* Sectors of a request to write zeros: a bounded stay. */
#define RAM_DISK_MOST_ZERO 0x800u

/* Set in the ELF file by the tool. */
uint64_t disk_vaddr = 1;
uint64_t disk_bytes = 1;
uint64_t block_vaddr = 1;
uint64_t block_bytes = 1;
uint64_t block_channel = MICROKIT_MAX_CHANNELS;
/* Of a driver that is restarted. */
__attribute__((used)) uint64_t supervisor_vaddr = SUPERVISOR_NONE;

static struct block_server server;
static struct block_segment segments[BLOCK_MAX_SEGMENTS];
/* It took leave: there is no disk any more. */
static bool gone;

static bool ram_disk_has(const struct block_request *request)
{
    uint64_t sectors = disk_bytes / BLOCK_SECTOR;

    return request->bytes % BLOCK_SECTOR == 0 && request->sector < sectors &&
           request->bytes / BLOCK_SECTOR <= sectors - request->sector;
}

static void ram_disk_move(const struct block_request *request)
{
    uint8_t *at = (uint8_t *)disk_vaddr + request->sector * BLOCK_SECTOR;
    uint64_t left = request->bytes;

    for (uint32_t i = 0; i < request->segments; i++) {
        void *data = (void *)segments[i].address;
        uint64_t part = segments[i].bytes < left ? segments[i].bytes : left;

        if (request->kind == BLOCK_READ) {
            memcpy(data, at, part);
        } else {
            memcpy(at, data, part);
        }
        at += part;
        left -= part;
    }
}

static enum block_status ram_disk_do(const struct block_request *request)
{
    switch (request->kind) {
    case BLOCK_READ:
    case BLOCK_WRITE:
        if (!ram_disk_has(request)) {
            return BLOCK_INVALID;
        }
        ram_disk_move(request);
        return BLOCK_DONE;
    case BLOCK_ZERO:
        if (!ram_disk_has(request)) {
            return BLOCK_INVALID;
        }
        memset((uint8_t *)disk_vaddr + request->sector * BLOCK_SECTOR, 0, request->bytes);
        return BLOCK_DONE;
    default:
        return BLOCK_UNSUPPORTED;
    }
}

static void serve(void)
{
    struct block_request request;
    uint64_t word;

    if (gone) {
        if (block_server_refuse(&server, segments)) {
            microkit_notify((microkit_channel)block_channel);
        }
        return;
    }
    while (block_server_next(&server, &request, segments)) {
        enum block_status status = ram_disk_do(&request);

        block_server_take(&server, &request);
        block_server_answer(&server, request.id, status, status == BLOCK_DONE ? request.bytes : 0);
    }
    if (block_server_publish(&server)) {
        microkit_notify((microkit_channel)block_channel);
    }
    if (block_server_quiesce(&server, &word)) {
        /* Nothing is under way between two calls. */
        block_server_quiet(&server, word);
        microkit_notify((microkit_channel)block_channel);
    }
}

void init(void)
{
    const struct block_info info = {
        .sectors = disk_bytes / BLOCK_SECTOR,
        .logical_bytes = BLOCK_SECTOR,
        .physical_bytes = RAM_DISK_PHYSICAL,
        .flags = BLOCK_INFO_ZERO,
        .max_segments = BLOCK_MAX_SEGMENTS,
        .max_segment_bytes = 0x40000000,
        .depth = BLOCK_MAX_IN_FLIGHT / 2,
        .max_zero = RAM_DISK_MOST_ZERO,
        .id = "ram-disk",
    };

    if (!block_server_open(&server, (void *)block_vaddr, block_bytes)) {
        microkit_dbg_puts("ram_disk: the connection's region is too small or not aligned\n");
        microkit_internal_crash(0);
    }
    gone = supervisor_says_leave(supervisor_vaddr);
    block_server_show(&server, gone ? NULL : &info);
    serve();
    microkit_notify((microkit_channel)block_channel);
}

void notified(microkit_channel ch)
{
    (void)ch;
    serve();
}
