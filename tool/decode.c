/* SPDX-License-Identifier: BSD-2-Clause */
#include "decode.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "lines.h"

static const char decode_start[] = "FAULT pd=";

/** What a VMM reports of its guest: the record's word, and what it means. */
static const struct decode_event {
    const char *start;
    const char *meaning; /* with a colon: the record's number follows */
} decode_events[] = {
    { "GUEST-OFF pd=", "the guest powered itself off" },
    { "GUEST-RESET pd=", "the guest reset itself; resets so far: " },
    { "GUEST-CRASH pd=", "the guest crashed; restarts after earlier crashes: " },
    { "GUEST-STOPPED pd=", "the guest stays off, as its policy says; restarts after crashes: " },
};

void decode_add(struct decode *decode, const char *pd, const char *path, struct elffile *elf)
{
    struct decode_program *program;

    decode->programs =
        alloc_grow(decode->programs, decode->programs_count, sizeof(*decode->programs));
    program = &decode->programs[decode->programs_count++];
    program->pd = alloc_copy(pd, strlen(pd));
    program->path = alloc_copy(path, strlen(path));
    program->elf = elf;
}

void decode_free(struct decode *decode)
{
    for (size_t i = 0; i < decode->programs_count; i++) {
        free(decode->programs[i].pd);
        free(decode->programs[i].path);
        elffile_close(decode->programs[i].elf);
    }
    free(decode->programs);
    decode->programs = NULL;
    decode->programs_count = 0;
}

static const struct decode_program *decode_find(const struct decode *decode, const char *name,
                                                size_t length)
{
    for (size_t i = 0; i < decode->programs_count; i++) {
        const struct decode_program *program = &decode->programs[i];

        if (strlen(program->pd) == length && memcmp(program->pd, name, length) == 0) {
            return program;
        }
    }
    return NULL;
}

/* A return address may be the first byte behind its function: the call is what is asked for. */
static void decode_name(const struct decode *decode, const struct decode_program *program,
                        uint64_t addr, bool is_return, bool named, FILE *out)
{
    uint64_t place = is_return && addr >= 4 ? addr - 4 : addr;
    const struct elffile_symbol *symbol = elffile_function_at(program->elf, place);

    if (symbol != NULL && !named) {
        fprintf(out, " <%s+0x%" PRIx64 ">", symbol->name, addr - symbol->addr);
    }
    if (symbol != NULL && decode->lines) {
        char *line = lines_find(program->path, place);

        if (line != NULL) {
            fprintf(out, " at %s", line);
            free(line);
        }
    }
}

/* The number at `text`, "0x...". Returns its end, or NULL if there is none. */
static const char *decode_number(const char *text, uint64_t *value)
{
    char *end;

    if (strncmp(text, "0x", 2) != 0 || strspn(text + 2, "0123456789abcdefABCDEF") == 0) {
        return NULL;
    }
    *value = strtoull(text, &end, 16);
    return end;
}

static void decode_fault(const struct decode *decode, const struct decode_program *program,
                         const char *text, FILE *out)
{
    bool is_return = strstr(text, " frame=") != NULL;

    while (*text != '\0') {
        const char *pc = strstr(text, " pc=");
        const char *end = pc != NULL ? pc + strlen(" pc=") : NULL;
        uint64_t addr;

        end = end != NULL ? decode_number(end, &addr) : NULL;
        if (end == NULL) {
            break;
        }
        bool named = strncmp(end, " <", 2) == 0 && strchr(end, '>') != NULL;
        if (named) {
            end = strchr(end, '>') + 1;
        }
        fwrite(text, 1, (size_t)(end - text), out);
        decode_name(decode, program, addr, is_return, named, out);
        text = end;
    }
    fputs(text, out);
}

static void decode_event(const char *line, const struct decode_event *event, FILE *out)
{
    static const char key[] = " number=";
    const char *number = strstr(line, key);
    int length = (int)strcspn(line, "\r");
    int digits = 0;

    if (number != NULL && strchr(event->meaning, ':') != NULL) {
        number += strlen(key);
        digits = (int)strspn(number, "0123456789");
    }
    fprintf(out, "%.*s (%s%.*s)%s", length, line, event->meaning, digits,
            number != NULL ? number : "", line + length);
}

/** Writes the line of a guest's event with its meaning before its end. False: it is none. */
static bool decode_guest(const char *line, FILE *out)
{
    for (size_t i = 0; i < sizeof(decode_events) / sizeof(decode_events[0]); i++) {
        if (strstr(line, decode_events[i].start) != NULL) {
            decode_event(line, &decode_events[i], out);
            return true;
        }
    }
    return false;
}

void decode_line(const struct decode *decode, const char *line, FILE *out)
{
    const char *start = strstr(line, decode_start);
    const struct decode_program *program = NULL;
    const char *name = NULL;

    if (start != NULL) {
        name = start + strlen(decode_start);
        program = decode_find(decode, name, strcspn(name, " \r"));
    }
    if (program == NULL) {
        if (!decode_guest(line, out)) {
            fputs(line, out);
        }
    } else {
        fwrite(line, 1, (size_t)(name - line), out);
        decode_fault(decode, program, name, out);
    }
}
