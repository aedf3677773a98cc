/* SPDX-License-Identifier: BSD-2-Clause */
/* Networks: a switch each, and a port of it for each network device of a guest. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <bulkhead/abi.h>

#include "../io/net/protocol.h"
#include "alloc.h"
#include "lower_internal.h"
#include "nearest.h"

/** Where the switch sees its configuration, and the memory of its first port. */
#define NETWORK_CONFIG UINT64_C(0x1200000)
#define NETWORK_PORTS UINT64_C(0x2000000)
/** As in io/net/config.c. */
#define NETWORK_MOST_AGE 2000000
#define NETWORK_MOST_VLAN 4094
#define NETWORK_MOST_RATE (UINT64_C(1) << 40)
#define NETWORK_LEAST_BURST 65536
/** As in virtio/vnet.h. */
#define NETWORK_LEAST_MTU 68
#define NETWORK_MOST_MTU 65535
/** Network devices that the monitor has room for. */
#define NETWORK_MOST_DEVICES 2

void lower_network_line(struct lower *lower, size_t config, struct sdf_str line)
{
    struct sdf_region *region = &lower->sdf->regions[config];

    region->lines = alloc_grow(region->lines, region->lines_count, sizeof(*region->lines));
    region->lines[region->lines_count++] = line;
}

/** The switch's protection domain and its configuration. */
static void network_switch(struct lower *lower, struct lower_network *network)
{
    const struct sdf_network *from = network->from;
    struct sdf_map *map;

    network->pd =
        lower_sdk_pd(lower, from->pos, from->name.text, "switch.elf", LOWER_NETWORK_PRIORITY);
    network->config = lower_region(lower, lower_string(from->pos, "%s.config", from->name.text));
    lower_network_line(lower, network->config,
                       lower_string(from->pos, "age %" PRIu64, from->age.value));
    map = lower_pd_map(lower, &(struct lower_guest){ .pd = network->pd }, network->config,
                       NETWORK_CONFIG, SDF_PERM_R);
    map->setvar_vaddr = lower_string(from->pos, "config_vaddr");
    map->setvar_prefill_size = lower_string(from->pos, "config_bytes");
}

/** Is this the first network of its name? */
static bool network_is_first(const struct sdf *sdf, size_t index)
{
    const char *name = sdf->networks[index].name.text;

    for (size_t i = 0; name != NULL && i < index; i++) {
        if (sdf->networks[i].name.text != NULL && strcmp(sdf->networks[i].name.text, name) == 0) {
            return false;
        }
    }
    return name != NULL;
}

void lower_networks(struct lower *lower)
{
    const struct sdf *sdf = lower->sdf;
    struct sdf_index names = { .kind = "network" };

    lower->networks = alloc_array(sdf->networks_count, sizeof(*lower->networks));
    for (size_t i = 0; i < sdf->networks_count; i++) {
        const struct sdf_network *from = &sdf->networks[i];
        size_t errors = lower->diag->errors;

        lower->networks[i] = (struct lower_network){ .from = from, .pd = SDF_NONE, .joined = i };
        sdf_index_add(&names, &from->name, i);
        if (from->age.value == 0 || from->age.value > NETWORK_MOST_AGE) {
            diag_error(lower->diag, from->age.pos, "an address cannot be kept for %" PRIu64 " s",
                       from->age.value);
            diag_help(lower->diag, "use 1 to %d", NETWORK_MOST_AGE);
        }
        if (network_is_first(sdf, i) && lower->diag->errors == errors) {
            network_switch(lower, &lower->networks[i]);
            lower_uplink(lower, &lower->networks[i]);
        }
    }
    sdf_index_finish(&names, lower->diag);
    sdf_index_free(&names);
    lower_trunks(lower);
}

struct lower_network *lower_network_find(struct lower *lower, const struct sdf_str *name)
{
    struct nearest nearest = { .word = name->text };

    for (size_t i = 0; name->text != NULL && i < lower->sdf->networks_count; i++) {
        const char *text = lower->networks[i].from->name.text;

        if (text != NULL && strcmp(text, name->text) == 0) {
            return lower->networks[i].pd != SDF_NONE ? &lower->networks[i] : NULL;
        }
        if (text != NULL && diag_has_room(lower->diag)) {
            nearest_try(&nearest, text);
        }
    }
    if (name->text != NULL) {
        diag_error(lower->diag, name->pos, "there is no network '%s'", name->text);
        if (nearest.best != NULL) {
            diag_help(lower->diag, "did you mean '%s'?", nearest.best);
        } else {
            diag_help(lower->diag, "add a <network name=\"%s\"/> to the <system>", name->text);
        }
    }
    return NULL;
}

