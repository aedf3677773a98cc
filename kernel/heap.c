/* SPDX-License-Identifier: BSD-2-Clause */
#include "heap.h"

#include "arch.h"

static uintptr_t heap_next;
static uintptr_t heap_end;

void heap_init(void *base, uint64_t bytes)
{
    heap_next = (uintptr_t)base;
    heap_end = heap_next + bytes;
}

void *heap_alloc(uint64_t bytes, uint64_t align)
{
    uintptr_t start = (heap_next + align - 1) & ~(align - 1);
    bytes = (bytes + 7) & ~7UL;
    if (start > heap_end || bytes > heap_end - start) {
        return NULL;
    }
    heap_next = start + bytes;
    arch_clear((void *)start, bytes);
    return (void *)start;
}

void heap_close(void)
{
    heap_next = heap_end;
}
