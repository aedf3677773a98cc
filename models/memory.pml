/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A weakly ordered memory, in the way of Armv8, for the models of this folder. Included after
 * CPUS and LOCS (locations, numbered from 0) are defined, and, as both cost states, VIEWS and
 * VIEWERS: loads that are no acquires are done only of the first VIEWS locations and by the
 * first VIEWERS CPUs.
 *
 * Stores. A store goes to its CPU's store buffer. memory_system() moves entries to memory at any
 * time and in any order: there is no order between stores to different locations, except that a
 * release, a DMB or a DSB first empties the buffer. The CPU itself sees its own buffered stores.
 *
 * Read-modify-writes. The load half and the store half are one step for everybody else (the
 * exclusive pair succeeds), but the store half becomes visible later, as any store does; until
 * then the location is held, and the atomic operations of other CPUs wait.
 *
 * Loads. A load that is no acquire returns what memory holds now, or what it held at the CPU's
 * last acquire or barrier, or at its last load of that location: as if it had been done early.
 * An acquire returns what memory holds, and ends all of that: later loads happen after it.
 *
 * Software generated interrupts travel outside of memory: without a DSB before it, one may
 * arrive before stores that the sender's program did earlier.
 *
 * Every operation is one step of a model: use it inside atomic { } alone, or with local
 * computation.
 */
byte mem[LOCS];
bool sb_full[CPUS * LOCS];
byte sb_value[CPUS * LOCS];
byte held[LOCS];                /* CPU + 1 whose read-modify-write is not visible yet */
#if VIEWS > 0
byte view[VIEWERS * VIEWS];
#endif
bool sgi[CPUS];                 /* pending, at that CPU's interrupt controller */

byte mem_i;                     /* used inside of steps only, always zero between them */

#define AT(cpu, loc) ((cpu) * LOCS + (loc))
#define VIEW(cpu, loc) ((cpu) * VIEWS + (loc))
/* What the CPU itself sees of a location, without staleness. */
#define NOW(cpu, loc) (sb_full[AT(cpu, loc)] -> sb_value[AT(cpu, loc)] : mem[loc])

/* Wait until an atomic operation of this CPU can be done on the location. */
#define CAN_RMW(cpu, loc) (held[loc] == 0 || held[loc] == (cpu) + 1)

/* Everything this CPU stored so far becomes visible (the first half of release, DMB, DSB). */
inline mem_drain(p_cpu)
{
    d_step {
        mem_i = 0;
        do
        :: mem_i < LOCS ->
            if
            :: sb_full[AT(p_cpu, mem_i)] ->
                mem[mem_i] = sb_value[AT(p_cpu, mem_i)];
                sb_full[AT(p_cpu, mem_i)] = false;
                sb_value[AT(p_cpu, mem_i)] = 0;
                held[mem_i] = 0;
            :: else
            fi;
            mem_i++;
        :: else -> break
        od;
        mem_i = 0;
    }
}

/* Later loads of this CPU happen after this moment (acquire, DMB, DSB). */
inline mem_sync(p_cpu)
{
#if VIEWS > 0
    d_step {
        mem_i = 0;
        do
        :: mem_i < VIEWS && (p_cpu) < VIEWERS ->
            view[VIEW(p_cpu, mem_i)] = NOW(p_cpu, mem_i);
            mem_i++;
        :: else -> break
        od;
        mem_i = 0;
    }
#else
    skip
#endif
}

inline mem_put(p_cpu, p_loc, p_value)
{
    d_step {
        sb_value[AT(p_cpu, p_loc)] = (p_value);
        sb_full[AT(p_cpu, p_loc)] = true;
#if VIEWS > 0
        /* No later load of its own finds what was there before. */
        if
        :: (p_loc) < VIEWS && (p_cpu) < VIEWERS ->
            view[VIEW(p_cpu, ((p_loc) < VIEWS -> (p_loc) : 0))] = (p_value);
        :: else
        fi;
#endif
    }
}

/* A plain or relaxed store. */
#define store(cpu, loc, val) mem_put(cpu, loc, val)

/* __ATOMIC_RELEASE store. */
inline store_release(p_cpu, p_loc, p_value)
{
    mem_drain(p_cpu);
    mem_put(p_cpu, p_loc, p_value);
}

/* A plain or relaxed load. Never inside d_step: it chooses. */
inline load(p_cpu, p_loc, p_result)
{
#if VIEWS > 0
    if
    :: sb_full[AT(p_cpu, p_loc)] -> p_result = sb_value[AT(p_cpu, p_loc)];
    :: !sb_full[AT(p_cpu, p_loc)] -> p_result = mem[p_loc]; view[VIEW(p_cpu, p_loc)] = mem[p_loc];
    :: !sb_full[AT(p_cpu, p_loc)] && view[VIEW(p_cpu, p_loc)] != mem[p_loc] ->
        p_result = view[VIEW(p_cpu, p_loc)];
    fi
#else
    assert(false)
#endif
}

