/* SPDX-License-Identifier: BSD-2-Clause */
#include "gic.h"

#include "platform.h"

#define GICD_CTLR 0x000
#define GICD_CTLR_RWP (1U << 31)
#define IGROUPR 0x080
#define ISENABLER 0x100
#define ICENABLER 0x180
#define ISPENDR 0x200
#define ICPENDR 0x280
#define ICACTIVER 0x380
#define IPRIORITYR 0x400
#define ITARGETSR 0x800
#define ICFGR 0xc00
#define GICD_SGIR 0xf00
#define IROUTER 0x6000

#define GICC_CTLR 0x00
#define GICC_PMR 0x04
#define GICC_IAR 0x0c
#define GICC_EOIR 0x10

#define GICR_WAKER 0x14
#define GICR_WAKER_SLEEP (1U << 1)
#define GICR_WAKER_ASLEEP (1U << 2)
#define GICR_TYPER 0x08
#define GICR_TYPER_LAST (1U << 4)
#define GICR_FRAME_BYTES 0x20000UL
#define GICR_SGI_FRAME 0x10000UL

#define FIRST_SPECIAL_INTID 1020U
#define DEFAULT_PRIORITY 0xa0U
#define OPEN_MASK 0xf0U
#define SPINS 1000000U

unsigned gic_unhandled;

static gic_handler *handlers[GIC_INTIDS];
/* Where SGIs and PPIs of each CPU are configured. */
static uintptr_t private_frame[CPU_MAX];

static uintptr_t private_registers(void)
{
    return private_frame[cpu_index()];
}

void gic_init(void)
{
    if (platform.gic_version == 3) {
        /* Affinity routing and group 1; the bits mean that with and without security. */
        mmio_write32(platform.distributor + GICD_CTLR, 1U << 4);
        mmio_write32(platform.distributor + GICD_CTLR, 1U << 4 | 1U << 1 | 1U);
        for (unsigned i = 0;
             i < SPINS && (mmio_read32(platform.distributor + GICD_CTLR) & GICD_CTLR_RWP) != 0;
             i++) {
        }
    } else {
        mmio_write32(platform.distributor + GICD_CTLR, 1);
    }
}

/* The redistributor whose affinity is this CPU's; 0 if there is none. */
static uintptr_t find_redistributor(void)
{
    uint64_t mpidr = READ_SYSREG("mpidr_el1");
    uint32_t affinity = (uint32_t)((mpidr >> 32 & 0xff) << 24 | (mpidr & 0xffffff));

    for (uint64_t at = 0; at + GICR_FRAME_BYTES <= platform.redistributors_bytes;
         at += GICR_FRAME_BYTES) {
        uintptr_t frame = platform.redistributors + at;

        if (mmio_read32(frame + GICR_TYPER + 4) == affinity) {
            return frame;
        }
        if ((mmio_read32(frame + GICR_TYPER) & GICR_TYPER_LAST) != 0) {
            break;
        }
    }
    return 0;
}

static void init_cpu_v3(uintptr_t frame)
{
    uint32_t waker = mmio_read32(frame + GICR_WAKER);

    mmio_write32(frame + GICR_WAKER, waker & ~GICR_WAKER_SLEEP);
    for (unsigned i = 0; i < SPINS && (mmio_read32(frame + GICR_WAKER) & GICR_WAKER_ASLEEP) != 0;
         i++) {
    }
    private_frame[cpu_index()] = frame + GICR_SGI_FRAME;
    mmio_write32(private_registers() + IGROUPR, 0xffffffffU);
    WRITE_SYSREG("s3_0_c12_c12_5", READ_SYSREG("s3_0_c12_c12_5") | 1); /* ICC_SRE_EL1 */
    __asm__ volatile("isb");
    WRITE_SYSREG("s3_0_c12_c12_4", 0); /* ICC_CTLR_EL1: EOI drops priority and deactivates */
    WRITE_SYSREG("s3_0_c12_c12_7", 1); /* ICC_IGRPEN1_EL1 */
}

void gic_init_cpu(void)
{
    if (platform.gic_version == 3) {
        uintptr_t frame = find_redistributor();

        if (frame == 0) {
            return;
        }
        init_cpu_v3(frame);
    } else {
        private_frame[cpu_index()] = platform.distributor;
    }
    mmio_write32(private_registers() + ICENABLER, 0xffffffffU);
    mmio_write32(private_registers() + ICPENDR, 0xffff0000U);
    mmio_write32(private_registers() + ICACTIVER, 0xffffffffU);
    for (unsigned i = 0; i < 32; i += 4) {
        mmio_write32(private_registers() + IPRIORITYR + i, DEFAULT_PRIORITY * 0x01010101U);
    }
    if (platform.gic_version == 2) {
        mmio_write32(platform.cpu_interface + GICC_CTLR, 1);
    }
    gic_set_mask(OPEN_MASK);
}

