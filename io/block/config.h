/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The block virtualiser's configuration: text, one setting a line, made by the tool or by hand.
 * Words are separated by blanks; `#` begins a comment. Numbers are decimal, or hexadecimal behind
 * 0x.
 *
 *     device CHANNEL ADDRESS BYTES     the driver's connection
 *     client CHANNEL ADDRESS BYTES NAME MEMORY SHARE [ro]
 *                                      a client's connection, the bytes of memory that it may use
 *                                      for data, and what of the disk it gets
 *     base NAME ADDRESS                where the driver finds that client's memory; without it the
 *                                      physical address that the tool sets (pd_block.c)
 *     table ADDRESS                    where it finds the memory for partition tables, likewise
 *     timer CHANNEL                    a timer driver (io/timer/protocol.h)
 *     deadline MILLISECONDS            for each request; needs a timer
 *     limit NAME BYTES OPERATIONS      that client's share of the disk's time, both a second
 *                                      (limit.h), 0 for no limit; needs a timer
 *
 * SHARE is `whole`, `partition:NUMBER` or `extent:FIRST:COUNT`, in sectors of 512 bytes.
 */
#ifndef IO_BLOCK_CONFIG_H
#define IO_BLOCK_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BLOCK_MAX_CLIENTS 32u
#define BLOCK_NAME_BYTES 64u
/** Channel numbers are below this. */
#define BLOCK_CONFIG_CHANNELS 62u
/** `channel` of what was not set. */
#define BLOCK_CONFIG_NONE UINT32_MAX

struct block_connection {
    uint32_t channel;
    uintptr_t address;
    size_t bytes;
};

enum block_share {
    BLOCK_SHARE_WHOLE,
    BLOCK_SHARE_PARTITION,
    BLOCK_SHARE_EXTENT,
};

struct block_config_client {
    struct block_connection connection;
    char name[BLOCK_NAME_BYTES];
    uint64_t memory_bytes;
    /** Where the driver finds it. */
    bool base_given;
    uint64_t base;
    enum block_share share;
    uint32_t partition;
    uint64_t first;
    uint64_t count;
    bool read_only;
    /** Bytes and operations a second; 0: no limit. */
    uint64_t bytes_a_second;
    uint64_t operations_a_second;
};

struct block_config {
    struct block_connection device;
    struct block_config_client clients[BLOCK_MAX_CLIENTS];
    uint32_t count;
    bool table_given;
    uint64_t table;
    uint32_t timer;
    uint32_t deadline;
};

/**
 * Reads `bytes` bytes of text, which a zero may end earlier. Returns 0, or the number of the first
 * line that is wrong: an unknown word, too few or too many values, a number that is none or out of
 * range, a channel or a name that is used twice, too many clients; behind the last line, when there
 * is no device, no client, or a deadline or a limit without a timer. `config` is then of no use.
 */
uint32_t block_config_read(struct block_config *config, const char *text, size_t bytes);

#endif
