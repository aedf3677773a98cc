/* SPDX-License-Identifier: BSD-2-Clause */
/* The guest's device tree when a base is given: what that keeps, and bases that are none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include <libfdt.h>

#include "dtb_rig.h"

static _Alignas(8) uint8_t base[DTB_RIG_ROOM];

/** Give the machine a base that the compiler of device trees makes of `source`. */
static void give(const char *source)
{
    char path[] = "test_vmm_dtb.XXXXXX";
    char command[256];
    int file = mkstemp(path);
    FILE *pipe;

    assert_true(file >= 0);
    snprintf(command, sizeof(command), "dtc -q -I dts -O dtb -o %s -", path);
    pipe = popen(command, "w");
    assert_non_null(pipe);
    fputs(source, pipe);
    assert_int_equal(pclose(pipe), 0);
    ssize_t bytes = read(file, base, sizeof(base));
    assert_true(bytes > 0 && bytes < (ssize_t)sizeof(base));
    close(file);
    unlink(path);
    dtb_rig_machine.base = base;
    dtb_rig_machine.base_bytes = (size_t)bytes;
}

#define BOARD                                                                                      \
    "/dts-v1/; /memreserve/ 0x4f000000 0x1000; / { #address-cells = <2>; #size-cells = <2>;"       \
    "interrupt-parent = <&gic>; compatible = \"acme,board\"; model = \"Board\";"                   \
    "chosen { stdout-path = \"/soc/pl011@9000000\"; bootargs = \"given\"; acme,knob = <7>;"        \
    "  linux,initrd-start = <1>; linux,initrd-end = <2>; kaslr-seed = <1 2>; rng-seed = <3>; };"   \
    "memory@80000000 { device_type = \"memory\"; reg = <0 0x80000000 0 0x1000000>; };"             \
    "memory@90000000 { device_type = \"memory\"; reg = <0 0x90000000 0 0x1000000>; };"             \
    "cpus { #address-cells = <1>; #size-cells = <0>; cpu@100 { device_type = \"cpu\";"             \
    "  compatible = \"arm,cortex-a53\"; reg = <0x100>; enable-method = \"spin-table\"; }; };"      \
    "psci { compatible = \"arm,psci-0.2\"; method = \"smc\"; };"                                   \
    "timer { compatible = \"arm,armv8-timer\"; interrupts = <1 1 1>; };"                           \
    "timer@9030000 { compatible = \"acme,timer\"; reg = <0 0x9030000 0 0x1000>; };"                \
    "clk: clk24 { compatible = \"fixed-clock\"; #clock-cells = <0>;"                               \
    "  clock-frequency = <24000000>; };"                                                           \
    "serial@9100000 { compatible = \"acme,old\"; reg = <0 0x9100000 0 0x1000>; };"                 \
    "virtio_mmio@a000000 { compatible = \"virtio,mmio\"; reg = <0 0xa000000 0 0x200>;"             \
    "  interrupts = <0 16 1>; };"                                                                  \
    "soc { #address-cells = <2>; #size-cells = <2>; ranges; compatible = \"simple-bus\";"          \
    "  gic: interrupt-controller@2c000000 { compatible = \"arm,gic-400\"; #interrupt-cells = <3>;" \
    "    interrupt-controller; #address-cells = <2>; #size-cells = <2>; ranges;"                   \
    "    reg = <0 0x2c000000 0 0x1000>, <0 0x2c010000 0 0x2000>;"                                  \
    "    v2m@2c020000 { reg = <0 0x2c020000 0 0x1000>; msi-controller; }; };"                      \
    "  pl011@9000000 { compatible = \"arm,pl011\", \"arm,primecell\"; interrupts = <0 1 4>;"       \
    "    reg = <0 0x9000000 0 0x1000>; clocks = <&clk>, <&clk>;"                                   \
    "    clock-names = \"uartclk\", \"apb_pclk\"; }; }; };"

