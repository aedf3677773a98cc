/* SPDX-License-Identifier: BSD-2-Clause */
/* A picture of a system, in Graphviz's language. */
#ifndef TOOL_GRAPH_H
#define TOOL_GRAPH_H

#include <stdio.h>

#include "board.h"
#include "sdf.h"

/**
 * Write the graph of a description that has passed sdf_check(): PDs and VMs in a frame for each
 * CPU, regions, channels, interrupts. The same description gives the same text.
 *
 * board: tells devices from memory; NULL: what has a phys_addr is taken for a device.
 */
void graph_write(const struct sdf *sdf, const struct board *board, FILE *out);

#endif
