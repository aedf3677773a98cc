/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The errors of the virtIO core. One enumeration serves all of its modules, because a device
 * counts what goes wrong by kind, whichever module noticed it.
 */
#ifndef VIRTIO_VIRTIO_ERROR_H
#define VIRTIO_VIRTIO_ERROR_H

enum virtio_error {
    /** Done. */
    VIRTIO_OK = 0,
    /** The queue has no available buffer (or is not ready). Not a mistake of anybody. */
    VIRTIO_EMPTY,

    /** @{ The ring cannot be trusted any more: the device sets DEVICE_NEEDS_RESET. */
    /** The available index jumped by more than the queue can hold, or went back. */
    VIRTIO_ERR_INDEX,
    /** The head of a chain, or the next field of a descriptor, is not below the queue size. */
    VIRTIO_ERR_HEAD,
    /** A chain has more descriptors than the queue: a loop, or too long. */
    VIRTIO_ERR_CHAIN,
    /** A buffer or an indirect table is not wholly in guest RAM, or its end wraps around. */
    VIRTIO_ERR_ADDRESS,
    /** The buffers of one chain are longer than 2^32 bytes together. */
    VIRTIO_ERR_LENGTH,
    /** A device-readable buffer follows a device-writable one. */
    VIRTIO_ERR_ORDER,
    /** An indirect descriptor that was not negotiated, is nested, continued, or of wrong length. */
    VIRTIO_ERR_INDIRECT,
    /** Packed ring: a list goes on in a descriptor that was not made available. */
    VIRTIO_ERR_PARTIAL,
    /** QueueReady with a size or area that cannot be a virtqueue. */
    VIRTIO_ERR_SETUP,
    /** @} */

    /** @{ Mistakes of a driver that are ignored, or cost it the one buffer. */
    /** A store that the device's state does not allow, or a kick to a queue that is not live. */
    VIRTIO_ERR_STATE,
    /** A store to a register that is not there or read-only, or of the wrong width. */
    VIRTIO_ERR_REGISTER,
    /** A queue number without a queue. */
    VIRTIO_ERR_QUEUE,
    /** A set of features that the device refused. */
    VIRTIO_ERR_FEATURES,
    /** A device-readable buffer where a writable one belongs, or the other way around. */
    VIRTIO_ERR_DIRECTION,
    /** A message of the device type's own protocol that makes no sense. */
    VIRTIO_ERR_MESSAGE,
    /** A buffer that is too small for what it must hold. */
    VIRTIO_ERR_SIZE,
    /** @} */

    /** @{ Mistakes of the caller. */
    /** The buffer was already given back, or its queue was stopped or reset meanwhile. */
    VIRTIO_ERR_STALE,
    /** An argument is out of its range. */
    VIRTIO_ERR_ARGUMENT,
    /** @} */

    VIRTIO_ERROR_COUNT
};

/**
 * A short name of an error, for statistics and reports ("index", "address", ...).
 * A value that is no error of this enumeration gives "unknown". The string is static.
 */
const char *virtio_error_name(enum virtio_error error);

#endif
