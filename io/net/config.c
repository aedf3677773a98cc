/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <string.h>

#define NS_A_SECOND 1000000000ULL
/** Ages count in 32 bits of 2^20 ns; half of that range can be told apart. */
#define CONFIG_MOST_AGE 2000000ULL
#define CONFIG_VLANS 4095ULL
#define CONFIG_MOST_RATE (1ULL << 40)
/** A frame that is to be segmented must fit into the burst, or it would never go. */
#define CONFIG_LEAST_BURST 65536ULL

/** The rest of a line. */
struct text {
    const char *at;
    const char *end;
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/** The next word, which is taken off the line. Empty at the end, and at a comment. */
static struct text next_word(struct text *line)
{
    struct text word;

    while (line->at < line->end && is_blank(*line->at)) {
        line->at++;
    }
    if (line->at < line->end && *line->at == '#') {
        line->at = line->end;
    }
    word.at = line->at;
    while (line->at < line->end && !is_blank(*line->at)) {
        line->at++;
    }
    word.end = line->at;
    return word;
}

static size_t length_of(struct text word)
{
    return (size_t)(word.end - word.at);
}

static bool is_word(struct text word, const char *wanted)
{
    return length_of(word) == strlen(wanted) && memcmp(word.at, wanted, length_of(word)) == 0;
}

static bool digit_of(char c, unsigned base, unsigned *digit)
{
    if (c >= '0' && c <= '9') {
        *digit = (unsigned)(c - '0');
    } else if (c >= 'a' && c <= 'f') {
        *digit = (unsigned)(c - 'a') + 10;
    } else {
        return false;
    }
    return *digit < base;
}

static bool parse_number(struct text word, uint64_t most, uint64_t *value)
{
    unsigned base = 10;

    if (length_of(word) > 2 && word.at[0] == '0' && word.at[1] == 'x') {
        base = 16;
        word.at += 2;
    }
    *value = 0;
    for (const char *c = word.at; c < word.end; c++) {
        unsigned digit;

        if (!digit_of(*c, base, &digit) || digit > most || *value > (most - digit) / base) {
            return false;
        }
        *value = *value * base + digit;
    }
    return length_of(word) > 0;
}

static bool parse_mac(struct text word, uint8_t mac[NET_MAC_BYTES])
{
    if (length_of(word) != 3 * NET_MAC_BYTES - 1) {
        return false;
    }
    for (unsigned i = 0; i < NET_MAC_BYTES; i++) {
        const char *c = word.at + (size_t)3 * i;
        unsigned high;
        unsigned low;

        if (!digit_of(c[0], 16, &high) || !digit_of(c[1], 16, &low) ||
            (i + 1 < NET_MAC_BYTES && c[2] != ':')) {
            return false;
        }
        mac[i] = (uint8_t)(high << 4 | low);
    }
    /* A group's address is nobody's own. */
    return (mac[0] & 1) == 0;
}

static bool read_port(struct net_config *config, struct text *line)
{
    struct net_config_port port = { .rules = { .vlan = NET_DEFAULT_VLAN, .to = UINT64_MAX } };
    uint64_t channel;
    struct text name;

    if (config->count == NET_MAX_PORTS ||
        !parse_number(next_word(line), NET_MAX_PORTS - 1, &channel) ||
        !parse_number(next_word(line), UINT64_MAX, &port.address)) {
        return false;
    }
    port.channel = (uint32_t)channel;
    name = next_word(line);
    if (length_of(name) == 0 || length_of(name) >= NET_NAME_BYTES ||
        !parse_mac(next_word(line), port.rules.mac)) {
        return false;
    }
    memcpy(port.rules.name, name.at, length_of(name));
    for (unsigned i = 0; i < config->count; i++) {
        if (config->ports[i].channel == port.channel ||
            memcmp(config->ports[i].rules.mac, port.rules.mac, NET_MAC_BYTES) == 0) {
            return false;
        }
    }
    config->ports[config->count++] = port;
    return true;
}

static bool read_tagged(struct net_port_rules *rules, struct text *line)
{
    struct text word = next_word(line);
    uint64_t vlan;

    do {
        if (!parse_number(word, CONFIG_VLANS - 1, &vlan) || vlan == 0) {
            return false;
        }
        rules->tagged[vlan / 64] |= UINT64_C(1) << vlan % 64;
        word = next_word(line);
    } while (length_of(word) > 0);
    return true;
}

static bool read_to(struct net_port_rules *rules, struct text *line)
{
    uint64_t port;

    rules->to = 0;
    for (struct text word = next_word(line); length_of(word) > 0; word = next_word(line)) {
        if (!parse_number(word, NET_MAX_PORTS - 1, &port)) {
            return false;
        }
        rules->to |= UINT64_C(1) << port;
    }
    return true;
}

/** A line that says something of the last port. */
static bool read_rule(struct net_port_rules *rules, struct text word, struct text *line)
{
    uint64_t number;

    if (is_word(word, "any-mac")) {
        rules->any_mac = true;
        return true;
    }
    if (is_word(word, "vlan")) {
        if (!parse_number(next_word(line), CONFIG_VLANS - 1, &number)) {
            return false;
        }
        rules->vlan = (uint16_t)number;
        return true;
    }
    if (is_word(word, "tagged")) {
        return read_tagged(rules, line);
    }
    if (is_word(word, "to")) {
        return read_to(rules, line);
    }
    return is_word(word, "rate") && parse_number(next_word(line), CONFIG_MOST_RATE, &rules->rate) &&
           rules->rate > 0 && parse_number(next_word(line), CONFIG_MOST_RATE, &rules->burst) &&
           rules->burst >= CONFIG_LEAST_BURST;
}

static bool read_memory(struct net_config *config, struct text *line)
{
    struct net_memory *memory;
    uint64_t port;
    uint64_t at;

    if (!parse_number(next_word(line), NET_MAX_PORTS - 1, &port) || port >= config->count) {
        return false;
    }
    memory = &config->ports[port].rules.guest;
    if (memory->bytes != 0 || !parse_number(next_word(line), UINT64_MAX, &memory->address) ||
        !parse_number(next_word(line), UINT64_MAX, &memory->bytes) ||
        !parse_number(next_word(line), UINT64_MAX, &at)) {
        return false;
    }
    memory->at = (uint8_t *)at;
    return memory->bytes != 0 && memory->bytes - 1 <= UINT64_MAX - memory->address;
}

static bool read_line(struct net_config *config, struct text line)
{
    struct text word = next_word(&line);
    uint64_t seconds;
    bool good;

    if (length_of(word) == 0) {
        return true;
    }
    if (is_word(word, "age")) {
        good = parse_number(next_word(&line), CONFIG_MOST_AGE, &seconds) && seconds > 0;
        config->age = good ? seconds * NS_A_SECOND : 0;
    } else if (is_word(word, "port")) {
        good = read_port(config, &line);
    } else if (is_word(word, "memory")) {
        good = read_memory(config, &line);
    } else {
        good = config->count > 0 && read_rule(&config->ports[config->count - 1].rules, word, &line);
    }
    return good && length_of(next_word(&line)) == 0;
}

/** Take the next line off the text. False: there is none. */
static bool next_line(struct text *rest, struct text *line)
{
    const char *newline;

    if (rest->at == rest->end) {
        return false;
    }
    newline = memchr(rest->at, '\n', length_of(*rest));
    *line = (struct text){ rest->at, newline != NULL ? newline : rest->end };
    rest->at = newline != NULL ? newline + 1 : rest->end;
    return true;
}

unsigned net_config_read(struct net_config *config, const char *text, size_t bytes)
{
    struct text rest = { text, text + bytes };
    struct text line;
    unsigned number = 0;

    *config = (struct net_config){ .age = NET_DEFAULT_AGE };
    while (next_line(&rest, &line)) {
        number++;
        if (!read_line(config, line)) {
            return number;
        }
    }
    return 0;
}

static bool read_end(struct net_config_trunk *config, struct text line)
{
    struct text word = next_word(&line);
    uint64_t channel;
    uint64_t memory;
    uint64_t buffers;
    uint64_t port;
    uint64_t readable;

    if (length_of(word) == 0) {
        return true;
    }
    if (config->count == NET_TRUNK_ENDS || !is_word(word, "end") ||
        !parse_number(next_word(&line), NET_MAX_PORTS - 1, &channel) ||
        !parse_number(next_word(&line), UINT64_MAX, &memory) ||
        !parse_number(next_word(&line), UINT64_MAX, &buffers) ||
        !parse_number(next_word(&line), NET_MAX_PORTS - 1, &port) ||
        !parse_number(next_word(&line), UINT64_MAX, &readable) ||
        length_of(next_word(&line)) != 0 ||
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
    struct text rest = { text, text + bytes };
    struct text line;
    unsigned number = 0;

    *config = (struct net_config_trunk){ .count = 0 };
    while (next_line(&rest, &line)) {
        number++;
        if (!read_end(config, line)) {
            return number;
        }
    }
    return config->count == NET_TRUNK_ENDS ? 0 : number + 1;
}
