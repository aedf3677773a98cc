/* SPDX-License-Identifier: BSD-2-Clause */
/* A guest's configuration, images, device tree, power and faults. */
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
#include "guest.h"
#include "vmm_fake.h"

#define RAM_GPA 0x40000000UL
#define RAM_BYTES 0x1000000UL
#define ESR_LOAD4 (0x24UL << 26 | 1UL << 24 | 2UL << 22)
#define ESR_STORE (1UL << 6)
#define CONFIG                                               \
    "# a guest\nname left\nbootargs console=ttyAMA0 x\n"     \
    "gic 2 0x8000000 0x8010000\ngic 3 0x8000000 0x80a0000\n" \
    "irq 33 5\nuart 0x9100000 100\nvirtio console 0xa010000 80 7\n"

static struct guest guest;
static uint8_t *ram;
static uint8_t kernel[8192];

static void put(uint8_t *at, uint64_t value, uint32_t bytes)
{
    for (uint32_t i = 0; i < bytes; i++) {
        at[i] = (uint8_t)(value >> (8 * i));
    }
}

static void make_kernel(uint64_t text_offset, uint64_t image_size, uint64_t flags)
{
    memset(kernel, 0x11, sizeof(kernel));
    put(kernel + 8, text_offset, 8);
    put(kernel + 16, image_size, 8);
    put(kernel + 24, flags, 8);
    memcpy(kernel + 56, "ARM\x64", 4);
}

static int begin(void **state)
{
    (void)state;
    ram = calloc(1, RAM_BYTES);
    make_kernel(0, 0x200000, 2);
    return ram == NULL ? -1 : 0;
}

static int end(void **state)
{
    (void)state;
    free(ram);
    return 0;
}

static bool boot(const char *config, uint32_t vcpus, uint64_t version)
{
    static const uint8_t initrd[100] = "initrd";

    memset(&guest, 0, sizeof(guest));
    vmm_fake_reset(vcpus, version);
    (void)vmm_fake_page(0xa010000, 7);
    assert_int_equal(config_parse(config, strlen(config), &guest.config), 0);
    guest.ram = (struct loader_ram){ ram, RAM_GPA, RAM_BYTES };
    guest.kernel = (struct guest_file){ kernel, sizeof(kernel) };
    guest.initrd = (struct guest_file){ initrd, sizeof(initrd) };
    return guest_init(&guest) && guest_start(&guest);
}

static void boots(void **state)
{
    (void)state;
    assert_true(boot(CONFIG, 2, 3));
    assert_true(vmm_fake.running[0]);
    assert_false(vmm_fake.running[1]);
    assert_int_equal(vmm_fake.pc[0], RAM_GPA);
    assert_int_equal(vmm_fake.x0[0], RAM_GPA + 0x200000);
    assert_memory_equal(ram, kernel, sizeof(kernel));
    assert_memory_equal(ram + 0x400000, "initrd", 6);
    assert_int_equal(vmm_fake.link[33], 5 + 1);
    assert_true(vmm_fake.cleaned > sizeof(kernel) + 100);
    assert_int_equal(vmm_fake.wrong, 0);
}

static void device_tree(void **state)
{
    static const char *const paths[] = { "/cpus/cpu@1",
                                         "/psci",
                                         "/armv8-timer",
                                         "/memory@40000000",
                                         "/interrupt-controller@8000000",
                                         "/serial@9100000",
                                         "/virtio_mmio@a010000" };
    const void *fdt;
    int chosen;
    int bytes;

    (void)state;
    assert_true(boot(CONFIG, 2, 3));
    fdt = ram + 0x200000;
    assert_int_equal(fdt_check_full(fdt, LOADER_MAX_DTB), 0);
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        assert_true(fdt_path_offset(fdt, paths[i]) >= 0);
    }
    assert_true(fdt_path_offset(fdt, "/cpus/cpu@2") < 0);
    chosen = fdt_path_offset(fdt, "/chosen");
    assert_string_equal(fdt_getprop(fdt, chosen, "bootargs", &bytes), "console=ttyAMA0 x");
    assert_string_equal(fdt_getprop(fdt, chosen, "stdout-path", &bytes), "/serial@9100000");
    const fdt64_t *initrd = fdt_getprop(fdt, chosen, "linux,initrd-start", &bytes);
    assert_int_equal(fdt64_ld(initrd), RAM_GPA + 0x400000);
    initrd = fdt_getprop(fdt, chosen, "linux,initrd-end", &bytes);
    assert_int_equal(fdt64_ld(initrd), RAM_GPA + 0x400000 + 100);
}

