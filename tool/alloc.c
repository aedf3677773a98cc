/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE
#include "alloc.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *alloc_checked(void *memory)
{
    if (memory == NULL) {
        fputs("bulkhead: out of memory\n", stderr);
        exit(3);
    }
    return memory;
}

void *alloc_array(size_t count, size_t size)
{
    if (count == 0 || size == 0) {
        count = size = 1;
    }
    return alloc_checked(calloc(count, size));
}

void *alloc_grow(void *old, size_t count, size_t size)
{
    char *array = old;

    if ((count & (count - 1)) == 0) {
        size_t capacity = count == 0 ? 1 : count * 2;

        array = alloc_checked(capacity > SIZE_MAX / size ? NULL : realloc(old, capacity * size));
    }
    memset(array + count * size, 0, size);
    return array;
}

char *alloc_copy(const char *text, size_t bytes)
{
    char *copy = alloc_array(bytes + 1, 1);

    memcpy(copy, text, bytes);
    return copy;
}

char *alloc_format_list(const char *format, va_list args)
{
    char *text;
    int length = vasprintf(&text, format, args);

    return alloc_checked(length < 0 ? NULL : text);
}

char *alloc_format(const char *format, ...)
{
    va_list args;
    char *text;

    va_start(args, format);
    text = alloc_format_list(format, args);
    va_end(args);
    return text;
}
