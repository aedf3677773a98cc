/* SPDX-License-Identifier: BSD-2-Clause */
#include "lines.h"

#include <errno.h>
#include <inttypes.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "alloc.h"

extern char **environ;

/* The first that is there. The build machine's own may not know AArch64. */
static const char *const lines_programs[] = { "aarch64-linux-gnu-addr2line", "llvm-addr2line",
                                              "addr2line" };

/* Start a program with its standard output in a pipe. Returns its process, or -1. */
static pid_t lines_spawn(const char *program, const char *elf, const char *addr, int *out)
{
    char *const argv[] = { (char *)program, (char *)"-e", (char *)elf, (char *)addr, NULL };
    posix_spawn_file_actions_t actions;
    int ends[2];
    pid_t child;
    int error;

    if (pipe(ends) != 0) {
        return -1;
    }
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_addclose(&actions, ends[0]);
    posix_spawn_file_actions_addclose(&actions, ends[1]);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", 1, 0);
    error = posix_spawnp(&child, program, &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    if (error != 0) {
        close(ends[0]);
        return -1;
    }
    *out = ends[0];
    return child;
}

/* The first line that comes through the pipe, without its end. */
static void lines_read(int fd, char *text, size_t room)
{
    FILE *in = fdopen(fd, "r");

    text[0] = '\0';
    if (in == NULL) {
        close(fd);
        return;
    }
    if (fgets(text, (int)room, in) != NULL) {
        text[strcspn(text, "\n")] = '\0';
    }
    fclose(in);
}

char *lines_find(const char *elf, uint64_t addr)
{
    static size_t program; /* of lines_programs: those before it are not there */
    char number[32];
    char text[1024];

    snprintf(number, sizeof(number), "0x%" PRIx64, addr);
    while (program < sizeof(lines_programs) / sizeof(lines_programs[0])) {
        int status = -1;
        int out;
        pid_t child = lines_spawn(lines_programs[program], elf, number, &out);

        if (child < 0) {
            program++;
            continue;
        }
        lines_read(out, text, sizeof(text));
        while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
        }
        if (!WIFEXITED(status) || WEXITSTATUS(status) == 127) {
            program++;
            continue;
        }
        return WEXITSTATUS(status) != 0 || strncmp(text, "??", 2) == 0 ||
                       strchr(text, ':') == NULL || strstr(text, ":?") != NULL
                   ? NULL
                   : alloc_copy(text, strlen(text));
    }
    return NULL;
}
