/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the fuzz targets of the virtIO core share: an input that is read as a sequence of numbers,
 * and a small guest RAM in two ranges that adjoin in the guest and are apart here, each a heap
 * block of its own. Target code states what must hold with guest_check().
 */
#ifndef TESTS_FUZZ_VIRTIO_GUEST_H
#define TESTS_FUZZ_VIRTIO_GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <virtio/chain.h>
#include <virtio/guestmem.h>

#define GUEST_RAM_AT 0x1000U
#define GUEST_FIRST_BYTES 0x800U
#define GUEST_SECOND_BYTES 0x100U
#define GUEST_RAM_BYTES (GUEST_FIRST_BYTES + GUEST_SECOND_BYTES)

/* The rest of the input. */
struct input {
    const uint8_t *data;
    size_t left;
};

/* The next number, 0 when there is no more. */
uint8_t input_u8(struct input *input);
uint16_t input_u16(struct input *input);
uint32_t input_u32(struct input *input);
uint64_t input_u64(struct input *input);

/* The RAM; the first call makes it. */
const struct guestmem *guest_mem(void);
/* Make all of it zero. */
void guest_clear(void);
/* Store bytes at an offset from its start; what is beyond the end is left out. */
void guest_put(uint32_t offset, const void *data, size_t bytes);
/* The next 16 bytes of the input; so many of them, 16 at most, are stored there. */
void guest_put_input(struct input *input, uint32_t offset, size_t bytes);
/* A byte of it. */
uint8_t guest_get(uint32_t offset);
/* Copy all of it. */
void guest_snapshot(uint8_t *to);

/* What must hold; else the program ends with a message. */
void guest_check(bool holds, const char *what);

/* A chain that was popped: parts inside RAM, in bounds, with the right sums. */
void guest_check_chain(const struct chain *chain);

/* Whether bytes differ from a snapshot outside of [from, to) and the chain's writable parts (if
 * any). The snapshot is changed. */
bool guest_changed_outside(uint8_t *before, uint32_t from, uint32_t to, const struct chain *chain);

#endif
