/* SPDX-License-Identifier: BSD-2-Clause */
/* What tests of the network switch share: addresses, and ports that can read all buffers. */
#ifndef TESTS_NET_RIG_H
#define TESTS_NET_RIG_H

#include <stdlib.h>
#include <string.h>

#include "io/net/client.h"

/* The address of that number: a local one. */
static inline void net_rig_mac(unsigned number, uint8_t mac[NET_MAC_BYTES])
{
    memset(mac, 0, NET_MAC_BYTES);
    mac[0] = 2;
    mac[5] = (uint8_t)number;
}

/* Memory of a port that was never opened; the caller frees it. */
static inline void *net_rig_memory(void)
{
    void *memory = aligned_alloc(64, NET_PORT_BYTES);

    memset(memory, 0, NET_PORT_BYTES);
    return memory;
}

/* Open a port of a switch with so many; `buffers` are those of all, and are written to.
 * NOLINTNEXTLINE(readability-non-const-parameter) */
static inline void net_rig_open(struct net_client *client, void *memory, uint8_t *buffers,
                                unsigned ports, unsigned port)
{
    const struct net_client_place place = {
        .memory = memory,
        .buffers = buffers,
        .readable = (UINT64_C(1) << ports) - 1,
        .port = port,
    };

    net_client_open(client, &place);
}

#endif
