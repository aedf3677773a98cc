/* SPDX-License-Identifier: BSD-2-Clause */
#include "gic.h"

#include "sys.h"

/** Register groups of one bit an interrupt: offset / 0x80. */
enum gic_group {
    GIC_IGROUPR = 1,
    GIC_ISENABLER = 2,
    GIC_ICENABLER = 3,
    GIC_ISPENDR = 4,
    GIC_ICPENDR = 5,
    GIC_ISACTIVER = 6,
    GIC_ICACTIVER = 7,
};

#define GIC_IPRIORITYR 0x400u
#define GIC_ITARGETSR 0x800u
#define GIC_ICFGR 0xc00u
#define GIC_ICFGR_END 0xd00u

#define GIC_ENABLE_GROUP0 1u
#define GIC_ENABLE_GROUP1 2u

/** SGIs are edge-triggered and always enabled on GICv2. */
#define GIC_SGIS 0xffffu

static struct gic_bank *gic_bank(struct gic *gic, uint32_t vcpu, uint32_t bank)
{
    return bank == 0 ? &gic->own[vcpu] : &gic->shared[bank - 1];
}

/** Tell the kernel which interrupts of a bank may reach the guest at all. */
static void gic_apply(struct gic *gic, uint32_t vcpu, uint32_t number)
{
    const struct gic_bank *bank = gic_bank(gic, vcpu, number);
    uint32_t groups = ((gic->ctlr & GIC_ENABLE_GROUP0) != 0 ? ~bank->group : 0) |
                      ((gic->ctlr & GIC_ENABLE_GROUP1) != 0 ? bank->group : 0);

    (void)sys_virq_set(gic->ids[vcpu], BH_VIRQ_ENABLED, number * 32, ~0u,
                       bank->enabled & bank->routed & groups);
}

static void gic_apply_all(struct gic *gic)
{
    for (uint32_t vcpu = 0; vcpu < gic->vcpus; vcpu++) {
        gic_apply(gic, vcpu, 0);
    }
    for (uint32_t number = 1; number < GIC_BANKS; number++) {
        gic_apply(gic, 0, number);
    }
}

static void gic_set_bits(struct gic *gic, uint32_t vcpu, enum bh_virq_field field, uint32_t number,
                         uint32_t mask, uint32_t value)
{
    (void)sys_virq_set(gic->ids[vcpu], field, number * 32, mask, value);
}

static void gic_reset_bank(struct gic *gic, uint32_t vcpu, uint32_t number)
{
    struct gic_bank *bank = gic_bank(gic, vcpu, number);

    bank->enabled = number == 0 ? GIC_SGIS : 0;
    bank->group = 0;
    bank->routed = ~0u;
    gic_apply(gic, vcpu, number);
    gic_set_bits(gic, vcpu, BH_VIRQ_PENDING, number, ~0u, 0);
    gic_set_bits(gic, vcpu, BH_VIRQ_ACTIVE, number, ~0u, 0);
    gic_set_bits(gic, vcpu, BH_VIRQ_EDGE, number, ~0u, gic->edges[number]);
    gic_set_bits(gic, vcpu, BH_VIRQ_GROUP, number, ~0u, 0);
    for (uint32_t n = 0; n < 32; n += 4) {
        (void)sys_virq_set(gic->ids[vcpu], BH_VIRQ_PRIORITY, number * 32 + n, ~0u, 0);
    }
}

void gic_reset_vcpu(struct gic *gic, uint32_t vcpu)
{
    gic->sleeping |= 1u << vcpu;
    gic_reset_bank(gic, vcpu, 0);
}

void gic_reset(struct gic *gic)
{
    gic->ctlr = 0;
    for (uint32_t vcpu = 0; vcpu < gic->vcpus; vcpu++) {
        gic_reset_vcpu(gic, vcpu);
    }
    for (uint32_t number = 1; number < GIC_BANKS; number++) {
        gic_reset_bank(gic, 0, number);
    }
    for (uint32_t intid = 32; intid < BH_VIRQ_COUNT; intid++) {
        gic->targets[intid] = 1;
        gic->router[intid] = 0;
        (void)sys_virq_set(gic->ids[0], BH_VIRQ_TARGET, intid, ~0u, gic->ids[0]);
    }
}

