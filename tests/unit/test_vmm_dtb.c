/* SPDX-License-Identifier: BSD-2-Clause */
/* The guest's device tree: what is made, what a base keeps, and bases that are none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <libfdt.h>

#include "dtb.h"

#define RAM_GPA 0x40000000UL
#define RAM_BYTES 0x10000000UL
#define ROOM 0x8000u

static _Alignas(8) uint8_t tree[ROOM];
static struct dtb_machine machine;
static const struct dtb_seeds seeds = { "kaslrkey", "thirty-two bytes of random bytes" };
static const struct config_virtio virtio[] = {
    { "console", 0xa010000, 80, 7 },
    { "rng", 0xa020000, 81, 8 },
};

/** The plainest machine. */
static void plain(uint32_t vcpus, uint32_t version)
{
    machine = (struct dtb_machine){
        .name = "left",
        .bootargs = "",
        .ram_gpa = RAM_GPA,
        .ram_bytes = RAM_BYTES,
        .vcpus = vcpus,
        .gic_version = version,
        .gicd = 0x8000000,
        .gic_interface = version == 2 ? 0x8010000 : 0x80a0000,
    };
}

/** With everything that it can have. */
static void full(uint32_t vcpus, uint32_t version)
{
    plain(vcpus, version);
    machine.bootargs = "console=ttyAMA0 x";
    machine.uart = true;
    machine.uart_address = 0x9100000;
    machine.uart_intid = 100;
    machine.virtio = virtio;
    machine.virtio_count = 2;
    machine.initrd = RAM_GPA + 0x400000;
    machine.initrd_end = RAM_GPA + 0x400123;
    machine.seeds = &seeds;
}

static void build(void)
{
    size_t bytes = 0;

    assert_int_equal(dtb_build(&machine, tree, sizeof(tree), &bytes), DTB_OK);
    assert_int_equal(fdt_check_full(tree, bytes), 0);
    assert_int_equal(fdt_totalsize(tree), bytes);
}

static int node(const char *path)
{
    int offset = fdt_path_offset(tree, path);

    if (offset < 0) {
        fail_msg("there is no %s", path);
    }
    return offset;
}

static bool there(const char *path)
{
    return fdt_path_offset(tree, path) >= 0;
}

static const void *property(const char *path, const char *name, int bytes)
{
    int found = 0;
    const void *value = fdt_getprop(tree, node(path), name, &found);

    if (value == NULL || found != bytes) {
        fail_msg("%s has no %s of %d bytes", path, name, bytes);
    }
    return value;
}

static void has_string(const char *path, const char *name, const char *value)
{
    assert_string_equal(property(path, name, (int)strlen(value) + 1), value);
}

static void has_cells(const char *path, const char *name, const uint32_t *cells, size_t count)
{
    const fdt32_t *value = property(path, name, (int)(count * sizeof(*value)));

    for (size_t i = 0; i < count; i++) {
        assert_int_equal(fdt32_ld(value + i), cells[i]);
    }
}

#define HAS_CELLS(path, name, ...)                           \
    has_cells(path, name, (const uint32_t[]){ __VA_ARGS__ }, \
              sizeof((const uint32_t[]){ __VA_ARGS__ }) / sizeof(uint32_t))

static uint32_t gic_phandle(void)
{
    const fdt32_t *value = property("/interrupt-controller@8000000", "phandle", 4);

    return fdt32_ld(value);
}

