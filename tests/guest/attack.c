/* SPDX-License-Identifier: BSD-2-Clause */
#include "attack.h"

/* The instruction that ends an attack: a breakpoint with this number. */
#define BREAKPOINT 0xd4200000U
#define ATTACK_BRK 0x5a5aU
#define CLASS_BRK 0x3cU
/* Number of the vector for synchronous exceptions of EL1 on its own stack pointer. */
#define VECTOR_SYNC 4

/* Everything from here on is the attack's: 16 MiB beyond the program lies nothing, and a branch or
 * a load with an immediate does not come back from there to the program. */
#define ATTACK_DISTANCE 0x1000000UL
#define ATTACK_ALIGN 0x200000UL
#define ATTACK_CODE 0x100000UL
#define ATTACK_INSTRUCTION_BYTES 4

extern uint8_t image_head[];

static uintptr_t attack_place(void)
{
    return ((uintptr_t)image_head + ATTACK_DISTANCE) & ~(ATTACK_ALIGN - 1);
}

uintptr_t attack_memory(void)
{
    return attack_place() + ATTACK_CODE / 2;
}

bool attack_went_on(const struct attack_result *result)
{
    return result->kind == VECTOR_SYNC && attack_class(result) == CLASS_BRK &&
           (result->esr & 0xffff) == ATTACK_BRK &&
           result->elr == attack_place() + ATTACK_CODE + ATTACK_INSTRUCTION_BYTES;
}

unsigned attack_class(const struct attack_result *result)
{
    return (unsigned)(result->esr >> 26 & 0x3f);
}

static void enter(const uint64_t x[ATTACK_REGISTERS], uintptr_t to, struct attack_result *result)
{
    attack_enter(x, to, attack_memory());
    *result = attack_end;
}

void attack_run(uint32_t instruction, const uint64_t x[ATTACK_REGISTERS],
                struct attack_result *result)
{
    volatile uint32_t *code = (volatile uint32_t *)(attack_place() + ATTACK_CODE);

    code[0] = instruction;
    code[1] = BREAKPOINT | ATTACK_BRK << 5;
    __asm__ volatile("dsb sy\n\tic iallu\n\tdsb sy\n\tisb" : : : "memory");
    enter(x, (uintptr_t)code, result);
}

void attack_jump(uintptr_t target, struct attack_result *result)
{
    uint64_t x[ATTACK_REGISTERS];

    attack_registers(x, target);
    enter(x, target, result);
}

void attack_registers(uint64_t x[ATTACK_REGISTERS], uint64_t value)
{
    for (unsigned i = 0; i < ATTACK_REGISTERS; i++) {
        x[i] = (i & 3) == 3 ? value : attack_memory() + (uint64_t)(i & 7) * 256;
    }
}
