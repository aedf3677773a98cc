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

#include "diag.h"
#include "search.h"

struct board;

/** Addresses of a PD or VM are below this: 39 bits. */
#define SDF_SPACE_END (UINT64_C(1) << 39)
/** Physical addresses of regions are below this: the kernel's window to them, 480 GiB. */
#define SDF_PHYSICAL_END (UINT64_C(480) << 30)
#define SDF_PAGE UINT64_C(0x1000)
#define SDF_BIG_PAGE UINT64_C(0x200000)

/** Priority of a guest that gives none; its monitor's is one above. */
#define SDF_GUEST_PRIORITY 100

/** A string attribute. `text` is NULL when the attribute is absent. */
struct sdf_str {
    char *text;
    struct diag_pos pos;
};

/** A number attribute. When absent, `value` holds the default and `given` is false. */
struct sdf_num {
    uint64_t value;
    bool given;
    struct diag_pos pos;
};

#define SDF_PERM_R 1u
#define SDF_PERM_W 2u
#define SDF_PERM_X 4u

/** <memory_region>. What fills it is a file, or lines, or device nodes, or nothing. */
struct sdf_region {
    struct diag_pos pos;
    struct sdf_str name;
    struct sdf_num size;      /* from the contents' size when absent, after sdf_prefill() */
    struct sdf_num page_size; /* value 0 when absent: the largest that fits */
    struct sdf_num phys_addr;
    struct sdf_str prefill_path;
    struct sdf_str *lines; /* <line text=>: each, and a newline */
    size_t lines_count;
    struct sdf_str *devices; /* <device_node path=>: a device tree of these nodes of the board's */
    size_t devices_count;
    char *prefill_file; /* where sdf_prefill() found it, or NULL */
    char *contents;     /* of lines or device nodes, after sdf_prefill(), or NULL */
    uint64_t prefill_bytes;
    bool used; /* mapped, or its address asked for, after sdf_check() */
};

/** An index that names nothing. */
#define SDF_NONE SIZE_MAX

/** <map> in a PD or VM. */
struct sdf_map {
    struct diag_pos pos;
    struct sdf_str mr;
    struct sdf_num vaddr;
    unsigned perms; /* SDF_PERM_*; rw by default */
    struct diag_pos perms_pos;
    bool cached;
    struct sdf_str setvar_vaddr;
    struct sdf_str setvar_size;
    struct sdf_str setvar_prefill_size;
    size_t region; /* index into sdf.regions after sdf_check(), or SDF_NONE */
};

/** <irq>. */
struct sdf_irq {
    struct diag_pos pos;
    struct sdf_num irq;
    struct sdf_num id;
    bool edge;
    struct diag_pos edge_pos; /* of trigger= when given, else line 0 */
    struct sdf_str setvar_id;
};

/** <setvar symbol= region_paddr=>. */
struct sdf_setvar {
    struct diag_pos pos;
    struct sdf_str symbol;
    struct sdf_str region_paddr;
    size_t region; /* as sdf_map.region */
};

/** <vcpu>, or the implicit one of the old spelling. */
struct sdf_vcpu {
    struct diag_pos pos;
    struct sdf_num id;
    struct sdf_num cpu; /* default: the PD's */
    struct sdf_str setvar_id;
};

/**
 * <register_page>: a page of registers that the monitor emulates, of which the guest's reads cost
 * nothing (bootdesc.h, struct bd_device). Bulkhead's own element.
 */
struct sdf_register_page {
    struct diag_pos pos;
    struct sdf_str mr;    /* its first page */
    struct sdf_num vaddr; /* guest-physical */
    struct sdf_num irq;   /* virtual */
    struct sdf_num id;    /* channel id of the monitor, for the doorbell */
    size_t region;        /* as sdf_map.region */
};

/** <virtual_machine>; belongs to the PD whose index is `pd`. */
struct sdf_vm {
    struct diag_pos pos;
    struct sdf_str name;
    struct sdf_num priority;
    struct sdf_num budget;
    struct sdf_num period;
    struct sdf_vcpu *vcpus;
    size_t vcpus_count;
    struct sdf_map *maps;
    size_t maps_count;
    struct sdf_register_page *pages;
    size_t pages_count;
    size_t pd;
};

/** <reports>: this PD shows the kernel's report ring. Bulkhead's own element. */
struct sdf_reports {
    bool given;
    struct diag_pos pos;
    struct sdf_num vaddr; /* where the ring's page is mapped, read-write */
    struct sdf_num id;    /* channel id of its notification */
    struct sdf_str setvar_vaddr;
};

/** <console> of a PD: it is a client of the shared console. Bulkhead's own element. */
struct sdf_client {
    bool given;
    struct diag_pos pos;
    struct sdf_num vaddr; /* of the connection */
    struct sdf_num id;    /* of the channel to the virtualiser */
    struct sdf_str setvar_vaddr, setvar_size, setvar_id;
};

