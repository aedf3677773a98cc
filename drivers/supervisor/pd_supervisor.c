/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The parent of a driver: it starts its child again after a fault, unless that happens too often.
 * It is told how often in a region, as text: a number, which is how many restarts there are at most
 * in a minute. After the next fault the driver is started once more, to take leave of its clients
 * (supervisor.h), and whatever it does then, that was the last time.
 *
 * A restarted driver has its variables as they were at the beginning, and its interrupts are
 * acknowledged; the protocols that it speaks see a new epoch, and its clients repeat or lose what
 * was under way, as the protocol says.
 */
#include <bulkhead/libc.h>
#include <microkit.h>

#include "supervisor.h"

/** Where microkit.ld puts the start of every program. */
#define ENTRY 0x200000
#define SECONDS 60U
/** As in tool/lower_driver.c. */
#define MOST_RESTARTS 60U

#define NOT_SET 1

/* Set in the ELF file by the tool. */
uint64_t config_vaddr = NOT_SET;
uint64_t config_bytes = NOT_SET;
uint64_t word_vaddr = NOT_SET;

static uint32_t limit;
/** When the last `limit` restarts were, in ticks: number n is at n % limit. */
static uint64_t times[MOST_RESTARTS];
static uint32_t restarts;
static uint64_t frequency;
static bool last;

static uint64_t ticks(void)
{
    uint64_t now;

    __asm__ volatile("isb\n\tmrs %0, cntpct_el0" : "=r"(now));
    return now;
}

void init(void)
{
    const char *text = (const char *)config_vaddr;

    __asm__("mrs %0, cntfrq_el0" : "=r"(frequency));
    for (uint64_t i = 0; i < config_bytes && text[i] >= '0' && text[i] <= '9'; i++) {
        limit = limit * 10 + (uint32_t)(text[i] - '0');
        if (limit > MOST_RESTARTS) {
            limit = MOST_RESTARTS;
        }
    }
}

void notified(microkit_channel ch)
{
    /* Nobody has a channel to it. */
    (void)ch;
}

/** Say what happened to the driver. */
static void report(microkit_msginfo msginfo)
{
    switch (microkit_msginfo_get_label(msginfo)) {
    case seL4_Fault_VMFault:
        printf("%s: the driver touched 0x%lx at pc 0x%lx\n", microkit_name,
               microkit_mr_get(seL4_VMFault_Addr), microkit_mr_get(seL4_VMFault_IP));
        return;
    case seL4_Fault_UserException:
        printf("%s: the driver had an exception, esr 0x%lx, at pc 0x%lx\n", microkit_name,
               microkit_mr_get(seL4_UserException_Number),
               microkit_mr_get(seL4_UserException_FaultIP));
        return;
    case seL4_Fault_UnknownSyscall:
        printf("%s: the driver made system call %lu, which there is not, at pc 0x%lx\n",
               microkit_name, microkit_mr_get(seL4_UnknownSyscall_Syscall),
               microkit_mr_get(seL4_UnknownSyscall_FaultIP));
        return;
    default:
        printf("%s: the driver had a fault\n", microkit_name);
    }
}

seL4_Bool fault(microkit_child child, microkit_msginfo msginfo, microkit_msginfo *reply_msginfo)
{
    uint64_t now = ticks();

    (void)reply_msginfo;
    report(msginfo);
    if (last) {
        microkit_pd_stop(child);
        return seL4_False;
    }
    if (limit == 0 || (restarts >= limit && now - times[restarts % limit] < frequency * SECONDS)) {
        printf("%s: that is enough after %u restart%s; the driver takes leave\n", microkit_name,
               restarts, restarts == 1 ? "" : "s");
        last = true;
        *(volatile uint32_t *)word_vaddr = SUPERVISOR_LEAVE;
    } else {
        times[restarts % limit] = now;
        restarts++;
    }
    microkit_pd_restart(child, ENTRY);
    return seL4_False;
}
