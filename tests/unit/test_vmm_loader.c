/* SPDX-License-Identifier: BSD-2-Clause */
/* Kernels, where they go, and those that are refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "loader.h"
#include "vmm_fake.h"

#define RAM_GPA 0x40000000UL
#define MIB (1UL << 20)
#define RAM_BYTES (16 * MIB)
#define KERNEL_BYTES 8192u
#define PE_AT 64u

static uint8_t kernel[KERNEL_BYTES];

static void put(uint32_t at, uint64_t value, uint32_t bytes)
{
    for (uint32_t i = 0; i < bytes; i++) {
        kernel[at + i] = (uint8_t)(value >> (8 * i));
    }
}

/** A kernel of 4 KiB pages that takes 2 MiB. */
static int begin(void **state)
{
    (void)state;
    memset(kernel, 0x11, sizeof(kernel));
    put(0, 0x14000010, 4);
    put(8, 0, 8);
    put(16, 2 * MIB, 8);
    put(24, 2, 8);
    memcpy(kernel + 56, "ARM\x64", 4);
    put(60, 0, 4);
    return 0;
}

static enum loader_error check(uint64_t bytes)
{
    struct loader_image header;
    /* Of exactly that size, so that the sanitizer sees what is read beyond. */
    uint8_t *file = malloc(bytes);
    enum loader_error error;

    assert_non_null(file);
    memcpy(file, kernel, bytes);
    error = loader_check(file, bytes, &header);
    free(file);
    return error;
}

static void header(void **state)
{
    struct loader_image image;

    (void)state;
    put(8, 0x80000, 8);
    assert_int_equal(loader_check(kernel, sizeof(kernel), &image), LOADER_OK);
    assert_int_equal(image.text_offset, 0x80000);
    assert_int_equal(image.memory_bytes, 2 * MIB);
    put(16, sizeof(kernel), 8);
    assert_int_equal(check(sizeof(kernel)), LOADER_OK);
}

static void truncated(void **state)
{
    (void)state;
    for (uint32_t bytes = 1; bytes < 64; bytes++) {
        assert_int_equal(check(bytes), LOADER_ERR_TRUNCATED);
    }
    assert_int_equal(check(64), LOADER_OK);
}

/** A kernel that is also a PE file says how long it is. */
static void truncated_pe(void **state)
{
    const uint32_t sections = PE_AT + 24 + 160;

    (void)state;
    memcpy(kernel, "MZ", 2);
    put(60, PE_AT, 4);
    memcpy(kernel + PE_AT, "PE\0\0", 4);
    put(PE_AT + 6, 2, 2);
    put(PE_AT + 20, 160, 2);
    put(sections + 16, 1000, 4);
    put(sections + 20, 4096, 4);
    put(sections + 40 + 16, 3096, 4);
    put(sections + 40 + 20, 5096, 4);
    assert_int_equal(check(KERNEL_BYTES), LOADER_OK);
    assert_int_equal(check(KERNEL_BYTES - 1), LOADER_ERR_TRUNCATED);
    assert_int_equal(check(sections + 80), LOADER_ERR_TRUNCATED);
    assert_int_equal(check(sections + 79), LOADER_ERR_TRUNCATED);
    assert_int_equal(check(PE_AT + 23), LOADER_ERR_TRUNCATED);
    put(sections + 40 + 16, UINT32_MAX, 4);
    put(sections + 40 + 20, UINT32_MAX, 4);
    assert_int_equal(check(KERNEL_BYTES), LOADER_ERR_TRUNCATED);
    put(PE_AT + 6, 0xffff, 2);
    assert_int_equal(check(KERNEL_BYTES), LOADER_ERR_TRUNCATED);
    put(60, UINT32_MAX, 4);
    assert_int_equal(check(KERNEL_BYTES), LOADER_ERR_TRUNCATED);
    put(60, 0, 4);
    assert_int_equal(check(KERNEL_BYTES), LOADER_OK);
}

static void magic(void **state)
{
    (void)state;
    kernel[59] ^= 1;
    assert_int_equal(check(KERNEL_BYTES), LOADER_ERR_MAGIC);
    put(0, 0x00088b1f, 4);
    assert_int_equal(check(KERNEL_BYTES), LOADER_ERR_COMPRESSED);
    put(0, 0xfd2fb528, 4);
    assert_int_equal(check(KERNEL_BYTES), LOADER_ERR_COMPRESSED);
    memcpy(kernel, "MZ\0\0zimg", 8);
    assert_int_equal(check(KERNEL_BYTES), LOADER_ERR_COMPRESSED);
    kernel[4] = 'Z';
    assert_int_equal(check(KERNEL_BYTES), LOADER_ERR_MAGIC);
}

