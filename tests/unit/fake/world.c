/* SPDX-License-Identifier: BSD-2-Clause */
#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "irq.h"
#include "poke.h"
#include "sched.h"
#include "syscall.h"

#define WORLD_MAX 64
/** More pokes than any number of threads can cause without new events. */
#define WORLD_POKES 10000

static struct cpu world_cpus[BH_MAX_CPUS];
static uint32_t world_cpu_count;
static struct thread *world_threads[WORLD_MAX];
static uint32_t world_thread_count;

struct cpu *cpu_get(uint32_t index)
{
    return &world_cpus[index];
}

static void world_expect(bool holds, const char *what)
{
    if (!holds) {
        fprintf(stderr, "world: %s\n", what);
        abort();
    }
}

void world_reset(uint32_t cpus)
{
    arch_fake_reset();
    for (uint32_t i = 0; i < world_thread_count; i++) {
        free(world_threads[i]->msg);
        free((void *)(uintptr_t)world_threads[i]->stack);
        free((void *)(uintptr_t)world_threads[i]->pd);
        free(world_threads[i]);
    }
    world_thread_count = 0;
    memset(world_cpus, 0, sizeof(world_cpus));
    world_cpu_count = cpus;
    for (uint32_t i = 0; i < cpus; i++) {
        world_cpus[i].index = i;
        world_cpus[i].resched = true;
        world_cpus[i].deadline = UINT64_MAX;
        world_cpus[i].timers.deadline = UINT64_MAX;
        world_cpus[i].guest_timers.deadline = UINT64_MAX;
    }
}

int world_teardown(void **state)
{
    (void)state;
    world_reset(1);
    return 0;
}

static void *world_alloc(uint64_t bytes)
{
    void *p = calloc(1, bytes);
    world_expect(p != NULL, "no memory");
    return p;
}

struct thread *world_limited(const char *name, uint32_t cpu, uint32_t priority, uint32_t budget,
                             uint32_t period)
{
    world_expect(world_thread_count < WORLD_MAX && cpu < world_cpu_count, "no such place");
    struct thread *t = aligned_alloc(64, (sizeof(*t) + 63) / 64 * 64);
    world_expect(t != NULL, "no memory");
    memset(t, 0, sizeof(*t));
    struct bd_pd *pd = world_alloc(sizeof(*pd));
    pd->stack_top = WORLD_STACK_TOP;
    t->id = (uint16_t)world_thread_count;
    t->cpu = (uint8_t)cpu;
    t->priority = (uint8_t)priority;
    t->msg = world_alloc(sizeof(*t->msg));
    t->stack = world_alloc(WORLD_STACK_BYTES);
    t->stack_base = WORLD_STACK_TOP - WORLD_STACK_BYTES;
    t->pd = pd;
    snprintf(t->name, sizeof(t->name), "%s", name);
    t->context.pc = WORLD_ENTRY;
    sched_init_thread(t, budget, period);
    poke_register(t);
    world_threads[world_thread_count++] = t;
    return t;
}

struct thread *world_thread(const char *name, uint32_t cpu, uint32_t priority)
{
    return world_limited(name, cpu, priority, 1000, 1000);
}

void world_connect(struct thread *a, uint32_t id, uint32_t flags, struct thread *b,
                   uint32_t peer_id, uint32_t peer_flags)
{
    a->channels[id] =
        (struct channel){ .peer = b, .peer_id = (uint8_t)peer_id, .flags = (uint8_t)flags };
    b->channels[peer_id] =
        (struct channel){ .peer = a, .peer_id = (uint8_t)id, .flags = (uint8_t)peer_flags };
}

void world_adopt(struct thread *parent, uint32_t id, struct thread *child)
{
    parent->children[id] = child;
    child->parent = parent;
    child->child_id = (uint8_t)id;
}

uint32_t world_count(void)
{
    return world_thread_count;
}

struct thread *world_get(uint32_t index)
{
    return world_threads[index];
}

void world_start(struct thread *t)
{
    arch_fake.cpu = t->cpu;
    sched_make_ready(cpu_get(t->cpu), t);
}

struct thread *world_run(uint32_t index)
{
    arch_fake.cpu = index;
    return sched_next(cpu_get(index));
}

void world_args(struct thread *t, uint64_t x0, uint64_t x1, uint64_t x2)
{
    memset(t->context.x, 0, 8 * sizeof(t->context.x[0]));
    t->context.x[0] = x0;
    t->context.x[1] = x1;
    t->context.x[2] = x2;
}

static void world_expect_running(const struct thread *t)
{
    world_expect(arch_fake.running[t->cpu] == t && cpu_get(t->cpu)->current == t, "not running");
}

void world_again(struct thread *t)
{
    world_expect_running(t);
    arch_fake.cpu = t->cpu;
    t->context.pc += 4;
    syscall_handle(cpu_get(t->cpu), t);
    (void)world_run(t->cpu);
}

void world_syscall(struct thread *t, uint64_t number)
{
    t->context.pc = WORLD_SVC;
    t->context.x[8] = number;
    world_again(t);
}

void world_fault(struct thread *t, enum bh_fault label, uint64_t addr)
{
    world_expect_running(t);
    arch_fake.cpu = t->cpu;
    fault_raise(cpu_get(t->cpu), t, &(struct fault_cause){ .label = label, .addr = addr });
    (void)world_run(t->cpu);
}

bool world_poke(uint32_t index)
{
    bool *pending = arch_fake.poke_pending[index];
    /* That of vCPUs has the lower priority, and may be masked. */
    bool vcpu = !pending[0] && pending[1] && !arch_fake.mute[index];
    if (!pending[vcpu]) {
        return false;
    }
    pending[vcpu] = false;
    arch_fake.cpu = index;
    poke_handle(cpu_get(index), vcpu);
    (void)world_run(index);
    return true;
}

bool world_settle(void)
{
    bool busy = true;
    for (uint32_t i = 0; busy && i < WORLD_POKES; i++) {
        busy = false;
        for (uint32_t cpu = 0; cpu < world_cpu_count; cpu++) {
            busy = world_poke(cpu) || busy;
        }
    }
    return !busy;
}

bool world_timer(uint32_t index)
{
    if (arch_fake.timer[index] > arch_fake.now) {
        return false;
    }
    arch_fake.cpu = index;
    sched_timer(cpu_get(index));
    (void)world_run(index);
    return true;
}

void world_advance(uint64_t ticks)
{
    uint64_t end = arch_fake.now + ticks;
    for (;;) {
        uint64_t next = end;
        for (uint32_t cpu = 0; cpu < world_cpu_count; cpu++) {
            for (uint32_t i = 0; world_timer(cpu); i++) {
                world_expect(i < WORLD_POKES, "the timer fires for ever");
            }
            next = arch_fake.timer[cpu] < next ? arch_fake.timer[cpu] : next;
        }
        if (arch_fake.now == end) {
            return;
        }
        arch_fake.now = next;
    }
}

bool world_interrupt(uint32_t cpu, uint32_t intid)
{
    arch_fake.cpu = cpu;
    bool known = irq_deliver(cpu_get(cpu), intid);
    (void)world_run(cpu);
    return known;
}
