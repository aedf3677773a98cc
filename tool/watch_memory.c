/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE
#include "watch_memory.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define WATCH_MEMORY_PIECE 65536

bool watch_memory_open(struct watch_memory *memory, int fd, uint64_t base)
{
    struct stat facts;

    if (fstat(fd, &facts) != 0 || facts.st_size <= 0) {
        return false;
    }
    *memory = (struct watch_memory){ fd, base, (uint64_t)facts.st_size };
    return true;
}

bool watch_memory_has(const struct watch_memory *memory, uint64_t address, uint64_t bytes)
{
    return address >= memory->base && bytes <= memory->bytes &&
           address - memory->base <= memory->bytes - bytes;
}

bool watch_memory_read(const struct watch_memory *memory, uint64_t address, void *to, size_t bytes)
{
    size_t done = 0;

    if (!watch_memory_has(memory, address, bytes)) {
        return false;
    }
    while (done < bytes) {
        ssize_t count = pread(memory->fd, (uint8_t *)to + done, bytes - done,
                              (off_t)(address - memory->base + done));

        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count <= 0) {
            return false;
        }
        done += (size_t)count;
    }
    return true;
}

/* Where, from `address` on, the next bytes are that were written; `end` when none are before. A
 * file system that cannot tell has no holes. */
static uint64_t watch_memory_data(const struct watch_memory *memory, uint64_t address, uint64_t end)
{
    off_t at = lseek(memory->fd, (off_t)(address - memory->base), SEEK_DATA);

    if (at < 0) {
        return errno == ENXIO ? end : address;
    }
    return (uint64_t)at > end - memory->base ? end : memory->base + (uint64_t)at;
}

bool watch_memory_find(const struct watch_memory *memory, uint64_t word, uint64_t step,
                       uint64_t *address, uint64_t end)
{
    uint64_t last = memory->base + memory->bytes;
    uint64_t at = *address < memory->base ? memory->base : *address;
    uint64_t piece[WATCH_MEMORY_PIECE / sizeof(uint64_t)];

    end = end < last ? end : last;
    for (;;) {
        uint64_t bytes;

        if (at > UINT64_MAX - step) {
            return false;
        }
        at = (at + step - 1) & ~(step - 1);
        if (at >= end) {
            return false;
        }
        /* Holes end at pages, of which every step's multiples are none short. */
        at = watch_memory_data(memory, at, end) & ~(step - 1);
        bytes = end - at < WATCH_MEMORY_PIECE ? (end - at) & ~7UL : WATCH_MEMORY_PIECE;
        if (at >= end || bytes == 0 || !watch_memory_read(memory, at, piece, bytes)) {
            return false;
        }
        for (uint64_t offset = 0; offset < bytes; offset += step) {
            if (piece[offset / sizeof(uint64_t)] == word) {
                *address = at + offset;
                return true;
            }
        }
        at += bytes;
    }
}
