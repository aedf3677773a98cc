/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "virtio_guest.h"

static unsigned char *first;
static unsigned char *second;
static struct guestmem mem;

uint8_t input_u8(struct input *input)
{
    if (input->left == 0) {
        return 0;
    }
    input->left--;
    return *input->data++;
}

uint16_t input_u16(struct input *input)
{
    uint16_t low = input_u8(input);

    return (uint16_t)(low | input_u8(input) << 8);
}

uint32_t input_u32(struct input *input)
{
    uint32_t low = input_u16(input);

    return low | (uint32_t)input_u16(input) << 16;
}

uint64_t input_u64(struct input *input)
{
    uint64_t low = input_u32(input);

    return low | (uint64_t)input_u32(input) << 32;
}

const struct guestmem *guest_mem(void)
{
    struct guestmem_range ranges[2];

    if (first != NULL) {
        return &mem;
    }
    first = calloc(1, GUEST_FIRST_BYTES);
    second = calloc(1, GUEST_SECOND_BYTES);
    guest_check(first != NULL && second != NULL, "memory");
    ranges[0] = (struct guestmem_range){ { GUEST_RAM_AT }, { GUEST_FIRST_BYTES }, { first } };
    ranges[1] = (struct guestmem_range){ { GUEST_RAM_AT + GUEST_FIRST_BYTES },
                                         { GUEST_SECOND_BYTES },
                                         { second } };
    guest_check(guestmem_init(&mem, ranges, 2) == VIRTIO_OK, "RAM");
    return &mem;
}

void guest_clear(void)
{
    (void)guest_mem();
    memset(first, 0, GUEST_FIRST_BYTES);
    memset(second, 0, GUEST_SECOND_BYTES);
}

static unsigned char *place(uint32_t offset)
{
    return offset < GUEST_FIRST_BYTES ? first + offset : second + (offset - GUEST_FIRST_BYTES);
}

void guest_put(uint32_t offset, const void *data, size_t bytes)
{
    const uint8_t *from = data;

    while (bytes != 0 && offset < GUEST_RAM_BYTES) {
        uint32_t end = offset < GUEST_FIRST_BYTES ? GUEST_FIRST_BYTES : GUEST_RAM_BYTES;
        uint32_t part = bytes < end - offset ? (uint32_t)bytes : end - offset;

        memcpy(place(offset), from, part);
        offset += part;
        from += part;
        bytes -= part;
    }
}

void guest_put_input(struct input *input, uint32_t offset, size_t bytes)
{
    uint8_t from[16];

    for (size_t i = 0; i < sizeof from; i++) {
        from[i] = input_u8(input);
    }
    guest_put(offset, from, bytes < sizeof from ? bytes : sizeof from);
}

uint8_t guest_get(uint32_t offset)
{
    return *place(offset);
}

void guest_snapshot(uint8_t *to)
{
    memcpy(to, first, GUEST_FIRST_BYTES);
    memcpy(to + GUEST_FIRST_BYTES, second, GUEST_SECOND_BYTES);
}

void guest_check(bool holds, const char *what)
{
    if (!holds) {
        fprintf(stderr, "does not hold: %s\n", what);
        abort();
    }
}

void guest_check_chain(const struct chain *chain)
{
    uint64_t sums[2] = { 0, 0 };

    guest_check(chain->count <= chain->capacity, "a chain fits into its storage");
    guest_check(chain->readable <= chain->count, "readable segments come first");
    for (unsigned i = 0; i < chain->count; i++) {
        const struct chain_segment *s = &chain->segments[i];
        uint64_t offset = s->guest.value - GUEST_RAM_AT;
        uint64_t end = offset < GUEST_FIRST_BYTES ? GUEST_FIRST_BYTES : GUEST_RAM_BYTES;

        guest_check(s->bytes != 0, "a segment has bytes");
        guest_check(s->guest.value >= GUEST_RAM_AT && offset < end && s->bytes <= end - offset,
                    "a segment is RAM");
        guest_check(s->host.ptr == place((uint32_t)offset), "a segment is at its place");
        sums[i >= chain->readable] += s->bytes;
    }
    guest_check(sums[0] == chain->readable_bytes.bytes && sums[1] == chain->writable_bytes.bytes,
                "sums of a chain");
}

/* Take [from, from + bytes) of RAM into a snapshot. */
static void forgive(uint8_t *before, uint32_t from, uint32_t bytes)
{
    for (uint32_t done = 0; done < bytes;) {
        uint32_t at = from + done;
        uint32_t end = at < GUEST_FIRST_BYTES ? GUEST_FIRST_BYTES : GUEST_RAM_BYTES;
        uint32_t part = bytes - done < end - at ? bytes - done : end - at;

        memcpy(before + at, place(at), part);
        done += part;
    }
}

bool guest_changed_outside(uint8_t *before, uint32_t from, uint32_t to, const struct chain *chain)
{
    forgive(before, from, to - from);
    for (unsigned i = chain != NULL ? chain->readable : 0; chain != NULL && i < chain->count; i++) {
        forgive(before, (uint32_t)(chain->segments[i].guest.value - GUEST_RAM_AT),
                chain->segments[i].bytes);
    }
    return memcmp(before, first, GUEST_FIRST_BYTES) != 0 ||
           memcmp(before + GUEST_FIRST_BYTES, second, GUEST_SECOND_BYTES) != 0;
}
