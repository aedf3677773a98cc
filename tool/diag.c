/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE
#include "diag.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alloc.h"

/** Source lines are shown up to this width; of longer ones, the part around the place. */
#define DIAG_WIDTH 100u

struct diag_style {
    const char *bold, *error, *warning, *mark, *end;
};

static const struct diag_style diag_plain = { "", "", "", "", "" };
static const struct diag_style diag_colour = { "\033[1m", "\033[1;31m", "\033[1;35m", "\033[32m",
                                               "\033[0m" };

void diag_init(struct diag *diag, const char *path)
{
    *diag = (struct diag){ .path = alloc_copy(path, strlen(path)) };
}

void diag_set_source(struct diag *diag, const char *source, size_t bytes)
{
    diag->source = source;
    diag->source_bytes = bytes;
}

bool diag_has_room(const struct diag *diag)
{
    return diag->messages_count < DIAG_MAX_MESSAGES;
}

static char *diag_vformat(const char *format, va_list args)
{
    char *text;

    if (vasprintf(&text, format, args) < 0) {
        text = alloc_copy("", 0);
    }
    return text;
}

static void diag_add(struct diag *diag, struct diag_pos pos, bool warning, const char *format,
                     va_list args)
{
    struct diag_message *message;

    diag->last_kept = diag_has_room(diag);
    if (!diag->last_kept) {
        return;
    }
    diag->messages = alloc_grow(diag->messages, diag->messages_count, sizeof(*message));
    message = &diag->messages[diag->messages_count];
    message->pos = pos;
    message->warning = warning;
    message->order = diag->messages_count++;
    message->text = diag_vformat(format, args);
}

void diag_error(struct diag *diag, struct diag_pos pos, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    diag->errors++;
    diag_add(diag, pos, false, format, args);
    va_end(args);
}

void diag_warning(struct diag *diag, struct diag_pos pos, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    diag->warnings++;
    diag_add(diag, pos, true, format, args);
    va_end(args);
}

void diag_help(struct diag *diag, const char *format, ...)
{
    va_list args;

    if (!diag->last_kept) {
        return;
    }
    va_start(args, format);
    diag->messages[diag->messages_count - 1].help = diag_vformat(format, args);
    va_end(args);
    diag->last_kept = false;
}

static int diag_compare(const void *a, const void *b)
{
    const struct diag_message *left = a;
    const struct diag_message *right = b;

    if (left->pos.line != right->pos.line) {
        return left->pos.line < right->pos.line ? -1 : 1;
    }
    if (left->pos.column != right->pos.column) {
        return left->pos.column < right->pos.column ? -1 : 1;
    }
    return left->order < right->order ? -1 : 1;
}

