/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A frame with any headers and any descriptor that the switch lets through: what becomes of it is
 * as long as it was, in pieces of the size that was asked for, and bounded in number.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "io/net/offload.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct net_offload offload;
static volatile uint8_t looked_at;

static void check(bool holds)
{
    if (!holds) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct net_frame frame;
    uint64_t sum = 0;
    unsigned count = 0;

    if (size < sizeof(frame)) {
        return 0;
    }
    memcpy(&frame, data, sizeof(frame));
    size -= sizeof(frame);
    /* As switch.c has it. */
    if (size > NET_MAX_FRAME - NET_ETHERNET_BYTES) {
        size = NET_MAX_FRAME - NET_ETHERNET_BYTES;
    }
    frame.bytes = (uint32_t)size + NET_ETHERNET_BYTES;
    if ((frame.flags & NET_NEEDS_CSUM) != 0 &&
        (uint32_t)frame.csum_start + frame.csum_offset + 2U > frame.bytes) {
        return 0;
    }
    /* A block of its own, so that the sanitizer sees every byte outside. */
    uint8_t *payload = malloc(size + 1);
    memcpy(payload, data + sizeof(frame), size);
    if (net_offload_begin(&offload, &frame, payload)) {
        while (net_offload_next(&offload)) {
            check(offload.head_bytes >= NET_ETHERNET_BYTES &&
                  offload.head_bytes <= NET_OFFLOAD_HEAD);
            for (uint32_t i = 0; i < offload.data_bytes; i++) {
                looked_at = offload.data[i];
            }
            check(frame.gso_type == NET_GSO_NONE || offload.data_bytes <= frame.gso_bytes);
            sum += offload.data_bytes;
            count++;
            check(count <= NET_MAX_FRAME / NET_OFFLOAD_LEAST + 1);
        }
        check(sum + offload.head_bytes == frame.bytes);
    }
    free(payload);
    return 0;
}
