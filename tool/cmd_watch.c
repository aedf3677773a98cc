/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd.h"
#include "options.h"
#include "watch.h"
#include "watch_find.h"

#define CMD_WATCH_MAX_PID 0x7fffffff
#define CMD_WATCH_MAX_INTERVAL 3600000

static const char cmd_watch_help[] =
    "usage: bulkhead watch [PROCESS] [options]\n"
    "\n"
    "Show what a machine does that 'bulkhead run --watch' started: how busy each CPU, protection\n"
    "domain and vCPU is, why they enter the kernel, and what each device does. The process need\n"
    "be named only where several can be watched. On a terminal q ends; elsewhere lines are\n"
    "printed.\n"
    "\n"
    "  --interval MS         milliseconds between two looks (1000)\n"
    "  --count N             end after so many\n";

/* The machine that is meant. Returns its open memory, or -1 after saying why there is none. */
static int cmd_watch_choose(const struct options *options, struct watch_machine *machine)
{
    struct watch_machine *machines;
    size_t count;
    int fd = -1;

    if (options->input != NULL) {
        fd = watch_find_open((pid_t)strtol(options->input, NULL, 10), machine);
        if (fd < 0) {
            fprintf(stderr,
                    "bulkhead: process %s is no machine that can be watched: start it with "
                    "'bulkhead run --watch'\n",
                    options->input);
        }
        return fd;
    }
    machines = watch_find_all(&count);
    if (count == 1) {
        fd = watch_find_open(machines[0].pid, machine);
    }
    if (count > 1) {
        fputs("bulkhead: several machines can be watched; name one of these processes:\n", stderr);
        for (size_t i = 0; i < count; i++) {
            fprintf(stderr, "  %ld %s\n", (long)machines[i].pid, machines[i].title);
        }
    } else if (fd < 0) {
        fputs("bulkhead: there is no machine that can be watched: start one with "
              "'bulkhead run --watch'\n",
              stderr);
    }
    free(machines);
    return fd;
}

static int cmd_watch_start(const struct options *options)
{
    uint64_t pid;
    struct watch_machine machine;
    struct watch_wish wish = { .out = STDOUT_FILENO, .keys = true, .interval = WATCH_INTERVAL };
    int code;

    if ((options->input != NULL &&
         !options_number(options, "the process", options->input, 1, CMD_WATCH_MAX_PID, &pid)) ||
        (options->interval != NULL && !options_number(options, "--interval", options->interval, 10,
                                                      CMD_WATCH_MAX_INTERVAL, &wish.interval)) ||
        (options->count != NULL &&
         !options_number(options, "--count", options->count, 1, UINT32_MAX, &wish.count))) {
        return CMD_USAGE;
    }
    wish.memory = cmd_watch_choose(options, &machine);
    if (wish.memory < 0) {
        return CMD_ENVIRONMENT;
    }
    wish.pid = machine.pid;
    wish.title = machine.title;
    code = watch_run(&wish);
    close(wish.memory);
    return code;
}

int cmd_watch(int argc, char **argv)
{
    struct options options;
    int code = CMD_USAGE;

    if (options_parse(&options, argc, argv, OPTIONS_WATCH)) {
        if (options.help) {
            fputs(cmd_watch_help, stdout);
            code = CMD_OK;
        } else {
            code = cmd_watch_start(&options);
        }
    }
    options_free(&options);
    return code;
}
