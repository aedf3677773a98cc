/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The memory of a running machine, kept in a file that its emulator shares. It is read with
 * pread(), not mapped: what is looked at is a copy that nobody changes any more, a file that gets
 * shorter is a failed read, and holes stay holes.
 */
#ifndef TOOL_WATCH_MEMORY_H
#define TOOL_WATCH_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct watch_memory {
    int fd;
    uint64_t base; /* physical address of the file's first byte */
    uint64_t bytes;
};

/** Use the open file `fd`, which stays the caller's, as the memory at `base`. False: no size. */
bool watch_memory_open(struct watch_memory *memory, int fd, uint64_t base);

/** Whether [address, address + bytes) lies in it. */
bool watch_memory_has(const struct watch_memory *memory, uint64_t address, uint64_t bytes);

/** Copy `bytes` bytes at a physical address. False: they are not all in it. */
bool watch_memory_read(const struct watch_memory *memory, uint64_t address, void *to, size_t bytes);

/**
 * Look for a word of 8 bytes at multiples of `step` (a power of two from 8 to 4096) of [*address,
 * end), as far as that lies in the memory. Parts that were never written are passed over. True:
 * *address is where it is.
 */
bool watch_memory_find(const struct watch_memory *memory, uint64_t word, uint64_t step,
                       uint64_t *address, uint64_t end);

#endif
