/* SPDX-License-Identifier: BSD-2-Clause */
/* A switch that copies from guest to guest, and the monitors at its ports. */
#ifndef TESTS_DIRECT_RIG_H
#define TESTS_DIRECT_RIG_H

#include <stdbool.h>

#include "io/net/direct.h"
#include "io/net/switch.h"

#define DIRECT_RIG_PORTS 4U
#define DIRECT_RIG_SECOND 1000000000ULL
#define DIRECT_RIG_RAM UINT64_C(0x40000000)
#define DIRECT_RIG_RAM_BYTES 0x200000U
#define DIRECT_RIG_HEAD (NET_POST_HEADER + NET_ETHERNET_BYTES)
#define DIRECT_RIG_BUFFER 1536U
/* Where a test's guest has what it sends, and its buffers. */
#define DIRECT_RIG_SOURCE 0x1000U
#define DIRECT_RIG_BUFFERS 0x100000U

struct direct_rig {
    struct net_switch network;
    struct net_client clients[DIRECT_RIG_PORTS];
    struct net_direct direct[DIRECT_RIG_PORTS];
    /* The guests' memory, and the slots of all ports. */
    uint8_t *ram[DIRECT_RIG_PORTS];
    uint8_t *buffers;
    uint64_t now;
};

extern struct direct_rig direct_rig;

/* For each test: all ports are open. Port 2 has VLAN 5 tagged, port 3 is in it and is limited. */
int direct_rig_setup(void **state);
int direct_rig_teardown(void **state);

/* Put a port into the switch, which has begun anew. */
void direct_rig_add_port(unsigned port);

/* What a port wishes beside frames and posts. */
void direct_rig_wish(unsigned port, uint32_t more);

/* Post `count` buffers of a size, one behind the other, from `number` on. */
void direct_rig_post(unsigned port, unsigned number, unsigned count, uint32_t bytes);

/* A frame, and one that is to be segmented and its checksum to be finished. */
struct net_frame direct_rig_frame(unsigned from, unsigned to, uint32_t payload);
void direct_rig_large(struct net_frame *frame, uint8_t gso_type);

/* Put a frame into the batch, whose payload is in `count` pieces. */
void direct_rig_add(unsigned from, const struct net_frame *frame, const struct net_piece *pieces,
                    unsigned count);

/* Send the batch, or a frame of `payload` bytes that are in one piece; slots are free again.
 * Returns how many frames were taken. */
unsigned direct_rig_send(unsigned from);
unsigned direct_rig_send_to(unsigned from, unsigned to, uint32_t payload);

/* A pattern in a guest's memory. */
void direct_rig_fill(unsigned port, uint32_t at, uint32_t bytes);

/* Receive a landed frame in `count` buffers. */
struct net_frame direct_rig_landed(unsigned port, unsigned count);

/* Whether nothing waits for a port, and whether memory is all zero. */
bool direct_rig_idle(unsigned port);
bool direct_rig_is_zero(const uint8_t *at, size_t bytes);

#endif
