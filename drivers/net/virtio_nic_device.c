/* SPDX-License-Identifier: BSD-2-Clause */
#include "virtio_nic_device.h"

#define FEATURES_WANTED                                                                      \
    (VIRTIO_F_VERSION_1 | VIRTIO_F_EVENT_IDX | VIRTIO_NIC_F_CSUM | VIRTIO_NIC_F_GUEST_CSUM | \
     VIRTIO_NIC_F_GUEST_TSO4 | VIRTIO_NIC_F_GUEST_TSO6 | VIRTIO_NIC_F_GUEST_ECN |            \
     VIRTIO_NIC_F_HOST_TSO4 | VIRTIO_NIC_F_HOST_TSO6 | VIRTIO_NIC_F_HOST_ECN |               \
     VIRTIO_NIC_F_MRG_RXBUF | VIRTIO_NIC_F_STATUS | VIRTIO_NIC_F_CTRL_VQ | VIRTIO_NIC_F_CTRL_RX)
#define FEATURES_GUEST_TSO \
    (VIRTIO_NIC_F_GUEST_TSO4 | VIRTIO_NIC_F_GUEST_TSO6 | VIRTIO_NIC_F_GUEST_ECN)
#define FEATURES_HOST_TSO (VIRTIO_NIC_F_HOST_TSO4 | VIRTIO_NIC_F_HOST_TSO6 | VIRTIO_NIC_F_HOST_ECN)

/** @{ The configuration space (5.1.4). */
#define CONFIG_STATUS 6u
#define STATUS_LINK_UP 1u
/** @} */

/** @{ Control messages (5.1.6.5): class and command, a byte of data, a byte of answer. */
#define CONTROL_RX 0u
#define CONTROL_RX_PROMISCUOUS 0u
#define CONTROL_COMMAND_BYTES 2u
#define CONTROL_DATA_AT 2u
#define CONTROL_ANSWER_AT 3u
#define CONTROL_ENTRIES 4u
/** @} */

_Static_assert(VIRTIO_NIC_COMMAND == VIRTIO_NIC_QUEUES + 3 * NIC_QUEUE_BYTES, "behind the queues");

bool virtio_nic_device_has(const struct virtio_nic *nic, uint64_t features)
{
    return (nic->features & features) == features;
}

/* What this driver takes of what a device offers. */
static uint64_t device_choose(uint64_t offered)
{
    uint64_t features = offered & FEATURES_WANTED;

    /* A large frame fits into a small slot only if it may have several. */
    if ((features & VIRTIO_NIC_F_MRG_RXBUF) == 0 || (features & VIRTIO_NIC_F_GUEST_CSUM) == 0) {
        features &= ~FEATURES_GUEST_TSO;
    }
    if ((features & VIRTIO_NIC_F_CSUM) == 0) {
        features &= ~FEATURES_HOST_TSO;
    }
    if ((features & (VIRTIO_NIC_F_GUEST_TSO4 | VIRTIO_NIC_F_GUEST_TSO6)) == 0) {
        features &= ~VIRTIO_NIC_F_GUEST_ECN;
    }
    if ((features & (VIRTIO_NIC_F_HOST_TSO4 | VIRTIO_NIC_F_HOST_TSO6)) == 0) {
        features &= ~VIRTIO_NIC_F_HOST_ECN;
    }
    if ((features & VIRTIO_NIC_F_CTRL_RX) == 0 || (features & VIRTIO_NIC_F_CTRL_VQ) == 0) {
        features &= ~(VIRTIO_NIC_F_CTRL_RX | VIRTIO_NIC_F_CTRL_VQ);
    }
    return features;
}

static enum virtio_device_error device_negotiate(struct virtio_nic *nic)
{
    nic->features = device_choose(virtio_device_offer(&nic->setup.device));
    return virtio_nic_device_has(nic, VIRTIO_F_VERSION_1)
               ? virtio_device_accept(&nic->setup.device, nic->features)
               : VIRTIO_DEVICE_FEATURES;
}

