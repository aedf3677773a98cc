/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Machines of this host that can be watched. `bulkhead run --watch` keeps a machine's memory in a
 * file without a path, which is found among the open files of the emulator's process: nothing has
 * to be named, and nothing stays behind, however the machine ends.
 */
#ifndef TOOL_WATCH_FIND_H
#define TOOL_WATCH_FIND_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/** Bytes of a title; longer ones are cut. */
#define WATCH_TITLE 64

struct watch_machine {
    pid_t pid;
    char title[WATCH_TITLE];
};

/**
 * Make the file for a machine of `bytes` bytes. title: what is shown of the machine. Returns an
 * open file that the emulator is to inherit, or -1 with errno.
 */
int watch_find_create(const char *title, uint64_t bytes);

/**
 * Open the memory of the machine of process `pid` for reading, and say its title in `machine`.
 * Returns the open file, or -1: there is no such machine, or it is another user's.
 */
int watch_find_open(pid_t pid, struct watch_machine *machine);

/** All machines that can be opened. The caller frees the array, whose length is in *count. */
struct watch_machine *watch_find_all(size_t *count);

#endif
