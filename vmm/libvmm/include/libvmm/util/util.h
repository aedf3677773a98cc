/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LIBVMM_UTIL_H
#define LIBVMM_UTIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
/* A C library whose stdio.h came first brings these functions itself. */
#ifndef EOF
#include <bulkhead/libc.h>
#endif

/** Prints as printf() does, after the PD's name and `kind`. */
void libvmm_log(const char *kind, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** @{ A message of the VMM, with its newline. Only the debug configuration has a console. */
#define LOG_VMM(...) libvmm_log("INFO", __VA_ARGS__)
#define LOG_VMM_ERR(...) libvmm_log("ERROR", __VA_ARGS__)
/** @} */

/** Whether all of the bits of `baseline` are in `features`. */
static inline bool check_baseline_bits(uint64_t baseline, uint64_t features)
{
    return (features & baseline) == baseline;
}

/** Whether two ranges, each from its first byte to the byte behind its last, have one in common. */
static inline bool ranges_overlap(uint64_t a_start, uint64_t a_end, uint64_t b_start,
                                  uint64_t b_end)
{
    return a_start < a_end && b_start < b_end && a_start < b_end && b_start < a_end;
}

/** `ticks` of a clock of `in_freq` Hz in ticks of one of `out_freq` Hz, rounded down. */
static inline uint64_t convert_ticks_by_frequency(uint64_t ticks, uint64_t in_freq,
                                                  uint64_t out_freq)
{
    /* Both products fit as long as neither clock is beyond 4 GHz. */
    return ticks / in_freq * out_freq + ticks % in_freq * out_freq / in_freq;
}

#endif
