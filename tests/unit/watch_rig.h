/* SPDX-License-Identifier: BSD-2-Clause */
/* A system to watch, and one look at all of it. */
#ifndef TESTS_WATCH_RIG_H
#define TESTS_WATCH_RIG_H

#include "watch_maker.h"

#define WATCH_RIG_SECOND 1000000000UL

/* For each test, whose state is the maker (struct watch_maker) of a system that is right. */
int watch_rig_setup(void **state);
int watch_rig_teardown(void **state);

/* Look at and show whatever the file holds. Returns what the screen has, which the caller frees. */
char *watch_rig_look_at_all(const struct watch_maker *maker, unsigned columns, unsigned rows);

#endif
