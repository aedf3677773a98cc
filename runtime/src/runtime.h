/* SPDX-License-Identifier: BSD-2-Clause */
/* What the runtime's own files share. */
#ifndef RUNTIME_RUNTIME_H
#define RUNTIME_RUNTIME_H

/** Runs the program; crt0.S jumps here. */
void microkit_main(void) __attribute__((noreturn));

#endif
