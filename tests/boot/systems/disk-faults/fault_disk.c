/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A disk that breaks on purpose: the server's side of a block connection, which copies like the
 * RAM disk, and is to be read only. Reads that begin at some sectors are answered as faults.h says,
 * if they are the first client's; all others are good.
 */
#include <bulkhead/libc.h>
#include <drivers/supervisor/supervisor.h>
#include <io/block/server.h>
#include <microkit.h>

#include "tests/guest/faults.h"

#define FIRST_OWNER 1u
#define MOST_HELD 64u

/* Set in the ELF file by the tool. */
uint64_t disk_vaddr = 1;
uint64_t disk_bytes = 1;
uint64_t block_vaddr = 1;
uint64_t block_bytes = 1;
uint64_t block_channel = MICROKIT_MAX_CHANNELS;
uint64_t supervisor_vaddr = SUPERVISOR_NONE;

/** A request that was not answered. */
struct held {
    struct block_request request;
    struct block_segment segments[BLOCK_MAX_SEGMENTS];
    /** Its owner wanted it back, and got it. */
    bool stale;
};

static struct block_server server;
static struct block_segment segments[BLOCK_MAX_SEGMENTS];
static struct held held[MOST_HELD];
static uint32_t held_count;

static void copy(const struct block_request *request, const struct block_segment *data)
{
    const uint8_t *at = (const uint8_t *)disk_vaddr + request->sector * BLOCK_SECTOR;

    for (uint32_t i = 0; i < request->segments; i++) {
        memcpy((void *)data[i].address, at, data[i].bytes);
        at += data[i].bytes;
    }
}

/* An answer that nobody waits for, or not any more: outside of what the server counts. */
static void answer_once_more(uint32_t id, uint64_t bytes)
{
    server.in_flight++;
    block_server_answer(&server, id, BLOCK_DONE, bytes);
}

static void hold(const struct block_request *request)
{
    if (held_count == MOST_HELD) {
        microkit_dbg_puts("fault_disk: too many requests are held\n");
        microkit_internal_crash(0);
    }
    held[held_count].request = *request;
    held[held_count].stale = false;
    memcpy(held[held_count].segments, segments, sizeof(segments));
    held_count++;
}

/* All that was held is answered, however late that is. */
static void release(void)
{
    for (uint32_t i = 0; i < held_count; i++) {
        if (held[i].stale) {
            answer_once_more(held[i].request.id, held[i].request.bytes);
        } else {
            block_server_answer(&server, held[i].request.id, BLOCK_DONE, held[i].request.bytes);
        }
    }
    held_count = 0;
}

/* The count outlives the program: it is on the disk, in its last word. */
static uint64_t *visits(void)
{
    return (uint64_t *)(disk_vaddr + disk_bytes) - 1;
}

static void serve_read(const struct block_request *request)
{
    uint64_t *word = (uint64_t *)segments[0].address;

    copy(request, segments);
    switch (request->owner == FIRST_OWNER ? request->sector : FAULT_NONE) {
    case FAULT_ERROR:
        block_server_answer(&server, request->id, BLOCK_FAILED, 0);
        return;
    case FAULT_SHORT:
        block_server_answer(&server, request->id, BLOCK_DONE, request->bytes / 2);
        return;
    case FAULT_TWICE:
        answer_once_more(request->id, request->bytes);
        break;
    case FAULT_WRONG_ID:
        answer_once_more(request->id ^ 0x100u, request->bytes);
        hold(request);
        return;
    case FAULT_NEVER:
    case FAULT_WHEN_WITHDRAWN:
        hold(request);
        return;
    case FAULT_RELEASE:
        release();
        break;
    case FAULT_COUNT:
        *word = ++*visits();
        break;
    case FAULT_CRASH:
        /* The request is taken, and will not come again. */
        (void)block_server_publish(&server);
        *(volatile uint32_t *)0 = 0; /* NOLINT(clang-analyzer-core.NullDereference) */
        break;
    default:
        break;
    }
    block_server_answer(&server, request->id, BLOCK_DONE, request->bytes);
}

static void serve_request(const struct block_request *request)
{
    if (request->kind == BLOCK_READ && request->segments != 0) {
        serve_read(request);
    } else {
        block_server_answer(&server, request->id, BLOCK_UNSUPPORTED, 0);
    }
}

/* An owner's requests are wanted back: they are given back without an answer, or ended now. */
static void quiesce(uint64_t word)
{
    for (uint32_t i = 0; i < held_count; i++) {
        if (held[i].request.owner != block_server_owner(word) || held[i].stale) {
            continue;
        }
        if (held[i].request.sector == FAULT_WHEN_WITHDRAWN) {
            copy(&held[i].request, held[i].segments);
            answer_once_more(held[i].request.id, held[i].request.bytes);
        }
        held[i].stale = true;
        server.in_flight--;
    }
    (void)block_server_publish(&server);
    block_server_quiet(&server, word);
    microkit_notify((microkit_channel)block_channel);
}

static void serve(void)
{
    struct block_request request;
    uint64_t word;

    if (supervisor_says_leave(supervisor_vaddr)) {
        if (block_server_refuse(&server, segments)) {
            microkit_notify((microkit_channel)block_channel);
        }
        return;
    }
    while (block_server_next(&server, &request, segments)) {
        block_server_take(&server, &request);
        serve_request(&request);
    }
    if (block_server_publish(&server)) {
        microkit_notify((microkit_channel)block_channel);
    }
    if (block_server_quiesce(&server, &word)) {
        quiesce(word);
    }
}

void init(void)
{
    const struct block_info info = {
        .sectors = disk_bytes / BLOCK_SECTOR,
        .logical_bytes = BLOCK_SECTOR,
        .physical_bytes = BLOCK_SECTOR,
        .max_segments = BLOCK_MAX_SEGMENTS,
        .max_segment_bytes = 0x40000000,
        .depth = BLOCK_MAX_IN_FLIGHT / 2,
        .id = "fault-disk",
    };

    if (!block_server_open(&server, (void *)block_vaddr, block_bytes)) {
        microkit_dbg_puts("fault_disk: the connection's region is too small or not aligned\n");
        microkit_internal_crash(0);
    }
    memset((void *)disk_vaddr, FAULT_PATTERN, disk_bytes - sizeof(uint64_t));
    block_server_show(&server, &info);
    serve();
    microkit_notify((microkit_channel)block_channel);
}

void notified(microkit_channel ch)
{
    (void)ch;
    serve();
}
