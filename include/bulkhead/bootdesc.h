/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The boot description: what the tool compiles a system description into, and the kernel builds
 * every object from, once.
 *
 * An image is, from its first byte (which runs at physical address `kernel_base`):
 *
 *     kernel binary (text, rodata, data, bss)     page aligned
 *     boot description (struct bd_header, tables, strings)     page aligned
 *     payload (contents of regions)               each source page aligned
 *
 * The kernel region in memory is one page (scratch for moving), then the image, then the heap for
 * page tables and objects: [kernel_base - 4096, kernel_base + image_bytes + heap_bytes). The tool
 * chooses it clear of every other region.
 *
 * All numbers are little endian; all offsets named `_off` count from the first byte of the boot
 * description, except `src_off`, which counts from the first byte of the image. Tables are arrays
 * of fixed-size entries, referred to by index. The kernel checks everything (kernel/bootdesc.c).
 */
#ifndef BULKHEAD_BOOTDESC_H
#define BULKHEAD_BOOTDESC_H

#include <stdint.h>

#define BD_MAGIC 0x3144424b484b4c42UL /* "BLKHKBD1" */
#define BD_VERSION 2u
#define BD_NONE 0xffffffffu
#define BD_NO_SOURCE (~0UL)
#define BD_PAGE 4096UL

/** Where a table is: byte offset from the start of the boot description, number of entries. */
struct bd_table {
    uint32_t off;
    uint32_t count;
};

/** Facts of the board that the kernel needs. Addresses are physical; 0: the board has none. */
struct bd_board {
    uint64_t gicd;       /* distributor */
    uint64_t gicc;       /* GICv2 CPU interface */
    uint64_t gich;       /* GICv2 virtual interface control */
    uint64_t gicv;       /* GICv2 virtual CPU interface */
    uint64_t gicr;       /* GICv3 redistributors, the first CPU's frame */
    uint64_t gicr_bytes; /* size of all redistributor frames */
    uint64_t uart;       /* PL011 for the debug configuration's console */
    uint64_t mpidr[8];   /* affinity of CPU 0 to 7, as MPIDR_EL1 without bit 31 */
    uint32_t cpus;       /* CPUs that the system uses */
    uint32_t reserved;
};

struct bd_header {
    uint64_t magic;
    uint32_t version;
    uint32_t bytes; /* of the boot description, strings included */
    uint64_t kernel_base;
    uint64_t image_bytes; /* kernel, boot description, payload */
    uint64_t heap_bytes;
    struct bd_board board;
    struct bd_table memory;   /* struct bd_memory: RAM of the board */
    struct bd_table regions;  /* struct bd_region */
    struct bd_table maps;     /* struct bd_map */
    struct bd_table pds;      /* struct bd_pd */
    struct bd_table vms;      /* struct bd_vm */
    struct bd_table vcpus;    /* struct bd_vcpu */
    struct bd_table devices;  /* struct bd_device, grouped by VM */
    struct bd_table channels; /* struct bd_channel, grouped by PD */
    struct bd_table irqs;     /* struct bd_irq, grouped by PD */
    struct bd_table symbols;  /* struct bd_symbol, grouped by PD, sorted by address (debug) */
    struct bd_table strings;  /* bytes; count is their number; the last byte is zero */
    uint32_t trace_region;    /* index of the region for the switch trace, or BD_NONE */
    uint32_t report_pd;       /* PD that shows the report ring, or BD_NONE */
    uint32_t report_region;   /* region of the report ring (one page); always there */
    uint32_t report_id;       /* channel id on which report_pd is notified */
};

/** A range of RAM that the board has. Page aligned. */
struct bd_memory {
    uint64_t base;
    uint64_t bytes;
};

#define BD_REGION_DEVICE (1u << 0)  /* outside RAM */
#define BD_REGION_INPLACE (1u << 1) /* base lies in the image's payload; never written */

/**
 * A contiguous range of physical memory. Page aligned in base and size. No two overlap, none
 * overlaps the kernel region (BD_REGION_INPLACE excepted). Unless device or in place, the kernel
 * copies `src_bytes` from the payload to its start and clears the rest.
 */
struct bd_region {
    uint64_t base;
    uint64_t bytes;
    uint64_t src_off; /* from the first byte of the image, or BD_NO_SOURCE */
    uint64_t src_bytes;
    uint32_t name_off; /* in the strings */
    uint32_t flags;
};

#define BD_MAP_READ (1u << 0)
#define BD_MAP_WRITE (1u << 1)
#define BD_MAP_EXEC (1u << 2)
#define BD_MAP_UNCACHED (1u << 3)

