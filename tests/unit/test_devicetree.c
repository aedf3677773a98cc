/* SPDX-License-Identifier: BSD-2-Clause */
/* What a passed-through device is made of, and its part of the tree, on the board devicetree.dts.
 */
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

#include "alloc.h"
#include "devicetree.h"
#include "file.h"

static uint8_t *board;
static size_t board_bytes;

static int setup(void **state)
{
    const char *top = getenv("BULKHEAD_SOURCE");
    char path[] = "/tmp/test_devicetree.XXXXXX";
    int fd = mkstemp(path);
    char *command = alloc_format("dtc -q -I dts -O dtb -o '%s' '%s/tests/unit/devicetree.dts'",
                                 path, top != NULL ? top : ".");
    int error;

    (void)state;
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(system(command), 0);
    error = file_read(path, 1u << 20, &board, &board_bytes);
    unlink(path);
    free(command);
    return error;
}

static int teardown(void **state)
{
    (void)state;
    free(board);
    return 0;
}

/** Look at one device of a guest that has nothing else. */
static bool look(const char *path, struct devicetree_device *device,
                 struct devicetree_problem *problem)
{
    const struct devicetree_set set = { .paths = &path, .count = 1 };

    return devicetree_device(board, path, &set, device, problem);
}

static void assert_refused(const char *path, const char *words)
{
    struct devicetree_problem problem = { "", "" };
    struct devicetree_device device;

    assert_false(look(path, &device, &problem));
    if (strstr(problem.text, words) == NULL) {
        fail_msg("'%s' was refused with: %s", path, problem.text);
    }
    assert_true(problem.help[0] != '\0');
}

static void test_check(void **state)
{
    uint8_t *copy = alloc_array(board_bytes, 1);

    (void)state;
    assert_null(devicetree_check(board, board_bytes));
    assert_non_null(devicetree_check(board, board_bytes - 1));
    assert_non_null(devicetree_check(board, 8));
    memcpy(copy, board, board_bytes);
    copy[0] ^= 1;
    assert_non_null(devicetree_check_file(copy, board_bytes));
    memcpy(copy, board, board_bytes);
    fdt_set_version(copy, 7);
    fdt_set_last_comp_version(copy, 7);
    assert_non_null(strstr(devicetree_check_file(copy, board_bytes), "version"));
    memcpy(copy, board, board_bytes);
    assert_int_equal(fdt_delprop(copy, 0, "interrupt-parent"), 0);
    assert_null(devicetree_check_file(copy, board_bytes));
    assert_non_null(devicetree_check(copy, board_bytes));
    memcpy(copy, board, board_bytes);
    assert_int_equal(fdt_setprop_inplace_u32(copy, 0, "#size-cells", 1), 0);
    assert_non_null(devicetree_check(copy, board_bytes));
    free(copy);
}

static void test_uart(void **state)
{
    struct devicetree_problem problem;
    struct devicetree_device device;

    (void)state;
    assert_true(look("/soc/serial@1000", &device, &problem));
    assert_int_equal(device.ranges_count, 1);
    assert_int_equal(device.ranges[0].base, 0x10001000);
    assert_int_equal(device.ranges[0].bytes, 0x1000);
    assert_int_equal(device.irqs_count, 1);
    assert_int_equal(device.irqs[0].intid, 37);
    assert_false(device.irqs[0].edge);
    assert_false(device.dma);
    assert_true(device.uart);
}

static void test_several_ranges(void **state)
{
    struct devicetree_problem problem;
    struct devicetree_device device;

    (void)state;
    assert_true(look("/soc/ethernet@6000", &device, &problem));
    assert_int_equal(device.ranges_count, 2);
    assert_int_equal(device.ranges[1].base, 0x10008000);
    assert_int_equal(device.ranges[1].bytes, 0x2000);
    assert_int_equal(device.irqs_count, 2);
    assert_int_equal(device.irqs[0].intid, 41);
    assert_true(device.irqs[0].edge);
    assert_int_equal(device.irqs[1].intid, 42);
    assert_false(device.irqs[1].edge);
    assert_true(device.dma);
    assert_false(device.uart);
}

static void test_refused(void **state)
{
    (void)state;
    assert_refused("/soc/timer@2000", "private to a CPU");
    assert_refused("/soc/serial@3000", "depends on '/clk@200000'");
    assert_refused("/soc/gpio@4000", "is an interrupt controller");
    assert_refused("/soc/key@5000", "go to another device");
    assert_refused("/soc/keys@7000", "depends on '/soc/gpio@4000'");
    assert_refused("/soc/i2c@a000/sensor@48", "has no registers in memory");
    assert_refused("/soc/half@b000", "shares a page with '/soc/half@b800'");
    assert_refused("/soc/outside@200000", "has no registers in memory");
    assert_refused("/soc", "has no registers in memory");
    assert_refused("/cpus/cpu@0", "is a CPU");
    assert_refused("/cpus", "is a CPU");
    assert_refused("/reserved-memory/ram@50000000", "is memory");
    assert_refused("/intc@100000", "is an interrupt controller");
    assert_refused("/soc/serial@1001", "has no device");
    assert_refused("serial0", "has no device");
    assert_refused("", "has no device");
}

