/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The driver of virtIO network devices between the model of one and a switch with one more port:
 * both ends of the same specification, and of the same protocol.
 */
#ifndef TESTS_NIC_RIG_H
#define TESTS_NIC_RIG_H

#include <virtio/vnet.h>

#include "drivers/net/virtio_nic.h"
#include "io/net/switch.h"
#include "virtio_world.h"

#define NIC_RIG_ENTRIES 256U
/* The ports of the switch: the driver's, and a peer's. */
#define NIC_RIG_NIC 0U
#define NIC_RIG_PEER 1U
#define NIC_RIG_PORTS 2U
#define NIC_RIG_SECOND 1000000000ULL
#define NIC_RIG_FRAMES 64U
/* Bytes of the headers of a TCP segment. */
#define NIC_RIG_HEADERS (NET_ETHERNET_BYTES + 40U)

struct nic_rig {
    struct world world;
    struct vnet net;
    /* What the device offers. */
    uint64_t features;
    struct virtio_nic nic;
    /* The memory that the driver shares with the device. */
    uint8_t *memory;
    struct net_switch network;
    struct net_client peer;
    /* What the device has sent, the last NIC_RIG_FRAMES of it. */
    uint8_t wire[NIC_RIG_FRAMES][VNET_MAX_FRAME];
    struct vnet_frame wire_frames[NIC_RIG_FRAMES];
    unsigned wire_count;
    /* What becomes of what it sends, and whether its reset never ends. */
    enum vnet_result answer;
    bool stuck;
};

extern struct nic_rig nic_rig;

/* Somebody who is reached by the device. */
extern const uint8_t nic_rig_outside[VNET_MAC_BYTES];

/* For each test: a device with all offloads, started, and a peer that is up. */
int nic_rig_setup(void **state);
int nic_rig_teardown(void **state);

/* Where the driver is, and how it starts. */
struct virtio_nic_setup nic_rig_given(void);
enum virtio_device_error nic_rig_start(void);

/* A new device with these features beside the rings'. */
void nic_rig_start_with(uint64_t given);

/* The switch begins, or begins anew. */
void nic_rig_make_switch(void);

/* Everybody works until nothing is left. */
void nic_rig_run(void);

/* Byte `i` of each payload. */
uint8_t nic_rig_pattern(uint32_t i);

/* The peer sends a frame to the outside whose payload is the pattern; headers are written there.
 * False: it has no slot. */
bool nic_rig_send(struct net_frame *frame, const uint8_t *headers, uint32_t header_bytes);
bool nic_rig_send_plain(uint32_t bytes);
/* A large TCP segment with `bytes` bytes of data. */
bool nic_rig_send_segment(uint32_t bytes, uint8_t gso_type);

/* Frames of the peer that are not its own at the moment. */
unsigned nic_rig_lent(void);

/* A frame comes from outside: the pattern behind the Ethernet header and the tag, if any. */
enum vnet_result nic_rig_arrive(struct vnet_frame *frame, const uint8_t *tag);

/* The next frame that the peer gets is the pattern, of so many bytes; or there is none. */
void nic_rig_expect(struct net_frame *frame, uint32_t bytes);
void nic_rig_expect_none(void);

#endif
