/* SPDX-License-Identifier: BSD-2-Clause */
#include "console.h"

#include "symbols.h"

/* PrimeCell UART (PL011) Technical Reference Manual, 3.2. */
#define PL011_DR 0x00
#define PL011_FR 0x18
#define PL011_FR_TXFF (1u << 5)

static uint64_t console_uart;
void console_init(uint64_t uart)
{
    console_uart = uart;
}

static void console_raw(char c)
{
    if (console_uart == 0) {
        return;
    }
    volatile uint32_t *fr = (volatile uint32_t *)arch_phys(console_uart + PL011_FR);
    volatile uint32_t *dr = (volatile uint32_t *)arch_phys(console_uart + PL011_DR);
    while ((*fr & PL011_FR_TXFF) != 0) {
        arch_relax();
    }
    *dr = (uint8_t)c;
}

void console_putc(char c)
{
    if (c == '\n') {
        console_raw('\r');
    }
    console_raw(c);
}

void console_puts(const char *s)
{
    for (; *s != '\0'; s++) {
        console_putc(*s);
    }
}

static void console_number(uint64_t value, uint64_t base)
{
    uint64_t unit = 1;
    while (value / unit >= base) {
        unit *= base;
    }
    for (; unit > 0; unit /= base) {
        console_putc("0123456789abcdef"[value / unit % base]);
    }
}

void console_hex(uint64_t value)
{
    console_puts("0x");
    console_number(value, 16);
}

_Noreturn void console_panic(const char *why)
{
    console_puts("\nbulkhead: ");
    console_puts(why);
    console_puts("\n");
    arch_halt();
}

/** Held while a report's lines are printed, so that those of several CPUs do not mix. */
static uint32_t console_busy;

static void console_field(const char *name, uint64_t value)
{
    console_putc(' ');
    console_puts(name);
    console_putc('=');
    console_hex(value);
}

/** An address in the program of `t`, with its function when the description has symbols. */
static void console_code(const char *name, const struct thread *t, uint64_t addr)
{
    console_field(name, addr);
    uint64_t offset;
    const char *function = symbols_find(t->pd, addr, &offset);
    if (function != NULL) {
        console_puts(" <");
        console_puts(function);
        console_puts("+");
        console_hex(offset);
        console_puts(">");
    }
}

/** Begins a line of the report `r`. */
static void console_line(const char *what, const struct bh_report *r)
{
    console_putc('\n');
    console_puts(what);
    console_puts(" pd=");
    console_puts(r->name);
}

static void console_registers(const struct bh_report *r)
{
    for (uint32_t i = 0; i < 31; i++) {
        if (i % 4 == 0) {
            console_line("FAULT", r);
        }
        console_puts(" x");
        console_number(i, 10);
        console_putc('=');
        console_hex(r->x[i]);
    }
}

static void console_fault(const struct bh_report *r, const struct thread *t)
{
    console_line("FAULT", r);
    console_puts(" kind=");
    console_puts(r->fault == BH_FAULT_MEMORY      ? "memory"
                 : r->fault == BH_FAULT_EXCEPTION ? "exception"
                                                  : "syscall");
    console_code("pc", t, r->pc);
    console_field("addr", r->addr);
    console_field("esr", r->esr);
    console_field("sp", r->sp);
    console_field("spsr", r->spsr);
    console_registers(r);
    for (uint32_t i = 0; i < BH_REPORT_FRAMES && r->frames[i] != 0; i++) {
        console_line("FAULT", r);
        console_puts(" frame=");
        console_number(i, 10);
        console_code("pc", t, r->frames[i]);
    }
}

void console_report(const struct bh_report *r, const struct thread *t)
{
    while (__atomic_exchange_n(&console_busy, 1, __ATOMIC_ACQUIRE) != 0) {
        arch_relax();
    }
    if (r->kind == BH_REPORT_FAULT) {
        console_fault(r, t);
    } else {
        static const char *const names[] = {
            "", "", "RESTART", "SERROR", "GUEST-OFF", "GUEST-RESET", "GUEST-CRASH", "GUEST-STOPPED"
        };
        console_line(names[r->kind], r);
        if (r->kind >= BH_REPORT_GUEST_OFF) {
            console_puts(" number=");
            console_number(r->addr, 10);
        }
    }
    console_putc('\n');
    __atomic_store_n(&console_busy, 0, __ATOMIC_RELEASE);
}
