/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Compares what memcpy() of runtime/src/memcpy_cached.S does with what a loop does: all lengths up
 * to COPIES_MOST, at all places within 16 bytes of both ends, and the bytes around them.
 */
#include <bulkhead/libc.h>
#include <microkit.h>

#define COPIES_MOST 400
#define COPIES_AROUND 32
#define COPIES_BYTES (COPIES_MOST + 2 * COPIES_AROUND)

static unsigned char from[COPIES_BYTES];
static unsigned char to[COPIES_BYTES];

static unsigned char before(size_t i)
{
    return (unsigned char)(0x80 | i);
}

static bool right(size_t source, size_t target, size_t bytes)
{
    for (size_t i = 0; i < COPIES_BYTES; i++) {
        to[i] = before(i);
    }
    if (memcpy(to + target, from + source, bytes) != to + target) {
        return false;
    }
    for (size_t i = 0; i < COPIES_BYTES; i++) {
        bool copied = i >= target && i < target + bytes;

        if (to[i] != (copied ? from[source + i - target] : before(i))) {
            return false;
        }
    }
    return true;
}

void init(void)
{
    for (size_t i = 0; i < COPIES_BYTES; i++) {
        from[i] = (unsigned char)(i * 7 & 0x7f);
    }
    for (size_t bytes = 0; bytes <= COPIES_MOST; bytes += bytes < 160 ? 1 : 7) {
        for (size_t source = 0; source<16; source += bytes> 160 ? 2 : 1) {
            for (size_t target = 0; target < 16; target++) {
                if (!right(source, COPIES_AROUND / 2 + target, bytes)) {
                    printf("copies: %zu bytes from %zu to %zu: wrong\n", bytes, source, target);
                    return;
                }
            }
        }
    }
    printf("copies: right\n");
}

void notified(microkit_channel ch)
{
    (void)ch;
}
