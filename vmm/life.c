/* SPDX-License-Identifier: BSD-2-Clause */
#include "life.h"

#include "sys.h"

static void life_report(const struct guest *guest, enum bh_report_kind kind, uint64_t number)
{
    sys_report(guest->gic.ids[0], kind, number);
}

/** The guest will not run again. What was said of it goes before whoever may switch the board off.
 */
static void life_end(struct guest *guest, enum bh_report_kind kind, uint64_t number)
{
    life_report(guest, kind, number);
    terminal_flush(&guest->terminal);
    if (guest->config.power_given) {
        sys_notify(guest->config.power);
    }
}

void life_start(struct guest *guest)
{
    if (!guest_start(guest)) {
        life_end(guest, BH_REPORT_GUEST_STOPPED, guest->crash_restarts);
    }
}

void life_power_off(struct guest *guest)
{
    guest_stop(guest);
    guest_say(guest, "powered off", "");
    life_end(guest, BH_REPORT_GUEST_OFF, 0);
}

void life_reset(struct guest *guest)
{
    guest_stop(guest);
    guest->resets++;
    guest_say(guest, "reset", "");
    life_report(guest, BH_REPORT_GUEST_RESET, guest->resets);
    life_start(guest);
}

void life_crash(struct guest *guest, const char *why)
{
    guest_stop(guest);
    guest_say(guest, "crashed: ", why);
    life_report(guest, BH_REPORT_GUEST_CRASH, guest->crash_restarts);
    if (guest->config.crash_restarts == CONFIG_UNLIMITED ||
        guest->crash_restarts < guest->config.crash_restarts) {
        guest->crash_restarts++;
        life_start(guest);
    } else {
        guest_say(guest, "stays off",
                  guest->config.crash_restarts == 0 ? "" : "; it has had its restarts");
        life_end(guest, BH_REPORT_GUEST_STOPPED, guest->crash_restarts);
    }
}
