/* SPDX-License-Identifier: BSD-2-Clause */
#include "fdt.h"

#include <stdbool.h>
#include <stddef.h>

#define FDT_MAGIC 0xd00dfeedu
#define FDT_MAX_BYTES (2u << 20)
#define FDT_HEADER_BYTES 40

#define FDT_BEGIN_NODE 1u
#define FDT_END_NODE 2u
#define FDT_PROP 3u
#define FDT_NOP 4u

struct fdt_reader {
    const uint8_t *tree;
    uint32_t strings_off, strings_bytes;
    uint32_t next, end;                 /* in the structure block */
    uint32_t address_cells, size_cells; /* of the root */
    uint32_t depth;
    bool in_memory, in_chosen; /* the node of the root that is being read */
};

static uint32_t fdt_word(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/** A property of `cells` cells (1 or 2; others read as 0) at `p`. */
static uint64_t fdt_number(const uint8_t *p, uint32_t cells)
{
    uint64_t value = 0;
    for (size_t i = 0; i < cells && cells <= 2; i++) {
        value = value << 32 | fdt_word(p + 4 * i);
    }
    return value;
}

/** Do the `bytes` bytes at `s` begin with those of `with`, `count` of them? */
static bool fdt_begins(const uint8_t *s, uint32_t bytes, const char *with, size_t count)
{
    bool same = count <= bytes;
    for (size_t i = 0; i < count && same; i++) {
        same = s[i] == (uint8_t)with[i];
    }
    return same;
}

/** The same of a string literal: its zero too, or only what is before that. */
#define FDT_EQUAL(s, bytes, literal) fdt_begins(s, bytes, literal, sizeof(literal))
#define FDT_PREFIX(s, bytes, literal) fdt_begins(s, bytes, literal, sizeof(literal) - 1)

static void fdt_memory(const struct fdt_reader *r, const uint8_t *reg, uint32_t bytes,
                       struct fdt_facts *facts)
{
    uint32_t entry = 4 * (r->address_cells + r->size_cells);
    for (uint32_t off = 0;
         entry > 0 && bytes - off >= entry && facts->memory_count < FDT_MAX_MEMORY; off += entry) {
        struct fdt_range *range = &facts->memory[facts->memory_count++];
        range->base = fdt_number(reg + off, r->address_cells);
        range->bytes = fdt_number(reg + off + 4UL * r->address_cells, r->size_cells);
    }
}

static void fdt_property(struct fdt_reader *r, const uint8_t *value, uint32_t bytes, uint32_t name,
                         struct fdt_facts *facts)
{
    if (name >= r->strings_bytes) {
        return;
    }
    const uint8_t *s = r->tree + r->strings_off + name;
    uint32_t left = r->strings_bytes - name;
    if (r->depth == 1 && bytes == 4 && FDT_EQUAL(s, left, "#address-cells")) {
        r->address_cells = fdt_word(value) & 3;
    } else if (r->depth == 1 && bytes == 4 && FDT_EQUAL(s, left, "#size-cells")) {
        r->size_cells = fdt_word(value) & 3;
    } else if (r->depth == 2 && r->in_memory && FDT_EQUAL(s, left, "reg")) {
        fdt_memory(r, value, bytes, facts);
    } else if (r->depth == 2 && r->in_chosen && bytes >= sizeof(facts->seed) &&
               FDT_EQUAL(s, left, "rng-seed")) {
        for (uint32_t i = 0; i < FDT_SEED_WORDS; i++) {
            facts->seed[i] = fdt_word(value + 4UL * i);
        }
    }
}

/** Opens the tree; false if its header is wrong. */
static bool fdt_open(struct fdt_reader *r, const void *dtb)
{
    const uint8_t *tree = dtb;
    if (tree == NULL || ((uintptr_t)tree & 7) != 0 || fdt_word(tree) != FDT_MAGIC) {
        return false;
    }
    uint32_t total = fdt_word(tree + 4);
    uint32_t struct_bytes = fdt_word(tree + 36);
    *r = (struct fdt_reader){
        .tree = tree,
        .strings_off = fdt_word(tree + 12),
        .strings_bytes = fdt_word(tree + 32),
        .next = fdt_word(tree + 8),
        .end = fdt_word(tree + 8) + struct_bytes / 4 * 4,
        .address_cells = 2,
        .size_cells = 1,
    };
    return total >= FDT_HEADER_BYTES && total <= FDT_MAX_BYTES && r->next % 4 == 0 &&
           r->next <= total && struct_bytes <= total - r->next && r->strings_off <= total &&
           r->strings_bytes <= total - r->strings_off;
}

void fdt_read(const void *dtb, struct fdt_facts *facts)
{
    struct fdt_reader r;
    if (!fdt_open(&r, dtb)) {
        return;
    }
    while (r.end - r.next >= 4) {
        uint32_t token = fdt_word(r.tree + r.next);
        r.next += 4;
        const uint8_t *at = r.tree + r.next;
        uint32_t left = r.end - r.next;
        uint32_t bytes = 0;
        if (token == FDT_BEGIN_NODE) {
            r.depth++;
            if (r.depth == 2) {
                r.in_memory = FDT_EQUAL(at, left, "memory") || FDT_PREFIX(at, left, "memory@");
                r.in_chosen = FDT_EQUAL(at, left, "chosen");
            }
            while (bytes < left && at[bytes] != 0) {
                bytes++;
            }
            bytes++;
        } else if (token == FDT_END_NODE && r.depth > 0) {
            r.depth--;
        } else if (token == FDT_PROP && left >= 8 && fdt_word(at) <= left - 8) {
            bytes = 8 + fdt_word(at);
            fdt_property(&r, at + 8, bytes - 8, fdt_word(at + 4), facts);
        } else if (token != FDT_NOP) {
            return;
        }
        /* The next token is aligned. */
        bytes = (bytes + 3) / 4 * 4;
        if (bytes > left) {
            return;
        }
        r.next += bytes;
    }
}
