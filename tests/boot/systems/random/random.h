/* SPDX-License-Identifier: BSD-2-Clause */
/* The page that witness and pulse share. */
#ifndef BOOT_RANDOM_RANDOM_H
#define BOOT_RANDOM_RANDOM_H

#include <stdint.h>

struct beats {
    /** Notifications that pulse got from witness and answered. Written by pulse. */
    volatile uint64_t pulse;
};

#define RANDOM_PATTERN(i) ((uint64_t)(i)*0x9e3779b97f4a7c15UL)

#endif
