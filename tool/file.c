/* SPDX-License-Identifier: BSD-2-Clause */

#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alloc.h"

static int file_read_all(int fd, uint8_t *bytes, size_t size)
{
    size_t done = 0;

    while (done < size) {
        ssize_t got = read(fd, bytes + done, size - done);

        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return errno;
        }
        if (got == 0) {
            return EIO; /* the file became shorter */
        }
        done += (size_t)got;
    }
    return 0;
}

int file_read(const char *path, size_t max, uint8_t **bytes, size_t *size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a FIFO must not block */
    struct stat info;
    uint8_t *buffer;
    int error;

    if (fd < 0) {
        return errno;
    }
    if (fstat(fd, &info) != 0) {
        error = errno;
        close(fd);
        return error;
    }
    if (!S_ISREG(info.st_mode)) {
        close(fd);
        return S_ISDIR(info.st_mode) ? EISDIR : EINVAL;
    }
    if ((uint64_t)info.st_size > max) {
        close(fd);
        return EFBIG;
    }
    buffer = alloc_array(1, (size_t)info.st_size + 1);
    error = file_read_all(fd, buffer, (size_t)info.st_size);
    close(fd);
    if (error != 0) {
        free(buffer);
        return error;
    }
    *bytes = buffer;
    *size = (size_t)info.st_size;
    return 0;
}

int file_write_fd(int fd, const void *bytes, size_t size)
{
    size_t done = 0;

    while (done < size) {
        ssize_t put = write(fd, (const uint8_t *)bytes + done, size - done);

        if (put < 0 && errno == EINTR) {
            continue;
        }
        if (put < 0) {
            return errno;
        }
        done += (size_t)put;
    }
    return 0;
}

/* What is no regular file (a terminal, /dev/null) is written in place: it cannot be replaced. */
static int file_write_special(const char *path, const void *bytes, size_t size)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    int error;

    if (fd < 0) {
        return errno;
    }
    error = file_write_fd(fd, bytes, size);
    if (close(fd) != 0 && error == 0) {
        error = errno;
    }
    return error;
}

int file_write(const char *path, const void *bytes, size_t size)
{
    struct stat info;
    mode_t mask;
    char *temporary;
    int error;
    int fd;

    if (strcmp(path, "-") == 0) {
        return file_write_fd(STDOUT_FILENO, bytes, size);
    }
    if (stat(path, &info) == 0 && !S_ISREG(info.st_mode)) {
        return S_ISDIR(info.st_mode) ? EISDIR : file_write_special(path, bytes, size);
    }
    temporary = alloc_format("%s.XXXXXX", path);
    fd = mkstemp(temporary);
    if (fd < 0) {
        error = errno;
        free(temporary);
        return error;
    }
    mask = umask(0);
    umask(mask);
    error = file_write_fd(fd, bytes, size);
    if (error == 0 && fchmod(fd, 0666 & ~mask) != 0) {
        error = errno;
    }
    if (close(fd) != 0 && error == 0) {
        error = errno;
    }
    if (error == 0 && rename(temporary, path) != 0) {
        error = errno;
    }
    if (error != 0) {
        unlink(temporary);
    }
    free(temporary);
    return error;
}
