/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A VMM whose guest comes to it with hostile values in all registers that govern EL0: every bit
 * alone, all but that bit, and patterns. Each time the VMM does all that such a register could
 * change and compares: byte order, unaligned accesses, floating point with its rounding and its
 * special values, cache maintenance, counters, its thread registers. A trap would be its end.
 */
#include <bulkhead/libc.h>
#include <microkit.h>

#define VCPU 0u
#define ENTRY 0x800u
#define BITS 64u
#define PATTERNS 4u
#define ROUNDS (2 * BITS + PATTERNS)
#define BUFFER 512
#define FPCR_TO_ZERO (3UL << 22)
#define FPCR_FLUSH (1UL << 24)

extern const uint8_t guest_code[], guest_code_end[];

/* Set in the ELF file by the tool. */
uint64_t ram_vaddr = 1;

static const uint64_t patterns[PATTERNS] = { 0, ~0UL, 0x5555555555555555UL, 0xaaaaaaaaaaaaaaaaUL };
static uint8_t buffer[BUFFER] __attribute__((aligned(64)));
static uint64_t expected, thread_register;
static unsigned int exits;

static uint64_t mix(uint64_t sum, uint64_t value)
{
    return (sum ^ value) * 0x100000001b3UL + (sum >> 29);
}

/** Loads and stores of each width at each alignment. */
static uint64_t do_memory(uint64_t sum)
{
    for (unsigned int i = 0; i < BUFFER; i++) {
        buffer[i] = (uint8_t)(i * 37 + 11);
    }
    for (unsigned int i = 0; i + 8 < BUFFER; i += 3) {
        uint16_t half;
        uint32_t word;
        uint64_t doubled;

        __asm__ volatile("ldrh %w0, [%3]\n\tldr %w1, [%3]\n\tldr %2, [%3]\n\tstr %w1, [%3, #3]"
                         : "=&r"(half), "=&r"(word), "=&r"(doubled)
                         : "r"(&buffer[i])
                         : "memory");
        sum = mix(mix(mix(sum, half), word), doubled);
    }
    __asm__ volatile("dc zva, %0" : : "r"(buffer) : "memory");
    return mix(sum, buffer[0] + buffer[63]);
}

static uint64_t bits_of(double value)
{
    uint64_t bits;

    memcpy(&bits, &value, sizeof(bits));
    return bits;
}

/** Rounding, denormal numbers, the payload of a NaN, and conversions. */
static uint64_t do_floating(uint64_t sum)
{
    volatile double third = 1.0, tiny = 0x1p-1060, three = 3.0;
    volatile uint64_t payload = 0x7ff8000000001234UL;
    double nan;
    double total = 0;

    for (unsigned int i = 1; i < 200; i++) {
        total += third / (three + i);
        sum = mix(sum, bits_of(total));
    }
    memcpy(&nan, (const void *)&payload, sizeof(nan));
    sum = mix(sum, bits_of(tiny / three));
    sum = mix(sum, bits_of(nan + third));
    return mix(sum, (uint64_t)(total * 1e15));
}

/** What may be allowed or trapped, and registers that the guest writes too. */
static uint64_t do_privileges(uint64_t sum)
{
    uint64_t ctr, zva, thread, other, fpcr, count;

    __asm__ volatile("mrs %0, ctr_el0\n\tmrs %1, dczid_el0\n\tmrs %2, tpidr_el0\n\t"
                     "mrs %3, tpidrro_el0\n\tmrs %4, fpcr\n\tmrs %5, cntvct_el0"
                     : "=r"(ctr), "=r"(zva), "=r"(thread), "=r"(other), "=r"(fpcr), "=r"(count));
    sum = mix(mix(mix(mix(mix(sum, ctr), zva), thread), other), fpcr);
    __asm__ volatile("mrs %0, cntpct_el0\n\tmrs %1, cntfrq_el0\n\tdc cvac, %2\n\tdc civac, %2\n\t"
                     "ic ivau, %2\n\tsevl\n\twfe\n\tyield"
                     : "=r"(count), "=r"(other)
                     : "r"(buffer)
                     : "memory");
    return mix(sum, other + (count == 0));
}

static uint64_t compute(void)
{
    return do_privileges(do_floating(do_memory(0)));
}

static void set_fpcr(uint64_t value)
{
    __asm__ volatile("msr fpcr, %0" : : "r"(value) : "memory");
}

/** The comparison must be able to fail. */
static void show_that_it_matters(void)
{
    static const uint64_t modes[] = { FPCR_TO_ZERO, FPCR_FLUSH };

    for (unsigned int i = 0; i < 2; i++) {
        set_fpcr(modes[i]);
        uint64_t sum = do_floating(0);
        set_fpcr(0);
        printf("vmm: another mode of FP %s\n",
               sum != do_floating(0) ? "would be seen" : "is NOT SEEN");
    }
}

void init(void)
{
    uint8_t *ram = (uint8_t *)ram_vaddr;

    show_that_it_matters();
    thread_register = 0x7e57ab1e;
    __asm__ volatile("msr tpidr_el0, %0" : : "r"(thread_register));
    expected = compute();
    memcpy(ram, guest_code, (size_t)(guest_code_end - guest_code));
    for (size_t i = 0; i < (size_t)(guest_code_end - guest_code); i += 16) {
        __asm__ volatile("dc cvac, %0" : : "r"(ram + i) : "memory");
    }
    __asm__ volatile("dsb sy" : : : "memory");
    microkit_vcpu_restart(VCPU, ram_vaddr + ENTRY);
}

void notified(microkit_channel ch)
{
    (void)ch;
}

static uint64_t value_of(unsigned int round)
{
    if (round < BITS) {
        return 1UL << round;
    }
    return round < 2 * BITS ? ~(1UL << (round - BITS)) : patterns[round - 2 * BITS];
}

seL4_Bool fault(microkit_child child, microkit_msginfo msginfo, microkit_msginfo *reply_msginfo)
{
    (void)child;
    if (microkit_msginfo_get_label(msginfo) != BH_FAULT_VCPU || compute() != expected) {
        printf("vmm: WRONG after exit %u, with the value 0x%lx\n", exits,
               exits == 0 ? 0 : value_of(exits - 1));
        microkit_vcpu_stop(VCPU);
        return seL4_False;
    }
    if (exits == ROUNDS) {
        printf("vmm: %u exits, every result the same\n", exits);
        microkit_vcpu_stop(VCPU);
        return seL4_False;
    }
    microkit_mr_set(0, value_of(exits));
    *reply_msginfo = microkit_msginfo_new(BH_VCPU_DONE, 1);
    exits++;
    return seL4_True;
}