/** What the VMM makes replaces its kind, wherever that was; the rest stays as it was. */
static void base_is_completed(void **state)
{
    static const char *const gone[] = {
        "/memory@80000000",
        "/memory@90000000",
        "/cpus/cpu@100",

        "/soc/interrupt-controller@2c000000",
    };
    static const char *const stale[] = { "linux,initrd-start", "linux,initrd-end", "kaslr-seed",
                                         "rng-seed" };
    uint32_t clock;

    (void)state;
    for (uint32_t version = 2; version <= 3; version++) {
        dtb_rig_plain(2, version);
        give(BOARD);
        dtb_rig_build();
        dtb_rig_dtc_is_content();
        for (size_t i = 0; i < sizeof(gone) / sizeof(gone[0]); i++) {
            assert_false(dtb_rig_there(gone[i]));
        }
        for (size_t i = 0; i < sizeof(stale) / sizeof(stale[0]); i++) {
            assert_null(fdt_getprop(dtb_rig_tree, dtb_rig_node("/chosen"), stale[i], NULL));
        }
        assert_int_equal(fdt_num_mem_rsv(dtb_rig_tree), 1);
        dtb_rig_has_string("/", "model", "Board");
        dtb_rig_has_string("/", "compatible", "acme,board");
        dtb_rig_has_string("/chosen", "bootargs", "given");
        dtb_rig_has_string("/chosen", "stdout-path", "/soc/pl011@9000000");
        DTB_RIG_HAS_CELLS("/chosen", "acme,knob", 7);
        dtb_rig_has_string("/psci", "method", "hvc");
        dtb_rig_has_string("/timer@9030000", "compatible", "acme,timer");
        assert_int_equal(fdt_node_offset_by_compatible(dtb_rig_tree, dtb_rig_node("/armv8-timer"),
                                                       "arm,armv8-timer"),
                         -FDT_ERR_NOTFOUND);
        DTB_RIG_HAS_CELLS("/virtio_mmio@a000000", "interrupts", 0, 16, 1);
        DTB_RIG_HAS_CELLS("/soc/pl011@9000000", "interrupts", 0, 1, 4);
        clock = fdt_get_phandle(dtb_rig_tree, dtb_rig_node("/clk24"));
        DTB_RIG_HAS_CELLS("/soc/pl011@9000000", "clocks", clock, clock);
        /* The new controller is the one that the devices' interrupts go to. */
        assert_int_not_equal(dtb_rig_gic_phandle(), 0);
        DTB_RIG_HAS_CELLS("/", "interrupt-parent", dtb_rig_gic_phandle());
        assert_int_equal(fdt_node_offset_by_phandle(dtb_rig_tree, dtb_rig_gic_phandle()),
                         dtb_rig_node("/interrupt-controller@8000000"));
    }
}

static void base_with_everything(void **state)
{
    (void)state;
    dtb_rig_full(4, 3);
    give(BOARD);
    dtb_rig_build();
    dtb_rig_dtc_is_content();
    dtb_rig_has_string("/chosen", "bootargs", "console=ttyAMA0 x");
    dtb_rig_has_string("/chosen", "stdout-path", "/soc/pl011@9000000");
    DTB_RIG_HAS_CELLS("/chosen", "linux,initrd-start", 0, DTB_RIG_RAM_GPA + 0x400000);
    dtb_rig_has_string("/serial@9100000", "compatible", "arm,sbsa-uart");
    assert_true(dtb_rig_there("/virtio_mmio@a000000"));
    assert_true(dtb_rig_there("/virtio_mmio@a020000"));
}

/** What the tool makes of devices that are passed through. */
static void fragment(void **state)
{
    (void)state;
    dtb_rig_full(1, 2);
    give("/dts-v1/; / { #address-cells = <2>; #size-cells = <2>; interrupt-parent = <0x8001>;"
         "clk: apb-pclk { compatible = \"fixed-clock\"; #clock-cells = <0>; phandle = <0x8000>;"
         "  clock-frequency = <24000000>; };"
         "pl031@9010000 { compatible = \"arm,pl031\", \"arm,primecell\"; interrupts = <0 2 4>;"
         "  reg = <0 0x9010000 0 0x1000>; clocks = <&clk>; clock-names = \"apb_pclk\"; }; };");
    dtb_rig_build();
    dtb_rig_dtc_is_content();
    assert_int_equal(dtb_rig_gic_phandle(), 0x8001);
    DTB_RIG_HAS_CELLS("/pl031@9010000", "clocks", 0x8000);
    dtb_rig_has_string("/chosen", "stdout-path", "/serial@9100000");
}

/** The phandle of the root's interrupt-parent is of no use when another node has it. */
static void foreign_parent(void **state)
{
    (void)state;
    dtb_rig_plain(1, 3);
    give("/dts-v1/; / { #address-cells = <2>; #size-cells = <2>; interrupt-parent = <5>;"
         "pic { phandle = <5>; interrupt-controller; #interrupt-cells = <1>; }; };");
    dtb_rig_build();
    assert_int_equal(dtb_rig_gic_phandle(), 6);
    DTB_RIG_HAS_CELLS("/", "interrupt-parent", 5);
    DTB_RIG_HAS_CELLS("/armv8-timer", "interrupt-parent", 6);
    give("/dts-v1/; / { #address-cells = <2>; #size-cells = <2>; interrupt-parent = <0>; };");
    dtb_rig_build();
    assert_int_not_equal(dtb_rig_gic_phandle(), 0);
    /* No phandle is left. */
    give("/dts-v1/; / { #address-cells = <2>; #size-cells = <2>; x { phandle = <0xfffffffe>; };"
         "};");
    assert_int_equal(dtb_rig_refused(), DTB_ERR_FORMAT);
}

