/* SPDX-License-Identifier: BSD-2-Clause */
#include "watch_system.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bulkhead/abi.h>
#include <bulkhead/counts.h>

#include "alloc.h"

/* More than any description needs. */
#define WATCH_SYSTEM_MAX_BYTES (16u << 20)

void watch_system_print(char to[WATCH_NAME], const char *from, size_t room)
{
    size_t length = 0;

    while (length < room && length < WATCH_NAME - 1 && from[length] != '\0') {
        to[length] = from[length] > ' ' && from[length] <= '~' ? from[length] : '?';
        if (from[length] == ' ') {
            to[length] = ' ';
        }
        length++;
    }
    to[length] = '\0';
}

/* Copy entry `index` of a table. False: there is none. */
static bool watch_system_entry(const struct watch_system *system, const struct bd_table *table,
                               uint32_t index, void *to, size_t bytes)
{
    uint64_t offset = table->off + (uint64_t)index * bytes;

    if (index >= table->count || offset > system->header.bytes ||
        bytes > system->header.bytes - offset) {
        return false;
    }
    memcpy(to, system->description + offset, bytes);
    return true;
}

static void watch_system_name(const struct watch_system *system, uint32_t name_off,
                              char to[WATCH_NAME])
{
    const struct bd_table *strings = &system->header.strings;
    uint64_t at = (uint64_t)strings->off + name_off;

    if (name_off >= strings->count || at >= system->header.bytes) {
        strcpy(to, "?");
        return;
    }
    watch_system_print(to, (const char *)system->description + at,
                       (size_t)(system->header.bytes - at));
}

/* Whether a header that was found at `address` of a file can be that of the system in it. */
static bool watch_system_is_header(struct watch_system *system, uint64_t offset)
{
    const struct bd_header *header = &system->header;
    struct bd_memory ram;
    uint64_t at = 0;

    if (header->magic != BD_MAGIC || header->version != BD_VERSION ||
        header->bytes < sizeof(*header) || header->bytes > WATCH_SYSTEM_MAX_BYTES ||
        header->board.cpus < 1 || header->board.cpus > BH_MAX_CPUS ||
        header->pds.count > BH_MAX_PDS || header->vcpus.count > BH_COUNTS_THREADS - BH_MAX_PDS ||
        header->memory.off > header->bytes || sizeof(ram) > header->bytes - header->memory.off ||
        header->memory.count != 1 ||
        !watch_memory_read(&system->memory, offset + header->memory.off, &ram, sizeof(ram)) ||
        ram.base > UINT64_MAX - system->memory.bytes) {
        return false;
    }
    /* The copy from which a kernel moved itself is not where the kernel runs. */
    at = ram.base + offset;
    if (at < header->kernel_base || at - header->kernel_base >= header->image_bytes) {
        return false;
    }
    system->memory.base = ram.base;
    return true;
}

/* Find the boot description. Its offset in the file is where it is in memory that begins at 0. */
static bool watch_system_find(struct watch_system *system)
{
    uint64_t offset = 0;

    while (watch_memory_find(&system->memory, BD_MAGIC, BD_PAGE, &offset, UINT64_MAX)) {
        if (watch_memory_read(&system->memory, offset, &system->header, sizeof(system->header)) &&
            watch_system_is_header(system, offset)) {
            system->description = alloc_array(1, system->header.bytes);
            return watch_memory_read(&system->memory, system->memory.base + offset,
                                     system->description, system->header.bytes);
        }
        offset += BD_PAGE;
    }
    return false;
}

/* A kernel's region that is none contains no table. */
static void watch_system_find_counts(struct watch_system *system)
{
    uint64_t at = system->header.kernel_base;
    uint64_t end =
        at > UINT64_MAX - system->header.image_bytes ? UINT64_MAX : at + system->header.image_bytes;

    while (watch_memory_find(&system->memory, BH_COUNTS_MAGIC0, 64, &at, end)) {
        uint64_t magic[2];

        if (watch_memory_read(&system->memory, at, magic, sizeof(magic)) &&
            magic[1] == BH_COUNTS_MAGIC1 &&
            watch_memory_has(&system->memory, at, sizeof(struct bh_counts_table))) {
            system->counts = at;
            return;
        }
        at += 64;
    }
}

static struct watch_thread *watch_system_add(struct watch_system *system)
{
    system->threads = alloc_grow(system->threads, system->threads_count, sizeof(*system->threads));
    return &system->threads[system->threads_count++];
}

