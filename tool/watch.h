/* SPDX-License-Identifier: BSD-2-Clause */
/* Watching a running machine: look, show, wait, until it ends or somebody has seen enough. */
#ifndef TOOL_WATCH_H
#define TOOL_WATCH_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/** Milliseconds between looks, unless one asks for others. */
#define WATCH_INTERVAL 1000

struct watch_wish {
    int memory; /* open file */
    pid_t pid;  /* of the machine */
    const char *title;
    int out;           /* a terminal gets a screen, anything else lines */
    bool keys;         /* q on standard input ends it, where that is a terminal */
    uint64_t interval; /* milliseconds */
    uint64_t count;    /* looks; 0: any number */
};

/**
 * Watch. Returns an exit code (cmd.h), having said what is wrong: there is no system in the
 * machine's memory.
 */
int watch_run(const struct watch_wish *wish);

#endif
