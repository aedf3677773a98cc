/* SPDX-License-Identifier: BSD-2-Clause */
#include "cpu.h"
#include "gic.h"
#include "test.h"

static struct {
    bool expected;
    unsigned count;
    uint64_t syndrome;
} faults[CPU_MAX];

void cpu_expect_faults(void)
{
    unsigned cpu = cpu_index();

    faults[cpu].count = 0;
    faults[cpu].syndrome = 0;
    faults[cpu].expected = true;
    cpu_barrier();
}

unsigned cpu_faults(uint64_t *syndrome)
{
    unsigned cpu = cpu_index();

    /* An asynchronous abort that is under way arrives here at the latest. */
    cpu_barrier();
    faults[cpu].expected = false;
    if (syndrome != 0) {
        *syndrome = faults[cpu].syndrome;
    }
    return faults[cpu].count;
}

void exception(struct cpu_frame *frame)
{
    unsigned cpu = cpu_index();

    if (frame->kind == FRAME_IRQ) {
        gic_handle(frame->counter);
    } else if (frame->kind == FRAME_SYNC && faults[cpu].expected) {
        faults[cpu].count++;
        faults[cpu].syndrome = READ_SYSREG("esr_el1");
        frame->elr += 4;
    } else {
        test_print("guest: exception %lu on CPU %lu: ESR %lx, ELR %lx, FAR %lx\n", frame->kind,
                   (unsigned long)cpu, READ_SYSREG("esr_el1"), frame->elr, READ_SYSREG("far_el1"));
        test_abort();
    }
}
