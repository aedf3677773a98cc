/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest's accesses to its interrupt controller, of any place, width and value, under both
 * versions. The kernel is never asked for what it would refuse; a store changes its register as
 * the architecture says, and what means nothing changes nothing; in the end the kernel lets through
 * just those interrupts that the guest's own view of the registers enables, and to whom it says.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "gicd.h"
#include "gicr.h"
#include "vmm_fake.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

#define VCPUS 4u
#define SGI_FRAME 0x10000u
#define CTLR 0x000u
#define IGROUPR 0x080u
#define ISENABLER 0x100u
#define IPRIORITYR 0x400u
#define ITARGETSR 0x800u
#define ICFGR 0xc00u
#define IROUTER 0x6000u

struct step {
    uint8_t redistributor;
    uint8_t vcpu;
    uint8_t width; /* power of two */
    uint8_t store;
    uint32_t offset;
    uint64_t value;
};

static struct gic gic;

static void require(bool holds)
{
    if (!holds) {
        abort();
    }
}

static uint64_t load(bool redistributor, uint32_t vcpu, uint64_t offset, uint32_t bytes)
{
    struct access access = { .vcpu = vcpu, .bytes = bytes, .offset = offset };

    require((redistributor ? gicr_access : gicd_access)(&gic, &access) == ACCESS_DONE);
    /* Bits beyond the width are nobody's. */
    return bytes == 8 ? access.value : access.value & ((1UL << 8 * bytes) - 1);
}

/** A word of the registers of interrupts, as the vCPU sees it. */
static uint32_t word(uint32_t vcpu, uint32_t offset, bool own)
{
    bool redistributor = own && gic.version == 3;
    uint64_t frame = redistributor ? (uint64_t)vcpu * GIC_REDISTRIBUTOR_BYTES + SGI_FRAME : 0;

    return (uint32_t)load(redistributor, vcpu, frame + offset, 4);
}

/** Interrupts of a bank that the guest enables, in groups that it enables. */
static uint32_t wanted(uint32_t vcpu, uint32_t bank)
{
    uint32_t group = gic.version == 3 ? word(vcpu, IGROUPR + 4 * bank, bank == 0) : 0;
    uint32_t ctlr = (uint32_t)load(false, vcpu, CTLR, 4);
    uint32_t groups = ((ctlr & 1) != 0 ? ~group : 0) | ((ctlr & 2) != 0 ? group : 0);

    return word(vcpu, ISENABLER + 4 * bank, bank == 0) & groups;
}

/** The vCPU that a shared interrupt goes to; VCPUS: none. */
static uint32_t target(uint32_t intid)
{
    if (gic.version == 2) {
        uint32_t targets = (uint32_t)load(false, 0, ITARGETSR + intid, 1);

        return targets == 0 ? VCPUS : (uint32_t)__builtin_ctz(targets);
    }
    uint64_t router = load(false, 0, IROUTER + (uint64_t)8 * intid, 8);
    uint64_t affinity = (router & 1UL << 31) != 0 ? 0 : router & 0xff00ffffff;
    return affinity < VCPUS ? (uint32_t)affinity : VCPUS;
}

static void check_view(void)
{
    for (uint32_t vcpu = 0; vcpu < VCPUS; vcpu++) {
        require(vmm_fake.own[BH_VIRQ_ENABLED][vcpu] == wanted(vcpu, 0));
    }
    for (uint32_t intid = 32; intid < BH_VIRQ_COUNT; intid++) {
        bool want = (wanted(0, intid / 32) >> intid % 32 & 1) != 0;
        bool has = (vmm_fake.shared[BH_VIRQ_ENABLED][intid / 32] >> intid % 32 & 1) != 0;
        uint32_t to = target(intid);

        require(has == (want && to < VCPUS));
        require(to == VCPUS || vmm_fake.target[intid] == to);
    }
}

/** What a register of interrupts is after a store, by its offset in the distributor. */
static uint32_t after(uint32_t offset, uint32_t bank, uint32_t before, uint32_t value)
{
    switch (offset / 0x80) {
    case 1:
        return gic.version == 3 ? value : 0;
    case 2:
    case 4:
    case 6:
        return before | value;
    case 3:
        return (before & ~value) | (gic.version == 2 && bank == 0 ? 0xffff : 0);
    case 5:
    case 7:
        return before & ~value;
    default:
        break;
    }
    if (offset < 0x800) {
        return value;
    }
    if (offset < 0xc00) {
        uint32_t existing = ((1u << VCPUS) - 1) * 0x01010101u;

        return gic.version == 3 ? 0 : bank == 0 ? before : value & existing;
    }
    return bank == 0 ? before : value & 0xaaaaaaaa;
}

static uint32_t bank_of(uint32_t offset)
{
    return offset < 0x400   ? offset % 0x80 / 4
           : offset < 0xc00 ? offset % 0x400 / 32
                            : offset % 0x100 / 8;
}

