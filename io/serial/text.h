/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the serial virtualiser says itself, as notes of its own stream. Each function returns the
 * number of lines that found no room.
 */
#ifndef IO_SERIAL_TEXT_H
#define IO_SERIAL_TEXT_H

#include "virtualiser.h"

/** The first words on the terminal: who has the input, and how that is changed. */
unsigned int serial_text_greeting(struct serial_virtualiser *virtualiser);

/** Says to whom input goes. */
unsigned int serial_text_focus(struct serial_virtualiser *virtualiser);

/** Says that there is no client as it was typed. */
unsigned int serial_text_unknown(struct serial_virtualiser *virtualiser);

/** The commands, and the clients with their numbers, names and states. */
unsigned int serial_text_help(struct serial_virtualiser *virtualiser);

/**
 * What went through the clients' queues and the device: bytes and lines of output, lines that were
 * cut, bytes that wait; bytes of input, and those that were dropped; positions that made no sense.
 */
unsigned int serial_text_statistics(struct serial_virtualiser *virtualiser);

#endif
