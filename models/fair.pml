/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fairness of poke_handle(): a CPU handles POKES_AT_ONCE pokes in an interrupt (1 here), then
 * interrupts itself again for the others. Other CPUs poke thread 0 for ever; thread 2, poked
 * once, must be looked at nevertheless. Memory order is the subject of wake.pml, not of this
 * model.
 */
#define THREADS 3

bool poked[THREADS];
byte poke_from;
bool looked;

/* COVER marks a branch that a search must reach, as in memory.pml. */
#define COVER(name) c_code { covered(#name); }
c_decl {
\#include <string.h>
    static void covered(const char *name)
    {
        static const char *said[4];
        int i;
        for (i = 0; i < 4; i++) {
            if (said[i] == 0) {
                said[i] = name;
                printf("covered: %s\n", name);
                return;
            }
            if (strcmp(said[i], name) == 0) {
                return;
            }
        }
    }
}

/* PDs of other CPUs that notify thread 0, and sometimes thread 1, without end. */
active proctype others()
{
    do
    :: poked[0] = true
    :: poked[1] = true
    od
}

active proctype victim()
{
    poked[2] = true;
}

/* One round of poke_handle(): the bit is cleared, then the thread is looked at. */
#define TAKE(t) \
    who = (t); poked[who] = false; poke_from = (who + 1) % THREADS; \
    if \
    :: who == 2 -> looked = true; COVER(victim_looked_at); \
    :: else -> COVER(other_looked_at); \
    fi; \
    who = 0;

active proctype poke_handle()
{
    byte who;

    do
#ifdef FAULT_LOWEST_FIRST
    :: atomic { poked[0] -> TAKE(0) }
    :: atomic { !poked[0] && poked[1] -> TAKE(1) }
    :: atomic { !poked[0] && !poked[1] && poked[2] -> TAKE(2) }
#else
    :: atomic { poked[poke_from] -> TAKE(poke_from) }
    :: atomic { !poked[poke_from] && poked[(poke_from + 1) % THREADS] ->
            TAKE((poke_from + 1) % THREADS) }
    :: atomic { !poked[poke_from] && !poked[(poke_from + 1) % THREADS] &&
                poked[(poke_from + 2) % THREADS] ->
            TAKE((poke_from + 2) % THREADS) }
#endif
    od
}

/* Under weak fairness (every CPU goes on): whoever is poked is looked at. */
ltl no_starvation { [] (poked[2] -> <> looked) }
