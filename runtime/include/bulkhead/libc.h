/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The functions of the C library that libmicrokit.a brings itself, so that a program needs no C
 * library and none of them uses FP or SIMD registers. They are weak: a program may define its own.
 *
 * With picolibc, include its headers instead of this one, and link libmicrokit before it.
 */
#ifndef BULKHEAD_LIBC_H
#define BULKHEAD_LIBC_H

#include <stdarg.h>
#include <stddef.h>

/** @{ As in C11. */
void *memcpy(void *restrict to, const void *restrict from, size_t bytes);
void *memmove(void *to, const void *from, size_t bytes);
void *memset(void *to, int value, size_t bytes);
int memcmp(const void *a, const void *b, size_t bytes);
void *memchr(const void *from, int value, size_t bytes);
size_t strlen(const char *s);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t bytes);
char *strcpy(char *restrict to, const char *restrict from);
char *strncpy(char *restrict to, const char *restrict from, size_t bytes);
char *strcat(char *restrict to, const char *restrict from);
char *strchr(const char *s, int c);
char *strrchr(const char *s, int c);
char *strstr(const char *s, const char *part);
/** @} */

/** Length of `s`, at most `bytes`. */
size_t strnlen(const char *s, size_t bytes);

/** What a formatted character goes to. */
typedef void (*bh_print_sink)(void *context, char c);

/**
 * Formats as printf() does and hands each character to `sink`.
 * Flags - + space 0 #, width and precision (also *), hh h l ll j z t, and d i u x X o c s p %.
 * Anything else (floating point above all) is printed as it stands and takes no argument.
 * Returns the number of characters, or -1 when it is above INT_MAX.
 */
int bh_vprint(bh_print_sink sink, void *context, const char *format, va_list arguments)
    __attribute__((format(printf, 3, 0)));

/** @{ As in C11, with the conversions of bh_vprint(). */
int vsnprintf(char *restrict to, size_t bytes, const char *restrict format, va_list arguments)
    __attribute__((format(printf, 3, 0)));
int snprintf(char *restrict to, size_t bytes, const char *restrict format, ...)
    __attribute__((format(printf, 3, 4)));
/** @} */

/** @{ To the kernel's console, which only the debug configuration has. */
int vprintf(const char *restrict format, va_list arguments) __attribute__((format(printf, 1, 0)));
int printf(const char *restrict format, ...) __attribute__((format(printf, 1, 2)));
int puts(const char *s);
int putchar(int c);
/** @} */

#endif
