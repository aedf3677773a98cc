/* SPDX-License-Identifier: BSD-2-Clause */
/* <network>, <trunk>, and the <net> of a guest. */
#include <string.h>

#include "alloc.h"
#include "sdf_attr.h"
#include "sdf_read.h"

#define NETWORK_MTU 1500
#define NETWORK_VLAN 1
#define NETWORK_UPLINK "uplink"
#define NETWORK_AGE 300
#define NETWORK_BURST UINT64_C(0x20000)

static void sdf_read_deny(const struct xml_element *element, struct diag *diag,
                          struct sdf_network *network)
{
    static const char *const names[] = { "from", "to", NULL };
    struct sdf_deny *deny;

    network->denies = alloc_grow(network->denies, network->denies_count, sizeof(*deny));
    deny = &network->denies[network->denies_count++];
    deny->pos = element->pos;
    sdf_attr_allow(element, names, diag);
    sdf_attr_string(element, "from", SDF_OPTIONAL, diag, &deny->from);
    sdf_attr_string(element, "to", SDF_OPTIONAL, diag, &deny->to);
    if (xml_find_attribute(element, "from") == NULL && xml_find_attribute(element, "to") == NULL) {
        diag_error(diag, element->pos, "this <deny> says neither from whom nor to whom");
        diag_help(diag, "add from= or to=, the name of a guest, or both");
    }
    sdf_read_no_children(element, diag);
}

static void sdf_read_uplink(const struct xml_element *element, struct diag *diag,
                            struct sdf_network *network)
{
    static const char *const names[] = { "name",   "cpu",  "restart", "vlan",
                                         "tagged", "rate", "burst",   NULL };
    struct sdf_uplink *uplink;

    if (network->uplink != NULL) {
        sdf_read_twice(element, diag);
        return;
    }
    uplink = alloc_array(1, sizeof(*uplink));
    network->uplink = uplink;
    uplink->net = (struct sdf_net){
        .pos = element->pos,
        .mtu.value = NETWORK_MTU,
        .vlan.value = NETWORK_VLAN,
        .burst.value = NETWORK_BURST,
        .any_mac = true,
    };
    sdf_attr_allow(element, names, diag);
    sdf_attr_string(element, "name", SDF_OPTIONAL, diag, &uplink->name);
    if (uplink->name.text == NULL) {
        uplink->name.text = alloc_copy(NETWORK_UPLINK, strlen(NETWORK_UPLINK));
        uplink->name.pos = element->pos;
    }
    sdf_attr_number(element, "cpu", SDF_OPTIONAL, diag, &uplink->cpu);
    sdf_attr_number(element, "restart", SDF_OPTIONAL, diag, &uplink->restart);
    sdf_attr_number(element, "vlan", SDF_OPTIONAL, diag, &uplink->net.vlan);
    sdf_attr_string(element, "tagged", SDF_OPTIONAL, diag, &uplink->net.tagged);
    sdf_attr_number(element, "rate", SDF_OPTIONAL, diag, &uplink->net.rate);
    sdf_attr_number(element, "burst", SDF_OPTIONAL, diag, &uplink->net.burst);
    sdf_read_no_children(element, diag);
}

void sdf_read_network(const struct xml_element *element, struct sdf *sdf, struct diag *diag)
{
    static const char *const names[] = { "name", "age", "trusted", NULL };
    static const char *const words[] = { "no", "yes", NULL };
    static const char *const children[] = { "deny", "uplink", NULL };
    struct sdf_network *network;

    sdf->networks = alloc_grow(sdf->networks, sdf->networks_count, sizeof(*network));
    network = &sdf->networks[sdf->networks_count++];
    *network = (struct sdf_network){ .pos = element->pos, .age.value = NETWORK_AGE };
    sdf_attr_allow(element, names, diag);
    sdf_attr_string(element, "name", SDF_REQUIRED, diag, &network->name);
    sdf_attr_number(element, "age", SDF_OPTIONAL, diag, &network->age);
    network->trusted = sdf_attr_word(element, "trusted", words, 0, diag) == 1;
    for (const struct xml_element *child = element->first; child != NULL; child = child->next) {
        if (strcmp(child->name, "deny") == 0) {
            sdf_read_deny(child, diag, network);
        } else if (strcmp(child->name, "uplink") == 0) {
            sdf_read_uplink(child, diag, network);
        } else {
            sdf_read_unknown(child, children, diag);
        }
    }
}

void sdf_read_trunk(const struct xml_element *element, struct sdf *sdf, struct diag *diag)
{
    static const char *const names[] = { "name",   "from", "to",    "vlan",
                                         "tagged", "rate", "burst", NULL };
    struct sdf_trunk *trunk;

    sdf->trunks = alloc_grow(sdf->trunks, sdf->trunks_count, sizeof(*trunk));
    trunk = &sdf->trunks[sdf->trunks_count++];
    *trunk = (struct sdf_trunk){
        .net = {
            .pos = element->pos,
            .mtu.value = NETWORK_MTU,
            .vlan.value = NETWORK_VLAN,
            .burst.value = NETWORK_BURST,
            .any_mac = true,
        },
    };
    sdf_attr_allow(element, names, diag);
    sdf_attr_string(element, "name", SDF_REQUIRED, diag, &trunk->name);
    sdf_attr_string(element, "from", SDF_REQUIRED, diag, &trunk->ends[0]);
    sdf_attr_string(element, "to", SDF_REQUIRED, diag, &trunk->ends[1]);
    sdf_attr_number(element, "vlan", SDF_OPTIONAL, diag, &trunk->net.vlan);
    sdf_attr_string(element, "tagged", SDF_OPTIONAL, diag, &trunk->net.tagged);
    sdf_attr_number(element, "rate", SDF_OPTIONAL, diag, &trunk->net.rate);
    sdf_attr_number(element, "burst", SDF_OPTIONAL, diag, &trunk->net.burst);
    sdf_read_no_children(element, diag);
}

void sdf_read_net(const struct xml_element *element, struct diag *diag, struct sdf_guest *guest)
{
    static const char *const names[] = { "on",      "mac",  "mtu",   "vlan", "tagged",
                                         "any-mac", "rate", "burst", NULL };
    static const char *const words[] = { "no", "yes", NULL };
    struct sdf_net *net;

    guest->nets = alloc_grow(guest->nets, guest->nets_count, sizeof(*net));
    net = &guest->nets[guest->nets_count++];
    *net = (struct sdf_net){
        .pos = element->pos,
        .mtu.value = NETWORK_MTU,
        .vlan.value = NETWORK_VLAN,
        .burst.value = NETWORK_BURST,
    };
    sdf_attr_allow(element, names, diag);
    sdf_attr_string(element, "on", SDF_REQUIRED, diag, &net->on);
    sdf_attr_string(element, "mac", SDF_OPTIONAL, diag, &net->mac);
    sdf_attr_number(element, "mtu", SDF_OPTIONAL, diag, &net->mtu);
    sdf_attr_number(element, "vlan", SDF_OPTIONAL, diag, &net->vlan);
    sdf_attr_string(element, "tagged", SDF_OPTIONAL, diag, &net->tagged);
    net->any_mac = sdf_attr_word(element, "any-mac", words, 0, diag) == 1;
    sdf_attr_number(element, "rate", SDF_OPTIONAL, diag, &net->rate);
    sdf_attr_number(element, "burst", SDF_OPTIONAL, diag, &net->burst);
    sdf_read_no_children(element, diag);
}
