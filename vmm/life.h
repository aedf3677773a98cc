/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ends of a guest, and what follows: it stays off, or is started afresh. Each is printed, and
 * put into the report ring with the guest's name; who is to know that a guest stays off is
 * notified (config.h, `power`).
 */
#ifndef VMM_LIFE_H
#define VMM_LIFE_H

#include "guest.h"

/** Start the guest; when it cannot be, that is reported. */
void life_start(struct guest *guest);

/** The guest switched itself off. */
void life_power_off(struct guest *guest);

/** The guest wants a reset: it is started afresh, always. */
void life_reset(struct guest *guest);

/**
 * The guest cannot go on; `why` completes "crashed: ". It is started afresh if its policy is so
 * and has not been used up, else it stays off.
 */
void life_crash(struct guest *guest, const char *why);

#endif
