/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ten threads on three CPUs that do whatever a string of bytes says: system calls with any
 * arguments, faults, interrupts, pokes that are taken late, time that passes. After every step the
 * invariants are checked. The fuzz target and a unit test drive it.
 */
#ifndef FAKE_CROWD_H
#define FAKE_CROWD_H

#include <stddef.h>
#include <stdint.h>

/** Run the bytes. Returns NULL, or what went wrong, as a sentence with step and thread. */
const char *crowd_run(const uint8_t *data, size_t size);

#endif
