/* SPDX-License-Identifier: BSD-2-Clause */
/* What a look at a running system found: a screen for people, or lines for programs and files. */
#ifndef TOOL_WATCH_SHOW_H
#define TOOL_WATCH_SHOW_H

#include <stdio.h>

#include "watch_devices.h"
#include "watch_load.h"

struct watch_view {
    const char *title;
    const struct watch_load *load; /* NULL: the kernel counts nothing */
    const struct watch_devices *devices;
    double seconds;  /* since the first look */
    double interval; /* seconds between looks */
};

/** What is to be said of a kernel that counts nothing, and what to do about it. */
#define WATCH_SHOW_LACK "this kernel counts no CPU shares and exits"
#define WATCH_SHOW_REMEDY "build the image with --config benchmark (make run CONFIG=benchmark)"
#define WATCH_SHOW_NO_COUNTS WATCH_SHOW_LACK ": " WATCH_SHOW_REMEDY

/**
 * Draw a screen, from its upper left corner on, over what is there. What has nothing to show is
 * left out where the rows are too few.
 */
void watch_show_screen(const struct watch_view *view, FILE *out, unsigned columns, unsigned rows);

/**
 * Print a line each CPU, thread and device, each beginning with the time in seconds; docs/tool.md
 * has their form.
 */
void watch_show_lines(const struct watch_view *view, FILE *out);

/** A number of people: "7", "3.2", "41.5k". `text` has room for 16 bytes and is returned. */
const char *watch_show_number(double value, char text[16]);

#endif
