/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The loader of boot descriptions. The input is a list of changes to a description that is right,
 * so that most of its checks pass: each is 12 bytes, offset (4) and value (8; the width comes from
 * the offset's upper bits). What the checks accept is built on the fake architecture.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "bootdesc.h"
#include "fake/describe.h"
#include "fake/world.h"
#include "heap.h"
#include "objects.h"

#define CHANGE_BYTES 12u
#define WHOLE_MARK 0xffu

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint32_t no_seed[SEED_WORDS];

/** As large as a description may be here; the heap's end is checked by the sanitizer. */
static struct describe *fuzz_describe(const uint8_t *data, size_t size, size_t *bytes)
{
    *bytes = sizeof(struct describe);
    if (size > 0 && data[0] == WHOLE_MARK) {
        /* The rest is a whole description. */
        *bytes = (size - 1) / 8 * 8;
    }
    struct describe *d = malloc(*bytes > 0 ? *bytes : 1);
    if (d == NULL) {
        return NULL;
    }
    if (*bytes != sizeof(*d) || (size > 0 && data[0] == WHOLE_MARK)) {
        memcpy(d, data + 1, *bytes);
        return d;
    }
    describe_right(d);
    for (size_t at = 1; at + CHANGE_BYTES <= size; at += CHANGE_BYTES) {
        uint32_t off;
        memcpy(&off, data + at, sizeof(off));
        uint32_t width = 1u << (off >> 30);
        off = off % (uint32_t)sizeof(*d) / width * width;
        memcpy((char *)d + off, data + at + sizeof(off), width);
    }
    return d;
}

/** The boot checks memory against the machine's device tree before anything is touched. */
static int fuzz_memory_there(void)
{
    const struct bd_header *h = bootdesc_header();
    for (uint32_t i = 0; i < h->memory.count; i++) {
        const struct bd_memory *m = bootdesc_memory(i);
        if (m->base < ARCH_FAKE_RAM || m->base - ARCH_FAKE_RAM > DESCRIBE_RAM_BYTES ||
            m->bytes > DESCRIBE_RAM_BYTES - (m->base - ARCH_FAKE_RAM)) {
            return 0;
        }
    }
    return 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t bytes;
    struct describe *d = fuzz_describe(data, size, &bytes);
    if (d == NULL) {
        return 0;
    }
    if (bootdesc_check(d, bytes) == NULL && fuzz_memory_there()) {
        world_reset(BH_MAX_CPUS);
        arch_fake_ram(DESCRIBE_RAM_BYTES);
        const struct bd_header *h = bootdesc_header();
        char *image = arch_phys(h->kernel_base);
        heap_init(image + h->image_bytes, h->heap_bytes);
        if (objects_build(image, no_seed) == NULL) {
            for (uint32_t cpu = 0; cpu < h->board.cpus; cpu++) {
                arch_fake.cpu = cpu;
                objects_start(cpu_get(cpu));
                (void)world_run(cpu);
            }
        }
    }
    free(d);
    return 0;
}
