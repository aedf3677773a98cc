/* SPDX-License-Identifier: BSD-2-Clause */
/* A network device in its world, whose backing does as a test says, and its driver. */
#ifndef TESTS_VNET_RIG_H
#define TESTS_VNET_RIG_H

#include <virtio/vnet.h>

#include "virtio_rig.h"

#define VNET_RIG_ENTRIES 64U
#define VNET_RIG_OFFLOADS                                                                      \
    (VNET_F_CSUM | VNET_F_HOST_TSO4 | VNET_F_HOST_TSO6 | VNET_F_HOST_ECN | VNET_F_GUEST_CSUM | \
     VNET_F_GUEST_TSO4 | VNET_F_GUEST_TSO6 | VNET_F_GUEST_ECN)

/* Bytes of a large segment. */
#define VNET_RIG_SEGMENT 60000U
/* Where the driver's buffers for what it receives are. */
#define VNET_RIG_RECEIVE_AT (WORLD_DATA_AT + 0x10000)

struct vnet_rig {
    /* What becomes of what the guest sends, and how many of its frames stay held. */
    enum vnet_result answer;
    unsigned keep;
    /* The last frame that was taken, and how many were. */
    uint8_t sent[VNET_MAX_FRAME];
    struct vnet_frame sent_frame;
    unsigned sent_count;
    /* How often the device asked what stays held, wanted frames, and told of modes. */
    unsigned ends;
    unsigned wanted;
    unsigned changes;
    /* The last member: a sanitizer sees what is behind it. */
    struct vnet net;
};

extern struct vnet_rig vnet_rig;

/* The device's address. */
extern const uint8_t vnet_rig_mac[VNET_MAC_BYTES];

/* For each test; virtio_rig_teardown() ends it. */
int vnet_rig_setup(void **state);

/* How the device is made. */
struct vnet_config vnet_rig_config(uint16_t mtu);

/* The driver starts the device, with these features. */
void vnet_rig_boot(uint64_t features);

/* The guest sends a frame: a pattern behind a header. Whether its buffer is back. */
bool vnet_rig_send(const struct vnet_frame *frame);

/* Whether a frame reaches the backing; it is given back in any case. */
bool vnet_rig_passes(struct vnet_frame frame);

/* The driver gives a buffer for what it receives. */
void vnet_rig_give(uint64_t at, uint32_t bytes);

/* A frame comes for the guest: byte i is i * 5 + 1. */
enum vnet_result vnet_rig_receive(struct vnet_frame frame);

/* Bytes in the next buffer that came back to the driver, 0 for none. */
uint32_t vnet_rig_received(void);

/* 16 bits of the guest's memory. */
uint16_t vnet_rig_word(uint64_t at);

#endif
