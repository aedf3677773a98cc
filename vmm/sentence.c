/* SPDX-License-Identifier: BSD-2-Clause */
#include "sentence.h"

/** Of the largest number, with its zero. */
#define SENTENCE_DECIMAL_BYTES 21u

void sentence_add(struct sentence *sentence, const char *text)
{
    while (*text != '\0' && sentence->count < SENTENCE_BYTES - 1) {
        sentence->text[sentence->count++] = *text++;
    }
    sentence->text[sentence->count] = '\0';
}

void sentence_add_number(struct sentence *sentence, uint64_t number)
{
    char digits[SENTENCE_DECIMAL_BYTES];
    char *at = digits + sizeof(digits) - 1;

    *at = '\0';
    do {
        *--at = (char)('0' + number % 10);
        number /= 10;
    } while (number != 0);
    sentence_add(sentence, at);
}
