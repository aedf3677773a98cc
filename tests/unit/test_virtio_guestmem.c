/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <virtio/chain.h>
#include <virtio/guestmem.h>

#define START 0x40000000ULL
#define BYTES 0x1000U
#define GAP_END 0x40003000ULL
#define TOP 0xfffffffffffff000ULL

static unsigned char low[BYTES];
static unsigned char next_to_low[BYTES];
static unsigned char behind_gap[BYTES];
static unsigned char top[BYTES];

/* Two adjoining ranges, a hole, a third, and one that ends where the address space does. */
static struct guestmem make(void)
{
    const struct guestmem_range ranges[] = {
        { { START }, { BYTES }, { low } },
        { { START + BYTES }, { BYTES }, { next_to_low } },
        { { GAP_END }, { BYTES }, { behind_gap } },
        { { TOP }, { BYTES }, { top } },
    };
    struct guestmem mem;

    assert_int_equal(guestmem_init(&mem, ranges, 4), VIRTIO_OK);
    return mem;
}

static void expect(uint64_t at, uint64_t size, const unsigned char *host, uint64_t part)
{
    struct guestmem mem = make();
    struct host_ptr found = { NULL };
    struct length got = { 0 };
    enum virtio_error error =
        guestmem_find(&mem, (struct gpa){ at }, (struct length){ size }, &found, &got);

    assert_int_equal(error, host != NULL ? VIRTIO_OK : VIRTIO_ERR_ADDRESS);
    assert_ptr_equal(found.ptr, host);
    assert_int_equal(got.bytes, part);
}

static void find_gives_what_one_range_holds(void **state)
{
    (void)state;
    expect(START, 1, low, 1);
    expect(START + 16, 32, low + 16, 32);
    expect(START, BYTES, low, BYTES);
    expect(START + BYTES - 1, 1, low + BYTES - 1, 1);
    expect(START + BYTES - 1, 2, low + BYTES - 1, 1);
    expect(START + BYTES, 4, next_to_low, 4);
}

static void find_refuses_what_is_no_ram(void **state)
{
    (void)state;
    expect(0, 1, NULL, 0);
    expect(START - 1, 2, NULL, 0);
    expect(START + 2ULL * BYTES, 1, NULL, 0);
    expect(GAP_END - 1, 2, NULL, 0);
    expect(GAP_END + BYTES, 1, NULL, 0);
    expect(START, 0, NULL, 0);
}

static void find_refuses_an_end_that_wraps(void **state)
{
    (void)state;
    expect(TOP, BYTES, top, BYTES);
    expect(TOP, BYTES + 1ULL, NULL, 0);
    expect(TOP + BYTES - 1, 1, top + BYTES - 1, 1);
    expect(TOP + BYTES - 1, 2, NULL, 0);
    expect(START, UINT64_MAX, NULL, 0);
    expect(START, UINT64_MAX - START + 1, low, BYTES);
    expect(START, UINT64_MAX - START + 2, NULL, 0);
}

static void map_wants_one_piece(void **state)
{
    struct guestmem mem = make();
    struct host_ptr host = { NULL };

    (void)state;
    assert_int_equal(
        guestmem_map(&mem, (struct gpa){ START + 8 }, (struct length){ BYTES - 8 }, &host),
        VIRTIO_OK);
    assert_ptr_equal(host.ptr, low + 8);
    host.ptr = NULL;
    assert_int_equal(guestmem_map(&mem, (struct gpa){ START + 8 }, (struct length){ BYTES }, &host),
                     VIRTIO_ERR_ADDRESS);
    assert_int_equal(guestmem_map(&mem, (struct gpa){ 5 }, (struct length){ 1 }, &host),
                     VIRTIO_ERR_ADDRESS);
    assert_null(host.ptr);
}

static enum virtio_error init_with(uint64_t start, uint64_t size, unsigned char *host)
{
    const struct guestmem_range ranges[] = {
        { { START }, { BYTES }, { low } },
        { { start }, { size }, { host } },
    };
    struct guestmem mem;

    return guestmem_init(&mem, ranges, 2);
}

static void init_refuses_impossible_ranges(void **state)
{
    static struct guestmem_range many[GUESTMEM_MAX_RANGES + 1];
    struct guestmem mem;

    (void)state;
    assert_int_equal(init_with(START + BYTES, BYTES, low), VIRTIO_OK);
    assert_int_equal(init_with(START + BYTES - 1, BYTES, low), VIRTIO_ERR_ARGUMENT);
    assert_int_equal(init_with(START - BYTES + 1, BYTES, low), VIRTIO_ERR_ARGUMENT);
    assert_int_equal(init_with(START + 8, 8, low), VIRTIO_ERR_ARGUMENT);
    assert_int_equal(init_with(0, 0, low), VIRTIO_ERR_ARGUMENT);
    assert_int_equal(init_with(0, BYTES, NULL), VIRTIO_ERR_ARGUMENT);
    assert_int_equal(init_with(UINT64_MAX, 2, low), VIRTIO_ERR_ARGUMENT);
    assert_int_equal(init_with(UINT64_MAX, 1, low), VIRTIO_OK);
    assert_int_equal(guestmem_init(&mem, many, 0), VIRTIO_ERR_ARGUMENT);
    assert_int_equal(guestmem_init(&mem, many, GUESTMEM_MAX_RANGES + 1), VIRTIO_ERR_ARGUMENT);
}

/* Chains. */

#define SEGMENTS 6

static struct guestmem chain_mem;
static struct chain_segment chain_storage[SEGMENTS];

static struct chain new_chain(void)
{
    struct chain chain;

    chain_mem = make();
    chain_init(&chain, chain_storage, SEGMENTS);
    return chain;
}

