/* SPDX-License-Identifier: BSD-2-Clause */
/* The guest's device tree: what is made, what a base keeps, and bases that are none. */
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

#include "dtb.h"

#define RAM_GPA 0x40000000UL
#define RAM_BYTES 0x10000000UL
#define ROOM 0x8000u

static _Alignas(8) uint8_t tree[ROOM];
static _Alignas(8) uint8_t base[ROOM];
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

static enum dtb_error refused(void)
{
    size_t bytes = 0;

    return dtb_build(&machine, tree, sizeof(tree), &bytes);
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
    machine.base = base;
    machine.base_bytes = (size_t)bytes;
}

/** The compiler of device trees, which knows what is usual, has nothing to say about the tree. */
static void dtc_is_content(void)
{
    char path[] = "test_vmm_dtb.XXXXXX";
    char command[256];
    char said[4096];
    int file = mkstemp(path);
    ssize_t bytes = (ssize_t)fdt_totalsize(tree);
    FILE *pipe;

    assert_true(file >= 0);
    assert_true(write(file, tree, (size_t)bytes) == bytes);
    close(file);
    snprintf(command, sizeof(command), "dtc -I dtb -O dts -o /dev/null %s 2>&1", path);
    pipe = popen(command, "r");
    assert_non_null(pipe);
    said[fread(said, 1, sizeof(said) - 1, pipe)] = '\0';
    assert_int_equal(pclose(pipe), 0);
    unlink(path);
    assert_string_equal(said, "");
}

static void usual(void **state)
{
    (void)state;
    for (uint32_t version = 2; version <= 3; version++) {
        plain(1, version);
        build();
        dtc_is_content();
        full(8, version);
        build();
        dtc_is_content();
    }
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
        plain(2, version);
        give(BOARD);
        build();
        dtc_is_content();
        for (size_t i = 0; i < sizeof(gone) / sizeof(gone[0]); i++) {
            assert_false(there(gone[i]));
        }
        for (size_t i = 0; i < sizeof(stale) / sizeof(stale[0]); i++) {
            assert_null(fdt_getprop(tree, node("/chosen"), stale[i], NULL));
        }
        assert_int_equal(fdt_num_mem_rsv(tree), 1);
        has_string("/", "model", "Board");
        has_string("/", "compatible", "acme,board");
        has_string("/chosen", "bootargs", "given");
        has_string("/chosen", "stdout-path", "/soc/pl011@9000000");
        HAS_CELLS("/chosen", "acme,knob", 7);
        has_string("/psci", "method", "hvc");
        has_string("/timer@9030000", "compatible", "acme,timer");
        assert_int_equal(
            fdt_node_offset_by_compatible(tree, node("/armv8-timer"), "arm,armv8-timer"),
            -FDT_ERR_NOTFOUND);
        HAS_CELLS("/virtio_mmio@a000000", "interrupts", 0, 16, 1);
        HAS_CELLS("/soc/pl011@9000000", "interrupts", 0, 1, 4);
        clock = fdt_get_phandle(tree, node("/clk24"));
        HAS_CELLS("/soc/pl011@9000000", "clocks", clock, clock);
        /* The new controller is the one that the devices' interrupts go to. */
        assert_int_not_equal(gic_phandle(), 0);
        HAS_CELLS("/", "interrupt-parent", gic_phandle());
        assert_int_equal(fdt_node_offset_by_phandle(tree, gic_phandle()),
                         node("/interrupt-controller@8000000"));
    }
}

static void base_with_everything(void **state)
{
    (void)state;
    full(4, 3);
    give(BOARD);
    build();
    dtc_is_content();
    has_string("/chosen", "bootargs", "console=ttyAMA0 x");
    has_string("/chosen", "stdout-path", "/soc/pl011@9000000");
    HAS_CELLS("/chosen", "linux,initrd-start", 0, RAM_GPA + 0x400000);
    has_string("/serial@9100000", "compatible", "arm,sbsa-uart");
    assert_true(there("/virtio_mmio@a000000"));
    assert_true(there("/virtio_mmio@a020000"));
}

/** What the tool makes of devices that are passed through. */
static void fragment(void **state)
{
    (void)state;
    full(1, 2);
    give("/dts-v1/; / { #address-cells = <2>; #size-cells = <2>; interrupt-parent = <0x8001>;"
         "clk: apb-pclk { compatible = \"fixed-clock\"; #clock-cells = <0>; phandle = <0x8000>;"
         "  clock-frequency = <24000000>; };"
         "pl031@9010000 { compatible = \"arm,pl031\", \"arm,primecell\"; interrupts = <0 2 4>;"
         "  reg = <0 0x9010000 0 0x1000>; clocks = <&clk>; clock-names = \"apb_pclk\"; }; };");
    build();
    dtc_is_content();
    assert_int_equal(gic_phandle(), 0x8001);
    HAS_CELLS("/pl031@9010000", "clocks", 0x8000);
    has_string("/chosen", "stdout-path", "/serial@9100000");
}

