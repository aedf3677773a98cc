/* SPDX-License-Identifier: BSD-2-Clause */
/* ChaCha20 against RFC 8439, and the generator on top of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "random.h"

#define TEXT "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

static void bytes_of(const char *hex, uint8_t *to, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint8_t byte = 0;

        for (size_t n = 0; n < 2; n++) {
            char c = hex[2 * i + n];

            byte = (uint8_t)(byte * 16 + (c <= '9' ? c - '0' : c - 'a' + 10));
        }
        to[i] = byte;
    }
}

static void check(const char *key, uint32_t counter, const char *nonce, const char *expected)
{
    uint8_t k[RANDOM_KEY_BYTES];
    uint8_t n[RANDOM_NONCE_BYTES];
    uint8_t e[RANDOM_BLOCK_BYTES];
    uint8_t block[RANDOM_BLOCK_BYTES];

    bytes_of(key, k, sizeof(k));
    bytes_of(nonce, n, sizeof(n));
    bytes_of(expected, e, sizeof(e));
    random_block(k, counter, n, block);
    assert_memory_equal(block, e, sizeof(e));
}

#define ZERO_KEY "0000000000000000000000000000000000000000000000000000000000000000"
#define ZERO_NONCE "000000000000000000000000"

static void rfc8439(void **state)
{
    (void)state;
    /* 2.3.2 */
    check(TEXT, 1, "000000090000004a00000000",
          "10f1e7e4d13b5915500fdd1fa32071c4c7d1f4c733c068030422aa9ac3d46c4e"
          "d2826446079faa0914c2d705d98b02a2b5129cd1de164eb9cbd083e8a2503c4e");
    /* A.1, test vectors 1 to 5. */
    check(ZERO_KEY, 0, ZERO_NONCE,
          "76b8e0ada0f13d90405d6ae55386bd28bdd219b8a08ded1aa836efcc8b770dc7"
          "da41597c5157488d7724e03fb8d84a376a43b8f41518a11cc387b669b2ee6586");
    check(ZERO_KEY, 1, ZERO_NONCE,
          "9f07e7be5551387a98ba977c732d080dcb0f29a048e3656912c6533e32ee7aed"
          "29b721769ce64e43d57133b074d839d531ed1f28510afb45ace10a1f4b794d6f");
    check("0000000000000000000000000000000000000000000000000000000000000001", 1, ZERO_NONCE,
          "3aeb5224ecf849929b9d828db1ced4dd832025e8018b8160b82284f3c949aa5a"
          "8eca00bbb4a73bdad192b5c42f73f2fd4e273644c8b36125a64addeb006c13a0");
    check("00ff000000000000000000000000000000000000000000000000000000000000", 2, ZERO_NONCE,
          "72d54dfbf12ec44b362692df94137f328fea8da73990265ec1bbbea1ae9af0ca"
          "13b25aa26cb4a648cb9b9d1be65b2c0924a66c54d545ec1b7374f4872e99f096");
    check(ZERO_KEY, 0, "000000000000000000000002",
          "c2c64d378cd536374ae204b9ef933fcd1a8b2288b3dfa49672ab765b54ee27c7"
          "8a970e0e955c14f3a88e741b97c286f75f8fc299e8148362fa198a39531bed6d");
}

static void without_a_seed(void **state)
{
    struct random random;
    uint8_t bytes[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };

    (void)state;
    random_init(&random, NULL);
    assert_false(random_bytes(&random, bytes, sizeof(bytes)));
    assert_memory_equal(bytes, "\1\2\3\4\5\6\7\10", sizeof(bytes));
}

/** The bytes are the key stream of the first key, behind the next key. */
static void requests_are_the_stream_behind_the_next_key(void **state)
{
    static const uint8_t nonce[RANDOM_NONCE_BYTES] = { 0 };
    uint8_t key[RANDOM_KEY_BYTES];
    uint8_t stream[5 * RANDOM_BLOCK_BYTES];
    uint8_t bytes[sizeof(stream) - RANDOM_KEY_BYTES + 1];

    (void)state;
    bytes_of(TEXT, key, sizeof(key));
    for (uint32_t i = 0; i < 5; i++) {
        random_block(key, i, nonce, stream + (size_t)i * RANDOM_BLOCK_BYTES);
    }
    for (size_t count = 0; count < sizeof(bytes); count++) {
        struct random random;

        random_init(&random, key);
        memset(bytes, 0xee, sizeof(bytes));
        assert_true(random_bytes(&random, bytes, count));
        assert_memory_equal(bytes, stream + RANDOM_KEY_BYTES, count);
        assert_int_equal(bytes[count], 0xee);
        assert_memory_equal(random.key, stream, sizeof(random.key));
    }
}

static void two_requests_differ(void **state)
{
    struct random random;
    uint8_t key[RANDOM_KEY_BYTES] = { 7 };
    uint8_t first[100];
    uint8_t second[100];

    (void)state;
    random_init(&random, key);
    assert_true(random_bytes(&random, first, sizeof(first)));
    assert_true(random_bytes(&random, second, sizeof(second)));
    assert_memory_not_equal(first, second, sizeof(first));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rfc8439),
        cmocka_unit_test(without_a_seed),
        cmocka_unit_test(requests_are_the_stream_behind_the_next_key),
        cmocka_unit_test(two_requests_differ),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
