/* SPDX-License-Identifier: BSD-2-Clause */
/* The block virtualiser, with three clients and a driver that a test plays, and its clock. */
#ifndef TESTS_BLOCK_RIG_H
#define TESTS_BLOCK_RIG_H

#include <stddef.h>
#include <stdint.h>

#include "io/block/virtualiser.h"

#define BLOCK_RIG_CLIENTS 3u
#define BLOCK_RIG_CLIENT_BYTES 0x10000u
#define BLOCK_RIG_DEVICE_BYTES 0x20000u
#define BLOCK_RIG_MEMORY 0x100000u
/* Where the driver finds the clients' memory: nothing is there, for nobody looks. */
#define BLOCK_RIG_BASE(client) (0x7000000000ull + (client)*0x1000000000ull)
#define BLOCK_RIG_SECTORS 10000u
#define BLOCK_RIG_DEPTH 128u
#define BLOCK_RIG_MOST 4096u

/* A request that the driver took. */
struct block_rig_taken {
    struct block_request request;
    struct block_segment segments[BLOCK_MAX_SEGMENTS];
};

struct block_rig {
    void *regions[BLOCK_RIG_CLIENTS + 1];
    uint8_t table_bytes[PARTITION_READ];
    struct block_config config;
    struct block_virtualiser virtualiser;
    struct block_client clients[BLOCK_RIG_CLIENTS];
    struct block_server driver;
    /* What the driver says of the disk. */
    struct block_info info;
    unsigned int complaints;
    uint64_t now;
    struct block_rig_taken taken[BLOCK_RIG_MOST];
    unsigned int taken_count;
};

extern struct block_rig block_rig;

/* For each test: the regions are new, and the clients have two extents and the whole disk. */
int block_rig_setup(void **state);
int block_rig_teardown(void **state);

/* The configuration: lines behind the device's, or the three clients' shares and more lines. */
void block_rig_configure(const char *text);
void block_rig_configure_three(const char *first, const char *second, const char *third,
                               const char *more);

/* Everybody opens, and the driver says what the disk is like. */
void block_rig_start(void);

/* The virtualiser does what there is to do, now. */
struct block_work block_rig_serve(void);

/* It tells of a client without a disk. */
void block_rig_complain(const char *client, const char *what);

/* The driver takes what there is, and answers a request that it took. */
void block_rig_drive(void);
void block_rig_answer(unsigned int number, enum block_status status, uint64_t bytes);

/* Both in turn: what clients sent reaches the driver, and what it answers reaches the clients. */
void block_rig_pass(void);
void block_rig_finish(unsigned int number, enum block_status status, uint64_t bytes);

/* Client i sends a request whose only segment is at `address`; put() alone does not show it. */
uint32_t block_rig_put(unsigned int i, uint8_t kind, uint64_t sector, uint64_t address,
                       uint64_t bytes);
void block_rig_publish(unsigned int i);
uint32_t block_rig_ask(unsigned int i, uint8_t kind, uint64_t sector, uint64_t address,
                       uint64_t bytes);

/* Client i gets this answer next, or none. */
void block_rig_expect(unsigned int i, uint32_t tag, enum block_status status);
void block_rig_expect_none(unsigned int i);

#endif
