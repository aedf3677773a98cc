/* SPDX-License-Identifier: BSD-2-Clause */
/* How the block virtualiser starts: facts of the disk, its partition table, the clients' parts. */
#ifndef IO_BLOCK_VIRTUALISER_START_H
#define IO_BLOCK_VIRTUALISER_START_H

#include "virtualiser.h"

/** Look whether the driver has said what the disk is like. Returns the clients to be notified. */
uint32_t virtualiser_start_meet(struct block_virtualiser *virtualiser);

/** Ask the driver for what the partition table wants, if that is not under way. */
void virtualiser_start_read(struct block_virtualiser *virtualiser, uint64_t now);

/** It was read, `bytes` of it. Returns the clients to be notified. */
uint32_t virtualiser_start_table(struct block_virtualiser *virtualiser,
                                 const struct block_answer *answer, uint64_t bytes);

/** It is late: nobody waits any longer. Returns the clients to be notified. */
uint32_t virtualiser_start_late(struct block_virtualiser *virtualiser);

#endif
