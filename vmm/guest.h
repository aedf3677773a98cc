/* SPDX-License-Identifier: BSD-2-Clause */
/* A guest: its machine, its images, its life. */
#ifndef VMM_GUEST_H
#define VMM_GUEST_H

#include "bus.h"
#include "config.h"
#include "gic.h"
#include "loader.h"
#include "psci.h"
#include "random.h"
#include "smccc.h"
#include "terminal.h"
#include "uart.h"
#include "virtio.h"

/** Most words of a vCPU's fault message. */
#define GUEST_FAULT_WORDS 5
/** In guest.index[]: not a vCPU. */
#define GUEST_NO_VCPU 0xff

/** Files of the guest, mapped here. */
struct guest_file {
    const uint8_t *bytes;
    uint64_t count;
};

enum guest_state {
    GUEST_STOPPED,
    GUEST_WAITS, /* to be started when its disks are there, and let go of its RAM */
    GUEST_RUNNING,
};

struct guest {
    struct config config;
    struct loader_ram ram;
    struct guest_file kernel;
    struct guest_file initrd;       /* count 0: none */
    struct guest_file dtb;          /* base of the device tree (dtb.h); count 0: none */
    uint8_t index[BH_MAX_CHILDREN]; /* of the vCPU with that child id */
    struct bus bus;
    struct gic gic;
    struct psci psci;
    struct random random;
    struct smccc smccc;
    /** The connection to the serial virtualiser; NULL: output is printed as lines. */
    void *serial;
    uint64_t serial_bytes;
    uint32_t serial_channel;
    /** The connection to its disk's virtualiser; NULL: it has no disk. */
    struct terminal terminal;
    struct uart uart;
    struct virtio virtio;
    enum guest_state state;
    uint32_t starts;
    uint32_t crash_restarts; /* starts that followed a crash */
    uint64_t resets;
    uint64_t aborts;      /* accesses that nothing answered */
    uint64_t aborts_said; /* the kernel's count of the vCPUs' when the guest last stopped */
};

/** What becomes of a vCPU's fault. */
struct guest_answer {
    /** False: the vCPU does not go on (it was stopped, or started anew). */
    bool reply;
    enum bh_vcpu_reply label;
    uint64_t value;
};

/**
 * Say a line about a guest on its terminal, without its newline: what it does to its power, what
 * goes wrong. A line that the guest has begun is ended first.
 */
void guest_say(struct guest *guest, const char *text, const char *detail);

/**
 * Find the guest's vCPUs and build its machine. `config`, `ram`, the files and the connection are
 * set. Returns false, and has said why, when the machine cannot be built.
 */
bool guest_init(struct guest *guest);

/**
 * Copy the images into RAM and start the first vCPU, at once or when its disk is settled. False:
 * said why.
 */
bool guest_start(struct guest *guest);

/**
 * Stop all vCPUs, and reset what the VMM keeps of them. Prints how many exceptions the guest got
 * since its start because nothing answers an access or an instruction, if there were any.
 */
void guest_stop(struct guest *guest);

/** vCPU `id` faulted; `words` are the message's, as many as <bulkhead/abi.h> says of `label`. */
struct guest_answer guest_fault(struct guest *guest, uint32_t id, uint64_t label,
                                const uint64_t words[GUEST_FAULT_WORDS]);

/** A notification on `channel` came. */
void guest_notified(struct guest *guest, uint32_t channel);

#endif
