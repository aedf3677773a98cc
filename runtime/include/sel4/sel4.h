/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The part of seL4's C interface that programs written for Microkit use directly, on Bulkhead's
 * system calls. There are no capabilities here: the few functions that take one accept the numbers
 * that <microkit.h> builds from child ids.
 */
#ifndef SEL4_SEL4_H
#define SEL4_SEL4_H

#include <kernel/gen_config.h>
#include <sel4/context.h>
#include <sel4/errors.h>
#include <sel4/faults.h>
#include <sel4/functions.h>
#include <sel4/messages.h>
#include <sel4/simple_types.h>
#include <sel4/vcpu.h>

#endif
