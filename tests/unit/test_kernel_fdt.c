/* SPDX-License-Identifier: BSD-2-Clause */
/* The kernel's device tree reader, on trees that are put together here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "fdt.h"

#define TREE_BYTES 1024u
#define HEADER_BYTES 40u
#define STRINGS_OFF 800u
#define BEGIN_NODE 1u
#define END_NODE 2u
#define PROP 3u
#define NOP 4u
#define END 9u
/* Names in the strings block. */
#define NAME_ADDRESS 0u
#define NAME_SIZE 15u
#define NAME_REG 27u
#define NAME_SEED 31u

static const char strings[] = "#address-cells\0#size-cells\0reg\0rng-seed";

static _Alignas(8) uint8_t tree[TREE_BYTES];
static uint32_t next;
static struct fdt_facts facts;

static void set(uint32_t off, uint32_t value)
{
    for (uint32_t i = 0; i < 4; i++) {
        tree[off + i] = (uint8_t)(value >> (24 - 8 * i));
    }
}

static void word(uint32_t value)
{
    set(next, value);
    next += 4;
}

static void begin(const char *name)
{
    word(BEGIN_NODE);
    size_t bytes = strlen(name) + 1;
    memcpy(tree + next, name, bytes);
    next += (uint32_t)(bytes + 3) / 4 * 4;
}

static void property(uint32_t name, uint32_t words, const uint32_t *values)
{
    word(PROP);
    word(4 * words);
    word(name);
    for (uint32_t i = 0; i < words; i++) {
        word(values[i]);
    }
}

/** A root with the given cells, open. */
static void open_tree(uint32_t address_cells, uint32_t size_cells)
{
    memset(tree, 0, sizeof(tree));
    memset(&facts, 0, sizeof(facts));
    next = HEADER_BYTES;
    begin("");
    property(NAME_ADDRESS, 1, &address_cells);
    property(NAME_SIZE, 1, &size_cells);
}

static void close_tree(void)
{
    word(END_NODE);
    word(END);
    set(0, 0xd00dfeed);
    set(4, TREE_BYTES);
    set(8, HEADER_BYTES);
    set(12, STRINGS_OFF);
    set(32, sizeof(strings));
    set(36, next - HEADER_BYTES);
    memcpy(tree + STRINGS_OFF, strings, sizeof(strings));
}

static void memory(const char *name, uint32_t words, const uint32_t *values)
{
    begin(name);
    property(NAME_REG, words, values);
    word(END_NODE);
}

static void expect(uint32_t index, uint64_t base, uint64_t bytes)
{
    assert_true(index < facts.memory_count);
    assert_int_equal(facts.memory[index].base, base);
    assert_int_equal(facts.memory[index].bytes, bytes);
}

static void test_memory(void **state)
{
    (void)state;
    open_tree(2, 2);
    memory("memory@40000000", 4, (const uint32_t[]){ 0, 0x40000000, 1, 0 });
    word(NOP);
    memory("memory", 8, (const uint32_t[]){ 8, 0, 0, 0x1000, 9, 4096, 0, 0x2000 });
    close_tree();
    fdt_read(tree, &facts);
    assert_int_equal(facts.memory_count, 3);
    expect(0, 0x40000000, 1UL << 32);
    expect(1, 8UL << 32, 0x1000);
    expect(2, (9UL << 32) + 4096, 0x2000);
}

static void test_one_cell(void **state)
{
    (void)state;
    open_tree(1, 1);
    memory("memory@80000000", 2, (const uint32_t[]){ 0x80000000, 0x1000 });
    close_tree();
    fdt_read(tree, &facts);
    assert_int_equal(facts.memory_count, 1);
    expect(0, 0x80000000, 0x1000);
}

static void test_other_nodes_are_not_memory(void **state)
{
    (void)state;
    static const uint32_t reg[] = { 0, 0x1000, 0, 0x1000 };
    open_tree(2, 2);
    memory("memories", 4, reg);
    memory("memoryx@0", 4, reg);
    begin("soc");
    memory("memory@0", 4, reg);
    word(END_NODE);
    property(NAME_REG, 4, reg);
    close_tree();
    fdt_read(tree, &facts);
    assert_int_equal(facts.memory_count, 0);
}

