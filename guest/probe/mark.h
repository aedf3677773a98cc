/* SPDX-License-Identifier: BSD-2-Clause */
/* Where a debugger outside the machine stops or counts: global labels in a program. */
#ifndef PROBE_MARK_H
#define PROBE_MARK_H

/** The label probe_mark_<n>, on an instruction of its own. One in a program. */
#define MARK_AT(n) \
    __asm__ volatile(".globl probe_mark_" #n "\nprobe_mark_" #n ": nop" : : : "memory")

/** A label of that name, on the instruction that comes next. One in a program. */
#define MARK_NAME(name) __asm__ volatile(".globl " #name "\n" #name ":" : : : "memory")

#endif