/** A number of an attribute that is between two. */
static bool network_between(struct lower *lower, const struct sdf_num *number, const char *what,
                            uint64_t least, uint64_t most)
{
    if (!number->given || (number->value >= least && number->value <= most)) {
        return true;
    }
    diag_error(lower->diag, number->pos, "'%s' cannot be %" PRIu64, what, number->value);
    diag_help(lower->diag, "use %" PRIu64 " to %" PRIu64, least, most);
    return false;
}

/** The VLANs of tagged=, as bits. False after complaining. */
static bool network_tagged(struct lower *lower, const struct sdf_net *net, uint64_t bits[64])
{
    const char *at = net->tagged.text;

    while (at != NULL) {
        char *end;
        unsigned long vlan = strtoul(at, &end, 10);

        if (end == at || (*end != ',' && *end != '\0') || *at < '0' || *at > '9' || vlan == 0 ||
            vlan > NETWORK_MOST_VLAN) {
            diag_error(lower->diag, net->tagged.pos, "'%s' is not a list of VLANs",
                       net->tagged.text);
            diag_help(lower->diag, "write numbers from 1 to %d, such as \"5,6\"",
                      NETWORK_MOST_VLAN);
            return false;
        }
        bits[vlan / 64] |= UINT64_C(1) << (vlan % 64);
        at = *end == ',' ? end + 1 : NULL;
    }
    return true;
}

static bool network_check(struct lower *lower, const struct sdf_net *net)
{
    bool good = network_between(lower, &net->mtu, "mtu", NETWORK_LEAST_MTU, NETWORK_MOST_MTU);

    good = network_between(lower, &net->vlan, "vlan", 0, NETWORK_MOST_VLAN) && good;
    good = network_between(lower, &net->rate, "rate", 1, NETWORK_MOST_RATE) && good;
    good = network_between(lower, &net->burst, "burst", NETWORK_LEAST_BURST, NETWORK_MOST_RATE) &&
           good;
    return good;
}

/** What the switch is told of a port, but for whom it may send to. */
static void network_describe(struct lower *lower, const struct lower_network *network,
                             const struct lower_net *port)
{
    const struct sdf_net *net = port->from;
    const uint8_t *mac = port->mac;
    struct diag_pos pos = net->pos;

    lower_network_line(lower, network->config,
                       lower_string(pos, "port %zu 0x%" PRIx64 " %s %02x:%02x:%02x:%02x:%02x:%02x",
                                    port->number, NETWORK_PORTS + port->number * NET_PORT_BYTES,
                                    port->name, mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]));
    if (net->vlan.given) {
        lower_network_line(lower, network->config,
                           lower_string(pos, "vlan %" PRIu64, net->vlan.value));
    }
    if (net->tagged.text != NULL) {
        struct sdf_str line = lower_string(pos, "tagged %s", net->tagged.text);

        for (char *c = line.text; *c != '\0'; c++) {
            *c = *c == ',' ? ' ' : *c;
        }
        lower_network_line(lower, network->config, line);
    }
    if (net->any_mac) {
        lower_network_line(lower, network->config, lower_string(pos, "any-mac"));
    }
    if (net->rate.given) {
        lower_network_line(
            lower, network->config,
            lower_string(pos, "rate %" PRIu64 " %" PRIu64, net->rate.value, net->burst.value));
    }
}

/** The port's memory, its buffers, and the channel. */
static void network_join(struct lower *lower, struct lower_guest *guest,
                         const struct lower_network *network, struct lower_net *port)
{
    struct sdf *sdf = lower->sdf;
    struct diag_pos pos = port->from->pos;
    const char *name = port->name;
    size_t memory =
        lower_region(lower, lower_string(pos, "%s.%s.port", name, network->from->name.text));

    sdf->regions[memory].size = lower_number(pos, NET_PORT_BYTES);
    lower_pd_map(lower, &(struct lower_guest){ .pd = network->pd }, memory,
                 NETWORK_PORTS + port->number * NET_PORT_BYTES, SDF_PERM_R | SDF_PERM_W);
    port->memory = guest->free;
    lower_pd_map(lower, guest, memory, port->memory, SDF_PERM_R | SDF_PERM_W);
    guest->free += LOWER_ALIGN;

    port->region =
        lower_region(lower, lower_string(pos, "%s.%s.buffers", name, network->from->name.text));
    sdf->regions[port->region].size = lower_number(pos, NET_BUFFER_BYTES);
    sdf->regions[port->region].page_size = lower_number(pos, SDF_BIG_PAGE);
    port->buffers = guest->free;
    lower_pd_map(lower, guest, port->region, port->buffers + port->number * NET_BUFFER_BYTES,
                 SDF_PERM_R | SDF_PERM_W);
    guest->free += (uint64_t)NET_MAX_PORTS * NET_BUFFER_BYTES;

    port->channel = guest->next_id++;
    port->link = sdf->channels_count;
    (void)lower_channel(lower, pos, network->pd, port->number, port->pd, port->channel,
                        port->config == SDF_NONE ? "net_channel" : NULL);
}

