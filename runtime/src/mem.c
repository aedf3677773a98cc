/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory functions. They copy in the largest unit to which both ends are aligned, because an
 * uncached mapping faults on an unaligned access.
 */
#include <bulkhead/libc.h>
#include <stdint.h>

#define WEAK __attribute__((weak))

typedef uint64_t __attribute__((may_alias)) mem_u64;
typedef uint32_t __attribute__((may_alias)) mem_u32;

/** Whether both addresses become multiples of `unit` (a power of two) at the same step. */
static int mem_congruent(const void *a, const void *b, uintptr_t unit)
{
    return (((uintptr_t)a ^ (uintptr_t)b) & (unit - 1)) == 0;
}

static int mem_aligned(const void *a, uintptr_t unit)
{
    return ((uintptr_t)a & (unit - 1)) == 0;
}

static void mem_copy_up(unsigned char *to, const unsigned char *from, size_t bytes)
{
    if (mem_congruent(to, from, 8)) {
        for (; bytes > 0 && !mem_aligned(to, 8); bytes--) {
            *to++ = *from++;
        }
        for (; bytes >= 32; bytes -= 32, to += 32, from += 32) {
            uint64_t a = ((const mem_u64 *)(const void *)from)[0];
            uint64_t b = ((const mem_u64 *)(const void *)from)[1];
            uint64_t c = ((const mem_u64 *)(const void *)from)[2];
            uint64_t d = ((const mem_u64 *)(const void *)from)[3];
            ((mem_u64 *)(void *)to)[0] = a;
            ((mem_u64 *)(void *)to)[1] = b;
            ((mem_u64 *)(void *)to)[2] = c;
            ((mem_u64 *)(void *)to)[3] = d;
        }
        for (; bytes >= 8; bytes -= 8, to += 8, from += 8) {
            *(mem_u64 *)(void *)to = *(const mem_u64 *)(const void *)from;
        }
    } else if (mem_congruent(to, from, 4)) {
        for (; bytes > 0 && !mem_aligned(to, 4); bytes--) {
            *to++ = *from++;
        }
        for (; bytes >= 4; bytes -= 4, to += 4, from += 4) {
            *(mem_u32 *)(void *)to = *(const mem_u32 *)(const void *)from;
        }
    }
    for (; bytes > 0; bytes--) {
        *to++ = *from++;
    }
}

/** `to` and `from` are the ends. */
static void mem_copy_down(unsigned char *to, const unsigned char *from, size_t bytes)
{
    if (mem_congruent(to, from, 8)) {
        for (; bytes > 0 && !mem_aligned(to, 8); bytes--) {
            *--to = *--from;
        }
        for (; bytes >= 8; bytes -= 8) {
            to -= 8;
            from -= 8;
            *(mem_u64 *)(void *)to = *(const mem_u64 *)(const void *)from;
        }
    }
    for (; bytes > 0; bytes--) {
        *--to = *--from;
    }
}

WEAK void *memcpy(void *restrict to, const void *restrict from, size_t bytes)
{
    mem_copy_up(to, from, bytes);
    return to;
}

WEAK void *memmove(void *to, const void *from, size_t bytes)
{
    if ((uintptr_t)to - (uintptr_t)from >= bytes) {
        mem_copy_up(to, from, bytes);
    } else {
        mem_copy_down((unsigned char *)to + bytes, (const unsigned char *)from + bytes, bytes);
    }
    return to;
}

WEAK void *memset(void *to, int value, size_t bytes)
{
    unsigned char *p = to;
    unsigned char byte = (unsigned char)value;
    uint64_t word = byte * 0x0101010101010101UL;

    for (; bytes > 0 && !mem_aligned(p, 8); bytes--) {
        *p++ = byte;
    }
    for (; bytes >= 32; bytes -= 32, p += 32) {
        ((mem_u64 *)(void *)p)[0] = word;
        ((mem_u64 *)(void *)p)[1] = word;
        ((mem_u64 *)(void *)p)[2] = word;
        ((mem_u64 *)(void *)p)[3] = word;
    }
    for (; bytes >= 8; bytes -= 8, p += 8) {
        *(mem_u64 *)(void *)p = word;
    }
    for (; bytes > 0; bytes--) {
        *p++ = byte;
    }
    return to;
}

WEAK int memcmp(const void *a, const void *b, size_t bytes)
{
    const unsigned char *p = a;
    const unsigned char *q = b;

    for (; bytes > 0 && *p == *q; bytes--) {
        p++;
        q++;
    }
    return bytes == 0 ? 0 : *p - *q;
}

WEAK void *memchr(const void *from, int value, size_t bytes)
{
    const unsigned char *p = from;

    for (; bytes > 0; bytes--, p++) {
        if (*p == (unsigned char)value) {
            return (void *)(uintptr_t)p;
        }
    }
    return NULL;
}
