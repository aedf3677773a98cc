/* SPDX-License-Identifier: BSD-2-Clause */
/* The kernel as the VMM sees it, for tests: it keeps what it is told, and checks arguments. */
#ifndef VMM_FAKE_H
#define VMM_FAKE_H

#include <bulkhead/abi.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VMM_FAKE_FIELDS (BH_VIRQ_LINK + 1)

/** ID_AA64MMFR0_EL1 of a Cortex-A53: pages of 4 and 64 KiB. */
#define VMM_FAKE_MMFR0 0x1122UL

struct vmm_fake {
    uint32_t vcpus; /* ids are 10, 11, ... */
    uint64_t gic_version;
    uint64_t aborts[BH_MAX_VCPUS];
    bool running[BH_MAX_VCPUS];
    uint64_t pc[BH_MAX_VCPUS];
    uint64_t x0[BH_MAX_VCPUS];
    uint32_t starts;
    uint32_t resumes;             /* calls of sys_vcpu_resume() */
    uint64_t x[BH_MAX_VCPUS][31]; /* as sys_vcpu_set_x() left them */
    uint32_t entered;             /* calls of sys_vcpu_enter() */
    uint32_t own[VMM_FAKE_FIELDS][BH_MAX_VCPUS];
    uint32_t shared[VMM_FAKE_FIELDS][BH_VIRQ_COUNT / 32];
    uint8_t own_priority[BH_MAX_VCPUS][32];
    uint8_t priority[BH_VIRQ_COUNT];
    uint32_t target[BH_VIRQ_COUNT];
    uint64_t link[BH_VIRQ_COUNT]; /* channel + 1; 0: none */
    uint32_t wrong;               /* calls that the kernel would refuse */
    size_t cleaned;               /* bytes */
    bool has_seed;                /* sys_seed() gives `seed`, once */
    uint8_t seed[32];
    uint32_t smcs;   /* calls of firmware; each answers with its arguments plus one */
    uint64_t smc[8]; /* arguments of the last */
    uint32_t reports;
    uint64_t report[3]; /* the last one: vCPU, kind, number */
    uint64_t notified;  /* channels, by sys_notify() */
    uint32_t notifies;
    uint32_t device_raises;
    uint32_t device[2];                         /* the last sys_device_raise(): channel, bits */
    volatile uint32_t *status[BH_MAX_CHANNELS]; /* interrupt status words, by channel */
    bool (*call)(uint32_t channel, uint64_t label, uint64_t *word); /* who answers sys_call() */
    char printed[4096];
};

extern struct vmm_fake vmm_fake;

/** Child id of the vCPU with that index. */
#define VMM_FAKE_ID(index) (10u + (index))

/** Begin anew with `vcpus` vCPUs and an interrupt controller of `version`. */
void vmm_fake_reset(uint32_t vcpus, uint64_t version);

/**
 * The register page of `channel`, which is mapped at its guest-physical address. It is zeroed, and
 * sys_device_raise() sets its interrupt status.
 */
volatile uint32_t *vmm_fake_page(uint64_t address, uint32_t channel);

#endif
