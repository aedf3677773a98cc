/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Driver PD of a virtIO network device: a port of a switch (io/net/protocol.h) behind which the
 * outside is. It runs for interrupts and notifications only.
 *
 * It believes the switch, which has checked where frames lie; both are trusted by all whose memory
 * the device can reach. Of ports whose frames it may send, the tool sets `buffers<n>_paddr`.
 *
 * It may be restarted at any moment: the device is reset before anything else happens.
 */
#include <bulkhead/libc.h>
#include <drivers/supervisor/supervisor.h>
#include <drivers/virtio/virtio_mapped.h>
#include <microkit.h>

#include "virtio_nic.h"

#define NOT_SET 1
/** The uplink is the first port of its switch. */
#define PORT 0

/* Set in the ELF file by the tool, so the compiler must not know the values. */
#define PATCHED __attribute__((used))
PATCHED uint64_t nic_vaddr = NOT_SET;
PATCHED uint64_t nic_irq = MICROKIT_MAX_CHANNELS;
PATCHED uint64_t dma_vaddr = NOT_SET;
PATCHED uint64_t dma_paddr = NOT_SET;
PATCHED uint64_t net_vaddr = NOT_SET;
PATCHED uint64_t net_buffers = NOT_SET;
PATCHED uint64_t net_channel = MICROKIT_MAX_CHANNELS;
PATCHED uint64_t supervisor_vaddr = SUPERVISOR_NONE;

/* One variable a port: the tool knows names, and no arrays. */
#define BUFFERS(n)                      \
    extern uint64_t buffers##n##_paddr; \
    PATCHED uint64_t buffers##n##_paddr = NOT_SET
BUFFERS(0);
BUFFERS(1);
BUFFERS(2);
BUFFERS(3);
BUFFERS(4);
BUFFERS(5);
BUFFERS(6);
BUFFERS(7);
BUFFERS(8);
BUFFERS(9);
BUFFERS(10);
BUFFERS(11);
BUFFERS(12);
BUFFERS(13);
BUFFERS(14);
BUFFERS(15);
BUFFERS(16);
BUFFERS(17);
BUFFERS(18);
BUFFERS(19);
BUFFERS(20);
BUFFERS(21);
BUFFERS(22);
BUFFERS(23);
BUFFERS(24);
BUFFERS(25);
BUFFERS(26);
BUFFERS(27);
BUFFERS(28);
BUFFERS(29);
BUFFERS(30);
BUFFERS(31);
BUFFERS(32);
BUFFERS(33);
BUFFERS(34);
BUFFERS(35);
BUFFERS(36);
BUFFERS(37);
BUFFERS(38);
BUFFERS(39);
BUFFERS(40);
BUFFERS(41);
BUFFERS(42);
BUFFERS(43);
BUFFERS(44);
BUFFERS(45);
BUFFERS(46);
BUFFERS(47);
BUFFERS(48);
BUFFERS(49);
BUFFERS(50);
BUFFERS(51);
BUFFERS(52);
BUFFERS(53);
BUFFERS(54);
BUFFERS(55);
BUFFERS(56);
BUFFERS(57);
BUFFERS(58);
BUFFERS(59);
BUFFERS(60);
BUFFERS(61);

static const uint64_t *const buffers[NET_MAX_PORTS] = {
    &buffers0_paddr,  &buffers1_paddr,  &buffers2_paddr,  &buffers3_paddr,  &buffers4_paddr,
    &buffers5_paddr,  &buffers6_paddr,  &buffers7_paddr,  &buffers8_paddr,  &buffers9_paddr,
    &buffers10_paddr, &buffers11_paddr, &buffers12_paddr, &buffers13_paddr, &buffers14_paddr,
    &buffers15_paddr, &buffers16_paddr, &buffers17_paddr, &buffers18_paddr, &buffers19_paddr,
    &buffers20_paddr, &buffers21_paddr, &buffers22_paddr, &buffers23_paddr, &buffers24_paddr,
    &buffers25_paddr, &buffers26_paddr, &buffers27_paddr, &buffers28_paddr, &buffers29_paddr,
    &buffers30_paddr, &buffers31_paddr, &buffers32_paddr, &buffers33_paddr, &buffers34_paddr,
    &buffers35_paddr, &buffers36_paddr, &buffers37_paddr, &buffers38_paddr, &buffers39_paddr,
    &buffers40_paddr, &buffers41_paddr, &buffers42_paddr, &buffers43_paddr, &buffers44_paddr,
    &buffers45_paddr, &buffers46_paddr, &buffers47_paddr, &buffers48_paddr, &buffers49_paddr,
    &buffers50_paddr, &buffers51_paddr, &buffers52_paddr, &buffers53_paddr, &buffers54_paddr,
    &buffers55_paddr, &buffers56_paddr, &buffers57_paddr, &buffers58_paddr, &buffers59_paddr,
    &buffers60_paddr, &buffers61_paddr,
};

static struct virtio_nic nic;
static bool broken;

/* Returns whether the switch is to be notified. */
static bool serve(void)
{
    return !broken && virtio_nic_serve(&nic);
}

void init(void)
{
    struct virtio_nic_setup setup = {
        .device = virtio_mapped(nic_vaddr),
        .memory = (uint8_t *)dma_vaddr,
        .address = dma_paddr,
        .place = {
            .memory = (void *)net_vaddr,
            .buffers = (void *)net_buffers,
            .port = PORT,
        },
    };
    enum virtio_device_error error;

    for (unsigned int i = 0; i < NET_MAX_PORTS; i++) {
        if (*buffers[i] != NOT_SET) {
            setup.buffers[i] = *buffers[i];
            setup.place.readable |= UINT64_C(1) << i;
        }
    }
    broken = supervisor_says_leave(supervisor_vaddr);
    error = broken ? virtio_nic_leave(&nic, &setup) : virtio_nic_start(&nic, &setup);
    if (error != VIRTIO_DEVICE_OK) {
        printf("%s: the network device %s\n", microkit_name, virtio_device_says(error));
        broken = true;
    }
    (void)serve();
    microkit_notify((microkit_channel)net_channel);
}

void notified(microkit_channel ch)
{
    bool due;

    if (ch == nic_irq && !broken) {
        virtio_nic_interrupt(&nic);
    }
    due = serve();
    /* One of both can wait until this thread does: the notification, which costs more alone. */
    if (ch == nic_irq && !due) {
        microkit_deferred_irq_ack(ch);
    } else if (ch == nic_irq) {
        microkit_irq_ack(ch);
    }
    if (due) {
        microkit_deferred_notify((microkit_channel)net_channel);
    }
}