/* __ATOMIC_ACQUIRE load. */
inline load_acquire(p_cpu, p_loc, p_result)
{
    p_result = NOW(p_cpu, p_loc);
    mem_sync(p_cpu);
}

/* fetch_or, relaxed; its store half is visible later. Guard: CAN_RMW. */
inline fetch_or_relaxed(p_cpu, p_loc, p_bits, p_old)
{
    p_old = NOW(p_cpu, p_loc);
    mem_put(p_cpu, p_loc, p_old | (p_bits));
    held[p_loc] = (p_cpu) + 1;
}

/* fetch_or, __ATOMIC_RELEASE. Guard: CAN_RMW. */
inline fetch_or_release(p_cpu, p_loc, p_bits, p_old)
{
    mem_drain(p_cpu);
    fetch_or_relaxed(p_cpu, p_loc, p_bits, p_old);
}

/* fetch_and, relaxed; visible at once, as below. Guard: CAN_RMW. */
inline fetch_and_relaxed(p_cpu, p_loc, p_bits, p_old)
{
    p_old = NOW(p_cpu, p_loc);
    mem[p_loc] = p_old & (p_bits);
    sb_full[AT(p_cpu, p_loc)] = false;
    sb_value[AT(p_cpu, p_loc)] = 0;
    held[p_loc] = 0;
#if VIEWS > 0
    if
    :: (p_loc) < VIEWS && (p_cpu) < VIEWERS ->
        view[VIEW(p_cpu, ((p_loc) < VIEWS -> (p_loc) : 0))] = mem[p_loc];
    :: else
    fi;
#endif
}

/*
 * fetch_and and exchange with acquire. The store half can be visible at once here: all others
 * who look at these locations do so with atomic operations, which would wait for it. Guard:
 * CAN_RMW.
 */
inline fetch_and_acquire(p_cpu, p_loc, p_bits, p_old)
{
    fetch_and_relaxed(p_cpu, p_loc, p_bits, p_old);
    mem_sync(p_cpu);
}

#define exchange_acquire(cpu, loc, old) fetch_and_acquire(cpu, loc, 0, old)

/* compare_exchange with acquire and release. `ok` tells success. Guard: CAN_RMW. */
inline compare_exchange(p_cpu, p_loc, p_expected, p_desired, p_ok)
{
    mem_drain(p_cpu);
    if
    :: mem[p_loc] == (p_expected) -> mem[p_loc] = (p_desired); p_ok = true;
    :: else -> p_ok = false;
    fi;
    mem_sync(p_cpu);
}

/* DSB: what was stored is visible, and later loads happen later. */
inline dsb(p_cpu)
{
    mem_drain(p_cpu);
    mem_sync(p_cpu);
}

#define FLUSH(loc) \
    :: atomic { sb_full[AT(cpu, loc)] -> \
        mem[loc] = sb_value[AT(cpu, loc)]; sb_full[AT(cpu, loc)] = false; \
        sb_value[AT(cpu, loc)] = 0; held[loc] = 0; }

proctype memory_system(byte cpu)
{
end:
    do
    FLUSH(0)
    FLUSH(1)
#if LOCS > 2
    FLUSH(2)
#endif
#if LOCS > 3
    FLUSH(3)
#endif
#if LOCS > 4
    FLUSH(4)
#endif
#if LOCS > 5
    FLUSH(5)
#endif
#if LOCS > 6
    FLUSH(6)
#endif
#if LOCS > 7
    FLUSH(7)
#endif
#if LOCS > 8
#error "more locations than memory_system() flushes"
#endif
    od
}

/*
 * What the checker reports by name. PROPERTY stops the search when its condition does not hold;
 * COVER marks a branch that a search must reach (models/check.py asks for every one).
 */
c_decl {
\#include <string.h>
    static void model_said(const char *what, const char *name)
    {
        static const char *said[128];
        static int count;
        int i;
        for (i = 0; i < count; i++) {
            if (strcmp(said[i], name) == 0) {
                return;
            }
        }
        said[count++] = name;
        printf("%s: %s\n", what, name);
    }
}

#define PROPERTY(name, condition) \
    if \
    :: (condition) \
    :: else -> c_code { model_said("violated", #name); }; assert(false) \
    fi

#define COVER(name) c_code { model_said("covered", #name); }
