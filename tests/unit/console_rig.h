/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A console in its world, with one port or several, whose back end notes what it is asked for; and
 * the driver's hands on its queues.
 */
#ifndef TESTS_CONSOLE_RIG_H
#define TESTS_CONSOLE_RIG_H

#include <virtio/vconsole.h>

#include "virtio_rig.h"

#define CONSOLE_RIG_PORTS 3U
#define CONSOLE_RIG_QUEUES VCONSOLE_QUEUES(CONSOLE_RIG_PORTS, true)
#define CONSOLE_RIG_ENTRIES 16U

struct console_rig {
    struct vconsole console;
    /* What the console did. */
    char output[CONSOLE_RIG_PORTS][4096];
    size_t output_bytes[CONSOLE_RIG_PORTS];
    unsigned output_ends;
    unsigned wanted[CONSOLE_RIG_PORTS];
    unsigned opens[CONSOLE_RIG_PORTS];
    unsigned closes[CONSOLE_RIG_PORTS];
    char emergency[16];
    size_t emergencies;
    /* How many bytes of output are taken yet, and how many more are said to be. */
    size_t output_room;
    size_t output_lie;
};

extern struct console_rig console_rig;

/* What it is made of. */
struct vconsole_config console_rig_config(bool multiport, unsigned count);

/* For each test: a console of one port, or of several. virtio_rig_teardown() ends it. */
int console_rig_setup_single(void **state);
int console_rig_setup_multi(void **state);

/* The driver starts, with the queues of one port. */
void console_rig_boot(uint64_t features);

/* How often the device met that error. */
uint64_t console_rig_errors(enum virtio_error error);

/* A buffer for input; each queue has 4 KiB of data of its own, 256 bytes for each of 16 buffers. */
void console_rig_give(unsigned queue, uint32_t number, uint32_t bytes);

/* Bytes, or a text, as output. */
void console_rig_send(unsigned queue, const void *data, uint32_t bytes);
void console_rig_print(unsigned queue, const char *text);

/* Take a buffer back; its bytes go to `to`. Returns their number, or -1 when there is none. */
int console_rig_take(unsigned queue, void *to);

#endif