static void accesses(void **state)
{
    uint64_t words[5] = { 0, 0x8000004, 0, ESR_LOAD4, 0 };
    struct guest_answer answer;

    (void)state;
    assert_true(boot(CONFIG, 1, 2));
    answer = guest_fault(&guest, VMM_FAKE_ID(0), BH_FAULT_MEMORY, words);
    assert_true(answer.reply && answer.label == BH_VCPU_DONE && answer.value == 7);
    words[1] = 0x7fffffe;
    answer = guest_fault(&guest, VMM_FAKE_ID(0), BH_FAULT_MEMORY, words);
    assert_true(answer.reply && answer.label == BH_VCPU_ABORT);
    words[1] = 0x800fffe;
    assert_int_equal(guest_fault(&guest, VMM_FAKE_ID(0), BH_FAULT_MEMORY, words).label,
                     BH_VCPU_ABORT);
    words[1] = UINT64_MAX;
    assert_int_equal(guest_fault(&guest, VMM_FAKE_ID(0), BH_FAULT_MEMORY, words).label,
                     BH_VCPU_ABORT);
    assert_int_equal(guest.aborts, 3);
}

static uint32_t parse(const char *text)
{
    return config_parse(text, strlen(text), &guest.config);
}

static void configuration(void **state)
{
    (void)state;
    assert_int_equal(parse(CONFIG), 0);
    assert_string_equal(guest.config.name, "left");
    assert_int_equal(guest.config.gic[1].interface, 0x80a0000);
    assert_int_equal(guest.config.irqs_count, 1);
    assert_int_equal(guest.config.irqs[0].intid, 33);
    assert_int_equal(guest.config.irqs[0].channel, 5);
    assert_int_equal(guest.config.virtio_count, 1);
    assert_string_equal(guest.config.virtio[0].kind, "console");
    assert_int_equal(guest.config.virtio[0].address, 0xa010000);
    assert_int_equal(guest.config.virtio[0].intid, 80);
    assert_int_equal(guest.config.virtio[0].channel, 7);
    assert_int_equal(guest.config.crash_restarts, 0);
    assert_int_equal(parse(""), 0);
    assert_int_equal(parse("name a\nname b\n"), 2);
    assert_int_equal(parse("name a b"), 1);
    assert_int_equal(parse("\n\nnoise"), 3);
    assert_int_equal(parse("gic 1 1 1"), 1);
    assert_int_equal(parse("gic 4 1 1"), 1);
    assert_int_equal(parse("gic 2 1"), 1);
    assert_int_equal(parse("gic 2 1 0x10000000000000000"), 1);
    assert_int_equal(parse("gic 2 1 0xffffffffffffffff"), 0);
    assert_int_equal(parse("irq 31 0"), 1);
    assert_int_equal(parse("irq 256 0"), 1);
    assert_int_equal(parse("irq 255 61"), 0);
    assert_int_equal(parse("irq 32 62"), 1);
    assert_int_equal(parse("irq 32"), 1);
    assert_int_equal(parse("irq 32 1 1"), 1);
    assert_int_equal(parse("virtio console 0 32"), 1);
    assert_int_equal(parse("virtio a-very-long-kind 0 32 1"), 1);
    assert_int_equal(parse("virtio rng 0xa010000 32 1 # of them"), 0);
    assert_int_equal(parse("crash stop"), 0);
    assert_int_equal(guest.config.crash_restarts, 0);
    assert_int_equal(parse("crash restart"), 0);
    assert_int_equal(guest.config.crash_restarts, CONFIG_UNLIMITED);
    assert_int_equal(parse("crash restart 3 # of them"), 0);
    assert_int_equal(guest.config.crash_restarts, 3);
    assert_int_equal(parse("crash restart # for ever"), 0);
    assert_int_equal(parse("crash restart -1"), 1);
    assert_int_equal(parse("crash restart 0xffffffff"), 1);
    assert_int_equal(parse("crash restart 1 2"), 1);
    assert_int_equal(parse("crash stop 1"), 1);
    assert_int_equal(parse("crash perhaps"), 1);
    assert_int_equal(parse("crash"), 1);
    assert_int_equal(parse("crash stop\ncrash stop"), 2);
    assert_int_equal(parse("uart 0x8100000 70"), 0);
    assert_true(guest.config.uart);
    assert_int_equal(guest.config.uart_address, 0x8100000);
    assert_int_equal(guest.config.uart_intid, 70);
    assert_int_equal(parse("uart 0 31"), 1);
    assert_int_equal(parse("uart 0 256"), 1);
    assert_int_equal(parse("uart 0 32\nuart 1 33"), 2);
    assert_int_equal(parse("smc 0xb2000001\nsmc 0x82000000"), 0);
    assert_int_equal(guest.config.smc_count, 2);
    assert_int_equal(guest.config.smc[1], 0x82000000);
    assert_int_equal(parse("smc 0x100000000"), 1);
    assert_int_equal(parse("smc 0x84000001"), 1);
    assert_int_equal(parse("smc 0xc4000003"), 1);
    assert_int_equal(parse("smc 0x84000053"), 1);
    assert_int_equal(parse("smc 0x80008000"), 1);
    assert_int_equal(parse("smc 1\nsmc 2\nsmc 3\nsmc 4\nsmc 5\nsmc 6\nsmc 7\nsmc 8\nsmc 9\n"
                           "smc 10\nsmc 11\nsmc 12\nsmc 13\nsmc 14\nsmc 15\nsmc 16\nsmc 17\n"),
                     17);
}

