/* SPDX-License-Identifier: BSD-2-Clause */
#include "offload.h"

#include <string.h>

#include "sum.h"

#define ETHERTYPE_AT 12U
#define ETHERTYPE_IPV4 0x0800U
#define ETHERTYPE_IPV6 0x86ddU
#define IP_AT NET_ETHERNET_BYTES
#define PROTOCOL_TCP 6U
/* IPv4, from the IP header on. */
#define IPV4_LENGTH 2U
#define IPV4_ID 4U
#define IPV4_PROTOCOL 9U
#define IPV4_SUM 10U
#define IPV4_ADDRESSES 12U
#define IPV4_LEAST_BYTES 20U
#define IPV4_BYTES_OF_ADDRESSES 8U
/* IPv6. */
#define IPV6_LENGTH 4U
#define IPV6_NEXT 6U
#define IPV6_ADDRESSES 8U
#define IPV6_BYTES 40U
#define IPV6_BYTES_OF_ADDRESSES 32U
/* Extension headers that may stand between: of 8 bytes and as many more as their second byte says.
 * With a routing header the checksum is that of another address, and what is a fragment is no
 * segment. */
#define IPV6_HOP_BY_HOP 0U
#define IPV6_DESTINATION 60U
#define IPV6_UNIT 8U
/* TCP, from its header on. */
#define TCP_SEQUENCE 4U
#define TCP_OFFSET 12U
#define TCP_FLAGS 13U
#define TCP_SUM 16U
#define TCP_LEAST_BYTES 20U
#define TCP_FIN 0x01U
#define TCP_PSH 0x08U
#define TCP_CWR 0x80U

static uint16_t get16(const uint8_t *at)
{
    return (uint16_t)(at[0] << 8 | at[1]);
}

