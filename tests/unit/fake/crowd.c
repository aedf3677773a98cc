/* SPDX-License-Identifier: BSD-2-Clause */
#include "crowd.h"

#include <bulkhead/report.h>
#include <stdio.h>

#include "invariants.h"
#include "report.h"
#include "world.h"

#define CROWD_CPUS 3
#define CROWD_SIZE 10
#define CROWD_STEPS 4000
#define CROWD_SENTENCE 160

struct crowd_member {
    uint8_t cpu;
    uint8_t priority;
    uint8_t flags;
    uint8_t parent; /* CROWD_SIZE: none */
    uint32_t budget;
};

/** Chains of passive callees on CPU 0; parents and children together and apart. */
static const struct crowd_member crowd_members[CROWD_SIZE] = {
    { 0, 10, 0, 6, 1000 },
    { 0, 20, THREAD_PASSIVE, 6, 300 },
    { 0, 30, THREAD_PASSIVE, 7, 1000 },
    { 0, 40, THREAD_PASSIVE, 7, 100 },
    { 0, 10, 0, 7, 200 },
    { 1, 15, 0, 6, 1000 },
    { 0, 50, 0, CROWD_SIZE, 1000 },
    { 1, 60, 0, CROWD_SIZE, 500 },
    { 2, 25, 0, 7, 50 },
    { 2, 25, 0, 8, 1000 },
};

/** System calls, those that make others wait or wake most often; the last number is none. */
static const uint8_t crowd_calls[32] = {
    BH_SYS_RECV,       BH_SYS_RECV,       BH_SYS_RECV,       BH_SYS_RECV,       BH_SYS_REPLY_RECV,
    BH_SYS_REPLY_RECV, BH_SYS_REPLY_RECV, BH_SYS_REPLY_RECV, BH_SYS_REPLY_RECV, BH_SYS_CALL,
    BH_SYS_CALL,       BH_SYS_CALL,       BH_SYS_CALL,       BH_SYS_CALL,       BH_SYS_CALL,
    BH_SYS_CALL,       BH_SYS_CALL,       BH_SYS_NOTIFY,     BH_SYS_NOTIFY,     BH_SYS_NOTIFY,
    BH_SYS_NOTIFY,     BH_SYS_IRQ_ACK,    BH_SYS_PD_STOP,    BH_SYS_PD_STOP,    BH_SYS_PD_RESUME,
    BH_SYS_PD_RESUME,  BH_SYS_PD_RESTART, BH_SYS_PD_RESTART, BH_SYS_PD_READ,    BH_SYS_PD_WRITE,
    BH_SYS_YIELD,      BH_SYS_COUNT,
};

struct crowd_bytes {
    const uint8_t *data;
    size_t left;
};

static char crowd_sentence[CROWD_SENTENCE];
static struct bh_report_ring crowd_ring;

static uint8_t crowd_byte(struct crowd_bytes *b)
{
    if (b->left == 0) {
        return 0;
    }
    b->left--;
    return *b->data++;
}

/** Everybody may notify everybody; calls go to higher priorities, and to passive ones only here. */
static uint32_t crowd_rights(const struct thread *from, const struct thread *to)
{
    bool here = from->cpu == to->cpu || (to->flags & THREAD_PASSIVE) == 0;
    return CHANNEL_NOTIFY | (to->priority > from->priority && here ? CHANNEL_CALL : 0u);
}

/** Channel j of a thread leads to thread j. */
static void crowd_build(void)
{
    world_reset(CROWD_CPUS);
    crowd_ring = (struct bh_report_ring){ 0 };
    for (uint32_t i = 0; i < CROWD_SIZE; i++) {
        const struct crowd_member *m = &crowd_members[i];
        struct thread *t = world_limited("crowd", m->cpu, m->priority, m->budget, 1000);
        t->flags = m->flags;
    }
    for (uint32_t i = 0; i < CROWD_SIZE; i++) {
        struct thread *t = world_get(i);
        for (uint32_t j = 0; j < i; j++) {
            struct thread *other = world_get(j);
            world_connect(t, j, crowd_rights(t, other), other, i, crowd_rights(other, t));
        }
        if (crowd_members[i].parent < CROWD_SIZE) {
            world_adopt(world_get(crowd_members[i].parent), i, t);
        }
    }
    report_init(&crowd_ring, world_get(9), 60);
    for (uint32_t i = 0; i < CROWD_SIZE; i++) {
        world_start(world_get(i));
    }
    for (uint32_t cpu = 0; cpu < CROWD_CPUS; cpu++) {
        (void)world_run(cpu);
    }
}

/** The thread that runs on `cpu` goes on: with the call that it must make again, or a new one. */
static void crowd_program(struct crowd_bytes *b, uint32_t cpu)
{
    struct thread *t = cpu_get(cpu)->current;
    if (t == NULL) {
        return;
    }
    if (t->context.pc == WORLD_SVC) {
        world_again(t);
        return;
    }
    uint8_t what = crowd_byte(b);
    uint64_t number = crowd_calls[what % 32];
    uint8_t channel = crowd_byte(b);
    uint8_t extra = crowd_byte(b);
    world_args(t, channel < 250 ? channel % CROWD_SIZE : channel,
               number == BH_SYS_PD_RESTART ? WORLD_ENTRY : extra, extra);
    t->context.x[6] = (extra & 3) == 1 ? BH_DEFERRED_NOTIFY(extra >> 4) : 0;
    /* What a parent writes into a child, if it does, lets the child go on. */
    t->msg->msg[0] = WORLD_SVC + 4;
    if (what >= 0xf0) {
        world_fault(t, BH_FAULT_MEMORY, channel);
    } else {
        world_syscall(t, number);
    }
}

static void crowd_step(struct crowd_bytes *b)
{
    uint8_t what = crowd_byte(b);
    uint32_t cpu = what % CROWD_CPUS;
    switch (what / CROWD_CPUS % 8) {
    case 0:
    case 1:
        (void)world_poke(cpu);
        break;
    case 2:
        (void)world_settle();
        break;
    case 3:
        world_advance(crowd_byte(b) * 4UL);
        break;
    default:
        crowd_program(b, cpu);
        break;
    }
}

/** Is a poke on its way to any CPU? */
static bool crowd_poked(void)
{
    for (uint32_t cpu = 0; cpu < CROWD_CPUS; cpu++) {
        if (arch_fake.poke_pending[cpu][0] || arch_fake.poke_pending[cpu][1]) {
            return true;
        }
    }
    return false;
}

static const char *crowd_say(uint32_t step, const char *what, uint32_t who)
{
    (void)snprintf(crowd_sentence, sizeof(crowd_sentence), "step %u, number %u: %s", step, who,
                   what);
    return crowd_sentence;
}

const char *crowd_run(const uint8_t *data, size_t size)
{
    struct crowd_bytes bytes = { data, size };
    crowd_build();
    for (uint32_t step = 0; bytes.left > 0 && step < CROWD_STEPS; step++) {
        crowd_step(&bytes);
        uint32_t who;
        const char *wrong = invariants_check(CROWD_CPUS, !crowd_poked(), &who);
        if (wrong != NULL) {
            return crowd_say(step, wrong, who);
        }
    }
    uint32_t who;
    if (!world_settle()) {
        return "pokes do not end";
    }
    const char *wrong = invariants_check(CROWD_CPUS, true, &who);
    return wrong != NULL ? crowd_say(CROWD_STEPS, wrong, who) : NULL;
}
