/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Frames as they are on a wire, and in memory of devices and guests: the Ethernet header, where
 * there is one a VLAN tag behind both addresses, and the payload. In a descriptor (protocol.h) the
 * tag is apart.
 */
#ifndef IO_NET_WIRE_H
#define IO_NET_WIRE_H

#include <stdbool.h>

#include "protocol.h"

/**
 * Complete the description of a frame whose frame->bytes bytes (at least NET_ETHERNET_BYTES) lie at
 * `at`, where nobody changes them: Ethernet header, tag, and `offset`, counted from `at`. A
 * checksum's place counts from `at` before, and as protocol.h says afterwards.
 *
 * False: the frame is too large, or its checksum is to begin in its Ethernet header.
 */
bool net_wire_describe(struct net_frame *frame, const uint8_t *at);

/** Bytes of the tag that a frame with this `vlan` has. */
uint32_t net_wire_tag_bytes(uint16_t vlan);

/**
 * Write the beginning of a frame: `bytes` bytes at `head`, from the Ethernet header on, with the
 * tag of `vlan` in its place. Returns how many bytes there are at `to` then: net_wire_tag_bytes()
 * more.
 */
uint32_t net_wire_write(uint8_t *to, const uint8_t *head, uint32_t bytes, uint16_t vlan);

#endif
