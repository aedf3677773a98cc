/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Prints the kernel's reports on the UART, in every configuration: faults that nobody handled, and
 * restarts. `bulkhead decode` adds the names of functions to what this prints.
 */
#include <bulkhead/report.h>
#include <drivers/serial/pl011.h>
#include <microkit.h>

/* Set in the ELF file by the tool. */
uint64_t uart_vaddr = 1;
uint64_t reports_vaddr = 1;

static struct pl011 uart;
static uint64_t lost;

static const char *fault_name(uint32_t fault)
{
    switch (fault) {
    case BH_FAULT_MEMORY:
        return "memory";
    case BH_FAULT_EXCEPTION:
        return "exception";
    case BH_FAULT_SYSCALL:
        return "syscall";
    default:
        return "unknown";
    }
}

static void print_fault(const struct bh_report *report, const char *name)
{
    pl011_print(&uart, "FAULT pd=%s kind=%s pc=0x%lx addr=0x%lx esr=0x%lx sp=0x%lx spsr=0x%lx\n",
                name, fault_name(report->fault), report->pc, report->addr, report->esr, report->sp,
                report->spsr);
    for (unsigned int i = 0; i < 31; i += 4) {
        pl011_print(&uart, "FAULT pd=%s", name);
        for (unsigned int j = i; j < i + 4 && j < 31; j++) {
            pl011_print(&uart, " x%u=0x%lx", j, report->x[j]);
        }
        pl011_print(&uart, "\n");
    }
    for (unsigned int i = 0; i < BH_REPORT_FRAMES && report->frames[i] != 0; i++) {
        pl011_print(&uart, "FAULT pd=%s frame=%u pc=0x%lx\n", name, i, report->frames[i]);
    }
}

static void print_report(const struct bh_report *report)
{
    /* The kernel ends the name; a printer that trusts nobody ends it as well. */
    char name[sizeof(report->name) + 1];

    for (unsigned int i = 0; i < sizeof(report->name); i++) {
        name[i] = report->name[i];
    }
    name[sizeof(report->name)] = '\0';

    switch (report->kind) {
    case BH_REPORT_FAULT:
        print_fault(report, name);
        break;
    case BH_REPORT_RESTART:
        pl011_print(&uart, "RESTART pd=%s\n", name);
        break;
    case BH_REPORT_SERROR:
        pl011_print(&uart, "SERROR pd=%s pc=0x%lx esr=0x%lx\n", name, report->pc, report->esr);
        break;
    default:
        pl011_print(&uart, "REPORT pd=%s kind=%u\n", name, report->kind);
        break;
    }
}

static void show(void)
{
    struct bh_report_ring *ring = (struct bh_report_ring *)reports_vaddr;

    for (;;) {
        const struct bh_report *slot = &ring->slots[ring->read % BH_REPORT_SLOTS];
        if (__atomic_load_n(&slot->number, __ATOMIC_ACQUIRE) != ring->read + 1) {
            break;
        }
        print_report(slot);
        __atomic_store_n(&ring->read, ring->read + 1, __ATOMIC_RELEASE);
    }
    uint64_t now_lost = __atomic_load_n(&ring->lost, __ATOMIC_RELAXED);
    if (now_lost != lost) {
        pl011_print(&uart, "REPORT lost=%lu\n", now_lost - lost);
        lost = now_lost;
    }
}

void init(void)
{
    pl011_init(&uart, uart_vaddr);
    pl011_print(&uart, "monitor: faults will be shown here\n");
    show();
}

void notified(microkit_channel ch)
{
    (void)ch;
    show();
}
