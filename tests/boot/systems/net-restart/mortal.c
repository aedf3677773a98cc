/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The driver of the uplink with a short life: it ends with a fault every LIFE notifications, in the
 * midst of its work. A restarted one counts from the beginning.
 */
#include <microkit.h>

void driver_notified(microkit_channel ch);

#define notified driver_notified
/* The program as it is, NOLINTNEXTLINE(bugprone-suspicious-include) */
#include "drivers/net/pd_virtio_nic.c"
#undef notified

#define LIFE 40U

static unsigned int age;

void notified(microkit_channel ch)
{
    if (++age == LIFE) {
        /* The queues are served, and the switch is not told, nor the interrupt acknowledged. */
        (void)virtio_nic_serve(&nic);
        microkit_internal_crash(0x1000);
    }
    driver_notified(ch);
}
