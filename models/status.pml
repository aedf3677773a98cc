/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The interrupt status word of a register page, from the VMM's used ring to the guest's next sleep.
 *
 * CPU 0 (or, with SAME, CPU 1) has the VMM: it publishes used entries, decides by the guest's event index (or flag)
 * whether the guest wants to know, and has the kernel set bits of the status word and raise the
 * interrupt; now and then the configuration changes. CPU 1 has the guest's only vCPU, with the
 * list register of that interrupt: the guest sleeps in WFI, takes the interrupt, reads the word,
 * acknowledges what it read, looks at the ring until it finds nothing, ends the interrupt. The
 * kernel of CPU 1 takes pokes and gives the CPU to another VM and back, anywhere between.
 *
 * The guest has no barriers of its own but the one that the virtIO specification asks for, after
 * its event index. docs/models.md has the table of model and C names.
 */
#ifndef PUTS
#define PUTS 3                  /* used entries in all */
#endif
#ifndef CHANGES
#define CHANGES 1               /* of the configuration */
#endif
#ifndef SWITCHES
#define SWITCHES 1              /* to another VM */
#endif
#ifndef FLAGS
#define FLAGS 0                 /* 1: a flag suppresses interrupts, not EVENT_IDX */
#endif
#ifndef SAME
#define SAME 0                  /* 1: VMM and vCPU share CPU 1 */
#endif

#define CPUS 2
/* Locations. */
#define USED 0                  /* index of the used ring */
#define EVENT 1                 /* used_event, or the flag VIRTQ_AVAIL_F_NO_INTERRUPT */
#define STATUS 2                /* InterruptStatus */
#define CONFIG 3                /* the device's configuration: a number that grows */
#define VIEWS 4
#define VIEWERS 2
#define LOCS 4
#include "memory.pml"

#define VMM SAME
#define GUEST 1

#define USED_BIT 1
#define CONFIG_BIT 2

/* What the kernel holds of the interrupt, under the VM's lock. */
bool latch;                     /* bank->pending */
bool is_active;                 /* bank->active */
bool listed;                    /* bank->listed */
bool rebuild;
/* The list register, which the guest's acknowledgement and end change as well. */
bool lr_pending;
bool lr_active;

bool poked;                     /* SGI to CPU 1, with the vCPU's bit */
bool in_kernel;                 /* CPU 1 is in a trap of the guest */
bool loaded = true;             /* the vCPU is in CPU 1 */
bool wfi;                       /* it is blocked in WFI */
bool is_busy;                   /* the guest does not sleep, and waits for nothing else */
byte switches = SWITCHES;

/* What the properties are about. */
byte owed;                      /* bits that were set and not acknowledged since */
byte raises;
byte taken;                     /* interrupts that the guest took */
byte seen;                      /* used entries that the guest saw */
byte seen_config;

#if defined(FAULT_ACK_POSTED)
byte posted;                    /* bits of acknowledgements on their way to the VMM */
#endif

/* The guest makes a step of its own only while its vCPU runs. */
#define RUNS (loaded && !wfi && !in_kernel)

/* What the guest did with the list register becomes the interrupt's state: vgic_unlist(). */
inline vgic_unlist()
{
    listed = false;
#if defined(FAULT_LATCH_OVERWRITTEN)
    latch = lr_pending;
#elif defined(FAULT_LEVEL_LOWERED_BY_ACK)
    skip;
#else
    latch = latch || lr_pending;
#endif
    is_active = lr_active;
    lr_pending = false;
    lr_active = false;
}

/* vgic_collect() */
inline vgic_collect(all)
{
    if
    :: listed && (all || (!lr_pending && !lr_active)) -> vgic_unlist()
    :: else
    fi
}

