/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE
#include "watch_find.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alloc.h"
#include "watch_system.h"

#define WATCH_FIND_NAME "bulkhead-memory:"
#define WATCH_FIND_LINK "/memfd:" WATCH_FIND_NAME
#define WATCH_FIND_END " (deleted)"

_Static_assert(WATCH_TITLE >= WATCH_NAME, "a title holds a name");

int watch_find_create(const char *title, uint64_t bytes)
{
    char *name = alloc_format(WATCH_FIND_NAME "%.*s", WATCH_NAME - 1, title);
    int fd = memfd_create(name, 0);

    free(name);
    if (fd >= 0 && ftruncate(fd, (off_t)bytes) != 0) {
        int error = errno;

        close(fd);
        errno = error;
        return -1;
    }
    return fd;
}

/* The title in what an open file is a link to. False: it is no machine's memory. */
static bool watch_find_title(const char *link, char title[WATCH_TITLE])
{
    size_t length = strlen(link);
    size_t before = strlen(WATCH_FIND_LINK);
    size_t behind = strlen(WATCH_FIND_END);

    if (length < before + behind || strncmp(link, WATCH_FIND_LINK, before) != 0) {
        return false;
    }
    watch_system_print(title, link + before, length - before - behind);
    return true;
}

int watch_find_open(pid_t pid, struct watch_machine *machine)
{
    char *path = alloc_format("/proc/%ld/fd", (long)pid);
    DIR *dir = opendir(path);
    int fd = -1;

    free(path);
    if (dir == NULL) {
        return -1;
    }
    for (const struct dirent *entry; fd < 0 && (entry = readdir(dir)) != NULL;) {
        char link[256] = "";

        if (readlinkat(dirfd(dir), entry->d_name, link, sizeof(link) - 1) > 0 &&
            watch_find_title(link, machine->title)) {
            machine->pid = pid;
            fd = openat(dirfd(dir), entry->d_name, O_RDONLY | O_CLOEXEC);
        }
    }
    closedir(dir);
    return fd;
}

/* Whether a process runs this very program: others that watch have the memory open, too. */
static bool watch_find_is_own(long pid)
{
    char *path = alloc_format("/proc/%ld/exe", pid);
    struct stat theirs;
    struct stat ours;
    bool own = stat(path, &theirs) == 0 && stat("/proc/self/exe", &ours) == 0 &&
               theirs.st_dev == ours.st_dev && theirs.st_ino == ours.st_ino;

    free(path);
    return own;
}

struct watch_machine *watch_find_all(size_t *count)
{
    struct watch_machine *machines = NULL;
    DIR *dir = opendir("/proc");

    *count = 0;
    for (const struct dirent *entry; dir != NULL && (entry = readdir(dir)) != NULL;) {
        long pid = strtol(entry->d_name, NULL, 10);
        struct watch_machine machine;
        int fd = pid > 0 && !watch_find_is_own(pid) ? watch_find_open((pid_t)pid, &machine) : -1;

        if (fd >= 0) {
            close(fd);
            machines = alloc_grow(machines, *count, sizeof(*machines));
            machines[(*count)++] = machine;
        }
    }
    if (dir != NULL) {
        closedir(dir);
    }
    return machines;
}
