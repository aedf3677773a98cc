/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Numbers that the virtIO specification (version 1.2) fixes and that the core uses: feature bits,
 * device status bits, the virtio-mmio register layout, ring flags and device types; and the header
 * of frames, which both a device and a driver handle.
 */
#ifndef VIRTIO_SPEC_H
#define VIRTIO_SPEC_H

#include <stdint.h>

/** Mask of a feature bit, 0 to 63. */
#define VIRTIO_FEATURE(bit) ((uint64_t)1 << (bit))

/** @{ Features of the rings and the transport (chapter 6). */
#define VIRTIO_F_INDIRECT_DESC VIRTIO_FEATURE(28)
#define VIRTIO_F_EVENT_IDX VIRTIO_FEATURE(29)
#define VIRTIO_F_VERSION_1 VIRTIO_FEATURE(32)
#define VIRTIO_F_ACCESS_PLATFORM VIRTIO_FEATURE(33)
#define VIRTIO_F_RING_PACKED VIRTIO_FEATURE(34)
/** @} */

/** @{ Device status (2.1). */
#define VIRTIO_STATUS_ACKNOWLEDGE 1U
#define VIRTIO_STATUS_DRIVER 2U
#define VIRTIO_STATUS_DRIVER_OK 4U
#define VIRTIO_STATUS_FEATURES_OK 8U
#define VIRTIO_STATUS_NEEDS_RESET 64U
#define VIRTIO_STATUS_FAILED 128U
/** @} */

/** @{ Device types (chapter 5). */
#define VIRTIO_ID_NET 1U
#define VIRTIO_ID_BLOCK 2U
#define VIRTIO_ID_CONSOLE 3U
#define VIRTIO_ID_ENTROPY 4U
/** @} */

/** @{ Descriptor flags of both ring formats (2.7.5, 2.8). */
#define VIRTIO_DESC_NEXT 1U
#define VIRTIO_DESC_WRITE 2U
#define VIRTIO_DESC_INDIRECT 4U
/** Packed rings only. */
#define VIRTIO_DESC_AVAIL (1U << 7)
#define VIRTIO_DESC_USED (1U << 15)
/** Bytes of a descriptor, in both formats. */
#define VIRTIO_DESC_BYTES 16U
/** @} */

/** Split ring: flags of the available and of the used ring, "no notification please". */
#define VIRTIO_RING_NO_NOTIFY 1U

/** @{ Packed ring: flags of the event suppression structures (2.8.10). */
#define VIRTIO_EVENT_ENABLE 0U
#define VIRTIO_EVENT_DISABLE 1U
#define VIRTIO_EVENT_DESC 2U
/** @} */

/** @{ virtio-mmio registers, byte offsets (4.2.2). */
#define VIRTIO_MMIO_MAGIC 0x000U
#define VIRTIO_MMIO_VERSION 0x004U
#define VIRTIO_MMIO_DEVICE_ID 0x008U
#define VIRTIO_MMIO_VENDOR_ID 0x00cU
#define VIRTIO_MMIO_DEVICE_FEATURES 0x010U
#define VIRTIO_MMIO_DEVICE_FEATURES_SEL 0x014U
#define VIRTIO_MMIO_DRIVER_FEATURES 0x020U
#define VIRTIO_MMIO_DRIVER_FEATURES_SEL 0x024U
#define VIRTIO_MMIO_QUEUE_SEL 0x030U
#define VIRTIO_MMIO_QUEUE_NUM_MAX 0x034U
#define VIRTIO_MMIO_QUEUE_NUM 0x038U
#define VIRTIO_MMIO_QUEUE_READY 0x044U
#define VIRTIO_MMIO_QUEUE_NOTIFY 0x050U
#define VIRTIO_MMIO_INTERRUPT_STATUS 0x060U
#define VIRTIO_MMIO_INTERRUPT_ACK 0x064U
#define VIRTIO_MMIO_STATUS 0x070U
#define VIRTIO_MMIO_QUEUE_DESC_LOW 0x080U
#define VIRTIO_MMIO_QUEUE_DESC_HIGH 0x084U
#define VIRTIO_MMIO_QUEUE_DRIVER_LOW 0x090U
#define VIRTIO_MMIO_QUEUE_DRIVER_HIGH 0x094U
#define VIRTIO_MMIO_QUEUE_DEVICE_LOW 0x0a0U
#define VIRTIO_MMIO_QUEUE_DEVICE_HIGH 0x0a4U
#define VIRTIO_MMIO_SHM_SEL 0x0acU
#define VIRTIO_MMIO_SHM_LEN_LOW 0x0b0U
#define VIRTIO_MMIO_SHM_LEN_HIGH 0x0b4U
#define VIRTIO_MMIO_SHM_BASE_LOW 0x0b8U
#define VIRTIO_MMIO_SHM_BASE_HIGH 0x0bcU
#define VIRTIO_MMIO_QUEUE_RESET 0x0c0U
#define VIRTIO_MMIO_CONFIG_GENERATION 0x0fcU
#define VIRTIO_MMIO_CONFIG 0x100U
/** @} */

#define VIRTIO_MMIO_MAGIC_VALUE 0x74726976U
#define VIRTIO_MMIO_VERSION_VALUE 2U

/** @{ Bits of InterruptStatus and InterruptACK. */
#define VIRTIO_INTERRUPT_USED 1U
#define VIRTIO_INTERRUPT_CONFIG 2U
#define VIRTIO_INTERRUPT_ALL (VIRTIO_INTERRUPT_USED | VIRTIO_INTERRUPT_CONFIG)
/** @} */

/** Before each frame that goes through a network device's queues (5.1.6). Numbers are
 *  little-endian. */
struct virtio_net_header {
    uint8_t flags;
    uint8_t gso_type;
    uint16_t header_bytes;
    uint16_t gso_bytes;
    uint16_t csum_start;
    uint16_t csum_offset;
    /** Of a received frame: the buffers that it is in. A driver leaves it 0. */
    uint16_t buffers;
};

_Static_assert(sizeof(struct virtio_net_header) == 12, "5.1.6");

#endif
