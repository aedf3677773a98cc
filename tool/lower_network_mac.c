/* SPDX-License-Identifier: BSD-2-Clause */
/* The addresses of a network's ports: as the description says, or made of names. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "../io/net/protocol.h"
#include "lower_internal.h"

static bool mac_parse(const char *text, uint8_t mac[NET_MAC_BYTES])
{
    if (strlen(text) != 3 * NET_MAC_BYTES - 1) {
        return false;
    }
    for (size_t i = 0; i < NET_MAC_BYTES; i++) {
        char digits[3] = { text[3 * i], text[3 * i + 1], '\0' };

        if (strspn(digits, "0123456789abcdefABCDEF") != 2 ||
            (i + 1 < NET_MAC_BYTES && text[3 * i + 2] != ':')) {
            return false;
        }
        mac[i] = (uint8_t)strtoul(digits, NULL, 16);
    }
    return (mac[0] & 1) == 0;
}

/** The network, of those that trunks join with this one, on which a port has the address; NULL: no
 * port has it. */
static const struct lower_network *mac_find(const struct lower *lower,
                                            const struct lower_network *network,
                                            const uint8_t mac[NET_MAC_BYTES])
{
    size_t root = lower_trunk_root(lower, (size_t)(network - lower->networks));

    for (size_t i = 0; i < lower->sdf->networks_count; i++) {
        const struct lower_network *other = &lower->networks[i];

        for (size_t j = 0; j < other->ports_count; j++) {
            if (memcmp(other->ports[j].mac, mac, NET_MAC_BYTES) == 0 &&
                lower_trunk_root(lower, i) == root) {
                return other;
            }
        }
    }
    return NULL;
}

/** An address of the names alone, so that it is the same in every build: FNV-1a, local, no group.
 */
static void mac_make(const struct lower *lower, const struct lower_network *network,
                     const char *guest, uint8_t mac[NET_MAC_BYTES])
{
    const char *const words[] = { network->from->name.text, "/", guest };
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        for (const char *c = words[i]; *c != '\0'; c++) {
            hash = (hash ^ (uint8_t)*c) * UINT64_C(0x100000001b3);
        }
    }
    do {
        /* Names that differ in the last letter only are far apart. */
        hash = (hash ^ hash >> 32) * UINT64_C(0xd6e8feb86659fd93);
        hash = (hash ^ hash >> 32) * UINT64_C(0xd6e8feb86659fd93);
        mac[0] = 0x02;
        for (size_t i = 1; i < NET_MAC_BYTES; i++) {
            mac[i] = (uint8_t)(hash >> (8 * i));
        }
    } while (mac_find(lower, network, mac) != NULL);
}

bool lower_network_mac(struct lower *lower, const struct lower_network *network,
                       const struct sdf_net *net, const char *guest, uint8_t mac[NET_MAC_BYTES])
{
    const struct lower_network *other;

    if (net->mac.text == NULL) {
        mac_make(lower, network, guest, mac);
        return true;
    }
    if (!mac_parse(net->mac.text, mac)) {
        diag_error(lower->diag, net->mac.pos, "'%s' is not an address for a network device",
                   net->mac.text);
        diag_help(lower->diag, "write six bytes such as 02:00:00:00:00:01, the first one even");
        return false;
    }
    other = mac_find(lower, network, mac);
    if (other != NULL) {
        diag_error(lower->diag, net->mac.pos, "another device on '%s' has the address %s",
                   other->from->name.text, net->mac.text);
        diag_help(lower->diag, "give each its own, or leave mac= out");
        return false;
    }
    return true;
}
