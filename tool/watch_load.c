/* SPDX-License-Identifier: BSD-2-Clause */
#include "watch_load.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"

/* What the cycle counter of the emulator counts, as 1 GHz, is nanoseconds. */
#define WATCH_LOAD_SECOND 1e9

const char *const watch_load_exits[WATCH_EXITS] = {
    [WATCH_EXIT_INTERRUPT] = "interrupt",
    [WATCH_EXIT_WAIT] = "wait",
    [WATCH_EXIT_MEMORY] = "memory",
    [WATCH_EXIT_HVC] = "hvc",
    [WATCH_EXIT_SMC] = "smc",
    [WATCH_EXIT_REGISTER] = "register",
    [WATCH_EXIT_OTHER] = "other",
};

void watch_load_begin(struct watch_load *load, const struct watch_system *system)
{
    memset(load, 0, sizeof(*load));
    load->system = system;
    load->shares = alloc_array(system->threads_count, sizeof(*load->shares));
    load->credits = alloc_array(system->threads_count, sizeof(*load->credits));
}

void watch_load_end(struct watch_load *load)
{
    free(load->table);
    free(load->shares);
    free(load->credits);
}

/* Exception classes of ESR_EL2 (Arm ARM, D19.2.37); class 0 stands for interrupts. */
static enum watch_exit watch_load_exit(unsigned ec)
{
    switch (ec) {
    case 0x00:
        return WATCH_EXIT_INTERRUPT;
    case 0x01:
        return WATCH_EXIT_WAIT;
    case 0x12:
    case 0x16:
        return WATCH_EXIT_HVC;
    case 0x13:
    case 0x17:
        return WATCH_EXIT_SMC;
    case 0x18:
        return WATCH_EXIT_REGISTER;
    case 0x24:
        return WATCH_EXIT_MEMORY;
    default:
        return WATCH_EXIT_OTHER;
    }
}

/* What a counter grew; 0 when it started anew, as all do at a reset of the machine. */
static double watch_load_growth(uint64_t before, uint64_t now)
{
    return now >= before ? (double)(now - before) : 0;
}

/* A thread's numbers, but for its share; returns the nanoseconds that it ran. */
static double watch_load_thread(struct watch_load *load, size_t index,
                                const struct bh_counts *before, const struct bh_counts *now,
                                double elapsed)
{
    struct watch_share *share = &load->shares[index];
    double *credit = &load->credits[index];
    double ran = watch_load_growth(before->cycles, now->cycles);
    double switches = watch_load_growth(before->switches, now->switches);
    double exits = 0;

    memset(share, 0, sizeof(*share));
    for (unsigned ec = 0; ec < BH_COUNTS_EXITS; ec++) {
        double count = watch_load_growth(before->exits[ec], now->exits[ec]);

        share->exits[watch_load_exit(ec)] += count / elapsed * WATCH_LOAD_SECOND;
        exits += count;
    }
    share->switches = switches / elapsed * WATCH_LOAD_SECOND;
    if (ran > 0) {
        ran = ran > *credit ? ran - *credit : 0;
        *credit = 0;
    } else if (exits > 0 && switches == 0 && !load->instructions) {
        ran = elapsed;
        *credit += elapsed;
    }
    return ran;
}

/* From what each thread ran to shares. Rounding and late counts make no CPU more than busy. */
static void watch_load_divide(struct watch_load *load, double elapsed)
{
    double longest = 0;

    for (unsigned cpu = 0; cpu < BH_MAX_CPUS; cpu++) {
        longest = load->cpus[cpu] > longest ? load->cpus[cpu] : longest;
    }
    if (load->instructions) {
        elapsed = longest;
    }
    for (size_t i = 0; i < load->system->threads_count; i++) {
        double busy = load->cpus[load->system->threads[i].cpu];
        double whole = busy > elapsed ? busy : elapsed;

        load->shares[i].share = whole > 0 ? load->shares[i].share / whole : 0;
    }
    for (unsigned cpu = 0; cpu < BH_MAX_CPUS; cpu++) {
        double whole = load->cpus[cpu] > elapsed ? load->cpus[cpu] : elapsed;

        load->cpus[cpu] = whole > 0 ? load->cpus[cpu] / whole : 0;
    }
}

bool watch_load_look(struct watch_load *load, uint64_t now)
{
    const struct watch_system *system = load->system;
    struct bh_counts_table *before = load->table;
    struct bh_counts_table *table = alloc_array(1, sizeof(*table));
    double elapsed = watch_load_growth(load->time, now);

    if (!watch_memory_read(&system->memory, system->counts, table, sizeof(*table)) ||
        table->magic[0] != BH_COUNTS_MAGIC0 || table->magic[1] != BH_COUNTS_MAGIC1) {
        free(table);
        return false;
    }
    memset(load->cpus, 0, sizeof(load->cpus));
    for (size_t i = 0; i < system->threads_count && before != NULL && elapsed > 0; i++) {
        unsigned index = system->threads[i].index;
        double ran;

        load->instructions = load->instructions || table->threads[index].instructions != 0;
        ran = watch_load_thread(load, i, &before->threads[index], &table->threads[index], elapsed);
        load->shares[i].share = ran;
        load->cpus[system->threads[i].cpu] += ran;
    }
    watch_load_divide(load, elapsed);
    free(before);
    load->table = table;
    load->time = now;
    return true;
}
