/* SPDX-License-Identifier: BSD-2-Clause */
/* The network switch's PD. It is told its configuration (config.h) in a region. */
#include <bulkhead/libc.h>
#include <bulkhead/statistics.h>
#include <microkit.h>

#include "config.h"

#define NS_A_SECOND 1000000000ULL
#define NOT_SET 1

/* Set in the ELF file by the tool. */
__attribute__((used)) uint64_t config_vaddr = NOT_SET;
__attribute__((used)) uint64_t config_bytes = NOT_SET;

static BH_STATISTICS(NET_MAX_PORTS) directory BH_STATISTICS_KEPT;

static struct net_config config;
static struct net_switch network;
static uint64_t frequency;

static uint64_t clock_now(void)
{
    uint64_t ticks;

    __asm__ volatile("mrs %0, cntpct_el0" : "=r"(ticks));
    return ticks / frequency * NS_A_SECOND + ticks % frequency * NS_A_SECOND / frequency;
}

/* The last one can wait until this thread does, so that both are one call of the kernel. */
static void notify(bool last)
{
    for (uint64_t set = net_switch_notify(&network); set != 0; set &= set - 1) {
        microkit_channel channel = config.ports[__builtin_ctzll(set)].channel;

        if (last) {
            microkit_deferred_notify(channel);
        } else {
            microkit_notify(channel);
        }
    }
}

/* Serve the ports of a set, in turns, until nothing is left. */
static void serve(uint64_t set)
{
    while (set != 0) {
        uint64_t now = clock_now();

        for (uint64_t rest = set; rest != 0; rest &= rest - 1) {
            unsigned port = (unsigned)__builtin_ctzll(rest);

            if (!net_switch_serve(&network, port, now)) {
                set &= ~(UINT64_C(1) << port);
            }
        }
        notify(set == 0);
    }
}

/* What the ports count is shown to who sees the machine's memory. */
static void show_statistics(void)
{
    bh_statistics_begin(&directory.head);
    for (unsigned i = 0; i < config.count; i++) {
        const struct net_port_stats *stats = &network.ports[i].stats;
        const uint64_t *const frames[BH_STATISTICS_SUMMANDS] = { &stats->sent_frames,
                                                                 &stats->received_frames };

        bh_statistics_add(&directory.head, config.ports[i].rules.name, frames,
                          &stats->received_bytes, &stats->sent_bytes);
    }
}

void init(void)
{
    __asm__("mrs %0, cntfrq_el0" : "=r"(frequency));
    unsigned wrong = net_config_read(&config, (const char *)config_vaddr, config_bytes);
    if (wrong != 0) {
        printf("%s: line %u of the configuration is wrong\n", microkit_name, wrong);
        microkit_internal_crash(0);
    }
    net_switch_init(&network, config.age);
    for (unsigned i = 0; i < config.count; i++) {
        net_switch_add(&network, &config.ports[i].rules, (void *)config.ports[i].address);
    }
    show_statistics();
    for (unsigned i = 0; i < config.count; i++) {
        microkit_notify(config.ports[i].channel);
        serve(UINT64_C(1) << i);
    }
}

static unsigned port_of(microkit_channel ch)
{
    unsigned port = 0;

    while (port < config.count && config.ports[port].channel != ch) {
        port++;
    }
    return port;
}

void notified(microkit_channel ch)
{
    unsigned port = port_of(ch);

    if (port < config.count) {
        serve(UINT64_C(1) << port);
    }
}

microkit_msginfo protected(microkit_channel ch, microkit_msginfo msginfo)
{
    unsigned port = port_of(ch);
    uint64_t taken = 0;

    if (port < config.count && microkit_msginfo_get_label(msginfo) == NET_CALL_UNPOST) {
        net_switch_unpost(&network, port);
    } else if (port < config.count && microkit_msginfo_get_label(msginfo) == NET_CALL_SEND &&
               microkit_msginfo_get_count(msginfo) == 1) {
        taken = net_switch_send(&network, port, microkit_mr_get(0), clock_now());
        notify(true);
    }
    microkit_mr_set(0, taken);
    return microkit_msginfo_new(0, 1);
}
