/* SPDX-License-Identifier: BSD-2-Clause */
#include "dtb.h"

#include <libfdt.h>
#include <string.h>

#include "dtb_edit.h"
#include "gic.h"
#include "uart.h"

#define DTB_ROOT 0
#define DTB_MIN_VERSION 16

/** Interrupt cells (Linux: bindings of arm,gic): kind, number, sense. */
#define DTB_SPI 0
#define DTB_PPI 1
#define DTB_EDGE_RISING 1
#define DTB_LEVEL_HIGH 4
#define DTB_FIRST_SPI 32
/** PPIs of the timers: secure, non-secure and virtual EL1, EL2 (Base System Architecture). */
#define DTB_TIMER_PPIS \
    {                  \
        13, 14, 11, 10 \
    }

/** The GICv2 CPU interface is two pages, the second of which has GICC_DIR. */
#define DTB_GICC_BYTES 0x2000
#define DTB_VIRTIO_BYTES 0x1000
#define DTB_UART_SPEED 115200

struct dtb {
    struct dtb_edit edit;
    const struct dtb_machine *machine;
    uint32_t gic_phandle;
};

static bool dtb_is_any(const void *fdt, int node, const char *const *compatible, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (fdt_node_check_compatible(fdt, node, compatible[i]) == 0) {
            return true;
        }
    }
    return false;
}

static bool dtb_is_memory(const void *fdt, int node)
{
    int bytes;
    const char *type = fdt_getprop(fdt, node, "device_type", &bytes);

    return type != NULL && bytes == sizeof("memory") &&
           memcmp(type, "memory", sizeof("memory")) == 0;
}

static bool dtb_is_psci(const void *fdt, int node)
{
    static const char *const compatible[] = { "arm,psci", "arm,psci-0.2", "arm,psci-1.0" };

    return dtb_is_any(fdt, node, compatible, sizeof(compatible) / sizeof(compatible[0]));
}

static bool dtb_is_timer(const void *fdt, int node)
{
    static const char *const compatible[] = { "arm,armv8-timer", "arm,armv7-timer" };

    return dtb_is_any(fdt, node, compatible, sizeof(compatible) / sizeof(compatible[0]));
}

static bool dtb_is_gic(const void *fdt, int node)
{
    static const char *const compatible[] = {
        "arm,gic-v3",          "arm,gic-400",          "arm,cortex-a15-gic",
        "arm,cortex-a7-gic",   "arm,cortex-a9-gic",    "arm,eb11mp-gic",
        "arm,pl390",           "arm,tc11mp-gic",       "arm,arm1176jzf-devchip-gic",
        "brcm,brahma-b15-gic", "nvidia,tegra210-agic", "qcom,msm-8660-qgic",
        "qcom,msm-qgic2",      "qcom,msm8996-gic-v3",
    };

    return dtb_is_any(fdt, node, compatible, sizeof(compatible) / sizeof(compatible[0]));
}

/**
 * Whether this is a device tree of today's layout (version 16 of 2005 or later). Of older ones
 * libfdt's check reads the root's name from where there may be none.
 */
static bool dtb_check(const void *base, size_t bytes)
{
    return bytes >= sizeof(struct fdt_header) && fdt_check_header(base) == 0 &&
           fdt_version(base) >= DTB_MIN_VERSION && fdt_check_full(base, bytes) == 0;
}

/** Begin with the base, or with a root that has nothing. */
static enum dtb_error dtb_open(struct dtb *dtb, void *to, size_t room)
{
    const struct dtb_machine *machine = dtb->machine;
    int most = room > INT32_MAX ? INT32_MAX : (int)room;

    if (machine->base_bytes > DTB_MAX_BASE) {
        return DTB_ERR_LARGE;
    }
    if (machine->base_bytes == 0) {
        return fdt_create_empty_tree(to, most) == 0 ? DTB_OK : DTB_ERR_ROOM;
    }
    if (!dtb_check(machine->base, machine->base_bytes)) {
        return DTB_ERR_FORMAT;
    }
    switch (fdt_open_into(machine->base, to, most)) {
    case 0:
        return DTB_OK;
    case -FDT_ERR_NOSPACE:
        return DTB_ERR_ROOM;
    default:
        return DTB_ERR_FORMAT;
    }
}

