/* SPDX-License-Identifier: BSD-2-Clause */
#include "emulator_net.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"

#define NET_MOST_PORT 65535
/** Longest name that Linux gives an interface, and the longest of a host. */
#define NET_INTERFACE 15
#define NET_HOST 253
/** tcp, address, port, address, port. */
#define NET_FORWARD_PARTS 5

/** Part of a string. */
struct net_part {
    const char *at;
    size_t bytes;
};

static bool net_is_port(struct net_part part)
{
    unsigned long number = 0;

    for (size_t i = 0; i < part.bytes; i++) {
        if (part.at[i] < '0' || part.at[i] > '9') {
            return false;
        }
        number = number * 10 + (unsigned long)(part.at[i] - '0');
        if (number > NET_MOST_PORT) {
            return false;
        }
    }
    return number > 0;
}

/** Nothing in it means something to the emulator. */
static bool net_is_name(struct net_part part, size_t most)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";

    return part.bytes > 0 && part.bytes <= most && strspn(part.at, plain) >= part.bytes;
}

/** Four numbers below 256. */
static bool net_is_address(struct net_part part)
{
    unsigned numbers = 0;

    for (size_t i = 0; i < part.bytes; numbers++) {
        unsigned number = 0;
        size_t digits = 0;

        for (; i < part.bytes && part.at[i] >= '0' && part.at[i] <= '9' && digits < 3; digits++) {
            number = number * 10 + (unsigned)(part.at[i++] - '0');
        }
        if (digits == 0 || number > 255 || (i < part.bytes && part.at[i] != '.') ||
            (i + 1 == part.bytes && part.at[i] == '.')) {
            return false;
        }
        i++;
    }
    return numbers == 4;
}

/** What stands between colons: at most `most` parts; more count, and are not kept. */
static size_t net_split(const char *text, struct net_part *parts, size_t most)
{
    size_t count = 0;

    while (true) {
        size_t bytes = strcspn(text, ":");

        if (count < most) {
            parts[count] = (struct net_part){ text, bytes };
        }
        count++;
        if (text[bytes] == '\0') {
            return count;
        }
        text += bytes + 1;
    }
}

static bool net_is_word(struct net_part part, const char *word)
{
    return part.bytes == strlen(word) && memcmp(part.at, word, part.bytes) == 0;
}

char *emulator_net_make(const char *net, size_t index)
{
    struct net_part parts[3];
    size_t count = net_split(net, parts, 3);

    if (count == 1 && net_is_word(parts[0], EMULATOR_NET_USER)) {
        return alloc_format("user,id=net%zu", index);
    }
    if (count == 2 && net_is_word(parts[0], "tap") && net_is_name(parts[1], NET_INTERFACE)) {
        return alloc_format("tap,id=net%zu,ifname=%s,script=no,downscript=no", index, parts[1].at);
    }
    if (count == 2 && net_is_word(parts[0], "listen") && net_is_port(parts[1])) {
        return alloc_format("socket,id=net%zu,listen=127.0.0.1:%s", index, parts[1].at);
    }
    if (count == 3 && net_is_word(parts[0], "connect") && net_is_name(parts[1], NET_HOST) &&
        net_is_port(parts[2])) {
        return alloc_format("socket,id=net%zu,connect=%s", index, parts[1].at);
    }
    return NULL;
}

char *emulator_net_forward(const char *forward)
{
    struct net_part parts[NET_FORWARD_PARTS];
    size_t count = net_split(forward, parts, NET_FORWARD_PARTS);
    bool host = count == NET_FORWARD_PARTS;
    const struct net_part *rest = host ? parts + 2 : parts + 1;

    if ((!host && count != NET_FORWARD_PARTS - 1) ||
        (!net_is_word(parts[0], "tcp") && !net_is_word(parts[0], "udp")) ||
        (host && !net_is_address(parts[1])) || !net_is_port(rest[0]) || !net_is_address(rest[1]) ||
        !net_is_port(rest[2])) {
        return NULL;
    }
    return alloc_format(",hostfwd=%.3s:%.*s:%.*s-%s", forward, host ? (int)parts[1].bytes : 9,
                        host ? parts[1].at : "127.0.0.1", (int)rest[0].bytes, rest[0].at,
                        rest[1].at);
}
