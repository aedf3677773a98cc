/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory for the host tool. When there is none left, the tool says so and exits with 3, so that
 * no caller has to check. Everything returned is released with free().
 */
#ifndef TOOL_ALLOC_H
#define TOOL_ALLOC_H

#include <stdarg.h>
#include <stddef.h>

/** A cleared array of `count` elements of `size` bytes. Never NULL, for zero bytes either. */
void *alloc_array(size_t count, size_t size);

/**
 * Room for one more element behind the `count` that the array `old` (NULL when count is 0) holds.
 * The array grows by doubling, at the powers of two, so its capacity need not be kept: the same
 * array must only ever be grown by this function, one element at a time. The new element is
 * cleared. Returns the array, which may have moved.
 */
void *alloc_grow(void *old, size_t count, size_t size);

/** A zero-terminated copy of `bytes` bytes. */
char *alloc_copy(const char *text, size_t bytes);

/** A zero-terminated string from a printf format. */
char *alloc_format(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** The same from a list of arguments. */
char *alloc_format_list(const char *format, va_list args) __attribute__((format(printf, 1, 0)));

#endif
