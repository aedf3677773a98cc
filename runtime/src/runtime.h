/* SPDX-License-Identifier: BSD-2-Clause */
/* What the runtime's own files share. */
#ifndef RUNTIME_RUNTIME_H
#define RUNTIME_RUNTIME_H

#include <microkit.h>

/** Says what was refused when `function` was called with `child`, a child or vCPU; BH_OK: nothing.
 */
void microkit_control_result(const char *function, microkit_child child, enum bh_error error);

/** Runs the program; crt0.S jumps here. */
void microkit_main(void) __attribute__((noreturn));

#endif