static void each_machine(void **state)
{
    (void)state;
    for (uint32_t version = 2; version <= 3; version++) {
        for (uint32_t vcpus = 1; vcpus <= 8; vcpus++) {
            uint32_t mask = version == 2 ? ((1u << vcpus) - 1) << 8 | 4 : 4;
            int cpu;

            full(vcpus, version);
            build();
            cpu = fdt_first_subnode(tree, node("/cpus"));
            for (uint32_t i = 0; i < vcpus; i++) {
                char name[16];

                assert_true(cpu >= 0);
                snprintf(name, sizeof(name), "cpu@%u", i);
                assert_string_equal(fdt_get_name(tree, cpu, NULL), name);
                assert_int_equal(fdt32_ld(fdt_getprop(tree, cpu, "reg", NULL)), i);
                assert_string_equal(fdt_getprop(tree, cpu, "enable-method", NULL), "psci");
                assert_string_equal(fdt_getprop(tree, cpu, "device_type", NULL), "cpu");
                cpu = fdt_next_subnode(tree, cpu);
            }
            assert_true(cpu < 0);
            HAS_CELLS("/armv8-timer", "interrupts", 1, 13, mask, 1, 14, mask, 1, 11, mask, 1, 10,
                      mask);
            if (version == 2) {
                has_string("/interrupt-controller@8000000", "compatible", "arm,cortex-a15-gic");
                HAS_CELLS("/interrupt-controller@8000000", "reg", 0, 0x8000000, 0, 0x10000, 0,
                          0x8010000, 0, 0x2000);
            } else {
                has_string("/interrupt-controller@8000000", "compatible", "arm,gic-v3");
                HAS_CELLS("/interrupt-controller@8000000", "reg", 0, 0x8000000, 0, 0x10000, 0,
                          0x80a0000, 0, 0x20000 * vcpus);
            }
            HAS_CELLS("/interrupt-controller@8000000", "#interrupt-cells", 3);
            HAS_CELLS("/", "interrupt-parent", gic_phandle());
        }
    }
}

static void each_part(void **state)
{
    (void)state;
    full(2, 3);
    build();
    HAS_CELLS("/", "#address-cells", 2);
    HAS_CELLS("/", "#size-cells", 2);
    has_string("/", "model", "left");
    has_string("/memory@40000000", "device_type", "memory");
    HAS_CELLS("/memory@40000000", "reg", 0, RAM_GPA, 0, RAM_BYTES);
    has_string("/psci", "method", "hvc");
    assert_int_equal(fdt_node_check_compatible(tree, node("/psci"), "arm,psci-1.0"), 0);
    has_string("/serial@9100000", "compatible", "arm,sbsa-uart");
    HAS_CELLS("/serial@9100000", "reg", 0, 0x9100000, 0, 0x1000);
    HAS_CELLS("/serial@9100000", "interrupts", 0, 100 - 32, 4);
    HAS_CELLS("/serial@9100000", "current-speed", 115200);
    has_string("/virtio_mmio@a010000", "compatible", "virtio,mmio");
    HAS_CELLS("/virtio_mmio@a020000", "reg", 0, 0xa020000, 0, 0x1000);
    HAS_CELLS("/virtio_mmio@a020000", "interrupts", 0, 81 - 32, 1);
    has_string("/chosen", "bootargs", "console=ttyAMA0 x");
    has_string("/chosen", "stdout-path", "/serial@9100000");
    HAS_CELLS("/chosen", "linux,initrd-start", 0, RAM_GPA + 0x400000);
    HAS_CELLS("/chosen", "linux,initrd-end", 0, RAM_GPA + 0x400123);
    assert_memory_equal(property("/chosen", "kaslr-seed", 8), "kaslrkey", 8);
    assert_memory_equal(property("/chosen", "rng-seed", 32), seeds.rng, 32);
}

static void without_parts(void **state)
{
    static const char *const absent[] = { "bootargs",         "stdout-path", "linux,initrd-start",
                                          "linux,initrd-end", "kaslr-seed",  "rng-seed" };

    (void)state;
    plain(1, 2);
    build();
    for (size_t i = 0; i < sizeof(absent) / sizeof(absent[0]); i++) {
        assert_null(fdt_getprop(tree, node("/chosen"), absent[i], NULL));
    }
    assert_int_equal(fdt_node_offset_by_compatible(tree, -1, "virtio,mmio"), -FDT_ERR_NOTFOUND);
    assert_int_equal(fdt_node_offset_by_compatible(tree, -1, "arm,sbsa-uart"), -FDT_ERR_NOTFOUND);
    assert_false(there("/serial@9100000"));
}

/** A tree is written whole or not at all. */
static void room(void **state)
{
    size_t bytes = 0;
    size_t enough = 0;

    (void)state;
    full(8, 3);
    build();
    for (size_t given = 0; given <= 4096 && enough == 0; given += 8) {
        memset(tree, 0xee, sizeof(tree));
        enum dtb_error error = dtb_build(&machine, tree, given, &bytes);

        assert_true(error == DTB_OK || error == DTB_ERR_ROOM);
        assert_int_equal(tree[given], 0xee);
        enough = error == DTB_OK ? given : 0;
        assert_true(error != DTB_OK || bytes <= given);
    }
    assert_true(enough > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_machine),
        cmocka_unit_test(each_part),
        cmocka_unit_test(without_parts),
        cmocka_unit_test(room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
