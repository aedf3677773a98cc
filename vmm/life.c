/* SPDX-License-Identifier: BSD-2-Clause */
#include "life.h"

void life_power_off(struct guest *guest)
{
    guest_stop(guest);
    guest_say(guest, "powered off", "");
}

void life_reset(struct guest *guest)
{
    guest_stop(guest);
    guest_say(guest, "reset", "");
    (void)guest_start(guest);
}

void life_crash(struct guest *guest, const char *why)
{
    guest_stop(guest);
    guest_say(guest, "crashed: ", why);
    if (guest->config.crash_restarts == CONFIG_UNLIMITED ||
        guest->crash_restarts < guest->config.crash_restarts) {
        guest->crash_restarts++;
        (void)guest_start(guest);
    } else {
        guest_say(guest, "stays off",
                  guest->config.crash_restarts == 0 ? "" : "; it has had its restarts");
    }
}
