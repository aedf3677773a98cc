/* SPDX-License-Identifier: BSD-2-Clause */
/* The header of a device tree blob (Devicetree Specification, 5.2). */
#ifndef LIBVMM_DTB_H
#define LIBVMM_DTB_H

#include <stdbool.h>
#include <stdint.h>

/** All fields are big-endian. */
struct dtb_header {
    uint32_t magic;
    uint32_t totalsize;
    uint32_t off_dt_struct;
    uint32_t off_dt_strings;
    uint32_t off_mem_rsvmap;
    uint32_t version;
    uint32_t last_comp_version;
    uint32_t boot_cpuid_phys;
    uint32_t size_dt_strings;
    uint32_t size_dt_struct;
};

/** Whether a blob begins as device trees do. It has at least the header's bytes. */
bool dtb_check_magic(struct dtb_header *header);

#endif
