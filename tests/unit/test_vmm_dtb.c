/* SPDX-License-Identifier: BSD-2-Clause */
/* The guest's device tree as it is made. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include <libfdt.h>

#include "dtb_rig.h"

static void each_machine(void **state)
{
    (void)state;
    for (uint32_t version = 2; version <= 3; version++) {
        for (uint32_t vcpus = 1; vcpus <= 8; vcpus++) {
            uint32_t mask = version == 2 ? ((1u << vcpus) - 1) << 8 | 4 : 4;
            int cpu;

            dtb_rig_full(vcpus, version);
            dtb_rig_build();
            cpu = fdt_first_subnode(dtb_rig_tree, dtb_rig_node("/cpus"));
            for (uint32_t i = 0; i < vcpus; i++) {
                char name[16];

                assert_true(cpu >= 0);
                snprintf(name, sizeof(name), "cpu@%u", i);
                assert_string_equal(fdt_get_name(dtb_rig_tree, cpu, NULL), name);
                assert_int_equal(fdt32_ld(fdt_getprop(dtb_rig_tree, cpu, "reg", NULL)), i);
                assert_string_equal(fdt_getprop(dtb_rig_tree, cpu, "enable-method", NULL), "psci");
                assert_string_equal(fdt_getprop(dtb_rig_tree, cpu, "device_type", NULL), "cpu");
                cpu = fdt_next_subnode(dtb_rig_tree, cpu);
            }
            assert_true(cpu < 0);
            DTB_RIG_HAS_CELLS("/armv8-timer", "interrupts", 1, 13, mask, 1, 14, mask, 1, 11, mask,
                              1, 10, mask);
            if (version == 2) {
                dtb_rig_has_string("/interrupt-controller@8000000", "compatible",
                                   "arm,cortex-a15-gic");
                DTB_RIG_HAS_CELLS("/interrupt-controller@8000000", "reg", 0, 0x8000000, 0, 0x10000,
                                  0, 0x8010000, 0, 0x2000);
            } else {
                dtb_rig_has_string("/interrupt-controller@8000000", "compatible", "arm,gic-v3");
                DTB_RIG_HAS_CELLS("/interrupt-controller@8000000", "reg", 0, 0x8000000, 0, 0x10000,
                                  0, 0x80a0000, 0, 0x20000 * vcpus);
            }
            DTB_RIG_HAS_CELLS("/interrupt-controller@8000000", "#interrupt-cells", 3);
            DTB_RIG_HAS_CELLS("/", "interrupt-parent", dtb_rig_gic_phandle());
        }
    }
}

static void each_part(void **state)
{
    (void)state;
    dtb_rig_full(2, 3);
    dtb_rig_build();
    DTB_RIG_HAS_CELLS("/", "#address-cells", 2);
    DTB_RIG_HAS_CELLS("/", "#size-cells", 2);
    dtb_rig_has_string("/", "model", "left");
    dtb_rig_has_string("/memory@40000000", "device_type", "memory");
    DTB_RIG_HAS_CELLS("/memory@40000000", "reg", 0, DTB_RIG_RAM_GPA, 0, DTB_RIG_RAM_BYTES);
    dtb_rig_has_string("/psci", "method", "hvc");
    assert_int_equal(fdt_node_check_compatible(dtb_rig_tree, dtb_rig_node("/psci"), "arm,psci-1.0"),
                     0);
    dtb_rig_has_string("/serial@9100000", "compatible", "arm,sbsa-uart");
    DTB_RIG_HAS_CELLS("/serial@9100000", "reg", 0, 0x9100000, 0, 0x1000);
    DTB_RIG_HAS_CELLS("/serial@9100000", "interrupts", 0, 100 - 32, 4);
    DTB_RIG_HAS_CELLS("/serial@9100000", "current-speed", 115200);
    dtb_rig_has_string("/virtio_mmio@a010000", "compatible", "virtio,mmio");
    DTB_RIG_HAS_CELLS("/virtio_mmio@a020000", "reg", 0, 0xa020000, 0, 0x1000);
    DTB_RIG_HAS_CELLS("/virtio_mmio@a020000", "interrupts", 0, 81 - 32, 1);
    dtb_rig_has_string("/chosen", "bootargs", "console=ttyAMA0 x");
    dtb_rig_has_string("/chosen", "stdout-path", "/serial@9100000");
    DTB_RIG_HAS_CELLS("/chosen", "linux,initrd-start", 0, DTB_RIG_RAM_GPA + 0x400000);
    DTB_RIG_HAS_CELLS("/chosen", "linux,initrd-end", 0, DTB_RIG_RAM_GPA + 0x400123);
    assert_memory_equal(dtb_rig_property("/chosen", "kaslr-seed", 8), "kaslrkey", 8);
    assert_memory_equal(dtb_rig_property("/chosen", "rng-seed", 32), dtb_rig_seeds.rng, 32);
}

static void without_parts(void **state)
{
    static const char *const absent[] = { "bootargs",         "stdout-path", "linux,initrd-start",
                                          "linux,initrd-end", "kaslr-seed",  "rng-seed" };

    (void)state;
    dtb_rig_plain(1, 2);
    dtb_rig_build();
    for (size_t i = 0; i < sizeof(absent) / sizeof(absent[0]); i++) {
        assert_null(fdt_getprop(dtb_rig_tree, dtb_rig_node("/chosen"), absent[i], NULL));
    }
    assert_int_equal(fdt_node_offset_by_compatible(dtb_rig_tree, -1, "virtio,mmio"),
                     -FDT_ERR_NOTFOUND);
    assert_int_equal(fdt_node_offset_by_compatible(dtb_rig_tree, -1, "arm,sbsa-uart"),
                     -FDT_ERR_NOTFOUND);
    assert_false(dtb_rig_there("/serial@9100000"));
}

/** A tree is written whole or not at all. */
static void room(void **state)
{
    size_t bytes = 0;
    size_t enough = 0;

    (void)state;
    dtb_rig_full(8, 3);
    dtb_rig_build();
    for (size_t given = 0; given <= 4096 && enough == 0; given += 8) {
        memset(dtb_rig_tree, 0xee, sizeof(dtb_rig_tree));
        enum dtb_error error = dtb_build(&dtb_rig_machine, dtb_rig_tree, given, &bytes);

        assert_true(error == DTB_OK || error == DTB_ERR_ROOM);
        assert_int_equal(dtb_rig_tree[given], 0xee);
        enough = error == DTB_OK ? given : 0;
        assert_true(error != DTB_OK || bytes <= given);
    }
    assert_true(enough > 1000);
}

static void usual(void **state)
{
    (void)state;
    for (uint32_t version = 2; version <= 3; version++) {
        dtb_rig_plain(1, version);
        dtb_rig_build();
        dtb_rig_dtc_is_content();
        dtb_rig_full(8, version);
        dtb_rig_build();
        dtb_rig_dtc_is_content();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_machine),  cmocka_unit_test(each_part),
        cmocka_unit_test(without_parts), cmocka_unit_test(room),
        cmocka_unit_test(usual),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
