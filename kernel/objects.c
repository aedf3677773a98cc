/* SPDX-License-Identifier: BSD-2-Clause */
#include "objects.h"

#include "bootdesc.h"
#include "heap.h"
#include "irq.h"
#include "pgtable.h"
#include "poke.h"
#include "report.h"
#include "sched.h"
#include "trace.h"
#include "vcpu.h"

static struct thread *objects_pds[BH_MAX_PDS];

/** Copies a region's contents from the image and clears what is behind them. */
static void objects_fill_region(const struct bd_region *r, const char *image)
{
    if ((r->flags & (BD_REGION_DEVICE | BD_REGION_INPLACE)) != 0) {
        return;
    }
    char *base = arch_phys(r->base);
    uint64_t copied = 0;
    if (r->src_off != BD_NO_SOURCE) {
        /* Sources are padded with zeros to a page. */
        copied = (r->src_bytes + 7) / 8 * 8;
        arch_copy(base, image + r->src_off, copied);
    }
    arch_clear(base + copied, r->bytes - copied);
}

static uint64_t objects_attributes(const struct bd_map *m, const struct bd_region *r)
{
    uint64_t type = (r->flags & BD_REGION_DEVICE) != 0  ? PGTABLE_S2_DEVICE
                    : (m->flags & BD_MAP_UNCACHED) != 0 ? PGTABLE_S2_UNCACHED
                                                        : PGTABLE_S2_NORMAL;
    return type | ((m->flags & BD_MAP_READ) != 0 ? PGTABLE_S2_READ : 0) |
           ((m->flags & BD_MAP_WRITE) != 0 ? PGTABLE_S2_WRITE : 0) |
           ((m->flags & BD_MAP_EXEC) != 0 ? 0 : PGTABLE_S2_NOEXEC);
}

/** Makes an address space; NULL when the heap is exhausted. */
static uint64_t *objects_space(uint32_t maps_first, uint32_t maps_count)
{
    uint64_t *root = pgtable_new();
    for (uint32_t i = 0; root != NULL && i < maps_count; i++) {
        const struct bd_map *m = bootdesc_map(maps_first + i);
        const struct bd_region *r = bootdesc_region(m->region);
        struct pgtable_va va = { m->addr };
        struct pgtable_pa pa = { r->base + m->region_off };
        if (!pgtable_map(root, va, pa, m->bytes, objects_attributes(m, r))) {
            return NULL;
        }
        void *memory = arch_phys(pa.pa);
        if ((r->flags & BD_REGION_DEVICE) == 0 && (m->flags & BD_MAP_UNCACHED) != 0) {
            arch_flush_data(memory, m->bytes);
        }
        if ((m->flags & BD_MAP_EXEC) != 0 && (r->flags & BD_REGION_DEVICE) == 0) {
            arch_sync_code(memory, m->bytes);
        }
    }
    return root;
}

static void objects_copy_name(struct thread *t, const char *name)
{
    for (uint32_t i = 0; i < BH_NAME_BYTES - 1 && name[i] != '\0'; i++) {
        t->name[i] = name[i];
    }
}

static struct thread *objects_pd(uint32_t index, const char *image)
{
    const struct bd_pd *pd = bootdesc_pd(index);
    struct thread *t = heap_alloc(sizeof(*t), 64);
    uint64_t *root = objects_space(pd->maps_first, pd->maps_count);
    if (t == NULL || root == NULL) {
        return NULL;
    }
    const struct bd_region *stack = bootdesc_region(pd->stack_region);
    t->id = (uint16_t)index;
    t->cpu = pd->cpu;
    t->priority = pd->priority;
    t->pd = pd;
    t->flags = (uint8_t)(((pd->flags & BD_PD_FPU) != 0 ? THREAD_FPU : 0) |
                         ((pd->flags & BD_PD_SMC) != 0 ? THREAD_SMC : 0) |
                         ((pd->flags & BD_PD_PASSIVE) != 0 ? THREAD_PASSIVE : 0));
    t->msg = arch_phys(bootdesc_region(pd->msg_region)->base);
    t->stack = arch_phys(stack->base);
    t->stack_base = pd->stack_top - stack->bytes;
    t->restore.image = image;
    t->restore.segments = pd->segments_count > 0 ? bootdesc_region(pd->segments_first) : NULL;
    t->restore.count = pd->segments_count;
    objects_copy_name(t, bootdesc_string(pd->name_off));
    sched_init_thread(t, pd->budget_us, pd->period_us);
    /* VMID 0 stays unused: it is what VTTBR_EL2 holds before the first thread runs. */
    arch_init_context(t, root, index + 1);
    arch_reset_context(cpu_get(t->cpu), t, pd->entry, pd->stack_top);
    poke_register(t);
    return t;
}

/** Makes `child` a child of `parent` by that number; false: the number is taken. */
static bool objects_adopt(struct thread *parent, struct thread *child, uint8_t id)
{
    if (parent->children[id] != NULL) {
        return false;
    }
    parent->children[id] = child;
    child->parent = parent;
    child->child_id = id;
    return true;
}

