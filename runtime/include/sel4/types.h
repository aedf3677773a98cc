/* SPDX-License-Identifier: BSD-2-Clause */
/* seL4's types: basic ones, messages, register sets. */
#ifndef SEL4_TYPES_H
#define SEL4_TYPES_H

#include <sel4/context.h>
#include <sel4/messages.h>
#include <sel4/simple_types.h>

#endif