/** Whether an aligned word belongs to the registers of interrupts, and is there in this frame. */
static bool is_interrupts(const struct step *step, uint32_t offset)
{
    uint32_t bank = bank_of(offset);

    if (offset < 0x80 || offset >= 0xd00 || bank >= BH_VIRQ_COUNT / 32) {
        return false;
    }
    return gic.version == 2 || (step->redistributor != 0) == (bank == 0);
}

static void run(const struct step *step)
{
    static struct gic gic_before;
    static struct vmm_fake fake_before;
    uint32_t frame = step->redistributor != 0 ? GIC_REDISTRIBUTOR_BYTES : 0;
    uint32_t owner = frame != 0 ? step->offset / frame : step->vcpu;
    uint32_t offset = frame != 0 ? step->offset % frame : step->offset;
    struct access access = { .vcpu = step->vcpu,
                             .bytes = 1u << step->width,
                             .store = step->store != 0,
                             .offset = step->offset,
                             .value = step->value };
    uint32_t before = 0;
    bool registers = frame == 0 || offset >= SGI_FRAME;

    offset = frame != 0 ? offset % SGI_FRAME : offset;
    registers = registers && owner < VCPUS && is_interrupts(step, offset & ~3u);
    if (registers) {
        before = word(owner, offset & ~3u, bank_of(offset & ~3u) == 0);
    }
    gic_before = gic;
    fake_before = vmm_fake;
    enum access_result result = (frame != 0 ? gicr_access : gicd_access)(&gic, &access);
    require((result == ACCESS_ABORT) == (frame != 0 && owner >= VCPUS));
    bool ignored = gic.ignored != gic_before.ignored;
    if (ignored || !access.store || result == ACCESS_ABORT) {
        gic.ignored = gic_before.ignored;
        require(memcmp(&gic, &gic_before, sizeof(gic)) == 0);
        require(memcmp(&vmm_fake, &fake_before, sizeof(vmm_fake)) == 0);
    }
    if (registers && access.store && offset % access.bytes == 0) {
        bool whole = access.bytes == 4;
        bool by_bytes = offset >= 0x400 && offset < 0xc00 && access.bytes < 4;
        uint32_t shift = offset % 4 * 8;
        uint32_t lanes = whole ? ~0u : by_bytes ? ((1u << 8 * access.bytes) - 1) << shift : 0;
        uint32_t value = (before & ~lanes) | ((uint32_t)step->value << shift & lanes);
        uint32_t word_offset = offset & ~3u;
        uint32_t bank = bank_of(word_offset);

        require(word(owner, word_offset, bank == 0) ==
                (lanes == 0 ? before : after(word_offset, bank, before, value)));
    }
}

/** Half of the steps go to the registers of one of eight interrupts, so that they meet. */
static void aim(struct step *step)
{
    uint32_t intid = step->offset % 8 * 36;
    uint32_t kind = step->offset >> 4 & 15;
    uint64_t frame =
        step->redistributor != 0 ? step->vcpu * GIC_REDISTRIBUTOR_BYTES + SGI_FRAME : 0;

    step->width = kind < 8 || kind == 12 ? 2 : kind == 13 ? 3 : 0;
    if (kind == 0) {
        step->offset = CTLR;
        step->value &= 3;
        return;
    }
    if (kind < 8) {
        step->offset = (uint32_t)frame + kind * 0x80 + intid / 32 * 4;
        step->value = (step->value & 1) << intid % 32;
    } else if (kind < 12) {
        step->offset = (uint32_t)frame + ((kind & 1) != 0 ? ITARGETSR : IPRIORITYR) + intid;
    } else {
        step->offset = kind == 12 ? (uint32_t)frame + ICFGR + intid / 16 * 4 : IROUTER + 8 * intid;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    const uint8_t ids[VCPUS] = { VMM_FAKE_ID(0), VMM_FAKE_ID(1), VMM_FAKE_ID(2), VMM_FAKE_ID(3) };
    struct step step;

    if (bytes == 0) {
        return 0;
    }
    vmm_fake_reset(VCPUS, 2 + (data[0] & 1));
    gic_init(&gic, 2 + (data[0] & 1), VCPUS, ids);
    for (size_t at = 1; at + sizeof(step) <= bytes; at += sizeof(step)) {
        memcpy(&step, data + at, sizeof(step));
        step.redistributor &= gic.version == 3 ? 1 : 0;
        step.vcpu %= VCPUS;
        step.width %= 4;
        step.store &= 1;
        if (step.offset >> 31 == 0) {
            aim(&step);
        }
        /* What decodes addresses lets no access leave the device. */
        step.offset %= step.redistributor != 0 ? (VCPUS + 1) * GIC_REDISTRIBUTOR_BYTES - 7
                                               : GIC_DISTRIBUTOR_BYTES - 7;
        if (step.width < 3) {
            step.value &= (1UL << (8u << step.width)) - 1;
        }
        run(&step);
        require(vmm_fake.wrong == 0);
    }
    check_view();
    require(vmm_fake.wrong == 0);
    return 0;
}