void gic_set_handler(unsigned intid, gic_handler *handler)
{
    handlers[intid] = handler;
    cpu_barrier();
}

void gic_enable(unsigned intid)
{
    mmio_write32(private_registers() + ISENABLER, 1U << intid);
    cpu_barrier();
}

void gic_disable(unsigned intid)
{
    mmio_write32(private_registers() + ICENABLER, 1U << intid);
    cpu_barrier();
}

void gic_end_all_private(void)
{
    mmio_write32(private_registers() + ICACTIVER, 0xffffffffU);
    cpu_barrier();
}

void gic_enable_shared(unsigned intid, unsigned cpu)
{
    uintptr_t group = platform.distributor + IGROUPR + intid / 32 * 4UL;
    uintptr_t configuration = platform.distributor + ICFGR + intid / 16 * 4UL;

    mmio_write32(configuration, mmio_read32(configuration) & ~(3U << intid % 16 * 2));
    mmio_write8(platform.distributor + IPRIORITYR + intid, DEFAULT_PRIORITY);
    if (platform.gic_version == 3) {
        mmio_write32(group, mmio_read32(group) | 1U << intid % 32);
        __asm__ volatile("str %0, [%1]"
                         :
                         : "r"(platform.mpidr[cpu]),
                           "r"(platform.distributor + IROUTER + intid * 8UL)
                         : "memory");
    } else {
        mmio_write8(platform.distributor + ITARGETSR + intid, (uint8_t)(1U << cpu));
    }
    mmio_write32(platform.distributor + ISENABLER + intid / 32 * 4UL, 1U << intid % 32);
    cpu_barrier();
}

bool gic_pending(unsigned intid)
{
    return (mmio_read32(private_registers() + ISPENDR) >> intid & 1) != 0;
}

void gic_set_mask(uint8_t priority)
{
    if (platform.gic_version == 3) {
        WRITE_SYSREG("s3_0_c4_c6_0", priority); /* ICC_PMR_EL1 */
        __asm__ volatile("isb");
    } else {
        mmio_write32(platform.cpu_interface + GICC_PMR, priority);
        cpu_barrier();
    }
}

void gic_set_priority(unsigned intid, uint8_t priority)
{
    mmio_write8(private_registers() + IPRIORITYR + intid, priority);
    cpu_barrier();
}

void gic_send_sgi(unsigned sgi, unsigned cpu)
{
    if (platform.gic_version == 3) {
        uint64_t mpidr = platform.mpidr[cpu];
        uint64_t value = (mpidr >> 32 & 0xff) << 48 | (mpidr >> 16 & 0xff) << 32 |
                         (uint64_t)sgi << 24 | (mpidr >> 8 & 0xff) << 16 | 1UL << (mpidr & 0xf);

        cpu_barrier();
        WRITE_SYSREG("s3_0_c12_c11_5", value); /* ICC_SGI1R_EL1 */
        __asm__ volatile("isb");
    } else {
        cpu_barrier();
        mmio_write32(platform.distributor + GICD_SGIR, 1U << (16 + cpu) | sgi);
    }
}

void gic_send_sgi_to_others(unsigned sgi)
{
    cpu_barrier();
    if (platform.gic_version == 3) {
        WRITE_SYSREG("s3_0_c12_c11_5", 1UL << 40 | (uint64_t)sgi << 24); /* IRM */
        __asm__ volatile("isb");
    } else {
        mmio_write32(platform.distributor + GICD_SGIR, 1U << 24 | sgi);
    }
}

void gic_handle(uint64_t counter)
{
    uint32_t raw, intid;

    if (platform.gic_version == 3) {
        raw = (uint32_t)READ_SYSREG("s3_0_c12_c12_0"); /* ICC_IAR1_EL1 */
        cpu_barrier();
        intid = raw & 0xffffff;
    } else {
        raw = mmio_read32(platform.cpu_interface + GICC_IAR);
        intid = raw & 0x3ff;
    }
    if (intid >= FIRST_SPECIAL_INTID) {
        gic_unhandled++;
        return;
    }
    if (intid < GIC_INTIDS && handlers[intid] != 0) {
        handlers[intid](intid, counter);
    } else {
        gic_unhandled++;
    }
    cpu_barrier();
    if (platform.gic_version == 3) {
        WRITE_SYSREG("s3_0_c12_c12_1", raw); /* ICC_EOIR1_EL1 */
        __asm__ volatile("isb");
    } else {
        mmio_write32(platform.cpu_interface + GICC_EOIR, raw);
    }
}
