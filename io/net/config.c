/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <string.h>

#include <io/words/words.h>

#define NS_A_SECOND 1000000000ULL
/** 23 days: far below what can be told apart (switch_internal.h). */
#define CONFIG_MOST_AGE 2000000ULL
#define CONFIG_VLANS 4095ULL
#define CONFIG_MOST_RATE (1ULL << 40)
/** A frame that is to be segmented must fit into the burst, or it would never go. */
#define CONFIG_LEAST_BURST 65536ULL

static bool read_port(struct net_config *config, struct words *line)
{
    struct net_config_port port = { .rules = { .vlan = NET_DEFAULT_VLAN, .to = UINT64_MAX } };
    uint64_t channel;

    if (config->count == NET_MAX_PORTS ||
        !words_number(words_next(line), NET_MAX_PORTS - 1, &channel) ||
        !words_number(words_next(line), UINT64_MAX, &port.address)) {
        return false;
    }
    port.channel = (uint32_t)channel;
    if (!words_copy(words_next(line), port.rules.name, NET_NAME_BYTES) ||
        !words_mac(words_next(line), port.rules.mac)) {
        return false;
    }
    for (unsigned i = 0; i < config->count; i++) {
        if (config->ports[i].channel == port.channel ||
            memcmp(config->ports[i].rules.mac, port.rules.mac, NET_MAC_BYTES) == 0) {
            return false;
        }
    }
    config->ports[config->count++] = port;
    return true;
}

static bool read_tagged(struct net_port_rules *rules, struct words *line)
{
    struct words word = words_next(line);
    uint64_t vlan;

    do {
        if (!words_number(word, CONFIG_VLANS - 1, &vlan) || vlan == 0) {
            return false;
        }
        rules->tagged[vlan / 64] |= UINT64_C(1) << vlan % 64;
        word = words_next(line);
    } while (words_length(word) > 0);
    return true;
}

static bool read_to(struct net_port_rules *rules, struct words *line)
{
    uint64_t port;

    rules->to = 0;
    for (struct words word = words_next(line); words_length(word) > 0; word = words_next(line)) {
        if (!words_number(word, NET_MAX_PORTS - 1, &port)) {
            return false;
        }
        rules->to |= UINT64_C(1) << port;
    }
    return true;
}

/** A line that says something of the last port. */
static bool read_rule(struct net_port_rules *rules, struct words word, struct words *line)
{
    uint64_t number;

    if (words_is(word, "any-mac")) {
        rules->any_mac = true;
        return true;
    }
    if (words_is(word, "vlan")) {
        if (!words_number(words_next(line), CONFIG_VLANS - 1, &number)) {
            return false;
        }
        rules->vlan = (uint16_t)number;
        return true;
    }
    if (words_is(word, "tagged")) {
        return read_tagged(rules, line);
    }
    if (words_is(word, "to")) {
        return read_to(rules, line);
    }
    return words_is(word, "rate") &&
           words_number(words_next(line), CONFIG_MOST_RATE, &rules->rate) && rules->rate > 0 &&
           words_number(words_next(line), CONFIG_MOST_RATE, &rules->burst) &&
           rules->burst >= CONFIG_LEAST_BURST;
}

static bool read_memory(struct net_config *config, struct words *line)
{
    struct net_memory *memory;
    uint64_t port;
    uint64_t at;

    if (!words_number(words_next(line), NET_MAX_PORTS - 1, &port) || port >= config->count) {
        return false;
    }
    memory = &config->ports[port].rules.guest;
    if (memory->bytes != 0 || !words_number(words_next(line), UINT64_MAX, &memory->address) ||
        !words_number(words_next(line), UINT64_MAX, &memory->bytes) ||
        !words_number(words_next(line), UINT64_MAX, &at)) {
        return false;
    }
    memory->at = (uint8_t *)at;
    return memory->bytes != 0 && memory->bytes - 1 <= UINT64_MAX - memory->address;
}

static bool read_line(struct net_config *config, struct words line)
{
    struct words word = words_next(&line);
    uint64_t seconds;
    bool good;

    if (words_length(word) == 0) {
        return true;
    }
    if (words_is(word, "age")) {
        good = words_number(words_next(&line), CONFIG_MOST_AGE, &seconds) && seconds > 0;
        config->age = good ? seconds * NS_A_SECOND : 0;
    } else if (words_is(word, "port")) {
        good = read_port(config, &line);
    } else if (words_is(word, "memory")) {
        good = read_memory(config, &line);
    } else {
        good = config->count > 0 && read_rule(&config->ports[config->count - 1].rules, word, &line);
    }
    return good && words_length(words_next(&line)) == 0;
}

unsigned net_config_read(struct net_config *config, const char *text, size_t bytes)
{
    struct words rest = { text, text + bytes };
    struct words line;
    unsigned number = 0;

    *config = (struct net_config){ .age = NET_DEFAULT_AGE };
    while (words_line(&rest, &line)) {
        number++;
        if (!read_line(config, line)) {
            return number;
        }
    }
    return 0;
}

static bool read_end(struct net_config_trunk *config, struct words line)
{
    struct words word = words_next(&line);
    uint64_t channel;
    uint64_t memory;
    uint64_t buffers;
    uint64_t port;
    uint64_t readable;

    if (words_length(word) == 0) {
        return true;
    }
    if (config->count == NET_TRUNK_ENDS || !words_is(word, "end") ||
        !words_number(words_next(&line), NET_MAX_PORTS - 1, &channel) ||
        !words_number(words_next(&line), UINT64_MAX, &memory) ||
        !words_number(words_next(&line), UINT64_MAX, &buffers) ||
        !words_number(words_next(&line), NET_MAX_PORTS - 1, &port) ||
        !words_number(words_next(&line), UINT64_MAX, &readable) ||
        words_length(words_next(&line)) != 0 ||
        (config->count == 1 && config->ends[0].channel == channel)) {
        return false;
    }
    config->ends[config->count].channel = (uint32_t)channel;
    config->ends[config->count].memory = memory;
    config->ends[config->count].buffers = buffers;
    config->ends[config->count].port = (uint32_t)port;
    config->ends[config->count].readable = readable;
    config->count++;
    return true;
}

unsigned net_config_read_trunk(struct net_config_trunk *config, const char *text, size_t bytes)
{
    struct words rest = { text, text + bytes };
    struct words line;
    unsigned number = 0;

    *config = (struct net_config_trunk){ .count = 0 };
    while (words_line(&rest, &line)) {
        number++;
        if (!read_end(config, line)) {
            return number;
        }
    }
    return config->count == NET_TRUNK_ENDS ? 0 : number + 1;
}
