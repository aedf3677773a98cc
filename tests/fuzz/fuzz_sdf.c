/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Descriptions that are hostile. Beyond what the sanitizers see: every message is about a place
 * that the source has, and what is accepted can be printed and read again, with the same meaning.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "board.h"
#include "diag.h"
#include "sdf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char fuzz_board_name[] = "fuzz";

static const struct board fuzz_board = {
    .name = fuzz_board_name,
    .cpus = 4,
    .ram = { { 0x40000000, 0x40000000 }, { 0x100000000, 0x1000 } },
    .ram_count = 2,
    .reserved = { { 0x8000000, 0x30000 } },
    .reserved_count = 1,
    .gicd = 0x8000000,
    .gicv = 0x8040000,
    .spis = 288,
    .timer_ppi = 30,
};

static void fuzz_demand(int condition, const char *what)
{
    if (!condition) {
        fprintf(stderr, "fuzz_sdf: %s\n", what);
        abort();
    }
}

static void fuzz_check_places(const struct diag *diag, const uint8_t *data, size_t size)
{
    uint32_t lines = 1;

    for (size_t i = 0; i < size; i++) {
        lines += data[i] == '\n';
    }
    for (size_t i = 0; i < diag->messages_count; i++) {
        const struct diag_pos *pos = &diag->messages[i].pos;

        fuzz_demand(pos->line <= lines, "a message is about a line that is not there");
        fuzz_demand((pos->line == 0) == (pos->column == 0), "a line without a column");
        fuzz_demand(pos->column <= size + 1 && pos->length <= size, "a place is too wide");
    }
}

/** Print what was accepted, to be released with free(). */
static char *fuzz_print(const struct sdf *sdf, size_t *bytes)
{
    char *text = NULL;
    FILE *out = open_memstream(&text, bytes);

    fuzz_demand(out != NULL, "no memory");
    sdf_print(sdf, out);
    fclose(out);
    return text;
}

/** Read a description and check it; the messages go to a file that is not kept. */
static size_t fuzz_read(const char *text, size_t bytes, struct sdf *sdf)
{
    static FILE *nowhere;
    struct diag diag;
    size_t errors;

    if (nowhere == NULL) {
        nowhere = fopen("/dev/null", "w");
        fuzz_demand(nowhere != NULL, "no /dev/null");
    }
    diag_init(&diag, "fuzz.system");
    if (sdf_parse_memory(text, bytes, &diag, sdf) == SDF_OK) {
        sdf_check(sdf, &fuzz_board, &diag);
    } else {
        fuzz_demand(diag.errors > 0, "a refusal without a word");
    }
    fuzz_check_places(&diag, (const uint8_t *)text, bytes);
    diag_print(&diag, nowhere);
    errors = diag.errors;
    diag_free(&diag);
    return errors;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sdf sdf;

    if (fuzz_read((const char *)data, size, &sdf) == 0) {
        size_t bytes, again_bytes;
        char *text = fuzz_print(&sdf, &bytes);
        char *again_text;
        struct sdf again;

        fuzz_demand(fuzz_read(text, bytes, &again) == 0, "what was printed is not accepted");
        again_text = fuzz_print(&again, &again_bytes);
        fuzz_demand(bytes == again_bytes && memcmp(text, again_text, bytes) == 0,
                    "what was printed means something else");
        sdf_free(&again);
        free(again_text);
        free(text);
    }
    sdf_free(&sdf);
    return 0;
}
