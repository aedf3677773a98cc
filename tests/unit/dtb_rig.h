/* SPDX-License-Identifier: BSD-2-Clause */
/* A guest's machine, and the device tree that is made for it. */
#ifndef TESTS_DTB_RIG_H
#define TESTS_DTB_RIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dtb.h"

#define DTB_RIG_RAM_GPA 0x40000000UL
#define DTB_RIG_RAM_BYTES 0x10000000UL
#define DTB_RIG_ROOM 0x8000u

extern uint8_t dtb_rig_tree[DTB_RIG_ROOM];
extern struct dtb_machine dtb_rig_machine;
/* What the chosen node of a full machine has for the guest to start with. */
extern const struct dtb_seeds dtb_rig_seeds;

/* The plainest machine, or one with everything that it can have. */
void dtb_rig_plain(uint32_t vcpus, uint32_t version);
void dtb_rig_full(uint32_t vcpus, uint32_t version);

/* The machine's tree is made, and is one; or why it is not made. */
void dtb_rig_build(void);
enum dtb_error dtb_rig_refused(void);

/* A node, which must be there; and whether one is. */
int dtb_rig_node(const char *path);
bool dtb_rig_there(const char *path);

/* A property of so many bytes, and what it must be. */
const void *dtb_rig_property(const char *path, const char *name, int bytes);
void dtb_rig_has_string(const char *path, const char *name, const char *value);
void dtb_rig_has_cells(const char *path, const char *name, const uint32_t *cells, size_t count);

#define DTB_RIG_HAS_CELLS(path, name, ...)                           \
    dtb_rig_has_cells(path, name, (const uint32_t[]){ __VA_ARGS__ }, \
                      sizeof((const uint32_t[]){ __VA_ARGS__ }) / sizeof(uint32_t))

uint32_t dtb_rig_gic_phandle(void);

/* The compiler of device trees, which knows what is usual, has nothing to say about the tree. */
void dtb_rig_dtc_is_content(void);

#endif
