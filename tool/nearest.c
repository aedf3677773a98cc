/* SPDX-License-Identifier: BSD-2-Clause */
#include "nearest.h"

#include <ctype.h>
#include <string.h>

#define NEAREST_MAX_LENGTH 40
/** A suggestion is a service: it need not look at every name of a hostile file. */
#define NEAREST_MAX_CANDIDATES 500

static size_t nearest_min(size_t a, size_t b)
{
    return a < b ? a : b;
}

/** Insertions, deletions, replacements and swaps of neighbours between two short words. */
static size_t nearest_distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
    size_t rows[3][NEAREST_MAX_LENGTH + 1];

    for (size_t j = 0; j <= b_length; j++) {
        rows[0][j] = j;
    }
    for (size_t i = 1; i <= a_length; i++) {
        size_t *row = rows[i % 3];
        const size_t *above = rows[(i + 2) % 3];
        const size_t *above2 = rows[(i + 1) % 3];

        row[0] = i;
        for (size_t j = 1; j <= b_length; j++) {
            int differs = tolower((unsigned char)a[i - 1]) != tolower((unsigned char)b[j - 1]);

            row[j] =
                nearest_min(above[j - 1] + (size_t)differs, nearest_min(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                row[j] = nearest_min(row[j], above2[j - 2] + 1);
            }
        }
    }
    return rows[a_length % 3][b_length];
}

void nearest_try(struct nearest *nearest, const char *candidate)
{
    size_t length = strlen(nearest->word);
    size_t candidate_length = strlen(candidate);
    size_t distance;

    if (nearest->seen++ >= NEAREST_MAX_CANDIDATES || length > NEAREST_MAX_LENGTH ||
        candidate_length > NEAREST_MAX_LENGTH) {
        return;
    }
    distance = nearest_distance(nearest->word, length, candidate, candidate_length);
    if (distance > (length + 2) / 3 || distance >= candidate_length) {
        return;
    }
    if (nearest->best == NULL || distance < nearest->distance) {
        nearest->best = candidate;
        nearest->distance = distance;
    }
}
