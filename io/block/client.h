/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The client's side of a block connection (queue.h). A client has one channel to its server, on
 * which both notify. When a notification comes it looks for answers, for room, for the disk's facts
 * and for the end of a quiesce, since it does not say what it is for.
 */
#ifndef IO_BLOCK_CLIENT_H
#define IO_BLOCK_CLIENT_H

#include "queue.h"

struct block_client {
    struct block_shared *shared;
    struct ring requests;
    struct ring answers;
    /** By tag, the id that is in flight; its lower half is the tag, its upper one counts uses. */
    uint32_t ids[BLOCK_MAX_IN_FLIGHT];
    bool busy[BLOCK_MAX_IN_FLIGHT];
    uint8_t free[BLOCK_MAX_IN_FLIGHT];
    uint32_t free_count;
    /** By tag, where its request ends in the ring. */
    uint32_t ends[BLOCK_MAX_IN_FLIGHT];
    /** The server's life (queue.h). */
    uint64_t opened;
    uint64_t quiesce;
    /** Requests were put since block_client_publish(). */
    bool submitted;
    /** Answers to what was not asked, or with a status that there is not. */
    uint64_t nonsense;
};

/**
 * Opens the client's side in `bytes` bytes at `memory`. False: it is no region for a connection.
 * A quiesce of owner 0 begins with it, because the memory may be from an earlier life; nothing is
 * to be submitted before block_client_is_quiet(). Notify the server once.
 */
bool block_client_open(struct block_client *client, void *memory, size_t bytes);

/**
 * What the disk is like; `info` is written with BLOCK_DISK_THERE only. While it is not known, a
 * notification will come. Facts that cannot be are those of no disk.
 */
enum block_disk block_client_info(const struct block_client *client, struct block_info *info);

/** What the server has counted of this client; as much as it says. */
struct block_stats block_client_stats(const struct block_client *client);

/**
 * Send a request with its segments; `request->id` is not looked at. `*tag`, below
 * BLOCK_MAX_IN_FLIGHT, is what the answer comes with. The server sees it after
 * block_client_publish(). False: there is no room, and a notification will come with it.
 */
bool block_client_submit(struct block_client *client, const struct block_request *request,
                         const struct block_segment *segments, uint32_t *tag);

/** Show the server what was submitted. Returns whether it is to be notified. */
bool block_client_publish(struct block_client *client);

/**
 * The next answer, with the tag in place of its id. False: there is none, and a notification will
 * come with the next.
 */
bool block_client_take(struct block_client *client, struct block_answer *answer);

/**
 * Did the server begin a new life since the last call? Take its answers then, and after that drop
 * what is lost.
 */
bool block_client_restarted(struct block_client *client);

/** Was the request of this tag taken by an earlier life of the server? */
bool block_client_lost(const struct block_client *client, uint32_t tag);

/** Requests that are not answered. */
uint32_t block_client_in_flight(const struct block_client *client);

/** Have an owner's requests ended (queue.h). Notify the server. */
void block_client_quiesce(struct block_client *client, uint16_t owner);

/** Has the last quiesce ended? All of its answers are there then. */
bool block_client_is_quiet(const struct block_client *client);

/** After a quiesce of its owner: the answer of this tag will not come, and the tag is free. */
void block_client_drop(struct block_client *client, uint32_t tag);

/** After a quiesce of all owners: what was not answered never will be, and its tags are free. */
void block_client_forget(struct block_client *client);

#endif
