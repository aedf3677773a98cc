/* SPDX-License-Identifier: BSD-2-Clause */
/* Protection domains that run the SDK's own programs, and channels between protection domains. */
#include "alloc.h"
#include "lower_internal.h"

#define LOWER_PD_STACK UINT64_C(0x4000)

size_t lower_sdk_pd(struct lower *lower, struct diag_pos pos, const char *name, const char *program,
                    uint64_t priority)
{
    struct sdf *sdf = lower->sdf;

    sdf->pds = alloc_grow(sdf->pds, sdf->pds_count, sizeof(*sdf->pds));
    sdf->pds[sdf->pds_count] = (struct sdf_pd){
        .pos = pos,
        .name = lower_string(pos, "%s", name),
        .priority = lower_number(pos, priority),
        .budget.value = 1000,
        .period.value = 1000,
        .stack_size.value = LOWER_PD_STACK,
        .parent = SDF_NONE,
        .program_pos = pos,
        .program = lower_string(pos, "%s", program),
        .program_sdk = true,
        .vm = SDF_NONE,
    };
    return sdf->pds_count++;
}

void lower_paddr(struct lower *lower, size_t pd, size_t region, struct sdf_str symbol)
{
    struct sdf_pd *owner = &lower->sdf->pds[pd];
    const struct sdf_region *from = &lower->sdf->regions[region];

    owner->setvars = alloc_grow(owner->setvars, owner->setvars_count, sizeof(*owner->setvars));
    owner->setvars[owner->setvars_count++] = (struct sdf_setvar){
        .pos = symbol.pos,
        .symbol = symbol,
        .region_paddr = lower_string(symbol.pos, "%s", from->name.text),
        .region = SDF_NONE,
    };
}

void lower_irq(struct lower *lower, size_t pd, unsigned irq, struct sdf_str symbol)
{
    struct sdf_pd *owner = &lower->sdf->pds[pd];

    owner->irqs = alloc_grow(owner->irqs, owner->irqs_count, sizeof(*owner->irqs));
    owner->irqs[owner->irqs_count++] = (struct sdf_irq){
        .pos = symbol.pos,
        .irq = lower_number(symbol.pos, irq),
        .id = lower_number(symbol.pos, 0),
        .edge = true,
        .edge_pos = symbol.pos,
        .setvar_id = symbol,
    };
}

struct sdf_channel *lower_channel(struct lower *lower, struct diag_pos pos, size_t first,
                                  uint64_t first_id, size_t second, uint64_t second_id,
                                  const char *symbol)
{
    struct sdf *sdf = lower->sdf;
    struct sdf_channel *channel;

    sdf->channels = alloc_grow(sdf->channels, sdf->channels_count, sizeof(*channel));
    channel = &sdf->channels[sdf->channels_count++];
    *channel = (struct sdf_channel){ .pos = pos };
    for (size_t i = 0; i < 2; i++) {
        channel->ends[i] = (struct sdf_end){
            .pos = pos,
            .pd_name = lower_string(pos, "%s", sdf->pds[i == 0 ? first : second].name.text),
            .pd = SDF_NONE,
            .id = lower_number(pos, i == 0 ? first_id : second_id),
            .notify = true,
        };
    }
    if (symbol != NULL) {
        channel->ends[1].setvar_id = lower_string(pos, "%s", symbol);
    }
    return channel;
}
