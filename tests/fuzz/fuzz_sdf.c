/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Descriptions that are hostile. Beyond what the sanitizers see: every message is about a place
 * that the source has; what is accepted keeps the rules that the later stages and the kernel rely
 * on, looked at here in the simplest way; and it can be printed and read again, with the same
 * meaning.
 */
#include <libfdt.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "board.h"
#include "devicetree.h"
#include "diag.h"
#include "lower.h"
#include "sdf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char fuzz_board_name[] = "fuzz";

static struct board fuzz_board = {
    .name = fuzz_board_name,
    .cpus = 4,
    .ram = { { 0x40000000, 0x40000000 }, { 0x100000000, 0x1000 } },
    .ram_count = 2,
    .reserved = { { 0x8000000, 0x30000 } },
    .reserved_count = 1,
    .gicd = 0x8000000,
    .gicv = 0x8040000,
    .spis = 288,
    .timer_ppi = 30,
    .gicc = 0x8010000,
    .gicr = 0x80a0000,
    .guest = { 0x40000000, 0xb000000, 208, 0xb010000, 209 },
};

/** A kernel that every image has, whatever it names. */
static char fuzz_kernel[] = "/tmp/fuzz_sdf.XXXXXX";

static char *fuzz_variable(const char *name)
{
    return strcmp(name, "LINUX") == 0 ? fuzz_kernel : NULL;
}

static void fuzz_demand(int condition, const char *what)
{
    if (!condition) {
        fprintf(stderr, "fuzz_sdf: %s\n", what);
        abort();
    }
}

static void fuzz_remove_kernel(void)
{
    unlink(fuzz_kernel);
}

static void fuzz_make_kernel(void)
{
    uint8_t header[64] = { [18] = 1, [56] = 'A', 'R', 'M', 0x64 };
    int fd = mkstemp(fuzz_kernel);

    fuzz_demand(fd >= 0 && write(fd, header, sizeof(header)) == (ssize_t)sizeof(header),
                "no kernel");
    close(fd);
    atexit(fuzz_remove_kernel);
}

/** A device at /NAME with a page of registers at `base`, and interrupt 32 + `spi`. */
static int fuzz_add_device(void *tree, const char *name, uint64_t base, uint32_t spi)
{
    fdt64_t reg[2] = { cpu_to_fdt64(base), cpu_to_fdt64(0x1000) };
    fdt32_t irq[3] = { cpu_to_fdt32(0), cpu_to_fdt32(spi), cpu_to_fdt32(4) };

    return fdt_begin_node(tree, name) || fdt_property(tree, "reg", reg, sizeof(reg)) ||
           fdt_property(tree, "interrupts", irq, sizeof(irq)) ||
           fdt_property_u32(tree, "clocks", 2) ||
           (spi == 1 && fdt_property(tree, "bulkhead,no-dma", "", 0)) || fdt_end_node(tree);
}

/** A UART, /a, and a device that accesses memory, /b. */
static void fuzz_make_tree(void)
{
    static uint64_t room[512];
    void *tree = room;
    int error =
        fdt_create(tree, sizeof(room)) || fdt_finish_reservemap(tree) || fdt_begin_node(tree, "") ||
        fdt_property_u32(tree, "#address-cells", 2) || fdt_property_u32(tree, "#size-cells", 2) ||
        fdt_property_u32(tree, "interrupt-parent", 1) || fdt_begin_node(tree, "gic") ||
        fdt_property_u32(tree, "phandle", 1) || fdt_property(tree, "interrupt-controller", "", 0) ||
        fdt_end_node(tree) || fdt_begin_node(tree, "clock") ||
        fdt_property_u32(tree, "phandle", 2) || fdt_property_u32(tree, "#clock-cells", 0) ||
        fdt_end_node(tree) || fuzz_add_device(tree, "a", 0x9000000, 1) ||
        fuzz_add_device(tree, "b", 0x9010000, 2) || fdt_begin_node(tree, "aliases") ||
        fdt_property(tree, "serial0", "/a", 3) || fdt_end_node(tree) || fdt_end_node(tree) ||
        fdt_finish(tree);

    fuzz_demand(error == 0 && devicetree_check(tree, fdt_totalsize(tree)) == NULL, "no tree");
    fuzz_board.tree = tree;
}

static void fuzz_check_places(const struct diag *diag, const uint8_t *data, size_t size)
{
    uint32_t lines = 1;

    for (size_t i = 0; i < size; i++) {
        lines += data[i] == '\n';
    }
    for (size_t i = 0; i < diag->messages_count; i++) {
        const struct diag_pos *pos = &diag->messages[i].pos;

        fuzz_demand(pos->line <= lines, "a message is about a line that is not there");
        fuzz_demand((pos->line == 0) == (pos->column == 0), "a line without a column");
        fuzz_demand(pos->column <= size + 1 && pos->length <= size, "a place is too wide");
    }
}

