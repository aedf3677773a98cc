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
/* Ports by channel, NET_NO_PORT where there is none; and channels by port. */
static uint8_t ports[MICROKIT_MAX_CHANNELS];
static uint8_t channels[NET_MAX_PORTS];

static uint64_t clock_now(void)
{
    uint64_t ticks;

    __asm__ volatile("mrs %0, cntpct_el0" : "=r"(ticks));
    return ticks / frequency * NS_A_SECOND + ticks % frequency * NS_A_SECOND / frequency;
}

static void __attribute__((noinline)) notify_all(uint64_t set)
{
    for (; set != 0; set &= set - 1) {
        microkit_notify(channels[__builtin_ctzll(set)]);
    }
}

/* The last one can wait until this thread does, so that both are one call of the kernel; most often
 * there is no other. */
static void notify(void)
{
    uint64_t set = net_switch_notify(&network);
    uint64_t others = set & (set - 1);

    if (others != 0) {
        notify_all(others);
    }
    if (set != 0) {
        microkit_deferred_notify(channels[__builtin_ctzll(set)]);
    }
}

/* Serve a port, and when that was not all, all of them until nothing is left. */
static void serve(unsigned port)
{
    bool left = net_switch_serve(&network, port, clock_now());

    while (left) {
        notify_all(net_switch_notify(&network));
        left = net_switch_round(&network, clock_now());
    }
    notify();
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
    memset(ports, NET_NO_PORT, sizeof(ports));
    for (unsigned i = 0; i < config.count; i++) {
        ports[config.ports[i].channel] = (uint8_t)i;
        channels[i] = (uint8_t)config.ports[i].channel;
        net_switch_add(&network, &config.ports[i].rules, (void *)config.ports[i].address);
    }
    show_statistics();
    for (unsigned i = 0; i < config.count; i++) {
        microkit_notify(config.ports[i].channel);
        serve(i);
    }
}

static unsigned port_of(microkit_channel ch)
{
    return ch < MICROKIT_MAX_CHANNELS ? ports[ch] : NET_NO_PORT;
}

void notified(microkit_channel ch)
{
    unsigned port = port_of(ch);

    if (port != NET_NO_PORT) {
        serve(port);
    }
}

microkit_msginfo protected(microkit_channel ch, microkit_msginfo msginfo)
{
    unsigned port = port_of(ch);
    uint64_t taken = 0;

    if (port != NET_NO_PORT && microkit_msginfo_get_label(msginfo) == NET_CALL_UNPOST) {
        net_switch_unpost(&network, port);
    } else if (port != NET_NO_PORT && microkit_msginfo_get_label(msginfo) == NET_CALL_SEND &&
               microkit_msginfo_get_count(msginfo) == 1) {
        taken = net_switch_send(&network, port, microkit_mr_get(0), clock_now());
        notify();
    }
    microkit_mr_set(0, taken);
    return microkit_msginfo_new(0, 1);
}