static void test_suggestions(void **state)
{
    struct devicetree_problem problem;
    struct devicetree_device device;

    (void)state;
    assert_false(look("/soc/seriel@1000", &device, &problem));
    assert_string_equal(problem.help, "did you mean '/soc/serial@1000'?");
    assert_false(look("serial1", &device, &problem));
    assert_string_equal(problem.help, "did you mean '/soc/serial@3000'?");
    assert_false(look("/soc/ethernet", &device, &problem));
    assert_string_equal(problem.help, "did you mean '/soc/ethernet@6000'?");
}

/** What one device cannot do alone works when the guest has what it needs. */
static void test_together(void **state)
{
    static const char *const paths[] = { "/soc/serial@3000", "/clk@200000", "/soc/half@b000",
                                         "/soc/half@b800" };
    const struct devicetree_set set = { .paths = paths, .count = 4 };
    struct devicetree_problem problem;
    struct devicetree_device device;

    (void)state;
    for (size_t i = 0; i < set.count; i++) {
        assert_true(devicetree_device(board, paths[i], &set, &device, &problem));
    }
    assert_int_equal(device.ranges[0].base, 0x1000b000);
}

static void assert_nodes(const void *tree, const char *const *there, const char *const *missing)
{
    for (size_t i = 0; there[i] != NULL; i++) {
        if (fdt_path_offset(tree, there[i]) < 0) {
            fail_msg("'%s' is missing", there[i]);
        }
    }
    for (size_t i = 0; missing[i] != NULL; i++) {
        if (fdt_path_offset(tree, missing[i]) >= 0) {
            fail_msg("'%s' was copied", missing[i]);
        }
    }
}

static void test_copy(void **state)
{
    static const char *const there[] = { "/soc/serial@1000/child", "/pll",           "/osc",
                                         "/regulator-vcc",         "/regulator-vin", NULL };
    static const char *const missing[] = { "/soc/serial@3000", "/intc@100000", "/unrelated",
                                           "/clk@200000",      "/cpus",        NULL };
    const char *path = "/soc/serial@1000";
    const struct devicetree_set set = { .paths = &path, .count = 1 };
    struct devicetree_problem problem;
    size_t bytes;
    uint8_t *copy = devicetree_copy(board, &set, &bytes, &problem);
    int node;

    (void)state;
    assert_non_null(copy);
    assert_null(devicetree_check_file(copy, bytes));
    assert_nodes(copy, there, missing);
    assert_int_equal(fdt_address_cells(copy, 0), 2);
    assert_int_equal(fdt_size_cells(copy, 0), 2);
    assert_memory_equal(fdt_getprop(copy, 0, "interrupt-parent", NULL),
                        fdt_getprop(board, 0, "interrupt-parent", NULL), 4);
    /* Phandles are kept, and what they refer to is there; buses are what they were. */
    for (size_t i = 1; i <= 4; i++) {
        assert_int_equal(fdt_get_phandle(copy, fdt_path_offset(copy, there[i])),
                         fdt_get_phandle(board, fdt_path_offset(board, there[i])));
    }
    assert_non_null(fdt_getprop(copy, fdt_path_offset(copy, "/soc"), "ranges", NULL));
    node = fdt_path_offset(copy, path);
    assert_non_null(fdt_getprop(copy, node, "clocks", NULL));
    assert_null(fdt_getprop(copy, node, "bulkhead,no-dma", NULL));
    assert_string_equal(fdt_getprop(copy, fdt_path_offset(copy, "/chosen"), "stdout-path", NULL),
                        path);
    assert_string_equal(fdt_get_alias(copy, "serial0"), path);
    assert_null(fdt_get_alias(copy, "serial1"));
    free(copy);
}

/** The console is the UART that was named first; without one there is none. */
static void test_console(void **state)
{
    static const char *const paths[] = { "/soc/ethernet@6000", "/soc/serial@3000", "/clk@200000",
                                         "/soc/serial@1000" };
    struct devicetree_set set = { .paths = paths, .count = 4 };
    struct devicetree_problem problem;
    size_t bytes;
    uint8_t *copy = devicetree_copy(board, &set, &bytes, &problem);

    (void)state;
    assert_non_null(copy);
    assert_string_equal(fdt_getprop(copy, fdt_path_offset(copy, "/chosen"), "stdout-path", NULL),
                        "/soc/serial@3000");
    assert_string_equal(fdt_get_alias(copy, "ethernet0"), "/soc/ethernet@6000");
    assert_true(fdt_path_offset(copy, "/soc/ethernet@6000/mdio/phy@3") >= 0);
    free(copy);
    set.count = 1;
    copy = devicetree_copy(board, &set, &bytes, &problem);
    assert_non_null(copy);
    assert_true(fdt_path_offset(copy, "/chosen") < 0);
    free(copy);
}

static void test_copy_unknown(void **state)
{
    const char *path = "/nowhere";
    const struct devicetree_set set = { .paths = &path, .count = 1 };
    struct devicetree_problem problem;
    size_t bytes;

    (void)state;
    assert_null(devicetree_copy(board, &set, &bytes, &problem));
    assert_non_null(strstr(problem.text, "has no device '/nowhere'"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_check),          cmocka_unit_test(test_uart),
        cmocka_unit_test(test_several_ranges), cmocka_unit_test(test_refused),
        cmocka_unit_test(test_suggestions),    cmocka_unit_test(test_together),
        cmocka_unit_test(test_copy),           cmocka_unit_test(test_console),
        cmocka_unit_test(test_copy_unknown),
    };

    return cmocka_run_group_tests_name("devicetree", tests, setup, teardown);
}
