/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel's configurations. The build gives exactly one of KERNEL_DEBUG, KERNEL_RELEASE and
 * KERNEL_BENCHMARK; code asks for what it needs, not for the configuration.
 */
#ifndef KERNEL_CONFIG_H
#define KERNEL_CONFIG_H

#if defined(KERNEL_DEBUG) + defined(KERNEL_RELEASE) + defined(KERNEL_BENCHMARK) != 1
#error "exactly one of KERNEL_DEBUG, KERNEL_RELEASE, KERNEL_BENCHMARK must be defined"
#endif

/** A console on the board's UART, and assertions. */
#if defined(KERNEL_DEBUG)
#define KERNEL_CONSOLE 1
#else
#define KERNEL_CONSOLE 0
#endif

/** Instructions and cycles are counted a thread. */
#if defined(KERNEL_BENCHMARK)
#define KERNEL_COUNTS 1
#else
#define KERNEL_COUNTS 0
#endif

/** Switches are traced where the description has a trace region. */
#if defined(KERNEL_RELEASE)
#define KERNEL_TRACE 0
#else
#define KERNEL_TRACE 1
#endif

#endif
