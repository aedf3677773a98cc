/* SPDX-License-Identifier: BSD-2-Clause */
/* The processor as the test guest sees it: system registers, exceptions, memory-mapped access. */
#ifndef GUEST_CPU_H
#define GUEST_CPU_H

#define CPU_MAX 8
#define CPU_STACK_BYTES 0x2000

/* Layout of struct cpu_frame and values of its `kind`. */
#define FRAME_BYTES 192
#define FRAME_SYNC 0
#define FRAME_IRQ 1
#define FRAME_SERROR 2
#define FRAME_UNEXPECTED 3

#ifndef __ASSEMBLER__

#include <stdbool.h>
#include <stdint.h>

#define READ_SYSREG(name)                                              \
    ({                                                                 \
        uint64_t value_;                                               \
        __asm__ volatile("mrs %0, " name : "=r"(value_) : : "memory"); \
        value_;                                                        \
    })
#define WRITE_SYSREG(name, value) \
    __asm__ volatile("msr " name ", %0" : : "r"((uint64_t)(value)) : "memory")

/** What vectors.S saves: everything that a C function may change. */
struct cpu_frame {
    uint64_t x[19]; /**< x0 to x18 */
    uint64_t x30;
    uint64_t elr;
    uint64_t spsr;
    uint64_t counter; /**< CNTVCT_EL0 two instructions after the exception */
    uint64_t kind;    /**< FRAME_* */
};
_Static_assert(sizeof(struct cpu_frame) == FRAME_BYTES, "vectors.S knows the layout");

/** Index of this CPU: its place among the device tree's CPUs; 0 is the one that boots. */
static inline unsigned cpu_index(void)
{
    return (unsigned)READ_SYSREG("tpidr_el1");
}

/** Deliver interrupts to this CPU, or keep them pending. */
static inline void cpu_unmask_irqs(void)
{
    __asm__ volatile("msr daifclr, #2\n\tisb" : : : "memory");
}

static inline void cpu_mask_irqs(void)
{
    __asm__ volatile("msr daifset, #2\n\tisb" : : : "memory");
}

static inline void cpu_barrier(void)
{
    __asm__ volatile("dsb sy" : : : "memory");
}

/** In every loop that waits for another CPU: QEMU runs the next CPU here when it counts
 *  instructions. */
static inline void cpu_relax(void)
{
    __asm__ volatile("yield" : : : "memory");
}

static inline void cpu_wait_for_interrupt(void)
{
    __asm__ volatile("dsb sy\n\twfi" : : : "memory");
}

/** The virtual counter, read after everything before it is done. */
static inline uint64_t cpu_counter(void)
{
    __asm__ volatile("isb" : : : "memory");
    return READ_SYSREG("cntvct_el0");
}

/** Pass a few instructions, other for each of 16 consecutive numbers: what is timed then begins at
 *  every place between two ticks, and the mean is finer than a tick. */
static inline void cpu_shift_phase(unsigned number)
{
    for (unsigned i = 0; i < (number & 15); i++) {
        __asm__ volatile("nop");
    }
}

/** One access of an exact width that reports a syndrome when it traps. */
static inline uint32_t mmio_read32(uintptr_t address)
{
    uint32_t value;

    __asm__ volatile("ldr %w0, [%1]" : "=r"(value) : "r"(address) : "memory");
    return value;
}

static inline void mmio_write32(uintptr_t address, uint32_t value)
{
    __asm__ volatile("str %w0, [%1]" : : "r"(value), "r"(address) : "memory");
}

static inline void mmio_write8(uintptr_t address, uint8_t value)
{
    __asm__ volatile("strb %w0, [%1]" : : "r"(value), "r"(address) : "memory");
}

/** Pass over the next synchronous exceptions of this CPU instead of ending the run. */
void cpu_expect_faults(void);

/** End that. Returns how many exceptions there were; `syndrome` (may be null) gets the last
 *  ESR_EL1, 0 if there was none. */
unsigned cpu_faults(uint64_t *syndrome);

/** Where PSCI's CPU_ON lets a CPU begin; its context argument is the CPU's index. */
void secondary_start(void);

/* Called by start.S and vectors.S. */
void main(uintptr_t tree);
void secondary_main(unsigned index);
void exception(struct cpu_frame *frame);

#endif
#endif
