/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <string.h>

#include <io/words/words.h>

#include "limit.h"

#define CONFIG_WORDS 8u

/** The words of a line. */
struct config_line {
    struct words word[CONFIG_WORDS];
    uint32_t count;
};

/** False: it has more words than any setting. */
static bool config_split(struct config_line *line, struct words text)
{
    line->count = 0;
    for (struct words word = words_next(&text); words_length(word) != 0; word = words_next(&text)) {
        if (line->count == CONFIG_WORDS) {
            return false;
        }
        line->word[line->count++] = word;
    }
    return true;
}

static bool config_is(const struct config_line *line, uint32_t i, const char *text)
{
    return i < line->count && words_is(line->word[i], text);
}

static bool config_number(const struct config_line *line, uint32_t i, uint64_t most,
                          uint64_t *value)
{
    return i < line->count && words_number(line->word[i], most, value);
}

/** The client of that name; `count` when there is none. */
static uint32_t config_find(const struct block_config *config, const struct config_line *line,
                            uint32_t i)
{
    uint32_t client = 0;

    while (client < config->count && !config_is(line, i, config->clients[client].name)) {
        client++;
    }
    return client;
}

static bool config_channel(const struct block_config *config, const struct config_line *line,
                           uint32_t *channel)
{
    uint64_t value;

    if (!config_number(line, 1, BLOCK_CONFIG_CHANNELS - 1, &value) ||
        config->device.channel == value || config->timer == value) {
        return false;
    }
    for (uint32_t i = 0; i < config->count; i++) {
        if (config->clients[i].connection.channel == value) {
            return false;
        }
    }
    *channel = (uint32_t)value;
    return true;
}

static bool config_connection(const struct block_config *config, const struct config_line *line,
                              struct block_connection *connection)
{
    uint64_t address;
    uint64_t bytes;

    if (!config_channel(config, line, &connection->channel) ||
        !config_number(line, 2, UINTPTR_MAX, &address) ||
        !config_number(line, 3, SIZE_MAX, &bytes)) {
        return false;
    }
    connection->address = (uintptr_t)address;
    connection->bytes = (size_t)bytes;
    return true;
}

static bool config_share(const struct config_line *line, uint32_t i,
                         struct block_config_client *client)
{
    struct words rest;
    uint64_t number;

    if (config_is(line, i, "whole")) {
        client->share = BLOCK_SHARE_WHOLE;
        return true;
    }
    if (words_begin(line->word[i], "partition:", &rest)) {
        client->share = BLOCK_SHARE_PARTITION;
        if (!words_number(rest, UINT32_MAX, &number) || number == 0) {
            return false;
        }
        client->partition = (uint32_t)number;
        return true;
    }
    if (words_begin(line->word[i], "extent:", &rest)) {
        const char *colon = memchr(rest.at, ':', words_length(rest));

        client->share = BLOCK_SHARE_EXTENT;
        return colon != NULL &&
               words_number((struct words){ rest.at, colon }, UINT64_MAX, &client->first) &&
               words_number((struct words){ colon + 1, rest.end }, UINT64_MAX, &client->count) &&
               client->count != 0;
    }
    return false;
}

static bool config_client(struct block_config *config, const struct config_line *line)
{
    struct block_config_client *client = &config->clients[config->count];

    if (config->count == BLOCK_MAX_CLIENTS || line->count < 7 ||
        config_find(config, line, 4) != config->count ||
        !config_connection(config, line, &client->connection) ||
        !config_number(line, 5, UINT64_MAX, &client->memory_bytes) ||
        !config_share(line, 6, client) || (line->count == 8 && !config_is(line, 7, "ro")) ||
        !words_copy(line->word[4], client->name, BLOCK_NAME_BYTES)) {
        return false;
    }
    client->read_only = line->count == 8;
    config->count++;
    return true;
}

static bool config_base(struct block_config *config, const struct config_line *line)
{
    uint32_t client = config_find(config, line, 1);

    if (client == config->count || config->clients[client].base_given || line->count != 3) {
        return false;
    }
    config->clients[client].base_given = true;
    return config_number(line, 2, UINT64_MAX, &config->clients[client].base);
}

static bool config_limit(struct block_config *config, const struct config_line *line)
{
    uint32_t client = config_find(config, line, 1);
    struct block_config_client *to = &config->clients[client];

    return client != config->count && line->count == 4 && to->bytes_a_second == 0 &&
           to->operations_a_second == 0 &&
           config_number(line, 2, BLOCK_LIMIT_MOST, &to->bytes_a_second) &&
           config_number(line, 3, BLOCK_LIMIT_MOST, &to->operations_a_second) &&
           (to->bytes_a_second >= BLOCK_LIMIT_LEAST_BYTES ||
            (to->bytes_a_second == 0 && to->operations_a_second != 0));
}

static bool config_setting(struct block_config *config, const struct config_line *line)
{
    uint64_t number;

    if (line->count == 0) {
        return true;
    }
    if (config_is(line, 0, "device")) {
        return config->device.channel == BLOCK_CONFIG_NONE && line->count == 4 &&
               config_connection(config, line, &config->device);
    }
    if (config_is(line, 0, "client")) {
        return config_client(config, line);
    }
    if (config_is(line, 0, "base")) {
        return config_base(config, line);
    }
    if (config_is(line, 0, "limit")) {
        return config_limit(config, line);
    }
    if (config_is(line, 0, "table")) {
        if (config->table_given || line->count != 2) {
            return false;
        }
        config->table_given = true;
        return config_number(line, 1, UINT64_MAX, &config->table);
    }
    if (config_is(line, 0, "timer")) {
        return config->timer == BLOCK_CONFIG_NONE && line->count == 2 &&
               config_channel(config, line, &config->timer);
    }
    if (config_is(line, 0, "deadline")) {
        if (config->deadline != 0 || line->count != 2 ||
            !config_number(line, 1, UINT32_MAX, &number) || number == 0) {
            return false;
        }
        config->deadline = (uint32_t)number;
        return true;
    }
    return false;
}

/** Does something need the time? */
static bool config_needs_timer(const struct block_config *config)
{
    bool needs = config->deadline != 0;

    for (uint32_t i = 0; i < config->count; i++) {
        needs = needs || config->clients[i].bytes_a_second != 0 ||
                config->clients[i].operations_a_second != 0;
    }
    return needs;
}

uint32_t block_config_read(struct block_config *config, const char *text, size_t bytes)
{
    const char *zero = memchr(text, '\0', bytes);
    struct words rest = { text, zero != NULL ? zero : text + bytes };
    struct words one;
    uint32_t number = 1;

    *config = (struct block_config){
        .device.channel = BLOCK_CONFIG_NONE,
        .timer = BLOCK_CONFIG_NONE,
    };
    for (; words_line(&rest, &one); number++) {
        struct config_line line;

        if (!config_split(&line, one) || !config_setting(config, &line)) {
            return number;
        }
    }
    return config->device.channel == BLOCK_CONFIG_NONE || config->count == 0 ||
                   (config_needs_timer(config) && config->timer == BLOCK_CONFIG_NONE)
               ? number
               : 0;
}
