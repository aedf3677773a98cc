/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmm_fake.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "sys.h"

#define VMM_FAKE_PAGE 4096u

struct vmm_fake vmm_fake;

void vmm_fake_reset(uint32_t vcpus, uint64_t version)
{
    memset(&vmm_fake, 0, sizeof(vmm_fake));
    vmm_fake.vcpus = vcpus;
    vmm_fake.gic_version = version;
}

volatile uint32_t *vmm_fake_page(uint64_t address, uint32_t channel)
{
    void *page = mmap((void *)address, VMM_FAKE_PAGE, PROT_READ | PROT_WRITE,
                      MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (page == MAP_FAILED) {
        abort();
    }
    vmm_fake.status[channel] = (volatile uint32_t *)page + BH_DEVICE_INTERRUPT_STATUS / 4;
    return page;
}

static bool vmm_fake_index(uint32_t id, uint32_t *index)
{
    *index = id - VMM_FAKE_ID(0);
    return id >= VMM_FAKE_ID(0) && *index < vmm_fake.vcpus;
}

/** The same, and who names another vCPU is wrong. */
static bool vmm_fake_vcpu(uint32_t id, uint32_t *index)
{
    if (vmm_fake_index(id, index)) {
        return true;
    }
    vmm_fake.wrong++;
    return false;
}

enum bh_error sys_vcpu_start(uint32_t id, uint64_t pc, uint64_t x0)
{
    uint32_t index;

    if (!vmm_fake_index(id, &index) || vmm_fake.running[index]) {
        vmm_fake.wrong++;
        return BH_ERR_STATE;
    }
    vmm_fake.running[index] = true;
    vmm_fake.pc[index] = pc;
    vmm_fake.x0[index] = x0;
    vmm_fake.starts++;
    return BH_OK;
}

enum bh_error sys_vcpu_resume(uint32_t id)
{
    uint32_t index;

    if (!vmm_fake_vcpu(id, &index)) {
        return BH_ERR_CHILD;
    }
    vmm_fake.resumes++;
    return BH_OK;
}

enum bh_error sys_vcpu_stop(uint32_t id)
{
    uint32_t index;

    if (!vmm_fake_vcpu(id, &index)) {
        return BH_ERR_CHILD;
    }
    vmm_fake.running[index] = false;
    return BH_OK;
}

enum bh_error sys_vcpu_read(uint32_t id, enum bh_vcpu_reg reg, uint64_t *value)
{
    uint32_t index;

    if (!vmm_fake_index(id, &index)) {
        return BH_ERR_CHILD;
    }
    switch (reg) {
    case BH_VCPU_GIC_VERSION:
        *value = vmm_fake.gic_version;
        break;
    case BH_VCPU_ID_AA64MMFR0:
        *value = VMM_FAKE_MMFR0;
        break;
    case BH_VCPU_ABORTS:
        *value = vmm_fake.aborts[index];
        break;
    default:
        *value = 1UL << 31 | index;
        break;
    }
    return BH_OK;
}

enum bh_error sys_vcpu_get_x(uint32_t id, uint64_t *x, uint32_t count)
{
    uint32_t index;

    if (!vmm_fake_index(id, &index) || count > 31) {
        vmm_fake.wrong++;
        return BH_ERR_CHILD;
    }
    memcpy(x, vmm_fake.x[index], count * sizeof(x[0]));
    return BH_OK;
}

enum bh_error sys_vcpu_set_x(uint32_t id, const uint64_t *x, uint32_t count)
{
    uint32_t index;

    if (!vmm_fake_index(id, &index) || count > 31) {
        vmm_fake.wrong++;
        return BH_ERR_CHILD;
    }
    memcpy(vmm_fake.x[index], x, count * sizeof(x[0]));
    return BH_OK;
}

enum bh_error sys_vcpu_enter(uint32_t id, uint64_t pc)
{
    uint32_t index;

    if (!vmm_fake_index(id, &index) || !vmm_fake.running[index]) {
        vmm_fake.wrong++;
        return BH_ERR_STATE;
    }
    vmm_fake.pc[index] = pc;
    vmm_fake.entered++;
    return BH_OK;
}

bool sys_seed(uint8_t seed[32])
{
    bool has = vmm_fake.has_seed;

    memcpy(seed, vmm_fake.seed, 32);
    vmm_fake.has_seed = false;
    return has;
}

void sys_smc(uint64_t x[8])
{
    vmm_fake.smcs++;
    for (uint32_t i = 0; i < 8; i++) {
        vmm_fake.smc[i] = x[i];
        x[i]++;
    }
}

/** The 32 bits of a field that `first` means, or NULL. */
static uint32_t *vmm_fake_bits(uint32_t index, enum bh_virq_field field, uint32_t first)
{
    if (field > BH_VIRQ_NOTICE || first % 32 != 0 || first >= BH_VIRQ_COUNT) {
        return NULL;
    }
    return first == 0 ? &vmm_fake.own[field][index] : &vmm_fake.shared[field][first / 32];
}

static uint8_t *vmm_fake_priorities(uint32_t index, uint32_t first)
{
    if (first % 4 != 0 || first >= BH_VIRQ_COUNT) {
        return NULL;
    }
    return first < 32 ? &vmm_fake.own_priority[index][first] : &vmm_fake.priority[first];
}

enum bh_error sys_virq_set(uint32_t id, enum bh_virq_field field, uint32_t first, uint32_t mask,
                           uint64_t value)
{
    uint32_t index;
    uint32_t target;
    uint32_t *bits;
    uint8_t *priorities;

    if (!vmm_fake_vcpu(id, &index)) {
        return BH_ERR_CHILD;
    }
    bits = vmm_fake_bits(index, field, first);
    priorities = field == BH_VIRQ_PRIORITY ? vmm_fake_priorities(index, first) : NULL;
    if (bits != NULL) {
        *bits = (*bits & ~mask) | ((uint32_t)value & mask);
    } else if (priorities != NULL) {
        for (uint32_t n = 0; n < 4; n++) {
            priorities[n] = (uint8_t)(value >> (8 * n));
        }
    } else if (field == BH_VIRQ_TARGET && first >= 32 && first < BH_VIRQ_COUNT &&
               vmm_fake_index((uint32_t)value, &target)) {
        vmm_fake.target[first] = target;
    } else if (field == BH_VIRQ_LINK && first >= 32 && first < BH_VIRQ_COUNT) {
        vmm_fake.link[first] = value + 1;
    } else {
        vmm_fake.wrong++;
        return BH_ERR_ARGUMENT;
    }
    return BH_OK;
}

enum bh_error sys_virq_get(uint32_t id, enum bh_virq_field field, uint32_t first, uint32_t *value)
{
    uint32_t index;
    const uint32_t *bits;
    const uint8_t *priorities;

    if (!vmm_fake_vcpu(id, &index)) {
        return BH_ERR_CHILD;
    }
    bits = vmm_fake_bits(index, field, first);
    priorities = field == BH_VIRQ_PRIORITY ? vmm_fake_priorities(index, first) : NULL;
    if (bits != NULL) {
        *value = *bits;
    } else if (priorities != NULL) {
        *value = (uint32_t)priorities[0] | (uint32_t)priorities[1] << 8 |
                 (uint32_t)priorities[2] << 16 | (uint32_t)priorities[3] << 24;
    } else {
        vmm_fake.wrong++;
        return BH_ERR_ARGUMENT;
    }
    return BH_OK;
}

enum bh_error sys_virq_raise(uint32_t id, uint32_t intid)
{
    uint32_t bit = 1u << intid % 32;

    return sys_virq_set(id, BH_VIRQ_PENDING, intid / 32 * 32, bit, bit);
}

void sys_clean(const void *start, size_t bytes)
{
    (void)start;
    vmm_fake.cleaned += bytes;
}

void sys_report(uint32_t id, enum bh_report_kind kind, uint64_t number)
{
    uint32_t index;

    if (!vmm_fake_vcpu(id, &index)) {
        return;
    }
    vmm_fake.reports++;
    vmm_fake.report[0] = index;
    vmm_fake.report[1] = (uint64_t)kind;
    vmm_fake.report[2] = number;
}

void sys_notify(uint32_t channel)
{
    if (channel >= BH_MAX_CHANNELS) {
        vmm_fake.wrong++;
        return;
    }
    vmm_fake.notified |= 1UL << channel;
    vmm_fake.notifies++;
}

void sys_notify_later(uint32_t channel)
{
    sys_notify(channel);
}

bool sys_call(uint32_t channel, uint64_t label, uint64_t *word)
{
    if (channel >= BH_MAX_CHANNELS || vmm_fake.call == NULL) {
        vmm_fake.wrong++;
        return false;
    }
    return vmm_fake.call(channel, label, word);
}

enum bh_error sys_device_raise(uint32_t channel, uint32_t bits)
{
    if (channel >= BH_MAX_CHANNELS || vmm_fake.status[channel] == NULL) {
        vmm_fake.wrong++;
        return BH_ERR_CHANNEL;
    }
    __atomic_fetch_or(vmm_fake.status[channel], bits, __ATOMIC_ACQ_REL);
    vmm_fake.device_raises++;
    vmm_fake.device[0] = channel;
    vmm_fake.device[1] = bits;
    return BH_OK;
}

void sys_print(const char *text)
{
    size_t used = strlen(vmm_fake.printed);

    strncat(vmm_fake.printed, text, sizeof(vmm_fake.printed) - used - 1);
}
