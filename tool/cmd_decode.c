/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "cmd.h"
#include "decode.h"
#include "options.h"
#include "source.h"

static const char cmd_decode_help[] =
    "usage: bulkhead decode [LOG] --system SYSTEM [--board B] [--search-path DIR ...]\n"
    "       bulkhead decode [LOG] --elf PD=FILE ...\n"
    "\n"
    "Print a console log (standard input, if none is named) with the names of functions, and\n"
    "source lines where they are known, added to the addresses of fault reports.\n"
    "\n"
    "  --system SYSTEM       the description of the system: names the programs\n"
    "  --search-path DIR     where the programs are looked for; repeatable\n"
    "  --board, --config, --sdk   also name the programs that the SDK brings\n"
    "  --elf PD=FILE         the program of one protection domain; repeatable\n";

static int cmd_decode_open(struct decode *decode, const char *pd, const char *path)
{
    struct elffile_problem problem;
    struct elffile *elf;

    if (elffile_open(path, &elf, &problem) != ELF_OK) {
        fprintf(stderr, "bulkhead: '%s' cannot be used: %s\n", path, problem.text);
        return CMD_WRONG;
    }
    decode_add(decode, pd, path, elf);
    return CMD_OK;
}

static int cmd_decode_elfs(struct decode *decode, const struct options *options)
{
    for (size_t i = 0; i < options->elfs.count; i++) {
        const char *equals = strchr(options->elfs.values[i], '=');
        char *pd;
        int code;

        if (equals == NULL || equals == options->elfs.values[i]) {
            options_complain(options, "--elf needs PD=FILE, not '%s'", options->elfs.values[i]);
            return CMD_USAGE;
        }
        pd = alloc_copy(options->elfs.values[i], (size_t)(equals - options->elfs.values[i]));
        code = cmd_decode_open(decode, pd, equals + 1);
        free(pd);
        if (code != CMD_OK) {
            return code;
        }
    }
    return CMD_OK;
}

/* Say once that a program is not found, and what to do. */
static void cmd_decode_missing(const struct sdf *sdf, size_t index, const struct options *options)
{
    const struct sdf_pd *pd = &sdf->pds[index];

    for (size_t i = 0; i < index; i++) {
        if (strcmp(sdf->pds[i].program.text, pd->program.text) == 0) {
            return;
        }
    }
    fprintf(stderr, "bulkhead: the program '%s' is not found; give %s\n", pd->program.text,
            pd->program_sdk && options->board == NULL ? "--board, for the SDK brings it"
                                                      : "its folder with --search-path");
}

/* The programs of a description. One that is missing is said, and the others are used. */
static int cmd_decode_system(struct decode *decode, const struct options *options,
                             struct source *source)
{
    struct search search = options->search;
    enum sdf_status status;

    if (options->board != NULL) {
        int code = source_board(source, options);

        if (code != CMD_OK) {
            return code;
        }
        source_programs(source, &search);
    }
    diag_init(&source->diag, options->system);
    status = sdf_parse(options->system, &source->diag, &source->sdf);
    if (status != SDF_OK || source->diag.errors > 0) {
        diag_print(&source->diag, stderr);
        return status == SDF_ERR_READ ? CMD_ENVIRONMENT : CMD_WRONG;
    }
    /* Of guests only the names of their monitors matter: a missing image does not. */
    source_lower(source, NULL, &options->search);
    for (size_t i = 0; i < source->sdf.pds_count; i++) {
        const struct sdf_pd *pd = &source->sdf.pds[i];
        char *path = search_program(&search, pd->program.text, pd->program_sdk);

        if (path == NULL) {
            cmd_decode_missing(&source->sdf, i, options);
            continue;
        }
        cmd_decode_open(decode, pd->name.text, path);
        free(path);
    }
    return CMD_OK;
}

static int cmd_decode_log(const struct decode *decode, const char *path)
{
    bool standard = path == NULL || strcmp(path, "-") == 0;
    FILE *in = standard ? stdin : fopen(path, "r");
    char *line = NULL;
    size_t room = 0;
    ssize_t length;

    if (in == NULL) {
        fprintf(stderr, "bulkhead: '%s' cannot be read: %s\n", path, strerror(errno));
        return CMD_ENVIRONMENT;
    }
    while ((length = getline(&line, &room, in)) >= 0) {
        bool ended = length > 0 && line[length - 1] == '\n';

        if (ended) {
            line[length - 1] = '\0';
        }
        decode_line(decode, line, stdout);
        if (ended) {
            putchar('\n');
        }
        fflush(stdout); /* the log may be a pipe that somebody watches */
    }
    free(line);
    if (!standard) {
        fclose(in);
    }
    return ferror(stdout) != 0 ? CMD_ENVIRONMENT : CMD_OK;
}

int cmd_decode(int argc, char **argv)
{
    struct decode decode = { .lines = true };
    struct source source = { 0 };
    struct options options;
    int code = CMD_USAGE;

    if (options_parse(&options, argc, argv, OPTIONS_SYSTEM | OPTIONS_ELF | OPTIONS_COMMON)) {
        if (options.help) {
            fputs(cmd_decode_help, stdout);
            code = CMD_OK;
        } else if (options.system == NULL && options.elfs.count == 0) {
            options_complain(&options, "--system or --elf is missing");
        } else {
            code = cmd_decode_elfs(&decode, &options);
            if (code == CMD_OK && options.system != NULL) {
                code = cmd_decode_system(&decode, &options, &source);
            }
            if (code == CMD_OK) {
                code = cmd_decode_log(&decode, options.input);
            }
        }
    }
    decode_free(&decode);
    source_free(&source);
    options_free(&options);
    return code;
}
