/* SPDX-License-Identifier: BSD-2-Clause */
#include <libvmm/arch/aarch64/cpuif.h>
#include <libvmm/arch/aarch64/fault.h>
#include <libvmm/arch/aarch64/vgic/vgic.h>
#include <libvmm/util/util.h>

#include "gicd.h"
#include "gicr.h"
#include "machine.h"

/** ISS of a trapped MSR or MRS (Arm ARM, D19.2.37): a read, its register, which system register. */
#define VGIC_SYSREG_READ 1u
#define VGIC_SYSREG_RT(hsr) ((hsr) >> 5 & 31)
#define VGIC_SYSREG(hsr) ((hsr)&0x3ffc1eu)
#define VGIC_SYSREG_OF(op0, op1, crn, crm, op2) \
    ((op0) << 20 | (op2) << 17 | (op1) << 14 | (crn) << 10 | (crm) << 1)
#define VGIC_ICC_SGI1R_EL1 VGIC_SYSREG_OF(3u, 0u, 12u, 11u, 5u)
#define VGIC_ICC_SRE_EL1 VGIC_SYSREG_OF(3u, 0u, 12u, 12u, 5u)

/** ICC_SGI1R_EL1 (IHI 0069, 12.2.20): to all but the sender; SGI; affinities above 0; targets. */
#define VGIC_SGI1R_ALL (1UL << 40)
#define VGIC_SGI1R_INTID(value) ((uint32_t)((value) >> 24) & 15)
#define VGIC_SGI1R_AFFINITIES 0x00fff0ff00ff0000UL
#define VGIC_SGI1R_TARGETS 0xffffu

/** ICC_SRE_EL1: system registers are used, neither IRQ nor FIQ bypasses them. */
#define VGIC_SRE_FIXED 7u

void vgic_init(void)
{
    if (machine.ready) {
        gic_reset(&machine.gic);
        virq_started();
    }
}

static bool vgic_access(access_handler handler, size_t vcpu_id, size_t offset, size_t fsr,
                        seL4_UserContext *regs)
{
    uint32_t index;
    struct access access = {
        .bytes = (uint32_t)fault_get_width_bytes(fsr),
        .store = fault_is_write(fsr),
        .offset = offset,
        .value = fault_get_data(regs, fsr),
    };

    if (!machine_find("vgic", vcpu_id, &index)) {
        return false;
    }
    access.vcpu = index;
    if (handler(&machine.gic, &access) != ACCESS_DONE) {
        return false;
    }
    if (!access.store) {
        fault_emulate_write(regs, 0, fsr, access.value);
    }
    return true;
}

bool vgic_handle_fault_dist(size_t vcpu_id, size_t offset, size_t fsr, seL4_UserContext *regs,
                            void *data)
{
    (void)data;
    return offset < GIC_DISTRIBUTOR_BYTES && vgic_access(gicd_access, vcpu_id, offset, fsr, regs);
}

bool vgic_handle_fault_redist(size_t vcpu_id, size_t offset, size_t fsr, seL4_UserContext *regs,
                              void *data)
{
    (void)data;
    return vgic_access(gicr_access, vcpu_id, offset, fsr, regs);
}

bool icc_sgi1r_el1_write(size_t vcpu_id, seL4_UserContext *regs, uint64_t data)
{
    uint32_t self;
    uint32_t targets = (uint32_t)data & VGIC_SGI1R_TARGETS;

    (void)regs;
    if (!machine_find(__func__, vcpu_id, &self)) {
        return false;
    }
    if ((data & VGIC_SGI1R_ALL) != 0) {
        targets = ~(1u << self);
    } else if ((data & VGIC_SGI1R_AFFINITIES) != 0) {
        /* No vCPU has another affinity than Aff0. */
        targets = 0;
    }
    for (uint32_t i = 0; i < machine.gic.vcpus; i++) {
        if ((targets >> i & 1) != 0) {
            (void)gic_raise(&machine.gic, i, VGIC_SGI1R_INTID(data));
        }
    }
    return true;
}

bool icc_sre_el1_read(size_t vcpu_id, seL4_UserContext *regs, uint64_t *data)
{
    (void)vcpu_id;
    (void)regs;
    *data = VGIC_SRE_FIXED;
    return true;
}

bool handle_sysreg_64_fault(size_t vcpu_id, uint64_t hsr, seL4_UserContext *regs)
{
    seL4_Word *rt = decode_rt(VGIC_SYSREG_RT(hsr), regs);
    bool read = (hsr & VGIC_SYSREG_READ) != 0;
    bool good = false;

    if (VGIC_SYSREG(hsr) == VGIC_ICC_SGI1R_EL1 && !read) {
        good = icc_sgi1r_el1_write(vcpu_id, regs, *rt);
    } else if (VGIC_SYSREG(hsr) == VGIC_ICC_SRE_EL1 && read) {
        good = icc_sre_el1_read(vcpu_id, regs, rt);
    } else {
        LOG_VMM_ERR("vCPU %zu: it uses a system register that it has not, 0x%lx\n", vcpu_id, hsr);
    }
    return good && fault_advance_vcpu(vcpu_id, regs);
}
