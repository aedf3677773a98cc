/* SPDX-License-Identifier: BSD-2-Clause */
/* Shared disks: for each a driver, a virtualiser, and connections of the guests that have a part.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <bulkhead/abi.h>

#include "alloc.h"
#include "lower_internal.h"

#define DISK_STACK UINT64_C(0x4000)
#define DISK_PAGE UINT64_C(0x1000)
/** Connections: virtualiser and driver, virtualiser and a guest. */
#define DISK_DEVICE_BYTES UINT64_C(0x20000)
#define DISK_CLIENT_BYTES UINT64_C(0x10000)
/** Memory for the device's queue and tables, and for partition tables. */
#define DISK_DMA_BYTES UINT64_C(0x90000)
#define DISK_TABLE_BYTES UINT64_C(0x10000)
/** Where the two programs see what they share. */
#define DISK_CONFIG UINT64_C(0x1000000)
#define DISK_TABLE UINT64_C(0x1100000)
#define DISK_DEVICE UINT64_C(0x1200000)
#define DISK_CLIENTS UINT64_C(0x2000000)
#define DISK_REGISTERS UINT64_C(0x1000000)
#define DISK_DMA UINT64_C(0x1400000)
#define DISK_CONTENTS UINT64_C(0x1000000000)
/** Guests' memory, which the RAM disk copies from and to: so far apart. */
#define DISK_MEMORY UINT64_C(0x2000000000)
/** The virtualiser's channels; clients follow. */
#define DISK_ID_DEVICE 0
#define DISK_ID_TIMER 1
#define DISK_ID_CLIENTS 2
/** As many as the virtualiser serves. */
#define DISK_MOST_CLIENTS 32
/** As many as the monitor makes. */
#define DISK_MOST_A_GUEST 4
/** Bytes and operations a second that a limit can be, and milliseconds of a deadline. */
#define DISK_LEAST_RATE UINT64_C(512)
#define DISK_MOST_RATE (UINT64_C(1) << 34)
#define DISK_MOST_DEADLINE UINT64_C(86400000)
/** Those of a shared console are above. */
#define DISK_DRIVER_PRIORITY (BH_MAX_PRIORITY - 3)
#define DISK_PRIORITY (BH_MAX_PRIORITY - 4)

static void disk_line(struct lower *lower, const struct lower_disk *disk, struct sdf_str line)
{
    struct sdf_region *region = &lower->sdf->regions[disk->config];

    region->lines = alloc_grow(region->lines, region->lines_count, sizeof(*region->lines));
    region->lines[region->lines_count++] = line;
}

static size_t disk_region(struct lower *lower, const struct sdf_disk *from, const char *suffix,
                          uint64_t bytes)
{
    size_t region = lower_region(lower, lower_string(from->pos, "%s.%s", from->name.text, suffix));

    if (bytes != 0) {
        lower->sdf->regions[region].size = lower_number(from->pos, bytes);
    }
    return region;
}

static size_t disk_pd(struct lower *lower, const struct sdf_disk *from, struct sdf_str name,
                      const char *program, uint64_t priority)
{
    struct sdf *sdf = lower->sdf;

    sdf->pds = alloc_grow(sdf->pds, sdf->pds_count, sizeof(*sdf->pds));
    sdf->pds[sdf->pds_count] = (struct sdf_pd){
        .pos = from->pos,
        .name = name,
        .priority = lower_number(from->pos, priority),
        .budget.value = 1000,
        .period.value = 1000,
        .stack_size.value = DISK_STACK,
        .cpu = from->cpu,
        .parent = SDF_NONE,
        .program_pos = from->pos,
        .program = lower_string(from->pos, "%s", program),
        .program_sdk = true,
        .vm = SDF_NONE,
    };
    return sdf->pds_count++;
}

/** A map; `symbol` receives its address, and `size` its size. Both may be NULL. */
static struct sdf_map *disk_map(struct lower *lower, size_t pd, size_t region, uint64_t vaddr,
                                unsigned perms, const char *symbol, const char *size)
{
    struct sdf_map *map =
        lower_pd_map(lower, &(struct lower_guest){ .pd = pd }, region, vaddr, perms);

    if (symbol != NULL) {
        map->setvar_vaddr = lower_string(map->pos, "%s", symbol);
    }
    if (size != NULL) {
        map->setvar_size = lower_string(map->pos, "%s", size);
    }
    return map;
}