static void text_offset(void **state)
{
    (void)state;
    put(8, 2 * MIB, 8);
    assert_int_equal(check(KERNEL_BYTES), LOADER_ERR_HEADER);
    put(8, 0x80800, 8);
    assert_int_equal(check(KERNEL_BYTES), LOADER_ERR_HEADER);
    put(8, 1UL << 63, 8);
    assert_int_equal(check(KERNEL_BYTES), LOADER_ERR_HEADER);
    put(8, 2 * MIB - 0x1000, 8);
    assert_int_equal(check(KERNEL_BYTES), LOADER_OK);
}

static void image_size(void **state)
{
    (void)state;
    put(16, 0, 8);
    assert_int_equal(check(KERNEL_BYTES), LOADER_ERR_HEADER);
    put(16, KERNEL_BYTES - 1, 8);
    assert_int_equal(check(KERNEL_BYTES), LOADER_ERR_HEADER);
    put(16, UINT64_MAX, 8);
    assert_int_equal(check(KERNEL_BYTES), LOADER_OK);
}

static void flags(void **state)
{
    (void)state;
    put(24, 3, 8);
    assert_int_equal(check(KERNEL_BYTES), LOADER_ERR_ENDIAN);
    /* Pages unspecified or of 64 KiB, and placement as near as possible or anywhere. */
    put(24, 0, 8);
    assert_int_equal(check(KERNEL_BYTES), LOADER_OK);
    put(24, 3UL << 1 | 1UL << 3, 8);
    assert_int_equal(check(KERNEL_BYTES), LOADER_OK);
}

static void pages(void **state)
{
    /* The CPU: A53 has 4 and 64 KiB, A55 all, the last 16 KiB alone. */
    static const uint64_t mmfr0[] = { 0x1122, 0x101122, 0xff101122 };
    static const bool has[][4] = {
        { true, true, false, true },
        { true, true, true, true },
        { true, false, true, false },
    };

    (void)state;
    for (uint32_t size = 0; size < 4; size++) {
        struct loader_image image;

        put(24, (uint64_t)size << 1, 8);
        assert_int_equal(loader_check(kernel, sizeof(kernel), &image), LOADER_OK);
        for (uint32_t cpu = 0; cpu < 3; cpu++) {
            assert_int_equal(loader_check_pages(&image, mmfr0[cpu]),
                             has[cpu][size] ? LOADER_OK : LOADER_ERR_PAGES);
        }
    }
}

static enum loader_error place(uint64_t gpa, uint64_t bytes, uint64_t text, uint64_t size,
                               uint64_t initrd, struct loader_layout *layout)
{
    const struct loader_ram ram = { NULL, gpa, bytes };
    const struct loader_image image = { .text_offset = text, .memory_bytes = size };

    return loader_place(&ram, &image, initrd, layout);
}

static void places(void **state)
{
    struct loader_layout at;

    (void)state;
    assert_int_equal(place(RAM_GPA, RAM_BYTES, 0x80000, 2 * MIB, 100, &at), LOADER_OK);
    assert_int_equal(at.kernel, RAM_GPA + 0x80000);
    assert_int_equal(at.kernel_end, RAM_GPA + 0x80000 + 2 * MIB);
    assert_int_equal(at.dtb, RAM_GPA + 4 * MIB);
    assert_int_equal(at.initrd, RAM_GPA + 6 * MIB);
    assert_int_equal(at.initrd_end, RAM_GPA + 6 * MIB + 100);
    assert_int_equal(place(RAM_GPA, RAM_BYTES, 0, 2 * MIB, 0, &at), LOADER_OK);
    assert_int_equal(at.dtb, RAM_GPA + 2 * MIB);
    assert_int_equal(at.initrd, 0);
    /* The very end of the address space. */
    assert_int_equal(place(0 - RAM_BYTES, RAM_BYTES, 0, 2 * MIB, 12 * MIB, &at), LOADER_OK);
}

static void ram_misaligned(void **state)
{
    struct loader_layout at;

    (void)state;
    assert_int_equal(place(RAM_GPA, RAM_BYTES - 0x1000, 0, MIB, 0, &at), LOADER_ERR_RAM);
    assert_int_equal(place(RAM_GPA + MIB, RAM_BYTES, 0, MIB, 0, &at), LOADER_ERR_RAM);
    assert_int_equal(place(RAM_GPA, 0, 0, MIB, 0, &at), LOADER_ERR_RAM);
    assert_int_equal(place(0 - 2 * MIB, 4 * MIB, 0, MIB, 0, &at), LOADER_ERR_RAM);
}