/* vgic_fill(): one interrupt, so at most one list register. */
inline vgic_fill()
{
    if
    :: !listed && (latch || is_active) ->
        if
        :: latch && is_active -> COVER(listed_pending_and_active)
        :: else
        fi;
        listed = true;
        lr_pending = latch;
        lr_active = is_active;
#if !defined(FAULT_LATCH_KEPT) && !defined(FAULT_LEVEL_LOWERED_BY_ACK)
        latch = false;
#endif
    :: else
    fi
}

/* vgic_refresh() */
inline vgic_refresh()
{
    mem_sync(GUEST);
    if
    :: loaded -> vgic_collect(rebuild); rebuild = false; vgic_fill()
    :: else
    fi
}

/* The answer of vgic_waiting(), once it has refreshed the list register. */
#define WAITING ((latch && !is_active && !listed) || (loaded && lr_pending))

/* vgic_update(): under the lock, so later loads of this CPU come later. */
inline vgic_update()
{
    vgic_refresh();
    if
    :: wfi && WAITING -> COVER(wfi_ends); wfi = false
    :: else
    fi
}

/*
 * vgic_show(): the raise is on the vCPU's own CPU and puts the interrupt into its list register, if
 * that is free, or empty again. What it cannot do is left to vgic_update().
 */
inline vgic_show()
{
    if
#ifdef FAULT_SHOWN_WHILE_ACTIVE
    :: loaded && (!listed || !lr_pending) ->
#else
    :: loaded && ((listed && !lr_pending && !lr_active) || (!listed && !is_active)) ->
#endif
        COVER(shown_at_once);
        listed = true;
        lr_pending = true;
        lr_active = false;
        is_active = false;
        latch = false;
        if
        :: wfi -> COVER(wfi_ends); wfi = false
        :: else
        fi
    :: else ->
        rebuild = rebuild || listed;
        vgic_update()
    fi
}

/* vgic_raise(): the lock's release makes visible what this CPU did before. */
inline vgic_raise()
{
    atomic {
        mem_drain(VMM);
        mem_sync(VMM);
        raises++;
        if
        :: listed && lr_active -> COVER(raised_while_active)
        :: else
        fi;
#ifdef FAULT_DROPPED_WHILE_ACTIVE
        latch = latch || !(listed && lr_active);
#else
        latch = true;
#endif
#if SAME
        vgic_show();
#elif !defined(FAULT_NOT_REBUILT)
        rebuild = rebuild || listed;
#endif
    }
#if !SAME && !defined(FAULT_NOT_POKED)
    /* poke_thread(); wake.pml has its inside. */
    atomic { dsb(VMM); poked = true; }
#endif
}

/* vcpu_sys_device_raise() */
inline device_raise(bits)
{
#ifdef FAULT_RAISE_BEFORE_BITS
    vgic_raise();
#endif
#if defined(FAULT_VMM_WRITES_STATUS)
    /* A second writer, with load and store. */
    atomic { load(VMM, STATUS, word); }
    atomic { store(VMM, STATUS, word | bits); owed = owed | bits; word = 0; }
#elif defined(FAULT_BITS_NOT_RELEASED)
    atomic { CAN_RMW(VMM, STATUS) ->
        fetch_or_relaxed(VMM, STATUS, bits, word); owed = owed | bits; word = 0; }
#else
    atomic { CAN_RMW(VMM, STATUS) ->
        fetch_or_release(VMM, STATUS, bits, word);
        mem_sync(VMM);
        owed = owed | bits;
        word = 0;
    }
#endif
#ifndef FAULT_RAISE_BEFORE_BITS
    vgic_raise();
#endif
}

