/* SPDX-License-Identifier: BSD-2-Clause */
/* Makes a million system calls with random numbers and arguments. */
#include <bulkhead/libc.h>
#include <microkit.h>

#define CALLS 1000000u

/* Set in the ELF file by the tool. */
uint64_t done_vaddr = 1;

static uint64_t state = 0x123456789abcdefUL;

static uint64_t random64(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

/** Small numbers that may mean something, numbers at the edges, or anything. */
static uint64_t random_argument(void)
{
    uint64_t r = random64();

    switch (r >> 62) {
    case 0:
        return r & 7;
    case 1:
        return r & 0xff;
    case 2:
        return (r & 0xfff) << (r >> 12 & 63);
    default:
        return r;
    }
}

static uint64_t random_number(void)
{
    uint64_t number = random64() % (BH_SYS_COUNT + 1);

    /* One character in sixty-four, or the console would see nothing else. */
    if (number == BH_SYS_DEBUG_PUTC && random64() % 64 != 0) {
        return BH_SYS_NULL;
    }
    /* An unknown call would end this PD, as hostile/ shows; two receives in three are left out,
     * because each waits for the witness. */
    if (number == BH_SYS_COUNT || (number <= BH_SYS_REPLY_RECV && random64() % 3 != 0)) {
        return BH_SYS_NOTIFY;
    }
    return number;
}

static void random_call(void)
{
    uint64_t number = random_number();
    uint64_t arguments[8];

    for (unsigned int i = 0; i < 8; i++) {
        arguments[i] = random_argument();
    }
    register uint64_t x0 __asm__("x0") = arguments[0];
    register uint64_t x1 __asm__("x1") = arguments[1];
    register uint64_t x2 __asm__("x2") = arguments[2];
    register uint64_t x3 __asm__("x3") = arguments[3];
    register uint64_t x4 __asm__("x4") = arguments[4];
    register uint64_t x5 __asm__("x5") = arguments[5];
    register uint64_t x6 __asm__("x6") = arguments[6];
    register uint64_t x7 __asm__("x7") = arguments[7];
    register uint64_t x8 __asm__("x8") = number;

    __asm__ volatile("svc #0"
                     : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3), "+r"(x4), "+r"(x5), "+r"(x6),
                       "+r"(x7)
                     : "r"(x8)
                     : "memory");
}

void init(void)
{
    for (unsigned int i = 0; i < BH_MSG_WORDS; i++) {
        microkit_mr_set((seL4_Uint8)i, random64());
    }
    for (unsigned int i = 0; i < CALLS; i++) {
        random_call();
    }
    printf("\nfuzzer: %u calls\n", CALLS);
    *(volatile uint64_t *)done_vaddr = 1;
}

void notified(microkit_channel ch)
{
    (void)ch;
}

seL4_Bool fault(microkit_child child, microkit_msginfo msginfo, microkit_msginfo *reply_msginfo)
{
    (void)child;
    (void)msginfo;
    (void)reply_msginfo;
    return seL4_False;
}
