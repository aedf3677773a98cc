/* SPDX-License-Identifier: BSD-2-Clause */
/* Command lines: one table of all options, of which each subcommand allows some. */
#ifndef TOOL_OPTIONS_H
#define TOOL_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "search.h"

/** Options, as bits for options_parse(). */
#define OPTIONS_BOARD (1u << 0)      /* --board B, --ram SIZE */
#define OPTIONS_CONFIG (1u << 1)     /* --config C */
#define OPTIONS_SEARCH (1u << 2)     /* --search-path DIR, repeatable */
#define OPTIONS_SDK (1u << 3)        /* --sdk DIR */
#define OPTIONS_OUTPUT (1u << 4)     /* -o, --output FILE */
#define OPTIONS_REPORT (1u << 5)     /* -r, --report FILE */
#define OPTIONS_IMAGE_TYPE (1u << 6) /* --image-type binary|elf|uimage */
#define OPTIONS_KERNEL (1u << 7)     /* --override-kernel ELF */
#define OPTIONS_JSON (1u << 8)       /* --json */
#define OPTIONS_RUN (1u << 9)        /* those of `run` */
#define OPTIONS_SYSTEM (1u << 10)    /* --system FILE */
#define OPTIONS_ELF (1u << 11)       /* --elf name=path, repeatable */
#define OPTIONS_MICROKIT (1u << 12)  /* --capdl-json F, --viper-output P: accepted, no effect */
#define OPTIONS_WATCH (1u << 13)     /* those of `watch` */
/** What every subcommand needs that looks at a description with its programs. */
#define OPTIONS_COMMON (OPTIONS_BOARD | OPTIONS_CONFIG | OPTIONS_SEARCH | OPTIONS_SDK)

/** The values of an option that may be repeated. */
struct options_list {
    const char **values;
    size_t count;
};

struct options {
    const char *command; /* as typed, for messages: "bulkhead build" */
    const char *input;   /* the positional argument, or NULL */
    const char *board;
    const char *ram;
    const char *config;
    const char *sdk;
    struct search search;
    const char *output;
    const char *report;
    const char *image_type;
    const char *kernel;
    const char *system;
    struct options_list disks;
    struct options_list nets;
    struct options_list forwards;
    struct options_list elfs;
    bool json;
    bool verbose;
    bool gdb;
    bool icount;
    const char *gdb_port;
    const char *cpus;
    const char *cpu;
    const char *gic;
    const char *memory_file;
    const char *watch; /* the value of --watch, empty where it has none; or NULL */
    const char *interval;
    const char *count;
    bool help;
    char **rest; /* after "--", NULL-terminated; or NULL */
};

/**
 * Read a command line. The strings of `argv` are borrowed.
 *
 * allowed: OPTIONS_* bits. `--help` is always allowed, and -v, --verbose.
 * Returns false when the line is wrong, after saying so on standard error.
 */
bool options_parse(struct options *options, int argc, char **argv, unsigned allowed);

/** Say on standard error that the command line is wrong, and how to get help. */
void options_complain(const struct options *options, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/** A number of an option in [low, high]; says so when it is none, and returns false. */
bool options_number(const struct options *options, const char *what, const char *text, uint64_t low,
                    uint64_t high, uint64_t *value);

/** Release what options_parse() made. */
void options_free(struct options *options);

#endif
