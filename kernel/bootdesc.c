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

#define BOOTDESC_ACCESSOR(name, table)                                           \
    const struct bd_##name *bootdesc_##name(uint32_t index)                      \
    {                                                                            \
        return bootdesc_entry(bootdesc->table, index, sizeof(struct bd_##name)); \
    }
BOOTDESC_TABLES(BOOTDESC_ACCESSOR)

const struct bd_symbol *bootdesc_symbols(const struct bd_pd *pd)
{
    return bootdesc_entry(bootdesc->symbols, pd->symbols_first, sizeof(struct bd_symbol));
}

const char *bootdesc_string(uint32_t off)
{
    return (const char *)bootdesc + bootdesc->strings.off + off;
}

/** Why the description is refused. */
static const char *bootdesc_why;

/* Checks. Those called refuse return whether something is wrong; bootdesc_why then says what. */

static bool bootdesc_refuse(bool wrong, const char *why)
{
    bootdesc_why = why;
    return wrong;
}

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

static bool bootdesc_refuse_tables(void)
{
    const struct bd_header *h = bootdesc;
#define BOOTDESC_TABLE_OK(name, table) bootdesc_table_ok(h->table, sizeof(struct bd_##name)) &&
    bool inside = BOOTDESC_TABLES(BOOTDESC_TABLE_OK) BOOTDESC_TABLE_OK(symbol, symbols)
        bootdesc_table_ok(h->strings, 1);
    return bootdesc_refuse(!inside, "a table of the boot description lies outside it") ||
           bootdesc_refuse(h->strings.count == 0 || *bootdesc_string(h->strings.count - 1) != '\0',
                           "the strings of the boot description do not end");
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

static bool bootdesc_refuse_board(void)
{
    const struct bd_header *h = bootdesc;
    const struct bd_board *b = &h->board;
    for (uint32_t i = 0; i < h->memory.count; i++) {
        const struct bd_memory *m = bootdesc_memory(i);
        if (bootdesc_refuse(!bootdesc_range_ok(m->base, m->bytes, BOOTDESC_PHYSICAL_LIMIT),
                            "a range of memory is empty, not page aligned or too high")) {
            return true;
        }
    }
    return bootdesc_refuse(b->cpus == 0 || b->cpus > BH_MAX_CPUS,
                           "the number of CPUs is not 1 to 8") ||
           bootdesc_refuse(
               !bootdesc_device_ok(b->gicd, BD_PAGE) || !bootdesc_device_ok(b->gicc, BD_PAGE) ||
                   !bootdesc_device_ok(b->gich, BD_PAGE) || !bootdesc_device_ok(b->gicv, BD_PAGE) ||
                   !bootdesc_device_ok(b->gicr, b->gicr_bytes) ||
                   !bootdesc_device_ok(b->uart, BD_PAGE),
               "a device of the board is not page aligned, too high or lies in memory") ||
           bootdesc_refuse(!bootdesc_page_aligned(h->kernel_base) || h->kernel_base < BD_PAGE ||
                               !bootdesc_page_aligned(h->image_bytes) ||
                               !bootdesc_page_aligned(h->heap_bytes) ||
                               h->image_bytes > BOOTDESC_PHYSICAL_LIMIT ||
                               h->heap_bytes > BOOTDESC_PHYSICAL_LIMIT ||
                               !bootdesc_in_memory(h->kernel_base - BD_PAGE,
                                                   BD_PAGE + h->image_bytes + h->heap_bytes),
                           "the kernel's own region does not lie in the board's memory");
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

static bool bootdesc_refuse_region(const struct bd_region *r)
{
    const struct bd_header *h = bootdesc;
    if (bootdesc_refuse(!bootdesc_range_ok(r->base, r->bytes, BOOTDESC_PHYSICAL_LIMIT),
                        "a region is empty, not page aligned or too high") ||
        bootdesc_refuse(!bootdesc_string_ok(r->name_off), "a region has no name") ||
        bootdesc_refuse(!bootdesc_source_ok(r), "the contents of a region lie outside the image")) {
        return true;
    }
    if ((r->flags & BD_REGION_INPLACE) != 0) {
        return bootdesc_refuse(r->base < h->kernel_base || r->bytes > h->image_bytes ||
                                   r->base - h->kernel_base > h->image_bytes - r->bytes,
                               "a region in place lies outside the image");
    }
    if ((r->flags & BD_REGION_DEVICE) != 0) {
        return bootdesc_refuse(bootdesc_touches_memory(r->base, r->bytes),
                               "a device region lies in memory");
    }
    return bootdesc_refuse(!bootdesc_in_memory(r->base, r->bytes),
                           "a region lies outside the board's memory") ||
           bootdesc_refuse(bootdesc_overlap(r->base, r->bytes, h->kernel_base - BD_PAGE,
                                            BD_PAGE + h->image_bytes + h->heap_bytes),
                           "a region overlaps the kernel's");
}

static bool bootdesc_refuse_regions(void)
{
    /* Quadratic, once, at boot: sorted tables are compared with their neighbours alone. */
    bool wrong = false;
    for (uint32_t i = 0; i < bootdesc->regions.count && !wrong; i++) {
        const struct bd_region *r = bootdesc_region(i);
        wrong = bootdesc_refuse_region(r);
        for (uint32_t j = 0; j < i && !wrong; j++) {
            const struct bd_region *other = bootdesc_region(j);
            wrong = bootdesc_refuse(bootdesc_overlap(r->base, r->bytes, other->base, other->bytes),
                                    "two regions overlap");
        }
    }
    return wrong;
}

static bool bootdesc_refuse_map(const struct bd_map *m)
{
    if (bootdesc_refuse(!bootdesc_range_ok(m->addr, m->bytes, BOOTDESC_ADDRESS_LIMIT),
                        "a mapping is empty, not page aligned or too high") ||
        bootdesc_refuse(m->region >= bootdesc->regions.count, "a mapping has no region")) {
        return true;
    }
    const struct bd_region *r = bootdesc_region(m->region);
    return bootdesc_refuse(!bootdesc_page_aligned(m->region_off) || m->region_off > r->bytes ||
                               m->bytes > r->bytes - m->region_off,
                           "a mapping is larger than its region") ||
           bootdesc_refuse((m->flags & (BD_MAP_READ | BD_MAP_WRITE | BD_MAP_EXEC)) == 0,
                           "a mapping has no permissions") ||
           bootdesc_refuse((r->flags & BD_REGION_INPLACE) != 0 && (m->flags & BD_MAP_WRITE) != 0,
                           "a region in place is mapped writable");
}

static bool bootdesc_refuse_maps(uint32_t first, uint32_t count)
{
    bool wrong = false;
    for (uint32_t i = 0; i < count && !wrong; i++) {
        const struct bd_map *m = bootdesc_map(first + i);
        wrong = bootdesc_refuse_map(m);
        for (uint32_t j = 0; j < i && !wrong; j++) {
            const struct bd_map *other = bootdesc_map(first + j);
            wrong = bootdesc_refuse(bootdesc_overlap(m->addr, m->bytes, other->addr, other->bytes),
                                    "two mappings of one address space overlap");
        }
    }
    return wrong;
}

/** Is this region plain memory that the kernel can address? */
static bool bootdesc_is_ram(uint32_t region)
{
    return region < bootdesc->regions.count &&
           (bootdesc_region(region)->flags & (BD_REGION_DEVICE | BD_REGION_INPLACE)) == 0;
}

static bool bootdesc_refuse_segments(const struct bd_pd *pd)
{
    bool wrong = bootdesc_refuse(
        !bootdesc_slice_ok(pd->segments_first, pd->segments_count, bootdesc->regions),
        "the writable segments of a PD lie outside their table");
    for (uint32_t i = 0; i < pd->segments_count && !wrong; i++) {
        wrong = bootdesc_refuse(!bootdesc_is_ram(pd->segments_first + i),
                                "a writable segment of a PD is not memory");
    }
    return wrong;
}

/** The number `id` cannot be one more beside `ids`, or is put there. */
static bool bootdesc_refuse_id(uint64_t *ids, uint64_t id, const char *why)
{
    if (bootdesc_refuse(id >= BH_MAX_CHANNELS || (*ids & 1UL << id) != 0, why)) {
        return true;
    }
    *ids |= 1UL << id;
    return false;
}

static bool bootdesc_refuse_channel(uint32_t index, const struct bd_pd *pd,
                                    const struct bd_channel *c, uint64_t *ids)
{
    if (bootdesc_refuse(c->id >= BH_MAX_CHANNELS || c->peer_id >= BH_MAX_CHANNELS ||
                            c->peer >= bootdesc->pds.count || c->peer == index,
                        "a channel has a wrong number") ||
        bootdesc_refuse((c->flags & ~(BD_CHANNEL_NOTIFY | BD_CHANNEL_CALL)) != 0,
                        "a channel has a wrong right") ||
        bootdesc_refuse_id(ids, c->id, "a channel number is used twice")) {
        return true;
    }
    const struct bd_pd *peer = bootdesc_pd(c->peer);
    return (c->flags & BD_CHANNEL_CALL) != 0 &&
           (bootdesc_refuse(peer->priority <= pd->priority,
                            "a PD may call one that has no higher priority") ||
            bootdesc_refuse((peer->flags & BD_PD_PASSIVE) != 0 && peer->cpu != pd->cpu,
                            "a PD may call a passive one of another CPU"));
}

/** The other side of a channel is there and names this one. */
static bool bootdesc_has_peer(uint32_t index, const struct bd_channel *c)
{
    const struct bd_pd *peer = bootdesc_pd(c->peer);
    bool found = false;
    for (uint32_t i = 0; i < peer->channels_count && !found; i++) {
        const struct bd_channel *other = bootdesc_channel(peer->channels_first + i);
        found = other->id == c->peer_id && other->peer == index && other->peer_id == c->id;
    }
    return found;
}

/** Of the VM `vm` of a PD whose channels and interrupts use the numbers `ids`. */
static bool bootdesc_refuse_devices(const struct bd_vm *vm, uint64_t ids)
{
    bool wrong = false;
    for (uint32_t i = 0; i < vm->devices_count && !wrong; i++) {
        const struct bd_device *d = bootdesc_device(vm->devices_first + i);
        wrong =
            bootdesc_refuse(!bootdesc_is_ram(d->region) || !bootdesc_page_aligned(d->region_off) ||
                                d->region_off >= bootdesc_region(d->region)->bytes ||
                                d->intid < IRQ_FIRST_SPI || d->intid >= BH_VIRQ_COUNT ||
                                d->gpa != bootdesc_device(vm->devices_first)->gpa + i * BD_PAGE,
                            "a register page has a wrong place or interrupt") ||
            bootdesc_refuse_id(&ids, d->id, "a register page has a wrong channel number");
    }
    return wrong;
}

/** What has a channel number of the PD `index`: each has one of its own. */
static bool bootdesc_refuse_channels(uint32_t index)
{
    const struct bd_pd *pd = bootdesc_pd(index);
    uint64_t ids = 0;
    bool wrong = false;
    for (uint32_t i = 0; i < pd->channels_count && !wrong; i++) {
        wrong = bootdesc_refuse_channel(index, pd, bootdesc_channel(pd->channels_first + i), &ids);
    }
    for (uint32_t i = 0; i < pd->irqs_count && !wrong; i++) {
        const struct bd_irq *irq = bootdesc_irq(pd->irqs_first + i);
        wrong = bootdesc_refuse_id(&ids, irq->id, "an interrupt has a wrong channel number") ||
                bootdesc_refuse(irq->intid != IRQ_PPI_PHYS_TIMER &&
                                    (irq->intid < IRQ_FIRST_SPI || irq->intid >= IRQ_COUNT),
                                "an interrupt cannot be given to a PD");
    }
    if (!wrong && bootdesc->report_pd == index) {
        wrong = bootdesc_refuse_id(&ids, bootdesc->report_id,
                                   "the report ring has a wrong channel number");
    }
    return wrong || (pd->vm != BD_NONE && bootdesc_refuse_devices(bootdesc_vm(pd->vm), ids));
}

static bool bootdesc_refuse_pd(uint32_t index)
{
    const struct bd_header *h = bootdesc;
    const struct bd_pd *pd = bootdesc_pd(index);
    return bootdesc_refuse(!bootdesc_string_ok(pd->name_off), "a PD has no name") ||
           bootdesc_refuse(pd->cpu >= h->board.cpus,
                           "a PD is on a CPU that the system does not use") ||
           bootdesc_refuse(pd->priority > BH_MAX_PRIORITY || pd->budget_us == 0 ||
                               pd->budget_us > pd->period_us,
                           "a PD has a wrong priority, budget or period") ||
           bootdesc_refuse(
               !bootdesc_slice_ok(pd->maps_first, pd->maps_count, h->maps) ||
                   !bootdesc_slice_ok(pd->channels_first, pd->channels_count, h->channels) ||
                   !bootdesc_slice_ok(pd->irqs_first, pd->irqs_count, h->irqs) ||
                   !bootdesc_slice_ok(pd->symbols_first, pd->symbols_count, h->symbols),
               "the tables of a PD lie outside those of the boot description") ||
           bootdesc_refuse(pd->parent != BD_NONE &&
                               (pd->parent >= index || pd->child_id >= BH_MAX_CHILDREN),
                           "a PD has a wrong parent") ||
           bootdesc_refuse(!bootdesc_is_ram(pd->stack_region) || !bootdesc_is_ram(pd->msg_region) ||
                               pd->stack_top > BOOTDESC_ADDRESS_LIMIT ||
                               !bootdesc_page_aligned(pd->stack_top) ||
                               bootdesc_region(pd->stack_region)->bytes > pd->stack_top,
                           "a PD has no stack or no message buffer") ||
           bootdesc_refuse_segments(pd) || bootdesc_refuse_maps(pd->maps_first, pd->maps_count);
}

/** What of a PD points to other tables, which are right by themselves. */
static bool bootdesc_refuse_links(uint32_t index)
{
    const struct bd_pd *pd = bootdesc_pd(index);
    const struct bd_symbol *symbols = bootdesc_symbols(pd);
    bool wrong = false;
    for (uint32_t i = 0; i < pd->channels_count && !wrong; i++) {
        wrong = bootdesc_refuse(!bootdesc_has_peer(index, bootdesc_channel(pd->channels_first + i)),
                                "a channel has no other end");
    }
    for (uint32_t i = 0; i < pd->symbols_count && !wrong; i++) {
        wrong = bootdesc_refuse(!bootdesc_string_ok(symbols[i].name_off), "a symbol has no name");
    }
    return wrong;
}

static bool bootdesc_refuse_vm(uint32_t index)
{
    const struct bd_header *h = bootdesc;
    const struct bd_vm *vm = bootdesc_vm(index);
    bool wrong = bootdesc_refuse(!bootdesc_string_ok(vm->name_off) || vm->pd >= h->pds.count ||
                                     bootdesc_pd(vm->pd)->vm != index,
                                 "a virtual machine has no name or no VMM") ||
                 bootdesc_refuse(
                     !bootdesc_slice_ok(vm->maps_first, vm->maps_count, h->maps) ||
                         !bootdesc_slice_ok(vm->vcpus_first, vm->vcpus_count, h->vcpus) ||
                         !bootdesc_slice_ok(vm->devices_first, vm->devices_count, h->devices),
                     "the tables of a virtual machine lie outside those of the boot description") ||
                 bootdesc_refuse(vm->vcpus_count == 0 || vm->vcpus_count > BH_MAX_VCPUS,
                                 "a virtual machine has no vCPU, or more than 8");
    for (uint32_t i = 0; i < vm->vcpus_count && !wrong; i++) {
        const struct bd_vcpu *v = bootdesc_vcpu(vm->vcpus_first + i);
        wrong = bootdesc_refuse(v->vm != index || v->id >= BH_MAX_CHILDREN ||
                                    v->cpu >= h->board.cpus || v->priority > BH_MAX_PRIORITY ||
                                    v->budget_us == 0 || v->budget_us > v->period_us,
                                "a vCPU has a wrong number, CPU, priority, budget or period");
    }
    return wrong || bootdesc_refuse_maps(vm->maps_first, vm->maps_count);
}

/** The VM of a PD has that PD as its VMM. */
static bool bootdesc_refuse_vmm(uint32_t index)
{
    uint32_t vm = bootdesc_pd(index)->vm;
    return bootdesc_refuse(vm != BD_NONE &&
                               (vm >= bootdesc->vms.count || bootdesc_vm(vm)->pd != index),
                           "a PD has a wrong virtual machine");
}

static bool bootdesc_refuse_counts(void)
{
    return bootdesc_refuse(bootdesc->pds.count == 0 || bootdesc->pds.count > BH_MAX_PDS,
                           "the number of PDs is not 1 to 63") ||
           bootdesc_refuse(bootdesc->vms.count > BH_MAX_PDS ||
                               bootdesc->vcpus.count > THREAD_MAX - BH_MAX_PDS,
                           "there are too many virtual machines or vCPUs");
}

static bool bootdesc_refuse_each(uint32_t count, bool (*refuse)(uint32_t index))
{
    bool wrong = false;
    for (uint32_t i = 0; i < count && !wrong; i++) {
        wrong = refuse(i);
    }
    return wrong;
}

static bool bootdesc_refuse_special(void)
{
    const struct bd_header *h = bootdesc;
    return bootdesc_refuse(!bootdesc_is_ram(h->report_region) ||
                               bootdesc_region(h->report_region)->bytes != BD_PAGE,
                           "the report ring has no page") ||
           bootdesc_refuse(h->report_pd != BD_NONE && h->report_pd >= h->pds.count,
                           "the report ring has no reader") ||
           bootdesc_refuse(h->trace_region != BD_NONE && !bootdesc_is_ram(h->trace_region),
                           "the switch trace has no memory");
}

const char *bootdesc_check(const void *data, uint64_t bytes)
{
    const struct bd_header *h = data;
    bootdesc = h;
    /* In this order: each relies on those before. */
    bool wrong =
        bootdesc_refuse(bytes < sizeof(*h) || h->magic != BD_MAGIC || h->version != BD_VERSION ||
                            h->bytes > bytes || h->bytes < sizeof(*h),
                        "there is no boot description of this kernel's version") ||
        bootdesc_refuse_tables() || bootdesc_refuse_board() || bootdesc_refuse_regions() ||
        bootdesc_refuse_counts() || bootdesc_refuse_each(h->pds.count, bootdesc_refuse_pd) ||
        bootdesc_refuse_each(h->vms.count, bootdesc_refuse_vm) ||
        bootdesc_refuse_each(h->pds.count, bootdesc_refuse_vmm) ||
        bootdesc_refuse_each(h->pds.count, bootdesc_refuse_channels) ||
        bootdesc_refuse_each(h->pds.count, bootdesc_refuse_links) || bootdesc_refuse_special();
    return wrong ? bootdesc_why : NULL;
}
