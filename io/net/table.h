/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which addresses are behind which port: a table of fixed size that learns and forgets. An address
 * counts in one VLAN. Each port has a share of the table, and of each set of places that an address
 * may be in, so that one that shows many addresses, however chosen, pushes out its own first.
 */
#ifndef IO_NET_TABLE_H
#define IO_NET_TABLE_H

#include "protocol.h"

/** Sets of the table and entries in each. */
#define NET_TABLE_SETS 256U
#define NET_TABLE_WAYS 8U
/** Most entries of one port. */
#define NET_TABLE_SHARE 512U

#define NET_NO_PORT 0xffU

struct net_table_entry {
    /** Address in the low 48 bits, VLAN above. */
    uint64_t key;
    /** When it was seen last, in the caller's unit. */
    uint32_t seen;
    uint8_t port; /* NET_NO_PORT: the entry is free */
};

struct net_table {
    struct net_table_entry sets[NET_TABLE_SETS][NET_TABLE_WAYS];
    uint32_t counts[NET_MAX_PORTS];
    /** Entries older than this are forgotten. */
    uint32_t age;
    /** Addresses that found no place, or pushed another out. */
    uint64_t crowded;
};

/** An empty table. */
void net_table_init(struct net_table *table, uint32_t age);

/** An address, which is at an even place in memory, as a number of 48 bits. */
static inline uint64_t net_table_address(const uint8_t mac[NET_MAC_BYTES])
{
    uint16_t parts[NET_MAC_BYTES / 2];

    __builtin_memcpy(parts, __builtin_assume_aligned(mac, 2), sizeof(parts));
    return parts[0] | (uint64_t)parts[1] << 16 | (uint64_t)parts[2] << 32;
}

/** An address in a VLAN. */
static inline uint64_t net_table_key(uint64_t address, uint16_t vlan)
{
    return address | (uint64_t)vlan << 48;
}

/** `key` is behind `port`, seen at `now`. */
void net_table_learn(struct net_table *table, uint64_t key, unsigned port, uint32_t now);

/** The port behind which it is, or NET_NO_PORT. */
unsigned net_table_find(const struct net_table *table, uint64_t key, uint32_t now);

/** Forget what is behind a port. */
void net_table_forget(struct net_table *table, unsigned port);

#endif
