/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>

#include "cmd.h"
#include "options.h"
#include "report.h"
#include "source.h"

static const char cmd_report_help[] =
    "usage: bulkhead report SYSTEM --board B [--config C] [options]\n"
    "\n"
    "Print the memory map of a system, and what each protection domain and virtual machine\n"
    "can reach.\n"
    "\n"
    "  --board, --ram, --config, --search-path, --sdk, --override-kernel\n"
    "                        as for 'bulkhead build'\n"
    "  --json                the same for scripts\n"
    "  -o, --output FILE     instead of standard output\n";

int cmd_report(int argc, char **argv)
{
    struct source source = { 0 };
    struct options options;
    int code = CMD_USAGE;

    if (!options_parse(&options, argc, argv,
                       OPTIONS_COMMON | OPTIONS_OUTPUT | OPTIONS_JSON | OPTIONS_KERNEL)) {
        options_free(&options);
        return code;
    }
    if (options.help) {
        fputs(cmd_report_help, stdout);
        code = CMD_OK;
    } else if (options.input == NULL) {
        options_complain(&options, "the system description is missing");
    } else {
        code = source_plan(&source, &options, options.input);
        if (code == CMD_OK) {
            code = report_write(&source, options.output != NULL ? options.output : "-");
        }
    }
    source_free(&source);
    options_free(&options);
    return code;
}