/** The driver of one of the board's disks. */
static void disk_device(struct lower *lower, const struct sdf_disk *from, struct lower_disk *disk,
                        const struct board_device *device)
{
    size_t region = disk_region(lower, from, "registers", DISK_PAGE);

    lower->sdf->regions[region].phys_addr = lower_number(from->pos, device->registers);
    disk_map(lower, disk->driver, region, DISK_REGISTERS, SDF_PERM_R | SDF_PERM_W, "disk_vaddr",
             NULL)
        ->cached = false;
    region = disk_region(lower, from, "dma", DISK_DMA_BYTES);
    disk_map(lower, disk->driver, region, DISK_DMA, SDF_PERM_R | SDF_PERM_W, "dma_vaddr",
             "dma_bytes");
    lower_paddr(lower, disk->driver, region, lower_string(from->pos, "dma_paddr"));
    lower_paddr(lower, disk->pd, disk->table, lower_string(from->pos, "table_paddr"));
    lower_irq(lower, disk->driver, device->irq, lower_string(from->pos, "disk_irq"));
}

/** The memory of a RAM disk. */
static void disk_contents(struct lower *lower, const struct sdf_disk *from,
                          const struct lower_disk *disk)
{
    size_t region = disk_region(lower, from, "contents", 0);

    lower->sdf->regions[region].size = from->size;
    if (from->file.text != NULL) {
        lower->sdf->regions[region].prefill_path =
            lower_string(from->file.pos, "%s", from->file.text);
    }
    disk_map(lower, disk->driver, region, DISK_CONTENTS, SDF_PERM_R | SDF_PERM_W, "disk_vaddr",
             "disk_bytes");
    disk_map(lower, disk->driver, disk->table, DISK_TABLE, SDF_PERM_R | SDF_PERM_W, NULL, NULL);
    disk_line(lower, disk, lower_string(from->pos, "table 0x%" PRIx64, DISK_TABLE));
}

/** The device of the board that is the disk; NULL after complaining, or without a board. */
static const struct board_device *disk_find(struct lower *lower, const struct sdf_disk *from)
{
    const struct board *board = lower->world->board;
    size_t number = lower->devices++;

    if (board == NULL) {
        return NULL;
    }
    if (number >= board->disks_count) {
        diag_error(lower->diag, from->pos, "board %s has %zu %s", board->name, board->disks_count,
                   board->disks_count == 1 ? "disk" : "disks");
        diag_help(lower->diag, "use device=\"ram\" for others");
        return NULL;
    }
    return &board->disks[number];
}

static bool disk_is_good(struct lower *lower, const struct sdf_disk *from)
{
    if (from->ram && !from->size.given && from->file.text == NULL) {
        diag_error(lower->diag, from->pos, "this RAM disk has neither 'size' nor 'file'");
        diag_help(lower->diag, "give it the size of its memory, or what fills it");
        return false;
    }
    if (!from->ram && (from->size.given || from->file.text != NULL)) {
        diag_error(lower->diag, from->size.given ? from->size.pos : from->file.pos,
                   "'size' and 'file' are for RAM disks");
        diag_help(lower->diag, "a device brings its own; 'bulkhead run --disk FILE' attaches a "
                               "file to an emulated one");
        return false;
    }
    if (from->deadline.value > DISK_MOST_DEADLINE) {
        diag_error(lower->diag, from->deadline.pos, "a request cannot take more than a day");
        diag_help(lower->diag, "use at most 86400s, or \"none\"");
        return false;
    }
    return from->name.text != NULL;
}

/** Time, for deadlines and limits: the first who needs it makes the connection. */
static void disk_timer(struct lower *lower, struct diag_pos pos, struct lower_disk *disk)
{
    if (!disk->timed) {
        disk->timed = true;
        lower_timer(lower, pos, disk->pd, DISK_ID_TIMER);
        disk_line(lower, disk, lower_string(pos, "timer %d", DISK_ID_TIMER));
    }
}