/** <protection_domain>. A child is in the flat array too, behind its parent. */
struct sdf_pd {
    struct diag_pos pos;
    struct sdf_str name;
    struct sdf_num priority;
    struct sdf_num budget; /* microseconds */
    struct sdf_num period;
    bool passive;
    struct diag_pos passive_pos;
    struct sdf_num stack_size;
    struct sdf_num cpu;
    bool smc;
    bool fpu;
    size_t parent;                  /* index, or SDF_NONE */
    struct sdf_num id;              /* child id, when parent is given */
    struct sdf_str setvar_id;       /* symbol in the parent */
    struct diag_pos program_pos;    /* of <program_image> */
    struct sdf_str program;         /* <program_image path=> */
    bool program_sdk;               /* it is one that the SDK brings. Bulkhead's own */
    struct sdf_str program_symbols; /* path_for_symbols */
    struct sdf_map *maps;
    size_t maps_count;
    struct sdf_irq *irqs;
    size_t irqs_count;
    struct sdf_setvar *setvars;
    size_t setvars_count;
    struct sdf_reports reports;
    struct sdf_client client;
    size_t vm; /* index into sdf.vms, or SDF_NONE */
    bool pp;   /* old spelling: others may call this PD */
    struct diag_pos pp_pos;
};

/** One <end> of a <channel>. */
struct sdf_end {
    struct diag_pos pos;
    struct sdf_str pd_name;
    size_t pd; /* index after sdf_check(), or SDF_NONE */
    struct sdf_num id;
    bool pp;                /* this end may call the other; old spelling: after sdf_check() */
    struct diag_pos pp_pos; /* when pp= is given, else line 0 */
    bool notify;            /* this end may notify the other */
    struct sdf_str setvar_id;
};

struct sdf_channel {
    struct diag_pos pos;
    struct sdf_end ends[2];
};

/** <trace size=>: memory for the kernel's switch trace. Bulkhead's own element. */
struct sdf_trace {
    bool given;
    struct diag_pos pos;
    struct sdf_num size;
};

/** <image>: what a guest boots. Bulkhead's own element, as the three that follow. */
struct sdf_image {
    struct diag_pos pos;
    struct sdf_str name;
    struct sdf_str kernel;
    struct sdf_str initrd;
    struct sdf_str dtb;
};

/** <passthrough>: a device of the board that a guest has for itself. */
struct sdf_passthrough {
    struct diag_pos pos;
    struct sdf_str path; /* in the board's device tree */
    bool dma;            /* false: the guest will not let the device access memory */
};

/** <port>: a named port of a guest; without `pd` it is joined with another guest's of its name. */
struct sdf_port {
    struct diag_pos pos;
    struct sdf_str name;
    struct sdf_str pd;
    struct sdf_num vaddr; /* of the connection, in the PD */
    struct sdf_num id;    /* of the channel, in the PD */
    struct sdf_str setvar_vaddr, setvar_size, setvar_id;
};

/** <disk> in a guest: its part of a shared disk. Without partition and extent it is all of it. */
struct sdf_guest_disk {
    struct diag_pos pos;
    struct sdf_str from; /* name of the disk */
    struct sdf_num partition;
    struct sdf_num first, sectors; /* of 512 bytes */
    bool readonly;
    struct sdf_num rate;       /* bytes a second */
    struct sdf_num operations; /* a second */
};

/** <net>: a network device of a guest, on a port of a network. */
struct sdf_net {
    struct diag_pos pos;
    struct sdf_str on;
    struct sdf_str mac;    /* absent: made of the names */
    struct sdf_num mtu;    /* 1500 */
    struct sdf_num vlan;   /* of frames without tag; 1 */
    struct sdf_str tagged; /* VLANs with tags: numbers with commas */
    bool any_mac;          /* it may send from other addresses than its own */
    struct sdf_num rate;   /* bytes a second; 0: no limit */
    struct sdf_num burst;
};

/** <deny>: of a network, frames that nobody gets. NULL: any port. */
struct sdf_deny {
    struct diag_pos pos;
    struct sdf_str from;
    struct sdf_str to;
};

/** <uplink>: of a network, the port behind which the outside is. */
struct sdf_uplink {
    struct sdf_str name;    /* for <deny> and for people */
    struct sdf_num cpu;     /* of its driver */
    struct sdf_num restart; /* of its driver, after faults: how often in a minute */
    struct sdf_net net;     /* vlan, tagged, rate and burst of the port */
};

/** <network>: a switch. Bulkhead's own element. */
struct sdf_network {
    struct diag_pos pos;
    struct sdf_str name;
    struct sdf_num age; /* seconds after which an address is forgotten */
    bool trusted;       /* the switch has its guests' RAM */
    struct sdf_deny *denies;
    size_t denies_count;
    struct sdf_uplink *uplink; /* or NULL */
};

/** <trunk>: joins two networks. Bulkhead's own element. */
struct sdf_trunk {
    struct sdf_str name;
    struct sdf_str ends[2]; /* from=, to=: networks */
    struct sdf_net net;     /* vlan, tagged, rate and burst of both ports */
};

