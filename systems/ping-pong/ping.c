/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Plays ping-pong with four partners, one after the other, and prints how long a round takes: by
 * notification and by protected call, on its own CPU and with another one.
 */
#include <bulkhead/libc.h>
#include <drivers/timer/arm_generic.h>
#include <microkit.h>

#define ROUNDS 2000

struct game {
    const char *name;
    bool call;
    uint64_t ch;
};

/* Channels; set in the ELF file by the tool. */
uint64_t near_notify = MICROKIT_MAX_CHANNELS;
uint64_t near_call = MICROKIT_MAX_CHANNELS;
uint64_t far_notify = MICROKIT_MAX_CHANNELS;
uint64_t far_call = MICROKIT_MAX_CHANNELS;

static struct game games[4];
static unsigned int game;  /* that is played */
static unsigned int round; /* of it, that is played */
static uint64_t start;

static void game_over(void)
{
    uint64_t ns = arm_generic_to_ns(arm_generic_ticks() - start);

    printf("  %-31s %6u round trips, %6lu ns each\n", games[game].name, round, ns / ROUNDS);
    game++;
    round = 0;
}

/** Plays the calls there and then; the rounds of notifications go on in notified(). */
static void play(void)
{
    for (; game < sizeof(games) / sizeof(games[0]); game_over()) {
        start = arm_generic_ticks();
        if (!games[game].call) {
            microkit_notify((microkit_channel)games[game].ch);
            return;
        }
        for (; round < ROUNDS; round++) {
            microkit_mr_set(0, round);
            (void)microkit_ppcall((microkit_channel)games[game].ch, microkit_msginfo_new(0, 1));
            if (microkit_mr_get(0) != round + 1) {
                printf("ping: round %u came back wrong\n", round);
                return;
            }
        }
    }
    printf("ping-pong: all games are over\n");
}

void init(void)
{
    games[0] = (struct game){ "notification, on one CPU", false, near_notify };
    games[1] = (struct game){ "protected call, on one CPU", true, near_call };
    games[2] = (struct game){ "notification, between two CPUs", false, far_notify };
    games[3] = (struct game){ "protected call, between two CPUs", true, far_call };
    printf("\n"
           "  Bulkhead: protection domains play ping-pong.    Ctrl-A, then x, leaves.\n"
           "\n");
    play();
}

void notified(microkit_channel ch)
{
    if (game >= sizeof(games) / sizeof(games[0]) || ch != games[game].ch) {
        printf("ping: a notification on channel %u that nobody should send\n", ch);
        return;
    }
    if (++round < ROUNDS) {
        microkit_deferred_notify(ch);
    } else {
        game_over();
        play();
    }
}