static void disk_deadline(struct lower *lower, const struct sdf_disk *from, struct lower_disk *disk)
{
    if (from->deadline.value != 0) {
        disk_timer(lower, from->pos, disk);
        disk_line(lower, disk, lower_string(from->pos, "deadline %" PRIu64, from->deadline.value));
    }
}

static void disk_add(struct lower *lower, const struct sdf_disk *from, struct lower_disk *disk)
{
    const struct board_device *device = from->ram ? NULL : disk_find(lower, from);
    struct sdf_map *map;
    struct sdf_str name;
    size_t region;

    if (!disk_is_good(lower, from) || (!from->ram && device == NULL && lower->diag->errors > 0)) {
        return;
    }
    name = lower_string(from->name.pos, "%s.driver", from->name.text);
    disk->driver = lower_driver(lower, from->pos,
                                &(struct lower_driver){
                                    .name = name.text,
                                    .program = from->driver.text != NULL ? from->driver.text
                                               : from->ram               ? "ram_disk.elf"
                                               : device != NULL          ? device->driver
                                                                         : "virtio_blk.elf",
                                    .priority = DISK_DRIVER_PRIORITY,
                                    .cpu = &from->cpu,
                                    .restart = &from->restart,
                                });
    free(name.text);
    if (from->driver.text != NULL) {
        lower->sdf->pds[disk->driver].program_pos = from->driver.pos;
        lower->sdf->pds[disk->driver].program_sdk = false;
    }
    disk->pd = disk_pd(lower, from, lower_string(from->name.pos, "%s", from->name.text),
                       "block.elf", DISK_PRIORITY);
    disk->config = disk_region(lower, from, "config", 0);
    disk->table = disk_region(lower, from, "table", DISK_TABLE_BYTES);
    region = disk_region(lower, from, "device", DISK_DEVICE_BYTES);
    disk_map(lower, disk->driver, region, DISK_DEVICE, SDF_PERM_R | SDF_PERM_W, "block_vaddr",
             "block_bytes");
    disk_map(lower, disk->pd, region, DISK_DEVICE, SDF_PERM_R | SDF_PERM_W, NULL, NULL);
    disk_map(lower, disk->pd, disk->table, DISK_TABLE, SDF_PERM_R | SDF_PERM_W, "table_vaddr",
             NULL);
    map = disk_map(lower, disk->pd, disk->config, DISK_CONFIG, SDF_PERM_R, "config_vaddr", NULL);
    map->setvar_prefill_size = lower_string(from->pos, "config_bytes");
    lower_channel(lower, from->pos, disk->pd, DISK_ID_DEVICE, disk->driver, 1, "block_channel");
    disk_line(lower, disk,
              lower_string(from->pos, "device %d 0x%" PRIx64 " 0x%" PRIx64, DISK_ID_DEVICE,
                           DISK_DEVICE, DISK_DEVICE_BYTES));
    disk_deadline(lower, from, disk);
    if (from->ram) {
        disk_contents(lower, from, disk);
    } else if (device != NULL) {
        disk_device(lower, from, disk, device);
    }
}

/** Is this the first disk of its name? */
static bool disk_is_first(const struct sdf *sdf, size_t index)
{
    const char *name = sdf->disks[index].name.text;

    for (size_t i = 0; name != NULL && i < index; i++) {
        if (sdf->disks[i].name.text != NULL && strcmp(sdf->disks[i].name.text, name) == 0) {
            return false;
        }
    }
    return true;
}

void lower_disks(struct lower *lower)
{
    struct sdf *sdf = lower->sdf;

    lower->disks = alloc_array(sdf->disks_count, sizeof(*lower->disks));
    lower->disk_names.kind = "disk";
    for (size_t i = 0; i < sdf->disks_count; i++) {
        lower->disks[i] = (struct lower_disk){ .pd = SDF_NONE };
        sdf_index_add(&lower->disk_names, &sdf->disks[i].name, i);
    }
    sdf_index_finish(&lower->disk_names, lower->diag);
    for (size_t i = 0; i < sdf->disks_count; i++) {
        if (disk_is_first(sdf, i)) {
            disk_add(lower, &sdf->disks[i], &lower->disks[i]);
        }
    }
}

