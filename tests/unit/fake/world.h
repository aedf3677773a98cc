/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A system of threads on the fake architecture, made without a boot description, and what its
 * programs and its machine do: system calls, faults, interrupts. Everything happens on the thread's
 * own CPU, one after the other; a test chooses the order, so it can put any step of one CPU
 * between any two of another.
 */
#ifndef FAKE_WORLD_H
#define FAKE_WORLD_H

#include "cpu.h"
#include "fault.h"
#include "thread.h"

/** Address of the one `svc` instruction that every program here has. */
#define WORLD_SVC 0x200000UL
/** Where restarted programs start, and the bytes of every stack. */
#define WORLD_ENTRY 0x300000UL
#define WORLD_STACK_BYTES 4096UL
#define WORLD_STACK_TOP 0x8000000000UL

/** Forget all threads; a machine of `cpus` CPUs. Also resets the fake architecture. */
void world_reset(uint32_t cpus);

/** For cmocka: what a test has left is freed. */
int world_teardown(void **state);

/** A new thread, not started, that is never throttled. It lives until the next reset. */
struct thread *world_thread(const char *name, uint32_t cpu, uint32_t priority);

/** The same with a budget (microseconds) in every period. */
struct thread *world_limited(const char *name, uint32_t cpu, uint32_t priority, uint32_t budget,
                             uint32_t period);

/** Connect channel `id` of `a` with channel `peer_id` of `b`; flags: CHANNEL_*, of each end. */
void world_connect(struct thread *a, uint32_t id, uint32_t flags, struct thread *b,
                   uint32_t peer_id, uint32_t peer_flags);

/** Make `child` the child number `id` of `parent`. */
void world_adopt(struct thread *parent, uint32_t id, struct thread *child);

/** Threads made so far, by index in the order of making. */
uint32_t world_count(void);
struct thread *world_get(uint32_t index);

/** Let `t` run, as at boot; it does when its CPU next decides. */
void world_start(struct thread *t);

/** CPU `index` is about to leave the kernel: who runs there (NULL: nobody)? */
struct thread *world_run(uint32_t index);

/**
 * `t`, which must be running, makes a system call; then its CPU decides who runs. x0 to x7 stand
 * in its registers, as world_args() leaves them.
 */
void world_syscall(struct thread *t, uint64_t number);

/** Sets x0 to x2 of `t`, and the others below x8 to zero. */
void world_args(struct thread *t, uint64_t x0, uint64_t x1, uint64_t x2);

/** `t`, which must be running, has its PC at the `svc` again: it makes the call that stands there.
 */
void world_again(struct thread *t);

/** `t`, which must be running, faults. */
void world_fault(struct thread *t, enum bh_fault label, uint64_t addr);

/** CPU `index` takes its poke interrupt, if one is pending. Returns whether so. */
bool world_poke(uint32_t index);

/** All CPUs take pokes until none is pending; false when that does not end. */
bool world_settle(void);

/** CPU `index` takes its timer interrupt, if it is due. Returns whether so. */
bool world_timer(uint32_t index);

/** Moves the clock, stopping wherever a timer is due, on every CPU. */
void world_advance(uint64_t ticks);

/** CPU of `t` takes interrupt `intid`. */
bool world_interrupt(uint32_t cpu, uint32_t intid);

#endif
