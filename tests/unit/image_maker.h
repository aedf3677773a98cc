/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A system built in memory, for tests: a description, the programs of elf_maker.h under the name
 * program.elf, a kernel of the same kind, a small board.
 */
#ifndef TEST_IMAGE_MAKER_H
#define TEST_IMAGE_MAKER_H

#include <stdint.h>

#include "elf_maker.h"
#include "image.h"
#include "plan.h"

#define IMAGE_MAKER_RAM_BASE 0x40000000UL
#define IMAGE_MAKER_RAM_BYTES 0x10000000UL

/** A description with something of everything; image_maker.c. */
extern const char image_maker_system[];

struct image_maker {
    char dir[32];
    struct board board;
    struct search search;
    struct diag diag;
    struct sdf sdf;
    struct plan plan;
    struct image_kernel kernel;
    uint8_t *image;
};

/** The program of elf_maker_init(), with the variables that image_maker_system sets. */
void image_maker_program(struct elf_maker *maker);

/** A kernel. */
void image_maker_kernel(struct elf_maker *maker);

/**
 * All steps before physical addresses are chosen. Errors in the description fail the test; errors
 * about programs are in build->diag. program: NULL for image_maker_program().
 */
void image_maker_start(struct image_maker *build, const char *system,
                       const struct elf_maker *program);

/** Choose addresses and make the image; an error fails the test. */
void image_maker_finish(struct image_maker *build);

/** Release everything. */
void image_maker_end(struct image_maker *build);

/** Fail the test unless exactly one error was reported, with a place, and says `words`. */
void image_maker_says(const struct image_maker *build, const char *words);

#endif
