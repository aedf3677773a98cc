/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the subcommands start from: the SDK, the board, the description, its plan. Each step says
 * what is wrong on standard error and returns an exit code (cmd.h).
 */
#ifndef TOOL_SOURCE_H
#define TOOL_SOURCE_H

#include "board.h"
#include "image.h"
#include "options.h"
#include "plan.h"
#include "sdf.h"

struct source {
    const struct options *options;
    char *sdk;          /* folder with bin and board */
    const char *config; /* debug, release or benchmark */
    struct diag board_diag;
    struct board board;
    struct diag diag;
    struct sdf sdf;
    struct plan plan;
    char *sdk_programs; /* the SDK's folder of programs; source_programs() */
    char *kernel_path;
    struct image_kernel kernel;
};

/** Find the SDK and read the board that the options name. */
int source_board(struct source *source, const struct options *options);

/** Read and check a description, with the board when the options name one. */
int source_check(struct source *source, const struct options *options, const char *path);

/** The same, and read the programs and the kernel, and place everything; --board is needed. */
int source_plan(struct source *source, const struct options *options, const char *path);

/** Lower the guests of a description that was parsed; `board` NULL: as far as that goes. */
void source_lower(struct source *source, const struct board *board, const struct search *search);

/** Where programs are looked for, when the board is known. `search` borrows; it is not freed. */
void source_programs(struct source *source, struct search *search);

/** Whether the configuration has the programs' symbols in the boot description. */
bool source_has_symbols(const struct source *source);

/** Path of the SDK's folder for board and configuration, or a file below it; to be freed. */
char *source_sdk_path(const struct source *source, const char *below);

/** Release everything, whichever steps were made; `source` starts as all zeros. */
void source_free(struct source *source);

#endif
