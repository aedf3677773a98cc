/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest's terminal: one stream of bytes out of the VM, and one in. Early UART, virtIO console and
 * what the VMM says of its guest all go out here, in the order in which they came.
 *
 * Connected, it is a client of the serial virtualiser (io/serial/client.h): bytes go as they are,
 * and who has more of them than there is room for waits. Otherwise output becomes lines on the
 * debug console (lines.h), which take everything, and there is no input.
 */
#ifndef VMM_TERMINAL_H
#define VMM_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "io/serial/client.h"
#include "lines.h"

/** Bytes of the VMM's sentences that wait for room; what is beyond is lost, and counted. */
#define TERMINAL_KEPT 1024u
/** Bytes of input that are taken from the virtualiser at a time. */
#define TERMINAL_INPUT 64u

struct terminal {
    struct lines lines;
    bool connected;
    bool notify; /* the virtualiser is to be notified */
    bool inside; /* the last byte that went out did not end a line */
    uint32_t channel;
    struct serial_client client;
    char kept[TERMINAL_KEPT];
    size_t kept_count;
    uint64_t lost; /* bytes of sentences */
    uint8_t input[TERMINAL_INPUT];
    size_t input_first;
    size_t input_count;
};

/** Not connected. `name` is the guest's; it stays the caller's, and must stay. */
void terminal_init(struct terminal *terminal, const char *name);

/** Connect to the virtualiser behind `memory` and `channel`. False: the memory is no connection. */
bool terminal_connect(struct terminal *terminal, void *memory, size_t bytes, uint32_t channel);

/**
 * Send what the guest sent. Returns how many bytes were taken; with less than `count`, the
 * virtualiser's notification says when there is room again.
 */
size_t terminal_send(struct terminal *terminal, const void *bytes, size_t count);

/** Whether terminal_send() would take a byte; when not, a notification comes as above. */
bool terminal_has_room(struct terminal *terminal);

/** Say a sentence of `count` pieces about the guest, as a line of its own. */
void terminal_say(struct terminal *terminal, const char *const *pieces, size_t count);

/**
 * The next bytes of input, which stay until terminal_drop(). Returns how many there are; when none,
 * a notification comes with the next.
 */
size_t terminal_input(struct terminal *terminal, const uint8_t **bytes);

/** Whether a person has asked for statistics (`@s`) since the last call. */
bool terminal_asked(struct terminal *terminal);

/** The first `count` bytes of input went to the guest. */
void terminal_drop(struct terminal *terminal, size_t count);

/** Wake the virtualiser if there is something for it. To be called when an event is done. */
void terminal_flush(struct terminal *terminal);

#endif
