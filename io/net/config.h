/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a switch is told, as text: one setting a line, a word and its values separated by blanks;
 * `#` starts a comment. Numbers are decimal, or hexadecimal with 0x.
 *
 *     age SECONDS                 addresses that were not seen for so long are forgotten (300)
 *     port CHANNEL ADDRESS NAME MAC
 *                                 a port: its channel, where its memory (protocol.h) is mapped, its
 *                                 name for people, its own address as 02:00:00:00:00:01. Ports are
 *                                 numbered from 0 in the order of these lines
 *
 * and of the port before:
 *
 *     any-mac                     it may send from other addresses, which the switch learns
 *     vlan NUMBER                 VLAN of its frames without tag (1); 0: it may send none
 *     tagged NUMBER...            VLANs of which it has frames with tags
 *     to NUMBER...                ports that it may send to, instead of all
 *     rate BYTES BURST            bytes a second that it may send, and bytes at once
 *
 * and of any port before, by number:
 *
 *     memory PORT GUEST BYTES ADDRESS
 *                                 memory of its guest: where it is in the guest, and mapped here
 */
#ifndef IO_NET_CONFIG_H
#define IO_NET_CONFIG_H

#include "switch.h"
#include "trunk.h"

struct net_config_port {
    uint32_t channel;
    uint64_t address;
    struct net_port_rules rules;
};

struct net_config {
    uint64_t age; /* nanoseconds */
    unsigned count;
    struct net_config_port ports[NET_MAX_PORTS];
};

/**
 * Read `bytes` bytes of text. Returns 0, or the number of the first line that is wrong: an unknown
 * word, too few or too many values, a number or address that is none or out of range, a setting of
 * a port before any or of one twice that can be there once, too many ports, a channel or own
 * address that two have.
 */
unsigned net_config_read(struct net_config *config, const char *text, size_t bytes);

/**
 * What a trunk is told, in the same form: two lines
 *
 *     end CHANNEL MEMORY BUFFERS PORT READABLE
 *                                 the channel to a switch, where the port's memory and the buffers
 *                                 of port 0 would be mapped, its number, and the ports of which the
 *                                 buffers are mapped, as bits
 */
struct net_config_trunk {
    unsigned count;
    struct {
        uint32_t channel;
        uint64_t memory;
        uint64_t buffers;
        uint32_t port;
        uint64_t readable;
    } ends[NET_TRUNK_ENDS];
};

/**
 * Read it. Returns 0, or the number of the first line that is wrong; when there are too few, that
 * is the line behind the last.
 */
unsigned net_config_read_trunk(struct net_config_trunk *config, const char *text, size_t bytes);

#endif
