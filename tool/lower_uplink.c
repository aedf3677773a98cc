/* SPDX-License-Identifier: BSD-2-Clause */
/* The uplink of a network: the driver of one of the board's network devices, on the first port. */
#include <stdlib.h>

#include "lower_internal.h"

/** As VIRTIO_NIC_MEMORY_BYTES in drivers/net/virtio_nic.h. */
#define UPLINK_DMA_BYTES UINT64_C(0x11000)
#define UPLINK_PAGE UINT64_C(0x1000)
/** Where the driver sees registers, memory for the device's queues, and its port. */
#define UPLINK_REGISTERS UINT64_C(0x1000000)
#define UPLINK_DMA UINT64_C(0x1400000)
#define UPLINK_PORT UINT64_C(0x2000000)
#define UPLINK_CHANNEL 1

/** The device of the board that is the uplink; NULL after complaining, or without a board. */
static const struct board_device *uplink_find(struct lower *lower, const struct sdf_uplink *from)
{
    const struct board *board = lower->world->board;
    size_t number = lower->nics++;

    if (board == NULL) {
        return NULL;
    }
    if (number >= board->nics_count) {
        diag_error(lower->diag, from->net.pos, "board %s has %zu network %s", board->name,
                   board->nics_count, board->nics_count == 1 ? "device" : "devices");
        diag_help(lower->diag, "remove the <uplink> of some network");
        return NULL;
    }
    return &board->nics[number];
}

/** A region of the driver, whose place `symbol` receives. */
static size_t uplink_region(struct lower *lower, const struct sdf_uplink *from,
                            const struct lower_network *network, size_t pd, const char *suffix,
                            uint64_t bytes, uint64_t vaddr, const char *symbol)
{
    size_t region = lower_region(lower, lower_string(from->net.pos, "%s.%s.%s", from->name.text,
                                                     network->from->name.text, suffix));
    struct sdf_map *map = lower_pd_map(lower, &(struct lower_guest){ .pd = pd }, region, vaddr,
                                       SDF_PERM_R | SDF_PERM_W);

    lower->sdf->regions[region].size = lower_number(from->net.pos, bytes);
    map->setvar_vaddr = lower_string(from->net.pos, "%s", symbol);
    return region;
}

void lower_uplink(struct lower *lower, struct lower_network *network)
{
    const struct sdf_uplink *from = network->from->uplink;
    struct lower_guest driver = { .free = UPLINK_PORT, .next_id = UPLINK_CHANNEL };
    struct lower_net port = { .config = SDF_NONE };
    const struct board_device *device;
    struct sdf_str name;
    size_t region;
    struct sdf_pd *pd;

    if (from == NULL) {
        return;
    }
    device = uplink_find(lower, from);
    if (device == NULL && lower->world->board != NULL) {
        return;
    }
    name = lower_string(from->net.pos, "%s.%s", network->from->name.text, from->name.text);
    driver.pd = lower_driver(lower, from->net.pos,
                             &(struct lower_driver){
                                 .name = name.text,
                                 .program = device != NULL ? device->driver : "virtio_nic.elf",
                                 .priority = LOWER_NETWORK_PRIORITY,
                                 .cpu = &from->cpu,
                                 .restart = &from->restart,
                             });
    free(name.text);
    pd = &lower->sdf->pds[driver.pd];
    if (device != NULL) {
        region = uplink_region(lower, from, network, driver.pd, "registers", UPLINK_PAGE,
                               UPLINK_REGISTERS, "nic_vaddr");
        lower->sdf->regions[region].phys_addr = lower_number(from->net.pos, device->registers);
        pd->maps[pd->maps_count - 1].cached = false;
        lower_irq(lower, driver.pd, device->irq, lower_string(from->net.pos, "nic_irq"));
    }
    region = uplink_region(lower, from, network, driver.pd, "dma", UPLINK_DMA_BYTES, UPLINK_DMA,
                           "dma_vaddr");
    lower_paddr(lower, driver.pd, region, lower_string(from->net.pos, "dma_paddr"));
    port.from = &from->net;
    port.name = from->name.text;
    port.pd = driver.pd;
    if (lower_network_port(lower, &driver, network, &port)) {
        pd->maps[pd->maps_count - 2].setvar_vaddr = lower_string(from->net.pos, "net_vaddr");
        pd->maps[pd->maps_count - 1].setvar_vaddr = lower_string(from->net.pos, "net_buffers");
    }
}
