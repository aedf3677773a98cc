/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The serial virtualiser: both halves (tx.h, rx.h) between one device and its clients, and what it
 * says itself. Plain C: the program around it (pd_serial.c) has the channels and the clock.
 */
#ifndef IO_SERIAL_VIRTUALISER_H
#define IO_SERIAL_VIRTUALISER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config.h"
#include "queue.h"
#include "rx.h"
#include "tx.h"

struct serial_virtualiser {
    struct serial_tx tx;
    struct serial_rx rx;
    /** What the device received. */
    struct serial_queue input;
    uint64_t input_bytes;
    /** Sentences that found no room among the notes. */
    uint64_t unsaid;
};

/**
 * Opens both ends of the device's connection and the clients' ones, at the addresses that `config`
 * names, which are mapped. Returns what serial_queue_open_producer() does for the first that fails;
 * `virtualiser` must then not be used. Notify the device and every client once when it has
 * succeeded.
 */
enum serial_queue_error serial_virtualiser_open(struct serial_virtualiser *virtualiser,
                                                const struct serial_config *config);

/**
 * Does what there is to do at the time `now` in nanoseconds, which must not go back, and says whom
 * to notify and when to come back.
 */
struct serial_tx_work serial_virtualiser_serve(struct serial_virtualiser *virtualiser,
                                               uint64_t now);

#endif
