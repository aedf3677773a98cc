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
    "  --search-path DIR     where the files of prefill_path are looked for; repeatable\n"
    "  --sdk DIR             the SDK, where it is not beside the program or in $BULKHEAD_SDK\n"
    "\n"
    "Exit codes: 0 nothing but warnings, 1 wrong description, 2 wrong use, 3 cannot be read.\n";

static int cmd_check_run(struct source *source, const struct options *options)
{
    enum sdf_status status;

    if (options->board != NULL) {
        int code = source_board(source, options);

        if (code != CMD_OK) {
            return code;
        }
    }
    diag_init(&source->diag, options->input);
    status = sdf_parse(options->input, &source->diag, &source->sdf);
    if (status == SDF_OK) {
        sdf_prefill(&source->sdf, &options->search, &source->diag);
        sdf_check(&source->sdf, options->board != NULL ? &source->board : NULL, &source->diag);
    }
    diag_print(&source->diag, stderr);
    if (status == SDF_ERR_READ) {
        return CMD_ENVIRONMENT;
    }
    return source->diag.errors == 0 ? CMD_OK : CMD_WRONG;
}

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
            code = cmd_check_run(&source, &options);
        }
    }
    source_free(&source);
    options_free(&options);
    return code;
}
