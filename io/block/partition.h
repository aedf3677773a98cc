/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Partition tables: MBR, with logical partitions, and GPT (UEFI 2.10, chapter 5). The caller reads
 * what partition_wants() names and feeds it, until the table is known or refused. Plain C; each
 * number from the disk is checked, and all loops are bounded.
 *
 * A GPT's header and entries are taken when their checksums are right; else those at the end of the
 * disk are. Partitions are numbered as Linux does: by the entry, and logical ones from 5.
 */
#ifndef IO_BLOCK_PARTITION_H
#define IO_BLOCK_PARTITION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Partitions that are looked at: all of a GPT of the usual size. */
#define PARTITION_MOST 128u
/** Most bytes that are wanted at a time. */
#define PARTITION_READ 0x10000u
/** Logical partitions of an MBR. */
#define PARTITION_MOST_LOGICAL 60u

enum partition_error {
    PARTITION_OK = 0,
    /** Not an error: there is more to read. */
    PARTITION_MORE,
    /** No boot signature, or the disk is too small for a table. */
    PARTITION_ERR_NONE,
    /** Neither header of the GPT, with its entries, has right checksums. */
    PARTITION_ERR_CHECKSUM,
    /** A header with right checksums and wrong numbers. */
    PARTITION_ERR_HEADER,
    /** A partition is not on the disk, or not where the table allows partitions. */
    PARTITION_ERR_RANGE,
    PARTITION_ERR_OVERLAP,
    /** The chain of logical partitions loops, goes back, or has too many. */
    PARTITION_ERR_CHAIN,
    /** For the caller: it cannot be read. */
    PARTITION_ERR_READ,
};

/** In sectors of 512 bytes. `count` 0: there is no such partition. */
struct partition {
    uint64_t first;
    uint64_t count;
};

struct partition_table {
    /** Of the disk, in sectors of 512 bytes, and bytes of its own blocks. */
    uint64_t sectors;
    uint32_t block;
    struct partition partitions[PARTITION_MOST];
    unsigned int step;
    /** What is wanted. */
    uint64_t want_sector;
    uint32_t want_bytes;
    /** GPT: what the header says of the entries. */
    uint64_t usable_first;
    uint64_t usable_last;
    uint32_t entry_bytes;
    uint32_t entries_bytes;
    uint32_t entries_checksum;
    /** MBR: the extended partition, the last link of its chain, and the next logical number. */
    struct partition extended;
    uint64_t link;
    unsigned int logical;
};

/** Begin, for a disk of `sectors` sectors of 512 bytes and blocks of `block` bytes. */
void partition_begin(struct partition_table *table, uint64_t sectors, uint32_t block);

/** What is to be read next: whole blocks, at most PARTITION_READ bytes. */
void partition_wants(const struct partition_table *table, uint64_t *sector, uint32_t *bytes);

/** Here it is. PARTITION_MORE: ask again; PARTITION_OK: the table is known; else it is refused. */
enum partition_error partition_feed(struct partition_table *table, const void *bytes);

/** Partition `number`, from 1. False: there is none. */
bool partition_find(const struct partition_table *table, unsigned int number,
                    struct partition *partition);

/** An error, as a sentence. */
const char *partition_says(enum partition_error error);

#endif
