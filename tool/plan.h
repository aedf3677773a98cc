/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The plan of an image: a checked description, the programs it names and a board, turned into
 * exactly what the kernel will build: regions with addresses and contents, maps, PDs and VMs.
 * `build` writes it, `report` prints it.
 *
 * The steps, each of which needs the one before:
 *     plan_init()     regions, maps and programs from the description
 *     plan_patch()    the programs' variables
 *     plan_place()    physical addresses, the kernel's included
 */
#ifndef TOOL_PLAN_H
#define TOOL_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "board.h"
#include "diag.h"
#include "elffile.h"
#include "layout.h"
#include "search.h"
#include "sdf.h"

#define PLAN_NONE SIZE_MAX

enum plan_kind {
    PLAN_MEMORY,  /* <memory_region> */
    PLAN_SEGMENT, /* of a program */
    PLAN_STACK,
    PLAN_MESSAGE, /* message buffer */
    PLAN_REPORT,  /* report ring */
    PLAN_TRACE,   /* switch trace */
};

struct plan_region {
    enum plan_kind kind;
    char *name;
    struct diag_pos pos; /* where to complain about it */
    uint64_t bytes;
    uint64_t base;  /* after plan_place() */
    bool fixed;     /* the description chose the base */
    bool device;    /* outside RAM */
    bool in_place;  /* read-only: stays where the image has it */
    uint64_t align; /* of base, when not fixed; a power of two */
    uint64_t residue;
    uint64_t least_align; /* what the description demands; align may drop to this */
    uint8_t *data;        /* contents at its start, or NULL */
    uint64_t data_bytes;
    uint64_t data_room; /* bytes that may be written to: data may grow to this */
    uint64_t src_off;   /* from the image's first byte; valid when data_bytes > 0 */
};

struct plan_map {
    uint64_t addr;
    uint64_t bytes;
    size_t region;
    unsigned perms; /* SDF_PERM_* */
    bool cached;
};

struct plan_pd {
    const struct sdf_pd *sdf;
    struct elffile *elf;
    struct elffile *symbols; /* path_for_symbols=, or the same as elf */
    size_t maps_first, maps_count;
    size_t segments_first, segments_count; /* writable segments, in plan.regions */
    size_t code_first, code_count;         /* read-only segments, in plan.regions */
    size_t stack_region, msg_region;
    uint64_t stack_top, msg_addr;
};

struct plan_vm {
    const struct sdf_vm *sdf;
    size_t maps_first, maps_count;
};

/** A program's variable (8 bytes) that receives the physical address of a region. */
struct plan_patch {
    size_t region; /* that contains the variable */
    uint64_t off;
    size_t value_region;
};

struct plan {
    const struct sdf *sdf;
    const struct board *board;
    struct plan_region *regions;
    size_t regions_count;
    struct plan_map *maps;
    size_t maps_count;
    struct plan_pd *pds; /* as in sdf->pds */
    struct plan_vm *vms; /* as in sdf->vms */
    size_t trace_region; /* or PLAN_NONE */
    size_t report_region;
    size_t report_pd; /* or PLAN_NONE */
    unsigned cpus;    /* that the system uses */
    struct plan_patch *patches;
    size_t patches_count;

    /* after plan_place() */
    uint64_t kernel_base;
    uint64_t bootdesc_off; /* from the image's first byte, all three */
    uint64_t payload_off;
    uint64_t image_bytes;
    uint64_t heap_bytes;
    struct layout_range *free; /* memory that nothing uses */
    size_t free_count;
};

/**
 * Make the regions, maps and programs. The description must have passed sdf_check(); it and the
 * board are borrowed until plan_free(). What is wrong with a program goes to `diag`, and the work
 * goes on, to find more: look at diag->errors afterwards. `plan` must be freed in any case.
 */
void plan_init(struct plan *plan, const struct sdf *sdf, const struct board *board,
               const struct search *search, struct diag *diag);

/**
 * Write the programs' variables, those apart that receive physical addresses. An unknown symbol, or
 * one of a wrong size, goes to `diag`.
 */
void plan_patch(struct plan *plan, struct diag *diag);

/**
 * Choose all physical addresses, for a kernel of `kernel_bytes` bytes in memory and a boot
 * description of `bootdesc_bytes`, and write them where programs asked for them. Too little memory
 * is an error in `diag`.
 */
void plan_place(struct plan *plan, uint64_t kernel_bytes, uint64_t bootdesc_bytes,
                struct diag *diag);

/**
 * Bytes of the block that stage 2 uses for most of a map (4 KiB, 2 MiB, 1 GiB), as congruence of
 * the addresses allows. After plan_place().
 */
uint64_t plan_map_block(const struct plan *plan, const struct plan_map *map);

/** Memory that a virtual machine costs, in bytes. What it shares with others is in it in full. */
struct plan_cost {
    uint64_t ram;     /* that the guest may write to */
    uint64_t images;  /* files that its monitor reads; stored once, whoever reads them */
    uint64_t monitor; /* all else that the guest or its monitor has: programs, stack, buffers */
    uint64_t kernel;  /* objects and page tables of both, in the kernel's heap */
};

/** The cost of the VM with this index. After plan_place(). */
struct plan_cost plan_vm_cost(const struct plan *plan, size_t vm);

/** Store the low `bytes` bytes of a value, little endian. */
void plan_store(uint8_t *at, uint64_t value, size_t bytes);

/** Release what the steps made. */
void plan_free(struct plan *plan);

#endif
