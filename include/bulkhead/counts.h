/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the benchmark kernel counts of each thread, in one table of its own data. Somebody outside
 * the machine who sees its memory (an emulator's user, a debugger) finds the table by the numbers
 * at its beginning and may read it at any time: each word is written by one CPU, and only grows.
 */
#ifndef BULKHEAD_COUNTS_H
#define BULKHEAD_COUNTS_H

#include <stdint.h>

/** The first two words of the table, which is aligned to 64 bytes. */
#define BH_COUNTS_MAGIC0 0x746e756f436b6c42UL
#define BH_COUNTS_MAGIC1 0x31656c6261546673UL

/** Threads in it: by its index each PD, from BH_MAX_PDS (abi.h) on each vCPU. */
#define BH_COUNTS_THREADS 256

/** Kinds of exits: the exception class of ESR_EL2 (Arm ARM, D19.2.37); class 0: interrupts. */
#define BH_COUNTS_EXITS 64

struct bh_counts {
    uint64_t instructions; /* it executed, up to its last switch */
    uint64_t cycles;
    uint64_t switches;            /* to it */
    uint64_t kernel_instructions; /* executed while it was current */
    /** How often it entered the kernel, up to now; PDs have no more than interrupts counted. */
    uint64_t exits[BH_COUNTS_EXITS];
};

struct bh_counts_table {
    uint64_t magic[2];
    struct bh_counts threads[BH_COUNTS_THREADS];
};

#endif
