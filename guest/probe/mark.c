/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Becomes another program, `mark PROGRAM ARGUMENT...`, behind a label at which a debugger outside
 * the machine can stop: probe_mark_0. That is where a VMM starts, whose own first instruction is at
 * an address that others have, too. Ends with 127 if it cannot. Without a C library.
 */
#include <stdint.h>

#include "call.h"
#include "mark.h"
#include "start.h"

/** Of Linux's ABI for arm64. */
#define MARK_EXECVE 221

__attribute__((used)) void mark_main(const uint64_t *stack);

void mark_main(const uint64_t *stack)
{
    uint64_t count = stack[0];

    MARK_AT(0);
    if (count > 1) {
        (void)call_3(MARK_EXECVE, (long)stack[2], (long)&stack[2], (long)&stack[count + 2]);
    }
    for (;;) {
        (void)call_3(CALL_EXIT, 127, 0, 0);
    }
}

START_WITH(mark_main);
