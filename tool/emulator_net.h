/* SPDX-License-Identifier: BSD-2-Clause */
/* What the emulator joins a network device of the board to, as a person says it. */
#ifndef TOOL_EMULATOR_NET_H
#define TOOL_EMULATOR_NET_H

#include <stddef.h>

/** The emulator's network with a router, DHCP and a way to the outside, which needs no rights. */
#define EMULATOR_NET_USER "user"
/** The device stays away. */
#define EMULATOR_NET_NONE "none"

/** The forms that emulator_net_make() takes, for messages. */
#define EMULATOR_NET_FORMS "'user', 'none', 'tap:INTERFACE', 'listen:PORT' or 'connect:HOST:PORT'"
#define EMULATOR_FORWARD_FORM "'tcp|udp:[ADDRESS:]PORT:GUEST-ADDRESS:PORT'"

/**
 * The value of QEMU's option -netdev, to be freed, with the name net<index>. NULL when `net` has
 * none of the forms above (nor is there one for EMULATOR_NET_NONE).
 */
char *emulator_net_make(const char *net, size_t index);

/**
 * The end of such a value for the user network that forwards a port of this host, to be freed.
 * Without an address it is one of 127.0.0.1. NULL when `forward` has not EMULATOR_FORWARD_FORM.
 */
char *emulator_net_forward(const char *forward);

#endif