/** An INTID and a channel are for one thing each. */
static void nothing_twice(void **state)
{
    (void)state;
    assert_int_equal(parse("irq 33 1\nirq 34 2\nuart 0 35\nvirtio rng 0 36 3"), 0);
    assert_int_equal(parse("irq 33 1\nirq 33 2"), 2);
    assert_int_equal(parse("irq 33 1\nirq 34 1"), 2);
    assert_int_equal(parse("irq 33 1\nuart 0 33"), 2);
    assert_int_equal(parse("uart 0 33\nirq 33 1"), 2);
    assert_int_equal(parse("uart 0 33\nvirtio rng 0 33 1"), 2);
    assert_int_equal(parse("virtio rng 0 33 1\nvirtio rng 0 33 2"), 2);
    assert_int_equal(parse("virtio rng 0 33 1\nvirtio rng 0 34 1"), 2);
    assert_int_equal(parse("virtio rng 0 33 1\nirq 34 1"), 2);
    assert_int_equal(parse("virtio rng 0 33 1\nirq 33 2"), 2);
    assert_int_equal(parse("virtio rng 0 33 1\npower 0\nirq 34 2"), 0);
    assert_int_equal(parse("virtio rng 0 33 1\npower 1"), 2);
    assert_int_equal(parse("power 1\nvirtio rng 0 33 1"), 2);
    assert_int_equal(parse("power 1\npower 2"), 2);
    assert_int_equal(parse("power 62"), 1);
    assert_int_equal(parse("power"), 1);
}

/** No line is taken that there is no room for. */
static void too_many(void **state)
{
    static char text[64 * 64];
    size_t used = 0;

    (void)state;
    for (unsigned i = 0; i <= CONFIG_MAX_VIRTIO; i++) {
        used +=
            (size_t)snprintf(text + used, sizeof(text) - used, "virtio rng 0 %u %u\n", 32 + i, i);
    }
    assert_int_equal(parse(text), CONFIG_MAX_VIRTIO + 1);
    used = 0;
    for (unsigned i = 0; i < CONFIG_MAX_IRQS; i++) {
        used += (size_t)snprintf(text + used, sizeof(text) - used, "irq %u %u\n", 32 + i, i);
    }
    assert_int_equal(parse(text), 0);
    assert_int_equal(guest.config.irqs_count, CONFIG_MAX_IRQS);
}

/** Lines that are edges are so from the start, and again after a reset, whatever the guest did. */
static void senses(void **state)
{
    uint64_t words[GUEST_FAULT_WORDS] = { 0, 0x8000c14, 0, ESR_LOAD4 | ESR_STORE, 0 };

    (void)state;
    assert_true(boot(CONFIG, 1, 2));
    assert_int_equal(vmm_fake.shared[BH_VIRQ_EDGE][80 / 32], 1u << 80 % 32);
    assert_int_equal(vmm_fake.shared[BH_VIRQ_EDGE][33 / 32], 0);
    assert_int_equal(guest_fault(&guest, VMM_FAKE_ID(0), BH_FAULT_MEMORY, words).label,
                     BH_VCPU_DONE);
    assert_int_equal(vmm_fake.shared[BH_VIRQ_EDGE][80 / 32], 0);
    guest_stop(&guest);
    assert_true(guest_start(&guest));
    assert_int_equal(vmm_fake.shared[BH_VIRQ_EDGE][80 / 32], 1u << 80 % 32);
}

