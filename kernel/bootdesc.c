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

/** Is `check` true for an `i` below `count`? They are tried in order, up to the first. */
#define BOOTDESC_ANY(i, count, check)                         \
    ({                                                        \
        bool any_ = false;                                    \
        for (uint32_t i = 0; (i) < (count) && !any_; (i)++) { \
            any_ = (check);                                   \
        }                                                     \
        any_;                                                 \
    })

static bool bootdesc_page_aligned(uint64_t value)
{
    return value % BD_PAGE == 0;
}

/** Does [base, base + bytes) lie in [outer, outer + outer_bytes)? */
static bool bootdesc_inside(uint64_t base, uint64_t bytes, uint64_t outer, uint64_t outer_bytes)
{
    return base >= outer && bytes <= outer_bytes && base - outer <= outer_bytes - bytes;
}

/** [base, base + bytes) is not empty, page aligned, and ends at or below `limit`. */
static bool bootdesc_range_ok(uint64_t base, uint64_t bytes, uint64_t limit)
{
    return bootdesc_page_aligned(base) && bootdesc_page_aligned(bytes) && bytes > 0 &&
           bootdesc_inside(base, bytes, 0, limit);
}

static bool bootdesc_overlap(uint64_t a, uint64_t a_bytes, uint64_t b, uint64_t b_bytes)
{
    return a < b + b_bytes && b < a + a_bytes;
}

/** Does the part of `table` that `entry` says is its own lie in it? */
#define BOOTDESC_SLICE_OK(entry, table) \
    bootdesc_inside((entry)->table##_first, (entry)->table##_count, 0, bootdesc->table.count)

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
                           "the strings of the boot description do not end") ||
           bootdesc_refuse(h->pds.count == 0 || h->pds.count > BH_MAX_PDS,
                           "the number of PDs is not 1 to 63") ||
           bootdesc_refuse(h->vms.count > BH_MAX_PDS || h->vcpus.count > THREAD_MAX - BH_MAX_PDS,
                           "there are too many virtual machines or vCPUs");
}

/** Does [base, base + bytes) lie in one range of the board's RAM? */
static bool bootdesc_in_memory(uint64_t base, uint64_t bytes)
{
    const struct bd_memory *m = bootdesc_memory(0);
    return BOOTDESC_ANY(i, bootdesc->memory.count,
                        bootdesc_inside(base, bytes, m[i].base, m[i].bytes));
}

static bool bootdesc_touches_memory(uint64_t base, uint64_t bytes)
{
    const struct bd_memory *m = bootdesc_memory(0);
    return BOOTDESC_ANY(i, bootdesc->memory.count,
                        bootdesc_overlap(base, bytes, m[i].base, m[i].bytes));
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
    const struct bd_memory *m = bootdesc_memory(0);
    return BOOTDESC_ANY(
               i, h->memory.count,
               bootdesc_refuse(!bootdesc_range_ok(m[i].base, m[i].bytes, BOOTDESC_PHYSICAL_LIMIT),
                               "a range of memory is empty, not page aligned or too high")) ||
           bootdesc_refuse(b->cpus == 0 || b->cpus > BH_MAX_CPUS,
                           "the number of CPUs is not 1 to 8") ||
           bootdesc_refuse(
               !bootdesc_device_ok(b->gicd, BD_PAGE) || !bootdesc_device_ok(b->gicc, BD_PAGE) ||
                   !bootdesc_device_ok(b->gich, BD_PAGE) || !bootdesc_device_ok(b->gicv, BD_PAGE) ||
                   !bootdesc_device_ok(b->gicr, b->gicr_bytes) ||
                   !bootdesc_device_ok(b->uart, BD_PAGE),
               "a device of the board is not page aligned, too high or lies in memory") ||
           bootdesc_refuse(
               h->kernel_base < BD_PAGE ||
                   !bootdesc_range_ok(h->kernel_base, h->image_bytes, BOOTDESC_PHYSICAL_LIMIT) ||
                   !bootdesc_range_ok(h->kernel_base + h->image_bytes, h->heap_bytes,
                                      BOOTDESC_PHYSICAL_LIMIT) ||
                   !bootdesc_in_memory(h->kernel_base - BD_PAGE,
                                       BD_PAGE + h->image_bytes + h->heap_bytes),
               "the kernel's own region does not lie in the board's memory");
}

static bool bootdesc_source_ok(const struct bd_region *r)
{
    if (r->src_off == BD_NO_SOURCE) {
        return r->src_bytes == 0;
    }
    return bootdesc_page_aligned(r->src_off) && r->src_bytes <= r->bytes &&
           bootdesc_inside(r->src_off, r->src_bytes, 0, bootdesc->image_bytes);
}

