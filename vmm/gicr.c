/* SPDX-License-Identifier: BSD-2-Clause */
#include "gicr.h"

/* Register map: IHI 0069, 12.10. The second frame of 64 KiB has the private interrupts. */
#define GICR_CTLR 0x0000u
#define GICR_IIDR 0x0004u
#define GICR_TYPER 0x0008u
#define GICR_WAKER 0x0014u
#define GICR_PIDR2 0xffe8u
#define GICR_SGI_FRAME 0x10000u
#define GICR_COMMON (GICR_SGI_FRAME + 0x080u)
#define GICR_COMMON_END (GICR_SGI_FRAME + 0xd00u)

#define GICR_IIDR_VALUE (0x42u << 24 | 0x43bu)
#define GICR_WAKER_SLEEP (1u << 1)
#define GICR_WAKER_ASLEEP (1u << 2)
#define GICR_TYPER_LAST (1u << 4)

static bool gicr_is_common(uint32_t offset)
{
    return offset >= GICR_COMMON && offset < GICR_COMMON_END &&
           gic_bank_of(offset - GICR_SGI_FRAME) == 0;
}

static uint32_t gicr_read(struct gic *gic, uint32_t owner, uint32_t offset)
{
    if (gicr_is_common(offset)) {
        return gic_read(gic, owner, offset - GICR_SGI_FRAME);
    }
    switch (offset) {
    case GICR_CTLR:
        return 0;
    case GICR_IIDR:
        return GICR_IIDR_VALUE;
    case GICR_TYPER:
        return owner << 8 | (owner == gic->vcpus - 1 ? GICR_TYPER_LAST : 0);
    case GICR_TYPER + 4:
        /* Affinity: the index. */
        return owner;
    case GICR_WAKER:
        return (gic->sleeping >> owner & 1) != 0 ? GICR_WAKER_SLEEP | GICR_WAKER_ASLEEP : 0;
    case GICR_PIDR2:
        return 0x30;
    default:
        gic->ignored++;
        return 0;
    }
}

static void gicr_write(struct gic *gic, uint32_t owner, uint32_t offset, uint32_t lanes,
                       uint32_t value)
{
    if (gicr_is_common(offset)) {
        gic_write(gic, owner, offset - GICR_SGI_FRAME, lanes, value);
    } else if (offset == GICR_WAKER && lanes == ~0u) {
        /* Asleep only says so: the kernel wakes a vCPU whenever an interrupt comes for it. */
        gic->sleeping &= ~(1u << owner);
        gic->sleeping |= (value & GICR_WAKER_SLEEP) != 0 ? 1u << owner : 0;
    } else {
        gic->ignored++;
    }
}

enum access_result gicr_access(void *cookie, struct access *access)
{
    struct gic *gic = cookie;
    uint64_t owner = access->offset / GIC_REDISTRIBUTOR_BYTES;
    uint32_t offset = (uint32_t)(access->offset % GIC_REDISTRIBUTOR_BYTES);
    uint32_t word = offset & ~3u;
    uint32_t shift = (offset & 3) * 8;

    if (owner >= gic->vcpus) {
        return ACCESS_ABORT;
    }
    if (access->offset % access->bytes != 0 || (access->bytes == 8 && offset != GICR_TYPER)) {
        gic->ignored++;
        access->value = 0;
    } else if (access->bytes == 8 && !access->store) {
        access->value = gicr_read(gic, (uint32_t)owner, word) |
                        (uint64_t)gicr_read(gic, (uint32_t)owner, word + 4) << 32;
    } else if (access->bytes == 8) {
        gic->ignored++;
    } else if (access->store) {
        uint32_t lanes = (access->bytes == 4 ? ~0u : (1u << access->bytes * 8) - 1) << shift;

        gicr_write(gic, (uint32_t)owner, word, lanes, (uint32_t)access->value << shift);
    } else {
        access->value = gicr_read(gic, (uint32_t)owner, word) >> shift;
    }
    return ACCESS_DONE;
}
