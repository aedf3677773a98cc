/* SPDX-License-Identifier: BSD-2-Clause */
/* The emulator's command line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emulator.h"

static char *test_arguments[] = { (char *)"-M", (char *)"virt,gic-version=3,secure=off",
                                  (char *)"-cpu", (char *)"cortex-a53", NULL };

static struct board test_board(void)
{
    struct board board = { .qemu = (char *)"qemu", .qemu_args = test_arguments };

    board.ram[0].base = 0x40000000;
    board.ram[0].bytes = 0x4000000;
    board.ram_count = 1;
    board.nics[0].attach = (char *)"nic,bus=0";
    board.nics[1].attach = (char *)"nic,bus=1";
    board.nics[2].attach = (char *)"nic,bus=2";
    board.nics_count = 3;
    board.disks[0].attach = (char *)"virtio-blk-device,bus=one";
    board.disks[1].attach = (char *)"virtio-blk-device,bus=two";
    board.disks_count = 3;
    return board;
}

static void test_command(const struct emulator_wish *wish, const char *expected)
{
    struct board board = test_board();
    struct emulator emulator;
    char *text = NULL;
    size_t size;
    FILE *out;

    assert_int_equal(emulator_make(&emulator, &board, wish), EMULATOR_OK);
    out = open_memstream(&text, &size);
    assert_non_null(out);
    emulator_print(&emulator, out);
    fclose(out);
    assert_string_equal(text, expected);
    free(text);
    emulator_free(&emulator);
}

static void test_plain(void **state)
{
    struct emulator_wish wish = { .image = "a b'c", .cpus = 2 };

    (void)state;
    test_command(&wish, "qemu -M virt,gic-version=3,secure=off -cpu cortex-a53 -m 64M -smp 2 "
                        "-kernel 'a b'\\''c'\n");
}

static void test_everything(void **state)
{
    char *const rest[] = { (char *)"-d", (char *)"int", NULL };
    struct emulator_wish wish = { .image = "i",
                                  .cpus = 8,
                                  .cpu = "cortex-a72",
                                  .gic = "2",
                                  .icount = true,
                                  .gdb_port = "99",
                                  .memory_file = "m",
                                  .rest = rest };

    (void)state;
    test_command(&wish, "qemu -M virt,gic-version=2,secure=off -cpu cortex-a72 -m 64M -smp 8 "
                        "-icount shift=0,sleep=off "
                        "-object memory-backend-file,id=ram,share=on,size=67108864,mem-path=m "
                        "-machine memory-backend=ram -S -gdb tcp:127.0.0.1:99 -kernel i -d int\n");
}

static void test_disks(void **state)
{
    static const char *const files[] = { "a.img", "b c.img" };
    struct emulator_wish wish = { .image = "i", .cpus = 1, .disks = files, .disks_count = 2 };

    (void)state;
    test_command(&wish, "qemu -M virt,gic-version=3,secure=off -cpu cortex-a53 -m 64M -smp 1 "
                        "-drive if=none,id=disk0,format=raw,file=a.img "
                        "-device virtio-blk-device,bus=one,drive=disk0 "
                        "-drive 'if=none,id=disk1,format=raw,file=b c.img' "
                        "-device virtio-blk-device,bus=two,drive=disk1 -kernel i\n");
}

static void test_refused_disks(void **state)
{
    static const char *const comma[] = { "a,readonly=on" };
    static const char *const files[] = { "a", "b", "c", "d" };
    struct emulator_wish wish = { .image = "i", .cpus = 1, .disks = comma, .disks_count = 1 };
    struct board board = test_board();
    struct emulator emulator;

    (void)state;
    assert_int_equal(emulator_make(&emulator, &board, &wish), EMULATOR_ERR_DISK);
    /* The board's third disk cannot be attached, and it has no fourth. */
    wish.disks = files;
    wish.disks_count = 3;
    assert_int_equal(emulator_make(&emulator, &board, &wish), EMULATOR_ERR_DISK);
    board.disks_count = 2;
    assert_int_equal(emulator_make(&emulator, &board, &wish), EMULATOR_ERR_DISK);
}

