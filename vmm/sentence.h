/* SPDX-License-Identifier: BSD-2-Clause */
/* A sentence for a person, put together of texts and numbers. */
#ifndef VMM_SENTENCE_H
#define VMM_SENTENCE_H

#include <stddef.h>
#include <stdint.h>

/** With its zero; what is beyond is left out. */
#define SENTENCE_BYTES 512u

/** Zeroed, it is empty. */
struct sentence {
    char text[SENTENCE_BYTES];
    size_t count;
};

/** Add a text. */
void sentence_add(struct sentence *sentence, const char *text);

/** Add a number, decimal. */
void sentence_add_number(struct sentence *sentence, uint64_t number);

#endif
