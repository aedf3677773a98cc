/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmm_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <virtio/spec.h>

#include "vmm_fake.h"

#define ESR_STORE4 (0x24UL << 26 | 1UL << 24 | 2UL << 22 | 1UL << 6)
#define ESR_LOAD4 (0x24UL << 26 | 1UL << 24 | 2UL << 22)

struct vmm_rig rig;

static uint8_t kernel[8192];
static _Alignas(64) uint8_t connection[RIG_SERIAL_BYTES];

int rig_begin(void **state)
{
    static const uint8_t magic[] = { 'A', 'R', 'M', 0x64 };

    (void)state;
    rig.ram = calloc(1, RIG_BYTES);
    memset(kernel, 0, sizeof(kernel));
    kernel[18] = 0x20;
    kernel[24] = 2;
    memcpy(kernel + 56, magic, sizeof(magic));
    memset(connection, 0, sizeof(connection));
    return rig.ram == NULL ? -1 : 0;
}

int rig_end(void **state)
{
    (void)state;
    free(rig.ram);
    rig.ram = NULL;
    return 0;
}

void rig_reset(void)
{
    memset(&rig.guest, 0, sizeof(rig.guest));
    rig.entries = RIG_ENTRIES;
    vmm_fake_reset(1, 3);
    vmm_fake.has_seed = true;
}

bool rig_boot(const char *config, bool serial)
{
    struct guest *guest = &rig.guest;

    assert_int_equal(config_parse(config, strlen(config), &guest->config), 0);
    guest->ram = (struct loader_ram){ rig.ram, RIG_GPA, RIG_BYTES };
    guest->kernel = (struct guest_file){ kernel, sizeof(kernel) };
    if (serial) {
        uint8_t *second = connection + RIG_SERIAL_BYTES / 2;

        guest->serial = connection;
        guest->serial_bytes = sizeof(connection);
        guest->serial_channel = RIG_SERIAL_CHANNEL;
        assert_int_equal(serial_queue_open_consumer(&rig.output, connection, RIG_SERIAL_BYTES / 2),
                         SERIAL_QUEUE_OK);
        assert_int_equal(serial_queue_open_producer(&rig.input, second, RIG_SERIAL_BYTES / 2),
                         SERIAL_QUEUE_OK);
    }
    return guest_init(guest) && guest_start(guest);
}

struct guest_answer rig_store(uint64_t gpa, uint32_t value)
{
    const uint64_t words[GUEST_FAULT_WORDS] = { 0x1000, gpa, 0, ESR_STORE4, value };

    return guest_fault(&rig.guest, VMM_FAKE_ID(0), BH_FAULT_MEMORY, words);
}

uint64_t rig_load(uint64_t gpa)
{
    const uint64_t words[GUEST_FAULT_WORDS] = { 0x1000, gpa, 0, ESR_LOAD4, 0 };

    return guest_fault(&rig.guest, VMM_FAKE_ID(0), BH_FAULT_MEMORY, words).value;
}

void rig_put(uint64_t gpa, uint64_t value, size_t bytes)
{
    memcpy(rig.ram + (gpa - RIG_GPA), &value, bytes);
}

uint16_t rig_get16(uint64_t gpa)
{
    uint16_t value;

    memcpy(&value, rig.ram + (gpa - RIG_GPA), sizeof(value));
    return value;
}

void rig_start_driver(uint64_t device, uint32_t queues, uint32_t features)
{
    (void)rig_store(device + VIRTIO_MMIO_STATUS, 0);
    (void)rig_store(device + VIRTIO_MMIO_STATUS, 1);
    (void)rig_store(device + VIRTIO_MMIO_STATUS, 3);
    (void)rig_store(device + VIRTIO_MMIO_DRIVER_FEATURES_SEL, 0);
    (void)rig_store(device + VIRTIO_MMIO_DRIVER_FEATURES, features);
    (void)rig_store(device + VIRTIO_MMIO_DRIVER_FEATURES_SEL, 1);
    (void)rig_store(device + VIRTIO_MMIO_DRIVER_FEATURES, 1);
    (void)rig_store(device + VIRTIO_MMIO_STATUS, 11);
    for (uint32_t i = 0; i < queues; i++) {
        memset(rig.ram + (RIG_QUEUE(i) - RIG_GPA), 0, 0x4000);
        (void)rig_store(device + VIRTIO_MMIO_QUEUE_SEL, i);
        (void)rig_store(device + VIRTIO_MMIO_QUEUE_NUM, rig.entries);
        (void)rig_store(device + VIRTIO_MMIO_QUEUE_DESC_LOW, (uint32_t)RIG_QUEUE(i));
        (void)rig_store(device + VIRTIO_MMIO_QUEUE_DRIVER_LOW, (uint32_t)RIG_QUEUE(i) + RIG_DRIVER);
        (void)rig_store(device + VIRTIO_MMIO_QUEUE_DEVICE_LOW, (uint32_t)RIG_QUEUE(i) + RIG_DEVICE);
        (void)rig_store(device + VIRTIO_MMIO_QUEUE_READY, 1);
    }
    (void)rig_store(device + VIRTIO_MMIO_STATUS, 15);
}

uint8_t *rig_buffer(uint32_t queue)
{
    return rig.ram + (RIG_QUEUE(queue) + RIG_BUFFER - RIG_GPA);
}

void rig_offer(uint32_t queue, uint32_t bytes, bool write)
{
    uint16_t index = rig_get16(RIG_QUEUE(queue) + RIG_DRIVER + 2);

    rig_put(RIG_QUEUE(queue), RIG_QUEUE(queue) + RIG_BUFFER, 8);
    rig_put(RIG_QUEUE(queue) + 8, bytes, 4);
    rig_put(RIG_QUEUE(queue) + 12, write ? VIRTIO_DESC_WRITE : 0, 2);
    rig_put(RIG_QUEUE(queue) + RIG_DRIVER + 4 + 2UL * (index % rig.entries), 0, 2);
    rig_put(RIG_QUEUE(queue) + RIG_DRIVER + 2, (uint16_t)(index + 1), 2);
}

uint16_t rig_used(uint32_t queue)
{
    return rig_get16(RIG_QUEUE(queue) + RIG_DEVICE + 2);
}

uint32_t rig_written(uint32_t queue)
{
    uint32_t last = (rig_used(queue) - 1u) % rig.entries;
    uint32_t bytes;

    memcpy(&bytes, rig.ram + (RIG_QUEUE(queue) + RIG_DEVICE + 8 + 8UL * last - RIG_GPA),
           sizeof(bytes));
    return bytes;
}

void rig_send(uint32_t channel, uint32_t queue, const void *data, uint32_t bytes)
{
    assert_true(bytes <= RIG_BUFFER_BYTES);
    memcpy(rig_buffer(queue), data, bytes);
    rig_offer(queue, bytes, false);
    guest_notified(&rig.guest, channel);
}

const char *rig_received(void)
{
    static char text[2048];
    size_t count = serial_queue_available(&rig.output);

    count = serial_queue_read(&rig.output, text, count < sizeof(text) ? count : sizeof(text) - 1);
    text[count] = '\0';
    return text;
}