void gic_init(struct gic *gic, uint32_t version, uint32_t vcpus, const uint8_t *ids)
{
    *gic = (struct gic){ .version = version, .vcpus = vcpus, .edges = { GIC_SGIS } };
    for (uint32_t i = 0; i < vcpus; i++) {
        gic->ids[i] = ids[i];
    }
    gic_reset(gic);
}

void gic_make_edge(struct gic *gic, uint32_t intid)
{
    uint32_t bit = 1u << intid % 32;

    gic->edges[intid / 32] |= bit;
    gic_set_bits(gic, 0, BH_VIRQ_EDGE, intid / 32, bit, bit);
}

void gic_enable(struct gic *gic, uint32_t ctlr)
{
    uint32_t bits = ctlr & (GIC_ENABLE_GROUP0 | GIC_ENABLE_GROUP1);

    if (bits != gic->ctlr) {
        gic->ctlr = bits;
        gic_apply_all(gic);
    }
}

uint32_t gic_bank_of(uint32_t offset)
{
    if (offset < GIC_IPRIORITYR) {
        return (offset & 0x7f) / 4;
    }
    if (offset < GIC_ICFGR) {
        return (offset & 0x3ff) / 32;
    }
    return (offset & 0xff) / 8;
}

static uint32_t gic_get_bits(struct gic *gic, uint32_t vcpu, enum bh_virq_field field,
                             uint32_t number)
{
    uint32_t value = 0;

    (void)sys_virq_get(gic->ids[vcpu], field, number * 32, &value);
    return value;
}

static uint32_t gic_read_bits(struct gic *gic, uint32_t vcpu, enum gic_group group, uint32_t number)
{
    const struct gic_bank *bank = gic_bank(gic, vcpu, number);

    switch (group) {
    case GIC_IGROUPR:
        return bank->group;
    case GIC_ISENABLER:
    case GIC_ICENABLER:
        return bank->enabled;
    case GIC_ISPENDR:
    case GIC_ICPENDR:
        return gic_get_bits(gic, vcpu, BH_VIRQ_PENDING, number);
    default:
        return gic_get_bits(gic, vcpu, BH_VIRQ_ACTIVE, number);
    }
}

static void gic_write_bits(struct gic *gic, uint32_t vcpu, enum gic_group group, uint32_t number,
                           uint32_t value)
{
    struct gic_bank *bank = gic_bank(gic, vcpu, number);

    switch (group) {
    case GIC_IGROUPR:
        /* A GICv2 guest has the Non-secure view, in which groups cannot be seen. */
        if (gic->version == 3) {
            bank->group = value;
            gic_set_bits(gic, vcpu, BH_VIRQ_GROUP, number, ~0u, value);
            gic_apply(gic, vcpu, number);
        }
        break;
    case GIC_ISENABLER:
        bank->enabled |= value;
        gic_apply(gic, vcpu, number);
        break;
    case GIC_ICENABLER:
        bank->enabled &= ~value;
        if (gic->version == 2 && number == 0) {
            bank->enabled |= GIC_SGIS;
        }
        gic_apply(gic, vcpu, number);
        break;
    case GIC_ISPENDR:
        gic_set_bits(gic, vcpu, BH_VIRQ_PENDING, number, value, value);
        break;
    case GIC_ICPENDR:
        gic_set_bits(gic, vcpu, BH_VIRQ_PENDING, number, value, 0);
        break;
    case GIC_ISACTIVER:
        gic_set_bits(gic, vcpu, BH_VIRQ_ACTIVE, number, value, value);
        break;
    case GIC_ICACTIVER:
        gic_set_bits(gic, vcpu, BH_VIRQ_ACTIVE, number, value, 0);
        break;
    }
}

static uint32_t gic_read_target(const struct gic *gic, uint32_t vcpu, uint32_t intid)
{
    if (intid < 32) {
        return (1u << vcpu) * 0x01010101u;
    }
    return (uint32_t)gic->targets[intid] | (uint32_t)gic->targets[intid + 1] << 8 |
           (uint32_t)gic->targets[intid + 2] << 16 | (uint32_t)gic->targets[intid + 3] << 24;
}

static uint32_t gic_read_config(struct gic *gic, uint32_t vcpu, uint32_t intid)
{
    uint32_t edge = gic_get_bits(gic, vcpu, BH_VIRQ_EDGE, intid / 32) >> (intid % 32);
    uint32_t value = 0;

    for (uint32_t n = 0; n < 16; n++) {
        value |= (edge >> n & 1) << (2 * n + 1);
    }
    return value;
}

