/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What Debian's libfdt.a asks of a C library beyond libmicrokit: it was built with stack protection
 * and checked functions.
 */
#include <microkit.h>
#include <bulkhead/libc.h>

/* The names are the compiler's and the GNU C library's. */
uintptr_t __stack_chk_guard = 0x00ff0a0d62756c6bUL;
void __stack_chk_fail(void) __attribute__((noreturn));

void __stack_chk_fail(void)
{
    microkit_internal_crash((seL4_Error)0);
}