/** Maps of one address space: in range, and each apart from the others. */
static void fuzz_check_maps(const struct sdf *sdf, const struct sdf_map *maps, size_t count,
                            uint64_t limit)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t start = maps[i].vaddr.value;
        uint64_t bytes;

        fuzz_demand(maps[i].region < sdf->regions_count, "a map of no region");
        bytes = sdf_region_bytes(&sdf->regions[maps[i].region]);
        fuzz_demand(start % SDF_PAGE == 0 && bytes <= limit && start <= limit - bytes,
                    "a map at a wrong address");
        for (size_t j = 0; j < i; j++) {
            uint64_t other = maps[j].vaddr.value;

            fuzz_demand(start + bytes <= other ||
                            other + sdf_region_bytes(&sdf->regions[maps[j].region]) <= start,
                        "maps that overlap");
        }
    }
}

static void fuzz_check_regions(const struct sdf *sdf)
{
    for (size_t i = 0; i < sdf->regions_count; i++) {
        const struct sdf_region *region = &sdf->regions[i];
        uint64_t start = region->phys_addr.value;
        uint64_t bytes = sdf_region_bytes(region);

        if (!region->phys_addr.given) {
            continue;
        }
        fuzz_demand(start % SDF_PAGE == 0 && bytes <= SDF_PHYSICAL_END &&
                        start <= SDF_PHYSICAL_END - bytes,
                    "a region at a wrong address");
        fuzz_demand(bytes == 0 || board_in_ram(&fuzz_board, start, bytes) ||
                        !board_touches_ram(&fuzz_board, start, bytes),
                    "a region that is partly RAM");
        for (size_t j = 0; j < i; j++) {
            const struct sdf_region *other = &sdf->regions[j];

            fuzz_demand(!other->phys_addr.given || start + bytes <= other->phys_addr.value ||
                            other->phys_addr.value + sdf_region_bytes(other) <= start,
                        "regions that overlap");
        }
    }
}

/** Take a number that must be below 62 and not taken. */
static void fuzz_take(uint64_t *taken, uint64_t id)
{
    fuzz_demand(id < 62 && (*taken & UINT64_C(1) << id) == 0, "a number that cannot be had");
    *taken |= UINT64_C(1) << id;
}

static void fuzz_check_ids(const struct sdf *sdf, size_t index)
{
    const struct sdf_pd *pd = &sdf->pds[index];
    uint64_t channels = 0, children = 0;

    for (size_t i = 0; i < pd->irqs_count; i++) {
        fuzz_take(&channels, pd->irqs[i].id.value);
        fuzz_demand(pd->irqs[i].irq.value == fuzz_board.timer_ppi ||
                        (pd->irqs[i].irq.value >= 32 && pd->irqs[i].irq.value < fuzz_board.spis),
                    "an interrupt that cannot be had");
    }
    if (pd->reports.given) {
        fuzz_take(&channels, pd->reports.id.value);
    }
    for (size_t i = 0; pd->vm != SDF_NONE && i < sdf->vms[pd->vm].pages_count; i++) {
        fuzz_take(&channels, sdf->vms[pd->vm].pages[i].id.value);
    }
    for (size_t i = 0; i < sdf->channels_count * 2; i++) {
        const struct sdf_end *end = &sdf->channels[i / 2].ends[i % 2];

        fuzz_demand(end->pd < sdf->pds_count, "an end at no PD");
        if (end->pd == index) {
            const struct sdf_end *peer = &sdf->channels[i / 2].ends[1 - i % 2];

            fuzz_take(&channels, end->id.value);
            fuzz_demand(peer->pd != index, "a channel to itself");
            fuzz_demand(!end->pp || sdf->pds[peer->pd].priority.value > pd->priority.value,
                        "a call that goes down");
        }
    }
    for (size_t i = 0; i < sdf->pds_count; i++) {
        fuzz_demand(sdf->pds[i].parent == SDF_NONE || sdf->pds[i].parent < i,
                    "a child before its parent");
        if (sdf->pds[i].parent == index) {
            fuzz_take(&children, sdf->pds[i].id.value);
        }
    }
    for (size_t i = 0; pd->vm != SDF_NONE && i < sdf->vms[pd->vm].vcpus_count; i++) {
        fuzz_take(&children, sdf->vms[pd->vm].vcpus[i].id.value);
    }
}

