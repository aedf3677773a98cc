/* SPDX-License-Identifier: BSD-2-Clause */
/* The command line of a board's emulator: the board's own arguments, changed as a person asks. */
#ifndef TOOL_EMULATOR_H
#define TOOL_EMULATOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "board.h"

/** What is asked for; a NULL or false member leaves the board's own choice. */
struct emulator_wish {
    const char *image; /* the file that boots */
    unsigned cpus;
    const char *cpu;          /* model */
    const char *gic;          /* "2" or "3" */
    bool icount;              /* one instruction is one nanosecond of guest time */
    const char *gdb_port;     /* halted, with a debugger port */
    const char *const *disks; /* files: the board's first disk, and so on */
    size_t disks_count;
    const char *const *nets; /* what the board's network devices are joined to (emulator_net.h) */
    size_t nets_count;
    const char *const *forwards; /* ports of this host that the first one's user network forwards */
    size_t forwards_count;
    const char *memory_file; /* RAM in a file, shared with other programs */
    char *const *rest;       /* further arguments, NULL-terminated */
};

struct emulator {
    char **argv; /* NULL-terminated */
    size_t argc;
    const char *wrong; /* with an error: the wish that it is about, borrowed; or NULL */
};

enum emulator_error {
    EMULATOR_OK = 0,
    /** The board has no emulator. */
    EMULATOR_ERR_NONE,
    /** The board's arguments have no GIC version that could be changed. */
    EMULATOR_ERR_GIC,
    /** They have no CPU model that could be changed. */
    EMULATOR_ERR_CPU,
    /** A memory file is asked for, and the board's RAM is not one range, or the file's name
     * contains a comma. */
    EMULATOR_ERR_MEMORY,
    /** More disks than the board's emulator has, or a file's name that contains a comma. */
    EMULATOR_ERR_DISK,
    /** More networks than the board's emulator has devices for. */
    EMULATOR_ERR_NICS,
    /** A network has none of EMULATOR_NET_FORMS. */
    EMULATOR_ERR_NET,
    /** A port to be forwarded has not EMULATOR_FORWARD_FORM. */
    EMULATOR_ERR_FORWARD,
    /** Ports to be forwarded, and the first network is not the user network. */
    EMULATOR_ERR_FORWARD_NET,
};

/** Make a command line, to be released with emulator_free() when EMULATOR_OK is returned. */
enum emulator_error emulator_make(struct emulator *emulator, const struct board *board,
                                  const struct emulator_wish *wish);

/** A sentence for an error. */
const char *emulator_error_text(enum emulator_error error);

/** Print the command line so that a shell takes it. */
void emulator_print(const struct emulator *emulator, FILE *out);

/** Release a command line. */
void emulator_free(struct emulator *emulator);

#endif
