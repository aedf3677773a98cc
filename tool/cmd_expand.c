/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>

#include "cmd.h"
#include "options.h"
#include "source.h"

static const char cmd_expand_help[] =
    "usage: bulkhead expand SYSTEM [options]\n"
    "\n"
    "Print a system description as it is understood: in the new spelling, with every default\n"
    "filled in, and guests as what they are made of. What is printed is a description of the same\n"
    "system.\n"
    "\n"
    "  --board B             the board; needed when there are guests or a console\n"
    "  --ram SIZE            of the board, if it is emulated; such as 4G\n"
    "  --search-path DIR     where files of images and contents are looked for; repeatable\n"
    "  --sdk DIR             the SDK, where it is not beside the program or in $BULKHEAD_SDK\n"
    "\n"
    "Exit codes: 0 done, 1 wrong description, 2 wrong use, 3 cannot be read or written.\n";

static int cmd_expand_run(struct source *source, const struct options *options)
{
    int code = source_check(source, options, options->input);

    if (code != CMD_OK) {
        return code;
    }
    if ((source->sdf.guests_count > 0 || source->sdf.console.given) && options->board == NULL) {
        options_complain(options,
                         "--board is missing: what guests and a console are made of depends on it");
        return CMD_USAGE;
    }
    sdf_print(&source->sdf, stdout);
    if (fflush(stdout) != 0 || ferror(stdout) != 0) {
        perror("bulkhead: the description cannot be written");
        return CMD_ENVIRONMENT;
    }
    return CMD_OK;
}

int cmd_expand(int argc, char **argv)
{
    struct options options;
    struct source source = { 0 };
    int code = CMD_USAGE;

    if (options_parse(&options, argc, argv, OPTIONS_BOARD | OPTIONS_SEARCH | OPTIONS_SDK)) {
        if (options.help) {
            fputs(cmd_expand_help, stdout);
            code = CMD_OK;
        } else if (options.input == NULL) {
            options_complain(&options, "the system description is missing");
        } else {
            code = cmd_expand_run(&source, &options);
        }
    }
    source_free(&source);
    options_free(&options);
    return code;
}
