/* SPDX-License-Identifier: BSD-2-Clause */
#include "dtb_edit.h"

#include <libfdt.h>
#include <string.h>

#define DTB_EDIT_DIGITS 16

static void dtb_edit_note(struct dtb_edit *edit, int error)
{
    if (edit->error == 0 && error < 0) {
        edit->error = error;
    }
}

void dtb_edit_name(char to[DTB_EDIT_NAME_BYTES], const char *name, uint64_t address)
{
    char digits[DTB_EDIT_DIGITS];
    size_t count = 0;
    size_t bytes = strlen(name);

    memcpy(to, name, bytes);
    to += bytes;
    *to++ = '@';
    do {
        digits[count++] = "0123456789abcdef"[address & 15];
        address >>= 4;
    } while (address != 0);
    while (count > 0) {
        *to++ = digits[--count];
    }
    *to = '\0';
}

int dtb_edit_node(struct dtb_edit *edit, int parent, const char *name)
{
    int node = -FDT_ERR_NOTFOUND;

    if (edit->error == 0) {
        int old = fdt_subnode_offset(edit->fdt, parent, name);

        while (old >= 0 && edit->error == 0) {
            dtb_edit_note(edit, fdt_del_node(edit->fdt, old));
            old = fdt_subnode_offset(edit->fdt, parent, name);
        }
        node = fdt_add_subnode(edit->fdt, parent, name);
        dtb_edit_note(edit, node);
    }
    return node;
}

int dtb_edit_have_node(struct dtb_edit *edit, const char *name)
{
    int node = edit->error == 0 ? fdt_subnode_offset(edit->fdt, 0, name) : edit->error;

    return node >= 0 ? node : dtb_edit_node(edit, 0, name);
}

void dtb_edit_bytes(struct dtb_edit *edit, int node, const char *name, const void *value,
                    size_t bytes)
{
    if (edit->error == 0) {
        dtb_edit_note(edit, fdt_setprop(edit->fdt, node, name, value, (int)bytes));
    }
}

void dtb_edit_empty(struct dtb_edit *edit, int node, const char *name)
{
    dtb_edit_bytes(edit, node, name, NULL, 0);
}

void dtb_edit_string(struct dtb_edit *edit, int node, const char *name, const char *value)
{
    dtb_edit_bytes(edit, node, name, value, strlen(value) + 1);
}

void dtb_edit_strings(struct dtb_edit *edit, int node, const char *name, const char *values,
                      size_t bytes)
{
    dtb_edit_bytes(edit, node, name, values, bytes);
}

void dtb_edit_cell(struct dtb_edit *edit, int node, const char *name, uint32_t value)
{
    fdt32_t cell = cpu_to_fdt32(value);

    dtb_edit_bytes(edit, node, name, &cell, sizeof(cell));
}

void dtb_edit_cells(struct dtb_edit *edit, int node, const char *name, const uint32_t *values,
                    size_t count)
{
    void *to = NULL;

    if (edit->error != 0) {
        return;
    }
    dtb_edit_note(
        edit, fdt_setprop_placeholder(edit->fdt, node, name, (int)(count * sizeof(fdt32_t)), &to));
    for (size_t i = 0; i < count && edit->error == 0; i++) {
        fdt32_st((fdt32_t *)to + i, values[i]);
    }
}

void dtb_edit_u64(struct dtb_edit *edit, int node, const char *name, uint64_t value)
{
    fdt64_t cells = cpu_to_fdt64(value);

    dtb_edit_bytes(edit, node, name, &cells, sizeof(cells));
}

/** Append a number of one or two cells. */
static size_t dtb_edit_number(struct dtb_edit *edit, uint32_t *to, size_t at, uint32_t cells,
                              uint64_t value)
{
    if (cells == 2) {
        to[at++] = (uint32_t)(value >> 32);
    } else if (value > UINT32_MAX) {
        edit->overflow = true;
    }
    to[at++] = (uint32_t)value;
    return at;
}

void dtb_edit_reg(struct dtb_edit *edit, int node, const uint64_t *pairs, size_t count)
{
    uint32_t cells[4 * DTB_EDIT_MAX_PAIRS];
    size_t used = 0;

    for (size_t i = 0; i < count; i++) {
        used = dtb_edit_number(edit, cells, used, edit->address_cells, pairs[2 * i]);
        used = dtb_edit_number(edit, cells, used, edit->size_cells, pairs[2 * i + 1]);
    }
    dtb_edit_cells(edit, node, "reg", cells, used);
}

bool dtb_edit_has(const struct dtb_edit *edit, int node, const char *name)
{
    return edit->error == 0 && fdt_getprop(edit->fdt, node, name, NULL) != NULL;
}

void dtb_edit_drop(struct dtb_edit *edit, int node, const char *name)
{
    if (dtb_edit_has(edit, node, name)) {
        dtb_edit_note(edit, fdt_delprop(edit->fdt, node, name));
    }
}

uint32_t dtb_edit_remove(struct dtb_edit *edit, dtb_edit_match match)
{
    uint32_t phandle = 0;
    int before = 0;
    int node;

    if (edit->error != 0) {
        return 0;
    }
    /* The root stays. A removal leaves what is before it as it is. */
    node = fdt_next_node(edit->fdt, before, NULL);
    while (node >= 0 && edit->error == 0) {
        if (match(edit->fdt, node)) {
            phandle = phandle != 0 ? phandle : fdt_get_phandle(edit->fdt, node);
            dtb_edit_note(edit, fdt_del_node(edit->fdt, node));
        } else {
            before = node;
        }
        node = fdt_next_node(edit->fdt, before, NULL);
    }
    return phandle == UINT32_MAX ? 0 : phandle;
}
