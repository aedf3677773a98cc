/* SPDX-License-Identifier: BSD-2-Clause */
#include "describe.h"

#include <stddef.h>
#include <string.h>

#define DESCRIBE_STACK_TOP 0x8000000000UL
#define DESCRIBE_TABLE(member, entries) \
    ((struct bd_table){ (uint32_t)offsetof(struct describe, member), (entries) })

static void describe_header(struct bd_header *h)
{
    h->magic = BD_MAGIC;
    h->version = BD_VERSION;
    h->bytes = sizeof(struct describe);
    h->kernel_base = DESCRIBE_KERNEL_BASE;
    h->image_bytes = DESCRIBE_IMAGE_BYTES;
    h->heap_bytes = DESCRIBE_HEAP_BYTES;
    h->board = (struct bd_board){
        .gicd = 0x08000000,
        .gicc = 0x08010000,
        .gich = 0x08030000,
        .gicv = 0x08040000,
        .gicr = 0x080a0000,
        .gicr_bytes = 0x40000,
        .uart = 0x09000000,
        .mpidr = { 0, 1 },
        .cpus = 2,
    };
    h->memory = DESCRIBE_TABLE(memory, 1);
    h->regions = DESCRIBE_TABLE(regions, DESCRIBE_REGIONS);
    h->maps = DESCRIBE_TABLE(maps, DESCRIBE_MAPS);
    h->pds = DESCRIBE_TABLE(pds, DESCRIBE_PDS);
    h->vms = DESCRIBE_TABLE(vms, 1);
    h->vcpus = DESCRIBE_TABLE(vcpus, 1);
    h->devices = DESCRIBE_TABLE(devices, DESCRIBE_DEVICES);
    h->channels = DESCRIBE_TABLE(channels, DESCRIBE_CHANNELS);
    h->irqs = DESCRIBE_TABLE(irqs, DESCRIBE_IRQS);
    h->symbols = DESCRIBE_TABLE(symbols, DESCRIBE_SYMBOLS);
    h->strings = DESCRIBE_TABLE(strings, DESCRIBE_STRINGS);
    h->trace_region = DESCRIBE_TRACE;
    h->report_pd = 2;
    h->report_region = DESCRIBE_REPORT;
    h->report_id = 5;
}

static void describe_region(struct describe *d, uint32_t index, uint64_t base, uint64_t bytes,
                            uint32_t flags)
{
    d->regions[index] = (struct bd_region){
        .base = base,
        .bytes = bytes,
        .src_off = BD_NO_SOURCE,
        .flags = flags,
    };
}

static void describe_regions(struct describe *d)
{
    describe_region(d, DESCRIBE_REPORT, 0x40060000, 0x1000, 0);
    describe_region(d, DESCRIBE_TEXT, 0x40061000, 0x1000, 0);
    describe_region(d, DESCRIBE_DATA, 0x40062000, 0x2000, 0);
    for (uint32_t i = 0; i < 6; i++) {
        describe_region(d, DESCRIBE_STACK + i, 0x40064000 + i * 0x1000UL, 0x1000, 0);
    }
    describe_region(d, DESCRIBE_DEVICE, 0x0a000000, 0x1000, BD_REGION_DEVICE);
    describe_region(d, DESCRIBE_TRACE, 0x40070000, 0x4000, 0);
    describe_region(d, DESCRIBE_INPLACE, DESCRIBE_KERNEL_BASE + 0xa000, 0x1000, BD_REGION_INPLACE);
    describe_region(d, DESCRIBE_SHARED, 0x40080000, 0x2000, 0);
    d->regions[DESCRIBE_TEXT].src_off = 0x8000;
    d->regions[DESCRIBE_TEXT].src_bytes = 0x800;
    d->regions[DESCRIBE_DATA].src_off = 0x9000;
    d->regions[DESCRIBE_DATA].src_bytes = 0x201;
}

static void describe_pd(struct describe *d, uint32_t index)
{
    d->pds[index] = (struct bd_pd){
        .name_off = 1 + 2 * index,
        .priority = (uint8_t)(10 * (index + 1)),
        .budget_us = 1000,
        .period_us = 1000,
        .parent = BD_NONE,
        .vm = BD_NONE,
        .stack_region = DESCRIBE_STACK + 2 * index,
        .msg_region = DESCRIBE_STACK + 2 * index + 1,
        .entry = 0x200000,
        .stack_top = DESCRIBE_STACK_TOP,
        .msg_addr = DESCRIBE_STACK_TOP - 0x3000,
    };
}

