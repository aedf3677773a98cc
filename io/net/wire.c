/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire.h"

#include <string.h>

#define ETHERTYPE_AT 12U
#define ETHERTYPE_VLAN 0x8100U

static uint16_t get16(const uint8_t *at)
{
    return (uint16_t)(at[0] << 8 | at[1]);
}

static void put16(uint8_t *at, uint16_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

bool net_wire_describe(struct net_frame *frame, const uint8_t *at)
{
    bool tagged = get16(at + ETHERTYPE_AT) == ETHERTYPE_VLAN &&
                  frame->bytes >= NET_ETHERNET_BYTES + NET_TAG_BYTES;
    uint32_t skip = tagged ? NET_TAG_BYTES : 0;

    if ((frame->flags & NET_NEEDS_CSUM) == 0) {
        frame->csum_start = 0;
        frame->csum_offset = 0;
    } else if (frame->csum_start < NET_ETHERNET_BYTES + skip) {
        return false;
    } else {
        frame->csum_start = (uint16_t)(frame->csum_start - skip);
    }
    frame->offset = NET_ETHERNET_BYTES + skip;
    frame->bytes -= skip;
    frame->vlan = 0;
    __builtin_memcpy(frame->ethernet, __builtin_assume_aligned(at, 4), NET_ETHERNET_BYTES);
    if (tagged) {
        /* A hint, which may be anything. */
        frame->header_bytes =
            (uint16_t)(frame->header_bytes - (frame->header_bytes < skip ? 0 : skip));
        frame->vlan = get16(at + NET_ETHERNET_BYTES) | NET_VLAN_TAG;
        memcpy(frame->ethernet + ETHERTYPE_AT, at + NET_ETHERNET_BYTES + 2, 2);
    }
    return frame->bytes <= NET_MAX_FRAME;
}

uint32_t net_wire_tag_bytes(uint16_t vlan)
{
    return (vlan & NET_VLAN_TAG) != 0 ? NET_TAG_BYTES : 0;
}

uint32_t net_wire_write(uint8_t *to, const uint8_t *head, uint32_t bytes, uint16_t vlan)
{
    uint32_t tag = net_wire_tag_bytes(vlan);

    memcpy(to, head, ETHERTYPE_AT);
    if (tag != 0) {
        put16(to + ETHERTYPE_AT, ETHERTYPE_VLAN);
        put16(to + ETHERTYPE_AT + 2, vlan & (uint16_t)~NET_VLAN_TAG);
    }
    memcpy(to + ETHERTYPE_AT + tag, head + ETHERTYPE_AT, bytes - ETHERTYPE_AT);
    return bytes + tag;
}
