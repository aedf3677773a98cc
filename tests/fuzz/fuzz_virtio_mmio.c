/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The transport: stores of any width anywhere, in any order, to a device that stops as late as the
 * input wants. What the registers must read is derived here once more, and compared.
 */
#include <string.h>

#include "virtio_guest.h"
#include "virtio_probe.h"

#define MAX_STEPS 64U

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct world world;
static struct probe probe;
/* The guest's selectors, as its stores say. */
static uint32_t queue_sel;
static uint32_t features_sel;

/* Registers that a driver stores to, so that the input finds them quickly. */
static const uint16_t registers[] = {
    VIRTIO_MMIO_DEVICE_FEATURES_SEL,
    VIRTIO_MMIO_DRIVER_FEATURES,
    VIRTIO_MMIO_DRIVER_FEATURES_SEL,
    VIRTIO_MMIO_QUEUE_SEL,
    VIRTIO_MMIO_QUEUE_NUM,
    VIRTIO_MMIO_QUEUE_READY,
    VIRTIO_MMIO_QUEUE_NOTIFY,
    VIRTIO_MMIO_INTERRUPT_ACK,
    VIRTIO_MMIO_STATUS,
    VIRTIO_MMIO_QUEUE_DESC_LOW,
    VIRTIO_MMIO_QUEUE_DESC_HIGH,
    VIRTIO_MMIO_QUEUE_DRIVER_LOW,
    VIRTIO_MMIO_QUEUE_DRIVER_HIGH,
    VIRTIO_MMIO_QUEUE_DEVICE_LOW,
    VIRTIO_MMIO_QUEUE_DEVICE_HIGH,
    VIRTIO_MMIO_SHM_SEL,
};

/* Bits that a driver set do not go away but by a reset, and come in order. */
static void check_status(uint32_t before, uint32_t after)
{
    uint32_t driver_bits = VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER |
                           VIRTIO_STATUS_FEATURES_OK | VIRTIO_STATUS_DRIVER_OK |
                           VIRTIO_STATUS_FAILED;

    guest_check((after & ~(driver_bits | VIRTIO_STATUS_NEEDS_RESET)) == 0, "status has known bits");
    guest_check(after == 0 || (before & ~after) == 0, "status only grows until a reset");
    if ((after & VIRTIO_STATUS_DRIVER_OK) != 0) {
        guest_check((after & VIRTIO_STATUS_FEATURES_OK) != 0, "DRIVER_OK after FEATURES_OK");
    }
    if ((after & VIRTIO_STATUS_FEATURES_OK) != 0) {
        guest_check((after & VIRTIO_STATUS_DRIVER) != 0, "FEATURES_OK after DRIVER");
    }
    if ((after & VIRTIO_STATUS_DRIVER) != 0) {
        guest_check((after & VIRTIO_STATUS_ACKNOWLEDGE) != 0, "DRIVER after ACKNOWLEDGE");
    }
}

static void check_features(void)
{
    uint64_t accepted = probe.dev.accepted;

    guest_check((accepted & ~probe.dev.offered) == 0, "accepted was offered");
    guest_check((accepted & PROBE_F_DEPENDENT) == 0 || (accepted & PROBE_F_BASE) != 0,
                "accepted is complete");
    if ((probe.dev.status & VIRTIO_STATUS_FEATURES_OK) != 0) {
        guest_check((accepted & VIRTIO_F_VERSION_1) != 0, "VERSION_1 was accepted");
    } else {
        guest_check(accepted == 0, "nothing is accepted before FEATURES_OK");
    }
}

