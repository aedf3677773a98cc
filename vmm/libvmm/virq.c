/* SPDX-License-Identifier: BSD-2-Clause */
#include <libvmm/arch/aarch64/vgic/vgic.h>
#include <libvmm/util/util.h>
#include <libvmm/virq.h>

#include "gicd.h"
#include "gicr.h"
#include "machine.h"
#include "sys.h"

#define VIRQ_PRIVATE 32u

struct virq {
    bool registered;
    /** Raised, and not ended since; only with an acknowledge function. */
    bool raised;
    virq_ack_fn_t ack;
    void *cookie;
};

/** The private ones of each vCPU, then the shared ones. */
static struct virq virq_table[BH_MAX_VCPUS * VIRQ_PRIVATE + BH_VIRQ_COUNT - VIRQ_PRIVATE];

/** Private ones with an acknowledge function. */
static uint32_t virq_private_ends;

/** By channel of the VMM. */
static struct virq_passthrough {
    bool registered;
    /** The kernel passes it on alone. */
    bool linked;
    uint32_t intid;
    size_t vcpu_id;
} virq_passthroughs[BH_MAX_CHANNELS];

static struct virq *virq_at(uint32_t vcpu, uint32_t intid)
{
    return &virq_table[intid < VIRQ_PRIVATE ? vcpu * VIRQ_PRIVATE + intid
                                            : (BH_MAX_VCPUS - 1) * VIRQ_PRIVATE + intid];
}

bool virq_controller_init(size_t boot_vcpu_id)
{
    uint32_t index;

    if (!machine_find(__func__, boot_vcpu_id, &index)) {
        return false;
    }
    bool good = bus_add(&machine.bus, machine_board.distributor, GIC_DISTRIBUTOR_BYTES, gicd_access,
                        &machine.gic);
    if (machine.gic.version == 3) {
        good = good && bus_add(&machine.bus, machine_board.redistributors,
                               (uint64_t)machine.gic.vcpus * GIC_REDISTRIBUTOR_BYTES, gicr_access,
                               &machine.gic);
    }
    if (!good) {
        LOG_VMM_ERR("%s: something else has the interrupt controller's addresses\n", __func__);
    }
    return good;
}

/** Have the kernel announce the ends of an interrupt. */
static void virq_want_ends(uint32_t vcpu, uint32_t intid)
{
    uint32_t bit = 1u << intid % 32;

    (void)sys_virq_set(machine.gic.ids[vcpu], BH_VIRQ_NOTICE, intid / 32 * 32, bit, bit);
}

/** Registers without announcements of ends. */
static bool virq_add(const char *function, size_t vcpu_id, size_t intid, virq_ack_fn_t ack,
                     void *cookie, uint32_t *vcpu)
{
    if (!machine_find(function, vcpu_id, vcpu)) {
        return false;
    }
    if (intid >= BH_VIRQ_COUNT) {
        LOG_VMM_ERR("%s: interrupt %zu is above %d\n", function, intid, BH_VIRQ_COUNT - 1);
        return false;
    }
    struct virq *virq = virq_at(*vcpu, (uint32_t)intid);
    if (virq->registered) {
        LOG_VMM_ERR("%s: interrupt %zu is registered already\n", function, intid);
        return false;
    }
    *virq = (struct virq){ .registered = true, .ack = ack, .cookie = cookie };
    virq_private_ends += intid < VIRQ_PRIVATE && ack != NULL ? 1 : 0;
    return true;
}

bool virq_register(size_t vcpu_id, size_t virq_num, virq_ack_fn_t ack_fn, void *ack_data)
{
    uint32_t vcpu;

    if (!virq_add(__func__, vcpu_id, virq_num, ack_fn, ack_data, &vcpu)) {
        return false;
    }
    if (ack_fn != NULL) {
        virq_want_ends(vcpu, (uint32_t)virq_num);
    }
    return true;
}

bool virq_inject(size_t vcpu_id, int irq)
{
    uint32_t vcpu;

    if (irq < 0 || irq >= BH_VIRQ_COUNT || !machine_find(__func__, vcpu_id, &vcpu)) {
        return false;
    }
    struct virq *virq = virq_at(vcpu, (uint32_t)irq);
    if (!virq->registered) {
        LOG_VMM_ERR("%s: interrupt %d is not registered\n", __func__, irq);
        return false;
    }
    virq->raised = virq->ack != NULL;
    return gic_raise(&machine.gic, vcpu, (uint32_t)irq);
}

