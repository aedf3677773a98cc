/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The one guest of a VMM that is linked with libvmm.a, and what the files of this folder share.
 * Their public functions name vCPUs by ids, the VMM library below by indices: affinity 0 first.
 */
#ifndef LIBVMM_MACHINE_H
#define LIBVMM_MACHINE_H

#include <microkit.h>

#include "bus.h"
#include "gic.h"
#include "psci.h"
#include "smccc.h"

/** One of the files that linux_setup_images() copied. */
struct machine_file {
    const void *from;
    uintptr_t to;
    size_t bytes;
};

#define MACHINE_FILES 3

struct machine {
    bool ready; /* vCPUs are found, and all of the below is there */
    struct gic gic;
    struct psci psci;
    struct random random;
    struct smccc smccc;
    struct bus bus;
    /** Of the last guest_start(), for a restart. */
    bool started;
    uint32_t boot_vcpu;
    uintptr_t entry;
    uintptr_t dtb;
    /** What linux_setup_images() copied; none: count 0. */
    struct machine_file files[MACHINE_FILES];
    uint32_t files_count;
    /** Accesses that nothing answered since the start. */
    uint64_t aborts;
    /** Resets that the guest asked for; ends that it did not, or not so. */
    uint64_t resets;
    uint64_t crashes;
};

extern struct machine machine;

/** Addresses of the guest's interrupt controller: facts of the board (board.py). */
struct machine_board {
    uint64_t distributor;
    uint64_t redistributors;
};
extern const struct machine_board machine_board;

/**
 * Finds the index of a vCPU, and the guest's vCPUs before that if it is the first time. False,
 * after a sentence on behalf of `function`: there is no such vCPU.
 */
bool machine_find(const char *function, size_t vcpu_id, uint32_t *index);

/** Copies the files again. */
void machine_load_files(void);

/** Stops the guest. */
void machine_stop(void);

/** Starts it as it was started last, or for the first time. */
bool machine_start(void);

/** It crashed, and stays off: it is stopped, and that is put into the report ring. */
void machine_crash(void);

/**
 * A call of the vCPU with that index to PSCI, or another that the library answers; `x` are x0 to
 * x3. What it does to the guest's power is done, and is put into the report ring. True: the vCPU
 * goes on with `*x0`, if `*waits` once an interrupt is there for it. False: it does not, or not
 * from where it was.
 */
bool machine_call(uint32_t index, uint32_t immediate, const uint64_t x[4], uint64_t *x0,
                  bool *waits);

/** The guest is stopped: interrupts that it had not ended are over. */
void virq_reset(void);

/** vCPUs have been started: the kernel is told again which private interrupts' ends to announce. */
void virq_started(void);

/** The fault that is being handled is no more: its vCPU was stopped. */
void fault_forget(void);

/** Does a SiP call with the registered handler. False: there is none, or it does not know it. */
bool smc_sip_call(size_t vcpu_id, seL4_UserContext *regs, size_t fn_number);

/** Whether a function number is a SiP's. */
bool smc_is_sip(uint64_t function);

#endif
