/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Kernels, bases of the device tree and settings of any contents. The first byte says which. What
 * is accepted is right: images lie in RAM and do not overlap, a device tree has what the VMM is
 * responsible for, and once.
 */
#include <libfdt.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <bulkhead/abi.h>

#include "dtb.h"
#include "loader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

#define RAM_GPA 0x40000000UL
#define RAM_BYTES 0x4000000UL
#define VCPUS 3
#define ROOM 0x4000u

static void require(bool holds)
{
    if (!holds) {
        abort();
    }
}

static void place(const struct loader_image *header, uint64_t initrd)
{
    const struct loader_ram ram = { NULL, RAM_GPA, RAM_BYTES };
    struct loader_layout at;

    if (loader_place(&ram, header, initrd, &at) == LOADER_OK) {
        uint64_t end = initrd == 0 ? at.dtb + LOADER_MAX_DTB : at.initrd_end;

        require(at.kernel >= RAM_GPA && at.kernel < at.kernel_end);
        require(at.dtb >= at.kernel_end && end <= RAM_GPA + RAM_BYTES);
        require(initrd == 0 || at.initrd >= at.dtb + LOADER_MAX_DTB);
    }
}

static void kernel(const uint8_t *data, size_t bytes)
{
    struct loader_image header;
    uint64_t initrd = 0;

    if (loader_check(data, bytes, &header) == LOADER_OK) {
        require(header.memory_bytes >= bytes);
        memcpy(&initrd, data + 32, sizeof(initrd));
        place(&header, initrd);
        place(&header, initrd % RAM_BYTES);
    }
}

/** The number of nodes but the root that are `compatible`; `last` is one of them. */
static unsigned count(const void *fdt, const char *compatible, int *last)
{
    unsigned found = 0;

    for (int node = fdt_node_offset_by_compatible(fdt, 0, compatible); node >= 0;
         node = fdt_node_offset_by_compatible(fdt, node, compatible)) {
        *last = node;
        found++;
    }
    return found;
}

static void check_tree(const struct dtb_machine *machine, const void *fdt, size_t bytes)
{
    int node = -1;
    unsigned cpus = 0;

    require(fdt_check_full(fdt, bytes) == 0);
    require(count(fdt, machine->gic_version == 2 ? "arm,cortex-a15-gic" : "arm,gic-v3", &node) ==
            1);
    require(count(fdt, machine->gic_version == 2 ? "arm,gic-v3" : "arm,cortex-a15-gic", &node) ==
            0);
    require(fdt_node_offset_by_phandle(fdt, fdt_get_phandle(fdt, node)) == node);
    require(count(fdt, "arm,psci-1.0", &node) == 1 && count(fdt, "arm,psci-0.2", &node) == 1);
    require(count(fdt, "arm,armv8-timer", &node) == 1);
    require(fdt_path_offset(fdt, "/serial@9100000") >= 0);
    require(fdt_path_offset(fdt, "/virtio_mmio@a010000") >= 0);
    node = fdt_node_offset_by_prop_value(fdt, 0, "device_type", "memory", sizeof("memory"));
    require(node >= 0 && strcmp(fdt_get_name(fdt, node, NULL), "memory@40000000") == 0);
    require(fdt_node_offset_by_prop_value(fdt, node, "device_type", "memory", sizeof("memory")) <
            0);
    fdt_for_each_subnode(node, fdt, fdt_path_offset(fdt, "/cpus"))
    {
        cpus++;
    }
    require(cpus == VCPUS);
}

static void tree(const uint8_t *data, size_t bytes, uint32_t version)
{
    static const struct config_virtio virtio = { "console", 0xa010000, 80, 7 };
    static _Alignas(8) uint8_t room[ROOM + 8];
    uint8_t *base = aligned_alloc(8, (bytes + 7) / 8 * 8);
    const struct dtb_machine machine = {
        .base = base,
        .base_bytes = bytes,
        .name = "f",
        .bootargs = "x",
        .ram_gpa = RAM_GPA,
        .ram_bytes = RAM_BYTES,
        .vcpus = VCPUS,
        .gic_version = version,
        .gicd = 0x8000000,
        .gic_interface = 0x80a0000,
        .uart = true,
        .uart_address = 0x9100000,
        .uart_intid = 100,
        .virtio = &virtio,
        .virtio_count = 1,
    };
    size_t made = 0;

    require(base != NULL);
    memcpy(base, data, bytes);
    memset(room, 0xee, sizeof(room));
    if (dtb_build(&machine, room, ROOM, &made) == DTB_OK) {
        require(made <= ROOM);
        check_tree(&machine, room, made);
    }
    require(room[ROOM] == 0xee);
    free(base);
}

static void settings(const char *text, size_t bytes)
{
    static struct config config;

    if (config_parse(text, bytes, &config) == 0) {
        require(memchr(config.name, '\0', sizeof(config.name)) != NULL);
        require(memchr(config.bootargs, '\0', sizeof(config.bootargs)) != NULL);
        require(config.irqs_count <= CONFIG_MAX_IRQS);
        for (uint32_t i = 0; i < config.irqs_count; i++) {
            require(config.irqs[i].intid >= 32 && config.irqs[i].intid < BH_VIRQ_COUNT);
            require(config.irqs[i].channel < BH_MAX_CHANNELS);
        }
        require(config.virtio_count <= CONFIG_MAX_VIRTIO && config.smc_count <= CONFIG_MAX_SMC);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    if (bytes < 2) {
        return 0;
    }
    switch (data[0] & 3) {
    case 0:
        kernel(data + 1, bytes - 1);
        break;
    case 1:
        settings((const char *)data + 1, bytes - 1);
        break;
    default:
        tree(data + 1, bytes - 1, data[0] & 3);
        break;
    }
    return 0;
}
