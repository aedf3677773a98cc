/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fills every FP/SIMD register, waits without touching one until another PD has run, and looks
 * whether they are as they were.
 */
#include <bulkhead/libc.h>
#include <microkit.h>

#define ROUNDS 2000u
#define SLOTS 3u

/** FPCR: rounding mode. FPSR: the saturation flag and the cumulative exceptions. */
#define FPCR_RMODE(n) (((uint64_t)(n)&3) << 22)
#define FPSR_BITS 0x0800009ful

struct registers {
    _Alignas(16) uint64_t v[64];
    uint64_t fpcr;
    uint64_t fpsr;
};

/* Set in the ELF file by the tool. */
uint64_t progress_vaddr = 1;

static volatile uint64_t *progress;
static unsigned int slot;
static struct registers wanted, found;

#define ALL_PAIRS(op)                                                                          \
    op " q0, q1, [%0, #0]\n\t" op " q2, q3, [%0, #32]\n\t" op " q4, q5, [%0, #64]\n\t" op      \
       " q6, q7, [%0, #96]\n\t" op " q8, q9, [%0, #128]\n\t" op " q10, q11, [%0, #160]\n\t" op \
       " q12, q13, [%0, #192]\n\t" op " q14, q15, [%0, #224]\n\t" op                           \
       " q16, q17, [%0, #256]\n\t" op " q18, q19, [%0, #288]\n\t" op                           \
       " q20, q21, [%0, #320]\n\t" op " q22, q23, [%0, #352]\n\t" op                           \
       " q24, q25, [%0, #384]\n\t" op " q26, q27, [%0, #416]\n\t" op                           \
       " q28, q29, [%0, #448]\n\t" op " q30, q31, [%0, #480]\n\t"

static void load(const struct registers *r)
{
    __asm__ volatile(ALL_PAIRS("ldp") : : "r"(r->v) : "memory");
    __asm__ volatile("msr fpcr, %0\n\tmsr fpsr, %1" : : "r"(r->fpcr), "r"(r->fpsr));
}

static void store(struct registers *r)
{
    __asm__ volatile(ALL_PAIRS("stp") : : "r"(r->v) : "memory");
    __asm__ volatile("mrs %0, fpcr\n\tmrs %1, fpsr" : "=r"(r->fpcr), "=r"(r->fpsr));
}

static uint64_t others(void)
{
    uint64_t sum = 0;

    for (unsigned int i = 0; i < SLOTS; i++) {
        sum += i == slot ? 0 : progress[i];
    }
    return sum;
}

void init(void)
{
    slot = strcmp(microkit_name, "first") == 0 ? 0 : 1;
    uint64_t value = slot + 1;
    unsigned int wrong = 0;

    progress = (volatile uint64_t *)progress_vaddr;
    for (unsigned int round = 0; round < ROUNDS; round++) {
        for (unsigned int i = 0; i < 64; i++) {
            value = value * 6364136223846793005ul + 1442695040888963407ul;
            wanted.v[i] = value;
        }
        wanted.fpcr = FPCR_RMODE(value >> 32);
        wanted.fpsr = value >> 24 & FPSR_BITS;
        load(&wanted);
        uint64_t seen = others();
        while (others() == seen) {
            progress[slot]++;
        }
        store(&found);
        wrong += memcmp(&wanted, &found, sizeof(wanted)) != 0;
    }
    printf("%s: %u rounds, %u wrong\n", microkit_name, ROUNDS, wrong);
}

void notified(microkit_channel ch)
{
    (void)ch;
}