static enum virtio_error add(struct chain *chain, uint64_t at, uint32_t bytes, bool writable)
{
    return chain_add(chain, &chain_mem, (struct gpa){ at }, bytes, writable);
}

static void chain_divides_where_ranges_meet(void **state)
{
    struct chain chain = new_chain();
    struct chain_reader reader;
    unsigned char got[8];

    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        low[BYTES - 4 + i] = (unsigned char)("abcd"[i]);
        next_to_low[i] = (unsigned char)("efgh"[i]);
    }
    assert_int_equal(add(&chain, START + BYTES - 4, 8, false), VIRTIO_OK);
    assert_int_equal(chain.count, 2);
    assert_int_equal(chain.readable_bytes.bytes, 8);
    reader = chain_reader(&chain);
    assert_int_equal(chain_read(&reader, got, 8), 8);
    assert_memory_equal(got, "abcdefgh", 8);
    assert_int_equal(chain_read(&reader, got, 1), 0);
}

static void chain_reads_across_any_division(void **state)
{
    (void)state;
    for (unsigned cut = 1; cut < 8; cut++) {
        struct chain chain = new_chain();
        struct chain_reader reader;
        unsigned char got[9] = { 0 };

        memcpy(low, "12345678", sizeof "12345678");
        assert_int_equal(add(&chain, START, cut, false), VIRTIO_OK);
        assert_int_equal(add(&chain, START + cut, 8 - cut, false), VIRTIO_OK);
        reader = chain_reader(&chain);
        assert_int_equal(chain_read(&reader, got, 3), 3);
        assert_int_equal(chain_read(&reader, got + 3, 6), 5);
        assert_memory_equal(got, "12345678", 9);
    }
}

static void chain_writes_only_what_is_writable(void **state)
{
    struct chain chain = new_chain();
    struct chain_writer writer;

    (void)state;
    memset(low, 'r', 64);
    assert_int_equal(add(&chain, START, 4, false), VIRTIO_OK);
    assert_int_equal(add(&chain, START + 16, 3, true), VIRTIO_OK);
    assert_int_equal(add(&chain, START + 32, 2, true), VIRTIO_OK);
    writer = chain_writer(&chain);
    assert_int_equal(chain_write(&writer, "uvwxyz", 6), 5);
    assert_int_equal(writer.written, 5);
    assert_memory_equal(low, "rrrrrrrrrrrrrrrruvwrrrrrrrrrrrrrxyrr", 36);
    assert_int_equal(chain_write(&writer, "more", 4), 0);
}

static void chain_refuses_readable_behind_writable(void **state)
{
    struct chain chain = new_chain();

    (void)state;
    assert_int_equal(add(&chain, START, 4, true), VIRTIO_OK);
    assert_int_equal(add(&chain, START, 4, false), VIRTIO_ERR_ORDER);
}

static void chain_refuses_more_than_its_room(void **state)
{
    struct chain chain = new_chain();

    (void)state;
    for (unsigned i = 0; i < SEGMENTS; i++) {
        assert_int_equal(add(&chain, START, 4, false), VIRTIO_OK);
    }
    assert_int_equal(add(&chain, START, 4, false), VIRTIO_ERR_CHAIN);
}

static void chain_skips_empty_elements(void **state)
{
    struct chain chain = new_chain();

    (void)state;
    assert_int_equal(add(&chain, 0, 0, false), VIRTIO_OK);
    assert_int_equal(chain.count, 0);
}

static void chain_is_at_most_4_gib_long(void **state)
{
    static unsigned char some[1];
    const struct guestmem_range range = { { 0 }, { (uint64_t)1 << 40 }, { some } };
    struct chain_segment storage[3];
    struct chain chain;

    (void)state;
    /* Nothing behind `some` is touched: a chain only notes where its parts are. */
    assert_int_equal(guestmem_init(&chain_mem, &range, 1), VIRTIO_OK);
    chain_init(&chain, storage, 3);
    assert_int_equal(add(&chain, 0, UINT32_MAX, false), VIRTIO_OK);
    assert_int_equal(add(&chain, 0, 1, true), VIRTIO_OK);
    assert_int_equal(add(&chain, 0, 1, true), VIRTIO_ERR_LENGTH);
    assert_int_equal(add(&chain, 0, UINT32_MAX, true), VIRTIO_ERR_LENGTH);
}

static void error_names_are_all_there(void **state)
{
    (void)state;
    for (int i = 0; i < VIRTIO_ERROR_COUNT; i++) {
        assert_non_null(virtio_error_name((enum virtio_error)i));
        assert_string_not_equal(virtio_error_name((enum virtio_error)i), "unknown");
    }
    assert_string_equal(virtio_error_name(VIRTIO_ERROR_COUNT), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(find_gives_what_one_range_holds),
        cmocka_unit_test(find_refuses_what_is_no_ram),
        cmocka_unit_test(find_refuses_an_end_that_wraps),
        cmocka_unit_test(map_wants_one_piece),
        cmocka_unit_test(init_refuses_impossible_ranges),
        cmocka_unit_test(chain_divides_where_ranges_meet),
        cmocka_unit_test(chain_reads_across_any_division),
        cmocka_unit_test(chain_writes_only_what_is_writable),
        cmocka_unit_test(chain_refuses_readable_behind_writable),
        cmocka_unit_test(chain_refuses_more_than_its_room),
        cmocka_unit_test(chain_skips_empty_elements),
        cmocka_unit_test(chain_is_at_most_4_gib_long),
        cmocka_unit_test(error_names_are_all_there),
    };

    cmocka_set_test_filter(getenv("BULKHEAD_TEST"));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
