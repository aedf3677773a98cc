/* SPDX-License-Identifier: BSD-2-Clause */
#include <inttypes.h>

#include "bulkhead/abi.h"
#include "sdf_check.h"

#define SDF_FIRST_SPI 32u

/** The kernel finds a page by its place behind the first. */
static void sdf_check_page_place(const struct sdf_vm *vm, size_t index, struct diag *diag)
{
    const struct sdf_num *first = &vm->pages[0].vaddr;
    const struct sdf_num *vaddr = &vm->pages[index].vaddr;
    uint64_t wanted = first->value + index * SDF_PAGE;

    if (first->given && vaddr->given && vaddr->value != wanted) {
        diag_error(diag, vaddr->pos, "the register pages do not follow each other");
        diag_help(diag, "the one in line %u is the first: this one belongs at 0x%" PRIx64,
                  vm->pages[0].pos.line, wanted);
    }
}

static void sdf_check_page_irq(const struct sdf_vm *vm, size_t index, struct diag *diag)
{
    const struct sdf_num *irq = &vm->pages[index].irq;

    if (irq->given && (irq->value < SDF_FIRST_SPI || irq->value >= BH_VIRQ_COUNT)) {
        diag_error(diag, irq->pos, "a device of a guest cannot have interrupt %" PRIu64,
                   irq->value);
        diag_help(diag, "use %u to %d", SDF_FIRST_SPI, BH_VIRQ_COUNT - 1);
    }
    for (size_t i = 0; i < index; i++) {
        if (irq->given && vm->pages[i].irq.given && vm->pages[i].irq.value == irq->value) {
            diag_error(diag, irq->pos, "two register pages have interrupt %" PRIu64, irq->value);
            diag_help(diag, "line %u has it; each has its own", vm->pages[i].pos.line);
            return;
        }
    }
}

/** The monitor writes what the guest reads. */
static void sdf_check_page_region(const struct sdf *sdf, const struct sdf_vm *vm,
                                  const struct sdf_register_page *page, const struct board *board,
                                  struct diag *diag)
{
    const struct sdf_pd *pd = &sdf->pds[vm->pd];
    const struct sdf_region *region;
    bool written = false;

    if (page->region == SDF_NONE) {
        return;
    }
    region = &sdf->regions[page->region];
    if (board != NULL && region->phys_addr.given &&
        !board_touches_ram(board, region->phys_addr.value, 1)) {
        diag_error(diag, page->mr.pos, "'%s' is device memory", page->mr.text);
        diag_help(diag, "a register page is memory that the monitor writes");
    }
    for (size_t i = 0; i < pd->maps_count; i++) {
        written = written ||
                  (pd->maps[i].region == page->region && (pd->maps[i].perms & SDF_PERM_W) != 0);
    }
    if (!written) {
        diag_error(diag, page->mr.pos, "the monitor cannot write the registers in '%s'",
                   page->mr.text);
        diag_help(diag, "map it into the monitor with perms=\"rw\"");
    }
}

void sdf_check_pages(const struct sdf *sdf, const struct board *board, struct diag *diag)
{
    for (size_t i = 0; i < sdf->vms_count; i++) {
        const struct sdf_vm *vm = &sdf->vms[i];

        for (size_t j = 0; j < vm->pages_count; j++) {
            sdf_check_page_place(vm, j, diag);
            sdf_check_page_irq(vm, j, diag);
            sdf_check_page_region(sdf, vm, &vm->pages[j], board, diag);
        }
    }
}
