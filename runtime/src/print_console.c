/* SPDX-License-Identifier: BSD-2-Clause */
/* printf() and its like, to the kernel's console. */
#include <bulkhead/libc.h>
#include <microkit.h>

#define WEAK __attribute__((weak))

static void print_to_console(void *context, char c)
{
    (void)context;
    microkit_dbg_putc(c);
}

WEAK int vprintf(const char *restrict format, va_list arguments)
{
    return bh_vprint(print_to_console, NULL, format, arguments);
}

WEAK int printf(const char *restrict format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    int count = vprintf(format, arguments);
    va_end(arguments);
    return count;
}

WEAK int puts(const char *s)
{
    microkit_dbg_puts(s);
    microkit_dbg_putc('\n');
    return 0;
}

WEAK int putchar(int c)
{
    microkit_dbg_putc(c);
    return (unsigned char)c;
}
