/* SPDX-License-Identifier: BSD-2-Clause */
/* Uses picolibc: formatting with floating point, sorting, parsing, errno. */
#include <errno.h>
#include <microkit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int compare(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

void init(void)
{
    int numbers[] = { 5, 3, 9, 1 };
    char text[64];
    char *end;

    qsort(numbers, 4, sizeof(numbers[0]), compare);
    double value = strtod("2.75rest", &end);
    snprintf(text, sizeof(text), "%d %d %d %d, %.3f, %s", numbers[0], numbers[1], numbers[2],
             numbers[3], value * 3, end);
    printf("picolibc: %s\n", text);
    errno = 0;
    unsigned long big = strtoul("99999999999999999999999", NULL, 10);
    printf("picolibc: errno %s, %s\n", errno == ERANGE ? "ERANGE" : "wrong",
           big == ~0UL ? "largest" : "wrong");
    memset(text, 'x', sizeof(text));
    exit(3);
}

void notified(microkit_channel ch)
{
    (void)ch;
}