/** What the guest gets of the disk, for the configuration; NULL after complaining. */
static char *disk_share(struct lower *lower, const struct sdf_guest_disk *from)
{
    if (from->partition.given) {
        if (from->first.given || from->sectors.given) {
            diag_error(lower->diag, from->partition.pos, "a partition and an extent");
            diag_help(lower->diag, "keep one of them");
            return NULL;
        }
        if (from->partition.value == 0 || from->partition.value > UINT32_MAX) {
            diag_error(lower->diag, from->partition.pos, "there is no partition %" PRIu64,
                       from->partition.value);
            diag_help(lower->diag, "partitions are numbered from 1");
            return NULL;
        }
        return alloc_format("partition:%" PRIu64, from->partition.value);
    }
    if (from->first.given != from->sectors.given ||
        (from->sectors.given &&
         (from->sectors.value == 0 || from->first.value > UINT64_MAX - from->sectors.value))) {
        diag_error(lower->diag, from->pos, "this is no extent of a disk");
        diag_help(lower->diag, "give both 'first' and 'sectors', of 512 bytes, or none");
        return NULL;
    }
    if (from->first.given) {
        return alloc_format("extent:%" PRIu64 ":%" PRIu64, from->first.value, from->sectors.value);
    }
    return alloc_format("whole");
}

static bool disk_limit_is_good(struct lower *lower, const struct sdf_num *limit, const char *what,
                               uint64_t least)
{
    if (limit->given && (limit->value < least || limit->value > DISK_MOST_RATE)) {
        diag_error(lower->diag, limit->pos, "a limit cannot be %" PRIu64 " %s a second",
                   limit->value, what);
        diag_help(lower->diag, "use %" PRIu64 " to %" PRIu64 ", or no limit", least,
                  DISK_MOST_RATE);
        return false;
    }
    return true;
}

/** What the guest may do a second. */
static void disk_limits(struct lower *lower, const char *name, const struct sdf_guest_disk *from,
                        struct lower_disk *disk)
{
    if (from->rate.given || from->operations.given) {
        disk_timer(lower, from->pos, disk);
        disk_line(lower, disk,
                  lower_string(from->pos, "limit %s %" PRIu64 " %" PRIu64, name, from->rate.value,
                               from->operations.value));
    }
}

/** The driver and the virtualiser find the guest's RAM. */
static void disk_memory(struct lower *lower, const struct lower_guest *guest, const char *name,
                        const struct sdf_guest_disk *from, struct lower_disk *disk, bool ram)
{
    if (ram) {
        uint64_t base = disk->memory == 0 ? DISK_MEMORY : disk->memory;

        disk_map(lower, disk->driver, guest->ram_region, base, SDF_PERM_R | SDF_PERM_W, NULL, NULL);
        disk_line(lower, disk, lower_string(from->pos, "base %s 0x%" PRIx64, name, base));
        disk->memory = base + guest->from->ram.value;
    } else {
        lower_paddr(lower, disk->pd, guest->ram_region,
                    lower_string(from->pos, "memory%" PRIu64 "_paddr", disk->clients));
    }
}

/** Those who share a disk have different names there, also where a guest has two parts of it. */
static struct sdf_str disk_client_name(const struct lower_guest *guest,
                                       const struct sdf_guest_disk *from, size_t number)
{
    return number == 0 ? lower_string(from->pos, "%s", guest->from->name.text)
                       : lower_string(from->pos, "%s/%zu", guest->from->name.text, number + 1);
}

