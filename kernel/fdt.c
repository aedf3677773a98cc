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

static bool fdt_equal(const uint8_t *s, uint32_t bytes, const char *with)
{
    for (uint32_t i = 0; i < bytes; i++) {
        if (s[i] != (uint8_t)with[i]) {
            return false;
        }
        if (with[i] == '\0') {
            return true;
        }
    }
    return false;
}

static bool fdt_prefix(const uint8_t *s, uint32_t bytes, const char *prefix)
{
    uint32_t i = 0;
    while (prefix[i] != '\0') {
        if (i >= bytes || s[i] != (uint8_t)prefix[i]) {
            return false;
        }
        i++;
    }
    return true;
}

static void fdt_memory(const struct fdt_reader *r, const uint8_t *reg, uint32_t bytes,
                       struct fdt_facts *facts)
{
    uint32_t entry = 4 * (r->address_cells + r->size_cells);
    for (uint32_t off = 0; entry > 0 && bytes - off >= entry; off += entry) {
        if (facts->memory_count == FDT_MAX_MEMORY) {
            return;
        }
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
    if (r->depth == 1 && bytes == 4 && fdt_equal(s, left, "#address-cells")) {
        r->address_cells = fdt_word(value) & 3;
    } else if (r->depth == 1 && bytes == 4 && fdt_equal(s, left, "#size-cells")) {
        r->size_cells = fdt_word(value) & 3;
    } else if (r->depth == 2 && r->in_memory && fdt_equal(s, left, "reg")) {
        fdt_memory(r, value, bytes, facts);
    } else if (r->depth == 2 && r->in_chosen && bytes >= sizeof(facts->seed) &&
               fdt_equal(s, left, "rng-seed")) {
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
    uint32_t struct_off = fdt_word(tree + 8);
    uint32_t strings_off = fdt_word(tree + 12);
    uint32_t strings_bytes = fdt_word(tree + 32);
    uint32_t struct_bytes = fdt_word(tree + 36);
    if (total < FDT_HEADER_BYTES || total > FDT_MAX_BYTES || struct_off > total ||
        struct_bytes > total - struct_off || strings_off > total ||
        strings_bytes > total - strings_off || struct_off % 4 != 0) {
        return false;
    }
    *r = (struct fdt_reader){
        .tree = tree,
        .strings_off = strings_off,
        .strings_bytes = strings_bytes,
        .next = struct_off,
        .end = struct_off + struct_bytes / 4 * 4,
        .address_cells = 2,
        .size_cells = 1,
    };
    return true;
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
        if (token == FDT_BEGIN_NODE) {
            const uint8_t *name = r.tree + r.next;
            r.depth++;
            if (r.depth == 2) {
                r.in_memory = fdt_equal(name, r.end - r.next, "memory") ||
                              fdt_prefix(name, r.end - r.next, "memory@");
                r.in_chosen = fdt_equal(name, r.end - r.next, "chosen");
            }
            uint32_t length = 0;
            while (r.next + length < r.end && name[length] != '\0') {
                length++;
            }
            r.next += length / 4 * 4 + 4;
            if (r.next > r.end) {
                return;
            }
        } else if (token == FDT_END_NODE) {
            if (r.depth == 0) {
                return;
            }
            r.depth--;
        } else if (token == FDT_PROP) {
            if (r.end - r.next < 8) {
                return;
            }
            uint32_t bytes = fdt_word(r.tree + r.next);
            uint32_t name = fdt_word(r.tree + r.next + 4);
            r.next += 8;
            if (bytes > r.end - r.next) {
                return;
            }
            fdt_property(&r, r.tree + r.next, bytes, name, facts);
            uint32_t padded = bytes / 4 * 4 + (bytes % 4 != 0 ? 4 : 0);
            if (padded > r.end - r.next) {
                return;
            }
            r.next += padded;
        } else if (token != FDT_NOP) {
            return;
        }
    }
}
