/* SPDX-License-Identifier: BSD-2-Clause */
#include "virtio_mapped.h"

static uint32_t mapped_load(void *context, uint32_t offset)
{
    uint32_t value = *(volatile uint32_t *)((uintptr_t)context + offset);

    __asm__ volatile("dmb oshld" : : : "memory");
    return value;
}

static uint16_t mapped_load16(void *context, uint32_t offset)
{
    uint16_t value = *(volatile uint16_t *)((uintptr_t)context + offset);

    __asm__ volatile("dmb oshld" : : : "memory");
    return value;
}

static void mapped_store(void *context, uint32_t offset, uint32_t value)
{
    __asm__ volatile("dmb oshst" : : : "memory");
    *(volatile uint32_t *)((uintptr_t)context + offset) = value;
}

struct virtio_device virtio_mapped(uintptr_t address)
{
    return (struct virtio_device){ (void *)address, mapped_load, mapped_load16, mapped_store };
}
