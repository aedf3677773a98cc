/* SPDX-License-Identifier: BSD-2-Clause */
/* What holds of all threads and CPUs of a world between any two steps. */
#ifndef FAKE_INVARIANTS_H
#define FAKE_INVARIANTS_H

#include <stdbool.h>
#include <stdint.h>

/**
 * Look at everything. Returns NULL, or what does not hold; then `*who` is the index of the thread
 * (or CPU) of which it does not. `settled`: no poke is pending on any CPU, so that nobody may be
 * left waiting for what has happened already.
 */
const char *invariants_check(uint32_t cpus, bool settled, uint32_t *who);

#endif