static enum virtio_device_error device_queue(struct virtio_nic *nic, uint32_t number,
                                             struct nic_queue *queue, uint32_t most)
{
    uint32_t at = VIRTIO_NIC_QUEUES + number * NIC_QUEUE_BYTES;
    uint64_t address = nic->setup.address + at;
    uint32_t offered = virtio_device_select(&nic->setup.device, number);
    struct virtio_device_queue given = {
        .desc = address + NIC_QUEUE_DESC,
        .avail = address + NIC_QUEUE_AVAIL,
        .used = address + NIC_QUEUE_USED,
        .entries = most,
    };

    while (given.entries > offered) {
        given.entries /= 2;
    }
    if (given.entries < VIRTIO_NIC_MIN_ENTRIES) {
        return VIRTIO_DEVICE_SMALL;
    }
    nic_queue_init(queue, nic->setup.memory + at, given.entries,
                   virtio_nic_device_has(nic, VIRTIO_F_EVENT_IDX));
    virtio_device_give(&nic->setup.device, &given);
    return VIRTIO_DEVICE_OK;
}

enum virtio_device_error virtio_nic_device_stop(struct virtio_nic *nic)
{
    enum virtio_device_error error = virtio_device_find(&nic->setup.device, VIRTIO_ID_NET);

    return error == VIRTIO_DEVICE_OK ? virtio_device_reset(&nic->setup.device) : error;
}

enum virtio_device_error virtio_nic_device_start(struct virtio_nic *nic)
{
    enum virtio_device_error error = virtio_nic_device_stop(nic);

    if (error == VIRTIO_DEVICE_OK) {
        error = device_negotiate(nic);
    }
    if (error == VIRTIO_DEVICE_OK) {
        error = device_queue(nic, VIRTIO_NIC_RX, &nic->rx, NIC_QUEUE_ENTRIES);
    }
    if (error == VIRTIO_DEVICE_OK) {
        error = device_queue(nic, VIRTIO_NIC_TX, &nic->tx, NIC_QUEUE_ENTRIES);
    }
    if (error == VIRTIO_DEVICE_OK && virtio_nic_device_has(nic, VIRTIO_NIC_F_CTRL_VQ)) {
        error = device_queue(nic, VIRTIO_NIC_CONTROL, &nic->control, CONTROL_ENTRIES);
    }
    if (error == VIRTIO_DEVICE_OK) {
        virtio_device_begin(&nic->setup.device);
    }
    return error;
}

bool virtio_nic_device_link(const struct virtio_nic *nic)
{
    return !virtio_nic_device_has(nic, VIRTIO_NIC_F_STATUS) ||
           (nic->setup.device.load16(nic->setup.device.context,
                                     VIRTIO_MMIO_CONFIG + CONFIG_STATUS) &
            STATUS_LINK_UP) != 0;
}

void virtio_nic_device_promiscuous(struct virtio_nic *nic)
{
    uint8_t *command = nic->setup.memory + VIRTIO_NIC_COMMAND;
    uint64_t address = nic->setup.address + VIRTIO_NIC_COMMAND;

    if (!virtio_nic_device_has(nic, VIRTIO_NIC_F_CTRL_RX)) {
        return;
    }
    command[0] = CONTROL_RX;
    command[1] = CONTROL_RX_PROMISCUOUS;
    command[CONTROL_DATA_AT] = 1;
    command[CONTROL_ANSWER_AT] = UINT8_MAX;
    *nic_queue_descriptor(&nic->control, 0) =
        (struct nic_descriptor){ address, CONTROL_COMMAND_BYTES, VIRTIO_DESC_NEXT, 1 };
    *nic_queue_descriptor(&nic->control, 1) =
        (struct nic_descriptor){ address + CONTROL_DATA_AT, 1, VIRTIO_DESC_NEXT, 2 };
    *nic_queue_descriptor(&nic->control, 2) =
        (struct nic_descriptor){ address + CONTROL_ANSWER_AT, 1, VIRTIO_DESC_WRITE, 0 };
    /* Nothing depends on the answer: without the mode, some frames do not come. */
    nic_queue_quiet(&nic->control);
    nic_queue_show(&nic->control, 0);
    if (nic_queue_kick(&nic->control)) {
        virtio_device_store(&nic->setup.device, VIRTIO_MMIO_QUEUE_NOTIFY, VIRTIO_NIC_CONTROL);
    }
}