/** The phandle of the root's interrupt-parent is of no use when another node has it. */
static void foreign_parent(void **state)
{
    (void)state;
    plain(1, 3);
    give("/dts-v1/; / { #address-cells = <2>; #size-cells = <2>; interrupt-parent = <5>;"
         "pic { phandle = <5>; interrupt-controller; #interrupt-cells = <1>; }; };");
    build();
    assert_int_equal(gic_phandle(), 6);
    HAS_CELLS("/", "interrupt-parent", 5);
    HAS_CELLS("/armv8-timer", "interrupt-parent", 6);
    give("/dts-v1/; / { #address-cells = <2>; #size-cells = <2>; interrupt-parent = <0>; };");
    build();
    assert_int_not_equal(gic_phandle(), 0);
    /* No phandle is left. */
    give("/dts-v1/; / { #address-cells = <2>; #size-cells = <2>; x { phandle = <0xfffffffe>; };"
         "};");
    assert_int_equal(refused(), DTB_ERR_FORMAT);
}

static void cells(void **state)
{
    (void)state;
    plain(1, 3);
    give("/dts-v1/; / { #address-cells = <1>; #size-cells = <1>; };");
    build();
    HAS_CELLS("/memory@40000000", "reg", RAM_GPA, RAM_BYTES);
    machine.ram_bytes = 1UL << 32;
    assert_int_equal(refused(), DTB_ERR_CELLS);
    machine.ram_bytes = RAM_BYTES;
    /* Silence means 2 and 1, and the guest is told so. */
    give("/dts-v1/; / { x; };");
    build();
    HAS_CELLS("/memory@40000000", "reg", 0, RAM_GPA, RAM_BYTES);
    HAS_CELLS("/", "#address-cells", 2);
    HAS_CELLS("/", "#size-cells", 1);
    give("/dts-v1/; / { #address-cells = <3>; #size-cells = <2>; };");
    assert_int_equal(refused(), DTB_ERR_CELLS);
    give("/dts-v1/; / { #address-cells = <2>; #size-cells = <0>; };");
    assert_int_equal(refused(), DTB_ERR_CELLS);
}

static void no_tree(void **state)
{
    static _Alignas(8) uint8_t large[DTB_MAX_BASE + 8];

    (void)state;
    plain(1, 3);
    memset(base, 0x55, sizeof(base));
    machine.base = base;
    machine.base_bytes = sizeof(base);
    assert_int_equal(refused(), DTB_ERR_FORMAT);
    give(BOARD);
    for (size_t whole = machine.base_bytes; machine.base_bytes > 1;) {
        machine.base_bytes -= machine.base_bytes > whole - 64 ? 1 : 13;
        assert_int_equal(refused(), DTB_ERR_FORMAT);
        machine.base_bytes = machine.base_bytes > 13 ? machine.base_bytes : 1;
    }
    give(BOARD);
    for (uint32_t version = 0; version < 16; version++) {
        fdt_set_version(base, version);
        fdt_set_last_comp_version(base, version);
        assert_int_equal(refused(), DTB_ERR_FORMAT);
    }
    give(BOARD);
    memcpy(large, base, machine.base_bytes);
    machine.base = large;
    machine.base_bytes = sizeof(large);
    assert_int_equal(refused(), DTB_ERR_LARGE);
    machine.base_bytes = DTB_MAX_BASE;
    build();
}

/** Each byte of a base wrong in turn: no damage, and what is accepted is a tree. */
static void damaged(void **state)
{
    uint32_t accepted = 0;

    (void)state;
    full(2, 3);
    give(BOARD);
    for (size_t at = 0; at < machine.base_bytes; at++) {
        size_t bytes = 0;
        uint8_t right = base[at];

        base[at] ^= 0xff;
        if (dtb_build(&machine, tree, sizeof(tree), &bytes) == DTB_OK) {
            assert_int_equal(fdt_check_full(tree, bytes), 0);
            accepted++;
        }
        base[at] = right;
    }
    assert_in_range(accepted, 1, machine.base_bytes - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_machine),
        cmocka_unit_test(each_part),
        cmocka_unit_test(without_parts),
        cmocka_unit_test(room),
        cmocka_unit_test(usual),
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
