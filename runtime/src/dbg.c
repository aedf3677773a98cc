/* SPDX-License-Identifier: BSD-2-Clause */
/* The kernel's console, which only the debug configuration has, and the end of a PD. */
#include <microkit.h>

void microkit_dbg_putc(int c)
{
#ifdef CONFIG_PRINTING
    bh_debug_putc((char)c);
#else
    (void)c;
#endif
}

void microkit_dbg_puts(const char *s)
{
    while (*s != '\0') {
        microkit_dbg_putc(*s++);
    }
}

void microkit_dbg_put8(uint8_t n)
{
    microkit_dbg_put32(n);
}

void microkit_dbg_put32(uint32_t n)
{
    char digits[11];
    unsigned int i = sizeof(digits) - 1;

    digits[i] = '\0';
    do {
        digits[--i] = (char)('0' + n % 10);
        n /= 10;
    } while (n != 0);
    microkit_dbg_puts(&digits[i]);
}

void microkit_internal_crash(seL4_Error err)
{
    /* Page 0 to 0x1fffff is never mapped: programs start at 0x200000. */
    for (;;) {
        *(volatile uint32_t *)(uintptr_t)err = 0;
    }
}
