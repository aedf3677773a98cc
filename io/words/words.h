/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The words of the texts that configure programs: a setting a line, words between blanks, and from
 * a word that begins with `#` on, nothing. What is read stays where it is, and need not end with a
 * zero.
 */
#ifndef IO_WORDS_WORDS_H
#define IO_WORDS_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WORDS_MAC_BYTES 6

/** A text, a line, the rest of one, or a word: [at, end). */
struct words {
    const char *at;
    const char *end;
};

/** Take the next line off the text, without its end. False: there is none. */
bool words_line(struct words *text, struct words *line);

/** Take the next word off the line. An empty one: there is none. */
struct words words_next(struct words *line);

/** The rest of a line as one text, `#` and blanks in between included. */
struct words words_rest(struct words line);

size_t words_length(struct words word);

bool words_is(struct words word, const char *wanted);

/** Does the word begin so, and go on? Then `*rest` is how it goes on. */
bool words_begin(struct words word, const char *start, struct words *rest);

/** A number up to `most`: decimal, or hexadecimal behind 0x. False: the word is none. */
bool words_number(struct words word, uint64_t most, uint64_t *value);

/** An Ethernet address such as 02:00:00:00:00:01. False: the word is none, or a group's. */
bool words_mac(struct words word, uint8_t mac[WORDS_MAC_BYTES]);

/**
 * Copy a word to `to`, which has `room` bytes, and end it with a zero. False: it is empty, does not
 * fit, or has a zero in it.
 */
bool words_copy(struct words word, char *to, size_t room);

#endif