static void test_more_ranges_than_there_is_room_for(void **state)
{
    (void)state;
    open_tree(1, 1);
    for (uint32_t i = 0; i < FDT_MAX_MEMORY + 3; i++) {
        memory("memory@1", 2, (const uint32_t[]){ i << 12, 0x1000 });
    }
    close_tree();
    fdt_read(tree, &facts);
    assert_int_equal(facts.memory_count, FDT_MAX_MEMORY);
    expect(FDT_MAX_MEMORY - 1, (FDT_MAX_MEMORY - 1) << 12, 0x1000);
}

static void test_half_an_entry_is_left_out(void **state)
{
    (void)state;
    open_tree(2, 2);
    memory("memory@1", 7, (const uint32_t[]){ 0, 1, 0, 2, 0, 3, 0 });
    close_tree();
    fdt_read(tree, &facts);
    assert_int_equal(facts.memory_count, 1);
}

static void test_seed(void **state)
{
    (void)state;
    static const uint32_t seed[FDT_SEED_WORDS] = { 11, 22, 33, 44, 55, 66, 77, 88 };
    open_tree(1, 1);
    begin("choosen");
    property(NAME_SEED, FDT_SEED_WORDS, seed);
    word(END_NODE);
    begin("chosen");
    property(NAME_SEED, FDT_SEED_WORDS - 1, seed);
    word(END_NODE);
    close_tree();
    fdt_read(tree, &facts);
    assert_int_equal(facts.seed[0], 0);
    open_tree(1, 1);
    begin("chosen");
    property(NAME_SEED, FDT_SEED_WORDS, seed);
    word(END_NODE);
    close_tree();
    fdt_read(tree, &facts);
    assert_memory_equal(facts.seed, seed, sizeof(seed));
}

static void test_not_a_tree(void **state)
{
    (void)state;
    static const struct {
        uint32_t off;
        uint32_t value;
    } wrong[] = {
        { 0, 0xd00dfeee },       { 4, 39 },
        { 4, (2u << 20) + 1 },   { 8, TREE_BYTES + 4 },
        { 8, HEADER_BYTES + 2 }, { 12, TREE_BYTES + 1 },
        { 32, TREE_BYTES },      { 36, TREE_BYTES },
    };
    fdt_read(NULL, &facts);
    for (uint32_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        open_tree(1, 1);
        memory("memory@1", 2, (const uint32_t[]){ 0x1000, 0x1000 });
        close_tree();
        set(wrong[i].off, wrong[i].value);
        fdt_read(tree, &facts);
        assert_int_equal(facts.memory_count, 0);
    }
    open_tree(1, 1);
    memory("memory@1", 2, (const uint32_t[]){ 0x1000, 0x1000 });
    close_tree();
    static _Alignas(8) uint8_t moved[TREE_BYTES + 8];
    memcpy(moved + 4, tree, TREE_BYTES);
    fdt_read(moved + 4, &facts);
    assert_int_equal(facts.memory_count, 0);
    fdt_read(tree, &facts);
    assert_int_equal(facts.memory_count, 1);
}

static void test_every_cut(void **state)
{
    (void)state;
    /* A tree that ends anywhere gives what came before, and nothing is read behind it. */
    open_tree(1, 1);
    memory("memory@1", 2, (const uint32_t[]){ 0x1000, 0x1000 });
    uint32_t whole = next - HEADER_BYTES;
    close_tree();
    for (uint32_t bytes = 0; bytes < whole; bytes++) {
        memset(&facts, 0, sizeof(facts));
        set(36, bytes);
        fdt_read(tree, &facts);
        assert_int_equal(facts.memory_count, bytes < whole - 4 ? 0 : 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_one_cell),
        cmocka_unit_test(test_other_nodes_are_not_memory),
        cmocka_unit_test(test_more_ranges_than_there_is_room_for),
        cmocka_unit_test(test_half_an_entry_is_left_out),
        cmocka_unit_test(test_seed),
        cmocka_unit_test(test_not_a_tree),
        cmocka_unit_test(test_every_cut),
    };
    return cmocka_run_group_tests_name("kernel_fdt", tests, NULL, NULL);
}