static bool objects_vcpu(struct vm *vm, const struct bd_vm *desc, uint32_t index,
                         const uint64_t *root)
{
    const struct bd_vcpu *d = bootdesc_vcpu(desc->vcpus_first + index);
    struct vcpu *v = heap_alloc(sizeof(*v), 64);
    if (v == NULL) {
        return false;
    }
    struct thread *t = &v->thread;
    v->vm = vm;
    v->index = index;
    vm->vcpus[index] = v;
    t->id = (uint16_t)(BH_MAX_PDS + desc->vcpus_first + index);
    t->cpu = d->cpu;
    t->priority = d->priority;
    uint8_t *highest = &cpu_get(t->cpu)->guest_priority;
    *highest = t->priority > *highest ? t->priority : *highest;
    t->flags = THREAD_VCPU | THREAD_FPU;
    objects_copy_name(t, bootdesc_string(desc->name_off));
    sched_init_thread(t, d->budget_us, d->period_us);
    arch_vcpu_init(v, root);
    vgic_reset_vcpu(v);
    poke_register(t);
    return objects_adopt(vm->vmm, t, d->id);
}

/** Makes a VM and its vCPUs, which stay stopped until the VMM starts them. */
static bool objects_vm(uint32_t index)
{
    const struct bd_vm *desc = bootdesc_vm(index);
    struct vm *vm = heap_alloc(sizeof(*vm), 64);
    uint64_t *root = objects_space(desc->maps_first, desc->maps_count);
    if (vm == NULL || root == NULL) {
        return false;
    }
    vm->vmm = objects_pds[desc->pd];
    vm->vmid = BH_MAX_PDS + 1 + index;
    vm->gicd = desc->gicd;
    vm->vcpus_count = desc->vcpus_count;
    vm->devices = bootdesc_device(desc->devices_first);
    vm->devices_count = desc->devices_count;
    vm->vmm->vm = vm;
    for (uint32_t i = 0; i < vm->devices_count; i++) {
        struct channel *c = &vm->vmm->channels[vm->devices[i].id];
        c->flags = CHANNEL_DEVICE;
        c->intid = vm->devices[i].intid;
        c->peer_id = (uint8_t)i;
    }
    for (uint32_t i = 0; i < desc->vcpus_count; i++) {
        if (!objects_vcpu(vm, desc, i, root)) {
            return false;
        }
    }
    return true;
}

static const char *objects_connect(struct thread *t)
{
    const struct bd_pd *pd = t->pd;
    for (uint32_t i = 0; i < pd->channels_count; i++) {
        const struct bd_channel *c = bootdesc_channel(pd->channels_first + i);
        t->channels[c->id].peer = objects_pds[c->peer];
        t->channels[c->id].peer_id = c->peer_id;
        t->channels[c->id].flags = (uint8_t)c->flags;
    }
    for (uint32_t i = 0; i < pd->irqs_count; i++) {
        const struct bd_irq *irq = bootdesc_irq(pd->irqs_first + i);
        if (!irq_bind(irq->intid, t, irq->id)) {
            return "an interrupt is given to two PDs";
        }
        if (irq->intid == IRQ_PPI_PHYS_TIMER) {
            t->flags |= THREAD_TIMER;
            arch_allow_timer(t);
        } else {
            arch_irq_trigger(irq->intid, (irq->flags & BD_IRQ_EDGE) != 0);
        }
    }
    if (pd->parent != BD_NONE && !objects_adopt(objects_pds[pd->parent], t, pd->child_id)) {
        return "two children have one number";
    }
    return NULL;
}

const char *objects_build(const char *image, const uint32_t seed[SEED_WORDS])
{
    const struct bd_header *h = bootdesc_header();
    for (uint32_t i = 0; i < h->regions.count; i++) {
        objects_fill_region(bootdesc_region(i), image);
    }
    if (h->trace_region != BD_NONE) {
        const struct bd_region *r = bootdesc_region(h->trace_region);
        trace_init(arch_phys(r->base), r->bytes, h->board.cpus);
    }
    for (uint32_t i = 0; i < h->pds.count; i++) {
        objects_pds[i] = objects_pd(i, image);
        if (objects_pds[i] == NULL) {
            return "the image gives the kernel too little memory";
        }
        if (seed[0] != 0) {
            seed_derive(seed, i, (uint32_t *)objects_pds[i]->msg->msg);
        }
    }
    for (uint32_t i = 0; i < h->vms.count; i++) {
        if (!objects_vm(i)) {
            return "the image gives the kernel too little memory, or two vCPUs have one number";
        }
    }
    const char *wrong = NULL;
    for (uint32_t i = 0; i < h->pds.count && wrong == NULL; i++) {
        wrong = objects_connect(objects_pds[i]);
    }
    struct thread *reader = h->report_pd != BD_NONE ? objects_pds[h->report_pd] : NULL;
    report_init(arch_phys(bootdesc_region(h->report_region)->base), reader, h->report_id);
    return wrong;
}

struct thread *objects_pd_thread(uint32_t index)
{
    return objects_pds[index];
}

void objects_start(struct cpu *cpu)
{
    uint32_t count = bootdesc_header()->pds.count;
    for (uint32_t i = 0; i < count; i++) {
        struct thread *t = objects_pds[i];
        if (t->cpu != cpu->index) {
            continue;
        }
        for (uint32_t j = 0; j < t->pd->irqs_count; j++) {
            const struct bd_irq *irq = bootdesc_irq(t->pd->irqs_first + j);
            arch_irq_enable(irq->intid, t->cpu);
        }
        sched_make_ready(cpu, t);
    }
}
