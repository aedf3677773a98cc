/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest's faults under libvmm's interface, each life of the guest twice: once with
 * fault_handle(), which finishes instructions in the vCPU's registers, once with fault_answer() and
 * a model of what the kernel then does. Both must leave the same registers after every step. The
 * kernel is never asked for what it would refuse.
 */
#include <libvmm/arch/aarch64/fault.h>
#include <libvmm/arch/aarch64/smc.h>
#include <libvmm/guest.h>
#include <libvmm/vcpu.h>
#include <libvmm/virq.h>
#include <stdlib.h>
#include <string.h>

#include "libvmm_fake.h"
#include "vmm_fake.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

#define VCPUS 2u
#define MOST_STEPS 64u
#define DISTRIBUTOR 0x08000000UL
#define REDISTRIBUTORS 0x080a0000UL
#define DEVICE 0x0a000000UL
#define DEVICE_BYTES 0x1000u
#define NOTHING 0x0b000000UL
#define SHARED_IRQ 40
#define PRIVATE_IRQ 9

#define ESR_DATA (0x24UL << 26 | 1UL << 25 | 1UL << 24)
#define ESR_HVC (0x16UL << 26 | 1UL << 25)
#define ESR_SMC (0x17UL << 26 | 1UL << 25)
#define ESR_SIGNED (1UL << 21)
#define ESR_64BIT (1UL << 15)
#define ESR_STORE (1UL << 6)
#define ESR_ABORT (0x25UL << 26 | 1UL << 25 | 0x410)
#define VECTORS 0x80000UL
#define EL1H 0x3c5u

enum step_kind {
    STEP_DISTRIBUTOR,
    STEP_REDISTRIBUTORS,
    STEP_DEVICE,
    STEP_NOTHING,
    STEP_HVC,
    STEP_SMC,
    STEP_RAISE,
    STEP_END,
    STEP_KINDS
};

struct step {
    uint8_t kind;
    uint8_t vcpu;
    uint8_t access; /* width as a power of two, store, signed, 64 bits */
    uint8_t rt;
    uint32_t offset;
    uint64_t value;
};

static uint32_t ends;

static void require(bool holds)
{
    if (!holds) {
        abort();
    }
}

static void ended(size_t vcpu_id, int irq, void *cookie)
{
    (void)vcpu_id;
    (void)irq;
    (void)cookie;
    ends++;
}

/** Word of memory, of which some places fail, stop the guest, or step over the instruction. */
static bool device(size_t vcpu_id, size_t offset, size_t fsr, seL4_UserContext *regs, void *data)
{
    uint64_t *word = data;

    require(offset < DEVICE_BYTES);
    if (offset % 16 == 15) {
        return false;
    }
    if (offset % 16 == 14) {
        guest_stop(vcpu_id);
        regs->x0++;
        return true;
    }
    if (fault_is_write(fsr)) {
        *word = fault_emulate(regs, *word, offset, fsr, fault_get_data(regs, fsr));
    } else if (offset % 16 >= 8) {
        return fault_advance(vcpu_id, regs, offset, fsr, *word);
    } else {
        fault_emulate_write(regs, offset, fsr, *word);
    }
    return true;
}

static uint64_t device_word;

static bool sip(size_t vcpu_id, seL4_UserContext *regs, size_t fn_number)
{
    return fn_number % 2 == 0 && smc_sip_forward(vcpu_id, regs, fn_number);
}

static uint64_t step_esr(const struct step *step)
{
    return ESR_DATA | (uint64_t)(step->access & 3) << 22 | (uint64_t)(step->rt & 31) << 16 |
           ((step->access & 4) != 0 ? ESR_STORE : 0) | ((step->access & 8) != 0 ? ESR_SIGNED : 0) |
           ((step->access & 16) != 0 ? ESR_64BIT : 0);
}