proctype vmm()
{
    byte put;
    byte changes;
    byte unsignalled;
    byte event;
    byte word;

next:
    if
#if defined(FAULT_ACK_POSTED)
    :: atomic { posted != 0 && CAN_RMW(VMM, STATUS) ->
        mem_drain(VMM);
        fetch_and_acquire(VMM, STATUS, 3 - posted, word);
        owed = owed & (3 - posted);
        posted = 0;
        word = 0;
        }
        goto next
#endif
    :: put < PUTS ->
publish:
        /* virtq_split_push() */
        atomic { put++; unsignalled++; store_release(VMM, USED, put); }
        if
        :: put < PUTS -> goto publish
        :: true
        fi;
        /* virtq_split_interrupt_due(), with the fence before it */
#ifndef FAULT_NO_BARRIER_BEFORE_EVENT
        atomic { dsb(VMM); }
#endif
        atomic { load(VMM, EVENT, event); }
        if
#if FLAGS
        :: atomic { event == 0 -> event = 0; unsignalled = 0; COVER(signalled); }
#else
        :: atomic { ((put - 1 - event) & 255) < unsignalled ->
            event = 0; unsignalled = 0; COVER(signalled); }
#endif
            device_raise(USED_BIT)
        :: atomic { else -> event = 0; unsignalled = 0; COVER(not_signalled); }
        fi;
        goto next
    :: changes < CHANGES ->
        atomic { changes++; store(VMM, CONFIG, changes); }
        device_raise(CONFIG_BIT);
        goto next
    :: put == PUTS && changes == CHANGES ->
        skip
    fi;
#if defined(FAULT_ACK_POSTED)
end_vmm:
    posted != 0;
    goto next
#endif
}

/* The guest's store to InterruptACK: vcpu_store(). The guest goes on when it is done. */
inline acknowledge()
{
#if defined(FAULT_ACK_POSTED)
    atomic { RUNS -> posted = posted | status; }
#elif defined(FAULT_ACK_STORES_ZERO)
    atomic { RUNS -> mem_drain(GUEST); store(GUEST, STATUS, 0); mem_sync(GUEST);
        owed = owed & (3 - status); }
#elif defined(FAULT_ACK_EXCHANGES)
    atomic { RUNS && CAN_RMW(GUEST, STATUS) -> mem_drain(GUEST);
        exchange_acquire(GUEST, STATUS, word); owed = owed & (3 - status); word = 0; }
#elif defined(FAULT_ACK_NOT_ACQUIRED)
    atomic { RUNS && CAN_RMW(GUEST, STATUS) ->
        mem_drain(GUEST);
        fetch_and_relaxed(GUEST, STATUS, 3 - status, word);
        owed = owed & (3 - status);
        word = 0;
    }
#else
    atomic { RUNS && CAN_RMW(GUEST, STATUS) ->
        mem_drain(GUEST);
        fetch_and_acquire(GUEST, STATUS, 3 - status, word);
        owed = owed & (3 - status);
        if
        :: (word & (3 - status)) != 0 -> COVER(bit_set_since_the_read)
        :: (word & (3 - status)) == 0
        fi;
        word = 0;
#ifdef FAULT_LEVEL_LOWERED_BY_ACK
        in_kernel = (mem[STATUS] == 0);
#endif
    }
#ifdef FAULT_LEVEL_LOWERED_BY_ACK
    /* The line follows the word, but not in one step with it. */
    if
    :: atomic { in_kernel -> latch = false; in_kernel = false; }
    :: atomic { RUNS -> skip; }
    fi;
#endif
#endif
}

/* Look at the used ring until it has nothing new. */
inline look()
{
#if FLAGS
    do
    :: atomic { RUNS -> store(GUEST, EVENT, 1); }
        do
        :: atomic { RUNS -> load(GUEST, USED, word);
            more = (word != seen); seen = (more -> seen + 1 : seen); word = 0; }
            if
            :: atomic { more -> more = false; COVER(entry_seen); }
            :: !more -> break
            fi
        od;
        atomic { RUNS -> store(GUEST, EVENT, 0); }
        atomic { RUNS -> dsb(GUEST); }
        atomic { RUNS -> load(GUEST, USED, word); more = (word != seen); word = 0; }
        if
        :: atomic { more -> more = false; COVER(more_after_event); }
        :: !more -> break
        fi
    od
#else
    do
    :: atomic { RUNS -> load(GUEST, USED, word);
        more = (word != seen); seen = (more -> seen + 1 : seen); word = 0; }
        if
        :: atomic { more -> more = false; COVER(entry_seen); }
            atomic { RUNS -> store(GUEST, EVENT, seen); }
            atomic { RUNS -> dsb(GUEST); }
        :: !more -> break
        fi
    od
#endif
}

