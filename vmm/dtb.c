/* SPDX-License-Identifier: BSD-2-Clause */
#include "dtb.h"

#include <libfdt.h>
#include <string.h>

#include "gic.h"

#define DTB_PHANDLE_GIC 1
#define DTB_PHANDLE_CLOCK 2
/** Bytes of the longest name of a node with an address. */
#define DTB_NAME_BYTES 48
#define DTB_NAME_DIGITS 16

/** Interrupt cells (Linux: bindings of arm,gic): kind, number, sense. */
#define DTB_SPI 0
#define DTB_PPI 1
#define DTB_LEVEL_HIGH 4
/** PPIs of the timers: secure, non-secure and virtual EL1, EL2 (Base System Architecture). */
#define DTB_TIMER_PPIS \
    {                  \
        13, 14, 11, 10 \
    }

/** The GICv2 CPU interface is two pages, the second of which has GICC_DIR. */
#define DTB_GICC_BYTES 0x2000
#define DTB_PL011_BYTES 0x1000
#define DTB_PL011_CLOCK 24000000

/**
 * A tree that is being written. The first error stays, so that only the end has to look at it.
 */
struct dtb {
    void *fdt;
    int error;
};

static void dtb_note(struct dtb *dtb, int error)
{
    if (dtb->error == 0) {
        dtb->error = error;
    }
}

static void dtb_begin(struct dtb *dtb, const char *name)
{
    dtb_note(dtb, fdt_begin_node(dtb->fdt, name));
}

static void dtb_hex(char *to, uint64_t number)
{
    char digits[DTB_NAME_DIGITS];
    size_t count = 0;

    do {
        digits[count++] = "0123456789abcdef"[number & 15];
        number >>= 4;
    } while (number != 0);
    while (count > 0) {
        *to++ = digits[--count];
    }
    *to = '\0';
}

/** Begin the node `name`@`address`. */
static void dtb_begin_at(struct dtb *dtb, const char *name, uint64_t address)
{
    char text[DTB_NAME_BYTES];
    size_t bytes = strlen(name);

    memcpy(text, name, bytes);
    text[bytes] = '@';
    dtb_hex(text + bytes + 1, address);
    dtb_begin(dtb, text);
}

static void dtb_end(struct dtb *dtb)
{
    dtb_note(dtb, fdt_end_node(dtb->fdt));
}

static void dtb_string(struct dtb *dtb, const char *name, const char *value)
{
    dtb_note(dtb, fdt_property(dtb->fdt, name, value, (int)strlen(value) + 1));
}

/** `bytes` bytes of strings, each with its zero. */
static void dtb_strings(struct dtb *dtb, const char *name, const char *values, size_t bytes)
{
    dtb_note(dtb, fdt_property(dtb->fdt, name, values, (int)bytes));
}

static void dtb_empty(struct dtb *dtb, const char *name)
{
    dtb_note(dtb, fdt_property(dtb->fdt, name, NULL, 0));
}

static void dtb_cell(struct dtb *dtb, const char *name, uint32_t value)
{
    dtb_note(dtb, fdt_property_u32(dtb->fdt, name, value));
}

static void dtb_cells(struct dtb *dtb, const char *name, const uint32_t *values, size_t count)
{
    void *to = NULL;

    dtb_note(dtb, fdt_property_placeholder(dtb->fdt, name, (int)(count * sizeof(uint32_t)), &to));
    for (size_t i = 0; i < count && to != NULL && dtb->error == 0; i++) {
        uint32_t cell = cpu_to_fdt32(values[i]);

        memcpy((char *)to + i * sizeof(cell), &cell, sizeof(cell));
    }
}

/** `count` pairs of address and size. */
static void dtb_reg(struct dtb *dtb, const uint64_t *pairs, size_t count)
{
    uint32_t cells[8];

    for (size_t i = 0; i < 2 * count; i++) {
        cells[2 * i] = (uint32_t)(pairs[i] >> 32);
        cells[2 * i + 1] = (uint32_t)pairs[i];
    }
    dtb_cells(dtb, "reg", cells, 4 * count);
}

static void dtb_root(struct dtb *dtb, const struct dtb_machine *machine)
{
    static const char compatible[] = "bulkhead,guest\0linux,dummy-virt";

    dtb_cell(dtb, "#address-cells", 2);
    dtb_cell(dtb, "#size-cells", 2);
    dtb_cell(dtb, "interrupt-parent", DTB_PHANDLE_GIC);
    dtb_strings(dtb, "compatible", compatible, sizeof(compatible));
    dtb_string(dtb, "model", machine->name);
}

static void dtb_chosen(struct dtb *dtb, const struct dtb_machine *machine)
{
    char path[DTB_NAME_BYTES] = "/pl011@";

    dtb_begin(dtb, "chosen");
    dtb_string(dtb, "bootargs", machine->bootargs);
    if (machine->pl011) {
        dtb_hex(path + strlen(path), machine->pl011_address);
        dtb_string(dtb, "stdout-path", path);
    }
    if (machine->initrd != 0) {
        dtb_note(dtb, fdt_property_u64(dtb->fdt, "linux,initrd-start", machine->initrd));
        dtb_note(dtb, fdt_property_u64(dtb->fdt, "linux,initrd-end", machine->initrd_end));
    }
    dtb_end(dtb);
}

static void dtb_memory(struct dtb *dtb, const struct dtb_machine *machine)
{
    const uint64_t reg[] = { machine->ram_gpa, machine->ram_bytes };

    dtb_begin_at(dtb, "memory", machine->ram_gpa);
    dtb_string(dtb, "device_type", "memory");
    dtb_reg(dtb, reg, 1);
    dtb_end(dtb);
}