/** A physical interrupt that the guest has not ended when it stops is linked anew, pending. */
static void interrupts_are_ended(void **state)
{
    (void)state;
    assert_true(boot(CONFIG, 1, 2));
    vmm_fake.link[33] = 0;
    guest_stop(&guest);
    assert_int_equal(vmm_fake.link[33], 0);
    assert_true(guest_start(&guest));
    vmm_fake.shared[BH_VIRQ_ACTIVE][33 / 32] = 1u << 33 % 32;
    guest_stop(&guest);
    assert_int_equal(vmm_fake.link[33], 5 + 1);
    assert_int_equal(vmm_fake.shared[BH_VIRQ_ACTIVE][33 / 32], 0);
    assert_int_equal(vmm_fake.shared[BH_VIRQ_PENDING][33 / 32], 1u << 33 % 32);
    assert_int_equal(vmm_fake.wrong, 0);
}

/** What the kernel counted is said when the guest stops, of this life alone. */
static void aborts_are_said(void **state)
{
    (void)state;
    assert_true(boot(CONFIG, 2, 3));
    guest_stop(&guest);
    assert_null(strstr(vmm_fake.printed, "exception"));
    assert_true(guest_start(&guest));
    vmm_fake.aborts[0] = 7;
    vmm_fake.aborts[1] = 100;
    guest_stop(&guest);
    assert_non_null(strstr(vmm_fake.printed, "that ended in an exception: 107\n"));
    assert_true(guest_start(&guest));
    vmm_fake.aborts[1] = 110;
    guest_stop(&guest);
    assert_non_null(strstr(vmm_fake.printed, "that ended in an exception: 10\n"));
}

/** Wrong images are said, and nothing runs. */
static void refused(void **state)
{
    static const uint8_t no_tree[64] = "no tree";

    (void)state;
    kernel[56] = 0;
    assert_false(boot(CONFIG, 1, 3));
    assert_non_null(strstr(vmm_fake.printed, "left: the kernel is not an arm64 Image\n"));
    make_kernel(0, 0x200000, 4);
    assert_false(boot(CONFIG, 1, 3));
    assert_non_null(strstr(vmm_fake.printed, "left: the kernel has pages of a size that the CPU"));
    make_kernel(0, RAM_BYTES - 0x200000, 2);
    assert_false(boot(CONFIG, 1, 3));
    assert_non_null(strstr(vmm_fake.printed, "left: the initial RAM disk does not fit"));
    make_kernel(0, 0x200000, 2);
    assert_true(boot(CONFIG, 1, 3));
    guest_stop(&guest);
    guest.dtb = (struct guest_file){ no_tree, sizeof(no_tree) };
    assert_false(guest_start(&guest));
    assert_non_null(strstr(vmm_fake.printed, "left: the device tree does not parse\n"));
    guest.dtb = (struct guest_file){ ram, 100 };
    assert_false(guest_start(&guest));
    assert_non_null(strstr(vmm_fake.printed, "left: a file of the guest lies in the guest's RAM"));
    assert_int_equal(vmm_fake.starts, 1);
}

static void no_machine(void **state)
{
    (void)state;
    assert_false(boot("gic 2 0 0\n", 1, 3));
    assert_false(boot("gic 3 0x8000000 0x8000000\n", 1, 3));
    assert_false(boot(CONFIG, 0, 3));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(boots, begin, end),
        cmocka_unit_test_setup_teardown(device_tree, begin, end),
        cmocka_unit_test_setup_teardown(accesses, begin, end),
        cmocka_unit_test(configuration),
        cmocka_unit_test(nothing_twice),
        cmocka_unit_test(too_many),
        cmocka_unit_test_setup_teardown(senses, begin, end),
        cmocka_unit_test_setup_teardown(interrupts_are_ended, begin, end),
        cmocka_unit_test_setup_teardown(aborts_are_said, begin, end),
        cmocka_unit_test_setup_teardown(refused, begin, end),
        cmocka_unit_test_setup_teardown(no_machine, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
