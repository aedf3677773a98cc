/* SPDX-License-Identifier: BSD-2-Clause */
/* The PD of a trunk between two switches. It is told its configuration (config.h) in a region. */
#include <bulkhead/libc.h>
#include <microkit.h>

#include "config.h"
#include "trunk.h"

#define NOT_SET 1

/* Set in the ELF file by the tool. */
__attribute__((used)) uint64_t config_vaddr = NOT_SET;
__attribute__((used)) uint64_t config_bytes = NOT_SET;

static struct net_config_trunk config;
static struct net_trunk trunk;

void init(void)
{
    struct net_client_place places[NET_TRUNK_ENDS];
    unsigned wrong = net_config_read_trunk(&config, (const char *)config_vaddr, config_bytes);

    if (wrong != 0) {
        printf("%s: line %u of the configuration is wrong\n", microkit_name, wrong);
        microkit_internal_crash(0);
    }
    for (unsigned i = 0; i < NET_TRUNK_ENDS; i++) {
        places[i] = (struct net_client_place){
            .memory = (void *)config.ends[i].memory,
            .buffers = (void *)config.ends[i].buffers,
            .readable = config.ends[i].readable,
            .port = config.ends[i].port,
        };
    }
    net_trunk_open(&trunk, places);
    for (unsigned i = 0; i < NET_TRUNK_ENDS; i++) {
        microkit_notify(config.ends[i].channel);
    }
}

void notified(microkit_channel ch)
{
    (void)ch;
    net_trunk_serve(&trunk);
    for (unsigned i = 0; i < NET_TRUNK_ENDS; i++) {
        if (net_trunk_flush(&trunk, i)) {
            microkit_deferred_notify(config.ends[i].channel);
        }
    }
}