static void dtb_cpus(struct dtb *dtb, const struct dtb_machine *machine)
{
    dtb_begin(dtb, "cpus");
    dtb_cell(dtb, "#address-cells", 1);
    dtb_cell(dtb, "#size-cells", 0);
    for (uint32_t vcpu = 0; vcpu < machine->vcpus; vcpu++) {
        dtb_begin_at(dtb, "cpu", vcpu);
        dtb_string(dtb, "device_type", "cpu");
        dtb_string(dtb, "compatible", "arm,armv8");
        dtb_string(dtb, "enable-method", "psci");
        dtb_cell(dtb, "reg", vcpu);
        dtb_end(dtb);
    }
    dtb_end(dtb);
}

static void dtb_psci(struct dtb *dtb)
{
    static const char compatible[] = "arm,psci-1.0\0arm,psci-0.2";

    dtb_begin(dtb, "psci");
    dtb_strings(dtb, "compatible", compatible, sizeof(compatible));
    dtb_string(dtb, "method", "hvc");
    dtb_end(dtb);
}

static void dtb_timer(struct dtb *dtb, const struct dtb_machine *machine)
{
    static const uint32_t ppis[] = DTB_TIMER_PPIS;
    /* GICv2 has the CPUs that a PPI goes to in the third cell. */
    uint32_t cpus = machine->gic_version == 2 ? ((1u << machine->vcpus) - 1) << 8 : 0;
    uint32_t cells[3 * sizeof(ppis) / sizeof(ppis[0])];

    for (size_t i = 0; i < sizeof(ppis) / sizeof(ppis[0]); i++) {
        cells[3 * i] = DTB_PPI;
        cells[3 * i + 1] = ppis[i];
        cells[3 * i + 2] = cpus | DTB_LEVEL_HIGH;
    }
    dtb_begin(dtb, "timer");
    dtb_string(dtb, "compatible", "arm,armv8-timer");
    dtb_cells(dtb, "interrupts", cells, sizeof(cells) / sizeof(cells[0]));
    dtb_empty(dtb, "always-on");
    dtb_end(dtb);
}

static void dtb_gic(struct dtb *dtb, const struct dtb_machine *machine)
{
    bool v3 = machine->gic_version == 3;
    const uint64_t reg[] = {
        machine->gicd,
        GIC_DISTRIBUTOR_BYTES,
        machine->gic_interface,
        v3 ? (uint64_t)machine->vcpus * GIC_REDISTRIBUTOR_BYTES : DTB_GICC_BYTES,
    };

    dtb_begin_at(dtb, "interrupt-controller", machine->gicd);
    dtb_string(dtb, "compatible", v3 ? "arm,gic-v3" : "arm,cortex-a15-gic");
    dtb_cell(dtb, "#interrupt-cells", 3);
    dtb_cell(dtb, "#address-cells", 0);
    dtb_empty(dtb, "interrupt-controller");
    dtb_reg(dtb, reg, 2);
    dtb_cell(dtb, "phandle", DTB_PHANDLE_GIC);
    dtb_end(dtb);
}

static void dtb_pl011(struct dtb *dtb, const struct dtb_machine *machine)
{
    static const char compatible[] = "arm,pl011\0arm,primecell";
    static const char clock_names[] = "uartclk\0apb_pclk";
    const uint64_t reg[] = { machine->pl011_address, DTB_PL011_BYTES };
    const uint32_t interrupt[] = { DTB_SPI, machine->pl011_intid - 32, DTB_LEVEL_HIGH };
    const uint32_t clocks[] = { DTB_PHANDLE_CLOCK, DTB_PHANDLE_CLOCK };

    dtb_begin(dtb, "apb-pclk");
    dtb_string(dtb, "compatible", "fixed-clock");
    dtb_cell(dtb, "#clock-cells", 0);
    dtb_cell(dtb, "clock-frequency", DTB_PL011_CLOCK);
    dtb_cell(dtb, "phandle", DTB_PHANDLE_CLOCK);
    dtb_end(dtb);

    dtb_begin_at(dtb, "pl011", machine->pl011_address);
    dtb_strings(dtb, "compatible", compatible, sizeof(compatible));
    dtb_reg(dtb, reg, 1);
    dtb_cells(dtb, "interrupts", interrupt, 3);
    dtb_cells(dtb, "clocks", clocks, 2);
    dtb_strings(dtb, "clock-names", clock_names, sizeof(clock_names));
    dtb_end(dtb);
}

size_t dtb_build(const struct dtb_machine *machine, void *to, size_t room)
{
    struct dtb dtb = { .fdt = to };

    dtb_note(&dtb, fdt_create(to, room > INT32_MAX ? INT32_MAX : (int)room));
    dtb_note(&dtb, fdt_finish_reservemap(to));
    dtb_begin(&dtb, "");
    dtb_root(&dtb, machine);
    dtb_chosen(&dtb, machine);
    dtb_memory(&dtb, machine);
    dtb_cpus(&dtb, machine);
    dtb_psci(&dtb);
    dtb_timer(&dtb, machine);
    dtb_gic(&dtb, machine);
    if (machine->pl011) {
        dtb_pl011(&dtb, machine);
    }
    dtb_end(&dtb);
    dtb_note(&dtb, fdt_finish(to));
    return dtb.error == 0 ? fdt_totalsize(to) : 0;
}
