/* SPDX-License-Identifier: BSD-2-Clause */
#include "options.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"

enum options_kind {
    OPTIONS_TEXT, /* a value, at most once */
    OPTIONS_FLAG,
    OPTIONS_DIR,      /* --search-path */
    OPTIONS_LIST,     /* --elf, --disk, ...: repeatable */
    OPTIONS_OPTIONAL, /* --gdb [port] */
    OPTIONS_EQUALS,   /* --watch[=place]: a text, which may be empty */
    OPTIONS_IGNORED,  /* a value without effect */
};

struct options_entry {
    const char *name;
    const char *letter; /* "-o", or NULL */
    unsigned bit;       /* 0: always allowed */
    enum options_kind kind;
    size_t field; /* const char * or bool */
};

#define FIELD(name) offsetof(struct options, name)

static const struct options_entry options_table[] = {
    { "--board", NULL, OPTIONS_BOARD, OPTIONS_TEXT, FIELD(board) },
    { "--ram", NULL, OPTIONS_BOARD, OPTIONS_TEXT, FIELD(ram) },
    { "--config", NULL, OPTIONS_CONFIG, OPTIONS_TEXT, FIELD(config) },
    { "--search-path", NULL, OPTIONS_SEARCH, OPTIONS_DIR, FIELD(search) },
    { "--sdk", NULL, OPTIONS_SDK, OPTIONS_TEXT, FIELD(sdk) },
    { "--output", "-o", OPTIONS_OUTPUT, OPTIONS_TEXT, FIELD(output) },
    { "--report", "-r", OPTIONS_REPORT, OPTIONS_TEXT, FIELD(report) },
    { "--image-type", NULL, OPTIONS_IMAGE_TYPE, OPTIONS_TEXT, FIELD(image_type) },
    { "--override-kernel", NULL, OPTIONS_KERNEL, OPTIONS_TEXT, FIELD(kernel) },
    { "--json", NULL, OPTIONS_JSON, OPTIONS_FLAG, FIELD(json) },
    { "--system", NULL, OPTIONS_SYSTEM, OPTIONS_TEXT, FIELD(system) },
    { "--elf", NULL, OPTIONS_ELF, OPTIONS_LIST, FIELD(elfs) },
    { "--disk", NULL, OPTIONS_RUN, OPTIONS_LIST, FIELD(disks) },
    { "--net", NULL, OPTIONS_RUN, OPTIONS_LIST, FIELD(nets) },
    { "--forward", NULL, OPTIONS_RUN, OPTIONS_LIST, FIELD(forwards) },
    { "--gdb", NULL, OPTIONS_RUN, OPTIONS_OPTIONAL, FIELD(gdb) },
    { "--cpus", NULL, OPTIONS_RUN, OPTIONS_TEXT, FIELD(cpus) },
    { "--cpu", NULL, OPTIONS_RUN, OPTIONS_TEXT, FIELD(cpu) },
    { "--gic", NULL, OPTIONS_RUN, OPTIONS_TEXT, FIELD(gic) },
    { "--icount", NULL, OPTIONS_RUN, OPTIONS_FLAG, FIELD(icount) },
    { "--memory-file", NULL, OPTIONS_RUN, OPTIONS_TEXT, FIELD(memory_file) },
    { "--watch", NULL, OPTIONS_RUN, OPTIONS_EQUALS, FIELD(watch) },
    { "--interval", NULL, OPTIONS_WATCH, OPTIONS_TEXT, FIELD(interval) },
    { "--count", NULL, OPTIONS_WATCH, OPTIONS_TEXT, FIELD(count) },
    { "--capdl-json", NULL, OPTIONS_MICROKIT, OPTIONS_IGNORED, 0 },
    { "--viper-output", NULL, OPTIONS_MICROKIT, OPTIONS_IGNORED, 0 },
    { "--verbose", "-v", 0, OPTIONS_FLAG, FIELD(verbose) },
    { "--help", "-h", 0, OPTIONS_FLAG, FIELD(help) },
};

void options_complain(const struct options *options, const char *format, ...)
{
    va_list args;

    fprintf(stderr, "%s: ", options->command);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fprintf(stderr, "\ntry '%s --help'\n", options->command);
}

/* The entry for an argument; *value is set to what follows a '=', or NULL. */
static const struct options_entry *options_find(const char *argument, unsigned allowed,
                                                const char **value)
{
    const char *equals = strchr(argument, '=');
    size_t length = equals != NULL ? (size_t)(equals - argument) : strlen(argument);

    for (size_t i = 0; i < sizeof(options_table) / sizeof(options_table[0]); i++) {
        const struct options_entry *entry = &options_table[i];

        if (entry->bit != 0 && (entry->bit & allowed) == 0) {
            continue;
        }
        if (strlen(entry->name) == length && strncmp(entry->name, argument, length) == 0) {
            *value = equals != NULL ? equals + 1 : NULL;
            return entry;
        }
        if (entry->letter != NULL && strcmp(entry->letter, argument) == 0) {
            *value = NULL;
            return entry;
        }
    }
    return NULL;
}

