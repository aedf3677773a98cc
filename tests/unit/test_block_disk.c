/* SPDX-License-Identifier: BSD-2-Clause */
/* The disk that the block virtualiser shares out: parts, partitions, wear, or none at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "block_rig.h"

static void how_worn_the_disk_is(void **state)
{
    const struct block_segment halves[] = { { 0x100, 2 }, { 0x200, 4 } };
    struct block_request request = {
        .kind = BLOCK_LIFETIME, .segments = 1, .sector = 9, .bytes = BLOCK_LIFETIME_BYTES
    };
    struct block_segment segment = { BLOCK_RIG_MEMORY - 5, BLOCK_LIFETIME_BYTES };
    struct block_info seen;
    uint32_t tag;

    (void)state;
    /* The driver does not know. */
    block_rig_start();
    assert_true(block_client_submit(&block_rig.clients[1], &request, &segment, &tag));
    block_rig_publish(1);
    (void)block_rig_serve();
    block_rig_expect(1, tag, BLOCK_UNSUPPORTED);
    assert_int_equal(block_rig_teardown(NULL), 0);
    assert_int_equal(block_rig_setup(NULL), 0);
    block_rig.info.flags |= BLOCK_INFO_LIFETIME;
    block_rig_start();
    assert_int_equal(block_client_info(&block_rig.clients[1], &seen), BLOCK_DISK_THERE);
    assert_true((seen.flags & BLOCK_INFO_LIFETIME) != 0);
    /* Not its memory, or not as many bytes as that has. */
    assert_true(block_client_submit(&block_rig.clients[1], &request, &segment, &tag));
    block_rig_publish(1);
    (void)block_rig_serve();
    block_rig_expect(1, tag, BLOCK_INVALID);
    segment = (struct block_segment){ 0x100, 512 };
    request.bytes = 512;
    assert_true(block_client_submit(&block_rig.clients[1], &request, &segment, &tag));
    block_rig_publish(1);
    (void)block_rig_serve();
    block_rig_expect(1, tag, BLOCK_INVALID);
    /* A client that may only read may ask. */
    request.bytes = BLOCK_LIFETIME_BYTES;
    request.segments = 2;
    assert_true(block_client_submit(&block_rig.clients[1], &request, halves, &tag));
    block_rig_publish(1);
    block_rig_pass();
    assert_int_equal(block_rig.taken_count, 1);
    assert_int_equal(block_rig.taken[0].request.kind, BLOCK_LIFETIME);
    assert_int_equal(block_rig.taken[0].request.sector, 0);
    assert_int_equal(block_rig.taken[0].segments[1].address, BLOCK_RIG_BASE(1) + 0x200);
    block_rig_finish(0, BLOCK_DONE, BLOCK_LIFETIME_BYTES - 1);
    block_rig_expect(1, tag, BLOCK_FAILED);
}

static void parts_that_are_not_on_the_disk(void **state)
{
    struct block_info seen;

    (void)state;
    block_rig_configure_three("extent:9999:2", "extent:18446744073709551615:1", "extent:9999:1",
                              "");
    block_rig_start();
    assert_int_equal(block_rig.complaints, 2);
    assert_int_equal(block_client_info(&block_rig.clients[0], &seen), BLOCK_DISK_NONE);
    assert_int_equal(block_client_info(&block_rig.clients[1], &seen), BLOCK_DISK_NONE);
    assert_int_equal(block_client_info(&block_rig.clients[2], &seen), BLOCK_DISK_THERE);
    /* Who has no disk can ask, and gets nowhere. */
    (void)block_rig_ask(0, BLOCK_WRITE, 0, 0, 512);
    block_rig_pass();
    assert_int_equal(block_rig.taken_count, 0);
}

static void a_partition_table_is_read(void **state)
{
    struct block_info seen;

    (void)state;
    block_rig_configure_three("partition:2", "partition:3", "whole", "");
    block_rig_start();
    assert_int_equal(block_client_info(&block_rig.clients[0], &seen), BLOCK_DISK_UNKNOWN);
    block_rig_pass();
    assert_int_equal(block_rig.taken_count, 1);
    assert_int_equal(block_rig.taken[0].request.kind, BLOCK_READ);
    assert_int_equal(block_rig.taken[0].request.sector, 0);
    assert_int_equal(block_rig.taken[0].segments[0].address, 0x5000);
    memset(block_rig.table_bytes, 0, sizeof(block_rig.table_bytes));
    block_rig.table_bytes[446 + 16 + 4] = 0x83;
    block_rig.table_bytes[446 + 16 + 8] = 100;
    block_rig.table_bytes[446 + 16 + 12] = 50;
    block_rig.table_bytes[510] = 0x55;
    block_rig.table_bytes[511] = 0xaa;
    block_rig_answer(0, BLOCK_DONE, 512);
    assert_int_equal(block_rig_serve().clients, 7);
    assert_int_equal(block_client_info(&block_rig.clients[0], &seen), BLOCK_DISK_THERE);
    assert_int_equal(seen.sectors, 50);
    assert_int_equal(block_client_info(&block_rig.clients[1], &seen), BLOCK_DISK_NONE);
    assert_int_equal(block_client_info(&block_rig.clients[2], &seen), BLOCK_DISK_THERE);
    assert_int_equal(block_rig.complaints, 1);
    block_rig.taken_count = 0;
    (void)block_rig_ask(0, BLOCK_WRITE, 49, 0, 512);
    block_rig_pass();
    assert_int_equal(block_rig.taken[0].request.sector, 149);
}

static void a_partition_table_that_cannot_be_read(void **state)
{
    struct block_info seen;

    (void)state;
    block_rig_configure_three("partition:2", "extent:0:5", "whole", "");
    block_rig_start();
    block_rig_pass();
    block_rig_finish(0, BLOCK_FAILED, 0);
    assert_int_equal(block_client_info(&block_rig.clients[0], &seen), BLOCK_DISK_NONE);
    assert_int_equal(block_client_info(&block_rig.clients[1], &seen), BLOCK_DISK_THERE);
    assert_int_equal(block_rig.complaints, 1);
}

static void a_disk_that_is_not_there(void **state)
{
    const struct block_buffer buffer = { block_rig.table_bytes, 0 };
    struct block_info seen;

    (void)state;
    assert_true(block_virtualiser_open(&block_rig.virtualiser, &block_rig.config, buffer,
                                       block_rig_complain));
    assert_true(block_server_open(&block_rig.driver, block_rig.regions[BLOCK_RIG_CLIENTS],
                                  BLOCK_RIG_DEVICE_BYTES));
    block_server_show(&block_rig.driver, NULL);
    assert_int_equal(block_rig_serve().clients, 7);
    for (unsigned int i = 0; i < BLOCK_RIG_CLIENTS; i++) {
        assert_true(
            block_client_open(&block_rig.clients[i], block_rig.regions[i], BLOCK_RIG_CLIENT_BYTES));
        (void)block_rig_serve();
        assert_true(block_client_is_quiet(&block_rig.clients[i]));
        assert_int_equal(block_client_info(&block_rig.clients[i], &seen), BLOCK_DISK_NONE);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, block_rig_setup, block_rig_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(how_worn_the_disk_is),      TEST(parts_that_are_not_on_the_disk),
        TEST(a_partition_table_is_read), TEST(a_partition_table_that_cannot_be_read),
        TEST(a_disk_that_is_not_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
