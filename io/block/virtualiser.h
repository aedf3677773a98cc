/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The block virtualiser: one disk between clients, of whom each has a part of it. Plain C: the
 * program around it (pd_block.c) has the channels and the clock.
 *
 * Each client's requests are checked: the kind, the range against the client's part, the segments
 * against the client's memory, all without overflow. They go on to the driver with sectors of the
 * disk and with the driver's addresses. Clients take turns, a request each; while others have
 * opened their connections, each has at most BLOCK_WINDOW requests with the driver, so that it
 * delays another's single request by at most so many.
 *
 * A client with a limit (limit.h) waits for its turn; what it waits with does not reach the driver.
 *
 * A driver that is restarted goes on with what was sent to it; what it had taken and not answered
 * fails.
 *
 * A client's quiesce, or a request that is late, has the driver take that client's requests back
 * (queue.h); what the driver does to its device for that is invisible to the other clients.
 */
#ifndef IO_BLOCK_VIRTUALISER_H
#define IO_BLOCK_VIRTUALISER_H

#include "client.h"
#include "config.h"
#include "limit.h"
#include "partition.h"
#include "server.h"

/** Requests of one client with the driver, while there are others. */
#define BLOCK_WINDOW 16u
/** "No request." */
#define BLOCK_NO_TAG UINT16_MAX
/** "No deadline." */
#define BLOCK_NEVER UINT64_MAX

struct block_virtualiser_client {
    const struct block_config_client *config;
    struct block_server server;
    /** Its part of the disk is known, and was shown. */
    bool ready;
    /** A request with BLOCK_FLAG_BARRIER is with the driver. */
    bool barrier;
    /** Its part of the disk, in sectors. */
    uint64_t first;
    uint64_t count;
    uint32_t in_device;
    /** Some request of it is late: the driver is to give all back. */
    bool late;
    /** It wants its memory back. */
    bool quieting;
    /** Bytes of reads and writes; requests of any kind. */
    struct block_limit bytes;
    struct block_limit operations;
    struct block_stats stats;
};

/** A request that is with the driver. */
struct block_pending {
    uint32_t id;
    uint8_t client;
    uint8_t kind;
    bool barrier;
    uint64_t bytes;
    uint64_t deadline;
    /** The one that was sent before it, and the one behind; BLOCK_NO_TAG: none. */
    uint16_t older;
    uint16_t newer;
};

/** How far the start has come. */
enum block_state {
    /** The driver has not said what the disk is like. */
    BLOCK_WAITS,
    /** The partition table is being read. */
    BLOCK_READS_TABLE,
    BLOCK_SERVES,
};

/** Memory of the virtualiser itself, for partition tables. */
struct block_buffer {
    uint8_t *bytes;
    /** Where the driver finds its PARTITION_READ bytes. */
    uint64_t address;
};

struct block_virtualiser {
    const struct block_config *config;
    struct block_client device;
    struct block_info info;
    enum block_state state;
    struct block_buffer buffer;
    struct partition_table table;
    /** A read of the table is with the driver. */
    bool reading;
    /** Why there are no partitions; PARTITION_OK while there is no reason. */
    enum partition_error table_error;
    /** There is no disk. */
    bool missing;
    /** There is none any more, or another one: all requests fail. */
    bool gone;
    /** The driver was restarted, and its disk has not been looked at since. */
    bool look;
    struct block_virtualiser_client clients[BLOCK_MAX_CLIENTS];
    uint32_t count;
    /** Whose turn it is. */
    uint32_t turn;
    /** The client (plus 1) whose requests the driver is to give back; 0: nobody's. */
    uint32_t quieting;
    struct block_pending pending[BLOCK_MAX_IN_FLIGHT];
    /** In the order that they were sent, which is that of their deadlines. */
    uint16_t oldest;
    uint16_t newest;
    /** When a limit allows the next request. */
    uint64_t allowed;
    struct block_segment segments[BLOCK_MAX_SEGMENTS];
    /** Is told of a client without a disk, and why, as a sentence about the disk. */
    void (*complain)(const char *client, const char *what);
};

/** What block_virtualiser_serve() wants of its caller. */
struct block_work {
    bool device;
    /** Bit n: notify client n. */
    uint32_t clients;
    /** When to come back, in nanoseconds; or BLOCK_NEVER. */
    uint64_t deadline;
};

/**
 * Opens the device's connection and the clients' ones, at the addresses that `config` names, which
 * are mapped; `config` and `buffer` stay in use. `complain` may be NULL. False: a region is none
 * for a connection. Then notify the device.
 */
bool block_virtualiser_open(struct block_virtualiser *virtualiser,
                            const struct block_config *config, struct block_buffer buffer,
                            void (*complain)(const char *client, const char *what));

/** Does what there is to do at the time `now` in nanoseconds, which does not go back. */
struct block_work block_virtualiser_serve(struct block_virtualiser *virtualiser, uint64_t now);

#endif
