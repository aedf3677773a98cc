/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Performance monitors (Arm ARM, D11): event counter 0 counts instructions outside the kernel,
 * counter 1 those at EL2, the cycle counter cycles outside the kernel.
 */
#include "counts.h"

#include "bootdesc.h"
#include "config.h"

#define EVENT_INST_RETIRED 0x08UL
#define FILTER_NOT_EL1 (1UL << 31)
#define FILTER_NOT_EL0 (1UL << 30)
#define FILTER_EL2 (1UL << 27)

/** In the other configurations nothing uses it, and it is not there. */
static _Alignas(64) struct bh_counts_table counts_table = {
    .magic = { BH_COUNTS_MAGIC0, BH_COUNTS_MAGIC1 },
};

void counts_init(void)
{
    if (!KERNEL_COUNTS) {
        return;
    }
    arch_write(pmevtyper0_el0, EVENT_INST_RETIRED);
    arch_write(pmevtyper1_el0, EVENT_INST_RETIRED | FILTER_NOT_EL1 | FILTER_NOT_EL0 | FILTER_EL2);
    arch_write(pmccfiltr_el0, 0);
    arch_write(pmcntenset_el0, 1UL << 31 | 3);
    arch_write(pmcr_el0, 1UL << 6 | 1); /* LC: a cycle counter of 64 bits; E: enabled */
    __asm__ volatile("isb");
}

static uint32_t counts_kernel(void)
{
    return (uint32_t)arch_read(pmevcntr1_el0);
}

/** Event counters have 32 bits: they are read at least once a timer wrap, so differences hold. */
void counts_switch(struct cpu *cpu, struct thread *from, struct thread *to)
{
    if (!KERNEL_COUNTS) {
        return;
    }
    uint32_t user = (uint32_t)arch_read(pmevcntr0_el0);
    uint32_t kernel = counts_kernel();
    uint64_t cycles = arch_read(pmccntr_el0);
    uint32_t kernel_used = kernel - (uint32_t)cpu->counted_kernel;
    cpu->kernel_instructions += kernel_used;
    if (from != NULL) {
        struct bh_counts *counts = &counts_table.threads[from->id];
        counts->instructions += user - (uint32_t)cpu->counted_user;
        counts->cycles += cycles - cpu->counted_cycles;
        counts->kernel_instructions += kernel_used;
    }
    if (to != NULL) {
        counts_table.threads[to->id].switches++;
    }
    cpu->counted_user = user;
    cpu->counted_kernel = kernel;
    cpu->counted_cycles = cycles;
}

void counts_exit(const struct thread *t, uint64_t class)
{
    if (KERNEL_COUNTS) {
        counts_table.threads[t->id].exits[class]++;
    }
}

void counts_enter(struct cpu *cpu)
{
    if (KERNEL_COUNTS) {
        cpu->entered_at = counts_kernel();
    }
}

void counts_leave(struct cpu *cpu)
{
    uint32_t stay = KERNEL_COUNTS ? counts_kernel() - cpu->entered_at : 0;
    if (stay > cpu->kernel_longest) {
        cpu->kernel_longest = stay;
    }
}

void counts_read(struct cpu *cpu, struct thread *t)
{
    if (!KERNEL_COUNTS) {
        t->context.x[0] = BH_ERR_CALL;
        return;
    }
    uint64_t *x = t->context.x;
    uint64_t index = x[1];
    /* Who asks sees its own numbers up to now. */
    counts_switch(cpu, t, NULL);
    if (x[0] == BH_COUNT_PD && index < bootdesc_header()->pds.count) {
        arch_copy(&x[1], &counts_table.threads[index], 4 * sizeof(x[0]));
    } else if (x[0] == BH_COUNT_KERNEL && index < bootdesc_header()->board.cpus) {
        const struct cpu *of = cpu_get((uint32_t)index);
        x[1] = of->kernel_instructions;
        x[2] = of->kernel_longest;
        x[3] = x[4] = 0;
    } else {
        x[0] = BH_ERR_ARGUMENT;
        return;
    }
    x[0] = BH_OK;
}