static void fuzz_check_accepted(const struct sdf *sdf)
{
    fuzz_demand(sdf->pds_count >= 1 && sdf->pds_count <= 63, "a wrong number of PDs");
    fuzz_demand(sdf->guests_count <= sdf->vms_count, "a guest that got lost");
    fuzz_check_regions(sdf);
    for (size_t i = 0; i < sdf->pds_count; i++) {
        const struct sdf_pd *pd = &sdf->pds[i];

        fuzz_demand(pd->priority.value <= 254 && pd->cpu.value < fuzz_board.cpus &&
                        pd->budget.value > 0 && pd->period.value >= pd->budget.value &&
                        pd->period.value <= UINT32_MAX && pd->stack_size.value > 0 &&
                        pd->stack_size.value % SDF_PAGE == 0,
                    "a PD with a wrong attribute");
        fuzz_check_maps(sdf, pd->maps, pd->maps_count,
                        SDF_SPACE_END - pd->stack_size.value - 3 * SDF_PAGE);
        fuzz_check_ids(sdf, i);
    }
    for (size_t i = 0; i < sdf->vms_count; i++) {
        const struct sdf_vm *vm = &sdf->vms[i];

        fuzz_check_maps(sdf, vm->maps, vm->maps_count, SDF_SPACE_END);
        fuzz_demand(vm->vcpus_count >= 1, "a VM without vCPUs");
        for (size_t j = 0; j < vm->pages_count; j++) {
            fuzz_demand(vm->pages[j].vaddr.value == vm->pages[0].vaddr.value + j * SDF_PAGE &&
                            vm->pages[j].irq.value >= 32 && vm->pages[j].irq.value < 256,
                        "a register page at a wrong place");
        }
    }
}

/** Print what was accepted, to be released with free(). */
static char *fuzz_print(const struct sdf *sdf, size_t *bytes)
{
    char *text = NULL;
    FILE *out = open_memstream(&text, bytes);

    fuzz_demand(out != NULL, "no memory");
    sdf_print(sdf, out);
    fclose(out);
    return text;
}

/** Make contents; the files of the machine that runs this are not for the fuzzer. */
static void fuzz_fill(struct sdf *sdf, struct diag *diag)
{
    static const struct search nowhere;
    char **paths = calloc(sdf->regions_count + 1, sizeof(*paths));

    fuzz_demand(paths != NULL, "no memory");
    for (size_t i = 0; i < sdf->regions_count; i++) {
        paths[i] = sdf->regions[i].prefill_path.text;
        sdf->regions[i].prefill_path.text = NULL;
    }
    sdf_prefill(sdf, &nowhere, &fuzz_board, diag);
    for (size_t i = 0; i < sdf->regions_count; i++) {
        sdf->regions[i].prefill_path.text = paths[i];
    }
    free(paths);
}

/** Read a description and check it; the messages go to a file that is not kept. */
static size_t fuzz_read(const char *text, size_t bytes, struct sdf *sdf)
{
    static FILE *nowhere;
    struct diag diag;
    size_t errors;

    if (nowhere == NULL) {
        nowhere = fopen("/dev/null", "w");
        fuzz_demand(nowhere != NULL, "no /dev/null");
    }
    diag_init(&diag, "fuzz.system");
    if (sdf_parse_memory(text, bytes, &diag, sdf) == SDF_OK) {
        static const struct search nowhere_else;
        const struct lower_world world = { &fuzz_board, &nowhere_else, fuzz_variable };

        lower_guests(sdf, &world, &diag);
        fuzz_fill(sdf, &diag);
        sdf_check(sdf, &fuzz_board, &diag);
    } else {
        fuzz_demand(diag.errors > 0, "a refusal without a word");
    }
    fuzz_check_places(&diag, (const uint8_t *)text, bytes);
    diag_print(&diag, nowhere);
    errors = diag.errors;
    diag_free(&diag);
    return errors;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sdf sdf;

    if (fuzz_board.tree == NULL) {
        fuzz_make_tree();
        fuzz_make_kernel();
    }
    if (fuzz_read((const char *)data, size, &sdf) == 0) {
        size_t bytes, again_bytes;
        char *text = fuzz_print(&sdf, &bytes);
        char *again_text;
        struct sdf again;

        fuzz_check_accepted(&sdf);
        fuzz_demand(fuzz_read(text, bytes, &again) == 0, "what was printed is not accepted");
        again_text = fuzz_print(&again, &again_bytes);
        fuzz_demand(bytes == again_bytes && memcmp(text, again_text, bytes) == 0,
                    "what was printed means something else");
        sdf_free(&again);
        free(again_text);
        free(text);
    }
    sdf_free(&sdf);
    return 0;
}
