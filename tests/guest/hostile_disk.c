/* SPDX-License-Identifier: BSD-2-Clause */
/* Attacks on a disk: requests that make no sense, or that reach for what is not the guest's. */
#include "hostile.h"

#define BOTH HOSTILE_ON_BOTH
#define NEXT HOSTILE_NEXT
#define WRITE HOSTILE_WRITE

/** What no device writes. */
#define UNSET 0xeeU
#define BODY_BYTES 0x1000U

#define HEADER_BYTES 16U
#define RANGE_BYTES 16U
#define SECTOR 512U
/** @{ Types of requests, and their answers. */
#define IN 0U
#define OUT 1U
#define FLUSH 4U
#define GET_ID 8U
#define GET_LIFETIME 10U
#define DISCARD 11U
#define WRITE_ZEROES 13U
#define OK 0U
#define IOERR 1U
#define UNSUPP 2U
/** @} */

static uint64_t capacity(const struct hostile *hostile)
{
    return hostile_load(hostile, HOSTILE_CONFIG) |
           (uint64_t)hostile_load(hostile, HOSTILE_CONFIG + 4) << 32;
}

static void put_header(struct hostile *hostile, uint32_t type, uint64_t sector)
{
    hostile_put32(hostile, HOSTILE_DATA, type);
    hostile_put32(hostile, HOSTILE_DATA + 4, 0);
    hostile_put64(hostile, HOSTILE_DATA + 8, sector);
    hostile_fill(hostile, HOSTILE_STATUS_BYTE, 1, UNSET);
}

/* Send a request, whose header is there: `data` between header and status, unless it is empty. */
static void send(struct hostile *hostile, uint32_t header, const struct hostile_desc *data)
{
    const struct hostile_desc first = { HOSTILE_AT_DATA, header, NEXT, 1 };
    const struct hostile_desc last = { HOSTILE_AT_STATUS, 1, WRITE, 0 };
    struct hostile_desc middle = *data;
    unsigned count = 0;

    middle.next = 2;
    middle.flags |= NEXT;
    hostile_put_desc(hostile, count++, &first);
    if (data->bytes != 0) {
        hostile_put_desc(hostile, count++, &middle);
    }
    hostile_put_desc(hostile, count++, &last);
    hostile_show(hostile, 0, count);
    hostile_kick(hostile);
}

void hostile_disk_send(struct hostile *hostile, uint32_t type, uint64_t sector, uint32_t bytes)
{
    bool reads = type == IN || type == GET_ID || type == GET_LIFETIME;
    const struct hostile_desc data = { HOSTILE_AT_BODY, bytes, reads ? WRITE : 0, 0 };

    put_header(hostile, type, sector);
    send(hostile, HEADER_BYTES, &data);
}

unsigned hostile_disk_ask(struct hostile *hostile, uint32_t type, uint64_t sector, uint32_t bytes)
{
    hostile_disk_send(hostile, type, sector, bytes);
    return hostile_answered(hostile) ? hostile_get8(hostile, HOSTILE_STATUS_BYTE) : HOSTILE_LOST;
}

static bool fails(struct hostile *hostile, uint64_t sector, uint32_t bytes)
{
    return hostile_disk_ask(hostile, IN, sector, bytes) == IOERR &&
           hostile_disk_ask(hostile, OUT, sector, bytes) == IOERR;
}

/* Nothing behind the end is there, and both ends can be written and read. */
static bool sectors_at_every_edge(struct hostile *hostile)
{
    uint64_t sectors = capacity(hostile);
    const uint64_t outside[] = {
        sectors,         sectors + 1,       UINT32_MAX,        (uint64_t)UINT32_MAX + 1,
        1UL << 54,       (1UL << 55) - 1,   1UL << 55,         (1UL << 55) + sectors - 1,
        1UL << 63,       UINT64_MAX - 1,    UINT64_MAX,        UINT64_MAX - sectors,
        (1UL << 63) - 1, UINT64_MAX / 1024, UINT64_MAX / 4096, UINT64_MAX / SECTOR,
    };
    const uint64_t inside[] = { 0, sectors - 1 };
    bool good = sectors != 0 && fails(hostile, sectors - 1, 2 * SECTOR) &&
                fails(hostile, sectors - 7, 8 * SECTOR);

    for (unsigned i = 0; i < sizeof(outside) / sizeof(outside[0]); i++) {
        good = good && fails(hostile, outside[i], SECTOR);
    }
    for (unsigned i = 0; i < 2; i++) {
        hostile_fill(hostile, HOSTILE_BODY, SECTOR, (unsigned char)(0x61 + i));
        good = good && hostile_disk_ask(hostile, OUT, inside[i], SECTOR) == OK;
        hostile_fill(hostile, HOSTILE_BODY, 2 * SECTOR, UNSET);
        good = good && hostile_disk_ask(hostile, IN, inside[i], SECTOR) == OK;
        good = good && hostile_get8(hostile, HOSTILE_BODY + SECTOR - 1) == 0x61 + i &&
               hostile_get8(hostile, HOSTILE_BODY + SECTOR) == UNSET;
    }
    return good;
}

