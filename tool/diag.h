/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Diagnostics: what is wrong in a file that a person wrote, and what would be right.
 *
 * Messages are collected while the checks go on, and printed together, sorted by their place in
 * the file:
 *
 *     path:line:column: error: what is wrong
 *         the line of the source
 *             ^~~~~
 *       help: what would be right
 *
 * A `struct diag` is about one file. Lines and columns count from 1; columns count characters.
 */
#ifndef TOOL_DIAG_H
#define TOOL_DIAG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/** A place in the source. `line` is 0 when the message is about the file as a whole. */
struct diag_pos {
    uint32_t line;
    uint32_t column;
    uint32_t length; /* characters to underline; at least one is */
};

/** Messages that are kept; more are counted only. */
#define DIAG_MAX_MESSAGES 100

struct diag_message {
    struct diag_pos pos;
    bool warning;
    size_t order; /* of the calls, among messages of one place */
    char *text;
    char *help; /* NULL: none */
};

struct diag {
    char *path;         /* as the user wrote it */
    const char *source; /* the file's bytes, or NULL */
    size_t source_bytes;
    struct diag_message *messages;
    size_t messages_count;
    size_t errors; /* all that were reported, also those not kept */
    size_t warnings;
    bool last_kept;
};

/** Start collecting messages about the file `path` (copied). */
void diag_init(struct diag *diag, const char *path);

/**
 * Say what the file contains, for the source lines. The bytes are borrowed until the messages
 * are printed.
 */
void diag_set_source(struct diag *diag, const char *source, size_t bytes);

/** Report an error at `pos`: one sentence without full stop. */
void diag_error(struct diag *diag, struct diag_pos pos, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/** Report a warning. */
void diag_warning(struct diag *diag, struct diag_pos pos, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/** Add to the message reported last what would be right. At most once a message. */
void diag_help(struct diag *diag, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** False when further errors would only be counted, so that suggestions need not be computed. */
bool diag_has_room(const struct diag *diag);

/**
 * Print all messages, sorted by place, to `out`; with colours when `out` is a terminal and the
 * environment does not contain NO_COLOR. Bytes that are not printable show as '?'.
 */
void diag_print(struct diag *diag, FILE *out);

/** Release what diag_init() and the messages hold. */
void diag_free(struct diag *diag);

#endif