/** Another port of that name, or NULL. */
static const struct lower_net *network_has(const struct lower_network *network, const char *name)
{
    for (size_t i = 0; i < network->ports_count; i++) {
        if (strcmp(network->ports[i].name, name) == 0) {
            return &network->ports[i];
        }
    }
    return NULL;
}

bool lower_network_port(struct lower *lower, struct lower_guest *owner,
                        struct lower_network *network, struct lower_net *port)
{
    const struct sdf_net *from = port->from;

    if (network->ports_count == NET_MAX_PORTS) {
        diag_error(lower->diag, from->pos, "more than %u devices are on '%s'", NET_MAX_PORTS,
                   network->from->name.text);
        diag_help(lower->diag, "use another network for some");
        return false;
    }
    if (!network_check(lower, from) || !network_tagged(lower, from, port->vlans) ||
        !lower_network_mac(lower, network, from, port->name, port->mac)) {
        return false;
    }
    port->vlans[from->vlan.value / 64] |= UINT64_C(1) << (from->vlan.value % 64);
    port->vlans[0] &= ~UINT64_C(1);
    port->number = network->ports_count;
    network_join(lower, owner, network, port);
    network_describe(lower, network, port);
    /* Whom a port may send to is known when there are all. The line stands behind it meanwhile. */
    lower_network_line(lower, network->config, lower_string(from->pos, "to"));
    port->line = lower->sdf->regions[network->config].lines_count - 1;
    network->ports = alloc_grow(network->ports, network->ports_count, sizeof(*port));
    network->ports[network->ports_count++] = *port;
    return true;
}

static void network_guest(struct lower *lower, struct lower_guest *guest, const struct sdf_net *net)
{
    struct lower_network *network = lower_network_find(lower, &net->on);
    struct lower_net port = {
        .from = net,
        .name = guest->from->name.text,
        .pd = guest->pd,
        .config = guest->config,
        .ram = guest->ram,
        .ram_bytes = guest->from->ram.value,
        .ram_region = guest->ram_region,
    };
    const struct lower_net *other;

    if (network == NULL) {
        return;
    }
    other = network_has(network, port.name);
    if (other != NULL && other->config == SDF_NONE) {
        diag_error(lower->diag, net->pos, "the uplink of '%s' has the name of this guest",
                   net->on.text);
        diag_help(lower->diag, "give the <uplink> a name=");
    } else if (other != NULL) {
        diag_error(lower->diag, net->pos, "'%s' is on '%s' already", port.name, net->on.text);
        diag_help(lower->diag, "a guest has one device on a network; use another network");
    } else if (lower_network_port(lower, guest, network, &port)) {
        network->ports[port.number].doorbell = guest->next_id;
        lower_virtio(lower, guest, net->pos, "net");
    }
}

void lower_nets(struct lower *lower, struct lower_guest *guest)
{
    const struct sdf_guest *from = guest->from;

    for (size_t i = 0; i < from->nets_count; i++) {
        if (i == NETWORK_MOST_DEVICES) {
            diag_error(lower->diag, from->nets[i].pos, "a guest has at most %d network devices",
                       NETWORK_MOST_DEVICES);
            diag_help(lower->diag, "remove some");
            return;
        }
        network_guest(lower, guest, &from->nets[i]);
    }
}

static bool network_names(const struct sdf_str *name, const struct lower_net *port)
{
    return name->text == NULL || strcmp(name->text, port->name) == 0;
}

bool lower_network_allows(const struct sdf_network *network, const struct lower_net *from,
                          const struct lower_net *to)
{
    bool common = false;

    for (size_t i = 0; i < 64; i++) {
        common = common || (from->vlans[i] & to->vlans[i]) != 0;
    }
    for (size_t i = 0; i < network->denies_count; i++) {
        if (network_names(&network->denies[i].from, from) &&
            network_names(&network->denies[i].to, to)) {
            return false;
        }
    }
    return common;
}