static void too_large(void **state)
{
    struct loader_layout at;

    (void)state;
    assert_int_equal(place(RAM_GPA, RAM_BYTES, 0x80000, UINT64_MAX, 0, &at), LOADER_ERR_KERNEL);
    assert_int_equal(place(RAM_GPA, RAM_BYTES, 0x80000, RAM_BYTES - 0x80000, 0, &at),
                     LOADER_ERR_KERNEL);
    assert_int_equal(place(RAM_GPA, RAM_BYTES, 0x80000, RAM_BYTES - 2 * MIB - 0x80000, 0, &at),
                     LOADER_OK);
    assert_int_equal(place(RAM_GPA, RAM_BYTES, 0, RAM_BYTES - 2 * MIB, 1, &at), LOADER_ERR_INITRD);
    assert_int_equal(place(RAM_GPA, RAM_BYTES, 0, MIB, RAM_BYTES + 1, &at), LOADER_ERR_INITRD);
    assert_int_equal(place(RAM_GPA, RAM_BYTES, 0, MIB, UINT64_MAX, &at), LOADER_ERR_INITRD);
    assert_int_equal(place(RAM_GPA, RAM_BYTES, 0, MIB, RAM_BYTES - 4 * MIB, &at), LOADER_OK);
    assert_int_equal(place(RAM_GPA, 2 * MIB, 0, MIB, 0, &at), LOADER_ERR_KERNEL);
}

static void copies(void **state)
{
    static uint8_t bytes[4 * KERNEL_BYTES];
    /* The middle of it. */
    const struct loader_ram ram = { bytes + KERNEL_BYTES, RAM_GPA, KERNEL_BYTES };

    (void)state;
    vmm_fake_reset(1, 3);
    assert_int_equal(loader_copy(&ram, RAM_GPA + 10, kernel, 100), LOADER_OK);
    assert_memory_equal(bytes + KERNEL_BYTES + 10, kernel, 100);
    assert_int_equal(vmm_fake.cleaned, 100);
    assert_int_equal(loader_copy(&ram, RAM_GPA + KERNEL_BYTES, kernel, 1), LOADER_ERR_KERNEL);
    assert_int_equal(loader_copy(&ram, RAM_GPA + KERNEL_BYTES, kernel, 0), LOADER_OK);
    assert_int_equal(loader_copy(&ram, RAM_GPA + 1, kernel, KERNEL_BYTES), LOADER_ERR_KERNEL);
    assert_int_equal(loader_copy(&ram, RAM_GPA - 1, kernel, 1), LOADER_ERR_KERNEL);
    assert_int_equal(loader_copy(&ram, RAM_GPA, kernel, UINT64_MAX), LOADER_ERR_KERNEL);
    assert_int_equal(loader_copy(&ram, RAM_GPA, bytes, KERNEL_BYTES), LOADER_OK);
    assert_int_equal(loader_copy(&ram, RAM_GPA, bytes + 1, KERNEL_BYTES), LOADER_ERR_OVERLAP);
    assert_int_equal(loader_copy(&ram, RAM_GPA, bytes + KERNEL_BYTES + 7, 1), LOADER_ERR_OVERLAP);
    assert_int_equal(loader_copy(&ram, RAM_GPA, bytes + 2 * KERNEL_BYTES - 1, 2),
                     LOADER_ERR_OVERLAP);
    assert_int_equal(loader_copy(&ram, RAM_GPA, bytes + 2 * KERNEL_BYTES, KERNEL_BYTES), LOADER_OK);
}

static void sentences(void **state)
{
    (void)state;
    for (int error = LOADER_OK; error <= LOADER_ERR_OVERLAP; error++) {
        assert_string_not_equal(loader_says((enum loader_error)error), "unknown");
        for (int other = LOADER_OK; other < error; other++) {
            assert_string_not_equal(loader_says((enum loader_error)error),
                                    loader_says((enum loader_error)other));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(header, begin),
        cmocka_unit_test_setup(truncated, begin),
        cmocka_unit_test_setup(truncated_pe, begin),
        cmocka_unit_test_setup(magic, begin),
        cmocka_unit_test_setup(text_offset, begin),
        cmocka_unit_test_setup(image_size, begin),
        cmocka_unit_test_setup(flags, begin),
        cmocka_unit_test_setup(pages, begin),
        cmocka_unit_test(places),
        cmocka_unit_test(ram_misaligned),
        cmocka_unit_test(too_large),
        cmocka_unit_test_setup(copies, begin),
        cmocka_unit_test(sentences),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