static void put16(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static uint32_t get32(const uint8_t *at)
{
    return (uint32_t)get16(at) << 16 | get16(at + 2);
}

static void put32(uint8_t *at, uint32_t value)
{
    put16(at, value >> 16);
    put16(at + 2, value);
}

/* Bytes of the IPv6 header and its extensions that are in the head, when TCP follows. 0: it does
 * not. */
static uint32_t ipv6_bytes(const struct net_offload *offload)
{
    const uint8_t *ip = offload->original + IP_AT;
    uint32_t room = offload->head_bytes - IP_AT;
    uint32_t bytes = IPV6_BYTES;
    uint8_t next = ip[IPV6_NEXT];

    while (next == IPV6_HOP_BY_HOP || next == IPV6_DESTINATION) {
        if (bytes + IPV6_UNIT > room) {
            return 0;
        }
        next = ip[bytes];
        bytes += (ip[bytes + 1] + 1U) * IPV6_UNIT;
    }
    return next == PROTOCOL_TCP ? bytes : 0;
}

/* Bytes of the IP header that is in the head, when TCP follows. 0: it does not. */
static uint32_t ip_bytes(const struct net_offload *offload, const struct net_frame *frame)
{
    const uint8_t *ip = offload->original + IP_AT;
    uint16_t type = get16(offload->original + ETHERTYPE_AT);
    uint8_t kind = frame->gso_type & (uint8_t)~NET_GSO_ECN;

    if (offload->head_bytes < IP_AT + IPV4_LEAST_BYTES) {
        return 0;
    }
    if (kind == NET_GSO_TCP4 && type == ETHERTYPE_IPV4 && ip[0] >> 4 == 4 &&
        ip[IPV4_PROTOCOL] == PROTOCOL_TCP) {
        uint32_t bytes = (ip[0] & 0xfU) * 4U;

        return bytes >= IPV4_LEAST_BYTES ? bytes : 0;
    }
    return kind == NET_GSO_TCP6 && type == ETHERTYPE_IPV6 && ip[0] >> 4 == 6 ? ipv6_bytes(offload)
                                                                             : 0;
}

/* Prepare for cutting: the head becomes all headers, and nothing else. */
static bool begin_cut(struct net_offload *offload, const struct net_frame *frame,
                      const uint8_t *payload)
{
    uint32_t ip = ip_bytes(offload, frame);
    uint32_t tcp = IP_AT + ip;
    uint32_t headers;

    if (ip == 0 || tcp + TCP_LEAST_BYTES > offload->head_bytes || frame->csum_start != tcp ||
        frame->csum_offset != TCP_SUM || frame->gso_bytes < NET_OFFLOAD_LEAST) {
        return false;
    }
    headers = tcp + (offload->original[tcp + TCP_OFFSET] >> 4) * 4U;
    if (headers < tcp + TCP_LEAST_BYTES || headers > offload->head_bytes) {
        return false;
    }
    offload->cut = true;
    offload->is_ipv6 = offload->original[IP_AT] >> 4 == 6;
    offload->step = frame->gso_bytes;
    offload->sum_start = (uint16_t)tcp;
    offload->sum_at = (uint16_t)(tcp + TCP_SUM);
    offload->head_bytes = headers;
    offload->payload = payload + (headers - NET_ETHERNET_BYTES);
    offload->payload_bytes = frame->bytes - headers;
    return true;
}

/* Bytes of the frame that are copied, so that they can be judged or changed: all headers that it
 * may have when it is to be cut, else up to the checksum, with a whole number of words behind its
 * start. */
static uint32_t head_of(const struct net_frame *frame)
{
    uint32_t bytes = NET_ETHERNET_BYTES;

    if (frame->gso_type != NET_GSO_NONE) {
        bytes = NET_OFFLOAD_HEAD;
    } else if ((frame->flags & NET_NEEDS_CSUM) != 0) {
        bytes = (uint32_t)frame->csum_start + frame->csum_offset + 2U + (frame->csum_offset & 1U);
        bytes = bytes > NET_ETHERNET_BYTES ? bytes : NET_ETHERNET_BYTES;
    }
    return bytes < frame->bytes ? bytes : frame->bytes;
}

bool net_offload_begin(struct net_offload *offload, const struct net_frame *frame,
                       const uint8_t *payload)
{
    uint32_t head = head_of(frame);
    uint32_t sum_end = (uint32_t)frame->csum_start + frame->csum_offset + 2U;

    if (frame->bytes < NET_ETHERNET_BYTES || head > NET_OFFLOAD_HEAD) {
        return false;
    }
    offload->done = 0;
    offload->cut = false;
    offload->ended = false;
    memcpy(offload->original, frame->ethernet, NET_ETHERNET_BYTES);
    memcpy(offload->original + NET_ETHERNET_BYTES, payload, head - NET_ETHERNET_BYTES);
    offload->head_bytes = head;
    if (frame->gso_type != NET_GSO_NONE) {
        return begin_cut(offload, frame, payload);
    }
    offload->sum_start = frame->csum_start;
    offload->sum_at = (frame->flags & NET_NEEDS_CSUM) != 0 ? (uint16_t)(sum_end - 2U) : 0;
    offload->payload = payload + (head - NET_ETHERNET_BYTES);
    offload->payload_bytes = frame->bytes - head;
    offload->step = offload->payload_bytes;
    /* The sum of the rest begins at an even place. */
    return offload->sum_at == 0 || (sum_end <= head && ((head - frame->csum_start) % 2 == 0 ||
                                                        offload->payload_bytes == 0));
}

/* The headers of the segment that is in the results. */
static void write_headers(struct net_offload *offload, uint32_t number, bool last)
{
    uint8_t *ip = offload->head + IP_AT;
    uint8_t *tcp = offload->head + offload->sum_start;
    uint32_t tcp_bytes = offload->head_bytes - offload->sum_start + offload->data_bytes;
    uint64_t sum = PROTOCOL_TCP + tcp_bytes;

    if (offload->is_ipv6) {
        put16(ip + IPV6_LENGTH, offload->sum_start - (IP_AT + IPV6_BYTES) + tcp_bytes);
        sum = net_sum_add(sum, ip + IPV6_ADDRESSES, IPV6_BYTES_OF_ADDRESSES);
    } else {
        uint32_t ip_header = offload->sum_start - IP_AT;

        put16(ip + IPV4_LENGTH, ip_header + tcp_bytes);
        put16(ip + IPV4_ID, get16(ip + IPV4_ID) + number);
        put16(ip + IPV4_SUM, 0);
        put16(ip + IPV4_SUM, net_sum_finish(net_sum_add(0, ip, ip_header)));
        sum = net_sum_add(sum, ip + IPV4_ADDRESSES, IPV4_BYTES_OF_ADDRESSES);
    }
    put32(tcp + TCP_SEQUENCE, get32(tcp + TCP_SEQUENCE) + offload->done);
    if (!last) {
        tcp[TCP_FLAGS] &= (uint8_t) ~(TCP_FIN | TCP_PSH);
    }
    if (number > 0) {
        tcp[TCP_FLAGS] &= (uint8_t)~TCP_CWR;
    }
    put16(tcp + TCP_SUM, 0);
    sum = net_sum_add(sum, tcp, offload->head_bytes - offload->sum_start);
    put16(tcp + TCP_SUM, net_sum_finish(net_sum_add(sum, offload->data, offload->data_bytes)));
}

bool net_offload_next(struct net_offload *offload)
{
    uint32_t left = offload->payload_bytes - offload->done;
    bool last = left <= offload->step;

    if (offload->ended) {
        return false;
    }
    memcpy(offload->head, offload->original, offload->head_bytes);
    offload->data = offload->payload + offload->done;
    offload->data_bytes = last ? left : offload->step;
    if (offload->cut) {
        write_headers(offload, offload->done / offload->step, last);
    } else if (offload->sum_at != 0) {
        uint64_t sum = net_sum_add(0, offload->head + offload->sum_start,
                                   offload->head_bytes - offload->sum_start);

        put16(offload->head + offload->sum_at,
              net_sum_finish(net_sum_add(sum, offload->data, offload->data_bytes)));
    }
    offload->done += offload->data_bytes;
    offload->ended = last;
    return true;
}
