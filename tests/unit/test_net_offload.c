/* SPDX-License-Identifier: BSD-2-Clause */
/* Checksums and segments that a sender left to be done. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "io/net/offload.h"
#include "io/net/sum.h"

#define ETHERNET NET_ETHERNET_BYTES
#define SEQUENCE 0xfffff000U
#define ID 0xfff8U

static uint8_t frame_bytes[NET_MAX_FRAME];
static struct net_offload offload;

/* The sum of RFC 1071, as its text has it: words of two bytes, padded with zero. */
static uint32_t sum_of(const uint8_t *bytes, uint32_t count, uint32_t sum)
{
    for (uint32_t i = 0; i < count; i++) {
        sum += i % 2 == 0 ? (uint32_t)bytes[i] << 8 : bytes[i];
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return sum;
}

static uint32_t number_at(const uint8_t *at, unsigned bytes)
{
    uint32_t value = 0;

    for (unsigned i = 0; i < bytes; i++) {
        value = value << 8 | at[i];
    }
    return value;
}

static void put_number(uint8_t *at, uint32_t value, unsigned bytes)
{
    while (bytes > 0) {
        at[--bytes] = (uint8_t)value;
        value >>= 8;
    }
}

/* A TCP frame in frame_bytes, and its descriptor; `options` bytes of TCP options. */
static struct net_frame tcp(bool ipv6, uint32_t options, uint32_t payload, uint16_t step)
{
    uint32_t ip = ipv6 ? 40 : 20;
    uint32_t headers = ETHERNET + ip + 20 + options;
    struct net_frame frame = {
        .bytes = headers + payload,
        .flags = NET_NEEDS_CSUM,
        .gso_type = step == 0 ? NET_GSO_NONE
                    : ipv6    ? NET_GSO_TCP6
                              : NET_GSO_TCP4,
        .gso_bytes = step,
        .csum_start = (uint16_t)(ETHERNET + ip),
        .csum_offset = 16,
    };
    uint8_t *at = frame_bytes + ETHERNET;
    uint8_t *transport = at + ip;

    for (uint32_t i = 0; i < frame.bytes; i++) {
        frame_bytes[i] = (uint8_t)(i * 31 + 7);
    }
    memset(frame_bytes, 2, 12);
    put_number(frame_bytes + 12, ipv6 ? 0x86dd : 0x0800, 2);
    if (ipv6) {
        put_number(at, 0x60000000, 4);
        put_number(at + 4, 20 + options + payload, 2);
        at[6] = 6;
    } else {
        at[0] = 0x45;
        put_number(at + 2, 40 + options + payload, 2);
        put_number(at + 4, ID, 2);
        at[9] = 6;
    }
    put_number(transport + 4, SEQUENCE, 4);
    transport[12] = (uint8_t)((20 + options) / 4 << 4);
    transport[13] = 0x80 | 0x10 | 0x08 | 0x01;
    /* The sum of the pseudo header, as a driver leaves it. */
    put_number(transport + 16,
               sum_of(ipv6 ? at + 8 : at + 12, ipv6 ? 32 : 8, 6 + 20 + options + payload), 2);
    memcpy(frame.ethernet, frame_bytes, ETHERNET);
    return frame;
}

static bool begin(const struct net_frame *frame)
{
    return net_offload_begin(&offload, frame, frame_bytes + ETHERNET);
}

/* The finished frame in one piece, checked for its sums; returns its length. */
static uint32_t joined(uint8_t *to, bool ipv6)
{
    uint32_t bytes = offload.head_bytes + offload.data_bytes;
    uint8_t *at = to + ETHERNET;
    uint32_t ip = ipv6 ? 40 : 20;

    memcpy(to, offload.head, offload.head_bytes);
    memcpy(to + offload.head_bytes, offload.data, offload.data_bytes);
    if (!ipv6) {
        assert_int_equal(number_at(at + 2, 2), bytes - ETHERNET);
    } else {
        assert_int_equal(number_at(at + 4, 2), bytes - ETHERNET - ip);
    }
    assert_int_equal(
        sum_of(at + ip, bytes - ETHERNET - ip,
               sum_of(ipv6 ? at + 8 : at + 12, ipv6 ? 32 : 8, 6 + bytes - ETHERNET - ip)),
        0xffff);
    return bytes;
}

static void sums_of_any_place_and_length(void **state)
{
    static uint8_t bytes[400];

    (void)state;
    for (unsigned i = 0; i < sizeof(bytes); i++) {
        bytes[i] = i % 5 == 0 ? 0xff : (uint8_t)(i * 37);
    }
    for (uint32_t at = 0; at < 16; at++) {
        for (uint32_t count = 0; count < 300; count++) {
            uint64_t found = net_sum_add(UINT64_C(1) << 40, bytes + at, count);
            uint16_t expected = (uint16_t)~sum_of(bytes + at, count, 1U << 8);

            assert_int_equal(net_sum_finish(found), expected != 0 ? expected : 0xffff);
        }
    }
}

static void a_checksum_is_filled_in(void **state)
{
    static uint8_t out[NET_MAX_FRAME];

    (void)state;
    for (uint32_t payload = 0; payload < 1460; payload += payload < 300 ? 1 : 77) {
        struct net_frame frame = tcp(payload % 2 == 0, 12, payload, 0);

        assert_true(begin(&frame));
        assert_true(net_offload_next(&offload));
        assert_int_equal(joined(out, payload % 2 == 0), frame.bytes);
        assert_false(net_offload_next(&offload));
        /* Nothing else changes. */
        memcpy(out + frame.csum_start + 16, frame_bytes + frame.csum_start + 16, 2);
        assert_memory_equal(out, frame_bytes, frame.bytes);
    }
}

static void a_checksum_that_begins_anywhere(void **state)
{
    static uint8_t out[NET_MAX_FRAME];

    (void)state;
    for (uint16_t start = ETHERNET; start < 60; start++) {
        for (uint16_t offset = 0; offset < 20; offset++) {
            struct net_frame frame = tcp(false, 0, 500 + start % 2, 0);
            uint32_t seed = number_at(frame_bytes + start + offset, 2);

            frame.csum_start = start;
            frame.csum_offset = offset;
            assert_true(begin(&frame));
            assert_true(net_offload_next(&offload));
            memcpy(out, offload.head, offload.head_bytes);
            memcpy(out + offload.head_bytes, offload.data, offload.data_bytes);
            assert_int_equal(offload.head_bytes + offload.data_bytes, frame.bytes);
            /* What was in the checksum's place counts as well, and is itself not summed. */
            if (offset % 2 == 0) {
                assert_int_equal(sum_of(out + start, frame.bytes - start, seed), 0xffff);
            }
        }
    }
}

static void a_segment_is_cut(void **state)
{
    static uint8_t out[NET_MAX_FRAME];
    static const uint32_t payloads[] = { 0, 1, 1459, 1460, 1461, 2920, 65000 };

    (void)state;
    for (unsigned i = 0; i < 2 * sizeof payloads / sizeof payloads[0]; i++) {
        bool ipv6 = i % 2 == 1;
        uint32_t payload = payloads[i / 2];
        struct net_frame frame = tcp(ipv6, 12, payload, 1460);
        uint32_t headers = frame.bytes - payload;
        uint32_t done = 0;
        unsigned count = 0;

        assert_true(begin(&frame));
        while (net_offload_next(&offload)) {
            uint32_t bytes = joined(out, ipv6);
            const uint8_t *transport = out + frame.csum_start;
            bool last = done + (bytes - headers) == payload;

            assert_int_equal(bytes - headers, last ? payload - done : 1460);
            assert_int_equal(number_at(transport + 4, 4), (uint32_t)(SEQUENCE + done));
            assert_int_equal(transport[13], (count == 0 ? 0x80 : 0) | 0x10 | (last ? 0x09 : 0));
            assert_memory_equal(transport + 20, frame_bytes + frame.csum_start + 20, 12);
            assert_memory_equal(out + headers, frame_bytes + headers + done, bytes - headers);
            if (!ipv6) {
                assert_int_equal(sum_of(out + ETHERNET, 20, 0), 0xffff);
                assert_int_equal(number_at(out + ETHERNET + 4, 2), (ID + count) & 0xffff);
            }
            done += bytes - headers;
            count++;
        }
        assert_int_equal(done, payload);
        assert_int_equal(count, payload == 0 ? 1 : (payload + 1459) / 1460);
    }
}

/* A TCP frame over IPv6 with `bytes` bytes of extension headers before TCP, the first of which is
 * of kind `first`. */
static struct net_frame extended(uint8_t first, uint32_t bytes, uint32_t payload)
{
    struct net_frame frame = tcp(true, 0, payload, 1000);
    uint8_t *ip = frame_bytes + ETHERNET;

    memmove(ip + 40 + bytes, ip + 40, 20 + payload);
    memset(ip + 40, 0, bytes);
    ip[6] = first;
    ip[40] = bytes > 8 ? 60 : 6;
    if (bytes > 8) {
        /* One of 8 bytes, and one of the rest. */
        ip[48] = 6;
        ip[49] = (uint8_t)((bytes - 8) / 8 - 1);
    }
    frame.bytes += bytes;
    frame.csum_start = (uint16_t)(frame.csum_start + bytes);
    return frame;
}

static void a_segment_behind_extension_headers_is_cut(void **state)
{
    struct net_frame frame;

    (void)state;
    for (uint32_t bytes = 8; bytes <= 160; bytes += 8) {
        unsigned count = 0;

        frame = extended(bytes % 16 == 0 ? 0 : 60, bytes, 2500);
        assert_true(begin(&frame));
        while (net_offload_next(&offload)) {
            const uint8_t *ip = offload.head + ETHERNET;
            const uint8_t *transport = ip + 40 + bytes;
            uint32_t data = count < 2 ? 1000 : 500;
            uint32_t sum = sum_of(ip + 8, 32, 6 + 20 + data);

            assert_int_equal(offload.head_bytes, ETHERNET + 40 + bytes + 20);
            assert_int_equal(offload.data_bytes, data);
            assert_int_equal(number_at(ip + 4, 2), bytes + 20 + data);
            assert_int_equal(number_at(transport + 4, 4), (uint32_t)(SEQUENCE + count * 1000));
            assert_int_equal(sum_of(offload.data, data, sum_of(transport, 20, sum)), 0xffff);
            assert_memory_equal(ip + 40, frame_bytes + ETHERNET + 40, bytes);
            count++;
        }
        assert_int_equal(count, 3);
    }
    /* Another address is in the checksum; it is a fragment; they are longer than can be looked at,
     * or than the frame; TCP is not where the checksum begins. */
    frame = extended(43, 8, 2500);
    assert_false(begin(&frame));
    frame = extended(44, 8, 2500);
    assert_false(begin(&frame));
    frame = extended(0, 200, 2500);
    assert_false(begin(&frame));
    frame = extended(0, 16, 2500);
    frame_bytes[ETHERNET + 48] = 60;
    frame_bytes[ETHERNET + 49] = 25;
    assert_false(begin(&frame));
    frame = extended(0, 16, 0);
    frame_bytes[ETHERNET + 48] = 0;
    assert_false(begin(&frame));
    frame = extended(0, 16, 2500);
    frame.csum_start = ETHERNET + 40;
    assert_false(begin(&frame));
}

/* A sum of 0 is written as 0xffff: in UDP, 0 says that there is none. */
static void a_sum_is_never_zero(void **state)
{
    static const uint8_t nothing[2] = { 0xff, 0xff };
    struct net_frame frame = tcp(false, 0, 8, 0);

    (void)state;
    assert_int_equal(net_sum_finish(0xffff), 0xffff);
    assert_int_equal(net_sum_finish(net_sum_add(0, nothing, 2)), 0xffff);
    memset(frame_bytes + 34, 0, 28);
    frame_bytes[40] = 0xff;
    frame_bytes[41] = 0xff;
    frame.csum_offset = 6;
    assert_true(begin(&frame));
    assert_true(net_offload_next(&offload));
    assert_memory_equal(offload.head + 40, nothing, 2);
}

static void the_ethernet_header_is_the_descriptors(void **state)
{
    struct net_frame frame = tcp(false, 0, 100, 0);

    (void)state;
    frame.ethernet[0] = 0x55;
    assert_true(begin(&frame));
    assert_true(net_offload_next(&offload));
    assert_int_equal(offload.head[0], 0x55);
}

static void hostile_headers(void **state)
{
    struct net_frame frame;

    (void)state;
    /* Not what the descriptor says. */
    frame = tcp(false, 0, 3000, 1460);
    frame.gso_type = NET_GSO_TCP6;
    assert_false(begin(&frame));
    frame = tcp(false, 0, 3000, 1460);
    frame_bytes[ETHERNET] = 0x65;
    assert_false(begin(&frame));
    frame = tcp(false, 0, 3000, 1460);
    frame_bytes[ETHERNET + 9] = 17;
    assert_false(begin(&frame));
    frame = tcp(true, 0, 3000, 1460);
    frame_bytes[ETHERNET + 6] = 0;
    assert_false(begin(&frame));
    /* A header that is too short, or longer than the frame. */
    frame = tcp(false, 0, 3000, 1460);
    frame_bytes[ETHERNET] = 0x44;
    frame_bytes[ETHERNET + 16 + 12] = 0x50;
    frame.csum_start = ETHERNET + 16;
    assert_false(begin(&frame));
    frame_bytes[ETHERNET] = 0x4f;
    assert_false(begin(&frame));
    frame = tcp(false, 0, 3000, 1460);
    frame_bytes[ETHERNET + 32] = 0x40;
    assert_false(begin(&frame));
    frame = tcp(false, 0, 3, 1460);
    frame_bytes[ETHERNET + 32] = 0xf0;
    assert_false(begin(&frame));
    frame = tcp(false, 0, 3000, 1460);
    frame.bytes = ETHERNET + 19;
    assert_false(begin(&frame));
    frame.bytes = ETHERNET + 39;
    assert_false(begin(&frame));
    frame.bytes = 13;
    assert_false(begin(&frame));
    /* A size that makes thousands of it, and a checksum elsewhere. */
    frame = tcp(false, 0, 3000, NET_OFFLOAD_LEAST - 1);
    assert_false(begin(&frame));
    frame = tcp(false, 0, 3000, 1460);
    frame.csum_start++;
    assert_false(begin(&frame));
    frame = tcp(false, 0, 3000, 1460);
    frame.csum_offset = 6;
    assert_false(begin(&frame));
    /* A checksum far behind. */
    frame = tcp(false, 0, 1000, 0);
    frame.csum_offset = 600;
    assert_false(begin(&frame));
    frame = tcp(false, 0, 1000, 0);
    frame.csum_start = UINT16_MAX;
    frame.csum_offset = UINT16_MAX;
    assert_false(begin(&frame));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums_of_any_place_and_length),
        cmocka_unit_test(a_checksum_that_begins_anywhere),
        cmocka_unit_test(a_checksum_is_filled_in),
        cmocka_unit_test(a_segment_is_cut),
        cmocka_unit_test(a_segment_behind_extension_headers_is_cut),
        cmocka_unit_test(a_sum_is_never_zero),
        cmocka_unit_test(the_ethernet_header_is_the_descriptors),
        cmocka_unit_test(hostile_headers),
    };

    cmocka_set_test_filter(getenv("BULKHEAD_TEST"));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
