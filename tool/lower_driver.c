/* SPDX-License-Identifier: BSD-2-Clause */
/* Drivers that are restarted after a fault: children of a protection domain that does it. */
#include <inttypes.h>
#include <stdlib.h>

#include "alloc.h"
#include "lower_internal.h"

#define DRIVER_SUPERVISOR "supervisor.elf"
#define DRIVER_CONFIG UINT64_C(0x1000000)
/** The word that both share: below what a driver has from its class. */
#define DRIVER_WORD UINT64_C(0xf00000)
#define DRIVER_WORD_BYTES UINT64_C(0x1000)
/** As in drivers/supervisor/pd_supervisor.c. */
#define DRIVER_MOST_RESTARTS 60

/** The parent shares a word with its child. */
static void driver_share(struct lower *lower, struct diag_pos pos, size_t parent, size_t child)
{
    size_t region =
        lower_region(lower, lower_string(pos, "%s.word", lower->sdf->pds[parent].name.text));
    struct sdf_map *map;

    lower->sdf->regions[region].size = lower_number(pos, DRIVER_WORD_BYTES);
    map = lower_pd_map(lower, &(struct lower_guest){ .pd = parent }, region, DRIVER_WORD,
                       SDF_PERM_R | SDF_PERM_W);
    map->setvar_vaddr = lower_string(pos, "word_vaddr");
    map =
        lower_pd_map(lower, &(struct lower_guest){ .pd = child }, region, DRIVER_WORD, SDF_PERM_R);
    map->setvar_vaddr = lower_string(pos, "supervisor_vaddr");
}

/** The parent of a driver; it is above it, so that it acts at once. */
static size_t driver_supervisor(struct lower *lower, struct diag_pos pos,
                                const struct lower_driver *driver)
{
    struct sdf_str name = lower_string(pos, "%s.supervisor", driver->name);
    size_t pd = lower_sdk_pd(lower, pos, name.text, DRIVER_SUPERVISOR, driver->priority + 1);
    size_t config = lower_region(lower, lower_string(pos, "%s.config", name.text));
    struct sdf_region *region = &lower->sdf->regions[config];
    struct sdf_map *map;

    region->lines = alloc_grow(region->lines, region->lines_count, sizeof(*region->lines));
    region->lines[region->lines_count++] = lower_string(pos, "%" PRIu64, driver->restart->value);
    map = lower_pd_map(lower, &(struct lower_guest){ .pd = pd }, config, DRIVER_CONFIG, SDF_PERM_R);
    map->setvar_vaddr = lower_string(pos, "config_vaddr");
    map->setvar_prefill_size = lower_string(pos, "config_bytes");
    lower->sdf->pds[pd].cpu = *driver->cpu;
    free(name.text);
    return pd;
}

size_t lower_driver(struct lower *lower, struct diag_pos pos, const struct lower_driver *driver)
{
    size_t parent = SDF_NONE;
    size_t pd;

    if (driver->restart->given &&
        (driver->restart->value == 0 || driver->restart->value > DRIVER_MOST_RESTARTS)) {
        diag_error(lower->diag, driver->restart->pos, "'restart' cannot be %" PRIu64,
                   driver->restart->value);
        diag_help(lower->diag, "use 1 to %d restarts in a minute, or leave it out",
                  DRIVER_MOST_RESTARTS);
    } else if (driver->restart->given) {
        parent = driver_supervisor(lower, pos, driver);
    }
    pd = lower_sdk_pd(lower, pos, driver->name, driver->program, driver->priority);
    lower->sdf->pds[pd].cpu = *driver->cpu;
    if (parent != SDF_NONE) {
        lower->sdf->pds[pd].parent = parent;
        lower->sdf->pds[pd].id = lower_number(pos, 0);
        driver_share(lower, pos, parent, pd);
    }
    return pd;
}
