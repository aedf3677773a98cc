/* SPDX-License-Identifier: BSD-2-Clause */
/* What the block virtualiser has sent to the driver, and when it is late. */
#ifndef IO_BLOCK_VIRTUALISER_PENDING_H
#define IO_BLOCK_VIRTUALISER_PENDING_H

#include "virtualiser.h"

/** pending.client of the virtualiser's own requests. */
#define VIRTUALISER_OWN UINT8_MAX

/**
 * A request was sent, at the time `now`: its deadline and its place in the order are set here, the
 * other members by who sent it.
 */
struct block_pending *virtualiser_pending_add(struct block_virtualiser *virtualiser, uint32_t tag,
                                              uint64_t now);

/** It was answered, or never will be. */
void virtualiser_pending_remove(struct block_virtualiser *virtualiser, uint32_t tag);

/**
 * Marks clients that have late requests. Returns when the next request will be late; `*own`: one of
 * the virtualiser's own is.
 */
uint64_t virtualiser_pending_late(struct block_virtualiser *virtualiser, uint64_t now, bool *own);

/** When the request that was sent last will be late; BLOCK_NEVER when it is, or there is none. */
uint64_t virtualiser_pending_last(const struct block_virtualiser *virtualiser, uint64_t now);

#endif
