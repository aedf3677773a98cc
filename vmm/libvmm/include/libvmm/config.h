/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The start of the settings that sdfgen writes for a VMM, which are put into the program's section
 * .vmm_config. Bulkhead's own tool writes none: this is for systems that are described with sdfgen.
 */
#ifndef LIBVMM_CONFIG_H
#define LIBVMM_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#define VMM_MAGIC_LEN 3
#define VMM_MAX_IRQS 32
#define VMM_MAX_VCPUS 32

/** An interrupt that is passed through: the VMM's channel, and its number. */
typedef struct vmm_config_irq {
    uint8_t id;
    uint32_t irq;
} vmm_config_irq_t;

typedef struct vmm_config_vcpu {
    uint8_t id;
} vmm_config_vcpu_t;

typedef struct vmm_config {
    char magic[VMM_MAGIC_LEN];
    uint64_t ram;
    uint64_t ram_size;
    uint64_t dtb;
    uint64_t initrd;
    uint8_t num_irqs;
    vmm_config_irq_t irqs[VMM_MAX_IRQS];
    uint8_t num_vcpus;
    vmm_config_vcpu_t vcpus[VMM_MAX_VCPUS];
    /** virtIO devices and UIO regions, in an order that each version of sdfgen has its own of. */
    uint8_t rest[4096];
} vmm_config_t;

/** The interrupt of channel `id`, or -1. */
static inline int vmm_config_irq_from_id(vmm_config_t *config, uint8_t id)
{
    for (int i = 0; i < config->num_irqs && i < VMM_MAX_IRQS; i++) {
        if (config->irqs[i].id == id) {
            return (int)config->irqs[i].irq;
        }
    }
    return -1;
}

/** Whether the settings begin as they should. */
static inline bool vmm_config_check_magic(void *config)
{
    const char *magic = (const char *)config;

    return magic[0] == 'v' && magic[1] == 'm' && magic[2] == 'm';
}

#endif