static void test_refusals(void **state)
{
    char *none[] = { NULL };
    struct emulator_wish wish = { .image = "i", .cpus = 1, .gic = "2" };
    struct board board = test_board();
    struct emulator emulator;

    (void)state;
    board.qemu_args = none;
    assert_int_equal(emulator_make(&emulator, &board, &wish), EMULATOR_ERR_GIC);
    wish.gic = NULL;
    wish.cpu = "max";
    assert_int_equal(emulator_make(&emulator, &board, &wish), EMULATOR_ERR_CPU);
    wish.cpu = NULL;
    wish.memory_file = "a,b";
    assert_int_equal(emulator_make(&emulator, &board, &wish), EMULATOR_ERR_MEMORY);
    wish.memory_file = "a";
    board.ram_count = 2;
    assert_int_equal(emulator_make(&emulator, &board, &wish), EMULATOR_ERR_MEMORY);
    board.qemu = NULL;
    assert_int_equal(emulator_make(&emulator, &board, &wish), EMULATOR_ERR_NONE);
}

static void test_nets(void **state)
{
    static const char *const nets[] = { "user", "none", "tap:tap0" };
    static const char *const forwards[] = { "tcp:8080:10.0.2.15:80",
                                            "udp:0.0.0.0:53:10.0.2.16:5353" };
    struct emulator_wish wish = {
        .image = "i",
        .cpus = 1,
        .nets = nets,
        .nets_count = 3,
        .forwards = forwards,
        .forwards_count = 2,
    };

    (void)state;
    test_command(&wish, "qemu -M virt,gic-version=3,secure=off -cpu cortex-a53 -m 64M -smp 1 "
                        "-netdev user,id=net0,hostfwd=tcp:127.0.0.1:8080-10.0.2.15:80,"
                        "hostfwd=udp:0.0.0.0:53-10.0.2.16:5353 -device nic,bus=0,netdev=net0 "
                        "-netdev tap,id=net2,ifname=tap0,script=no,downscript=no "
                        "-device nic,bus=2,netdev=net2 -kernel i\n");
}

static void test_nets_refused(void **state)
{
    static const char *const bad[] = {
        "",
        "users",
        "user:",
        "tap",
        "tap:",
        "tap:a,b",
        "listen:0",
        "listen:65536",
        "listen:a",
        "connect:1",
        "connect::1",
        "connect:a:",
        "connect:a:1:1",
        "tap:0123456789abcdef",
    };
    static const char *const bad_forwards[] = {
        "",
        "tcp:1:10.0.2.15",
        "sctp:1:10.0.2.15:1",
        "tcp:0:10.0.2.15:1",
        "tcp:1:10.0.2.15:65536",
        "tcp:1:10.0.2:1",
        "tcp:1:10.0.2.256:1",
        "tcp:1:10.0.2.15.1:1",
        "tcp:1:10.0.2.:1",
        "tcp:1:10.0.2.1,a:1",
        "tcp:localhost:1:10.0.2.15:1",
        "tcp:1.2.3.4:1:10.0.2.15:1:1",
    };
    static const char *const good[] = { "listen:1", "connect:host-1.a:65535", "user", "none" };
    const char *net = "user";
    const char *forward;
    struct board board = test_board();
    struct emulator_wish wish = { .image = "i", .cpus = 1, .nets = &net, .nets_count = 1 };
    struct emulator emulator;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        net = bad[i];
        assert_int_equal(emulator_make(&emulator, &board, &wish), EMULATOR_ERR_NET);
        assert_ptr_equal(emulator.wrong, net);
    }
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        net = good[i];
        assert_int_equal(emulator_make(&emulator, &board, &wish), EMULATOR_OK);
        emulator_free(&emulator);
    }
    net = "user";
    wish.forwards = &forward;
    wish.forwards_count = 1;
    for (size_t i = 0; i < sizeof(bad_forwards) / sizeof(bad_forwards[0]); i++) {
        forward = bad_forwards[i];
        assert_int_equal(emulator_make(&emulator, &board, &wish), EMULATOR_ERR_FORWARD);
        assert_ptr_equal(emulator.wrong, forward);
    }
    forward = "tcp:1:10.0.2.15:1";
    net = "tap:tap0";
    assert_int_equal(emulator_make(&emulator, &board, &wish), EMULATOR_ERR_FORWARD_NET);
    assert_ptr_equal(emulator.wrong, forward);
    wish.forwards_count = 0;
    board.nics_count = 0;
    assert_int_equal(emulator_make(&emulator, &board, &wish), EMULATOR_ERR_NICS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain),    cmocka_unit_test(test_everything),
        cmocka_unit_test(test_disks),    cmocka_unit_test(test_refused_disks),
        cmocka_unit_test(test_nets),     cmocka_unit_test(test_nets_refused),
        cmocka_unit_test(test_refusals),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
