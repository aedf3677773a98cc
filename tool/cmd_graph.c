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
    "devices and interrupts. Graphviz draws it; a FILE that ends in .dot gets Graphviz's input.\n"
    "\n"
    "  --board B             tells devices from memory\n"
    "  --search-path DIR     where the files of prefill_path are looked for; repeatable\n"
    "  --sdk DIR             as for 'bulkhead build'\n"
    "  -o, --output FILE     instead of standard output\n";

/* Run `dot` from one file to another. Returns 0, an errno, or -1 when it failed. */
static int cmd_graph_dot(int in, int out)
{
    char *const argv[] = { (char *)"dot", (char *)"-Tsvg", NULL };
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

/* Turn the graph into SVG. The result is to be freed; NULL after saying what went wrong. */
static uint8_t *cmd_graph_svg(const char *graph, size_t size, size_t *svg_size)
{
    int in = memfd_create("graph", MFD_CLOEXEC);
    int out = memfd_create("svg", MFD_CLOEXEC);
    uint8_t *svg = NULL;
    int error = in < 0 || out < 0 ? errno : file_write_fd(in, graph, size);

    if (error == 0 && lseek(in, 0, SEEK_SET) != 0) {
        error = errno;
    }
    if (error == 0) {
        error = cmd_graph_dot(in, out);
    }
    if (error == 0) {
        char *path = alloc_format("/proc/self/fd/%d", out);

        error = file_read(path, CMD_GRAPH_MAX, &svg, svg_size);
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
    return error == 0 ? svg : NULL;
}

static int cmd_graph_write(const struct source *source, const char *path)
{
    const struct board *board = source->board.name != NULL ? &source->board : NULL;
    const char *dot = strrchr(path, '.');
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
    if (error == 0 && (dot == NULL || strcmp(dot, ".dot") != 0)) {
        uint8_t *svg = cmd_graph_svg(text, size, &size);

        free(text);
        if (svg == NULL) {
            return CMD_ENVIRONMENT;
        }
        text = (char *)svg;
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
    int code = source_check(source, options, options->input);

    return code == CMD_OK ? cmd_graph_write(source, options->output != NULL ? options->output : "-")
                          : code;
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
