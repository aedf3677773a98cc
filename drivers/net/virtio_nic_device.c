/* SPDX-License-Identifier: BSD-2-Clause */
#include "virtio_nic_device.h"

/** Loads of the status register that a reset may take. */
#define RESET_POLLS 100000u

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

uint32_t virtio_nic_device_load(const struct virtio_nic *nic, uint32_t offset)
{
    return nic->setup.registers.load(nic->setup.registers.context, offset);
}

void virtio_nic_device_store(const struct virtio_nic *nic, uint32_t offset, uint32_t value)
{
    nic->setup.registers.store(nic->setup.registers.context, offset, value);
}

bool virtio_nic_device_has(const struct virtio_nic *nic, uint64_t features)
{
    return (nic->features & features) == features;
}

static enum virtio_nic_error device_reset(const struct virtio_nic *nic)
{
    virtio_nic_device_store(nic, VIRTIO_MMIO_STATUS, 0);
    for (uint32_t i = 0; i < RESET_POLLS; i++) {
        if (virtio_nic_device_load(nic, VIRTIO_MMIO_STATUS) == 0) {
            return VIRTIO_NIC_OK;
        }
    }
    return VIRTIO_NIC_STUCK;
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

static enum virtio_nic_error device_negotiate(struct virtio_nic *nic)
{
    uint32_t status = VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER;
    uint64_t offered;

    virtio_nic_device_store(nic, VIRTIO_MMIO_STATUS, VIRTIO_STATUS_ACKNOWLEDGE);
    virtio_nic_device_store(nic, VIRTIO_MMIO_STATUS, status);
    virtio_nic_device_store(nic, VIRTIO_MMIO_DEVICE_FEATURES_SEL, 1);
    offered = (uint64_t)virtio_nic_device_load(nic, VIRTIO_MMIO_DEVICE_FEATURES) << 32;
    virtio_nic_device_store(nic, VIRTIO_MMIO_DEVICE_FEATURES_SEL, 0);
    offered |= virtio_nic_device_load(nic, VIRTIO_MMIO_DEVICE_FEATURES);
    nic->features = device_choose(offered);
    if (!virtio_nic_device_has(nic, VIRTIO_F_VERSION_1)) {
        return VIRTIO_NIC_FEATURES;
    }
    for (uint32_t half = 0; half < 2; half++) {
        virtio_nic_device_store(nic, VIRTIO_MMIO_DRIVER_FEATURES_SEL, half);
        virtio_nic_device_store(nic, VIRTIO_MMIO_DRIVER_FEATURES,
                                (uint32_t)(nic->features >> (32 * half)));
    }
    status |= VIRTIO_STATUS_FEATURES_OK;
    virtio_nic_device_store(nic, VIRTIO_MMIO_STATUS, status);
    return (virtio_nic_device_load(nic, VIRTIO_MMIO_STATUS) & VIRTIO_STATUS_FEATURES_OK) != 0
               ? VIRTIO_NIC_OK
               : VIRTIO_NIC_FEATURES;
}

static void device_store_address(const struct virtio_nic *nic, uint32_t offset, uint64_t address)
{
    virtio_nic_device_store(nic, offset, (uint32_t)address);
    virtio_nic_device_store(nic, offset + 4, (uint32_t)(address >> 32));
}

static enum virtio_nic_error device_queue(struct virtio_nic *nic, uint32_t number,
                                          struct nic_queue *queue, uint32_t most)
{
    uint32_t at = VIRTIO_NIC_QUEUES + number * NIC_QUEUE_BYTES;
    uint32_t entries = most;
    uint32_t offered;

    virtio_nic_device_store(nic, VIRTIO_MMIO_QUEUE_SEL, number);
    offered = virtio_nic_device_load(nic, VIRTIO_MMIO_QUEUE_NUM_MAX);
    while (entries > offered) {
        entries /= 2;
    }
    if (entries < VIRTIO_NIC_MIN_ENTRIES) {
        return VIRTIO_NIC_SMALL;
    }
    nic_queue_init(queue, nic->setup.memory + at, entries,
                   virtio_nic_device_has(nic, VIRTIO_F_EVENT_IDX));
    virtio_nic_device_store(nic, VIRTIO_MMIO_QUEUE_NUM, entries);
    device_store_address(nic, VIRTIO_MMIO_QUEUE_DESC_LOW, nic->setup.address + at + NIC_QUEUE_DESC);
    device_store_address(nic, VIRTIO_MMIO_QUEUE_DRIVER_LOW,
                         nic->setup.address + at + NIC_QUEUE_AVAIL);
    device_store_address(nic, VIRTIO_MMIO_QUEUE_DEVICE_LOW,
                         nic->setup.address + at + NIC_QUEUE_USED);
    virtio_nic_device_store(nic, VIRTIO_MMIO_QUEUE_READY, 1);
    return VIRTIO_NIC_OK;
}

static enum virtio_nic_error device_find(const struct virtio_nic *nic)
{
    if (virtio_nic_device_load(nic, VIRTIO_MMIO_MAGIC) != VIRTIO_MMIO_MAGIC_VALUE ||
        virtio_nic_device_load(nic, VIRTIO_MMIO_VERSION) != VIRTIO_MMIO_VERSION_VALUE ||
        virtio_nic_device_load(nic, VIRTIO_MMIO_DEVICE_ID) == 0) {
        return VIRTIO_NIC_NONE;
    }
    return virtio_nic_device_load(nic, VIRTIO_MMIO_DEVICE_ID) == VIRTIO_ID_NET ? VIRTIO_NIC_OK
                                                                               : VIRTIO_NIC_OTHER;
}

enum virtio_nic_error virtio_nic_device_stop(struct virtio_nic *nic)
{
    enum virtio_nic_error error = device_find(nic);

    return error == VIRTIO_NIC_OK ? device_reset(nic) : error;
}

enum virtio_nic_error virtio_nic_device_start(struct virtio_nic *nic)
{
    enum virtio_nic_error error = virtio_nic_device_stop(nic);

    if (error == VIRTIO_NIC_OK) {
        error = device_negotiate(nic);
    }
    if (error == VIRTIO_NIC_OK) {
        error = device_queue(nic, VIRTIO_NIC_RX, &nic->rx, NIC_QUEUE_ENTRIES);
    }
    if (error == VIRTIO_NIC_OK) {
        error = device_queue(nic, VIRTIO_NIC_TX, &nic->tx, NIC_QUEUE_ENTRIES);
    }
    if (error == VIRTIO_NIC_OK && virtio_nic_device_has(nic, VIRTIO_NIC_F_CTRL_VQ)) {
        error = device_queue(nic, VIRTIO_NIC_CONTROL, &nic->control, CONTROL_ENTRIES);
    }
    if (error == VIRTIO_NIC_OK) {
        virtio_nic_device_store(nic, VIRTIO_MMIO_STATUS,
                                VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER |
                                    VIRTIO_STATUS_FEATURES_OK | VIRTIO_STATUS_DRIVER_OK);
    }
    return error;
}

bool virtio_nic_device_link(const struct virtio_nic *nic)
{
    return !virtio_nic_device_has(nic, VIRTIO_NIC_F_STATUS) ||
           (nic->setup.registers.load16(nic->setup.registers.context,
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
        virtio_nic_device_store(nic, VIRTIO_MMIO_QUEUE_NOTIFY, VIRTIO_NIC_CONTROL);
    }
}
