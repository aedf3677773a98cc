/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * For a PD that shows the kernel's report ring (report.h, the description's <reports>): takes
 * records out, and makes sentences of them, which `bulkhead decode` understands.
 */
#ifndef BULKHEAD_REPORT_PRINT_H
#define BULKHEAD_REPORT_PRINT_H

#include <stdbool.h>
#include <stdint.h>

#include <bulkhead/libc.h>
#include <bulkhead/report.h>

/** Most characters that one record becomes, and most of one of its lines. */
#define REPORT_PRINT_BYTES 4096U
#define REPORT_PRINT_LINE 256U

/**
 * Copies the oldest record that was not read and frees its slot. Returns false when there is none.
 * The record's name ends with a zero.
 */
bool report_take(struct bh_report_ring *ring, struct bh_report *report);

/**
 * Hands the record's sentences to `sink`, character by character: one or more lines, each ended by
 * "\n".
 */
void report_print(bh_print_sink sink, void *context, const struct bh_report *report);

#endif