static void gic_write_config(struct gic *gic, uint32_t vcpu, uint32_t intid, uint32_t value)
{
    uint32_t edge = 0;

    if (intid < 32) {
        /* SGIs are edge-triggered; those of the PPIs that exist have their line's sense. */
        return;
    }
    for (uint32_t n = 0; n < 16; n++) {
        edge |= (value >> (2 * n + 1) & 1) << n;
    }
    gic_set_bits(gic, vcpu, BH_VIRQ_EDGE, intid / 32, 0xffffu << (intid % 32),
                 edge << (intid % 32));
}

static uint32_t gic_read_priority(struct gic *gic, uint32_t vcpu, uint32_t intid)
{
    uint32_t value = 0;

    (void)sys_virq_get(gic->ids[vcpu], BH_VIRQ_PRIORITY, intid, &value);
    return value;
}

uint32_t gic_read(struct gic *gic, uint32_t vcpu, uint32_t offset)
{
    uint32_t number = gic_bank_of(offset);

    if (offset < 0x80 || offset >= GIC_ICFGR_END || number >= GIC_BANKS) {
        gic->ignored++;
        return 0;
    }
    if (offset < GIC_IPRIORITYR) {
        return gic_read_bits(gic, vcpu, (enum gic_group)(offset / 0x80), number);
    }
    if (offset < GIC_ITARGETSR) {
        return gic_read_priority(gic, vcpu, offset - GIC_IPRIORITYR);
    }
    if (offset < GIC_ICFGR) {
        return gic->version == 2 ? gic_read_target(gic, vcpu, offset - GIC_ITARGETSR) : 0;
    }
    return gic_read_config(gic, vcpu, (offset - GIC_ICFGR) * 4);
}

void gic_route(struct gic *gic, uint32_t intid, uint32_t vcpu)
{
    struct gic_bank *bank = &gic->shared[intid / 32 - 1];
    uint32_t bit = 1u << intid % 32;

    if (vcpu < gic->vcpus) {
        (void)sys_virq_set(gic->ids[0], BH_VIRQ_TARGET, intid, ~0u, gic->ids[vcpu]);
        bank->routed |= bit;
    } else {
        bank->routed &= ~bit;
    }
    gic_apply(gic, 0, intid / 32);
}

static void gic_write_targets(struct gic *gic, uint32_t intid, uint32_t lanes, uint32_t value)
{
    uint32_t existing = (1u << gic->vcpus) - 1;

    for (uint32_t n = 0; n < 4; n++) {
        if ((lanes >> (8 * n) & 0xff) != 0 && intid + n >= 32) {
            uint8_t targets = (uint8_t)(value >> (8 * n) & existing);

            gic->targets[intid + n] = targets;
            gic_route(gic, intid + n, targets == 0 ? gic->vcpus : (uint32_t)__builtin_ctz(targets));
        }
    }
}

void gic_write(struct gic *gic, uint32_t vcpu, uint32_t offset, uint32_t lanes, uint32_t value)
{
    uint32_t number = gic_bank_of(offset);
    bool bytes = offset >= GIC_IPRIORITYR && offset < GIC_ICFGR;

    if (offset < 0x80 || offset >= GIC_ICFGR_END || number >= GIC_BANKS ||
        (!bytes && lanes != ~0u)) {
        gic->ignored++;
    } else if (offset < GIC_IPRIORITYR) {
        gic_write_bits(gic, vcpu, (enum gic_group)(offset / 0x80), number, value);
    } else if (offset < GIC_ITARGETSR) {
        uint32_t intid = offset - GIC_IPRIORITYR;
        uint32_t old = lanes == ~0u ? 0 : gic_read_priority(gic, vcpu, intid);

        (void)sys_virq_set(gic->ids[vcpu], BH_VIRQ_PRIORITY, intid, ~0u,
                           (old & ~lanes) | (value & lanes));
    } else if (offset >= GIC_ICFGR) {
        gic_write_config(gic, vcpu, (offset - GIC_ICFGR) * 4, value);
    } else if (gic->version == 2) {
        gic_write_targets(gic, offset - GIC_ITARGETSR, lanes, value);
    }
}

bool gic_raise(struct gic *gic, uint32_t vcpu, uint32_t intid)
{
    return vcpu < gic->vcpus && intid < BH_VIRQ_COUNT &&
           sys_virq_raise(gic->ids[vcpu], intid) == BH_OK;
}