/** The root's cells: what the base says, else what its silence means; 2 and 2 without a base. */
static bool dtb_cells(struct dtb *dtb)
{
    struct dtb_edit *edit = &dtb->edit;
    bool empty = dtb->machine->base_bytes == 0;
    int address = empty ? 2 : fdt_address_cells(edit->fdt, DTB_ROOT);
    int size = empty ? 2 : fdt_size_cells(edit->fdt, DTB_ROOT);

    if (address < 1 || address > 2 || size < 1 || size > 2) {
        return false;
    }
    edit->address_cells = (uint32_t)address;
    edit->size_cells = (uint32_t)size;
    /* Linux does not take the specification's defaults. */
    dtb_edit_cell(edit, DTB_ROOT, "#address-cells", edit->address_cells);
    dtb_edit_cell(edit, DTB_ROOT, "#size-cells", edit->size_cells);
    return true;
}

/** Remove what is replaced, and find the interrupt controller's phandle. */
static void dtb_clear(struct dtb *dtb)
{
    struct dtb_edit *edit = &dtb->edit;
    uint32_t phandle = dtb_edit_remove(edit, dtb_is_gic);
    int bytes;

    (void)dtb_edit_remove(edit, dtb_is_memory);
    (void)dtb_edit_remove(edit, dtb_is_psci);
    (void)dtb_edit_remove(edit, dtb_is_timer);
    if (phandle == 0 && edit->error == 0) {
        const fdt32_t *parent = fdt_getprop(edit->fdt, DTB_ROOT, "interrupt-parent", &bytes);

        phandle = parent != NULL && bytes == sizeof(*parent) ? fdt32_ld(parent) : 0;
        /* Somebody else's. */
        if (phandle != UINT32_MAX && phandle != 0 &&
            fdt_node_offset_by_phandle(edit->fdt, phandle) >= 0) {
            phandle = 0;
        }
    }
    if ((phandle == 0 || phandle == UINT32_MAX) && edit->error == 0) {
        edit->error = fdt_generate_phandle(edit->fdt, &phandle);
    }
    dtb->gic_phandle = phandle;
}

static void dtb_root(struct dtb *dtb)
{
    static const char compatible[] = "bulkhead,guest\0linux,dummy-virt";
    struct dtb_edit *edit = &dtb->edit;

    if (!dtb_edit_has(edit, DTB_ROOT, "interrupt-parent")) {
        dtb_edit_cell(edit, DTB_ROOT, "interrupt-parent", dtb->gic_phandle);
    }
    if (!dtb_edit_has(edit, DTB_ROOT, "compatible")) {
        dtb_edit_strings(edit, DTB_ROOT, "compatible", compatible, sizeof(compatible));
    }
    if (!dtb_edit_has(edit, DTB_ROOT, "model")) {
        dtb_edit_string(edit, DTB_ROOT, "model", dtb->machine->name);
    }
}

static void dtb_stdout(struct dtb *dtb, int chosen)
{
    char path[DTB_EDIT_NAME_BYTES + 1] = "/";

    const struct dtb_machine *machine = dtb->machine;

    if (machine->uart && !dtb_edit_has(&dtb->edit, chosen, "stdout-path")) {
        dtb_edit_name(path + 1, "serial", machine->uart_address);
        dtb_edit_string(&dtb->edit, chosen, "stdout-path", path);
    }
}

static void dtb_chosen(struct dtb *dtb)
{
    static const char *const stale[] = { "linux,initrd-start", "linux,initrd-end", "kaslr-seed",
                                         "rng-seed" };
    const struct dtb_machine *machine = dtb->machine;
    struct dtb_edit *edit = &dtb->edit;
    int chosen = dtb_edit_have_node(edit, "chosen");

    for (size_t i = 0; i < sizeof(stale) / sizeof(stale[0]); i++) {
        dtb_edit_drop(edit, chosen, stale[i]);
    }
    if (machine->bootargs[0] != '\0') {
        dtb_edit_string(edit, chosen, "bootargs", machine->bootargs);
    }
    dtb_stdout(dtb, chosen);
    if (machine->initrd != 0) {
        dtb_edit_u64(edit, chosen, "linux,initrd-start", machine->initrd);
        dtb_edit_u64(edit, chosen, "linux,initrd-end", machine->initrd_end);
    }
    if (machine->seeds != NULL) {
        dtb_edit_bytes(edit, chosen, "kaslr-seed", machine->seeds->kaslr, DTB_KASLR_SEED_BYTES);
        dtb_edit_bytes(edit, chosen, "rng-seed", machine->seeds->rng, DTB_RNG_SEED_BYTES);
    }
}

