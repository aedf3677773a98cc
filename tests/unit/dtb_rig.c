/* SPDX-License-Identifier: BSD-2-Clause */
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

_Alignas(8) uint8_t dtb_rig_tree[DTB_RIG_ROOM];
struct dtb_machine dtb_rig_machine;
const struct dtb_seeds dtb_rig_seeds = { "kaslrkey", "thirty-two bytes of random bytes" };
static const struct config_virtio virtio[] = {
    { "console", 0xa010000, 80, 7 },
    { "rng", 0xa020000, 81, 8 },
};

void dtb_rig_plain(uint32_t vcpus, uint32_t version)
{
    dtb_rig_machine = (struct dtb_machine){
        .name = "left",
        .bootargs = "",
        .ram_gpa = DTB_RIG_RAM_GPA,
        .ram_bytes = DTB_RIG_RAM_BYTES,
        .vcpus = vcpus,
        .gic_version = version,
        .gicd = 0x8000000,
        .gic_interface = version == 2 ? 0x8010000 : 0x80a0000,
    };
}

void dtb_rig_full(uint32_t vcpus, uint32_t version)
{
    dtb_rig_plain(vcpus, version);
    dtb_rig_machine.bootargs = "console=ttyAMA0 x";
    dtb_rig_machine.uart = true;
    dtb_rig_machine.uart_address = 0x9100000;
    dtb_rig_machine.uart_intid = 100;
    dtb_rig_machine.virtio = virtio;
    dtb_rig_machine.virtio_count = 2;
    dtb_rig_machine.initrd = DTB_RIG_RAM_GPA + 0x400000;
    dtb_rig_machine.initrd_end = DTB_RIG_RAM_GPA + 0x400123;
    dtb_rig_machine.seeds = &dtb_rig_seeds;
}

void dtb_rig_build(void)
{
    size_t bytes = 0;

    assert_int_equal(dtb_build(&dtb_rig_machine, dtb_rig_tree, sizeof(dtb_rig_tree), &bytes),
                     DTB_OK);
    assert_int_equal(fdt_check_full(dtb_rig_tree, bytes), 0);
    assert_int_equal(fdt_totalsize(dtb_rig_tree), bytes);
}

enum dtb_error dtb_rig_refused(void)
{
    size_t bytes = 0;

    return dtb_build(&dtb_rig_machine, dtb_rig_tree, sizeof(dtb_rig_tree), &bytes);
}

int dtb_rig_node(const char *path)
{
    int offset = fdt_path_offset(dtb_rig_tree, path);

    if (offset < 0) {
        fail_msg("there is no %s", path);
    }
    return offset;
}

bool dtb_rig_there(const char *path)
{
    return fdt_path_offset(dtb_rig_tree, path) >= 0;
}

const void *dtb_rig_property(const char *path, const char *name, int bytes)
{
    int found = 0;
    const void *value = fdt_getprop(dtb_rig_tree, dtb_rig_node(path), name, &found);

    if (value == NULL || found != bytes) {
        fail_msg("%s has no %s of %d bytes", path, name, bytes);
    }
    return value;
}

void dtb_rig_has_string(const char *path, const char *name, const char *value)
{
    assert_string_equal(dtb_rig_property(path, name, (int)strlen(value) + 1), value);
}

void dtb_rig_has_cells(const char *path, const char *name, const uint32_t *cells, size_t count)
{
    const fdt32_t *value = dtb_rig_property(path, name, (int)(count * sizeof(*value)));

    for (size_t i = 0; i < count; i++) {
        assert_int_equal(fdt32_ld(value + i), cells[i]);
    }
}

uint32_t dtb_rig_gic_phandle(void)
{
    const fdt32_t *value = dtb_rig_property("/interrupt-controller@8000000", "phandle", 4);

    return fdt32_ld(value);
}

void dtb_rig_dtc_is_content(void)
{
    char path[] = "test_vmm_dtb.XXXXXX";
    char command[256];
    char said[4096];
    int file = mkstemp(path);
    ssize_t bytes = (ssize_t)fdt_totalsize(dtb_rig_tree);
    FILE *pipe;

    assert_true(file >= 0);
    assert_true(write(file, dtb_rig_tree, (size_t)bytes) == bytes);
    close(file);
    snprintf(command, sizeof(command), "dtc -I dtb -O dts -o /dev/null %s 2>&1", path);
    pipe = popen(command, "r");
    assert_non_null(pipe);
    said[fread(said, 1, sizeof(said) - 1, pipe)] = '\0';
    assert_int_equal(pclose(pipe), 0);
    unlink(path);
    assert_string_equal(said, "");
}
