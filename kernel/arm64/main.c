/* SPDX-License-Identifier: BSD-2-Clause */
/* From the first C code at the virtual address to the first thread, on every CPU. */
#include "bootdesc.h"
#include "console.h"
#include "context.h"
#include "counts.h"
#include "fdt.h"
#include "gic.h"
#include "heap.h"
#include "irq.h"
#include "mmu.h"
#include "objects.h"
#include "trap.h"

/* PSCI 1.1 (DEN 0022), 5.1: SMC64 identifiers. */
#define PSCI_CPU_ON 0xc4000003UL

/** From the device tree; the seed is forgotten when the PDs have theirs. */
extern struct fdt_facts early_facts;

extern const char vectors[], kernel_start[], start_secondary[];

_Noreturn void main_cpu(uint32_t index);
_Noreturn void vectors_leave(struct thread *t);

static struct cpu main_cpus[BH_MAX_CPUS];
/** CPUs that have come so far that they can be poked. */
static uint32_t main_arrived;

struct cpu *cpu_get(uint32_t index)
{
    return &main_cpus[index];
}

static void main_start_others(const struct bd_board *board)
{
    uint64_t entry = bootdesc_header()->kernel_base + (uint64_t)(start_secondary - kernel_start);
    for (uint32_t i = 1; i < board->cpus; i++) {
        uint64_t args[8] = { PSCI_CPU_ON, board->mpidr[i], entry, i };
        arch_smc(args);
        if (args[0] != 0) {
            console_panic("this machine has fewer CPUs than the system uses");
        }
    }
}

/** The CPUs start together: none is poked, and no interrupt is routed to it, too early. */
static void main_meet(uint32_t cpus)
{
    __atomic_fetch_add(&main_arrived, 1, __ATOMIC_ACQ_REL);
    while (__atomic_load_n(&main_arrived, __ATOMIC_ACQUIRE) < cpus) {
        arch_relax();
    }
}

_Noreturn void main_cpu(uint32_t index)
{
    struct cpu *cpu = cpu_get(index);
    const struct bd_board *board = &bootdesc_header()->board;
    cpu->index = index;
    cpu->stack = MMU_STACK_TOP + ((uint64_t)index << MMU_STACK_SHIFT);
    cpu->resched = true;
    cpu->deadline = UINT64_MAX;
    cpu->timers.deadline = UINT64_MAX;
    cpu->guest_timers.deadline = UINT64_MAX;
    arch_write(tpidr_el2, (uint64_t)cpu);
    arch_write(vbar_el2, (uint64_t)vectors);
    if (index == 0) {
        gic_init(board);
        const char *image = arch_phys(bootdesc_header()->kernel_base);
        const char *wrong = objects_build(image, early_facts.seed);
        if (wrong != NULL) {
            console_panic(wrong);
        }
        arch_clear(early_facts.seed, sizeof(early_facts.seed));
        heap_close();
        main_start_others(board);
    }
    gic_init_cpu(index);
    context_init_cpu();
    counts_init();
    objects_start(cpu);
    main_meet(board->cpus);
    /* Booting does not count as a stay in the kernel. */
    counts_enter(cpu);
    vectors_leave(trap_leave(cpu));
}
