/* SPDX-License-Identifier: BSD-2-Clause */
/* What a linker script can get wrong: constructors, thread-local variables, sections with names. */
#include <bulkhead/libc.h>
#include <microkit.h>

struct config {
    char text[16];
};

/* Filled by objcopy --update-section. */
__attribute__((section(".vmm_config"), used)) struct config config;

static __thread int thread_data = 5;
static __thread long thread_zero;
static __thread char thread_aligned __attribute__((aligned(32)));
static int zero[100];
static int constructed;

__attribute__((constructor)) static void construct(void)
{
    constructed++;
}

void init(void)
{
    bool aligned = (uintptr_t)&thread_aligned % 32 == 0;

    thread_zero += thread_data;
    printf("%s: config '%s', constructed %d, thread %d %ld %s, zero %d\n", microkit_name,
           config.text, constructed, thread_data, thread_zero, aligned ? "aligned" : "unaligned",
           zero[constructed]);
}

void notified(microkit_channel ch)
{
    (void)ch;
}
