/* SPDX-License-Identifier: BSD-2-Clause */
/* Sizes of memory for people. */
#ifndef TOOL_SIZE_H
#define TOOL_SIZE_H

#include <stddef.h>
#include <stdint.h>

/** Bytes that are always enough for what size_text() writes. */
#define SIZE_ROOM 32

/**
 * "4 KiB", "2 MiB": a size in the largest unit that leaves no remainder. `text` has `room` bytes
 * and is returned.
 */
const char *size_text(uint64_t bytes, char *text, size_t room);

#endif