static void options_add(struct options_list *list, const char *value)
{
    list->values = alloc_grow(list->values, list->count, sizeof(*list->values));
    list->values[list->count++] = value;
}

static bool options_store(struct options *options, const struct options_entry *entry,
                          const char *value)
{
    const char **text = (const char **)((char *)options + entry->field);
    struct options_list *list = (struct options_list *)((char *)options + entry->field);

    switch (entry->kind) {
    case OPTIONS_TEXT:
    case OPTIONS_EQUALS:
        if (*text != NULL) {
            options_complain(options, "%s is given twice", entry->name);
            return false;
        }
        *text = value;
        return true;
    case OPTIONS_DIR:
        search_add(&options->search, value);
        return true;
    case OPTIONS_LIST:
        options_add(list, value);
        return true;
    case OPTIONS_FLAG:
    case OPTIONS_OPTIONAL:
        *(bool *)((char *)options + entry->field) = true;
        return true;
    case OPTIONS_IGNORED:
        fprintf(stderr, "bulkhead: %s has no effect\n", entry->name);
        return true;
    }
    return false;
}

static bool options_is_number(const char *text)
{
    return text != NULL && text[0] != '\0' && strspn(text, "0123456789") == strlen(text);
}

static bool options_option(struct options *options, int argc, char **argv, int *at,
                           unsigned allowed)
{
    const char *value;
    const struct options_entry *entry = options_find(argv[*at], allowed, &value);

    if (entry == NULL) {
        options_complain(options, "unknown option '%s'", argv[*at]);
        return false;
    }
    if (entry->kind == OPTIONS_FLAG) {
        if (value != NULL) {
            options_complain(options, "%s takes no value", entry->name);
            return false;
        }
        return options_store(options, entry, NULL);
    }
    if (entry->kind == OPTIONS_OPTIONAL) {
        if (value == NULL && *at + 1 < argc && options_is_number(argv[*at + 1])) {
            value = argv[++*at];
        }
        options->gdb_port = value;
        return options_store(options, entry, value);
    }
    if (value == NULL && entry->kind == OPTIONS_EQUALS) {
        value = "";
    }
    if (value == NULL) {
        if (*at + 1 >= argc) {
            options_complain(options, "%s needs a value", entry->name);
            return false;
        }
        value = argv[++*at];
    }
    if (!options_store(options, entry, value)) {
        return false;
    }
    /* The Microkit tool's --search-path takes any number of folders. */
    while (entry->kind == OPTIONS_DIR && (allowed & OPTIONS_MICROKIT) != 0 &&
           options->input != NULL && *at + 1 < argc && argv[*at + 1][0] != '-') {
        search_add(&options->search, argv[++*at]);
    }
    return true;
}

bool options_parse(struct options *options, int argc, char **argv, unsigned allowed)
{
    memset(options, 0, sizeof(*options));
    options->command = argv[0];
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--") == 0) {
            options->rest = &argv[i + 1];
            break;
        }
        if (argv[i][0] == '-' && argv[i][1] != '\0') {
            if (!options_option(options, argc, argv, &i, allowed)) {
                return false;
            }
        } else if (options->input == NULL) {
            options->input = argv[i];
        } else {
            options_complain(options, "'%s' is one argument too many", argv[i]);
            return false;
        }
    }
    if (options->rest != NULL && options->rest[0] != NULL && (allowed & OPTIONS_RUN) == 0) {
        options_complain(options, "nothing can follow '--'");
        return false;
    }
    return true;
}

bool options_number(const struct options *options, const char *what, const char *text, uint64_t low,
                    uint64_t high, uint64_t *value)
{
    unsigned long long number = 0;

    errno = 0;
    if (options_is_number(text)) {
        number = strtoull(text, NULL, 10);
    }
    if (!options_is_number(text) || errno != 0 || number < low || number > high) {
        options_complain(options, "%s must be a number from %llu to %llu, not '%s'", what,
                         (unsigned long long)low, (unsigned long long)high, text);
        return false;
    }
    *value = number;
    return true;
}

void options_free(struct options *options)
{
    search_free(&options->search);
    free(options->disks.values);
    free(options->elfs.values);
    free(options->forwards.values);
    free(options->nets.values);
}