/** <guest>: lower_guests() turns it into a PD, a VM and regions. */
struct sdf_guest {
    struct diag_pos pos;
    struct sdf_str name;
    struct sdf_str image;
    struct sdf_num ram; /* bytes */
    struct sdf_num vcpus;
    struct sdf_num *cpus; /* of cpus=, or NULL */
    size_t cpus_count;
    struct sdf_str bootargs;
    struct sdf_num priority;
    struct sdf_num budget;
    struct sdf_num period;
    bool restart; /* after a crash */
    struct sdf_num restarts;
    struct sdf_str monitor; /* program, instead of the SDK's */
    bool identity;          /* guest-physical addresses of RAM are physical ones */
    struct sdf_passthrough *devices;
    size_t devices_count;
    struct sdf_num *functions; /* <firmware function=> */
    size_t functions_count;
    struct sdf_net *nets;
    size_t nets_count;
    bool console; /* it is a client of the shared console */
    struct diag_pos console_pos;
    struct sdf_guest_disk *disks;
    size_t disks_count;
    struct sdf_port *ports;
    size_t ports_count;
};

/** <console>: the board's UART, shared by all guests and PDs that have a <console> of their own. */
struct sdf_console {
    bool given;
    struct diag_pos pos;
    struct sdf_str character; /* that switches input, or absent */
    bool plain;               /* headers instead of colours */
    struct sdf_num columns;   /* of the terminal; both or none */
    struct sdf_num rows;
};

/** <disk>: one of the board's disks, or one in memory, shared by guests. */
struct sdf_disk {
    struct diag_pos pos;
    struct sdf_str name;
    bool ram;              /* not a device, but memory of `size` bytes that `file` fills */
    struct sdf_str driver; /* program, instead of the SDK's */
    struct sdf_num size;
    struct sdf_str file;
    struct sdf_num cpu;      /* of its driver and virtualiser */
    struct sdf_num deadline; /* milliseconds for a request; 0: none */
    struct sdf_num restart;  /* restarts of the driver in a minute */
};

/** <power>: the board is switched off when all guests are off. */
struct sdf_power {
    bool given;
    struct diag_pos pos;
};

/** A whole description. */
struct sdf {
    char *path;   /* as the user wrote it, for messages */
    char *source; /* the file's bytes, zero terminated, for the caret lines */
    size_t source_bytes;
    struct sdf_str name; /* of <system>; for people */
    struct sdf_region *regions;
    size_t regions_count;
    struct sdf_pd *pds;
    size_t pds_count;
    struct sdf_vm *vms;
    size_t vms_count;
    struct sdf_channel *channels;
    size_t channels_count;
    struct sdf_trace trace;
    struct sdf_image *images;
    size_t images_count;
    struct sdf_guest *guests;
    size_t guests_count;
    struct sdf_console console;
    struct sdf_disk *disks;
    size_t disks_count;
    struct sdf_power power;
    struct sdf_network *networks;
    size_t networks_count;
    struct sdf_trunk *trunks;
    size_t trunks_count;
};

enum sdf_status {
    /** The description was read; the diagnostics may hold errors all the same. */
    SDF_OK = 0,
    /** The file cannot be opened or read, or is no regular file; the diagnostics say why. */
    SDF_ERR_READ,
    /** The file is not XML, or not a <system>: there is no model. The diagnostics say why. */
    SDF_ERR_DESCRIPTION,
};

/**
 * Read the description `path` into `sdf`. `diag` was initialised with the same path; errors are
 * added to it and reading goes on, so diag->errors must be looked at as well. The source lines of
 * `diag` are borrowed from `sdf`: print the messages before sdf_free(). `sdf` must be freed
 * whatever is returned.
 */
enum sdf_status sdf_parse(const char *path, struct diag *diag, struct sdf *sdf);

/** The same for a description that is in memory already (it is copied). Never SDF_ERR_READ. */
enum sdf_status sdf_parse_memory(const char *source, size_t bytes, struct diag *diag,
                                 struct sdf *sdf);

/**
 * Find the files of prefill_path=, make the contents of regions that have lines or device nodes,
 * and complete the sizes of regions. Called between lower_guests() and sdf_check(). A file that is
 * missing, empty or too large, and a device that cannot be copied, is an error in `diag`. With
 * `board` NULL, device nodes are left out.
 */
void sdf_prefill(struct sdf *sdf, const struct search *search, const struct board *board,
                 struct diag *diag);

/** Does anything fill the region? */
bool sdf_region_filled(const struct sdf_region *region);

/**
 * Resolve the names of regions and PDs to indices and check everything that can be checked
 * without ELF files. With `board` NULL what depends on the board is left out. May be called after
 * errors of sdf_parse(), to find more of them. When diag->errors is 0 afterwards, every
 * constraint of docs/description.md holds and every index is valid.
 */
void sdf_check(struct sdf *sdf, const struct board *board, struct diag *diag);

/** Bytes of memory that a region takes: its size rounded up to pages. */
uint64_t sdf_region_bytes(const struct sdf_region *region);

/** Print the description in its canonical spelling, with the defaults filled in. */
void sdf_print(const struct sdf *sdf, FILE *out);

/** Release everything that a struct sdf holds. */
void sdf_free(struct sdf *sdf);

#endif
