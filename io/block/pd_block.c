/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The block virtualiser's PD. What it is told: its configuration (config.h) in a region; for each
 * client n, in the configuration's order, the physical address of its memory in `memory<n>_paddr`,
 * where the configuration has no base for it; and memory for partition tables, PARTITION_READ
 * bytes, with the address by which the driver reaches it.
 */
#include <bulkhead/libc.h>
#include <bulkhead/statistics.h>
#include <io/timer/protocol.h>
#include <microkit.h>

#include "virtualiser.h"

#define NS_A_SECOND 1000000000ull
#define NOT_SET 1

/* Set in the ELF file by the tool: not to be taken for constants. */
#define PATCHED __attribute__((used))
PATCHED uint64_t config_vaddr = NOT_SET;
PATCHED uint64_t config_bytes = NOT_SET;
PATCHED uint64_t table_vaddr = NOT_SET;
PATCHED uint64_t table_paddr = NOT_SET;

/* One variable a client: the tool knows names, and no arrays. */
#define MEMORY(n)                      \
    extern uint64_t memory##n##_paddr; \
    PATCHED uint64_t memory##n##_paddr = NOT_SET
MEMORY(0);
MEMORY(1);
MEMORY(2);
MEMORY(3);
MEMORY(4);
MEMORY(5);
MEMORY(6);
MEMORY(7);
MEMORY(8);
MEMORY(9);
MEMORY(10);
MEMORY(11);
MEMORY(12);
MEMORY(13);
MEMORY(14);
MEMORY(15);
MEMORY(16);
MEMORY(17);
MEMORY(18);
MEMORY(19);
MEMORY(20);
MEMORY(21);
MEMORY(22);
MEMORY(23);
MEMORY(24);
MEMORY(25);
MEMORY(26);
MEMORY(27);
MEMORY(28);
MEMORY(29);
MEMORY(30);
MEMORY(31);

static const uint64_t *const memories[BLOCK_MAX_CLIENTS] = {
    &memory0_paddr,  &memory1_paddr,  &memory2_paddr,  &memory3_paddr,  &memory4_paddr,
    &memory5_paddr,  &memory6_paddr,  &memory7_paddr,  &memory8_paddr,  &memory9_paddr,
    &memory10_paddr, &memory11_paddr, &memory12_paddr, &memory13_paddr, &memory14_paddr,
    &memory15_paddr, &memory16_paddr, &memory17_paddr, &memory18_paddr, &memory19_paddr,
    &memory20_paddr, &memory21_paddr, &memory22_paddr, &memory23_paddr, &memory24_paddr,
    &memory25_paddr, &memory26_paddr, &memory27_paddr, &memory28_paddr, &memory29_paddr,
    &memory30_paddr, &memory31_paddr,
};

static BH_STATISTICS(BLOCK_MAX_CLIENTS) directory BH_STATISTICS_KEPT;

static struct block_config config;
static struct block_virtualiser virtualiser;
static uint64_t frequency;
static uint64_t latest;
static uint64_t timeout = BLOCK_NEVER;

/* Nanoseconds; never less than before. */
static uint64_t clock_now(void)
{
    uint64_t ticks;

    __asm__ volatile("mrs %0, cntpct_el0" : "=r"(ticks));
    uint64_t now = ticks / frequency * NS_A_SECOND + ticks % frequency * NS_A_SECOND / frequency;
    latest = now > latest ? now : latest;
    return latest;
}

static void complain(const char *client, const char *what)
{
    microkit_dbg_puts(microkit_name);
    microkit_dbg_puts(": ");
    microkit_dbg_puts(client);
    microkit_dbg_puts(" has no disk: ");
    microkit_dbg_puts(what);
    microkit_dbg_puts("\n");
}

/* Asks for a notification at `deadline`, unless one comes before that anyway. */
static void set_timeout(uint64_t deadline, uint64_t now)
{
    if (deadline < timeout) {
        timeout = deadline;
        microkit_mr_set(0, deadline - now);
        (void)microkit_ppcall(config.timer, microkit_msginfo_new(TIMER_SET_TIMEOUT, 1));
    }
}

/* The last of the notifications goes with the system call in which the PD then waits. */
static void serve(void)
{
    uint64_t now = config.timer != BLOCK_CONFIG_NONE ? clock_now() : 0;
    struct block_work work = block_virtualiser_serve(&virtualiser, now);

    if (work.deadline != BLOCK_NEVER) {
        set_timeout(work.deadline, now);
    }
    if (work.device) {
        microkit_deferred_notify(config.device.channel);
    }
    for (uint32_t i = 0; work.clients != 0; i++, work.clients >>= 1) {
        if ((work.clients & 1) != 0) {
            microkit_deferred_notify(config.clients[i].connection.channel);
        }
    }
}

/* What the clients' parts of the disk count is shown to who sees the machine's memory. */
static void show_statistics(void)
{
    bh_statistics_begin(&directory.head);
    for (uint32_t i = 0; i < config.count; i++) {
        const struct block_stats *stats = &virtualiser.clients[i].stats;
        const uint64_t *const requests[BH_STATISTICS_SUMMANDS] = {
            &stats->requests[BLOCK_READ],
            &stats->requests[BLOCK_WRITE],
            &stats->requests[BLOCK_FLUSH],
            &stats->requests[BLOCK_DISCARD],
        };

        bh_statistics_add(&directory.head, config.clients[i].name, requests, &stats->bytes_read,
                          &stats->bytes_written);
    }
}

void init(void)
{
    struct block_buffer buffer = { (uint8_t *)table_vaddr, table_paddr };
    uint32_t line = block_config_read(&config, (const char *)config_vaddr, config_bytes);

    __asm__("mrs %0, cntfrq_el0" : "=r"(frequency));
    if (line != 0) {
        printf("block: line %u of the configuration is wrong\n", line);
        microkit_internal_crash(0);
    }
    if (config.table_given) {
        buffer.address = config.table;
    }
    for (uint32_t i = 0; i < config.count; i++) {
        if (!config.clients[i].base_given) {
            config.clients[i].base = *memories[i];
        }
    }
    if (!block_virtualiser_open(&virtualiser, &config, buffer, complain)) {
        printf("block: a connection's region is too small or not aligned\n");
        microkit_internal_crash(0);
    }
    show_statistics();
    microkit_notify(config.device.channel);
    serve();
}

void notified(microkit_channel ch)
{
    if (ch == config.timer) {
        timeout = BLOCK_NEVER;
    }
    serve();
}
