/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of lower.h share. */
#ifndef TOOL_LOWER_INTERNAL_H
#define TOOL_LOWER_INTERNAL_H

#include <bulkhead/abi.h>

#include "linuximage.h"
#include "lower.h"
#include "sdf_index.h"

/** Switches and drivers of their uplinks: above all guests, and below the shared console. */
#define LOWER_NETWORK_PRIORITY (BH_MAX_PRIORITY - 3)

/** A guest's RAM is made of these. */
#define LOWER_ALIGN SDF_BIG_PAGE

/** One of an image's files; region SDF_NONE: it has none. */
struct lower_file {
    size_t region;
    uint64_t bytes; /* 0 when it is not known */
};

/** An <image> that some guest has. */
struct lower_image {
    bool done;
    bool known; /* the kernel's header was read */
    struct lower_file kernel, initrd, dtb;
    struct linuximage header;
};

/** A port that is to be joined with another guest's of its name. */
struct lower_half {
    const struct sdf_port *port;
    size_t region;
    size_t pd;   /* the guest's monitor */
    uint64_t id; /* its channel */
    bool joined;
};

/** A <disk>, and who serves it. */
struct lower_disk {
    size_t pd; /* of the virtualiser, or SDF_NONE */
    size_t driver;
    size_t config, table; /* regions */
    bool timed;           /* its virtualiser has a timer */
    uint64_t clients;
    uint64_t memory; /* RAM disk: where its driver sees the next client's memory; 0: none yet */
    struct sdf_guest_disk *written; /* parts that are, none of which overlaps another */
    size_t written_count;
};

/** A port of a network. */
struct lower_net {
    const struct sdf_net *from;
    const char *name; /* of the guest, the uplink or the trunk */
    size_t number;    /* of the port */
    size_t pd;        /* the guest's monitor, the uplink's driver, or the trunk's program */
    size_t config;    /* region of that one's configuration; SDF_NONE: an uplink */
    bool trunk;
    size_t region;    /* buffers */
    size_t line;      /* in the switch's configuration, of whom it may send to */
    uint64_t memory;  /* in the monitor, as the next two */
    uint64_t buffers; /* where those of port 0 would be */
    uint64_t channel;
    uint64_t doorbell;
    uint64_t readable; /* ports whose buffers are mapped */
    uint64_t vlans[64];
    uint8_t mac[6];
    uint64_t ram, ram_bytes; /* of the guest, at its own address; 0 bytes: it is none */
    size_t ram_region;
    size_t link; /* channel of the switch and the port */
    bool direct; /* the switch has the RAM */
};

struct lower_network {
    const struct sdf_network *from;
    size_t pd;     /* of the switch, or SDF_NONE */
    size_t config; /* region */
    struct lower_net *ports;
    size_t ports_count;
    size_t joined; /* a network that trunks join it with, or its own index */
};

/** The work in hand. */
struct lower {
    struct sdf *sdf;
    const struct lower_world *world;
    struct diag *diag;
    struct lower_image *images; /* as in sdf->images */
    struct sdf_index image_names;
    size_t gicv;      /* region, or SDF_NONE */
    size_t timer;     /* PD of the timer's driver, or SDF_NONE */
    uint64_t timed;   /* its clients */
    size_t power;     /* PD, or SDF_NONE */
    uint64_t powered; /* guests that are joined to it */
    uint64_t next_cpu;
    size_t console;           /* PD of the serial virtualiser, or SDF_NONE */
    size_t console_config;    /* region */
    uint64_t clients;         /* of the console */
    struct lower_disk *disks; /* as in sdf->disks */
    struct sdf_index disk_names;
    size_t devices; /* of the board's disks, that have been given away */
    size_t nics;    /* and of its network devices */
    struct lower_half *halves;
    size_t halves_count;
    struct lower_network *networks; /* as in sdf->networks */
};

/** A guest in hand, and what is being made of it. */
struct lower_guest {
    const struct sdf_guest *from;
    size_t pd, vm; /* indices */
    size_t config; /* region */
    uint64_t ram;  /* guest-physical address */
    size_t ram_region;
    uint64_t free;    /* next free address of the monitor, for what it only looks at */
    uint64_t next_id; /* next free channel id of the monitor */
    uint64_t pages;   /* of registers that the monitor emulates */
};