/* The interrupt controller presents the interrupt, and the guest acknowledges it there. */
#define PRESENTED (lr_pending && !lr_active)

inline guest_take()
{
    lr_pending = false;
    lr_active = true;
    taken++;
    PROPERTY(no_interrupt_without_cause, taken <= raises);
}

proctype guest()
{
    byte status;
    byte word;
    bool more;

sleep:
    if
    :: goto wait
    :: goto busy
    fi;
wait:
    /* Interrupts are masked. The kernel: EC_WFX in vcpu_trap(). */
#ifdef FAULT_WFI_WITHOUT_LOOK
    atomic { RUNS -> wfi = true; }
#else
    atomic { RUNS -> vgic_refresh(); wfi = !WAITING; }
#endif
awake:
    /* Unmasked. With nothing left it sleeps again; it spins while the kernel says that there is. */
end_sleep:
    if
    :: atomic { RUNS && PRESENTED -> guest_take(); }
    :: atomic { RUNS && !WAITING -> skip; }
        goto sleep
    fi;
    goto handle;
busy:
    /* It has other work, and does not enter the kernel. */
    atomic { is_busy = true; }
end_busy:
    atomic { RUNS && PRESENTED -> is_busy = false; COVER(interrupts_work); guest_take(); }

handle:
    atomic { RUNS ->
        load(GUEST, STATUS, status);
        PROPERTY(no_bit_that_nobody_set, (status & (3 - owed)) == 0);
    }
    acknowledge();
    if
    :: (status & CONFIG_BIT) != 0 ->
        atomic { RUNS -> load(GUEST, CONFIG, seen_config); COVER(change_seen); }
    :: else
    fi;
    if
    :: (status & USED_BIT) != 0 -> look()
    :: else
    fi;
    if
    :: atomic { status == 0 -> COVER(interrupt_already_served); }
    :: atomic { status != 0 -> status = 0; }
    fi;
    /* End of interrupt: without a maintenance interrupt, as the interrupt is an edge. */
    atomic { RUNS ->
        PROPERTY(ends_what_is_active, lr_active);
        lr_active = false;
        if
        :: lr_pending -> COVER(second_delivery_without_the_kernel)
        :: else
        fi;
#ifdef FAULT_LEVEL_LOWERED_BY_ACK
        vgic_update();
#endif
    }
    goto awake
}

/* What else happens on CPU 1. */
proctype kernel()
{
end_kernel:
    do
    :: atomic { poked && !in_kernel -> poked = false; vgic_update(); }
    :: atomic { loaded && !in_kernel && switches > 0 -> switches--;
        COVER(unloaded);
        vgic_collect(true);
        loaded = false; }
    :: atomic { !loaded && !wfi -> mem_sync(GUEST); vgic_fill(); loaded = true; }
    od
}

/* When nothing can happen any more: the guest sleeps, every store is in memory. */
proctype observer()
{
end_observer:
    atomic {
        timeout ->
        PROPERTY(no_lost_completion, seen == PUTS);
        PROPERTY(no_lost_change, seen_config == CHANGES);
        PROPERTY(nothing_left, mem[STATUS] == 0 && owed == 0 && !lr_pending && (wfi || is_busy));
        COVER(all_seen);
    }
}

init {
    atomic {
        run memory_system(0);
        run memory_system(1);
        run vmm();
        run guest();
        run kernel();
        run observer();
    }
}
