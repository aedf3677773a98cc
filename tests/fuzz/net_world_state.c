/* SPDX-License-Identifier: BSD-2-Clause */
#include "net_world.h"

#include <string.h>

#define SECOND 1000000000U

/* What the switch knows of slots, addresses and rates agrees with itself and the rules. There is
 * nothing to learn for the fuzzer from these loops. */
void __attribute__((no_sanitize("coverage"))) net_world_check_state(void)
{
    static unsigned held[PORTS][PORTS];
    unsigned places[PORTS] = { 0 };
    const struct net_port *limited = &net_world.network.ports[HOSTILE];

    memset(held, 0, sizeof(held));
    for (unsigned owner = 0; owner < PORTS; owner++) {
        const struct net_port *at = &net_world.network.ports[owner];
        unsigned out[2] = { 0 };

        for (unsigned slot = 0; slot < NET_SLOTS; slot++) {
            uint64_t holders = at->slots[slot].holders;

            out[at->slots[slot].large] += holders != 0;
            net_world_check(holders >> PORTS == 0, "ports that there are");
            for (; holders != 0; holders &= holders - 1) {
                held[__builtin_ctzll(holders)][owner]++;
            }
        }
        net_world_check(out[0] == at->out[0] && out[1] == at->out[1],
                        "slots that are out are counted");
    }
    for (unsigned port = 0; port < PORTS; port++) {
        const struct net_port *at = &net_world.network.ports[port];

        for (unsigned owner = 0; owner < PORTS; owner++) {
            net_world_check(held[port][owner] == (unsigned)at->held[owner][0] + at->held[owner][1],
                            "slots that are held are counted");
            net_world_check(at->held[owner][0] <= NET_HELD_SMALL &&
                                at->held[owner][1] <= NET_HELD_LARGE,
                            "no port holds more than it may");
        }
    }
    for (unsigned i = 0; i < NET_TABLE_SETS * NET_TABLE_WAYS; i++) {
        unsigned port = net_world.network.table.sets[i / NET_TABLE_WAYS][i % NET_TABLE_WAYS].port;

        net_world_check(port == NET_NO_PORT || port == UPLINK ||
                            (port == HOSTILE && (net_world.shape & ANY_MAC) != 0),
                        "addresses of who may have them");
        places[port % PORTS] += port != NET_NO_PORT;
    }
    for (unsigned i = 0; i < PORTS; i++) {
        net_world_check(places[i] == net_world.network.table.counts[i] &&
                            places[i] <= NET_TABLE_SHARE,
                        "no port has more than its share of the table");
    }
    net_world_check((net_world.shape & HAS_RATE) == 0 ||
                        limited->stats.sent_bytes <=
                            NET_WORLD_BURST +
                                NET_WORLD_RATE * ((net_world.now - net_world.began) / SECOND + 1),
                    "the rate");
}