static void virq_ended(uint32_t vcpu, uint32_t intid)
{
    struct virq *virq = virq_at(vcpu, intid);

    virq->raised = false;
    if (virq->ack != NULL) {
        virq->ack(machine.gic.ids[vcpu], (int)intid, virq->cookie);
    }
}

bool vgic_handle_fault_maintenance(size_t vcpu_id)
{
    seL4_Word intid = seL4_GetMR(seL4_VGICMaintenance_IDX);
    uint32_t vcpu;

    if (intid >= BH_VIRQ_COUNT || !machine_find(__func__, vcpu_id, &vcpu)) {
        return false;
    }
    virq_ended(vcpu, (uint32_t)intid);
    return true;
}

void virq_reset(void)
{
    for (uint32_t vcpu = 0; vcpu < machine.gic.vcpus; vcpu++) {
        for (uint32_t intid = 0; intid < (vcpu == 0 ? BH_VIRQ_COUNT : VIRQ_PRIVATE); intid++) {
            if (virq_at(vcpu, intid)->raised) {
                virq_ended(vcpu, intid);
            }
        }
    }
}

void virq_started(void)
{
    for (uint32_t vcpu = 0; vcpu < machine.gic.vcpus && virq_private_ends > 0; vcpu++) {
        for (uint32_t intid = 0; intid < VIRQ_PRIVATE; intid++) {
            if (virq_at(vcpu, intid)->ack != NULL) {
                virq_want_ends(vcpu, intid);
            }
        }
    }
}

static void virq_acknowledge_channel(size_t vcpu_id, int irq, void *cookie)
{
    (void)vcpu_id;
    (void)irq;
    microkit_irq_ack((microkit_channel)(uintptr_t)cookie);
}

bool virq_register_passthrough(size_t vcpu_id, size_t irq, microkit_channel irq_ch)
{
    uint32_t vcpu;

    if (!microkit_has(microkit_irqs, irq_ch)) {
        LOG_VMM_ERR("%s: channel %u is no interrupt of this PD\n", __func__, irq_ch);
        return false;
    }
    struct virq_passthrough *passthrough = &virq_passthroughs[irq_ch];
    if (passthrough->registered) {
        LOG_VMM_ERR("%s: channel %u is passed through already\n", __func__, irq_ch);
        return false;
    }
    if (!virq_add(__func__, vcpu_id, irq, virq_acknowledge_channel, (void *)(uintptr_t)irq_ch,
                  &vcpu)) {
        return false;
    }
    *passthrough =
        (struct virq_passthrough){ .registered = true, .intid = (uint32_t)irq, .vcpu_id = vcpu_id };
    /* Only a shared interrupt of the machine can become a shared one of the guest. */
    passthrough->linked = irq >= VIRQ_PRIVATE && sys_virq_set(machine.gic.ids[vcpu], BH_VIRQ_LINK,
                                                              (uint32_t)irq, ~0u, irq_ch) == BH_OK;
    if (!passthrough->linked) {
        virq_want_ends(vcpu, (uint32_t)irq);
    }
    return true;
}

bool virq_handle_passthrough(microkit_channel irq_ch)
{
    if (irq_ch >= BH_MAX_CHANNELS || !virq_passthroughs[irq_ch].registered) {
        return false;
    }
    const struct virq_passthrough *passthrough = &virq_passthroughs[irq_ch];
    /* A linked one came before it was linked, and so before there was a guest to want it. */
    return passthrough->linked || virq_inject(passthrough->vcpu_id, (int)passthrough->intid);
}

bool vgic_register_irq(size_t vcpu_id, int virq_num, virq_ack_fn_t ack_fn, void *ack_data)
{
    return virq_num >= 0 && virq_register(vcpu_id, (size_t)virq_num, ack_fn, ack_data);
}

bool vgic_inject_irq(size_t vcpu_id, int irq)
{
    return virq_inject(vcpu_id, irq);
}
