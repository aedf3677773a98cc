/* SPDX-License-Identifier: BSD-2-Clause */
/* virtIO devices that a guest's monitor makes: a register page and a doorbell each. */
#include <inttypes.h>

#include "alloc.h"
#include "lower_internal.h"

#define VIRTIO_PAGE UINT64_C(0x1000)

void lower_virtio(struct lower *lower, struct lower_guest *guest, struct diag_pos pos,
                  const char *kind)
{
    const struct board *board = lower->world->board;
    struct sdf_vm *vm = &lower->sdf->vms[guest->vm];
    struct sdf_register_page *page;

    if (board == NULL) {
        return;
    }
    uint64_t gpa = board->guest.virtio + guest->pages * VIRTIO_PAGE;
    uint64_t irq = board->guest.virtio_irq + guest->pages;
    struct sdf_str name =
        lower_string(pos, "%s.%s%" PRIu64, guest->from->name.text, kind, guest->pages++);
    size_t region = lower_region(lower, name);
    lower->sdf->regions[region].size = lower_number(pos, VIRTIO_PAGE);
    /* The monitor sees it at the same address as the guest. */
    lower_pd_map(lower, guest, region, gpa, SDF_PERM_R | SDF_PERM_W);
    vm->pages = alloc_grow(vm->pages, vm->pages_count, sizeof(*vm->pages));
    page = &vm->pages[vm->pages_count++];
    *page = (struct sdf_register_page){
        .pos = pos,
        .mr = lower_string(pos, "%s", lower->sdf->regions[region].name.text),
        .vaddr = lower_number(pos, gpa),
        .irq = lower_number(pos, irq),
        .id = lower_number(pos, guest->next_id++),
        .region = SDF_NONE,
    };
    lower_line(lower, guest, "virtio %s 0x%" PRIx64 " %" PRIu64 " %" PRIu64, kind, gpa, irq,
               page->id.value);
}
