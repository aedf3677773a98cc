/* SPDX-License-Identifier: BSD-2-Clause */
#include <virtio/virtio_error.h>

const char *virtio_error_name(enum virtio_error error)
{
    static const char *const names[VIRTIO_ERROR_COUNT] = {
        [VIRTIO_OK] = "ok",
        [VIRTIO_EMPTY] = "empty",
        [VIRTIO_ERR_INDEX] = "index",
        [VIRTIO_ERR_HEAD] = "head",
        [VIRTIO_ERR_CHAIN] = "chain",
        [VIRTIO_ERR_ADDRESS] = "address",
        [VIRTIO_ERR_LENGTH] = "length",
        [VIRTIO_ERR_ORDER] = "order",
        [VIRTIO_ERR_INDIRECT] = "indirect",
        [VIRTIO_ERR_PARTIAL] = "partial",
        [VIRTIO_ERR_SETUP] = "setup",
        [VIRTIO_ERR_STATE] = "state",
        [VIRTIO_ERR_REGISTER] = "register",
        [VIRTIO_ERR_QUEUE] = "queue",
        [VIRTIO_ERR_FEATURES] = "features",
        [VIRTIO_ERR_DIRECTION] = "direction",
        [VIRTIO_ERR_MESSAGE] = "message",
        [VIRTIO_ERR_SIZE] = "size",
        [VIRTIO_ERR_STALE] = "stale",
        [VIRTIO_ERR_ARGUMENT] = "argument",
    };

    return (unsigned)error < VIRTIO_ERROR_COUNT ? names[error] : "unknown";
}
