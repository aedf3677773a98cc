/* SPDX-License-Identifier: BSD-2-Clause */
/* Whole files: reading them, and writing them so that no half-written one stays. */
#ifndef TOOL_FILE_H
#define TOOL_FILE_H

#include <stddef.h>
#include <stdint.h>

/**
 * Read a whole regular file.
 *
 * max: largest number of bytes that is accepted.
 * bytes: receives the contents and one zero byte behind them; the caller frees it.
 * Returns 0, or an errno: those of open() and read(), EISDIR or EINVAL for what is no regular
 * file, EFBIG for a file above max.
 */
int file_read(const char *path, size_t max, uint8_t **bytes, size_t *size);

/**
 * Write a whole file: into a temporary file beside it, which is then renamed. Standard output for
 * the path "-". Returns 0 or an errno.
 */
int file_write(const char *path, const void *bytes, size_t size);

/** Write bytes to an open file. Returns 0 or an errno. */
int file_write_fd(int fd, const void *bytes, size_t size);

#endif