/** A new node in `parent` that is named after its address. */
static int dtb_node_at(struct dtb *dtb, int parent, const char *name, uint64_t address)
{
    char text[DTB_EDIT_NAME_BYTES];

    dtb_edit_name(text, name, address);
    return dtb_edit_node(&dtb->edit, parent, text);
}

static void dtb_memory(struct dtb *dtb)
{
    const uint64_t reg[] = { dtb->machine->ram_gpa, dtb->machine->ram_bytes };
    int node = dtb_node_at(dtb, DTB_ROOT, "memory", reg[0]);

    dtb_edit_string(&dtb->edit, node, "device_type", "memory");
    dtb_edit_reg(&dtb->edit, node, reg, 1);
}

static void dtb_cpus(struct dtb *dtb)
{
    struct dtb_edit *edit = &dtb->edit;
    int cpus = dtb_edit_node(edit, DTB_ROOT, "cpus");

    dtb_edit_cell(edit, cpus, "#address-cells", 1);
    dtb_edit_cell(edit, cpus, "#size-cells", 0);
    /* Linux numbers them in the tree's order, and a new node comes first. */
    for (uint32_t vcpu = dtb->machine->vcpus; vcpu-- > 0;) {
        int cpu = dtb_node_at(dtb, cpus, "cpu", vcpu);

        dtb_edit_string(edit, cpu, "device_type", "cpu");
        dtb_edit_string(edit, cpu, "compatible", "arm,armv8");
        dtb_edit_string(edit, cpu, "enable-method", "psci");
        dtb_edit_cell(edit, cpu, "reg", vcpu);
    }
}

static void dtb_psci(struct dtb *dtb)
{
    static const char compatible[] = "arm,psci-1.0\0arm,psci-0.2";
    int node = dtb_edit_node(&dtb->edit, DTB_ROOT, "psci");

    dtb_edit_strings(&dtb->edit, node, "compatible", compatible, sizeof(compatible));
    dtb_edit_string(&dtb->edit, node, "method", "hvc");
}

static void dtb_timer(struct dtb *dtb)
{
    static const uint32_t ppis[] = DTB_TIMER_PPIS;
    const struct dtb_machine *machine = dtb->machine;
    struct dtb_edit *edit = &dtb->edit;
    /* GICv2 has the CPUs that a PPI goes to in the third cell. */
    uint32_t cpus = machine->gic_version == 2 ? ((1u << machine->vcpus) - 1) << 8 : 0;
    uint32_t cells[3 * sizeof(ppis) / sizeof(ppis[0])];
    /* Not `timer`, which libfdt would take for any `timer@...` that is passed through. */
    int node = dtb_edit_node(edit, DTB_ROOT, "armv8-timer");

    for (size_t i = 0; i < sizeof(ppis) / sizeof(ppis[0]); i++) {
        cells[3 * i] = DTB_PPI;
        cells[3 * i + 1] = ppis[i];
        cells[3 * i + 2] = cpus | DTB_LEVEL_HIGH;
    }
    dtb_edit_string(edit, node, "compatible", "arm,armv8-timer");
    dtb_edit_cell(edit, node, "interrupt-parent", dtb->gic_phandle);
    dtb_edit_cells(edit, node, "interrupts", cells, sizeof(cells) / sizeof(cells[0]));
    dtb_edit_empty(edit, node, "always-on");
}

