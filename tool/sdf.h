/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The model of a system description: what sdf_parse() reads from the file, what the checks look
 * at, and what the image builder, `report`, `graph` and `expand` work from.
 *
 * Everything that came from the file carries its position, so that any later stage can complain
 * about it with file, line, column and caret (diag.h). Strings are owned by the `struct sdf`.
 */
#ifndef TOOL_SDF_H
#define TOOL_SDF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Position in the description: 1-based line and column of the first character, and its length. */
struct sdf_pos {
    uint32_t line;
    uint32_t column;
    uint32_t length;
};

/** A string attribute. `text` is NULL when the attribute is absent. */
struct sdf_str {
    char *text;
    struct sdf_pos pos;
};

/** A number attribute. When absent, `value` holds the default and `given` is false. */
struct sdf_num {
    uint64_t value;
    bool given;
    struct sdf_pos pos;
};

#define SDF_PERM_R 1u
#define SDF_PERM_W 2u
#define SDF_PERM_X 4u

/** <memory_region>. */
struct sdf_region {
    struct sdf_pos pos;
    struct sdf_str name;
    struct sdf_num size;
    struct sdf_num page_size;  /* value 0 when absent: the largest that fits */
    struct sdf_num phys_addr;
    struct sdf_str prefill_path;
};

/** <map> in a PD or VM. */
struct sdf_map {
    struct sdf_pos pos;
    struct sdf_str mr;
    struct sdf_num vaddr;
    unsigned perms;            /* SDF_PERM_*; rw by default */
    struct sdf_pos perms_pos;
    bool cached;
    struct sdf_str setvar_vaddr;
    struct sdf_str setvar_size;
    struct sdf_str setvar_prefill_size;
    size_t region;             /* index into sdf.regions, after resolution */
};

/** <irq>. */
struct sdf_irq {
    struct sdf_pos pos;
    struct sdf_num irq;
    struct sdf_num id;
    bool edge;
    struct sdf_str setvar_id;
};

/** <setvar symbol= region_paddr=>. */
struct sdf_setvar {
    struct sdf_pos pos;
    struct sdf_str symbol;
    struct sdf_str region_paddr;
    size_t region;
};

/** <vcpu>, or the implicit one of the old spelling. */
struct sdf_vcpu {
    struct sdf_pos pos;
    struct sdf_num id;
    struct sdf_num cpu;        /* default: the PD's */
    struct sdf_str setvar_id;
};

/** <virtual_machine>; belongs to the PD whose index is `pd`. */
struct sdf_vm {
    struct sdf_pos pos;
    struct sdf_str name;
    struct sdf_num priority;
    struct sdf_num budget;
    struct sdf_num period;
    struct sdf_vcpu *vcpus;
    size_t vcpus_count;
    struct sdf_map *maps;
    size_t maps_count;
    size_t pd;
};

#define SDF_NONE SIZE_MAX

/** <reports>: this PD shows the kernel's report ring. Bulkhead's own element. */
struct sdf_reports {
    bool given;
    struct sdf_pos pos;
    struct sdf_num vaddr;      /* where the ring's page is mapped, read-write */
    struct sdf_num id;         /* channel id of its notification */
    struct sdf_str setvar_vaddr;
};

/** <protection_domain>. A child is in the flat array too, behind its parent. */
struct sdf_pd {
    struct sdf_pos pos;
    struct sdf_str name;
    struct sdf_num priority;
    struct sdf_num budget;     /* microseconds */
    struct sdf_num period;
    bool passive;
    struct sdf_pos passive_pos;
    struct sdf_num stack_size;
    struct sdf_num cpu;
    bool smc;
    bool fpu;
    size_t parent;             /* index, or SDF_NONE */
    struct sdf_num id;         /* child id, when parent is given */
    struct sdf_str setvar_id;  /* symbol in the parent */
    struct sdf_str program;    /* <program_image path=> */
    struct sdf_str program_symbols; /* path_for_symbols */
    struct sdf_map *maps;
    size_t maps_count;
    struct sdf_irq *irqs;
    size_t irqs_count;
    struct sdf_setvar *setvars;
    size_t setvars_count;
    struct sdf_reports reports;
    size_t vm;                 /* index into sdf.vms, or SDF_NONE */
};

/** One <end> of a <channel>. */
struct sdf_end {
    struct sdf_pos pos;
    struct sdf_str pd_name;
    size_t pd;
    struct sdf_num id;
    bool pp;                   /* this end may call the other */
    bool notify;               /* this end may notify the other */
    struct sdf_str setvar_id;
};

struct sdf_channel {
    struct sdf_pos pos;
    struct sdf_end ends[2];
};

/** <trace size=>: memory for the kernel's switch trace. Bulkhead's own element. */
struct sdf_trace {
    bool given;
    struct sdf_pos pos;
    struct sdf_num size;
};

/** A whole description. */
struct sdf {
    char *path;                /* as the user wrote it, for messages */
    char *source;              /* the file's bytes, zero terminated, for the caret lines */
    size_t source_bytes;
    struct sdf_region *regions;
    size_t regions_count;
    struct sdf_pd *pds;
    size_t pds_count;
    struct sdf_vm *vms;
    size_t vms_count;
    struct sdf_channel *channels;
    size_t channels_count;
    struct sdf_trace trace;
};

#endif
