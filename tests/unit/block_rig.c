/* SPDX-License-Identifier: BSD-2-Clause */
#include "block_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct block_rig block_rig;

void block_rig_complain(const char *client, const char *what)
{
    assert_non_null(client);
    assert_non_null(what);
    block_rig.complaints++;
}

struct block_work block_rig_serve(void)
{
    return block_virtualiser_serve(&block_rig.virtualiser, block_rig.now);
}

void block_rig_drive(void)
{
    while (block_server_next(&block_rig.driver, &block_rig.taken[block_rig.taken_count].request,
                             block_rig.taken[block_rig.taken_count].segments)) {
        block_server_take(&block_rig.driver, &block_rig.taken[block_rig.taken_count].request);
        assert_true(++block_rig.taken_count < BLOCK_RIG_MOST);
    }
    (void)block_server_publish(&block_rig.driver);
}

void block_rig_answer(unsigned int number, enum block_status status, uint64_t bytes)
{
    block_server_answer(&block_rig.driver, block_rig.taken[number].request.id, status, bytes);
    (void)block_server_publish(&block_rig.driver);
}

void block_rig_pass(void)
{
    (void)block_rig_serve();
    block_rig_drive();
}

void block_rig_finish(unsigned int number, enum block_status status, uint64_t bytes)
{
    block_rig_answer(number, status, bytes);
    (void)block_rig_serve();
}

uint32_t block_rig_put(unsigned int i, uint8_t kind, uint64_t sector, uint64_t address,
                       uint64_t bytes)
{
    const struct block_segment segment = { address, bytes };
    const struct block_request request = {
        .kind = kind,
        .segments = kind <= BLOCK_WRITE,
        .sector = sector,
        .bytes = bytes,
    };
    uint32_t tag;

    assert_true(block_client_submit(&block_rig.clients[i], &request, &segment, &tag));
    return tag;
}

void block_rig_publish(unsigned int i)
{
    (void)block_client_publish(&block_rig.clients[i]);
}

uint32_t block_rig_ask(unsigned int i, uint8_t kind, uint64_t sector, uint64_t address,
                       uint64_t bytes)
{
    uint32_t tag = block_rig_put(i, kind, sector, address, bytes);

    block_rig_publish(i);
    return tag;
}

void block_rig_expect(unsigned int i, uint32_t tag, enum block_status status)
{
    struct block_answer got;

    assert_true(block_client_take(&block_rig.clients[i], &got));
    assert_int_equal(got.id, tag);
    assert_int_equal(got.status, status);
}

void block_rig_expect_none(unsigned int i)
{
    struct block_answer got;

    assert_false(block_client_take(&block_rig.clients[i], &got));
}

void block_rig_configure(const char *text)
{
    char whole[2048];

    (void)snprintf(whole, sizeof(whole), "device 0 0x%lx 0x%x\n%s",
                   (unsigned long)block_rig.regions[BLOCK_RIG_CLIENTS], BLOCK_RIG_DEVICE_BYTES,
                   text);
    assert_int_equal(block_config_read(&block_rig.config, whole, strlen(whole)), 0);
    for (unsigned int i = 0; i < block_rig.config.count; i++) {
        block_rig.config.clients[i].base = BLOCK_RIG_BASE(i);
    }
}

void block_rig_configure_three(const char *first, const char *second, const char *third,
                               const char *more)
{
    char text[1024];

    (void)snprintf(text, sizeof(text),
                   "client 2 0x%lx 0x%x left 0x%x %s\nclient 3 0x%lx 0x%x right 0x%x %s\n"
                   "client 4 0x%lx 0x%x third 0x%x %s\n%s",
                   (unsigned long)block_rig.regions[0], BLOCK_RIG_CLIENT_BYTES, BLOCK_RIG_MEMORY,
                   first, (unsigned long)block_rig.regions[1], BLOCK_RIG_CLIENT_BYTES,
                   BLOCK_RIG_MEMORY, second, (unsigned long)block_rig.regions[2],
                   BLOCK_RIG_CLIENT_BYTES, BLOCK_RIG_MEMORY, third, more);
    block_rig_configure(text);
}

void block_rig_start(void)
{
    const struct block_buffer buffer = { block_rig.table_bytes, 0x5000 };
    uint64_t word;

    assert_true(block_virtualiser_open(&block_rig.virtualiser, &block_rig.config, buffer,
                                       block_rig_complain));
    assert_true(block_server_open(&block_rig.driver, block_rig.regions[BLOCK_RIG_CLIENTS],
                                  BLOCK_RIG_DEVICE_BYTES));
    for (unsigned int i = 0; i < BLOCK_RIG_CLIENTS; i++) {
        assert_true(
            block_client_open(&block_rig.clients[i], block_rig.regions[i], BLOCK_RIG_CLIENT_BYTES));
    }
    (void)block_rig_serve();
    assert_true(block_server_quiesce(&block_rig.driver, &word));
    block_server_quiet(&block_rig.driver, word);
    block_server_show(&block_rig.driver, &block_rig.info);
    block_rig_drive();
    (void)block_rig_serve();
    for (unsigned int i = 0; i < BLOCK_RIG_CLIENTS; i++) {
        assert_true(block_client_is_quiet(&block_rig.clients[i]));
    }
}

int block_rig_setup(void **state)
{
    (void)state;
    for (unsigned int i = 0; i <= BLOCK_RIG_CLIENTS; i++) {
        size_t bytes = i == BLOCK_RIG_CLIENTS ? BLOCK_RIG_DEVICE_BYTES : BLOCK_RIG_CLIENT_BYTES;

        block_rig.regions[i] = aligned_alloc(RING_ALIGN, bytes);
        assert_non_null(block_rig.regions[i]);
        memset(block_rig.regions[i], 0, bytes);
    }
    block_rig.info = (struct block_info){
        .sectors = BLOCK_RIG_SECTORS,
        .logical_bytes = 512,
        .physical_bytes = 512,
        .flags = BLOCK_INFO_FLUSH | BLOCK_INFO_DISCARD | BLOCK_INFO_ZERO,
        .max_segments = 64,
        .max_segment_bytes = 0x100000,
        .depth = BLOCK_RIG_DEPTH,
        .max_discard = 100,
        .max_zero = 50,
    };
    block_rig.complaints = 0;
    block_rig.taken_count = 0;
    block_rig.now = 0;
    block_rig_configure_three("extent:1000:2000", "extent:5000:100 ro", "whole", "");
    return 0;
}

int block_rig_teardown(void **state)
{
    (void)state;
    for (unsigned int i = 0; i <= BLOCK_RIG_CLIENTS; i++) {
        free(block_rig.regions[i]);
    }
    return 0;
}
