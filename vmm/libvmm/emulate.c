/* SPDX-License-Identifier: BSD-2-Clause */
/* Loads and stores that fault, by their syndrome: ESR_EL2 of a data abort (Arm ARM, D19.2.37). */
#include <libvmm/arch/aarch64/fault.h>

#define EMULATE_WIDTH(fsr) (1u << ((fsr) >> 22 & 3))
#define EMULATE_SIGNED (1UL << 21)
#define EMULATE_REGISTER(fsr) ((fsr) >> 16 & 31)
#define EMULATE_64BIT (1UL << 15)
#define EMULATE_STORE (1UL << 6)

int fault_get_width_bytes(uint64_t fsr)
{
    return (int)EMULATE_WIDTH(fsr);
}

bool fault_is_write(uint64_t fsr)
{
    return (fsr & EMULATE_STORE) != 0;
}

bool fault_is_read(uint64_t fsr)
{
    return !fault_is_write(fsr);
}

seL4_Word *decode_rt(size_t reg_idx, seL4_UserContext *regs)
{
    static seL4_Word zero;
    /* By name: their order in the structure is not part of the interface. */
    seL4_Word *const registers[31] = {
        &regs->x0,  &regs->x1,  &regs->x2,  &regs->x3,  &regs->x4,  &regs->x5,  &regs->x6,
        &regs->x7,  &regs->x8,  &regs->x9,  &regs->x10, &regs->x11, &regs->x12, &regs->x13,
        &regs->x14, &regs->x15, &regs->x16, &regs->x17, &regs->x18, &regs->x19, &regs->x20,
        &regs->x21, &regs->x22, &regs->x23, &regs->x24, &regs->x25, &regs->x26, &regs->x27,
        &regs->x28, &regs->x29, &regs->x30,
    };

    zero = 0;
    return reg_idx < 31 ? registers[reg_idx] : &zero;
}

/** Ones in the bits of a value of the access's width. */
static uint64_t emulate_mask(uint64_t fsr)
{
    return ~0UL >> (64 - 8 * EMULATE_WIDTH(fsr));
}

static uint64_t emulate_shift(uint64_t addr)
{
    return (addr & 3) * 8;
}

uint64_t fault_get_data_mask(uint64_t addr, uint64_t fsr)
{
    return emulate_mask(fsr) << emulate_shift(addr);
}

uint64_t fault_get_data(seL4_UserContext *regs, uint64_t fsr)
{
    return *decode_rt(EMULATE_REGISTER(fsr), regs) & emulate_mask(fsr);
}

/** What a load of `value` leaves in its register. */
static uint64_t emulate_extend(uint64_t fsr, uint64_t value)
{
    uint64_t mask = emulate_mask(fsr);
    uint64_t sign = mask ^ mask >> 1;

    value &= mask;
    if ((fsr & EMULATE_SIGNED) != 0 && (value & sign) != 0) {
        value |= ~mask;
    }
    return (fsr & EMULATE_64BIT) != 0 ? value : (uint32_t)value;
}

uint64_t fault_emulate(seL4_UserContext *regs, uint64_t reg, uint64_t addr, uint64_t fsr,
                       uint64_t reg_val)
{
    uint64_t mask = fault_get_data_mask(addr, fsr);

    (void)regs;
    if (fault_is_read(fsr)) {
        return emulate_extend(fsr, reg_val >> emulate_shift(addr));
    }
    return (reg & ~mask) | (reg_val << emulate_shift(addr) & mask);
}

void fault_emulate_write(seL4_UserContext *regs, size_t addr, size_t fsr, size_t reg_val)
{
    seL4_Word *rt = decode_rt(EMULATE_REGISTER(fsr), regs);

    *rt = fault_emulate(regs, *rt, addr, fsr, reg_val);
}
