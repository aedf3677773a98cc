/* SPDX-License-Identifier: BSD-2-Clause */
/* Random programs on three CPUs of the fake architecture (tests/unit/fake/crowd.h). */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "fake/crowd.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *wrong = crowd_run(data, size);
    if (wrong != NULL) {
        fprintf(stderr, "%s\n", wrong);
        abort();
    }
    return 0;
}
