/* SPDX-License-Identifier: BSD-2-Clause */
#include "fdt.h"

#define MAGIC 0xd00dfeedU
#define TOKEN_BEGIN 1U
#define TOKEN_END 2U
#define TOKEN_PROPERTY 3U
#define TOKEN_NOP 4U
#define MOST_BYTES 0x200000U

static uint32_t big32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

bool fdt_equal(const char *one, const char *other)
{
    while (*one != '\0' && *one == *other) {
        one++;
        other++;
    }
    return *one == *other;
}

/* The length of a string that ends before `end`; -1 if it does not. */
static int64_t length(const uint8_t *tree, uint32_t at, uint32_t end)
{
    for (uint32_t i = at; i < end; i++) {
        if (tree[i] == 0) {
            return (int64_t)(i - at);
        }
    }
    return -1;
}

bool fdt_begin(struct fdt_walk *walk, const void *tree)
{
    const uint8_t *bytes = tree;
    uint32_t total, strings_bytes, structs_bytes;

    if (tree == NULL || ((uintptr_t)tree & 7) != 0 || big32(bytes) != MAGIC) {
        return false;
    }
    total = big32(bytes + 4);
    walk->tree = bytes;
    walk->structs = big32(bytes + 8);
    walk->strings = big32(bytes + 12);
    strings_bytes = big32(bytes + 32);
    structs_bytes = big32(bytes + 36);
    if (total < 40 || total > MOST_BYTES || big32(bytes + 24) > 17 || walk->structs > total ||
        structs_bytes > total - walk->structs || (walk->structs & 3) != 0 ||
        walk->strings > total || strings_bytes > total - walk->strings) {
        return false;
    }
    walk->structs_end = walk->structs + structs_bytes;
    walk->strings_end = walk->strings + strings_bytes;
    walk->next = walk->structs;
    walk->properties = walk->structs;
    walk->depth = 0;
    walk->path[0] = '\0';
    return true;
}

/* Length of the token at an offset, 0 if it does not fit in. */
static uint32_t token_bytes(const struct fdt_walk *walk, uint32_t at)
{
    uint32_t room = walk->structs_end - at;
    uint32_t bytes = 4;

    if (room < 4) {
        return 0;
    }
    switch (big32(walk->tree + at)) {
    case TOKEN_BEGIN: {
        int64_t name = length(walk->tree, at + 4, walk->structs_end);

        if (name < 0) {
            return 0;
        }
        bytes += (uint32_t)name + 1;
        break;
    }
    case TOKEN_PROPERTY:
        if (room < 12 || big32(walk->tree + at + 4) > room - 12) {
            return 0;
        }
        bytes += 8 + big32(walk->tree + at + 4);
        break;
    case TOKEN_END:
    case TOKEN_NOP:
        break;
    default:
        return 0;
    }
    bytes = (bytes + 3) & ~3U;
    return bytes <= room ? bytes : 0;
}

static uint8_t cells_of(const struct fdt_walk *walk, const char *name, uint8_t otherwise)
{
    uint32_t bytes;
    const uint8_t *value = fdt_property(walk, name, &bytes);

    if (value == NULL || bytes != 4 || big32(value) > 2) {
        return otherwise;
    }
    return (uint8_t)big32(value);
}

/* Enter the node whose name begins at an offset. */
static bool enter(struct fdt_walk *walk, uint32_t name)
{
    uint32_t end = walk->depth == 0 ? 0 : walk->path_end[walk->depth - 1];

    if (walk->depth == FDT_DEPTH) {
        return false;
    }
    if (walk->depth > 0) {
        walk->path[end++] = '/';
        for (; walk->tree[name] != 0; name++) {
            if (end + 2 >= sizeof(walk->path)) {
                return false;
            }
            walk->path[end++] = (char)walk->tree[name];
        }
    }
    walk->path[end] = '\0';
    walk->path_end[walk->depth] = (uint16_t)end;
    walk->cells[walk->depth][0] = cells_of(walk, "#address-cells", 2);
    walk->cells[walk->depth][1] = cells_of(walk, "#size-cells", 1);
    walk->depth++;
    return true;
}

bool fdt_next(struct fdt_walk *walk)
{
    uint32_t at = walk->next;
    uint32_t bytes;

    while ((bytes = token_bytes(walk, at)) != 0) {
        uint32_t token = big32(walk->tree + at);

        if (token == TOKEN_BEGIN) {
            walk->next = at + bytes;
            walk->properties = walk->next;
            return enter(walk, at + 4);
        }
        if (token == TOKEN_END) {
            if (walk->depth == 0) {
                return false;
            }
            walk->depth--;
        }
        at += bytes;
    }
    return false;
}

const uint8_t *fdt_property(const struct fdt_walk *walk, const char *name, uint32_t *bytes)
{
    uint32_t at = walk->properties;
    uint32_t step;

    while ((step = token_bytes(walk, at)) != 0) {
        uint32_t token = big32(walk->tree + at);

        if (token == TOKEN_PROPERTY) {
            uint32_t room = walk->strings_end - walk->strings;
            uint32_t offset = big32(walk->tree + at + 8);

            if (offset < room &&
                length(walk->tree, walk->strings + offset, walk->strings_end) >= 0 &&
                fdt_equal((const char *)walk->tree + walk->strings + offset, name)) {
                *bytes = big32(walk->tree + at + 4);
                return walk->tree + at + 12;
            }
        } else if (token != TOKEN_NOP) {
            break;
        }
        at += step;
    }
    return NULL;
}

bool fdt_has_string(const uint8_t *list, uint32_t bytes, const char *string)
{
    uint32_t at = 0;

    while (list != NULL && at < bytes) {
        int64_t chars = length(list, at, bytes);

        if (chars < 0) {
            return false;
        }
        if (fdt_equal((const char *)list + at, string)) {
            return true;
        }
        at += (uint32_t)chars + 1;
    }
    return false;
}

bool fdt_compatible(const struct fdt_walk *walk, const char *string)
{
    uint32_t bytes = 0;
    const uint8_t *list = fdt_property(walk, "compatible", &bytes);

    return fdt_has_string(list, bytes, string);
}

static uint64_t number(const uint8_t *at, unsigned cells)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < cells; i++) {
        value = value << 32 | big32(at + 4 * (size_t)i);
    }
    return value;
}

bool fdt_reg(const struct fdt_walk *walk, unsigned index, uint64_t *address, uint64_t *size)
{
    uint32_t bytes = 0;
    const uint8_t *reg = fdt_property(walk, "reg", &bytes);
    unsigned address_cells, size_cells, entry;

    if (reg == NULL || walk->depth < 2) {
        return false;
    }
    address_cells = walk->cells[walk->depth - 2][0];
    size_cells = walk->cells[walk->depth - 2][1];
    entry = 4 * (address_cells + size_cells);
    if (entry == 0 || index >= bytes / entry) {
        return false;
    }
    *address = number(reg + index * (size_t)entry, address_cells);
    *size = number(reg + index * (size_t)entry + 4 * (size_t)address_cells, size_cells);
    return true;
}