static void check_registers(void)
{
    bool exists = queue_sel < PROBE_QUEUES;
    uint32_t features = features_sel > 1 ? 0 : (uint32_t)(probe.dev.offered >> (32 * features_sel));

    guest_check(world_load(&world, VIRTIO_MMIO_MAGIC) == 0x74726976, "MagicValue");
    guest_check(world_load(&world, VIRTIO_MMIO_VERSION) == 2, "Version");
    guest_check(world_load(&world, VIRTIO_MMIO_DEVICE_FEATURES) == features, "DeviceFeatures");
    guest_check(world_load(&world, VIRTIO_MMIO_QUEUE_NUM_MAX) == (exists ? PROBE_ENTRIES : 0),
                "QueueNumMax");
    guest_check(world_load(&world, VIRTIO_MMIO_QUEUE_READY) ==
                    (exists && probe.queues[queue_sel].ready),
                "QueueReady");
    guest_check((world_load(&world, VIRTIO_MMIO_INTERRUPT_STATUS) & ~3U) == 0, "InterruptStatus");
    guest_check(world_load(&world, VIRTIO_MMIO_SHM_LEN_LOW) == UINT32_MAX, "SHMLenLow");
    guest_check(world_load(&world, VIRTIO_MMIO_QUEUE_RESET) == 0, "QueueReset");
    guest_check(world_load(&world, VIRTIO_MMIO_STATUS) == probe.dev.status, "Status");
}

static void check_device(void)
{
    uint32_t status = probe.dev.status;
    bool live = (status & VIRTIO_STATUS_DRIVER_OK) != 0 &&
                (status & (VIRTIO_STATUS_FAILED | VIRTIO_STATUS_NEEDS_RESET)) == 0 &&
                probe.dev.stopping != VDEV_STOPPING;

    guest_check(probe.dev.live == live, "live is what the status says");
    if (status == 0) {
        guest_check(world_load(&world, VIRTIO_MMIO_INTERRUPT_STATUS) == 0,
                    "no interrupt is left by a reset");
        for (unsigned i = 0; i < PROBE_QUEUES; i++) {
            guest_check(!probe.queues[i].ready, "no queue is left by a reset");
        }
    }
}

static void store(uint32_t offset, unsigned width, uint64_t value)
{
    uint32_t before = probe.dev.status;
    bool calm = probe.dev.stopping == VDEV_CALM;
    unsigned told = world.quiesced;
    enum vdev_answer answer = vmmio_store(&world.mmio, offset, width, value);

    guest_check((world.quiesced != told) == (!calm && probe.dev.stopping == VDEV_CALM),
                "who waits is told when the waiting ends");
    if (width == 4 && offset == VIRTIO_MMIO_QUEUE_SEL) {
        queue_sel = (uint32_t)value;
    }
    if (width == 4 && offset == VIRTIO_MMIO_DEVICE_FEATURES_SEL) {
        features_sel = (uint32_t)value;
    }
    guest_check(answer == VDEV_DONE || !probe.quiet, "only a busy device keeps a store waiting");
    if (width == 4 && offset == VIRTIO_MMIO_STATUS && (uint32_t)value == 0 && answer == VDEV_DONE) {
        guest_check(probe.dev.status == 0, "a reset is complete when the store returns");
        queue_sel = 0;
        features_sel = 0;
    } else if (!calm) {
        guest_check(probe.dev.status == before, "nothing happens while the device stops");
    }
    check_status(before, probe.dev.status);
}

static void quiesced(void)
{
    bool reset = probe.dev.stopping == VDEV_STOPPING;
    unsigned told = world.quiesced;
    bool stopping = probe.dev.stopping != VDEV_CALM;

    vdev_quiesced(&probe.dev);
    guest_check(world.quiesced - told == stopping, "who waits is told, once");
    if (reset) {
        guest_check(probe.dev.status == 0, "a late reset is a reset");
        queue_sel = 0;
        features_sel = 0;
    }
}

/* The device takes a buffer and gives it back. */
static void serve(unsigned queue)
{
    if (vdev_pop(&probe.dev, queue, &probe.chain) == VIRTIO_OK) {
        guest_check(probe.dev.live && probe.queues[queue].ready, "buffers only from a live queue");
        guest_check_chain(&probe.chain);
        vdev_push(&probe.dev, queue, &probe.chain, probe.chain.writable_bytes.bytes);
        vdev_signal(&probe.dev, queue);
    }
    (void)vdev_want_kick(&probe.dev, queue);
}