/** Bytes of the printable character at `text`; 0 when the byte there is not part of one. */
static size_t diag_character(const char *text, size_t bytes)
{
    unsigned char first = (unsigned char)text[0];
    size_t length = first < 0x80 ? 1 : first < 0xc0 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;

    if (first < 0x20 || first == 0x7f || first >= 0xf8 || length > bytes ||
        (first == 0xc2 && (unsigned char)text[1] < 0xa0)) {
        return 0;
    }
    for (size_t i = 1; i < length; i++) {
        if (((unsigned char)text[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    return length;
}

/**
 * Print the characters `from` to `to` (exclusive, counted from 0) of a text, with '?' for what is
 * not printable and a space for a tab.
 */
static void diag_print_text(FILE *out, const char *text, size_t bytes, size_t from, size_t to)
{
    size_t offset = 0;

    for (size_t i = 0; offset < bytes && i < to; i++) {
        size_t length = diag_character(text + offset, bytes - offset);

        if (i >= from && length > 0) {
            fwrite(text + offset, 1, length, out);
        } else if (i >= from) {
            fputc(text[offset] == '\t' ? ' ' : '?', out);
        }
        offset += length > 0 ? length : 1;
    }
}

static void diag_print_string(FILE *out, const char *text)
{
    size_t bytes = strlen(text);

    diag_print_text(out, text, bytes, 0, bytes);
}

static size_t diag_count_characters(const char *text, size_t bytes)
{
    size_t count = 0;

    for (size_t offset = 0; offset < bytes; count++) {
        size_t length = diag_character(text + offset, bytes - offset);

        offset += length > 0 ? length : 1;
    }
    return count;
}

/** The bytes of line `line` of the source, without its end. False: there is no such line. */
static bool diag_find_line(const struct diag *diag, uint32_t line, const char **start,
                           size_t *bytes)
{
    const char *text = diag->source;
    const char *end = diag->source + diag->source_bytes;
    const char *newline;

    if (text == NULL || line == 0) {
        return false;
    }
    for (uint32_t i = 1; i < line; i++) {
        text = memchr(text, '\n', (size_t)(end - text));
        if (text == NULL) {
            return false;
        }
        text++;
    }
    newline = memchr(text, '\n', (size_t)(end - text));
    if (line == 1 && end - text >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
        text += 3; /* a byte order mark is not a character */
    }
    *start = text;
    *bytes = (size_t)((newline != NULL ? newline : end) - text);
    if (*bytes > 0 && text[*bytes - 1] == '\r') {
        (*bytes)--;
    }
    return true;
}

static void diag_print_source(const struct diag *diag, struct diag_pos pos,
                              const struct diag_style *style, FILE *out)
{
    const char *line;
    size_t bytes, count, from = 0, to, mark, length;

    if (!diag_find_line(diag, pos.line, &line, &bytes)) {
        return;
    }
    count = diag_count_characters(line, bytes);
    to = count;
    mark = pos.column > 0 ? pos.column - 1 : 0;
    if (mark > count) {
        mark = count;
    }
    if (count > DIAG_WIDTH) {
        from = mark > DIAG_WIDTH / 2 ? mark - DIAG_WIDTH / 2 : 0;
        to = from + DIAG_WIDTH < count ? from + DIAG_WIDTH : count;
    }
    fputs("    ", out);
    fputs(from > 0 ? "..." : "", out);
    diag_print_text(out, line, bytes, from, to);
    fputs(to < count ? "...\n" : "\n", out);

    length = pos.length > 0 ? pos.length : 1;
    if (length > to - mark) {
        length = to > mark ? to - mark : 1;
    }
    fprintf(out, "    %*s%s^", (int)(mark - from + (from > 0 ? 3 : 0)), "", style->mark);
    for (size_t i = 1; i < length; i++) {
        fputc('~', out);
    }
    fprintf(out, "%s\n", style->end);
}

static void diag_print_message(const struct diag *diag, const struct diag_message *message,
                               const struct diag_style *style, FILE *out)
{
    fputs(style->bold, out);
    diag_print_string(out, diag->path);
    if (message->pos.line > 0) {
        fprintf(out, ":%u:%u", message->pos.line, message->pos.column);
    }
    fprintf(out, ": %s%s:%s ", message->warning ? style->warning : style->error,
            message->warning ? "warning" : "error", style->end);
    diag_print_string(out, message->text);
    fputc('\n', out);
    diag_print_source(diag, message->pos, style, out);
    if (message->help != NULL) {
        fputs("  help: ", out);
        diag_print_string(out, message->help);
        fputc('\n', out);
    }
}

void diag_print(struct diag *diag, FILE *out)
{
    bool colour = isatty(fileno(out)) != 0 && getenv("NO_COLOR") == NULL;
    size_t all = diag->errors + diag->warnings;

    if (diag->messages_count > 0) {
        qsort(diag->messages, diag->messages_count, sizeof(*diag->messages), diag_compare);
    }
    for (size_t i = 0; i < diag->messages_count; i++) {
        diag_print_message(diag, &diag->messages[i], colour ? &diag_colour : &diag_plain, out);
    }
    if (all > diag->messages_count) {
        diag_print_string(out, diag->path);
        fprintf(out, ": %zu further messages are not shown\n", all - diag->messages_count);
    }
    diag->last_kept = false;
}

void diag_free(struct diag *diag)
{
    for (size_t i = 0; i < diag->messages_count; i++) {
        free(diag->messages[i].text);
        free(diag->messages[i].help);
    }
    free(diag->messages);
    free(diag->path);
    *diag = (struct diag){ 0 };
}
