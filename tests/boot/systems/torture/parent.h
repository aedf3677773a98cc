/* SPDX-License-Identifier: BSD-2-Clause */
/* What a parent does to its children; it brings the entry point fault(). */
#ifndef BOOT_TORTURE_PARENT_H
#define BOOT_TORTURE_PARENT_H

/** Restarts a child, or stops it and lets it go on after a while; without children, nothing. */
void parent_torment(void);

/** Ends what a restart of this PD interrupted, so that no child stays stopped. In init(). */
void parent_start(void);

#endif