/** The connection of both, and the monitor's line of it. */
static void disk_connect(struct lower *lower, struct lower_guest *guest, struct diag_pos pos,
                         const struct lower_disk *disk, struct sdf_str name)
{
    size_t region = lower_region(lower, name);
    uint64_t vaddr = DISK_CLIENTS + disk->clients * DISK_CLIENT_BYTES;
    uint64_t channel = guest->next_id++;

    lower->sdf->regions[region].size = lower_number(pos, DISK_CLIENT_BYTES);
    disk_map(lower, disk->pd, region, vaddr, SDF_PERM_R | SDF_PERM_W, NULL, NULL);
    lower_pd_map(lower, guest, region, guest->free, SDF_PERM_R | SDF_PERM_W);
    lower_channel(lower, pos, disk->pd, DISK_ID_CLIENTS + disk->clients, guest->pd, channel, NULL);
    /* The doorbell is the next channel. */
    lower_line(lower, guest, "block %" PRIu64 " %" PRIu64 " 0x%" PRIx64 " 0x%" PRIx64,
               guest->next_id, channel, guest->free, DISK_CLIENT_BYTES);
    guest->free += LOWER_ALIGN;
    lower_virtio(lower, guest, pos, "block");
}

static void disk_client(struct lower *lower, struct lower_guest *guest, size_t number)
{
    const struct sdf_guest_disk *from = &guest->from->disks[number];
    size_t index = sdf_index_find(&lower->disk_names, &from->from, lower->diag);
    struct lower_disk *disk;
    struct sdf_str name;
    char *share;

    if (index == SDF_NONE || lower->disks[index].pd == SDF_NONE) {
        return;
    }
    disk = &lower->disks[index];
    if (disk->clients == DISK_MOST_CLIENTS) {
        diag_error(lower->diag, from->pos, "more than %d guests share disk '%s'", DISK_MOST_CLIENTS,
                   from->from.text);
        diag_help(lower->diag, "remove the <disk> of some");
        return;
    }
    if (!disk_limit_is_good(lower, &from->rate, "bytes", DISK_LEAST_RATE) ||
        !disk_limit_is_good(lower, &from->operations, "operations", 1)) {
        return;
    }
    share = disk_share(lower, from);
    if (share == NULL) {
        return;
    }
    name = disk_client_name(guest, from, number);
    disk_line(lower, disk,
              lower_string(from->pos,
                           "client %" PRIu64 " 0x%" PRIx64 " 0x%" PRIx64 " %s 0x%" PRIx64 " %s%s",
                           DISK_ID_CLIENTS + disk->clients,
                           DISK_CLIENTS + disk->clients * DISK_CLIENT_BYTES, DISK_CLIENT_BYTES,
                           name.text, guest->from->ram.value, share, from->readonly ? " ro" : ""));
    free(share);
    lower_disk_part(lower, disk, from);
    disk_limits(lower, name.text, from, disk);
    disk_memory(lower, guest, name.text, from, disk, lower->sdf->disks[index].ram);
    free(name.text);
    disk_connect(lower, guest, from->pos, disk,
                 number == 0
                     ? lower_string(from->pos, "%s.disk", guest->from->name.text)
                     : lower_string(from->pos, "%s.disk/%zu", guest->from->name.text, number + 1));
    disk->clients++;
}

void lower_disk_clients(struct lower *lower, struct lower_guest *guest)
{
    for (size_t i = 0; i < guest->from->disks_count; i++) {
        if (i == DISK_MOST_A_GUEST) {
            diag_error(lower->diag, guest->from->disks[i].pos, "'%s' has more than %d disks",
                       guest->from->name.text, DISK_MOST_A_GUEST);
            diag_help(lower->diag, "remove some of them");
            return;
        }
        if (guest->from->disks[i].from.text != NULL) {
            disk_client(lower, guest, i);
        }
    }
}

void lower_disks_end(struct lower *lower)
{
    for (size_t i = 0; i < lower->sdf->disks_count && lower->diag->errors == 0; i++) {
        if (lower->disks[i].clients == 0) {
            diag_error(lower->diag, lower->sdf->disks[i].pos, "nobody uses disk '%s'",
                       lower->sdf->disks[i].name.text);
            diag_help(lower->diag, "add a <disk> to a <guest>, or remove it");
        }
    }
    for (size_t i = 0; i < lower->sdf->disks_count; i++) {
        free(lower->disks[i].written);
    }
    sdf_index_free(&lower->disk_names);
    free(lower->disks);
}
