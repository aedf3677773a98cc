/* SPDX-License-Identifier: BSD-2-Clause */
/* Random programs on three CPUs, with the kernel's invariants checked after every step. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "fake/crowd.h"
#include "fake/world.h"

#define SEEDS 300
#define BYTES 6000

static void test_random_programs(void **state)
{
    (void)state;
    static uint8_t bytes[BYTES];
    for (uint32_t seed = 1; seed <= SEEDS; seed++) {
        srand(seed);
        for (uint32_t i = 0; i < BYTES; i++) {
            bytes[i] = (uint8_t)(rand() >> 8);
        }
        const char *wrong = crowd_run(bytes, sizeof(bytes));
        if (wrong != NULL) {
            fail_msg("seed %u: %s", seed, wrong);
        }
    }
    world_reset(1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_programs),
    };
    return cmocka_run_group_tests_name("kernel_crowd", tests, NULL, NULL);
}
