/* SPDX-License-Identifier: BSD-2-Clause */
/* String functions. */
#include <bulkhead/libc.h>
#include <stdint.h>

#define WEAK __attribute__((weak))

WEAK size_t strlen(const char *s)
{
    const char *end = s;

    while (*end != '\0') {
        end++;
    }
    return (size_t)(end - s);
}

WEAK size_t strnlen(const char *s, size_t bytes)
{
    size_t length = 0;

    while (length < bytes && s[length] != '\0') {
        length++;
    }
    return length;
}

WEAK int strcmp(const char *a, const char *b)
{
    while (*a != '\0' && *a == *b) {
        a++;
        b++;
    }
    return (unsigned char)*a - (unsigned char)*b;
}

WEAK int strncmp(const char *a, const char *b, size_t bytes)
{
    for (; bytes > 0; bytes--, a++, b++) {
        if (*a != *b) {
            return (unsigned char)*a - (unsigned char)*b;
        }
        if (*a == '\0') {
            return 0;
        }
    }
    return 0;
}

WEAK char *strcpy(char *restrict to, const char *restrict from)
{
    char *p = to;

    do {
        *p++ = *from;
    } while (*from++ != '\0');
    return to;
}

WEAK char *strncpy(char *restrict to, const char *restrict from, size_t bytes)
{
    char *p = to;

    for (; bytes > 0 && *from != '\0'; bytes--) {
        *p++ = *from++;
    }
    for (; bytes > 0; bytes--) {
        *p++ = '\0';
    }
    return to;
}

WEAK char *strcat(char *restrict to, const char *restrict from)
{
    strcpy(to + strlen(to), from);
    return to;
}

WEAK char *strchr(const char *s, int c)
{
    for (; *s != (char)c; s++) {
        if (*s == '\0') {
            return NULL;
        }
    }
    return (char *)(uintptr_t)s;
}

WEAK char *strrchr(const char *s, int c)
{
    const char *found = NULL;

    for (;; s++) {
        if (*s == (char)c) {
            found = s;
        }
        if (*s == '\0') {
            return (char *)(uintptr_t)found;
        }
    }
}

WEAK char *strstr(const char *s, const char *part)
{
    size_t length = strlen(part);

    for (;; s++) {
        if (strncmp(s, part, length) == 0) {
            return (char *)(uintptr_t)s;
        }
        if (*s == '\0') {
            return NULL;
        }
    }
}
