/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <string.h>

#include "cmd.h"

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *help;
} main_commands[] = {
    { "build", cmd_build, "make an image that boots from a system description" },
    { "check", cmd_check, "say what is wrong with a system description" },
    { "expand", cmd_expand, "print a description with everything that it implies" },
    { "report", cmd_report, "print the memory map, and what each component can reach" },
    { "graph", cmd_graph, "draw a system" },
    { "run", cmd_run, "run an image or a system description in the board's emulator" },
    { "watch", cmd_watch, "show what a running machine does" },
    { "decode", cmd_decode, "add names to the addresses of fault reports in a console log" },
};

#define MAIN_COMMANDS (sizeof(main_commands) / sizeof(main_commands[0]))

static void main_usage(FILE *out)
{
    fputs("usage: bulkhead COMMAND ...\n\n", out);
    for (size_t i = 0; i < MAIN_COMMANDS; i++) {
        fprintf(out, "  %-8s %s\n", main_commands[i].name, main_commands[i].help);
    }
    fputs(
        "\n'bulkhead COMMAND --help' says more, 'bulkhead --version' which one this is.\n"
        "Exit codes: 0 done, 1 wrong description, 2 wrong use, 3 wrong environment (a file cannot\n"
        "be written, no SDK, no emulator).\n",
        out);
}

static const char *main_base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash != NULL ? slash + 1 : path;
}

int main(int argc, char **argv)
{
    static char main_microkit[] = "microkit";

    if (argc > 0 && strcmp(main_base_name(argv[0]), main_microkit) == 0) {
        argv[0] = main_microkit;
        return cmd_microkit(argc, argv);
    }
    if (argc < 2) {
        main_usage(stderr);
        return CMD_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        main_usage(stdout);
        return CMD_OK;
    }
    if (strcmp(argv[1], "--version") == 0) {
        puts("bulkhead " BULKHEAD_VERSION);
        return CMD_OK;
    }
    for (size_t i = 0; i < MAIN_COMMANDS; i++) {
        if (strcmp(argv[1], main_commands[i].name) == 0) {
            char title[32];

            snprintf(title, sizeof(title), "bulkhead %s", main_commands[i].name);
            argv[1] = title;
            return main_commands[i].run(argc - 1, argv + 1);
        }
    }
    fprintf(stderr, "bulkhead: there is no command '%s'\n\n", argv[1]);
    main_usage(stderr);
    return CMD_USAGE;
}
