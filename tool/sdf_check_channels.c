/* SPDX-License-Identifier: BSD-2-Clause */
#include <inttypes.h>
#include <stdlib.h>

#include "alloc.h"
#include "sdf_check.h"

/** Where an end says that it calls; the old spelling does not say it there. */
static struct diag_pos sdf_check_pp_pos(const struct sdf_end *end)
{
    return end->pp_pos.line != 0 ? end->pp_pos : end->pos;
}

static bool sdf_check_channel_resolved(const struct sdf_channel *channel)
{
    return channel->ends[0].pd != SDF_NONE && channel->ends[1].pd != SDF_NONE;
}

/**
 * Old spelling: the callee says pp="true", and who has a lower priority and a channel to it may
 * call. An end that says pp= itself is left alone.
 */
static void sdf_check_old_pp(struct sdf *sdf, struct diag *diag)
{
    bool *called = alloc_array(sdf->pds_count, sizeof(*called));

    for (size_t i = 0; i < sdf->channels_count; i++) {
        struct sdf_channel *channel = &sdf->channels[i];

        for (size_t j = 0; j < 2 && sdf_check_channel_resolved(channel); j++) {
            struct sdf_end *caller = &channel->ends[j];
            const struct sdf_end *callee = &channel->ends[1 - j];

            if (sdf->pds[callee->pd].pp && caller->pp_pos.line == 0 &&
                sdf->pds[caller->pd].priority.value < sdf->pds[callee->pd].priority.value) {
                caller->pp = true;
                called[callee->pd] = true;
            }
        }
    }
    for (size_t i = 0; i < sdf->pds_count; i++) {
        const struct sdf_pd *pd = &sdf->pds[i];

        if (pd->pp_pos.line == 0) {
            continue;
        }
        diag_warning(diag, pd->pp_pos,
                     "'pp' on <protection_domain> is the spelling of Microkit 1.4");
        if (pd->pp && called[i]) {
            diag_help(diag, "write pp=\"true\" on the <end> of each caller instead");
        } else if (pd->pp) {
            diag_help(diag, "nobody may call it: no channel comes from a protection domain of "
                            "lower priority; remove pp, or give it a higher priority");
        } else {
            diag_help(diag, "remove it");
        }
    }
    free(called);
}

/** `caller` may call: check that this can work. */
static void sdf_check_call(const struct sdf *sdf, const struct sdf_end *caller,
                           const struct sdf_end *callee, struct diag *diag)
{
    const struct sdf_pd *from = &sdf->pds[caller->pd];
    const struct sdf_pd *to = &sdf->pds[callee->pd];
    struct diag_pos pos = sdf_check_pp_pos(caller);

    if (to->priority.value <= from->priority.value) {
        diag_error(diag, pos,
                   "'%s' (priority %" PRIu64 ") may not call '%s' (priority %" PRIu64 ")",
                   from->name.text, from->priority.value, to->name.text, to->priority.value);
        diag_help(diag,
                  "a protected call goes to a strictly higher priority: give '%s' at least "
                  "%" PRIu64 ", or remove pp",
                  to->name.text, from->priority.value + 1);
    }
    if (to->passive && to->cpu.value != from->cpu.value) {
        diag_error(diag, pos,
                   "'%s' on CPU %" PRIu64 " may not call the passive '%s' on CPU %" PRIu64,
                   from->name.text, from->cpu.value, to->name.text, to->cpu.value);
        diag_help(diag,
                  "a passive protection domain runs on its callers' time and CPU: put both "
                  "on one CPU, or remove passive from '%s'",
                  to->name.text);
    }
}

static void sdf_check_channel(const struct sdf *sdf, const struct sdf_channel *channel,
                              struct diag *diag)
{
    const struct sdf_end *a = &channel->ends[0];
    const struct sdf_end *b = &channel->ends[1];

    if (a->pd == b->pd) {
        diag_error(diag, b->pd_name.pos, "both ends of this channel are '%s'", b->pd_name.text);
        diag_help(diag, "a channel joins two different protection domains");
        return;
    }
    if (a->pp && b->pp) {
        diag_error(diag, sdf_check_pp_pos(b), "both ends of this channel have pp");
        diag_help(diag, "keep it on the end that calls, the one with the lower priority");
        return;
    }
    if (a->pp) {
        sdf_check_call(sdf, a, b, diag);
    }
    if (b->pp) {
        sdf_check_call(sdf, b, a, diag);
    }
    if (!a->pp && !b->pp && !a->notify && !b->notify) {
        diag_warning(diag, channel->pos, "no end of this channel may notify or call the other");
        diag_help(diag, "remove the channel, or notify=\"false\" on one end");
    }
}

/** A passive PD that nobody can reach never runs again after its init(). */
static void sdf_check_reachable(const struct sdf *sdf, struct diag *diag)
{
    bool *reachable = alloc_array(sdf->pds_count, sizeof(*reachable));

    for (size_t i = 0; i < sdf->channels_count; i++) {
        const struct sdf_channel *channel = &sdf->channels[i];

        for (size_t j = 0; j < 2; j++) {
            const struct sdf_end *end = &channel->ends[j];

            if (end->pd != SDF_NONE && (channel->ends[1 - j].pp || channel->ends[1 - j].notify)) {
                reachable[end->pd] = true;
            }
        }
    }
    for (size_t i = 0; i < sdf->pds_count; i++) {
        const struct sdf_pd *pd = &sdf->pds[i];

        if (pd->parent != SDF_NONE) {
            reachable[pd->parent] = true;
        }
        if (pd->irqs_count > 0 || pd->reports.given || pd->vm != SDF_NONE) {
            reachable[i] = true;
        }
    }
    for (size_t i = 0; i < sdf->pds_count; i++) {
        if (sdf->pds[i].passive && !reachable[i]) {
            diag_warning(diag, sdf->pds[i].passive_pos,
                         "nobody can call or notify this passive "
                         "protection domain");
            diag_help(diag, "it does not run after init(): add a channel, or remove passive");
        }
    }
    free(reachable);
}

void sdf_check_channels(struct sdf *sdf, struct diag *diag)
{
    sdf_check_old_pp(sdf, diag);
    for (size_t i = 0; i < sdf->channels_count; i++) {
        if (sdf_check_channel_resolved(&sdf->channels[i])) {
            sdf_check_channel(sdf, &sdf->channels[i], diag);
        }
    }
    sdf_check_reachable(sdf, diag);
}
