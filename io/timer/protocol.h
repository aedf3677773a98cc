/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a client asks of a timer driver: protected calls, whose label says which. A client has one
 * timeout; a new one replaces it, and its end is a notification.
 */
#ifndef IO_TIMER_PROTOCOL_H
#define IO_TIMER_PROTOCOL_H

enum timer_call {
    /** Answers in word 0 with the time since the board started, in nanoseconds. */
    TIMER_NOW = 0,
    /** Notifies when word 0 nanoseconds have passed. */
    TIMER_SET_TIMEOUT = 1,
};

/** Labels of the answers. */
enum timer_result {
    TIMER_OK = 0,
    /** No such call, or too few words. */
    TIMER_BAD_CALL = 1,
};

#endif