static void describe_pds(struct describe *d)
{
    for (uint32_t i = 0; i < DESCRIBE_PDS; i++) {
        describe_pd(d, i);
    }
    d->pds[0].maps_count = DESCRIBE_MAP_DEVICE;
    d->pds[0].channels_count = 2;
    d->pds[0].symbols_count = DESCRIBE_SYMBOLS;
    d->pds[0].segments_first = DESCRIBE_DATA;
    d->pds[0].segments_count = 1;
    d->pds[1].cpu = 1;
    d->pds[1].flags = BD_PD_FPU | BD_PD_SMC;
    d->pds[1].parent = 0;
    d->pds[1].child_id = 3;
    d->pds[1].maps_first = DESCRIBE_MAP_DEVICE;
    d->pds[1].maps_count = DESCRIBE_MAPS - DESCRIBE_MAP_DEVICE;
    d->pds[1].channels_first = 2;
    d->pds[1].channels_count = 1;
    d->pds[1].irqs_count = 1;
    d->pds[2].flags = BD_PD_PASSIVE;
    d->pds[2].budget_us = 100;
    d->pds[2].vm = 0;
    d->pds[2].channels_first = 3;
    d->pds[2].channels_count = 1;
    d->pds[2].irqs_first = 1;
    d->pds[2].irqs_count = 1;
}

static void describe_maps(struct describe *d)
{
    d->maps[DESCRIBE_MAP_TEXT] =
        (struct bd_map){ 0x200000, 0x1000, 0, DESCRIBE_TEXT, BD_MAP_READ | BD_MAP_EXEC };
    d->maps[DESCRIBE_MAP_DATA] =
        (struct bd_map){ 0x201000, 0x2000, 0, DESCRIBE_DATA, BD_MAP_READ | BD_MAP_WRITE };
    d->maps[DESCRIBE_MAP_INPLACE] =
        (struct bd_map){ 0x203000, 0x1000, 0, DESCRIBE_INPLACE, BD_MAP_READ };
    d->maps[DESCRIBE_MAP_SHARED] =
        (struct bd_map){ 0x400000, 0x2000, 0, DESCRIBE_SHARED, BD_MAP_READ | BD_MAP_UNCACHED };
    d->maps[DESCRIBE_MAP_DEVICE] =
        (struct bd_map){ 0x500000, 0x1000, 0, DESCRIBE_DEVICE, BD_MAP_READ | BD_MAP_WRITE };
    d->maps[DESCRIBE_MAP_PEER] =
        (struct bd_map){ 0x400000, 0x1000, 0x1000, DESCRIBE_SHARED, BD_MAP_READ | BD_MAP_WRITE };
}

void describe_right(struct describe *d)
{
    memset(d, 0, sizeof(*d));
    describe_header(&d->header);
    d->memory[0] = (struct bd_memory){ 0x40000000, DESCRIBE_RAM_BYTES };
    describe_regions(d);
    describe_maps(d);
    describe_pds(d);
    d->channels[0] = (struct bd_channel){ 1, 0, 1, BD_CHANNEL_NOTIFY | BD_CHANNEL_CALL };
    d->channels[1] = (struct bd_channel){ 2, 2, 4, BD_CHANNEL_CALL };
    d->channels[2] = (struct bd_channel){ 0, 1, 0, BD_CHANNEL_NOTIFY };
    d->channels[3] = (struct bd_channel){ 0, 4, 2, BD_CHANNEL_NOTIFY };
    d->irqs[0] = (struct bd_irq){ .intid = 33, .id = 7, .flags = BD_IRQ_EDGE };
    d->irqs[1] = (struct bd_irq){ .intid = 30, .id = 8 };
    d->vms[0] = (struct bd_vm){ .name_off = 5, .pd = 2, .vcpus_count = 1, .devices_count = 2 };
    d->vcpus[0] = (struct bd_vcpu){ .id = 1, .budget_us = 1000, .period_us = 1000 };
    d->devices[0] = (struct bd_device){ 0xb000000, 0, DESCRIBE_SHARED, 40, 20, 0 };
    d->devices[1] = (struct bd_device){ 0xb001000, 0x1000, DESCRIBE_SHARED, 41, 21, 0 };
    d->symbols[0] = (struct bd_symbol){ 0x200000, 0x10, 7 };
    d->symbols[1] = (struct bd_symbol){ 0x200010, 0x20, 12 };
    memcpy(d->strings, "\0A\0B\0C\0main\0loop", 17);
}
