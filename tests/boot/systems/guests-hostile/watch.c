/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Watches two test guests through the pages that they share with it (tests/guest/share.h): prints
 * their lines, and measures the longest time in which the neighbour's heart did not beat. When the
 * attacker is done it lets the heart beat a little longer, says what it saw, and has the neighbour
 * end.
 */
#include <bulkhead/libc.h>
#include <drivers/timer/arm_generic.h>
#include <microkit.h>

#include "share.h"

#define PERIOD_NS 300000UL
#define AFTERWARDS_NS 100000000UL
/* An attacker that makes no step for so long has lost itself. */
#define STUCK_NS 2000000000UL
#define LINE 200

/* Set in the ELF file by the tool. */
uint64_t attacker_vaddr = 1;
uint64_t neighbour_vaddr = 1;
uint64_t timer_irq = MICROKIT_MAX_CHANNELS;

struct guest {
    const char *name;
    volatile struct share *share;
    uint64_t read;
    uint64_t beats, beaten_at, longest;
    char line[LINE];
    unsigned int length;
    bool done;
};

static struct guest attacker = { .name = "attacker" };
static struct guest neighbour = { .name = "neighbour" };
static uint64_t next, end;
static bool said, stuck;

static void take(struct guest *guest, char c)
{
    if (c == '\r') {
        return;
    }
    if (c != '\n') {
        if (guest->length < LINE - 1) {
            guest->line[guest->length++] = c;
        }
        return;
    }
    guest->line[guest->length] = '\0';
    guest->length = 0;
    guest->done = guest->done || strncmp(guest->line, "done:", 5) == 0;
    printf("%s: %s\n", guest->name, guest->line);
}

/** The guest writes what it likes into its page: nothing there is trusted but as text. */
static void read_text(struct guest *guest)
{
    uint64_t written = guest->share->written;

    if (written - guest->read > SHARE_TEXT) {
        guest->read = written - SHARE_TEXT;
    }
    while (guest->read != written) {
        take(guest, guest->share->text[guest->read % SHARE_TEXT]);
        guest->read++;
    }
}

static void read_beats(struct guest *guest, uint64_t now)
{
    uint64_t beats = guest->share->beats;

    if (beats != guest->beats || beats == 0) {
        guest->beats = beats;
        guest->beaten_at = now;
    } else if (now - guest->beaten_at > guest->longest) {
        guest->longest = now - guest->beaten_at;
    }
}

static void say(void)
{
    printf("watch: neighbour: %lu beats, longest pause %lu us, %lu wrong; attacker: %lu resets\n",
           neighbour.beats, arm_generic_to_ns(neighbour.longest) / 1000, neighbour.share->wrong,
           attacker.share->resets);
    neighbour.share->stop = 1;
}

static void look(void)
{
    uint64_t now = arm_generic_ticks();

    read_text(&attacker);
    read_text(&neighbour);
    read_beats(&neighbour, now);
    read_beats(&attacker, now);
    if (!attacker.done && !stuck && now - attacker.beaten_at > arm_generic_to_ticks(STUCK_NS)) {
        stuck = true;
        printf("watch: the attacker is stuck at %lu\n", attacker.share->next);
    }
    if (attacker.done && end == 0) {
        end = now + arm_generic_to_ticks(AFTERWARDS_NS);
    }
    if (end != 0 && now > end && !said) {
        said = true;
        say();
    }
}

void init(void)
{
    attacker.share = (volatile struct share *)attacker_vaddr;
    neighbour.share = (volatile struct share *)neighbour_vaddr;
    next = arm_generic_ticks();
    attacker.beaten_at = next;
    neighbour.beaten_at = next;
    arm_generic_set(next);
}

void notified(microkit_channel ch)
{
    if (ch != timer_irq) {
        return;
    }
    look();
    if (neighbour.done) {
        arm_generic_stop();
    } else {
        /* Others may not disturb this timer: what is late is not made up for. */
        next += arm_generic_to_ticks(PERIOD_NS);
        arm_generic_set(next);
    }
    microkit_irq_ack(ch);
}
