/* SPDX-License-Identifier: BSD-2-Clause */
#include "bootdesc.h"

#include <bulkhead/abi.h>
#include <stdbool.h>
#include <stddef.h>

#include "irq.h"

/** Addresses of PDs and VMs have this many bits: one root table of 1 GiB entries. */
#define BOOTDESC_ADDRESS_LIMIT (1UL << 39)
/** Physical addresses that the kernel maps one to one. */
#define BOOTDESC_PHYSICAL_LIMIT (480UL << 30)

static const struct bd_header *bootdesc;

static const void *bootdesc_entry(struct bd_table table, uint32_t index, uint64_t size)
{
    return (const char *)bootdesc + table.off + index * size;
}

const struct bd_header *bootdesc_header(void)
{
    return bootdesc;
}

/** Entry of a table; the header says which. */
#define BOOTDESC_ACCESSOR(name, table)                                           \
    const struct bd_##name *bootdesc_##name(uint32_t index)                      \
    {                                                                            \
        return bootdesc_entry(bootdesc->table, index, sizeof(struct bd_##name)); \
    }
BOOTDESC_ACCESSOR(memory, memory)
BOOTDESC_ACCESSOR(region, regions)
BOOTDESC_ACCESSOR(map, maps)
BOOTDESC_ACCESSOR(pd, pds)
BOOTDESC_ACCESSOR(vm, vms)
BOOTDESC_ACCESSOR(vcpu, vcpus)
BOOTDESC_ACCESSOR(device, devices)
BOOTDESC_ACCESSOR(channel, channels)
BOOTDESC_ACCESSOR(irq, irqs)

const struct bd_symbol *bootdesc_symbols(const struct bd_pd *pd)
{
    return bootdesc_entry(bootdesc->symbols, pd->symbols_first, sizeof(struct bd_symbol));
}

const char *bootdesc_string(uint32_t off)
{
    return (const char *)bootdesc + bootdesc->strings.off + off;
}

/* Checks. Each returns NULL or what is wrong. */

static bool bootdesc_page_aligned(uint64_t value)
{
    return value % BD_PAGE == 0;
}

/** [base, base + bytes) is not empty, page aligned, and ends at or below `limit`. */
static bool bootdesc_range_ok(uint64_t base, uint64_t bytes, uint64_t limit)
{
    return bootdesc_page_aligned(base) && bootdesc_page_aligned(bytes) && bytes > 0 &&
           bytes <= limit && base <= limit - bytes;
}

static bool bootdesc_overlap(uint64_t a, uint64_t a_bytes, uint64_t b, uint64_t b_bytes)
{
    return a < b + b_bytes && b < a + a_bytes;
}

static bool bootdesc_slice_ok(uint32_t first, uint32_t count, struct bd_table table)
{
    return first <= table.count && count <= table.count - first;
}

static bool bootdesc_string_ok(uint32_t off)
{
    return off < bootdesc->strings.count;
}

static bool bootdesc_table_ok(struct bd_table table, uint64_t size)
{
    return table.off % 8 == 0 && table.off >= sizeof(struct bd_header) &&
           table.off <= bootdesc->bytes && table.count <= (bootdesc->bytes - table.off) / size;
}

static const char *bootdesc_check_tables(void)
{
    const struct bd_header *h = bootdesc;
    if (!bootdesc_table_ok(h->memory, sizeof(struct bd_memory)) ||
        !bootdesc_table_ok(h->regions, sizeof(struct bd_region)) ||
        !bootdesc_table_ok(h->maps, sizeof(struct bd_map)) ||
        !bootdesc_table_ok(h->pds, sizeof(struct bd_pd)) ||
        !bootdesc_table_ok(h->vms, sizeof(struct bd_vm)) ||
        !bootdesc_table_ok(h->vcpus, sizeof(struct bd_vcpu)) ||
        !bootdesc_table_ok(h->devices, sizeof(struct bd_device)) ||
        !bootdesc_table_ok(h->channels, sizeof(struct bd_channel)) ||
        !bootdesc_table_ok(h->irqs, sizeof(struct bd_irq)) ||
        !bootdesc_table_ok(h->symbols, sizeof(struct bd_symbol)) ||
        !bootdesc_table_ok(h->strings, 1)) {
        return "a table of the boot description lies outside it";
    }
    if (h->strings.count == 0 || *bootdesc_string(h->strings.count - 1) != '\0') {
        return "the strings of the boot description do not end";
    }
    return NULL;
}

/** Does [base, base + bytes) lie in one range of the board's RAM? */
static bool bootdesc_in_memory(uint64_t base, uint64_t bytes)
{
    for (uint32_t i = 0; i < bootdesc->memory.count; i++) {
        const struct bd_memory *m = bootdesc_memory(i);
        if (base >= m->base && bytes <= m->bytes && base - m->base <= m->bytes - bytes) {
            return true;
        }
    }
    return false;
}

static bool bootdesc_touches_memory(uint64_t base, uint64_t bytes)
{
    for (uint32_t i = 0; i < bootdesc->memory.count; i++) {
        const struct bd_memory *m = bootdesc_memory(i);
        if (bootdesc_overlap(base, bytes, m->base, m->bytes)) {
            return true;
        }
    }
    return false;
}

/** The kernel can map a device of the board there; base 0: there is none. */
static bool bootdesc_device_ok(uint64_t base, uint64_t bytes)
{
    return base == 0 || (bootdesc_range_ok(base, bytes, BOOTDESC_PHYSICAL_LIMIT) &&
                         !bootdesc_touches_memory(base, bytes));
}

static const char *bootdesc_check_board(void)
{
    const struct bd_header *h = bootdesc;
    if (h->board.cpus == 0 || h->board.cpus > BH_MAX_CPUS) {
        return "the number of CPUs is not 1 to 8";
    }
    for (uint32_t i = 0; i < h->memory.count; i++) {
        const struct bd_memory *m = bootdesc_memory(i);
        if (!bootdesc_range_ok(m->base, m->bytes, BOOTDESC_PHYSICAL_LIMIT)) {
            return "a range of memory is empty, not page aligned or too high";
        }
    }
    const struct bd_board *b = &h->board;
    if (!bootdesc_device_ok(b->gicd, BD_PAGE) || !bootdesc_device_ok(b->gicc, BD_PAGE) ||
        !bootdesc_device_ok(b->gich, BD_PAGE) || !bootdesc_device_ok(b->gicv, BD_PAGE) ||
        !bootdesc_device_ok(b->gicr, b->gicr_bytes) || !bootdesc_device_ok(b->uart, BD_PAGE)) {
        return "a device of the board is not page aligned, too high or lies in memory";
    }
    if (!bootdesc_page_aligned(h->kernel_base) || h->kernel_base < BD_PAGE ||
        !bootdesc_page_aligned(h->image_bytes) || !bootdesc_page_aligned(h->heap_bytes) ||
        h->image_bytes > BOOTDESC_PHYSICAL_LIMIT || h->heap_bytes > BOOTDESC_PHYSICAL_LIMIT ||
        !bootdesc_in_memory(h->kernel_base - BD_PAGE, BD_PAGE + h->image_bytes + h->heap_bytes)) {
        return "the kernel's own region does not lie in the board's memory";
    }
    return NULL;
}

static bool bootdesc_source_ok(const struct bd_region *r)
{
    uint64_t image_bytes = bootdesc->image_bytes;
    if (r->src_off == BD_NO_SOURCE) {
        return r->src_bytes == 0;
    }
    return bootdesc_page_aligned(r->src_off) && r->src_off <= image_bytes &&
           r->src_bytes <= image_bytes - r->src_off && r->src_bytes <= r->bytes;
}

static const char *bootdesc_check_region(const struct bd_region *r)
{
    const struct bd_header *h = bootdesc;
    if (!bootdesc_range_ok(r->base, r->bytes, BOOTDESC_PHYSICAL_LIMIT)) {
        return "a region is empty, not page aligned or too high";
    }
    if (!bootdesc_string_ok(r->name_off)) {
        return "a region has no name";
    }
    if (!bootdesc_source_ok(r)) {
        return "the contents of a region lie outside the image";
    }
    if ((r->flags & BD_REGION_INPLACE) != 0) {
        if (r->base < h->kernel_base || r->bytes > h->image_bytes ||
            r->base - h->kernel_base > h->image_bytes - r->bytes) {
            return "a region in place lies outside the image";
        }
        return NULL;
    }
    if ((r->flags & BD_REGION_DEVICE) != 0) {
        return bootdesc_touches_memory(r->base, r->bytes) ? "a device region lies in memory" : NULL;
    }
    if (!bootdesc_in_memory(r->base, r->bytes)) {
        return "a region lies outside the board's memory";
    }
    if (bootdesc_overlap(r->base, r->bytes, h->kernel_base - BD_PAGE,
                         BD_PAGE + h->image_bytes + h->heap_bytes)) {
        return "a region overlaps the kernel's";
    }
    return NULL;
}

static const char *bootdesc_check_regions(void)
{
    /* Quadratic, once, at boot: sorted tables are compared with their neighbours alone. */
    for (uint32_t i = 0; i < bootdesc->regions.count; i++) {
        const struct bd_region *r = bootdesc_region(i);
        const char *wrong = bootdesc_check_region(r);
        if (wrong != NULL) {
            return wrong;
        }
        for (uint32_t j = 0; j < i; j++) {
            const struct bd_region *other = bootdesc_region(j);
            if (bootdesc_overlap(r->base, r->bytes, other->base, other->bytes)) {
                return "two regions overlap";
            }
        }
    }
    return NULL;
}

static const char *bootdesc_check_maps(uint32_t first, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        const struct bd_map *m = bootdesc_map(first + i);
        if (!bootdesc_range_ok(m->addr, m->bytes, BOOTDESC_ADDRESS_LIMIT)) {
            return "a mapping is empty, not page aligned or too high";
        }
        if (m->region >= bootdesc->regions.count) {
            return "a mapping has no region";
        }
        const struct bd_region *r = bootdesc_region(m->region);
        if (!bootdesc_page_aligned(m->region_off) || m->region_off > r->bytes ||
            m->bytes > r->bytes - m->region_off) {
            return "a mapping is larger than its region";
        }
        if ((m->flags & (BD_MAP_READ | BD_MAP_WRITE | BD_MAP_EXEC)) == 0) {
            return "a mapping has no permissions";
        }
        if ((r->flags & BD_REGION_INPLACE) != 0 && (m->flags & BD_MAP_WRITE) != 0) {
            return "a region in place is mapped writable";
        }
        for (uint32_t j = 0; j < i; j++) {
            const struct bd_map *other = bootdesc_map(first + j);
            if (bootdesc_overlap(m->addr, m->bytes, other->addr, other->bytes)) {
                return "two mappings of one address space overlap";
            }
        }
    }
    return NULL;
}

/** Is this region plain memory that the kernel can address? */
static bool bootdesc_is_ram(uint32_t region)
{
    return region < bootdesc->regions.count &&
           (bootdesc_region(region)->flags & (BD_REGION_DEVICE | BD_REGION_INPLACE)) == 0;
}

static const char *bootdesc_check_segments(const struct bd_pd *pd)
{
    if (!bootdesc_slice_ok(pd->segments_first, pd->segments_count, bootdesc->regions)) {
        return "the writable segments of a PD lie outside their table";
    }
    for (uint32_t i = 0; i < pd->segments_count; i++) {
        if (!bootdesc_is_ram(pd->segments_first + i)) {
            return "a writable segment of a PD is not memory";
        }
    }
    return NULL;
}

/** Channel numbers that a PD's channels and interrupts use. */
static uint64_t bootdesc_ids(const struct bd_pd *pd)
{
    uint64_t ids = 0;
    for (uint32_t i = 0; i < pd->channels_count; i++) {
        ids |= 1UL << (bootdesc_channel(pd->channels_first + i)->id & 63);
    }
    for (uint32_t i = 0; i < pd->irqs_count; i++) {
        ids |= 1UL << (bootdesc_irq(pd->irqs_first + i)->id & 63);
    }
    return ids;
}

static const char *bootdesc_check_channels(uint32_t index, const struct bd_pd *pd)
{
    uint64_t ids = 0;
    for (uint32_t i = 0; i < pd->channels_count; i++) {
        const struct bd_channel *c = bootdesc_channel(pd->channels_first + i);
        if (c->id >= BH_MAX_CHANNELS || c->peer_id >= BH_MAX_CHANNELS ||
            c->peer >= bootdesc->pds.count || c->peer == index) {
            return "a channel has a wrong number";
        }
        if ((c->flags & ~(BD_CHANNEL_NOTIFY | BD_CHANNEL_CALL)) != 0) {
            return "a channel has a wrong right";
        }
        if ((ids & 1UL << c->id) != 0) {
            return "a channel number is used twice";
        }
        ids |= 1UL << c->id;
        const struct bd_pd *peer = bootdesc_pd(c->peer);
        if ((c->flags & BD_CHANNEL_CALL) != 0) {
            if (peer->priority <= pd->priority) {
                return "a PD may call one that has no higher priority";
            }
            if ((peer->flags & BD_PD_PASSIVE) != 0 && peer->cpu != pd->cpu) {
                return "a PD may call a passive one of another CPU";
            }
        }
    }
    for (uint32_t i = 0; i < pd->irqs_count; i++) {
        const struct bd_irq *irq = bootdesc_irq(pd->irqs_first + i);
        if (irq->id >= BH_MAX_CHANNELS || (ids & 1UL << irq->id) != 0) {
            return "an interrupt has a wrong channel number";
        }
        ids |= 1UL << irq->id;
        if (irq->intid != IRQ_PPI_PHYS_TIMER &&
            (irq->intid < IRQ_FIRST_SPI || irq->intid >= IRQ_COUNT)) {
            return "an interrupt cannot be given to a PD";
        }
    }
    if (bootdesc->report_pd == index) {
        if (bootdesc->report_id >= BH_MAX_CHANNELS || (ids & 1UL << bootdesc->report_id) != 0) {
            return "the report ring has a wrong channel number";
        }
    }
    return NULL;
}

/** The end at the other side of every channel is there and names this one. */
static const char *bootdesc_check_peers(uint32_t index, const struct bd_pd *pd)
{
    for (uint32_t i = 0; i < pd->channels_count; i++) {
        const struct bd_channel *c = bootdesc_channel(pd->channels_first + i);
        const struct bd_pd *peer = bootdesc_pd(c->peer);
        bool found = false;
        for (uint32_t j = 0; j < peer->channels_count && !found; j++) {
            const struct bd_channel *other = bootdesc_channel(peer->channels_first + j);
            found = other->id == c->peer_id && other->peer == index && other->peer_id == c->id;
        }
        if (!found) {
            return "a channel has no other end";
        }
    }
    return NULL;
}

static const char *bootdesc_check_pd(uint32_t index)
{
    const struct bd_header *h = bootdesc;
    const struct bd_pd *pd = bootdesc_pd(index);
    if (!bootdesc_string_ok(pd->name_off)) {
        return "a PD has no name";
    }
    if (pd->cpu >= h->board.cpus) {
        return "a PD is on a CPU that the system does not use";
    }
    if (pd->priority > BH_MAX_PRIORITY || pd->budget_us == 0 || pd->budget_us > pd->period_us) {
        return "a PD has a wrong priority, budget or period";
    }
    if (!bootdesc_slice_ok(pd->maps_first, pd->maps_count, h->maps) ||
        !bootdesc_slice_ok(pd->channels_first, pd->channels_count, h->channels) ||
        !bootdesc_slice_ok(pd->irqs_first, pd->irqs_count, h->irqs) ||
        !bootdesc_slice_ok(pd->symbols_first, pd->symbols_count, h->symbols)) {
        return "the tables of a PD lie outside those of the boot description";
    }
    if (pd->parent != BD_NONE && (pd->parent >= index || pd->child_id >= BH_MAX_CHILDREN)) {
        return "a PD has a wrong parent";
    }
    if (!bootdesc_is_ram(pd->stack_region) || !bootdesc_is_ram(pd->msg_region) ||
        pd->stack_top > BOOTDESC_ADDRESS_LIMIT || !bootdesc_page_aligned(pd->stack_top) ||
        bootdesc_region(pd->stack_region)->bytes > pd->stack_top) {
        return "a PD has no stack or no message buffer";
    }
    const char *wrong = bootdesc_check_segments(pd);
    return wrong != NULL ? wrong : bootdesc_check_maps(pd->maps_first, pd->maps_count);
}

static const char *bootdesc_check_symbols(const struct bd_pd *pd)
{
    const struct bd_symbol *symbols = bootdesc_symbols(pd);
    for (uint32_t i = 0; i < pd->symbols_count; i++) {
        if (!bootdesc_string_ok(symbols[i].name_off)) {
            return "a symbol has no name";
        }
    }
    return NULL;
}

static const char *bootdesc_check_devices(const struct bd_vm *vm)
{
    uint64_t ids = bootdesc_ids(bootdesc_pd(vm->pd));
    ids |= bootdesc->report_pd == vm->pd ? 1UL << bootdesc->report_id : 0;
    for (uint32_t i = 0; i < vm->devices_count; i++) {
        const struct bd_device *d = bootdesc_device(vm->devices_first + i);
        if (!bootdesc_is_ram(d->region) || !bootdesc_page_aligned(d->region_off) ||
            d->region_off >= bootdesc_region(d->region)->bytes || d->intid < IRQ_FIRST_SPI ||
            d->intid >= BH_VIRQ_COUNT ||
            d->gpa != bootdesc_device(vm->devices_first)->gpa + i * BD_PAGE) {
            return "a register page has a wrong place or interrupt";
        }
        if (d->id >= BH_MAX_CHANNELS || (ids & 1UL << d->id) != 0) {
            return "a register page has a wrong channel number";
        }
        ids |= 1UL << d->id;
    }
    return NULL;
}

static const char *bootdesc_check_vm(uint32_t index)
{
    const struct bd_header *h = bootdesc;
    const struct bd_vm *vm = bootdesc_vm(index);
    if (!bootdesc_string_ok(vm->name_off) || vm->pd >= h->pds.count ||
        bootdesc_pd(vm->pd)->vm != index) {
        return "a virtual machine has no name or no VMM";
    }
    if (!bootdesc_slice_ok(vm->maps_first, vm->maps_count, h->maps) ||
        !bootdesc_slice_ok(vm->vcpus_first, vm->vcpus_count, h->vcpus) ||
        !bootdesc_slice_ok(vm->devices_first, vm->devices_count, h->devices)) {
        return "the tables of a virtual machine lie outside those of the boot description";
    }
    if (vm->vcpus_count == 0 || vm->vcpus_count > BH_MAX_VCPUS) {
        return "a virtual machine has no vCPU, or more than 8";
    }
    for (uint32_t i = 0; i < vm->vcpus_count; i++) {
        const struct bd_vcpu *v = bootdesc_vcpu(vm->vcpus_first + i);
        if (v->vm != index || v->id >= BH_MAX_CHILDREN || v->cpu >= h->board.cpus ||
            v->priority > BH_MAX_PRIORITY || v->budget_us == 0 || v->budget_us > v->period_us) {
            return "a vCPU has a wrong number, CPU, priority, budget or period";
        }
    }
    const char *wrong = bootdesc_check_devices(vm);
    return wrong != NULL ? wrong : bootdesc_check_maps(vm->maps_first, vm->maps_count);
}

static const char *bootdesc_check_vms(void)
{
    if (bootdesc->vms.count > BH_MAX_PDS || bootdesc->vcpus.count > THREAD_MAX - BH_MAX_PDS) {
        return "there are too many virtual machines or vCPUs";
    }
    const char *wrong = NULL;
    for (uint32_t i = 0; i < bootdesc->vms.count && wrong == NULL; i++) {
        wrong = bootdesc_check_vm(i);
    }
    for (uint32_t i = 0; i < bootdesc->pds.count && wrong == NULL; i++) {
        uint32_t vm = bootdesc_pd(i)->vm;
        if (vm != BD_NONE && (vm >= bootdesc->vms.count || bootdesc_vm(vm)->pd != i)) {
            wrong = "a PD has a wrong virtual machine";
        }
    }
    return wrong;
}

static const char *bootdesc_check_pds(void)
{
    if (bootdesc->pds.count == 0 || bootdesc->pds.count > BH_MAX_PDS) {
        return "the number of PDs is not 1 to 63";
    }
    const char *wrong = NULL;
    for (uint32_t i = 0; i < bootdesc->pds.count && wrong == NULL; i++) {
        wrong = bootdesc_check_pd(i);
    }
    for (uint32_t i = 0; i < bootdesc->pds.count && wrong == NULL; i++) {
        wrong = bootdesc_check_channels(i, bootdesc_pd(i));
    }
    for (uint32_t i = 0; i < bootdesc->pds.count && wrong == NULL; i++) {
        wrong = bootdesc_check_peers(i, bootdesc_pd(i));
    }
    for (uint32_t i = 0; i < bootdesc->pds.count && wrong == NULL; i++) {
        wrong = bootdesc_check_symbols(bootdesc_pd(i));
    }
    return wrong;
}

static const char *bootdesc_check_special(void)
{
    const struct bd_header *h = bootdesc;
    if (!bootdesc_is_ram(h->report_region) || bootdesc_region(h->report_region)->bytes != BD_PAGE) {
        return "the report ring has no page";
    }
    if (h->report_pd != BD_NONE && h->report_pd >= h->pds.count) {
        return "the report ring has no reader";
    }
    if (h->trace_region != BD_NONE && !bootdesc_is_ram(h->trace_region)) {
        return "the switch trace has no memory";
    }
    return NULL;
}

const char *bootdesc_check(const void *data, uint64_t bytes)
{
    bootdesc = (const struct bd_header *)data;
    if (bytes < sizeof(*bootdesc) || bootdesc->magic != BD_MAGIC ||
        bootdesc->version != BD_VERSION || bootdesc->bytes > bytes ||
        bootdesc->bytes < sizeof(*bootdesc)) {
        return "there is no boot description of this kernel's version";
    }
    const char *wrong = bootdesc_check_tables();
    wrong = wrong != NULL ? wrong : bootdesc_check_board();
    wrong = wrong != NULL ? wrong : bootdesc_check_regions();
    wrong = wrong != NULL ? wrong : bootdesc_check_pds();
    wrong = wrong != NULL ? wrong : bootdesc_check_vms();
    wrong = wrong != NULL ? wrong : bootdesc_check_special();
    return wrong;
}
