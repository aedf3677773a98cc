/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE
#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "alloc.h"
#include "cmd.h"
#include "file.h"
#include "graph.h"
#include "options.h"
#include "source.h"

/* Largest drawing that is taken from Graphviz. */
#define CMD_GRAPH_MAX (256UL << 20)

static const char cmd_graph_help[] =
    "usage: bulkhead graph SYSTEM [--board B] [-o FILE]\n"
    "\n"
    "Draw a system: protection domains and virtual machines by CPU, memory regions, channels,\n"
    "devices and interrupts. Graphviz draws it, as SVG, or as PNG or PDF when FILE ends in .png\n"
    "or .pdf; a FILE that ends in .dot gets Graphviz's input.\n"
    "\n"
    "  --board B             tells devices from memory\n"
    "  --search-path DIR     where files of images and contents are looked for; repeatable\n"
    "  --sdk DIR             as for 'bulkhead build'\n"
    "  -o, --output FILE     instead of standard output\n";

/* What a file gets by the end of its name: an option of `dot`, or NULL for its input. */
static const struct {
    const char *end;
    const char *option;
} cmd_graph_kinds[] = {
    { ".svg", "-Tsvg" },
    { ".png", "-Tpng" },
    { ".pdf", "-Tpdf" },
    { ".dot", NULL },
};

/* Sets *option; false when there is no such kind of drawing. */
static bool cmd_graph_kind(const char *path, const char **option)
{
    const char *slash = strrchr(path, '/');
    const char *end = strrchr(slash != NULL ? slash : path, '.');

    *option = cmd_graph_kinds[0].option;
    for (size_t i = 0; end != NULL && i < sizeof(cmd_graph_kinds) / sizeof(cmd_graph_kinds[0]);
         i++) {
        if (strcmp(end, cmd_graph_kinds[i].end) == 0) {
            *option = cmd_graph_kinds[i].option;
            return true;
        }
    }
    return end == NULL;
}

/* Run `dot` from one file to another. Returns 0, an errno, or -1 when it failed. */
static int cmd_graph_dot(const char *option, int in, int out)
{
    char *const argv[] = { (char *)"dot", (char *)option, NULL };
    posix_spawn_file_actions_t actions;
    pid_t child;
    int status;
    int error;

    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
    error = posix_spawnp(&child, argv[0], &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    if (error != 0) {
        return error;
    }
    while (waitpid(child, &status, 0) < 0) {
        if (errno != EINTR) {
            return errno;
        }
    }
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -1;
}

/* Draw the graph. The result is to be freed; NULL after saying what went wrong. */
static uint8_t *cmd_graph_draw(const char *option, const char *graph, size_t size,
                               size_t *drawing_size)
{
    int in = memfd_create("graph", MFD_CLOEXEC);
    int out = memfd_create("drawing", MFD_CLOEXEC);
    uint8_t *drawing = NULL;
    int error = in < 0 || out < 0 ? errno : file_write_fd(in, graph, size);

    if (error == 0 && lseek(in, 0, SEEK_SET) != 0) {
        error = errno;
    }
    if (error == 0) {
        error = cmd_graph_dot(option, in, out);
    }
    if (error == 0) {
        char *path = alloc_format("/proc/self/fd/%d", out);

        error = file_read(path, CMD_GRAPH_MAX, &drawing, drawing_size);
        free(path);
    }
    if (error == ENOENT) {
        fputs("bulkhead: Graphviz's 'dot' is not installed; -o FILE.dot writes its input\n",
              stderr);
    } else if (error != 0) {
        fprintf(stderr, "bulkhead: Graphviz's 'dot' cannot draw it: %s\n",
                error > 0 ? strerror(error) : "it failed");
    }
    if (in >= 0) {
        close(in);
    }
    if (out >= 0) {
        close(out);
    }
    return error == 0 ? drawing : NULL;
}

static int cmd_graph_write(const struct source *source, const char *path, const char *option)
{
    const struct board *board = source->board.name != NULL ? &source->board : NULL;
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    int error;

    if (out == NULL) {
        fputs("bulkhead: out of memory\n", stderr);
        return CMD_ENVIRONMENT;
    }
    graph_write(&source->sdf, board, out);
    error = fclose(out) != 0 ? ENOMEM : 0;
    if (error == 0 && option != NULL) {
        uint8_t *drawing = cmd_graph_draw(option, text, size, &size);

        free(text);
        if (drawing == NULL) {
            return CMD_ENVIRONMENT;
        }
        text = (char *)drawing;
    }
    if (error == 0) {
        error = file_write(path, text, size);
    }
    free(text);
    if (error != 0) {
        fprintf(stderr, "bulkhead: '%s' cannot be written: %s\n", path, strerror(error));
        return CMD_ENVIRONMENT;
    }
    return CMD_OK;
}

static int cmd_graph_run(struct source *source, const struct options *options)
{
    const char *path = options->output != NULL ? options->output : "-";
    const char *option;
    int code;

    if (!cmd_graph_kind(path, &option)) {
        options_complain(options, "'%s': a drawing's name ends in .svg, .png, .pdf or .dot", path);
        return CMD_USAGE;
    }
    code = source_check(source, options, options->input);
    return code == CMD_OK ? cmd_graph_write(source, path, option) : code;
}

int cmd_graph(int argc, char **argv)
{
    struct source source = { 0 };
    struct options options;
    int code = CMD_USAGE;

    if (options_parse(&options, argc, argv,
                      OPTIONS_BOARD | OPTIONS_SEARCH | OPTIONS_SDK | OPTIONS_OUTPUT)) {
        if (options.help) {
            fputs(cmd_graph_help, stdout);
            code = CMD_OK;
        } else if (options.input == NULL) {
            options_complain(&options, "the system description is missing");
        } else {
            code = cmd_graph_run(&source, &options);
        }
    }
    source_free(&source);
    options_free(&options);
    return code;
}
