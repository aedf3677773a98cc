/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>

#include "cmd.h"
#include "options.h"
#include "source.h"

static const char cmd_check_help[] =
    "usage: bulkhead check SYSTEM [--board B] [options]\n"
    "\n"
    "Say what is wrong with a system description. The programs need not exist yet.\n"
    "\n"
    "  --board B             also check what depends on the board: memory, interrupts, CPUs\n"
    "  --ram SIZE            of the board, if it is emulated; such as 4G\n"
    "  --search-path DIR     where files of images and contents are looked for; repeatable\n"
    "  --sdk DIR             the SDK, where it is not beside the program or in $BULKHEAD_SDK\n"
    "\n"
    "Exit codes: 0 nothing but warnings, 1 wrong description, 2 wrong use, 3 cannot be read.\n";

int cmd_check(int argc, char **argv)
{
    struct options options;
    struct source source = { 0 };
    int code = CMD_USAGE;

    if (options_parse(&options, argc, argv, OPTIONS_BOARD | OPTIONS_SEARCH | OPTIONS_SDK)) {
        if (options.help) {
            fputs(cmd_check_help, stdout);
            code = CMD_OK;
        } else if (options.input == NULL) {
            options_complain(&options, "the system description is missing");
        } else {
            code = source_check(&source, &options, options.input);
        }
    }
    source_free(&source);
    options_free(&options);
    return code;
}