static void network_check_deny(struct lower *lower, const struct lower_network *network,
                               const struct sdf_str *name)
{
    struct nearest nearest = { .word = name->text };

    for (size_t i = 0; i < network->ports_count; i++) {
        if (network_names(name, &network->ports[i])) {
            return;
        }
        if (diag_has_room(lower->diag)) {
            nearest_try(&nearest, network->ports[i].name);
        }
    }
    if (name->text == NULL) {
        return;
    }
    diag_error(lower->diag, name->pos, "'%s' is not on '%s'", name->text, network->from->name.text);
    if (nearest.best != NULL) {
        diag_help(lower->diag, "did you mean '%s'?", nearest.best);
    } else {
        diag_help(lower->diag, "use the name of a guest that has a <net on=\"%s\"/>%s",
                  network->from->name.text,
                  network->from->uplink != NULL ? ", or the uplink's" : "");
    }
}

/** A port may receive from another, and maps its buffers; an uplink's device reads them, too. */
static void network_allow(struct lower *lower, const struct lower_net *from, struct lower_net *to)
{
    to->readable |= UINT64_C(1) << from->number;
    if (from != to) {
        lower_pd_map(lower, &(struct lower_guest){ .pd = to->pd }, from->region,
                     to->buffers + from->number * NET_BUFFER_BYTES, SDF_PERM_R);
    }
    if (to->config == SDF_NONE) {
        lower_paddr(lower, to->pd, from->region,
                    lower_string(to->from->pos, "buffers%zu_paddr", from->number));
    }
}

/** What the monitor of a guest, or a trunk, is told of its port. */
static void network_tell(struct lower *lower, const struct lower_net *port)
{
    const uint8_t *mac = port->mac;

    if (port->trunk) {
        lower_network_line(
            lower, port->config,
            lower_string(port->from->pos,
                         "end %" PRIu64 " 0x%" PRIx64 " 0x%" PRIx64 " %zu 0x%" PRIx64,
                         port->channel, port->memory, port->buffers, port->number, port->readable));
        return;
    }

    lower_network_line(lower, port->config,
                       lower_string(port->from->pos,
                                    "net %" PRIu64 " %02x:%02x:%02x:%02x:%02x:%02x %" PRIu64
                                    " %" PRIu64 " 0x%" PRIx64 " 0x%" PRIx64 " %zu 0x%" PRIx64 "%s",
                                    port->doorbell, mac[0], mac[1], mac[2], mac[3], mac[4], mac[5],
                                    port->from->mtu.value, port->channel, port->memory,
                                    port->buffers, port->number, port->readable,
                                    port->direct ? " direct" : ""));
}

/** Everybody knows from whom it may receive, and the switch who may. */
static void network_connect(struct lower *lower, struct lower_network *network)
{
    for (size_t i = 0; i < network->ports_count; i++) {
        struct lower_net *from = &network->ports[i];
        struct sdf_str *line = &lower->sdf->regions[network->config].lines[from->line];

        network_allow(lower, from, from);
        for (size_t j = 0; j < network->ports_count; j++) {
            struct lower_net *to = &network->ports[j];

            if (i != j && lower_network_allows(network->from, from, to)) {
                char *text = alloc_format("%s %zu", line->text, j);

                free(line->text);
                line->text = text;
                network_allow(lower, from, to);
            }
        }
    }
    if (network->from->trusted) {
        lower_network_trust(lower, network);
    }
    for (size_t i = 0; i < network->ports_count; i++) {
        if (network->ports[i].config != SDF_NONE) {
            network_tell(lower, &network->ports[i]);
        }
    }
}

/** Is there a guest on the network? */
static bool network_is_used(const struct lower_network *network)
{
    for (size_t i = 0; i < network->ports_count; i++) {
        if (network->ports[i].config != SDF_NONE) {
            return true;
        }
    }
    return false;
}

void lower_networks_end(struct lower *lower)
{
    for (size_t i = 0; i < lower->sdf->networks_count; i++) {
        struct lower_network *network = &lower->networks[i];

        for (size_t j = 0; j < network->from->denies_count && lower->diag->errors == 0; j++) {
            network_check_deny(lower, network, &network->from->denies[j].from);
            network_check_deny(lower, network, &network->from->denies[j].to);
        }
        if (!network_is_used(network) && lower->diag->errors == 0) {
            diag_error(lower->diag, network->from->pos, "nobody is on the network '%s'",
                       network->from->name.text);
            diag_help(lower->diag, "add a <net on=\"%s\"/> to a <guest>, or remove it",
                      network->from->name.text);
        }
        network_connect(lower, network);
        free(network->ports);
    }
    free(lower->networks);
}
