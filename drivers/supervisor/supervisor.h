/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a driver that is restarted shares with its parent: one word, which the driver may only read,
 * and looks at in init(). It is mapped where its symbol `supervisor_vaddr` says, if it has a
 * parent.
 */
#ifndef DRIVERS_SUPERVISOR_SUPERVISOR_H
#define DRIVERS_SUPERVISOR_SUPERVISOR_H

#include <stdbool.h>
#include <stdint.h>

/** The driver works as always. */
#define SUPERVISOR_WORK 0U
/**
 * It has failed too often: it stops its device, if that can be done, gives its clients back what is
 * theirs, tells them that there is nothing more to come, and does nothing from then on.
 */
#define SUPERVISOR_LEAVE 1U

/** Of a driver that has no parent: what `supervisor_vaddr` is until the tool sets it. */
#define SUPERVISOR_NONE 1U

/** Has the parent of the driver with that `supervisor_vaddr` had enough of it? */
static inline bool supervisor_says_leave(uint64_t vaddr)
{
    return vaddr != SUPERVISOR_NONE && *(const volatile uint32_t *)vaddr == SUPERVISOR_LEAVE;
}

#endif
