/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The server's side of a block connection (queue.h): for the virtualiser towards a client, and for
 * a driver. Requests are looked at first and taken then, so that one that cannot be served yet
 * stays where it is.
 */
#ifndef IO_BLOCK_SERVER_H
#define IO_BLOCK_SERVER_H

#include "queue.h"

struct block_server {
    struct block_shared *shared;
    struct ring requests;
    struct ring answers;
    /** Taken, and not answered. */
    uint32_t in_flight;
    /** The ring's entries made no sense, and were dropped: times. */
    uint64_t broken;
    /** Requests were taken, answers were put since block_server_publish(). */
    bool taken;
    bool answered;
};

/**
 * Opens the server's side in `bytes` bytes at `memory`. False: it is no region for a connection.
 * Notify the client once the facts are there.
 */
bool block_server_open(struct block_server *server, void *memory, size_t bytes);

/** Say what the disk is like, or with NULL that there is none; once. */
void block_server_show(struct block_server *server, const struct block_info *info);

/**
 * The next request and its segments, which stay in the ring. False: there is none, or no room for
 * one more answer; a notification will come. What comes is copied and complete, and its number of
 * segments is not above BLOCK_MAX_SEGMENTS; nothing else of it was checked.
 */
bool block_server_next(struct block_server *server, struct block_request *request,
                       struct block_segment segments[BLOCK_MAX_SEGMENTS]);

/** Take the request off that block_server_next() returned last. */
void block_server_take(struct block_server *server, const struct block_request *request);

/** Answer a request that was taken. */
void block_server_answer(struct block_server *server, uint32_t id, enum block_status status,
                         uint64_t bytes);

/** Show the client what was counted of it; before block_server_publish(). */
void block_server_count(struct block_server *server, const struct block_stats *stats);

/** Show the client what was taken and answered. Returns whether it is to be notified. */
bool block_server_publish(struct block_server *server);

/**
 * For a driver that has no disk any more: fails all that there is, and ends a quiesce. Returns
 * whether the client is to be notified.
 */
bool block_server_refuse(struct block_server *server,
                         struct block_segment segments[BLOCK_MAX_SEGMENTS]);

/** Does the client want a quiesce? Then `*word` is what it is to be answered with. */
bool block_server_quiesce(const struct block_server *server, uint64_t *word);

/** The owner that a quiesce is for. */
uint16_t block_server_owner(uint64_t word);

/** It has ended: everything of this owner is answered and published. Notify the client. */
void block_server_quiet(struct block_server *server, uint64_t word);

#endif
