/* SPDX-License-Identifier: BSD-2-Clause */
#include "source.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alloc.h"
#include "cmd.h"
#include "lower.h"
#include "sdf_attr.h"

static const struct {
    const char *name;
    const char *config;
} source_configs[] = {
    { "debug", "debug" },     { "release", "release" },     { "benchmark", "benchmark" },
    { "smp-debug", "debug" }, { "smp-release", "release" }, { "smp-benchmark", "benchmark" },
};

static bool source_is_sdk(const char *path)
{
    char *boards = alloc_format("%s/board", path);
    bool found = access(boards, X_OK) == 0;

    free(boards);
    return found;
}

/*
 * The SDK's folder: of --sdk, of $BULKHEAD_SDK, the one whose bin/ holds this program, or, in a
 * build tree, the one beside the program's folder. NULL: nowhere.
 */
static char *source_find_sdk(const char *given)
{
    const char *const places[] = { "..", "../sdk" };
    char self[PATH_MAX];
    ssize_t length;

    if (given == NULL) {
        given = getenv("BULKHEAD_SDK");
    }
    if (given != NULL && given[0] != '\0') {
        return alloc_copy(given, strlen(given));
    }
    length = readlink("/proc/self/exe", self, sizeof(self) - 1);
    if (length <= 0) {
        return NULL;
    }
    self[length] = '\0';
    *strrchr(self, '/') = '\0';
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        char *path = alloc_format("%s/%s", self, places[i]);

        if (source_is_sdk(path)) {
            return path;
        }
        free(path);
    }
    return NULL;
}

static int source_config(struct source *source)
{
    const char *name = source->options->config;

    if (name == NULL) {
        name = "debug";
    }
    for (size_t i = 0; i < sizeof(source_configs) / sizeof(source_configs[0]); i++) {
        if (strcmp(name, source_configs[i].name) == 0) {
            source->config = source_configs[i].config;
            return CMD_OK;
        }
    }
    options_complain(source->options,
                     "there is no configuration '%s'; there are debug, release and benchmark",
                     name);
    return CMD_USAGE;
}

/* The size of RAM that --ram gives the board. */
static int source_ram(struct source *source)
{
    const char *ram = source->options->ram;
    uint64_t bytes;

    if (ram == NULL || (sdf_attr_read_size(ram, &bytes) && board_set_ram(&source->board, bytes))) {
        return CMD_OK;
    }
    options_complain(source->options,
                     "the board '%s' cannot have '%s' of RAM: --ram is for a board that is "
                     "emulated, and takes whole mebibytes, such as 4G",
                     source->board.name, ram);
    return CMD_USAGE;
}

