/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The control queues of a console with VCONSOLE_F_MULTIPORT (5.3.6.2), and what vconsole.c and
 * vconsole_control.c know of each other. Private to virtio/.
 */
#ifndef VIRTIO_VCONSOLE_CONTROL_H
#define VIRTIO_VCONSOLE_CONTROL_H

#include <virtio/vconsole.h>

/** @{ Queue numbers. Port 0 has 0 and 1, the control queues are 2 and 3, port n has 2n + 2. */
#define VCONSOLE_CONTROL_IN 2U
#define VCONSOLE_CONTROL_OUT 3U
/** @} */

/** @{ Messages to be sent to the driver, bits of vconsole_port.pending, in order of sending. */
#define VCONSOLE_PENDING_REMOVE 1U
#define VCONSOLE_PENDING_ADD 2U
#define VCONSOLE_PENDING_CONSOLE 4U
#define VCONSOLE_PENDING_NAME 8U
#define VCONSOLE_PENDING_OPEN 16U
#define VCONSOLE_PENDING_RESIZE 32U
/** @} */

/** Queue that brings input to a port; the one behind it takes its output. */
unsigned vconsole_input_queue(unsigned port);

/** Whether the driver uses the control queues. */
bool vconsole_is_multiport(const struct vconsole *console);

/** A port's buffers may flow: open on the guest's side, and the guest knows of it. */
bool vconsole_port_open(const struct vconsole *console, unsigned port);

/** Tell whoever waits for it that the port takes input again. */
void vconsole_input_wanted(struct vconsole *console, unsigned port);

/** The guest's side of a port opened or closed. */
void vconsole_set_guest_open(struct vconsole *console, unsigned port, bool open);

/** Have a message sent, if the driver is ready for it. */
void vconsole_control_post(struct vconsole *console, unsigned port, uint8_t message);

/** Send what is pending, as far as there are buffers. Returns true when work is left. */
bool vconsole_control_send(struct vconsole *console);

/** Handle what the driver sent. Returns true when work is left. */
bool vconsole_control_receive(struct vconsole *console);

#endif
