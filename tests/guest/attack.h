/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Runs one instruction, whatever it is, and comes back: by the breakpoint behind it, or by the
 * exception that it takes. One CPU at a time.
 */
#ifndef GUEST_ATTACK_H
#define GUEST_ATTACK_H

/* Offsets in struct attack_result. */
#define ATTACK_KIND 0
#define ATTACK_ESR 8
#define ATTACK_ELR 16
#define ATTACK_X0 24

/* What attack_run() keeps of the caller: x19 to x30, sp. */
#define ATTACK_KEPT 13
#define ATTACK_REGISTERS 31

#define ATTACK_NOP 0xd503201fU

#ifndef __ASSEMBLER__
#include "cpu.h"

struct attack_result {
    uint64_t kind; /**< number of the vector, 0 to 15 */
    uint64_t esr;
    uint64_t elr;
    uint64_t x0; /**< as the instruction left it */
};

/** The instruction ran to its end: the breakpoint behind it was next. */
bool attack_went_on(const struct attack_result *result);

/** Exception class of what ended it. */
unsigned attack_class(const struct attack_result *result);

/**
 * Runs `instruction` at EL1 with these values in x0 to x30, with its stack pointers in memory that
 * nothing else uses, and interrupts masked; then puts what it may have changed right again: stack
 * pointers, vectors, translation, floating point.
 */
void attack_run(uint32_t instruction, const uint64_t x[ATTACK_REGISTERS],
                struct attack_result *result);

/** Jumps to an address, which is expected not to have code. */
void attack_jump(uintptr_t target, struct attack_result *result);

/** Middle of memory that loads and stores of an attack may reach: 64 KiB to both sides and more. */
uintptr_t attack_memory(void);

/** Fills registers with addresses of attack_memory() and, every fourth, with what `value` says. */
void attack_registers(uint64_t x[ATTACK_REGISTERS], uint64_t value);

/** Where a CPU that is started by chance resets the guest; takes no arguments and no stack. */
void attack_reset(void);

/* In attack.S. */
void attack_enter(const uint64_t x[ATTACK_REGISTERS], uintptr_t to, uintptr_t stack);
extern struct attack_result attack_end;
#endif
#endif
