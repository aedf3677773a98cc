/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The driver of the uplink with a short life: it touches address 0 every LIFE notifications, in the
 * midst of its work. A restarted one counts from the beginning.
 */
#include <microkit.h>

void driver_notified(microkit_channel ch);

#define notified driver_notified
#include "drivers/net/pd_virtio_nic.c"
#undef notified

#define LIFE 40U

static unsigned int age;

void notified(microkit_channel ch)
{
    if (++age == LIFE) {
        /* The queue is served, and the device not told, nor the interrupt acknowledged. */
        (void)virtio_nic_serve(&nic);
        *(volatile uint32_t *)0 = 0;
    }
    driver_notified(ch);
}
