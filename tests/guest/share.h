/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A page that a test guest shares with the protection domain that watches it, for guests that have
 * no UART of their own or do things that would garble it. The boot argument `share=0x...` says
 * where the guest finds it. The guest is the only writer, of everything but `stop`.
 */
#ifndef GUEST_SHARE_H
#define GUEST_SHARE_H

#include <stdint.h>

#define SHARE_BYTES 4096
#define SHARE_TEXT 2048

struct share {
    uint64_t beats;    /* of a heart, or steps of a long work */
    uint64_t wrong;    /* checks that failed */
    uint64_t next;     /* where a work goes on after a reboot of its own */
    uint64_t resets;   /* reboots that it asked for */
    uint64_t stop;     /* the watcher wants the guest to end */
    uint64_t checksum; /* what was computed */
    uint64_t written;  /* characters ever printed; the last SHARE_TEXT of them are in `text` */
    char text[SHARE_TEXT];
};
_Static_assert(sizeof(struct share) <= SHARE_BYTES, "fits a page");

#endif
