/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libmicrokit_picolibc.a: what picolibc needs from the system, and printf() and its like with all
 * of picolibc's conversions in place of libmicrokit's. A program with it uses FP registers. Link
 *
 *     -lmicrokit_picolibc -lmicrokit -lc -lgcc
 *
 * in this order, so that the memory and string functions are libmicrokit's. There is no heap: a
 * program that calls malloc() does not link.
 */
#include <microkit.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int console_put(char c, FILE *file)
{
    (void)file;
    microkit_dbg_putc(c);
    return (unsigned char)c;
}

static FILE console = FDEV_SETUP_STREAM(console_put, NULL, NULL, _FDEV_SETUP_WRITE);

FILE *const stdin = &console;
FILE *const stdout = &console;
FILE *const stderr = &console;

/* A PD has nobody to return to: it ends as by a fault, which its parent or the report ring gets. */
void _exit(int status)
{
    microkit_dbg_puts(microkit_name);
    microkit_dbg_puts(": exit ");
    microkit_dbg_put32((uint32_t)status);
    microkit_dbg_puts("\n");
    microkit_internal_crash((seL4_Error)0);
}

/* picolibc calls its parameters __fmt and so on.
 * NOLINTBEGIN(readability-inconsistent-declaration-parameter-name) */

int vprintf(const char *format, va_list arguments)
{
    return vfprintf(stdout, format, arguments);
}

int printf(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    int count = vfprintf(stdout, format, arguments);
    va_end(arguments);
    return count;
}

struct print_string {
    FILE file;
    char *next;
    size_t room; /* without the terminating zero */
};

static int string_put(char c, FILE *file)
{
    struct print_string *string = (struct print_string *)(void *)file;

    if (string->room > 0) {
        *string->next++ = c;
        string->room--;
    }
    return (unsigned char)c;
}

/* The stream writes to `to`. NOLINTNEXTLINE(readability-non-const-parameter) */
int vsnprintf(char *to, size_t bytes, const char *format, va_list arguments)
{
    struct print_string string = {
        .file = FDEV_SETUP_STREAM(string_put, NULL, NULL, _FDEV_SETUP_WRITE),
        .next = to,
        .room = bytes == 0 ? 0 : bytes - 1,
    };
    int count = vfprintf(&string.file, format, arguments);

    if (bytes > 0) {
        *string.next = '\0';
    }
    return count;
}

int snprintf(char *to, size_t bytes, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    int count = vsnprintf(to, bytes, format, arguments);
    va_end(arguments);
    return count;
}

/* NOLINTEND(readability-inconsistent-declaration-parameter-name) */
