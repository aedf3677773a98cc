/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The serial virtualiser's configuration: text, one setting a line, made by the tool or by hand.
 * Words are separated by blanks; `#` begins a comment. Numbers are decimal, or hexadecimal behind
 * 0x.
 *
 *     device CHANNEL ADDRESS BYTES           the driver's connection
 *     client CHANNEL ADDRESS BYTES NAME [COLOUR]   a client's connection; in the order of the
 * numbers about NAME CLIENT                      reports about the PD or VM NAME are CLIENT's (a
 * name) switch CHARACTER                       one printable character, or ctrl-\ and the like; @
 *     colours on|off                         on
 *     limit BYTES                            bytes that may be with the device at a time; 256
 *     timer CHANNEL                          a timer driver (io/timer/protocol.h)
 *
 * COLOUR is a parameter of "select graphic rendition", 30 to 37 or 90 to 97; without it clients are
 * green, red, yellow, blue, magenta, cyan, then the same but brighter.
 */
#ifndef IO_SERIAL_CONFIG_H
#define IO_SERIAL_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tx.h"

/** Channel numbers are below this. */
#define SERIAL_CONFIG_CHANNELS 62U
#define SERIAL_CONFIG_ABOUT 64U
/** `channel` of what was not set. */
#define SERIAL_CONFIG_NONE UINT32_MAX

struct serial_connection {
    uint32_t channel;
    uintptr_t address;
    size_t bytes;
};

struct serial_config {
    struct serial_connection device;
    struct {
        struct serial_connection connection;
        char name[SERIAL_NAME_BYTES];
        uint8_t colour;
    } clients[SERIAL_MAX_CLIENTS];
    unsigned int count;
    struct {
        char name[SERIAL_NAME_BYTES];
        unsigned int client;
    } about[SERIAL_CONFIG_ABOUT];
    unsigned int about_count;
    uint8_t character;
    bool colours;
    uint32_t limit;
    uint32_t timer;
};

enum serial_config_error {
    SERIAL_CONFIG_OK = 0,
    /** No such setting, or too many or too few words for it. */
    SERIAL_CONFIG_UNKNOWN = 1,
    /** A number that is none or out of range, or a channel that is used twice. */
    SERIAL_CONFIG_NUMBER = 2,
    /** A name that is too long, used twice, or not that of a client above. */
    SERIAL_CONFIG_NAME = 3,
    /** More clients or names than there is room for. */
    SERIAL_CONFIG_MANY = 4,
    /** There is no device, or no client. */
    SERIAL_CONFIG_MISSING = 5,
};

/**
 * Reads `bytes` bytes of text, which a zero may end earlier. On an error `*line` is the number of
 * the line (from 1) and `config` must not be used.
 */
enum serial_config_error serial_config_read(struct serial_config *config, const char *text,
                                            size_t bytes, unsigned int *line);

/** The client (from 0) to whom reports about the PD or VM `name` belong, or SERIAL_NOBODY. */
unsigned int serial_config_about(const struct serial_config *config, const char *name);

#endif
