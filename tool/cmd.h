/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The subcommands of `bulkhead`. Each gets its own arguments, argv[0] being its name as typed
 * ("bulkhead build"), and returns the exit code.
 */
#ifndef TOOL_CMD_H
#define TOOL_CMD_H

enum cmd_exit {
    /** Done. */
    CMD_OK = 0,
    /** The description, or a file that it names, is wrong. */
    CMD_WRONG = 1,
    /** The command line is wrong. */
    CMD_USAGE = 2,
    /** Something around the tool is: a file cannot be written, no SDK, no emulator, no memory. */
    CMD_ENVIRONMENT = 3,
};

int cmd_build(int argc, char **argv);
int cmd_check(int argc, char **argv);
int cmd_decode(int argc, char **argv);
int cmd_expand(int argc, char **argv);
int cmd_graph(int argc, char **argv);
int cmd_report(int argc, char **argv);
int cmd_run(int argc, char **argv);
int cmd_watch(int argc, char **argv);

/** What `bin/microkit` is: the same build under the Microkit tool's command line. */
int cmd_microkit(int argc, char **argv);

#endif
