/* SPDX-License-Identifier: BSD-2-Clause */
#include "arch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "counts.h"
#include "cpu.h"
#include "thread.h"

#define ARCH_WAIT_LIMIT 1000000u

struct arch_fake arch_fake;

static char *arch_ram;
static uint64_t arch_ram_bytes;
static uint32_t arch_waited;

static _Noreturn void arch_broken(const char *what)
{
    fprintf(stderr, "fake architecture: %s\n", what);
    abort();
}

static void arch_expect(bool holds, const char *what)
{
    if (!holds) {
        arch_broken(what);
    }
}

void arch_fake_reset(void)
{
    memset(&arch_fake, 0, sizeof(arch_fake));
    for (uint32_t i = 0; i < BH_MAX_CPUS; i++) {
        arch_fake.timer[i] = UINT64_MAX;
    }
    free(arch_ram);
    arch_ram = NULL;
    arch_ram_bytes = 0;
    arch_waited = 0;
}

void arch_fake_ram(uint64_t bytes)
{
    free(arch_ram);
    arch_ram = aligned_alloc(4096, bytes);
    arch_expect(arch_ram != NULL, "no memory");
    arch_ram_bytes = bytes;
}

uint64_t arch_now(void)
{
    return arch_fake.now;
}

uint64_t arch_us_to_ticks(uint32_t us)
{
    return us;
}

void arch_set_timer(uint64_t deadline)
{
    arch_fake.timer[arch_fake.cpu] = deadline;
}

bool arch_is_interrupted(void)
{
    return arch_fake.interrupted;
}

void arch_irq_mute(bool mute)
{
    arch_fake.mute[arch_fake.cpu] = mute;
}

void *arch_phys(uint64_t pa)
{
    if (pa >= ARCH_FAKE_RAM && pa - ARCH_FAKE_RAM < arch_ram_bytes) {
        return arch_ram + (pa - ARCH_FAKE_RAM);
    }
    /* No address of a program has these upper bits. */
    return (void *)(pa | 0xdead000000000000UL);
}

uint64_t arch_kernel_pa(const void *p)
{
    uint64_t off = (uint64_t)((uintptr_t)p - (uintptr_t)arch_ram);
    arch_expect(off < arch_ram_bytes, "not an address of the kernel's heap");
    return ARCH_FAKE_RAM + off;
}

void arch_relax(void)
{
    arch_waited++;
    arch_expect(arch_waited < ARCH_WAIT_LIMIT, "a wait for another CPU does not end");
    if (arch_fake.relax != NULL) {
        arch_fake.relax();
    }
}

void arch_init_context(struct thread *t, const uint64_t *root, uint32_t vmid)
{
    t->context.root = root;
    t->context.vmid = vmid;
}

void arch_allow_timer(struct thread *t)
{
    t->context.timer = true;
}

void arch_irq_trigger(uint32_t intid, bool edge)
{
    arch_expect(intid >= 32 && intid < 1020, "not a shared peripheral interrupt");
    arch_fake.edge[intid / 64] &= ~(1UL << (intid % 64));
    arch_fake.edge[intid / 64] |= (uint64_t)edge << (intid % 64);
}

void arch_irq_enable(uint32_t intid, uint32_t cpu)
{
    arch_expect(intid < 1020 && cpu == arch_fake.cpu, "interrupt enabled on another CPU");
    arch_fake.enabled[intid / 64] |= 1UL << (intid % 64);
}

void arch_poke(uint32_t cpu, bool vcpu)
{
    arch_expect(cpu < BH_MAX_CPUS, "no such CPU");
    arch_fake.pokes[cpu]++;
    arch_fake.poke_pending[cpu][vcpu] = true;
}

void arch_switch(struct cpu *cpu, struct thread *to)
{
    struct thread *from = cpu->current;

    arch_expect(cpu->index == arch_fake.cpu, "switch on another CPU");
    arch_expect(arch_fake.running[cpu->index] == from, "switch from a thread that does not run");
    if (from != NULL) {
        from->context.tpidr = arch_fake.tpidr[cpu->index];
    }
    if (to != NULL) {
        arch_fake.tpidr[cpu->index] = to->context.tpidr;
    }
    arch_fake.running[cpu->index] = to;
    cpu->current = to;
    arch_fake.switches++;
}

void arch_reset_context(struct cpu *cpu, struct thread *t, uint64_t entry, uint64_t sp)
{
    memset(t->context.x, 0, sizeof(t->context.x));
    t->context.sp = sp;
    t->context.pc = entry;
    t->context.spsr = 0;
    t->context.tpidr = 0;
    t->context.tpidrro = 0;
    memset(&t->context.fpu, 0, sizeof(t->context.fpu));
    if (cpu->fpu_owner == t) {
        cpu->fpu_owner = NULL;
    }
}

void arch_irq_deactivate(uint32_t intid)
{
    arch_fake.deactivated = intid;
    arch_fake.deactivations++;
}

void arch_sync_code(const void *base, uint64_t bytes)
{
    (void)base;
    arch_fake.synced += bytes;
}

void arch_flush_data(const void *base, uint64_t bytes)
{
    (void)base;
    arch_fake.flushed += bytes;
}

uint64_t arch_user_spsr(uint64_t value)
{
    return value & 0xf0000000u;
}

_Noreturn void arch_halt(void)
{
    arch_broken("halted");
}

void arch_smc(uint64_t args[8])
{
    arch_fake.smcs++;
    for (uint32_t i = 0; i < 8; i++) {
        args[i] += 1;
    }
}

static void arch_expect_words(const void *p, uint64_t bytes)
{
    arch_expect((uintptr_t)p % 8 == 0 && bytes % 8 == 0, "not whole words");
}

void arch_copy(void *to, const void *from, uint64_t bytes)
{
    arch_expect_words(to, bytes);
    arch_expect_words(from, bytes);
    memcpy(to, from, bytes);
}

void arch_clear(void *to, uint64_t bytes)
{
    arch_expect_words(to, bytes);
    memset(to, 0, bytes);
}

void counts_init(void)
{
}

void counts_read(struct cpu *cpu, struct thread *t)
{
    (void)cpu;
    t->context.x[0] = BH_ERR_CALL;
}

uint64_t arch_fake_lookup(const uint64_t *root, uint64_t va, uint64_t *bytes)
{
    const uint64_t *table = root;
    for (int level = 1; level <= 3; level++) {
        *bytes = 4096UL << (9 * (3 - level));
        uint64_t entry = table[va / *bytes % 512];
        if (level == 3 || (entry & 3) != 3) {
            return (entry & 1) != 0 ? entry : 0;
        }
        table = arch_phys(entry & 0x0000fffffffff000UL);
    }
    return 0;
}
