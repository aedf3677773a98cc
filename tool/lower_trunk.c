/* SPDX-License-Identifier: BSD-2-Clause */
/* Trunks: what joins two networks is a protection domain with a port of each. */
#include "lower_internal.h"

/** Where it sees its configuration, and its ports. */
#define TRUNK_CONFIG UINT64_C(0x1200000)
#define TRUNK_PORTS UINT64_C(0x2000000)

size_t lower_trunk_root(const struct lower *lower, size_t network)
{
    while (lower->networks[network].joined != network) {
        network = lower->networks[network].joined;
    }
    return network;
}

/** A frame must not come back to where it was: there is one way between two networks at most. */
static bool trunk_join(struct lower *lower, const struct sdf_trunk *from,
                       struct lower_network *const ends[2])
{
    size_t one = lower_trunk_root(lower, (size_t)(ends[0] - lower->networks));
    size_t other = lower_trunk_root(lower, (size_t)(ends[1] - lower->networks));

    if (one == other) {
        diag_error(lower->diag, from->net.pos, "there is a way from '%s' to '%s' already",
                   from->ends[0].text, from->ends[1].text);
        diag_help(lower->diag, "remove this trunk: frames would go round for ever");
        return false;
    }
    lower->networks[one].joined = other;
    return true;
}

static void trunk_make(struct lower *lower, const struct sdf_trunk *from,
                       struct lower_network *const ends[2])
{
    struct lower_guest owner = { .free = TRUNK_PORTS };
    struct sdf_map *map;
    size_t config;

    owner.pd =
        lower_sdk_pd(lower, from->net.pos, from->name.text, "trunk.elf", LOWER_NETWORK_PRIORITY);
    config = lower_region(lower, lower_string(from->net.pos, "%s.config", from->name.text));
    map = lower_pd_map(lower, &owner, config, TRUNK_CONFIG, SDF_PERM_R);
    map->setvar_vaddr = lower_string(from->net.pos, "config_vaddr");
    map->setvar_prefill_size = lower_string(from->net.pos, "config_bytes");
    for (size_t i = 0; i < 2; i++) {
        struct lower_net port = {
            .from = &from->net,
            .name = from->name.text,
            .pd = owner.pd,
            .config = config,
            .trunk = true,
        };

        (void)lower_network_port(lower, &owner, ends[i], &port);
    }
}

void lower_trunks(struct lower *lower)
{
    for (size_t i = 0; i < lower->sdf->trunks_count; i++) {
        const struct sdf_trunk *from = &lower->sdf->trunks[i];
        struct lower_network *const ends[] = { lower_network_find(lower, &from->ends[0]),
                                               lower_network_find(lower, &from->ends[1]) };

        if (from->name.text != NULL && ends[0] != NULL && ends[1] != NULL &&
            trunk_join(lower, from, ends)) {
            trunk_make(lower, from, ends);
        }
    }
}
