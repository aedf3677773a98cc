/* SPDX-License-Identifier: BSD-2-Clause */
#include "platform.h"

#include "fdt.h"

/* Where QEMU's `virt` has its UART; used when the device tree names none. */
#define FALLBACK_UART 0x09000000UL
#define PATH_BYTES 128

struct platform platform;

static void copy(char *to, unsigned room, const uint8_t *from, uint32_t bytes)
{
    unsigned i;

    for (i = 0; i + 1 < room && i < bytes && from[i] != 0; i++) {
        to[i] = (char)from[i];
    }
    to[i] = '\0';
}

static void read_gic(const struct fdt_walk *walk)
{
    uint64_t address, size, other, other_size;

    if (platform.gic_version != 0 || !fdt_reg(walk, 0, &address, &size) ||
        !fdt_reg(walk, 1, &other, &other_size)) {
        return;
    }
    if (fdt_compatible(walk, "arm,gic-v3")) {
        platform.gic_version = 3;
        platform.redistributors = other;
        platform.redistributors_bytes = other_size;
    } else if (fdt_compatible(walk, "arm,cortex-a15-gic") || fdt_compatible(walk, "arm,gic-400")) {
        platform.gic_version = 2;
        platform.cpu_interface = other;
    } else {
        return;
    }
    platform.distributor = address;
}

static void read_cpu(const struct fdt_walk *walk)
{
    uint32_t bytes = 0;
    const uint8_t *type = fdt_property(walk, "device_type", &bytes);
    uint64_t mpidr, size;

    if (fdt_has_string(type, bytes, "cpu") && platform.cpus < CPU_MAX &&
        fdt_reg(walk, 0, &mpidr, &size)) {
        platform.mpidr[platform.cpus++] = mpidr;
    }
}

/* stdout-path is a path or an alias, perhaps with options behind a colon. */
static void read_chosen(const struct fdt_walk *walk, char *stdout_path)
{
    uint32_t bytes = 0;
    const uint8_t *value = fdt_property(walk, "bootargs", &bytes);

    if (value != 0) {
        copy(platform.bootargs, sizeof(platform.bootargs), value, bytes);
    }
    value = fdt_property(walk, "stdout-path", &bytes);
    if (value != 0) {
        copy(stdout_path, PATH_BYTES, value, bytes);
        for (char *at = stdout_path; *at != '\0'; at++) {
            if (*at == ':') {
                *at = '\0';
                break;
            }
        }
    }
}

static void read_uart(const void *tree, char *stdout_path)
{
    struct fdt_walk walk;
    uint64_t address, size;
    bool any = false;

    if (!fdt_begin(&walk, tree)) {
        return;
    }
    while (stdout_path[0] != '/' && stdout_path[0] != '\0' && fdt_next(&walk)) {
        uint32_t bytes = 0;
        const uint8_t *alias;

        if (fdt_equal(walk.path, "/aliases")) {
            alias = fdt_property(&walk, stdout_path, &bytes);
            if (alias == 0) {
                break;
            }
            copy(stdout_path, PATH_BYTES, alias, bytes);
        }
    }
    if (!fdt_begin(&walk, tree)) {
        return;
    }
    while (fdt_next(&walk)) {
        if (!(fdt_compatible(&walk, "arm,pl011") || fdt_compatible(&walk, "arm,sbsa-uart")) ||
            !fdt_reg(&walk, 0, &address, &size)) {
            continue;
        }
        if (!any || fdt_equal(walk.path, stdout_path)) {
            platform.uart = address;
            any = true;
        }
    }
}

bool platform_read(uintptr_t tree)
{
    static char stdout_path[PATH_BYTES];
    struct fdt_walk walk;

    platform.uart = FALLBACK_UART;
    if (!fdt_begin(&walk, (const void *)tree)) {
        return false;
    }
    while (fdt_next(&walk)) {
        read_gic(&walk);
        read_cpu(&walk);
        if (fdt_equal(walk.path, "/chosen")) {
            read_chosen(&walk, stdout_path);
        } else if (fdt_equal(walk.path, "/psci")) {
            uint32_t bytes = 0;
            const uint8_t *method = fdt_property(&walk, "method", &bytes);

            platform.psci_smc = fdt_has_string(method, bytes, "smc");
        }
    }
    read_uart((const void *)tree, stdout_path);
    return platform.gic_version != 0 && platform.cpus != 0;
}

const char *platform_argument(const char *name)
{
    for (const char *at = platform.bootargs; *at != '\0'; at++) {
        unsigned i = 0;

        if (at != platform.bootargs && at[-1] != ' ') {
            continue;
        }
        while (name[i] != '\0' && at[i] == name[i]) {
            i++;
        }
        if (name[i] == '\0' && at[i] == '=') {
            return at + i + 1;
        }
    }
    return 0;
}
