/* SPDX-License-Identifier: BSD-2-Clause */
/* Lines of text and the time, for programs that have no C library. */
#ifndef PROBE_LINE_H
#define PROBE_LINE_H

#include <stddef.h>
#include <stdint.h>

/** The longest line. What does not fit is left out. */
#define LINE_BYTES 96

/** The virtual counter. */
static inline uint64_t line_ticks(void)
{
    uint64_t now;

    __asm__ volatile("isb; mrs %0, cntvct_el0" : "=r"(now) : : "memory");
    return now;
}

/** Text into a line of LINE_BYTES, from `at` on. Returns where it ends. */
static inline size_t line_text(char *line, size_t at, const char *text)
{
    while (*text != '\0' && at < LINE_BYTES) {
        line[at++] = *text++;
    }
    return at;
}

/** A space and a number, in the same way. */
static inline size_t line_number(char *line, size_t at, uint64_t number)
{
    char digits[22];
    size_t first = sizeof(digits) - 1;

    digits[first] = '\0';
    do {
        digits[--first] = (char)('0' + number % 10);
        number /= 10;
    } while (number != 0);
    digits[--first] = ' ';
    return line_text(line, at, digits + first);
}

#endif