/** What the kernel does with an answer (bulkhead/abi.h). */
static void kernel_finishes(uint32_t vcpu, seL4_Word label, uint64_t esr, microkit_msginfo reply)
{
    seL4_UserContext *regs = &libvmm_fake.regs[vcpu];
    seL4_Word *system = libvmm_fake.system[vcpu];
    uint64_t value = libvmm_fake.msg[0];
    unsigned int bits = 8u << (esr >> 22 & 3);

    switch (microkit_msginfo_get_label(reply)) {
    case BH_VCPU_DONE:
        if (label == seL4_Fault_VCPUFault) {
            regs->x0 = value;
            break;
        }
        if ((esr & ESR_STORE) == 0) {
            /* Shifted up and down again, with or without the sign. */
            value = (esr & ESR_SIGNED) != 0
                        ? (uint64_t)((int64_t)(value << (64 - bits)) >> (64 - bits))
                        : value << (64 - bits) >> (64 - bits);
            *decode_rt(esr >> 16 & 31, regs) = (esr & ESR_64BIT) != 0 ? value : value & 0xffffffff;
        }
        regs->pc += 4;
        break;
    case BH_VCPU_WAIT:
        require(label == seL4_Fault_VCPUFault);
        regs->x0 = value;
        break;
    case BH_VCPU_ABORT:
        system[seL4_VCPUReg_ELR_EL1] = regs->pc;
        system[seL4_VCPUReg_SPSR_EL1] = regs->spsr;
        system[seL4_VCPUReg_ESR] = ESR_ABORT;
        system[seL4_VCPUReg_FAR] = 0;
        regs->pc = VECTORS + 0x200;
        regs->spsr = EL1H;
        break;
    default:
        require(microkit_msginfo_get_label(reply) == BH_VCPU_RESUME);
        break;
    }
}

static void fault_of(uint32_t vcpu, seL4_Word label, const seL4_Word words[5], bool answer)
{
    microkit_msginfo info = microkit_msginfo_new(label, 5);
    uint32_t writes = libvmm_fake.writes;
    bool good;

    memcpy(libvmm_fake.msg, words, 5 * sizeof(words[0]));
    if (answer) {
        microkit_msginfo reply;

        good = fault_answer(VMM_FAKE_ID(vcpu), info, &reply);
        if (good && vmm_fake.running[vcpu]) {
            kernel_finishes(vcpu, label, words[label == seL4_Fault_VMFault ? 3 : 0], reply);
        }
    } else {
        good = fault_handle(VMM_FAKE_ID(vcpu), info);
    }
    require(good);
    /* One that was stopped is left alone. */
    require(vmm_fake.running[vcpu] || libvmm_fake.writes == writes);
}

static void step_access(const struct step *step, uint32_t vcpu, uint64_t address, bool answer)
{
    seL4_UserContext *regs = &libvmm_fake.regs[vcpu];
    uint64_t esr = step_esr(step);

    if (fault_is_write(esr)) {
        *decode_rt(step->rt & 31, regs) = step->value;
    }
    const seL4_Word words[5] = { regs->pc, address, 0, esr,
                                 fault_is_write(esr) ? fault_get_data(regs, esr) : 0 };
    fault_of(vcpu, seL4_Fault_VMFault, words, answer);
}

static void step_call(const struct step *step, uint32_t vcpu, uint64_t esr, bool answer)
{
    static const uint32_t functions[] = { 0x84000000, 0xc4000001, 0x84000002, 0xc4000003,
                                          0xc4000004, 0x84000008, 0x84000009, 0x8400000a,
                                          0xc4000012, 0x84000050, 0xc2000000, 0xc2000001,
                                          0x80000000, 0xc400000e };
    seL4_UserContext *regs = &libvmm_fake.regs[vcpu];
    size_t which = step->rt % (sizeof(functions) / sizeof(functions[0]) + 1);

    regs->x0 = which == 0 ? step->offset : functions[which - 1];
    regs->x1 = step->value;
    regs->x2 = step->offset;
    regs->x3 = step->value >> 8;
    const seL4_Word words[5] = { esr | ((step->access & 7) == 7 ? 1 : 0), regs->x0, regs->x1,
                                 regs->x2, regs->x3 };
    fault_of(vcpu, seL4_Fault_VCPUFault, words, answer);
}