/* Bring the device up as a driver does, so that inputs need not find the way each time. */
static void boot(struct input *input)
{
    uint32_t status = VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER;
    uint8_t flags = input_u8(input);

    if (probe.dev.stopping != VDEV_CALM) {
        return;
    }
    store(VIRTIO_MMIO_STATUS, 4, status);
    store(VIRTIO_MMIO_DRIVER_FEATURES_SEL, 4, 1);
    store(VIRTIO_MMIO_DRIVER_FEATURES, 4, (flags & 1) != 0 ? 5 : 1);
    store(VIRTIO_MMIO_DRIVER_FEATURES_SEL, 4, 0);
    store(VIRTIO_MMIO_DRIVER_FEATURES, 4, (flags & 2) != 0 ? 0x30000003 : 0);
    status |= VIRTIO_STATUS_FEATURES_OK;
    store(VIRTIO_MMIO_STATUS, 4, status);
    for (unsigned i = 0; i < (flags >> 4 & 3U); i++) {
        store(VIRTIO_MMIO_QUEUE_SEL, 4, i);
        store(VIRTIO_MMIO_QUEUE_NUM, 4, 8);
        store(VIRTIO_MMIO_QUEUE_DESC_LOW, 4, GUEST_RAM_AT + 0x200 * i);
        store(VIRTIO_MMIO_QUEUE_DRIVER_LOW, 4, GUEST_RAM_AT + 0x200 * i + 0x100);
        store(VIRTIO_MMIO_QUEUE_DEVICE_LOW, 4, GUEST_RAM_AT + 0x200 * i + 0x140);
        store(VIRTIO_MMIO_QUEUE_READY, 4, 1);
    }
    if ((flags & 4) != 0) {
        store(VIRTIO_MMIO_STATUS, 4, status | VIRTIO_STATUS_DRIVER_OK);
    }
}

static void step(struct input *input)
{
    static const unsigned widths[] = { 4, 1, 2, 8 };
    uint8_t op = input_u8(input);
    uint32_t offset;
    uint64_t value;

    switch (op & 7) {
    case 0:
    case 1:
        offset = registers[op >> 4];
        value = input_u32(input);
        store(offset, 4, value);
        break;
    case 2:
        offset = input_u32(input);
        value = input_u64(input);
        store(offset, widths[op >> 4 & 3], value);
        break;
    case 3:
        offset = input_u16(input) & 0x3ffU;
        value = input_u16(input);
        store(offset, widths[op >> 4 & 3], value);
        break;
    case 4:
        offset = input_u16(input);
        guest_put_input(input, offset, 1U + (op >> 4));
        break;
    case 5:
        probe.quiet = (op & 0x10) != 0;
        probe.busy = (op & 0x20) != 0;
        if ((op & 0x40) != 0) {
            quiesced();
        }
        break;
    case 6:
        serve(op >> 4 & 3);
        (void)vmmio_doorbell(&world.mmio);
        (void)vdev_work(&probe.dev);
        break;
    default:
        if ((op & 0x10) != 0) {
            boot(input);
        } else if ((op & 0x20) != 0) {
            uint32_t generation = world_load(&world, VIRTIO_MMIO_CONFIG_GENERATION);

            offset = input_u8(input);
            value = input_u64(input);
            if (vdev_set_config(&probe.dev, offset, &value, op >> 6) == VIRTIO_OK) {
                guest_check(world_load(&world, VIRTIO_MMIO_CONFIG_GENERATION) == generation + 1,
                            "ConfigGeneration");
            }
        }
        break;
    }
    check_features();
    check_registers();
    check_device();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = { data, size };

    world_init_without_ram(&world);
    world.mem = *guest_mem();
    guest_clear();
    guest_check(probe_init(&probe, &world, WORLD_RINGS | PROBE_F_BASE | PROBE_F_DEPENDENT, 0) ==
                    VIRTIO_OK,
                "a device");
    world_attach(&world, &probe.dev);
    queue_sel = 0;
    features_sel = 0;
    for (unsigned i = 0; i < MAX_STEPS && input.left != 0; i++) {
        step(&input);
    }
    return 0;
}