static void watch_system_add_vcpus(struct watch_system *system, unsigned cpu)
{
    const struct bd_header *header = &system->header;
    struct bd_vcpu vcpu;

    for (uint32_t i = 0; watch_system_entry(system, &header->vcpus, i, &vcpu, sizeof(vcpu)); i++) {
        char name[WATCH_NAME] = "?";
        struct watch_thread *thread;
        struct bd_vm vm;

        if (vcpu.cpu != cpu) {
            continue;
        }
        thread = watch_system_add(system);
        *thread = (struct watch_thread){ .vcpu = true, .cpu = cpu, .index = BH_MAX_PDS + i };
        if (watch_system_entry(system, &header->vms, vcpu.vm, &vm, sizeof(vm))) {
            watch_system_name(system, vm.name_off, name);
        }
        name[WATCH_NAME - 5] = '\0';
        snprintf(thread->name, sizeof(thread->name), "%s/%u", name, vcpu.id);
    }
}

static void watch_system_add_pds(struct watch_system *system, unsigned cpu)
{
    const struct bd_header *header = &system->header;
    struct bd_pd pd;

    for (uint32_t i = 0; watch_system_entry(system, &header->pds, i, &pd, sizeof(pd)); i++) {
        struct watch_thread *thread;

        if (pd.cpu == cpu) {
            thread = watch_system_add(system);
            *thread = (struct watch_thread){ .cpu = cpu, .index = i };
            watch_system_name(system, pd.name_off, thread->name);
        }
    }
}

bool watch_system_open(struct watch_system *system, int fd)
{
    memset(system, 0, sizeof(*system));
    if (!watch_memory_open(&system->memory, fd, 0) || !watch_system_find(system)) {
        watch_system_close(system);
        return false;
    }
    watch_system_find_counts(system);
    for (unsigned cpu = 0; cpu < system->header.board.cpus; cpu++) {
        watch_system_add_vcpus(system, cpu);
        watch_system_add_pds(system, cpu);
    }
    return true;
}

void watch_system_close(struct watch_system *system)
{
    free(system->description);
    free(system->threads);
    memset(system, 0, sizeof(*system));
}

uint32_t watch_system_pds(const struct watch_system *system)
{
    return system->header.pds.count;
}

void watch_system_pd_name(const struct watch_system *system, uint32_t pd, char to[WATCH_NAME])
{
    struct bd_pd entry;

    strcpy(to, "?");
    if (watch_system_entry(system, &system->header.pds, pd, &entry, sizeof(entry))) {
        watch_system_name(system, entry.name_off, to);
    }
}

bool watch_system_segment(const struct watch_system *system, uint32_t pd, uint32_t index,
                          uint64_t *address, uint64_t *bytes)
{
    const struct bd_header *header = &system->header;
    struct bd_region region;
    struct bd_pd entry;

    if (!watch_system_entry(system, &header->pds, pd, &entry, sizeof(entry)) ||
        index >= entry.segments_count || entry.segments_first > UINT32_MAX - index ||
        !watch_system_entry(system, &header->regions, entry.segments_first + index, &region,
                            sizeof(region)) ||
        (region.flags & BD_REGION_DEVICE) != 0 ||
        !watch_memory_has(&system->memory, region.base, region.bytes)) {
        return false;
    }
    *address = region.base;
    *bytes = region.bytes;
    return true;
}

bool watch_system_place(const struct watch_system *system, uint32_t pd, uint64_t virtual,
                        uint64_t bytes, uint64_t *physical)
{
    const struct bd_header *header = &system->header;
    struct bd_pd entry;
    struct bd_map map;

    if (!watch_system_entry(system, &header->pds, pd, &entry, sizeof(entry))) {
        return false;
    }
    for (uint32_t i = 0;
         i < entry.maps_count && entry.maps_first <= UINT32_MAX - i &&
         watch_system_entry(system, &header->maps, entry.maps_first + i, &map, sizeof(map));
         i++) {
        struct bd_region region;

        if (virtual >= map.addr && bytes <= map.bytes && virtual - map.addr <= map.bytes - bytes &&
            watch_system_entry(system, &header->regions, map.region, &region, sizeof(region)) &&
            (region.flags & BD_REGION_DEVICE) == 0 && map.region_off <= region.bytes &&
            virtual - map.addr <= region.bytes - map.region_off &&
            bytes <= region.bytes - map.region_off - (virtual - map.addr) &&
            watch_memory_has(&system->memory, region.base, region.bytes)) {
            *physical = region.base + map.region_off + (virtual - map.addr);
            return true;
        }
    }
    return false;
}