static void step_do(const struct step *step, bool answer)
{
    uint32_t vcpu = step->vcpu % VCPUS;
    const seL4_Word end[5] = { step->offset % BH_VIRQ_COUNT };

    if (!vmm_fake.running[0] && !vmm_fake.running[1]) {
        require(guest_start(VMM_FAKE_ID(0), 0x1000, 0, 0));
    }
    /* The other one may be off. */
    vcpu = vmm_fake.running[vcpu] ? vcpu : 1 - vcpu;
    switch (step->kind % STEP_KINDS) {
    case STEP_DISTRIBUTOR:
        step_access(step, vcpu, DISTRIBUTOR + step->offset % 0x10000, answer);
        break;
    case STEP_REDISTRIBUTORS:
        step_access(step, vcpu, REDISTRIBUTORS + step->offset % 0x50000, answer);
        break;
    case STEP_DEVICE:
        step_access(step, vcpu, DEVICE + step->offset % DEVICE_BYTES, answer);
        break;
    case STEP_NOTHING:
        step_access(step, vcpu, NOTHING + step->offset, answer);
        break;
    case STEP_HVC:
        step_call(step, vcpu, ESR_HVC, answer);
        break;
    case STEP_SMC:
        step_call(step, vcpu, ESR_SMC, answer);
        break;
    case STEP_RAISE:
        require(virq_inject(VMM_FAKE_ID(vcpu),
                            (step->rt & 1) != 0 && vcpu == 1 ? PRIVATE_IRQ : SHARED_IRQ));
        break;
    default:
        fault_of(vcpu, seL4_Fault_VGICMaintenance, end, answer);
        break;
    }
}

/** A life of the guest; what its registers are after each step goes to `after`. */
static void live(const uint8_t *data, size_t steps, bool answer,
                 seL4_UserContext after[MOST_STEPS][VCPUS])
{
    struct step step;

    guest_stop(VMM_FAKE_ID(0));
    memset(libvmm_fake.regs, 0, sizeof(libvmm_fake.regs));
    memset(libvmm_fake.system, 0, sizeof(libvmm_fake.system));
    libvmm_fake.logged[0] = '\0';
    device_word = 0;
    ends = 0;
    for (uint32_t i = 0; i < VCPUS; i++) {
        libvmm_fake.regs[i].spsr = EL1H;
        libvmm_fake.system[i][seL4_VCPUReg_VBAR] = VECTORS;
    }
    for (size_t i = 0; i < steps; i++) {
        memcpy(&step, data + i * sizeof(step), sizeof(step));
        step_do(&step, answer);
        memcpy(after[i], libvmm_fake.regs, sizeof(after[i]));
    }
    require(vmm_fake.wrong == 0);
}

static void begin(void)
{
    vmm_fake_reset(VCPUS, 3);
    require(virq_controller_init(VMM_FAKE_ID(0)));
    require(fault_register_vm_exception_handler(DEVICE, DEVICE_BYTES, device, &device_word));
    require(virq_register(VMM_FAKE_ID(0), SHARED_IRQ, ended, NULL));
    require(virq_register(VMM_FAKE_ID(1), PRIVATE_IRQ, ended, NULL));
    require(smc_register_sip_handler(sip));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    static seL4_UserContext by_registers[MOST_STEPS][VCPUS];
    static seL4_UserContext by_answer[MOST_STEPS][VCPUS];
    static bool begun;
    size_t steps = bytes / sizeof(struct step);

    if (!begun) {
        begin();
        begun = true;
    }
    steps = steps < MOST_STEPS ? steps : MOST_STEPS;
    live(data, steps, false, by_registers);
    uint32_t first_ends = ends;
    live(data, steps, true, by_answer);
    require(memcmp(by_registers, by_answer, steps * sizeof(by_answer[0])) == 0);
    require(ends == first_ends);
    return 0;
}