static void cells(void **state)
{
    (void)state;
    dtb_rig_plain(1, 3);
    give("/dts-v1/; / { #address-cells = <1>; #size-cells = <1>; };");
    dtb_rig_build();
    DTB_RIG_HAS_CELLS("/memory@40000000", "reg", DTB_RIG_RAM_GPA, DTB_RIG_RAM_BYTES);
    dtb_rig_machine.ram_bytes = 1UL << 32;
    assert_int_equal(dtb_rig_refused(), DTB_ERR_CELLS);
    dtb_rig_machine.ram_bytes = DTB_RIG_RAM_BYTES;
    /* Silence means 2 and 1, and the guest is told so. */
    give("/dts-v1/; / { x; };");
    dtb_rig_build();
    DTB_RIG_HAS_CELLS("/memory@40000000", "reg", 0, DTB_RIG_RAM_GPA, DTB_RIG_RAM_BYTES);
    DTB_RIG_HAS_CELLS("/", "#address-cells", 2);
    DTB_RIG_HAS_CELLS("/", "#size-cells", 1);
    give("/dts-v1/; / { #address-cells = <3>; #size-cells = <2>; };");
    assert_int_equal(dtb_rig_refused(), DTB_ERR_CELLS);
    give("/dts-v1/; / { #address-cells = <2>; #size-cells = <0>; };");
    assert_int_equal(dtb_rig_refused(), DTB_ERR_CELLS);
}

static void no_tree(void **state)
{
    static _Alignas(8) uint8_t large[DTB_MAX_BASE + 8];

    (void)state;
    dtb_rig_plain(1, 3);
    memset(base, 0x55, sizeof(base));
    dtb_rig_machine.base = base;
    dtb_rig_machine.base_bytes = sizeof(base);
    assert_int_equal(dtb_rig_refused(), DTB_ERR_FORMAT);
    give(BOARD);
    for (size_t whole = dtb_rig_machine.base_bytes; dtb_rig_machine.base_bytes > 1;) {
        dtb_rig_machine.base_bytes -= dtb_rig_machine.base_bytes > whole - 64 ? 1 : 13;
        assert_int_equal(dtb_rig_refused(), DTB_ERR_FORMAT);
        dtb_rig_machine.base_bytes =
            dtb_rig_machine.base_bytes > 13 ? dtb_rig_machine.base_bytes : 1;
    }
    give(BOARD);
    for (uint32_t version = 0; version < 16; version++) {
        fdt_set_version(base, version);
        fdt_set_last_comp_version(base, version);
        assert_int_equal(dtb_rig_refused(), DTB_ERR_FORMAT);
    }
    give(BOARD);
    memcpy(large, base, dtb_rig_machine.base_bytes);
    dtb_rig_machine.base = large;
    dtb_rig_machine.base_bytes = sizeof(large);
    assert_int_equal(dtb_rig_refused(), DTB_ERR_LARGE);
    dtb_rig_machine.base_bytes = DTB_MAX_BASE;
    dtb_rig_build();
}

/** Each byte of a base wrong in turn: no damage, and what is accepted is a tree. */
static void damaged(void **state)
{
    uint32_t accepted = 0;

    (void)state;
    dtb_rig_full(2, 3);
    give(BOARD);
    for (size_t at = 0; at < dtb_rig_machine.base_bytes; at++) {
        size_t bytes = 0;
        uint8_t right = base[at];

        base[at] ^= 0xff;
        if (dtb_build(&dtb_rig_machine, dtb_rig_tree, sizeof(dtb_rig_tree), &bytes) == DTB_OK) {
            assert_int_equal(fdt_check_full(dtb_rig_tree, bytes), 0);
            accepted++;
        }
        base[at] = right;
    }
    assert_in_range(accepted, 1, dtb_rig_machine.base_bytes - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(base_is_completed),
        cmocka_unit_test(base_with_everything),
        cmocka_unit_test(fragment),
        cmocka_unit_test(foreign_parent),
        cmocka_unit_test(cells),
        cmocka_unit_test(no_tree),
        cmocka_unit_test(damaged),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
