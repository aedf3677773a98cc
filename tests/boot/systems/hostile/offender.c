/* SPDX-License-Identifier: BSD-2-Clause */
/* Does the one bad thing that its name says. */
#include <bulkhead/libc.h>
#include <microkit.h>

/** What only the witness's description maps. */
#define NEIGHBOUR_ADDRESS 0x20000000UL

/** FMOV D0, XZR, in numbers: the tool refuses programs that say they need no FP and contain it. */
#define FMOV_D0_XZR 0x9e6703e0u
#define RET 0xd65f03c0u

/** Mapped readable, writable and executable for the offender that uses floating point. */
#define LOOSE_ADDRESS 0x30000000UL

static volatile uint32_t data_code[2] = { 0xd503201fu /* NOP */, RET };

/** Writes below its frame until something stops it. */
static void overrun(void)
{
    volatile uint64_t *word = __builtin_frame_address(0);

    for (;;) {
        *--word = 0;
    }
}

static void jump(uintptr_t address)
{
    void (*go)(void) = (void (*)(void))address;

    /* Also to where nothing is. NOLINTNEXTLINE(clang-analyzer-core.CallAndMessage) */
    go();
}

static void use_fp(void)
{
    volatile uint32_t *code = (volatile uint32_t *)LOOSE_ADDRESS;

    code[0] = FMOV_D0_XZR;
    code[1] = RET;
    __asm__ volatile("dc cvau, %0\n\tdsb ish\n\tic ivau, %0\n\tdsb ish\n\tisb"
                     :
                     : "r"(code)
                     : "memory");
    jump(LOOSE_ADDRESS);
}

void init(void)
{
    if (strcmp(microkit_name, "overrun_stack") == 0) {
        overrun();
    } else if (strcmp(microkit_name, "jump_to_zero") == 0) {
        jump(0);
    } else if (strcmp(microkit_name, "write_text") == 0) {
        *(volatile uint32_t *)(uintptr_t)init = RET;
    } else if (strcmp(microkit_name, "execute_data") == 0) {
        jump((uintptr_t)data_code);
    } else if (strcmp(microkit_name, "read_neighbour") == 0) {
        microkit_dbg_put32(*(volatile uint32_t *)NEIGHBOUR_ADDRESS);
    } else if (strcmp(microkit_name, "write_neighbour") == 0) {
        *(volatile uint32_t *)NEIGHBOUR_ADDRESS = 0;
    } else if (strcmp(microkit_name, "unknown_call") == 0) {
        (void)bh_sys_2((enum bh_syscall)999, 0, 0);
    } else if (strcmp(microkit_name, "undefined") == 0) {
        __asm__ volatile("udf #0");
    } else if (strcmp(microkit_name, "privileged") == 0) {
        __asm__ volatile("msr vbar_el1, xzr");
    } else if (strcmp(microkit_name, "read_level") == 0) {
        uint64_t level;
        __asm__ volatile("mrs %0, CurrentEL" : "=r"(level));
    } else if (strcmp(microkit_name, "read_control") == 0) {
        uint64_t control;
        __asm__ volatile("mrs %0, sctlr_el1" : "=r"(control));
    } else if (strcmp(microkit_name, "break") == 0) {
        __asm__ volatile("brk #1");
    } else if (strcmp(microkit_name, "use_fp") == 0) {
        use_fp();
    }
    printf("%s: got away with it\n", microkit_name);
}

void notified(microkit_channel ch)
{
    (void)ch;
}
