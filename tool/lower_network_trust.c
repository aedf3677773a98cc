/* SPDX-License-Identifier: BSD-2-Clause */
/* <network trusted="yes">: a switch that copies from one guest's memory into another's. */
#include <inttypes.h>

#include "lower_internal.h"

/** Where the switch sees the RAM of the first guest. */
#define TRUST_MEMORY UINT64_C(0x1000000000)

/** Whether some other guest's frames may reach a port (`in`), or its frames another guest. */
static bool trust_has_peer(const struct lower_network *network, const struct lower_net *port,
                           bool in)
{
    for (size_t i = 0; i < network->ports_count; i++) {
        const struct lower_net *other = &network->ports[i];

        if (other != port && other->ram_bytes != 0 &&
            lower_network_allows(network->from, in ? other : port, in ? port : other)) {
            return true;
        }
    }
    return false;
}

/** The switch sees the guest's RAM, and its monitor calls the switch. */
static void trust_port(struct lower *lower, const struct lower_network *network,
                       struct lower_net *port, uint64_t address, unsigned perms)
{
    struct sdf *sdf = lower->sdf;

    lower_pd_map(lower, &(struct lower_guest){ .pd = network->pd }, port->ram_region, address,
                 perms);
    lower_network_line(lower, network->config,
                       lower_string(port->from->pos,
                                    "memory %zu 0x%" PRIx64 " 0x%" PRIx64 " 0x%" PRIx64,
                                    port->number, port->ram, port->ram_bytes, address));
    port->direct = true;
    if (sdf->pds[port->pd].priority.value >= LOWER_NETWORK_PRIORITY) {
        diag_error(lower->diag, port->from->pos,
                   "'%s' has the priority %" PRIu64 ", and calls the switch of '%s', which has %d",
                   port->name, sdf->pds[port->pd].priority.value, network->from->name.text,
                   LOWER_NETWORK_PRIORITY);
        diag_help(lower->diag, "use a lower priority, or no trusted= for the network");
        return;
    }
    sdf->channels[port->link].ends[1].pp = true;
}

void lower_network_trust(struct lower *lower, struct lower_network *network)
{
    uint64_t address = TRUST_MEMORY;
    bool some = false;

    for (size_t i = 0; i < network->ports_count; i++) {
        struct lower_net *port = &network->ports[i];
        bool reached = trust_has_peer(network, port, true);

        if (port->ram_bytes == 0 || (!reached && !trust_has_peer(network, port, false))) {
            continue;
        }
        if (port->ram_bytes > SDF_SPACE_END - address) {
            diag_error(lower->diag, port->from->pos,
                       "the RAM of the guests on '%s' does not fit into the switch's space",
                       network->from->name.text);
            diag_help(lower->diag, "remove trusted= of the network");
            return;
        }
        trust_port(lower, network, port, address,
                   reached ? SDF_PERM_R | SDF_PERM_W : (unsigned)SDF_PERM_R);
        address += port->ram_bytes;
        some = true;
    }
    if (!some && lower->diag->errors == 0) {
        diag_error(lower->diag, network->from->pos,
                   "no two guests on '%s' may reach each other, so its switch has nothing to copy",
                   network->from->name.text);
        diag_help(lower->diag, "remove trusted=");
    }
}