static int source_is_board(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

/* The SDK has no such board: say which it has. */
static int source_no_board(const struct source *source, const char *board)
{
    struct dirent **entries;
    char *boards = alloc_format("%s/board", source->sdk);
    char *names = alloc_copy("", 0);
    int count = scandir(boards, &entries, source_is_board, alphasort);

    free(boards);
    if (count < 0) {
        fprintf(stderr,
                "bulkhead: '%s' is not an SDK: it has no folder 'board'; give one with --sdk\n",
                source->sdk);
        free(names);
        return CMD_ENVIRONMENT;
    }
    for (int i = 0; i < count; i++) {
        char *more =
            alloc_format("%s%s%s", names, i == 0 ? "; there is " : ", ", entries[i]->d_name);

        free(names);
        free(entries[i]);
        names = more;
    }
    free(entries);
    options_complain(source->options, "the SDK '%s' has no board '%s'%s", source->sdk, board,
                     names);
    free(names);
    return CMD_USAGE;
}

int source_board(struct source *source, const struct options *options)
{
    enum board_status status;
    char *path;
    int code;

    source->options = options;
    code = source_config(source);
    if (code != CMD_OK) {
        return code;
    }
    if (options->board == NULL) {
        options_complain(options, "--board is missing");
        return CMD_USAGE;
    }
    if (options->board[0] == '.' || strchr(options->board, '/') != NULL) {
        options_complain(options, "'%s' is not the name of a board", options->board);
        return CMD_USAGE;
    }
    source->sdk = source_find_sdk(options->sdk);
    if (source->sdk == NULL) {
        fputs("bulkhead: there is no SDK; give its folder with --sdk\n", stderr);
        return CMD_ENVIRONMENT;
    }
    path = alloc_format("%s/board/%s/board.xml", source->sdk, options->board);
    if (access(path, R_OK) != 0) {
        free(path);
        return source_no_board(source, options->board);
    }
    diag_init(&source->board_diag, path);
    status = board_load(path, &source->board_diag, &source->board);
    diag_print(&source->board_diag, stderr);
    free(path);
    return status == BOARD_OK ? source_ram(source) : CMD_ENVIRONMENT;
}

void source_lower(struct source *source, const struct board *board, const struct search *search)
{
    const struct lower_world world = { board, search, getenv };

    lower_guests(&source->sdf, &world, &source->diag);
}

/* Read and check a description; the messages are not printed yet. */
static int source_read(struct source *source, const struct options *options, const char *path)
{
    enum sdf_status status;
    int code = options->board != NULL ? source_board(source, options) : CMD_OK;

    if (code != CMD_OK) {
        return code;
    }
    if (options->board == NULL && options->ram != NULL) {
        options_complain(options, "--ram is the size of a board's RAM; --board is missing");
        return CMD_USAGE;
    }
    diag_init(&source->diag, path);
    status = sdf_parse(path, &source->diag, &source->sdf);
    if (status == SDF_OK) {
        const struct board *board = options->board != NULL ? &source->board : NULL;

        source_lower(source, board, &options->search);
        sdf_prefill(&source->sdf, &options->search, board, &source->diag);
        sdf_check(&source->sdf, board, &source->diag);
    }
    if (status == SDF_ERR_READ) {
        return CMD_ENVIRONMENT;
    }
    return status == SDF_OK && source->diag.errors == 0 ? CMD_OK : CMD_WRONG;
}

int source_check(struct source *source, const struct options *options, const char *path)
{
    int code = source_read(source, options, path);

    diag_print(&source->diag, stderr);
    return code;
}

static int source_kernel(struct source *source)
{
    struct elffile_problem problem;
    enum image_error error;
    struct elffile *elf;

    source->kernel_path = source->options->kernel != NULL
                              ? alloc_copy(source->options->kernel, strlen(source->options->kernel))
                              : source_sdk_path(source, "elf/kernel.elf");
    if (elffile_open(source->kernel_path, &elf, &problem) != ELF_OK) {
        fprintf(stderr, "bulkhead: the kernel '%s' cannot be used: %s\n", source->kernel_path,
                problem.text);
        return CMD_ENVIRONMENT;
    }
    error = image_kernel_load(&source->kernel, elf);
    elffile_close(elf);
    if (error != IMAGE_OK) {
        fprintf(stderr, "bulkhead: the kernel '%s' cannot be used: %s\n", source->kernel_path,
                image_error_text(error));
        return CMD_ENVIRONMENT;
    }
    return CMD_OK;
}

/* Everything of source_plan() but the printing of messages. */
static int source_place(struct source *source, const struct options *options, const char *path)
{
    int code = source_read(source, options, path);
    struct search programs;

    if (code == CMD_OK) {
        code = source_kernel(source);
    }
    if (code != CMD_OK) {
        return code;
    }
    source_programs(source, &programs);
    plan_init(&source->plan, &source->sdf, &source->board, &programs, &source->diag);
    plan_patch(&source->plan, &source->diag);
    if (source->diag.errors == 0) {
        plan_place(&source->plan, source->kernel.size,
                   image_bootdesc_bytes(&source->plan, source_has_symbols(source)), &source->diag);
    }
    return source->diag.errors == 0 ? CMD_OK : CMD_WRONG;
}

int source_plan(struct source *source, const struct options *options, const char *path)
{
    int code;

    if (options->board == NULL) {
        options_complain(options, "--board is missing");
        return CMD_USAGE;
    }
    code = source_place(source, options, path);
    diag_print(&source->diag, stderr);
    return code;
}

bool source_has_symbols(const struct source *source)
{
    return strcmp(source->config, "debug") == 0;
}

void source_programs(struct source *source, struct search *search)
{
    if (source->sdk_programs == NULL) {
        source->sdk_programs = source_sdk_path(source, "elf");
    }
    *search = source->options->search;
    search->programs = source->sdk_programs;
}

char *source_sdk_path(const struct source *source, const char *below)
{
    return alloc_format("%s/board/%s/%s/%s", source->sdk, source->options->board, source->config,
                        below);
}

void source_free(struct source *source)
{
    image_kernel_free(&source->kernel);
    plan_free(&source->plan);
    sdf_free(&source->sdf);
    diag_free(&source->diag);
    board_free(&source->board);
    diag_free(&source->board_diag);
    free(source->sdk_programs);
    free(source->kernel_path);
    free(source->sdk);
}
