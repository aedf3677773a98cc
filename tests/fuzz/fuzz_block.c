/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The block virtualiser between two clients and a driver that write what the input says into their
 * connections. Whatever a client does, what reaches the driver lies in that client's part of the
 * disk and in its memory; whatever the driver does, no answer comes that was not asked for.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "io/block/virtualiser.h"

#define CLIENTS 2u
#define REGIONS (CLIENTS + 1u)
#define REGION_BYTES BLOCK_MIN_BYTES
#define MEMORY 0x10000u
#define BASE(client) (0x100000000ull * (1u + (client)))
#define PART 1000u
#define MOST_STEPS 200u
/* An input that begins with it has the first client in a partition, and the second may not write.
 */
#define PARTITIONED 0xffu
/* Where the driver finds the virtualiser's own memory. */
#define TABLE 0x1000u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t regions[REGIONS][REGION_BYTES] __attribute__((aligned(4096)));
static uint8_t table[PARTITION_READ];
static bool partitioned;
static struct block_virtualiser virtualiser;
static struct block_config config;
static struct block_client clients[CLIENTS];
static struct block_server driver;
static struct block_segment segments[BLOCK_MAX_SEGMENTS];

struct input {
    const uint8_t *data;
    size_t left;
};

static uint64_t take(struct input *input, unsigned int bytes)
{
    uint64_t value = 0;

    while (bytes-- > 0 && input->left > 0) {
        value = value << 8 | *input->data++;
        input->left--;
    }
    return value;
}

static const struct block_info info = {
    .sectors = 10000,
    .logical_bytes = 512,
    .physical_bytes = 512,
    .flags = BLOCK_INFO_FLUSH | BLOCK_INFO_DISCARD | BLOCK_INFO_ZERO | BLOCK_INFO_LIFETIME,
    .max_segments = 16,
    .max_segment_bytes = 0x8000,
    .depth = 64,
    .max_discard = 64,
    .max_zero = 64,
};

static void start(void)
{
    const struct block_buffer buffer = { table, TABLE };
    uint64_t word;

    memset(regions, 0, sizeof(regions));
    config = (struct block_config){ .count = CLIENTS, .timer = 9, .deadline = 1 };
    config.device = (struct block_connection){ 0, (uintptr_t)regions[CLIENTS], REGION_BYTES };
    for (unsigned int i = 0; i < CLIENTS; i++) {
        config.clients[i] = (struct block_config_client){
            .connection = { i + 1, (uintptr_t)regions[i], REGION_BYTES },
            .memory_bytes = MEMORY,
            .base = BASE(i),
            .share = BLOCK_SHARE_EXTENT,
            .first = PART * (i + 1ull),
            .count = PART,
            /* One of them has limits. */
            .bytes_a_second = i == 0 ? 0 : 1000000000,
            .operations_a_second = i == 0 ? 0 : 1000000,
        };
    }
    if (partitioned) {
        config.clients[0].share = BLOCK_SHARE_PARTITION;
        config.clients[0].partition = 1;
        config.clients[1].read_only = true;
    }
    if (!block_virtualiser_open(&virtualiser, &config, buffer, NULL) ||
        !block_server_open(&driver, regions[CLIENTS], REGION_BYTES)) {
        abort();
    }
    for (unsigned int i = 0; i < CLIENTS; i++) {
        if (!block_client_open(&clients[i], regions[i], REGION_BYTES)) {
            abort();
        }
    }
    (void)block_virtualiser_serve(&virtualiser, 0);
    if (block_server_quiesce(&driver, &word)) {
        block_server_quiet(&driver, word);
    }
    block_server_show(&driver, &info);
    (void)block_virtualiser_serve(&virtualiser, 0);
}

/* What the virtualiser itself reads is a partition table, which may be a good one. */
static void fill_table(const struct block_request *request, uint8_t how)
{
    uint8_t *entry = &table[446];

    if (!partitioned || request->kind != BLOCK_READ || request->segments != 1 ||
        segments[0].address != TABLE || segments[0].bytes > PARTITION_READ ||
        request->sector >= info.sectors) {
        abort();
    }
    memset(table, 0, sizeof(table));
    entry[4] = (how & 0x40) != 0 ? 0xee : 0x83;
    entry[8] = PART & 0xff;
    entry[9] = PART >> 8;
    entry[12] = PART & 0xff;
    entry[13] = (how & 0x80) != 0 ? 0xff : PART >> 8;
    table[510] = 0x55;
    table[511] = 0xaa;
}

