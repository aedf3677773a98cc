/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The parts of sdf_check(), one concern each. Each looks at what it can and leaves alone what an
 * earlier stage found wrong (a name without text, an index SDF_NONE, a number not given). `board`
 * is NULL when the board is not known.
 */
#ifndef TOOL_SDF_CHECK_H
#define TOOL_SDF_CHECK_H

#include "board.h"
#include "diag.h"
#include "sdf.h"

/** Names: unique, allowed; references to regions and PDs become indices. */
void sdf_check_names(struct sdf *sdf, struct diag *diag);

/** Attributes of PDs: priority, time, stack, CPU. */
void sdf_check_pds(const struct sdf *sdf, const struct board *board, struct diag *diag);

/** VMs and their vCPUs. */
void sdf_check_vms(const struct sdf *sdf, const struct board *board, struct diag *diag);

/** Numbers of channels, interrupts, children and vCPUs: in range, unique in their PD. */
void sdf_check_ids(const struct sdf *sdf, struct diag *diag);

/** Physical memory. Marks the regions that are used. */
void sdf_check_memory(struct sdf *sdf, const struct board *board, struct diag *diag);

/** Address spaces. */
void sdf_check_maps(const struct sdf *sdf, const struct board *board, struct diag *diag);

/** Register pages: places, interrupts; the map of the monitor. */
void sdf_check_pages(const struct sdf *sdf, const struct board *board, struct diag *diag);

/** Channels: who may call whom. Translates the old spelling of pp=. */
void sdf_check_channels(struct sdf *sdf, struct diag *diag);

/** Interrupts: which exist, which may be given away, to one PD only. */
void sdf_check_irqs(const struct sdf *sdf, const struct board *board, struct diag *diag);

/** Symbols that the tool writes: each once. */
void sdf_check_symbols(const struct sdf *sdf, struct diag *diag);

/** Budget and period of a PD or VM. */
void sdf_check_time(const struct sdf_num *priority, const struct sdf_num *budget,
                    const struct sdf_num *period, struct diag *diag);

/** A CPU number. */
void sdf_check_cpu(const struct sdf_num *cpu, const struct board *board, struct diag *diag);

#endif
