/* SPDX-License-Identifier: BSD-2-Clause */
#include "virtio_ring.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ring_fuzz(data, size, false);
    return 0;
}
