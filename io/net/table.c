/* SPDX-License-Identifier: BSD-2-Clause */
#include "table.h"

static unsigned set_of(uint64_t key)
{
    return (unsigned)(key * 0x9e3779b97f4a7c15ULL >> 56) % NET_TABLE_SETS;
}

static bool is_old(const struct net_table *table, const struct net_table_entry *entry, uint32_t now)
{
    return now - entry->seen > table->age;
}

void net_table_init(struct net_table *table, uint32_t age)
{
    *table = (struct net_table){ .age = age };
    for (unsigned set = 0; set < NET_TABLE_SETS; set++) {
        for (unsigned way = 0; way < NET_TABLE_WAYS; way++) {
            table->sets[set][way].port = NET_NO_PORT;
        }
    }
}

static void release(struct net_table *table, struct net_table_entry *entry)
{
    if (entry->port != NET_NO_PORT) {
        table->counts[entry->port]--;
        entry->port = NET_NO_PORT;
    }
}

static unsigned count_of(const struct net_table_entry *set, unsigned port)
{
    unsigned count = 0;

    for (unsigned way = 0; way < NET_TABLE_WAYS; way++) {
        count += set[way].port == port;
    }
    return count;
}

/* The entry of a port in the set that was seen the longest ago, or NULL. */
static struct net_table_entry *oldest_of(struct net_table_entry *set, unsigned port, uint32_t now)
{
    struct net_table_entry *oldest = NULL;

    for (unsigned way = 0; way < NET_TABLE_WAYS; way++) {
        if (set[way].port == port && (oldest == NULL || now - set[way].seen > now - oldest->seen)) {
            oldest = &set[way];
        }
    }
    return oldest;
}

/*
 * A place in the set for an address of `port`: a free or forgotten one; else the oldest of who has
 * most here, if those are more than the port has then; else its own oldest. So nobody who chooses
 * addresses keeps others out of a set. NULL: others have it all.
 */
static struct net_table_entry *place_for(struct net_table *table, struct net_table_entry *set,
                                         unsigned port, uint32_t now)
{
    bool may_add = table->counts[port] < NET_TABLE_SHARE;
    unsigned first = port;
    unsigned most = count_of(set, port) + 1;

    for (unsigned way = 0; way < NET_TABLE_WAYS; way++) {
        struct net_table_entry *entry = &set[way];

        if (entry->port != NET_NO_PORT && is_old(table, entry, now)) {
            release(table, entry);
        }
        if (entry->port == NET_NO_PORT && may_add) {
            return entry;
        }
        if (may_add && count_of(set, entry->port) > most) {
            first = entry->port;
            most = count_of(set, first);
        }
    }
    table->crowded++;
    return oldest_of(set, first, now);
}

/* A key that is not there finds a place, or none. */
static void __attribute__((noinline))
add(struct net_table *table, struct net_table_entry *set, uint64_t key, unsigned port, uint32_t now)
{
    struct net_table_entry *entry = place_for(table, set, port, now);

    if (entry != NULL) {
        release(table, entry);
        *entry = (struct net_table_entry){ .key = key, .seen = now, .port = (uint8_t)port };
        table->counts[port]++;
    }
}

void net_table_learn(struct net_table *table, uint64_t key, unsigned port, uint32_t now)
{
    struct net_table_entry *set = table->sets[set_of(key)];

    for (unsigned way = 0; way < NET_TABLE_WAYS; way++) {
        if (set[way].key == key && set[way].port != NET_NO_PORT) {
            if (set[way].port == port) {
                set[way].seen = now;
                return;
            }
            /* It moved; its place now is of the other port's share. */
            release(table, &set[way]);
            break;
        }
    }
    add(table, set, key, port, now);
}

unsigned net_table_find(const struct net_table *table, uint64_t key, uint32_t now)
{
    const struct net_table_entry *set = table->sets[set_of(key)];

    for (unsigned way = 0; way < NET_TABLE_WAYS; way++) {
        if (set[way].key == key && set[way].port != NET_NO_PORT) {
            return is_old(table, &set[way], now) ? NET_NO_PORT : set[way].port;
        }
    }
    return NET_NO_PORT;
}

void net_table_forget(struct net_table *table, unsigned port)
{
    for (unsigned set = 0; set < NET_TABLE_SETS; set++) {
        for (unsigned way = 0; way < NET_TABLE_WAYS; way++) {
            if (table->sets[set][way].port == port) {
                release(table, &table->sets[set][way]);
            }
        }
    }
}