static void dtb_gic(struct dtb *dtb)
{
    const struct dtb_machine *machine = dtb->machine;
    struct dtb_edit *edit = &dtb->edit;
    bool v3 = machine->gic_version == 3;
    const uint64_t reg[] = {
        machine->gicd,
        GIC_DISTRIBUTOR_BYTES,
        machine->gic_interface,
        v3 ? (uint64_t)machine->vcpus * GIC_REDISTRIBUTOR_BYTES : DTB_GICC_BYTES,
    };
    int node = dtb_node_at(dtb, DTB_ROOT, "interrupt-controller", machine->gicd);

    dtb_edit_string(edit, node, "compatible", v3 ? "arm,gic-v3" : "arm,cortex-a15-gic");
    dtb_edit_cell(edit, node, "#interrupt-cells", 3);
    dtb_edit_cell(edit, node, "#address-cells", 0);
    dtb_edit_empty(edit, node, "interrupt-controller");
    dtb_edit_reg(edit, node, reg, 2);
    dtb_edit_cell(edit, node, "phandle", dtb->gic_phandle);
}

static void dtb_interrupt(struct dtb *dtb, int node, uint32_t intid, uint32_t sense)
{
    const uint32_t cells[] = { DTB_SPI, intid - DTB_FIRST_SPI, sense };

    dtb_edit_cell(&dtb->edit, node, "interrupt-parent", dtb->gic_phandle);
    dtb_edit_cells(&dtb->edit, node, "interrupts", cells, 3);
}

static void dtb_uart(struct dtb *dtb)
{
    const struct dtb_machine *machine = dtb->machine;
    const uint64_t reg[] = { machine->uart_address, UART_BYTES };
    int node = dtb_node_at(dtb, DTB_ROOT, "serial", machine->uart_address);

    dtb_edit_string(&dtb->edit, node, "compatible", "arm,sbsa-uart");
    dtb_edit_cell(&dtb->edit, node, "current-speed", DTB_UART_SPEED);
    dtb_edit_reg(&dtb->edit, node, reg, 1);
    dtb_interrupt(dtb, node, machine->uart_intid, DTB_LEVEL_HIGH);
}

static void dtb_virtio(struct dtb *dtb, const struct config_virtio *device)
{
    const uint64_t reg[] = { device->address, DTB_VIRTIO_BYTES };
    int node = dtb_node_at(dtb, DTB_ROOT, "virtio_mmio", device->address);

    dtb_edit_string(&dtb->edit, node, "compatible", "virtio,mmio");
    dtb_edit_empty(&dtb->edit, node, "dma-coherent");
    dtb_edit_reg(&dtb->edit, node, reg, 1);
    dtb_interrupt(dtb, node, device->intid, DTB_EDGE_RISING);
}

enum dtb_error dtb_build(const struct dtb_machine *machine, void *to, size_t room, size_t *bytes)
{
    struct dtb dtb = { .edit.fdt = to, .machine = machine };
    enum dtb_error error = dtb_open(&dtb, to, room);

    if (error != DTB_OK) {
        return error;
    }
    if (!dtb_cells(&dtb)) {
        return DTB_ERR_CELLS;
    }
    dtb_clear(&dtb);
    /* The tree's order is the reverse: a new node comes first. */
    for (uint32_t i = machine->virtio_count; i-- > 0;) {
        dtb_virtio(&dtb, &machine->virtio[i]);
    }
    if (machine->uart) {
        dtb_uart(&dtb);
    }
    dtb_timer(&dtb);
    dtb_gic(&dtb);
    dtb_psci(&dtb);
    dtb_cpus(&dtb);
    dtb_memory(&dtb);
    dtb_chosen(&dtb);
    dtb_root(&dtb);
    if (dtb.edit.overflow) {
        return DTB_ERR_CELLS;
    }
    if (dtb.edit.error != 0) {
        return dtb.edit.error == -FDT_ERR_NOSPACE ? DTB_ERR_ROOM : DTB_ERR_FORMAT;
    }
    (void)fdt_pack(to);
    *bytes = fdt_totalsize(to);
    return DTB_OK;
}

const char *dtb_says(enum dtb_error error)
{
    switch (error) {
    case DTB_OK:
        return "the device tree is complete";
    case DTB_ERR_FORMAT:
        return "the device tree does not parse";
    case DTB_ERR_LARGE:
        return "the device tree is larger than 1 MiB";
    case DTB_ERR_CELLS:
        return "an address or size does not fit into the device tree's cells";
    case DTB_ERR_ROOM:
        return "the device tree does not fit into its room";
    }
    return "unknown";
}
