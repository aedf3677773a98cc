/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Facts of a board, read from `boards/<board>/board.xml` (SDK: `board/<board>/board.xml`), and from
 * the device tree `board.dtb` beside it, which `board.dts` is compiled to. A new
 * board is a folder with these files; nothing in the tool or the kernel knows a board by name.
 */
#ifndef TOOL_BOARD_H
#define TOOL_BOARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "diag.h"

#define BOARD_MAX_RAM 8
#define BOARD_MAX_DEVICES 64
#define BOARD_MAX_DISKS 4
#define BOARD_MAX_NICS 4
#define BOARD_MAX_RESERVED 16

struct board_range {
    uint64_t base;
    uint64_t bytes;
};

/** Where a guest's own devices are: guest-physical addresses, and virtual interrupts. */
struct board_guest {
    uint64_t ram;
    uint64_t uart; /* the monitor's model of an SBSA UART */
    unsigned uart_irq;
    uint64_t virtio;     /* first page of virtio-mmio devices; one page each */
    unsigned virtio_irq; /* of the first; the others follow */
};

/** A disk or a network device of the board, and what drives it. */
struct board_device {
    char *driver;       /* program of the SDK */
    uint64_t registers; /* a page */
    unsigned irq;       /* edge-triggered */
    char *attach; /* emulator: the value of -device, to which a drive or a net is added; or NULL */
};

struct board {
    char *name;
    unsigned cpus; /* that the board has at most (1 to 8) */
    uint64_t mpidr[8];
    struct board_range ram[BOARD_MAX_RAM];
    size_t ram_count;
    struct board_range reserved[BOARD_MAX_RESERVED]; /* device ranges that no PD may map: GIC */
    size_t reserved_count;
    uint64_t gicd, gicc, gich, gicv, gicr, gicr_bytes, uart;
    unsigned spis;        /* highest INTID a PD may use, plus one */
    char *console_driver; /* program of the SDK that drives the UART at `uart`, or NULL */
    unsigned console_irq; /* its interrupt */
    unsigned timer_ppi;   /* INTID of the EL1 physical timer (CNTP): 30 */
    struct board_guest guest;
    struct board_device disks[BOARD_MAX_DISKS];
    size_t disks_count;
    struct board_device nics[BOARD_MAX_NICS];
    size_t nics_count;
    uint8_t *tree;    /* board.dtb beside the file, checked with devicetree.h; NULL: none */
    char *qemu;       /* emulator program, or NULL when the board is real */
    char **qemu_args; /* NULL-terminated; `bulkhead run` adds -m, -smp, -kernel, ... */
    char *source;     /* the file's bytes, for messages */
};

enum board_status {
    /** The board was read without an error. */
    BOARD_OK = 0,
    /** The file cannot be read; the diagnostics say why. */
    BOARD_ERR_READ,
    /** The file, or the device tree, is wrong; the diagnostics say why. */
    BOARD_ERR_FACTS,
};

/**
 * Read a board's facts from `path`. `diag` was initialised with the same path, and borrows its
 * source lines from `board`: print the messages before board_free(). `board` must be freed
 * whatever is returned.
 */
enum board_status board_load(const char *path, struct diag *diag, struct board *board);

/** True when the range lies in the board's RAM as a whole. An empty range does not. */
bool board_in_ram(const struct board *board, uint64_t base, uint64_t bytes);

/** True when some byte of the range is RAM. */
bool board_touches_ram(const struct board *board, uint64_t base, uint64_t bytes);

/** Bytes of RAM in all. */
uint64_t board_ram_bytes(const struct board *board);

/**
 * Give a board that is emulated another size of RAM. Returns false when the board is real or has
 * several ranges of RAM, or when `bytes` is 0, not a multiple of 1 MiB, or too much.
 */
bool board_set_ram(struct board *board, uint64_t bytes);

/** Release what board_load() read. */
void board_free(struct board *board);

#endif