/** A region, or a part of it, in the address space of a PD or VM. Page aligned. */
struct bd_map {
    uint64_t addr; /* virtual (PD) or guest-physical (VM) */
    uint64_t bytes;
    uint64_t region_off; /* from the region's base */
    uint32_t region;
    uint32_t flags;
};

#define BD_PD_PASSIVE (1u << 0)
#define BD_PD_FPU (1u << 1)
#define BD_PD_SMC (1u << 2)

struct bd_pd {
    uint32_t name_off;
    uint32_t flags;
    uint8_t priority;
    uint8_t cpu;
    uint8_t child_id; /* in the parent; 0 if there is none */
    uint8_t reserved;
    uint32_t budget_us;
    uint32_t period_us;
    uint32_t parent; /* PD, or BD_NONE; always a smaller index than the child's own */
    uint32_t vm;     /* VM whose VMM this is, or BD_NONE */
    uint32_t maps_first, maps_count;
    uint32_t channels_first, channels_count;
    uint32_t irqs_first, irqs_count;
    uint32_t symbols_first, symbols_count;
    uint32_t segments_first, segments_count; /* regions: writable segments, restored at restart */
    uint32_t stack_region;
    uint32_t msg_region; /* one page: the message buffer */
    uint32_t reserved2;
    uint64_t entry;
    uint64_t stack_top; /* address just above the stack region's mapping */
    uint64_t msg_addr;  /* where the message buffer is mapped */
};

/** A virtual machine; its VMM is the PD that names it. */
struct bd_vm {
    uint32_t name_off;
    uint32_t pd;
    uint32_t maps_first, maps_count;
    uint32_t vcpus_first, vcpus_count;
    uint64_t gicd; /* guest-physical address of the distributor; 0: none */
    uint32_t devices_first, devices_count;
};

/**
 * A register page of a VM (abi.h, BH_DEVICE_*). The n-th of a VM stands n pages behind its first,
 * where the VM's maps have the page at `region_off` of `region`, read-only.
 */
struct bd_device {
    uint64_t gpa;
    uint64_t region_off; /* page aligned */
    uint32_t region;     /* memory */
    uint32_t intid;      /* virtual, 32 and up: raised with BH_SYS_DEVICE_RAISE */
    uint32_t id;         /* channel id in the VMM */
    uint32_t reserved;
};

struct bd_vcpu {
    uint32_t vm;
    uint8_t id; /* child id in the VMM */
    uint8_t cpu;
    uint8_t priority;
    uint8_t reserved;
    uint32_t budget_us;
    uint32_t period_us;
};

#define BD_CHANNEL_NOTIFY (1u << 0) /* this end may notify the other */
#define BD_CHANNEL_CALL (1u << 1)   /* this end may call the other */

/** One end of a channel. */
struct bd_channel {
    uint32_t peer;   /* PD at the other end */
    uint8_t id;      /* channel id at this end */
    uint8_t peer_id; /* channel id at the other end */
    uint16_t flags;
};

#define BD_IRQ_EDGE (1u << 0)

struct bd_irq {
    uint32_t intid;
    uint8_t id; /* channel id */
    uint8_t reserved;
    uint16_t flags;
};

struct bd_symbol {
    uint64_t addr;
    uint32_t bytes;
    uint32_t name_off;
};

/**
 * What the tool writes into the kernel binary, at the ELF symbol `boot_params`, for the code that
 * runs before the boot description is reachable.
 */
struct bd_params {
    uint64_t magic;       /* BD_MAGIC */
    uint64_t kernel_base; /* where the image's first byte must be */
    uint64_t image_bytes;
    uint64_t heap_bytes;
    uint64_t bootdesc_off; /* from the first byte of the image */
};

_Static_assert(sizeof(struct bd_board) == 128, "layout");
_Static_assert(sizeof(struct bd_header) == 272, "layout");
_Static_assert(sizeof(struct bd_memory) == 16, "layout");
_Static_assert(sizeof(struct bd_region) == 40, "layout");
_Static_assert(sizeof(struct bd_map) == 32, "layout");
_Static_assert(sizeof(struct bd_pd) == 104, "layout");
_Static_assert(sizeof(struct bd_vm) == 40, "layout");
_Static_assert(sizeof(struct bd_vcpu) == 16, "layout");
_Static_assert(sizeof(struct bd_device) == 32, "layout");
_Static_assert(sizeof(struct bd_channel) == 8, "layout");
_Static_assert(sizeof(struct bd_irq) == 8, "layout");
_Static_assert(sizeof(struct bd_symbol) == 16, "layout");
_Static_assert(sizeof(struct bd_params) == 40, "layout");

#endif
