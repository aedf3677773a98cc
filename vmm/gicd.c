/* SPDX-License-Identifier: BSD-2-Clause */
#include "gicd.h"

#include "sys.h"

/* Register map: IHI 0048, table 4-1; IHI 0069, 12.8. */
#define GICD_CTLR 0x000u
#define GICD_TYPER 0x004u
#define GICD_IIDR 0x008u
#define GICD_COMMON 0x080u
#define GICD_COMMON_END 0xd00u
#define GICD_CPENDSGIR 0xf10u
#define GICD_SPENDSGIR 0xf20u
#define GICD_SPENDSGIR_END 0xf30u
#define GICD_PIDR2_V2 0xfe8u
#define GICD_IROUTER 0x6000u
#define GICD_PIDR2_V3 0xffe8u

/** Affinity routing and one security state, for good. */
#define GICD_CTLR_ARE_DS ((1u << 4) | (1u << 6))
#define GICD_TYPER_LINES (GIC_BANKS - 1)
/** 10 bits of INTIDs; no interrupt goes to one of many CPUs. */
#define GICD_TYPER_V3 ((9u << 19) | (1u << 25))
/** Arm's, and a product of our own. */
#define GICD_IIDR_VALUE (0x42u << 24 | 0x43bu)

static uint32_t gicd_read_sgi(struct gic *gic, uint32_t vcpu, uint32_t first)
{
    uint32_t pending = 0;
    uint32_t value = 0;

    (void)sys_virq_get(gic->ids[vcpu], BH_VIRQ_PENDING, 0, &pending);
    /* The kernel does not keep who sent an SGI: it is shown as the vCPU's own. */
    for (uint32_t n = 0; n < 4; n++) {
        value |= (pending >> (first + n) & 1) << (8 * n + vcpu);
    }
    return value;
}

static void gicd_write_sgi(struct gic *gic, uint32_t vcpu, uint32_t first, uint32_t value, bool set)
{
    uint32_t bits = 0;

    for (uint32_t n = 0; n < 4; n++) {
        bits |= (value >> (8 * n) & 0xff) != 0 ? 1u << (first + n) : 0;
    }
    (void)sys_virq_set(gic->ids[vcpu], BH_VIRQ_PENDING, 0, bits, set ? bits : 0);
}

static bool gicd_is_router(const struct gic *gic, uint32_t offset)
{
    return gic->version == 3 && offset >= GICD_IROUTER + 8 * 32 &&
           offset < GICD_IROUTER + 8 * BH_VIRQ_COUNT;
}

/** The common registers, without the private interrupts where a redistributor has those. */
static bool gicd_is_common(const struct gic *gic, uint32_t offset)
{
    return offset >= GICD_COMMON && offset < GICD_COMMON_END &&
           (gic->version == 2 || gic_bank_of(offset) != 0);
}

static uint32_t gicd_read(struct gic *gic, uint32_t vcpu, uint32_t offset)
{
    if (gicd_is_common(gic, offset)) {
        return gic_read(gic, vcpu, offset);
    }
    if (gicd_is_router(gic, offset)) {
        uint64_t router = gic->router[(offset - GICD_IROUTER) / 8];

        return (uint32_t)(router >> (offset % 8 * 8));
    }
    if (gic->version == 2 && offset >= GICD_CPENDSGIR && offset < GICD_SPENDSGIR_END) {
        return gicd_read_sgi(gic, vcpu, offset % 16);
    }
    switch (offset) {
    case GICD_CTLR:
        return gic->ctlr | (gic->version == 3 ? GICD_CTLR_ARE_DS : 0);
    case GICD_TYPER:
        return GICD_TYPER_LINES | (gic->vcpus - 1) << 5 | (gic->version == 3 ? GICD_TYPER_V3 : 0);
    case GICD_IIDR:
        return GICD_IIDR_VALUE;
    case GICD_PIDR2_V2:
        return gic->version == 2 ? 0x20 : 0;
    case GICD_PIDR2_V3:
        return gic->version == 3 ? 0x30 : 0;
    default:
        gic->ignored++;
        return 0;
    }
}

static void gicd_write_router(struct gic *gic, uint32_t intid, uint32_t shift, uint32_t value)
{
    uint64_t router = gic->router[intid];

    router = (router & ~(0xffffffffUL << shift)) | (uint64_t)value << shift;
    /* Aff3, one of many CPUs, Aff2 to Aff0. */
    gic->router[intid] = router & 0xff80ffffffUL;
    /* Affinities are indices; "any CPU" is the first. */
    if ((router & 1UL << 31) != 0) {
        gic_route(gic, intid, 0);
    } else {
        uint64_t affinity = router & 0xff00ffffffUL;

        gic_route(gic, intid, affinity < gic->vcpus ? (uint32_t)affinity : gic->vcpus);
    }
}

static void gicd_write(struct gic *gic, uint32_t vcpu, uint32_t offset, uint32_t lanes,
                       uint32_t value)
{
    if (gicd_is_common(gic, offset)) {
        gic_write(gic, vcpu, offset, lanes, value);
    } else if (gicd_is_router(gic, offset) && lanes == ~0u) {
        gicd_write_router(gic, (offset - GICD_IROUTER) / 8, offset % 8 * 8, value);
    } else if (offset == GICD_CTLR && lanes == ~0u) {
        gic_enable(gic, value);
    } else if (gic->version == 2 && offset >= GICD_CPENDSGIR && offset < GICD_SPENDSGIR_END) {
        gicd_write_sgi(gic, vcpu, offset % 16, value & lanes, offset >= GICD_SPENDSGIR);
    } else {
        gic->ignored++;
    }
}

/** An access of 64 bits, which the routing registers alone have. */
static void gicd_access_double(struct gic *gic, struct access *access)
{
    uint32_t offset = (uint32_t)access->offset;

    if (!gicd_is_router(gic, offset)) {
        gic->ignored++;
        access->value = 0;
    } else if (access->store) {
        gicd_write(gic, access->vcpu, offset, ~0u, (uint32_t)access->value);
        gicd_write(gic, access->vcpu, offset + 4, ~0u, (uint32_t)(access->value >> 32));
    } else {
        access->value = gicd_read(gic, access->vcpu, offset) |
                        (uint64_t)gicd_read(gic, access->vcpu, offset + 4) << 32;
    }
}

enum access_result gicd_access(void *cookie, struct access *access)
{
    struct gic *gic = cookie;
    uint32_t word = (uint32_t)access->offset & ~3u;
    uint32_t shift = (uint32_t)(access->offset & 3) * 8;

    if ((access->offset & (access->bytes - 1)) != 0) {
        gic->ignored++;
        access->value = 0;
    } else if (access->bytes == 8) {
        gicd_access_double(gic, access);
    } else if (access->store) {
        uint32_t lanes = (access->bytes == 4 ? ~0u : (1u << access->bytes * 8) - 1) << shift;

        gicd_write(gic, access->vcpu, word, lanes, (uint32_t)access->value << shift);
    } else {
        access->value = gicd_read(gic, access->vcpu, word) >> shift;
    }
    return ACCESS_DONE;
}