/* A request that reached the driver is its owner's. */
static void check(const struct block_request *request)
{
    unsigned int i = request->owner - 1u;

    if (i >= CLIENTS || request->kind < BLOCK_READ || request->kind >= BLOCK_KIND_COUNT) {
        abort();
    }
    if (request->kind == BLOCK_FLUSH) {
        return;
    }
    if (virtualiser.config->clients[i].read_only && request->kind != BLOCK_READ &&
        request->kind != BLOCK_LIFETIME) {
        abort();
    }
    if (request->kind == BLOCK_LIFETIME) {
        if (request->bytes != BLOCK_LIFETIME_BYTES || request->segments == 0) {
            abort();
        }
    } else if (request->sector < PART * (i + 1ull) || request->bytes == 0 ||
               request->bytes % 512 != 0 || request->sector >= PART * (i + 2ull) ||
               request->bytes / 512 > PART * (i + 2ull) - request->sector) {
        abort();
    }
    for (unsigned int n = 0; n < request->segments; n++) {
        if (segments[n].bytes == 0 || segments[n].bytes > MEMORY || segments[n].address < BASE(i) ||
            segments[n].address - BASE(i) > MEMORY - segments[n].bytes) {
            abort();
        }
    }
}

/* The driver takes and answers; `how` says with what. */
static void drive(uint8_t how, bool honest)
{
    struct block_request request;
    uint64_t word;

    while (block_server_next(&driver, &request, segments)) {
        if (honest && request.owner == 0) {
            fill_table(&request, how);
        } else if (honest) {
            check(&request);
        }
        block_server_take(&driver, &request);
        if ((how & 3) != 3) {
            block_server_answer(&driver, request.id, (enum block_status)(how >> 2 & 7),
                                request.bytes >> (how & 3));
        }
    }
    (void)block_server_publish(&driver);
    if ((how & 0x20) != 0 && block_server_quiesce(&driver, &word)) {
        block_server_quiet(&driver, word);
    }
}

static void submit(struct input *input, struct block_client *client)
{
    struct block_segment own[4];
    struct block_request request = {
        .kind = (uint8_t)(take(input, 1) % 8),
        .flags = (uint8_t)take(input, 1),
        .segments = (uint16_t)(take(input, 1) % 5),
        .sector = take(input, 2),
        .bytes = take(input, 1) * 512,
    };
    uint32_t tag;

    for (unsigned int i = 0; i < 4; i++) {
        own[i] = (struct block_segment){ take(input, 3), take(input, 2) };
    }
    if (request.kind == BLOCK_LIFETIME) {
        request.bytes = request.bytes == 0 ? BLOCK_LIFETIME_BYTES : request.bytes;
    }
    if (request.segments == 1) {
        own[0].bytes = request.bytes;
    }
    if (block_client_submit(client, &request, own, &tag)) {
        (void)block_client_publish(client);
    }
}

/* What is with the driver is in the order of its deadlines, all of it and nothing else. */
static void check_order(void)
{
    uint64_t before = 0;
    uint32_t count = 0;

    for (uint16_t tag = virtualiser.oldest; tag != BLOCK_NO_TAG;
         tag = virtualiser.pending[tag].newer) {
        if (!virtualiser.device.busy[tag] || virtualiser.pending[tag].deadline < before) {
            abort();
        }
        before = virtualiser.pending[tag].deadline;
        count++;
    }
    if (count != block_client_in_flight(&virtualiser.device)) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = { data, size };
    uint64_t now = 0;
    bool honest = true;

    partitioned = size > 0 && data[0] == PARTITIONED;
    start();
    for (unsigned int step = 0; step < MOST_STEPS && input.left > 0; step++) {
        uint8_t what = (uint8_t)take(&input, 1);
        unsigned int i = what >> 4 & 1;
        struct block_answer answer;
        size_t at;

        switch (what % 8) {
        case 0:
        case 1:
            submit(&input, &clients[i]);
            break;
        case 2:
            /* Anything anywhere in a client's connection. */
            at = (size_t)take(&input, 2) % (REGION_BYTES / 8) * 8;
            *(uint64_t *)(void *)&regions[i][at] = take(&input, 8);
            break;
        case 3:
            /* The same by the driver: what it takes then is its own affair. */
            at = (size_t)take(&input, 2) % (REGION_BYTES / 8) * 8;
            *(uint64_t *)(void *)&regions[CLIENTS][at] = take(&input, 8);
            honest = false;
            break;
        case 4:
            drive((uint8_t)take(&input, 1), honest);
            break;
        case 5:
            if ((what & 8) != 0) {
                /* The driver is started again; the virtualiser takes none of its words for it. */
                (void)block_server_open(&driver, regions[CLIENTS], REGION_BYTES);
                block_server_show(&driver, (what & 0x20) != 0 ? NULL : &info);
            } else {
                block_client_quiesce(&clients[i], 0);
            }
            break;
        case 6:
            now += take(&input, 3);
            break;
        default:
            while (block_client_take(&clients[i], &answer)) {
                if (answer.id >= BLOCK_MAX_IN_FLIGHT || answer.status >= BLOCK_STATUS_COUNT) {
                    abort();
                }
            }
            break;
        }
        (void)block_virtualiser_serve(&virtualiser, now);
        for (unsigned int n = 0; n < CLIENTS; n++) {
            if (virtualiser.clients[n].in_device > block_client_in_flight(&virtualiser.device)) {
                abort();
            }
        }
        check_order();
    }
    return 0;
}