/** What is wrong with where a region lies. */
static bool bootdesc_refuse_place(const struct bd_region *r)
{
    const struct bd_header *h = bootdesc;
    if ((r->flags & BD_REGION_INPLACE) != 0) {
        return bootdesc_refuse(!bootdesc_inside(r->base, r->bytes, h->kernel_base, h->image_bytes),
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

static bool bootdesc_refuse_region(uint32_t index)
{
    const struct bd_region *regions = bootdesc_region(0);
    const struct bd_region *r = &regions[index];
    /* Quadratic, once, at boot: sorted tables are compared with their neighbours alone. */
    return bootdesc_refuse(!bootdesc_range_ok(r->base, r->bytes, BOOTDESC_PHYSICAL_LIMIT),
                           "a region is empty, not page aligned or too high") ||
           bootdesc_refuse(!bootdesc_string_ok(r->name_off), "a region has no name") ||
           bootdesc_refuse(!bootdesc_source_ok(r),
                           "the contents of a region lie outside the image") ||
           bootdesc_refuse_place(r) ||
           bootdesc_refuse(
               BOOTDESC_ANY(i, index,
                            bootdesc_overlap(r->base, r->bytes, regions[i].base, regions[i].bytes)),
               "two regions overlap");
}

/** Of the mappings of one address space, the one of that index. */
static bool bootdesc_refuse_map(const struct bd_map *maps, uint32_t index)
{
    const struct bd_map *m = &maps[index];
    if (bootdesc_refuse(!bootdesc_range_ok(m->addr, m->bytes, BOOTDESC_ADDRESS_LIMIT),
                        "a mapping is empty, not page aligned or too high") ||
        bootdesc_refuse(m->region >= bootdesc->regions.count, "a mapping has no region")) {
        return true;
    }
    const struct bd_region *r = bootdesc_region(m->region);
    return bootdesc_refuse(!bootdesc_page_aligned(m->region_off) ||
                               !bootdesc_inside(m->region_off, m->bytes, 0, r->bytes),
                           "a mapping is larger than its region") ||
           bootdesc_refuse((m->flags & (BD_MAP_READ | BD_MAP_WRITE | BD_MAP_EXEC)) == 0,
                           "a mapping has no permissions") ||
           bootdesc_refuse((r->flags & BD_REGION_INPLACE) != 0 && (m->flags & BD_MAP_WRITE) != 0,
                           "a region in place is mapped writable") ||
           bootdesc_refuse(
               BOOTDESC_ANY(i, index,
                            bootdesc_overlap(m->addr, m->bytes, maps[i].addr, maps[i].bytes)),
               "two mappings of one address space overlap");
}

static bool bootdesc_refuse_maps(uint32_t first, uint32_t count)
{
    return BOOTDESC_ANY(i, count, bootdesc_refuse_map(bootdesc_map(first), i));
}

/** Is this region plain memory that the kernel can address? */
static bool bootdesc_is_ram(uint32_t region)
{
    return region < bootdesc->regions.count &&
           (bootdesc_region(region)->flags & (BD_REGION_DEVICE | BD_REGION_INPLACE)) == 0;
}

static bool bootdesc_refuse_segments(const struct bd_pd *pd)
{
    return bootdesc_refuse(
               !bootdesc_inside(pd->segments_first, pd->segments_count, 0, bootdesc->regions.count),
               "the writable segments of a PD lie outside their table") ||
           bootdesc_refuse(
               BOOTDESC_ANY(i, pd->segments_count, !bootdesc_is_ram(pd->segments_first + i)),
               "a writable segment of a PD is not memory");
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

/** The other side of a channel of PD `index` is there and names this one. */
static bool bootdesc_has_peer(uint32_t index, const struct bd_channel *c)
{
    const struct bd_pd *peer = bootdesc_pd(c->peer);
    const struct bd_channel *others = bootdesc_channel(peer->channels_first);
    return BOOTDESC_ANY(i, peer->channels_count,
                        others[i].id == c->peer_id && others[i].peer == index &&
                            others[i].peer_id == c->id);
}

static bool bootdesc_refuse_channel(uint32_t index, const struct bd_channel *c, uint64_t *ids)
{
    if (bootdesc_refuse(c->id >= BH_MAX_CHANNELS || c->peer_id >= BH_MAX_CHANNELS ||
                            c->peer >= bootdesc->pds.count || c->peer == index,
                        "a channel has a wrong number") ||
        bootdesc_refuse((c->flags & ~(BD_CHANNEL_NOTIFY | BD_CHANNEL_CALL)) != 0,
                        "a channel has a wrong right") ||
        bootdesc_refuse_id(ids, c->id, "a channel number is used twice") ||
        bootdesc_refuse(!bootdesc_has_peer(index, c), "a channel has no other end")) {
        return true;
    }
    const struct bd_pd *pd = bootdesc_pd(index);
    const struct bd_pd *peer = bootdesc_pd(c->peer);
    return (c->flags & BD_CHANNEL_CALL) != 0 &&
           (bootdesc_refuse(peer->priority <= pd->priority,
                            "a PD may call one that has no higher priority") ||
            bootdesc_refuse((peer->flags & BD_PD_PASSIVE) != 0 && peer->cpu != pd->cpu,
                            "a PD may call a passive one of another CPU"));
}

static bool bootdesc_refuse_irq(const struct bd_irq *irq, uint64_t *ids)
{
    return bootdesc_refuse_id(ids, irq->id, "an interrupt has a wrong channel number") ||
           bootdesc_refuse(irq->intid != IRQ_PPI_PHYS_TIMER &&
                               (irq->intid < IRQ_FIRST_SPI || irq->intid >= IRQ_COUNT),
                           "an interrupt cannot be given to a PD");
}

/** Of the register pages of one VM, the one of that index. */
static bool bootdesc_refuse_device(const struct bd_device *devices, uint32_t index, uint64_t *ids)
{
    const struct bd_device *d = &devices[index];
    return bootdesc_refuse(!bootdesc_is_ram(d->region) || !bootdesc_page_aligned(d->region_off) ||
                               d->region_off >= bootdesc_region(d->region)->bytes ||
                               d->intid < IRQ_FIRST_SPI || d->intid >= BH_VIRQ_COUNT ||
                               d->gpa != devices->gpa + index * BD_PAGE,
                           "a register page has a wrong place or interrupt") ||
           bootdesc_refuse_id(ids, d->id, "a register page has a wrong channel number");
}

/** The VM of a PD has that PD as its VMM, and what has a channel number has one of its own. */
static bool bootdesc_refuse_channels(uint32_t index)
{
    const struct bd_header *h = bootdesc;
    const struct bd_pd *pd = bootdesc_pd(index);
    uint64_t ids = 0;
    if (BOOTDESC_ANY(
            i, pd->channels_count,
            bootdesc_refuse_channel(index, bootdesc_channel(pd->channels_first + i), &ids)) ||
        BOOTDESC_ANY(i, pd->irqs_count,
                     bootdesc_refuse_irq(bootdesc_irq(pd->irqs_first + i), &ids)) ||
        (h->report_pd == index &&
         bootdesc_refuse_id(&ids, h->report_id, "the report ring has a wrong channel number"))) {
        return true;
    }
    if (pd->vm == BD_NONE) {
        return false;
    }
    if (bootdesc_refuse(pd->vm >= h->vms.count || bootdesc_vm(pd->vm)->pd != index,
                        "a PD has a wrong virtual machine")) {
        return true;
    }
    const struct bd_vm *vm = bootdesc_vm(pd->vm);
    return BOOTDESC_ANY(i, vm->devices_count,
                        bootdesc_refuse_device(bootdesc_device(vm->devices_first), i, &ids));
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
           bootdesc_refuse(!BOOTDESC_SLICE_OK(pd, maps) || !BOOTDESC_SLICE_OK(pd, channels) ||
                               !BOOTDESC_SLICE_OK(pd, irqs) || !BOOTDESC_SLICE_OK(pd, symbols),
                           "the tables of a PD lie outside those of the boot description") ||
           bootdesc_refuse(BOOTDESC_ANY(i, pd->symbols_count,
                                        !bootdesc_string_ok(bootdesc_symbols(pd)[i].name_off)),
                           "a symbol has no name") ||
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

static bool bootdesc_refuse_vm(uint32_t index)
{
    const struct bd_vm *vm = bootdesc_vm(index);
    if (bootdesc_refuse(!bootdesc_string_ok(vm->name_off) || vm->pd >= bootdesc->pds.count ||
                            bootdesc_pd(vm->pd)->vm != index,
                        "a virtual machine has no name or no VMM") ||
        bootdesc_refuse(
            !BOOTDESC_SLICE_OK(vm, maps) || !BOOTDESC_SLICE_OK(vm, vcpus) ||
                !BOOTDESC_SLICE_OK(vm, devices),
            "the tables of a virtual machine lie outside those of the boot description") ||
        bootdesc_refuse(vm->vcpus_count == 0 || vm->vcpus_count > BH_MAX_VCPUS,
                        "a virtual machine has no vCPU, or more than 8")) {
        return true;
    }
    const struct bd_vcpu *v = bootdesc_vcpu(vm->vcpus_first);
    return bootdesc_refuse(BOOTDESC_ANY(i, vm->vcpus_count,
                                        v[i].vm != index || v[i].id >= BH_MAX_CHILDREN ||
                                            v[i].cpu >= bootdesc->board.cpus ||
                                            v[i].priority > BH_MAX_PRIORITY ||
                                            v[i].budget_us == 0 || v[i].budget_us > v[i].period_us),
                           "a vCPU has a wrong number, CPU, priority, budget or period") ||
           bootdesc_refuse_maps(vm->maps_first, vm->maps_count);
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
        bootdesc_refuse_tables() || bootdesc_refuse_board() ||
        BOOTDESC_ANY(i, h->regions.count, bootdesc_refuse_region(i)) ||
        BOOTDESC_ANY(i, h->pds.count, bootdesc_refuse_pd(i)) ||
        BOOTDESC_ANY(i, h->vms.count, bootdesc_refuse_vm(i)) ||
        BOOTDESC_ANY(i, h->pds.count, bootdesc_refuse_channels(i)) || bootdesc_refuse_special();
    return wrong ? bootdesc_why : NULL;
}