static bool lengths_of_no_whole_sector(struct hostile *hostile)
{
    static const uint16_t lengths[] = { 0, 1, 2, 16, 511, 513, 1023, 1025, 4095 };
    bool good = true;

    for (unsigned i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        good = good && fails(hostile, 0, lengths[i]);
    }
    return good;
}

static bool types_of_no_meaning(struct hostile *hostile)
{
    static const uint32_t types[] = { 2, 3, 5, 6, 7, 9, 12, 14, 15, 0x80000000U, UINT32_MAX };
    bool good = true;

    for (unsigned i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        good = good && hostile_disk_ask(hostile, types[i], 0, SECTOR) == UNSUPP;
    }
    return good;
}

/* No feature of the disk was accepted. */
static bool requests_that_were_not_negotiated(struct hostile *hostile)
{
    hostile_put64(hostile, HOSTILE_BODY, 0);
    hostile_put32(hostile, HOSTILE_BODY + 8, 1);
    hostile_put32(hostile, HOSTILE_BODY + 12, 0);
    return hostile_disk_ask(hostile, DISCARD, 0, RANGE_BYTES) == UNSUPP &&
           hostile_disk_ask(hostile, WRITE_ZEROES, 0, RANGE_BYTES) == UNSUPP &&
           hostile_disk_ask(hostile, GET_LIFETIME, 0, 6) == UNSUPP;
}

static bool headers_that_are_short(struct hostile *hostile)
{
    static const struct hostile_desc none = { HOSTILE_AT_DATA, 0, 0, 0 };
    bool good = true;

    for (uint32_t bytes = 0; bytes < HEADER_BYTES; bytes++) {
        put_header(hostile, IN, 0);
        send(hostile, bytes, &none);
        good = good && hostile_answered(hostile) &&
               hostile_get8(hostile, HOSTILE_STATUS_BYTE) == IOERR;
    }
    return good;
}

/* The data lies over header and status: the status comes last. */
static bool data_over_the_request(struct hostile *hostile)
{
    const struct hostile_desc over = { HOSTILE_AT_DATA, SECTOR, WRITE, 0 };

    put_header(hostile, IN, 0);
    send(hostile, HEADER_BYTES, &over);
    return hostile_answered(hostile) && hostile_get8(hostile, HOSTILE_STATUS_BYTE) == OK;
}

static bool data_over_the_ring(struct hostile *hostile)
{
    const struct hostile_desc over = { HOSTILE_AT_DESC, BODY_BYTES, WRITE, 0 };

    put_header(hostile, IN, 0);
    send(hostile, HEADER_BYTES, &over);
    return true;
}

/* The memory is the driver's when the device is reset: nothing comes into it behind that. */
static bool reset_with_a_request_under_way(struct hostile *hostile)
{
    const struct hostile_desc data = { HOSTILE_AT_BODY, BODY_BYTES, WRITE, 0 };

    put_header(hostile, IN, 0);
    send(hostile, HEADER_BYTES, &data);
    if (!hostile_reset(hostile)) {
        return false;
    }
    hostile_fill(hostile, 0, HOSTILE_MEMORY_BYTES, UNSET);
    hostile_settle(hostile);
    for (uint32_t at = 0; at < HOSTILE_MEMORY_BYTES; at++) {
        if (hostile_get8(hostile, at) != UNSET) {
            return false;
        }
    }
    return hostile_boot(hostile) && hostile_disk_ask(hostile, IN, 0, SECTOR) == OK;
}

static bool flush_with_data(struct hostile *hostile)
{
    return hostile_disk_ask(hostile, FLUSH, UINT64_MAX, SECTOR) == OK &&
           hostile_disk_ask(hostile, FLUSH, 0, 0) == OK;
}

static const struct hostile_attack attacks[] = {
    { "sectors at every edge", BOTH, HOSTILE_CHECKED, .act = sectors_at_every_edge },
    { "lengths of no whole sector", BOTH, HOSTILE_CHECKED, .act = lengths_of_no_whole_sector },
    { "types of no meaning", BOTH, HOSTILE_CHECKED, .act = types_of_no_meaning },
    { "requests that were not negotiated", BOTH, HOSTILE_CHECKED,
      .act = requests_that_were_not_negotiated },
    { "headers that are short", BOTH, HOSTILE_CHECKED, .act = headers_that_are_short },
    { "data over the request", BOTH, HOSTILE_CHECKED, .act = data_over_the_request },
    { "data over the ring", BOTH, HOSTILE_ANY, .act = data_over_the_ring },
    { "a reset with a request under way", BOTH, HOSTILE_CHECKED,
      .act = reset_with_a_request_under_way },
    { "a flush with data", BOTH, HOSTILE_CHECKED, .act = flush_with_data },
};

const struct hostile_list hostile_disk_list = { attacks, sizeof(attacks) / sizeof(attacks[0]) };
