/* SPDX-License-Identifier: BSD-2-Clause */
#include "words.h"

#include <string.h>

static bool words_is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

bool words_line(struct words *text, struct words *line)
{
    const char *newline;

    if (text->at == text->end) {
        return false;
    }
    newline = memchr(text->at, '\n', words_length(*text));
    *line = (struct words){ text->at, newline != NULL ? newline : text->end };
    text->at = newline != NULL ? newline + 1 : text->end;
    return true;
}

struct words words_next(struct words *line)
{
    struct words word;

    while (line->at < line->end && words_is_blank(*line->at)) {
        line->at++;
    }
    if (line->at < line->end && *line->at == '#') {
        line->at = line->end;
    }
    word.at = line->at;
    while (line->at < line->end && !words_is_blank(*line->at)) {
        line->at++;
    }
    word.end = line->at;
    return word;
}

struct words words_rest(struct words line)
{
    while (line.at < line.end && words_is_blank(*line.at)) {
        line.at++;
    }
    while (line.end > line.at && words_is_blank(line.end[-1])) {
        line.end--;
    }
    return line;
}

size_t words_length(struct words word)
{
    return (size_t)(word.end - word.at);
}

bool words_is(struct words word, const char *wanted)
{
    return words_length(word) == strlen(wanted) && memcmp(word.at, wanted, words_length(word)) == 0;
}

bool words_begin(struct words word, const char *start, struct words *rest)
{
    size_t bytes = strlen(start);

    if (words_length(word) <= bytes || memcmp(word.at, start, bytes) != 0) {
        return false;
    }
    *rest = (struct words){ word.at + bytes, word.end };
    return true;
}

static bool words_digit(char c, unsigned base, unsigned *digit)
{
    if (c >= '0' && c <= '9') {
        *digit = (unsigned)(c - '0');
    } else if (c >= 'a' && c <= 'f') {
        *digit = (unsigned)(c - 'a') + 10;
    } else if (c >= 'A' && c <= 'F') {
        *digit = (unsigned)(c - 'A') + 10;
    } else {
        return false;
    }
    return *digit < base;
}

bool words_number(struct words word, uint64_t most, uint64_t *value)
{
    unsigned base = 10;

    if (words_length(word) > 2 && word.at[0] == '0' && word.at[1] == 'x') {
        base = 16;
        word.at += 2;
    }
    *value = 0;
    for (const char *c = word.at; c < word.end; c++) {
        unsigned digit;

        if (!words_digit(*c, base, &digit) || digit > most || *value > (most - digit) / base) {
            return false;
        }
        *value = *value * base + digit;
    }
    return words_length(word) > 0;
}

bool words_mac(struct words word, uint8_t mac[WORDS_MAC_BYTES])
{
    if (words_length(word) != 3 * WORDS_MAC_BYTES - 1) {
        return false;
    }
    for (unsigned i = 0; i < WORDS_MAC_BYTES; i++) {
        const char *c = word.at + (size_t)3 * i;
        unsigned high;
        unsigned low;

        if (!words_digit(c[0], 16, &high) || !words_digit(c[1], 16, &low) ||
            (i + 1 < WORDS_MAC_BYTES && c[2] != ':')) {
            return false;
        }
        mac[i] = (uint8_t)(high << 4 | low);
    }
    /* A group's address is nobody's own. */
    return (mac[0] & 1) == 0;
}

bool words_copy(struct words word, char *to, size_t room)
{
    size_t bytes = words_length(word);

    if (bytes == 0 || bytes >= room || memchr(word.at, '\0', bytes) != NULL) {
        return false;
    }
    memcpy(to, word.at, bytes);
    to[bytes] = '\0';
    return true;
}
