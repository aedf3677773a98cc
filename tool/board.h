/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Facts of a board, read from `boards/<board>/board.xml` (SDK: `board/<board>/board.xml`). A new
 * board is a folder with that file; nothing in the tool or the kernel knows a board by name.
 */
#ifndef TOOL_BOARD_H
#define TOOL_BOARD_H

#include <stddef.h>
#include <stdint.h>

#define BOARD_MAX_RAM 8
#define BOARD_MAX_DEVICES 64
#define BOARD_MAX_RESERVED 16

struct board_range {
    uint64_t base;
    uint64_t bytes;
};

struct board {
    char *name;
    unsigned cpus;                 /* that the board has at most (1 to 8) */
    uint64_t mpidr[8];
    struct board_range ram[BOARD_MAX_RAM];
    size_t ram_count;
    struct board_range reserved[BOARD_MAX_RESERVED]; /* device ranges that no PD may map: GIC */
    size_t reserved_count;
    uint64_t gicd, gicc, gich, gicv, gicr, gicr_bytes, uart;
    unsigned spis;                 /* highest INTID a PD may use, plus one */
    unsigned timer_ppi;            /* INTID of the EL1 physical timer (CNTP): 30 */
    char *qemu;                    /* emulator program, or NULL when the board is real */
    char **qemu_args;              /* NULL-terminated; `bulkhead run` adds -smp, -kernel, ... */
};

#endif