/** A string from a printf format, with a place. */
struct sdf_str lower_string(struct diag_pos pos, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/** A number that counts as given. */
struct sdf_num lower_number(struct diag_pos pos, uint64_t value);

/** Add a region and return its index; `name` is taken over. */
size_t lower_region(struct lower *lower, struct sdf_str name);

/** Add a line to the configuration of the guest's monitor. */
void lower_line(struct lower *lower, struct lower_guest *guest, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/** Add a map to the guest's monitor; the caller completes it. */
struct sdf_map *lower_pd_map(struct lower *lower, const struct lower_guest *guest, size_t region,
                             uint64_t vaddr, unsigned perms);

/** Add a map to the guest's virtual machine; the caller completes it. */
struct sdf_map *lower_vm_map(struct lower *lower, const struct lower_guest *guest, size_t region,
                             uint64_t gpa, unsigned perms);

/** Add a protection domain that runs a program of the SDK, on CPU 0; returns its index. */
size_t lower_sdk_pd(struct lower *lower, struct diag_pos pos, const char *name, const char *program,
                    uint64_t priority);

/**
 * Join two protection domains (indices), which may notify each other; the caller completes it.
 * `symbol` of the second, if it is not NULL, receives its id of the channel.
 */
struct sdf_channel *lower_channel(struct lower *lower, struct diag_pos pos, size_t first,
                                  uint64_t first_id, size_t second, uint64_t second_id,
                                  const char *symbol);

/** A driver of the board that runs a program of the SDK. */
struct lower_driver {
    const char *name;
    const char *program;
    uint64_t priority;
    const struct sdf_num *cpu;
    /** How often in a minute it is restarted after a fault; not given: it stays stopped. */
    const struct sdf_num *restart;
};

/**
 * Add a driver; returns its index. One that is restarted is the child, with the id 0, of a
 * protection domain that does it and stands directly before it.
 */
size_t lower_driver(struct lower *lower, struct diag_pos pos, const struct lower_driver *driver);

/** `symbol` of a protection domain receives the physical address of a region. */
void lower_paddr(struct lower *lower, size_t pd, size_t region, struct sdf_str symbol);

/** A driver's edge-triggered interrupt, on channel 0, which `symbol` receives. */
void lower_irq(struct lower *lower, size_t pd, unsigned irq, struct sdf_str symbol);

/**
 * Give a protection domain a connection to the timer's driver (io/timer/protocol.h), which is made
 * for the first one; `id` is its channel.
 */
void lower_timer(struct lower *lower, struct diag_pos pos, size_t pd, uint64_t id);

/** The regions of an image, made when the first guest asks; NULL after complaining. */
const struct lower_image *lower_image(struct lower *lower, const struct sdf_str *name);

/** Do an image's files fit into a guest's RAM? Complains when not. */
void lower_check_fit(struct lower *lower, const struct lower_guest *guest,
                     const struct lower_image *image);

/** Functions of the machine's firmware that the guest may call. */
void lower_firmware(struct lower *lower, struct lower_guest *guest);

/** The guest's passed-through devices: registers, interrupts, device tree. */
void lower_devices(struct lower *lower, struct lower_guest *guest);

/** Who switches the board off when all guests are off. */
void lower_power(struct lower *lower);

/** The guest's monitor tells it when its guest is off. */
void lower_power_guest(struct lower *lower, struct lower_guest *guest);

/** The shared console: the UART's driver, and the virtualiser. */
void lower_console(struct lower *lower);

/** The guest's console, when it has one: its connection to the virtualiser, and its registers. */
void lower_console_client(struct lower *lower, struct lower_guest *guest);

/** The disks: drivers and virtualisers. */
void lower_disks(struct lower *lower);

/** The guest's disks: their connections to the virtualisers, and their registers. */
void lower_disk_clients(struct lower *lower, struct lower_guest *guest);

/** Warn if a part of a disk, which is good, overlaps one that was added before, both written. A
 * partition and an extent are not compared: where a partition is, only the disk says. */
void lower_disk_part(struct lower *lower, struct lower_disk *disk,
                     const struct sdf_guest_disk *part);

/** What is to be said of disks when all guests are lowered. */
void lower_disks_end(struct lower *lower);

/** The protection domains that share the console. */
void lower_console_pds(struct lower *lower);

/** What is to be said when all clients are there. */
void lower_console_end(struct lower *lower);

/** The guest's named ports, and their device. */
void lower_ports(struct lower *lower, struct lower_guest *guest);

/** What is to be said of ports when all guests are lowered. */
void lower_ports_end(struct lower *lower);

/** The switches of all networks. */
void lower_networks(struct lower *lower);

/**
 * Add a port to a network. `port` has name, PD, configuration and what the description says;
 * `owner` the PD (or a guest's) free addresses and channel. False after complaining.
 */
bool lower_network_port(struct lower *lower, struct lower_guest *owner,
                        struct lower_network *network, struct lower_net *port);

/** Add a line to the configuration of a switch or a trunk, a region. */
void lower_network_line(struct lower *lower, size_t config, struct sdf_str line);

/** Whether frames of one port may reach another. */
bool lower_network_allows(const struct sdf_network *network, const struct lower_net *from,
                          const struct lower_net *to);

/** The address of a new port of the network: mac=, or one made of the names of network and guest.
 *  False after complaining that mac= is none, or another port's. */
bool lower_network_mac(struct lower *lower, const struct lower_network *network,
                       const struct sdf_net *net, const char *guest, uint8_t mac[6]);

/** The switch copies between the guests of the network itself: it gets their RAM. */
void lower_network_trust(struct lower *lower, struct lower_network *network);

/** The network's uplink, when it has one: its driver, on the first port. */
void lower_uplink(struct lower *lower, struct lower_network *network);

/** The network of that name, or NULL after complaining. */
struct lower_network *lower_network_find(struct lower *lower, const struct sdf_str *name);

/** The trunks: each is a PD with a port of two networks. */
void lower_trunks(struct lower *lower);

/** The number of the network that stands for all that trunks join with that number's. */
size_t lower_trunk_root(const struct lower *lower, size_t network);

/** The guest's network devices. */
void lower_nets(struct lower *lower, struct lower_guest *guest);

/** What is known of networks when all guests are lowered. */
void lower_networks_end(struct lower *lower);

/** A virtIO device of the guest that its monitor makes (vmm/config.h), for a line of `pos`. */
void lower_virtio(struct lower *lower, struct lower_guest *guest, struct diag_pos pos,
                  const char *kind);

/** Physical address for RAM of `ram-at="identity"`. False: there is no room, said so. */
bool lower_place_identity(struct lower *lower, const struct sdf_guest *guest, uint64_t *base);

#endif
