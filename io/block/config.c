/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <string.h>

#include "limit.h"

#define CONFIG_WORDS 8u

/** The words of a line. */
struct config_line {
    const char *word[CONFIG_WORDS];
    size_t length[CONFIG_WORDS];
    uint32_t count;
};

static bool config_split(struct config_line *line, const char *at, const char *end)
{
    line->count = 0;
    for (;;) {
        while (at < end && (*at == ' ' || *at == '\t' || *at == '\r')) {
            at++;
        }
        if (at == end || *at == '#') {
            return true;
        }
        if (line->count == CONFIG_WORDS) {
            return false;
        }
        line->word[line->count] = at;
        while (at < end && *at != ' ' && *at != '\t' && *at != '\r') {
            at++;
        }
        line->length[line->count] = (size_t)(at - line->word[line->count]);
        line->count++;
    }
}

static bool config_is(const struct config_line *line, uint32_t i, const char *text)
{
    return i < line->count && line->length[i] == strlen(text) &&
           memcmp(line->word[i], text, line->length[i]) == 0;
}

static uint32_t config_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return (uint32_t)(c - '0');
    }
    if (c >= 'a' && c <= 'f') {
        return (uint32_t)(c - 'a') + 10;
    }
    return c >= 'A' && c <= 'F' ? (uint32_t)(c - 'A') + 10 : 16;
}

static bool config_text_number(const char *at, size_t length, uint64_t most, uint64_t *value)
{
    uint32_t base = 10;

    *value = 0;
    if (length > 2 && at[0] == '0' && at[1] == 'x') {
        base = 16;
        at += 2;
        length -= 2;
    }
    for (size_t i = 0; i < length; i++) {
        uint32_t digit = config_digit(at[i]);

        if (digit >= base || digit > most || *value > (most - digit) / base) {
            return false;
        }
        *value = *value * base + digit;
    }
    return length != 0;
}

static bool config_number(const struct config_line *line, uint32_t i, uint64_t most,
                          uint64_t *value)
{
    return i < line->count && config_text_number(line->word[i], line->length[i], most, value);
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

/** Word i begins with `text`: *at is behind it. */
static bool config_begins(const struct config_line *line, uint32_t i, const char *text,
                          const char **at, size_t *length)
{
    size_t bytes = strlen(text);

    if (i >= line->count || line->length[i] <= bytes || memcmp(line->word[i], text, bytes) != 0) {
        return false;
    }
    *at = line->word[i] + bytes;
    *length = line->length[i] - bytes;
    return true;
}

static bool config_share(const struct config_line *line, uint32_t i,
                         struct block_config_client *client)
{
    const char *at;
    size_t length;
    uint64_t number;

    if (config_is(line, i, "whole")) {
        client->share = BLOCK_SHARE_WHOLE;
        return true;
    }
    if (config_begins(line, i, "partition:", &at, &length)) {
        client->share = BLOCK_SHARE_PARTITION;
        if (!config_text_number(at, length, UINT32_MAX, &number) || number == 0) {
            return false;
        }
        client->partition = (uint32_t)number;
        return true;
    }
    if (config_begins(line, i, "extent:", &at, &length)) {
        const char *colon = memchr(at, ':', length);

        client->share = BLOCK_SHARE_EXTENT;
        return colon != NULL &&
               config_text_number(at, (size_t)(colon - at), UINT64_MAX, &client->first) &&
               config_text_number(colon + 1, length - (size_t)(colon + 1 - at), UINT64_MAX,
                                  &client->count) &&
               client->count != 0;
    }
    return false;
}

static bool config_client(struct block_config *config, const struct config_line *line)
{
    struct block_config_client *client = &config->clients[config->count];

    if (config->count == BLOCK_MAX_CLIENTS || line->count < 7 ||
        line->length[4] >= BLOCK_NAME_BYTES || config_find(config, line, 4) != config->count ||
        !config_connection(config, line, &client->connection) ||
        !config_number(line, 5, UINT64_MAX, &client->memory_bytes) ||
        !config_share(line, 6, client) || (line->count == 8 && !config_is(line, 7, "ro"))) {
        return false;
    }
    memcpy(client->name, line->word[4], line->length[4]);
    client->name[line->length[4]] = '\0';
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
    const char *end = zero != NULL ? zero : text + bytes;
    uint32_t number = 1;

    *config = (struct block_config){
        .device.channel = BLOCK_CONFIG_NONE,
        .timer = BLOCK_CONFIG_NONE,
    };
    for (; text < end; number++) {
        const char *newline = memchr(text, '\n', (size_t)(end - text));
        const char *stop = newline != NULL ? newline : end;
        struct config_line line;

        if (!config_split(&line, text, stop) || !config_setting(config, &line)) {
            return number;
        }
        text = newline != NULL ? newline + 1 : end;
    }
    return config->device.channel == BLOCK_CONFIG_NONE || config->count == 0 ||
                   (config_needs_timer(config) && config->timer == BLOCK_CONFIG_NONE)
               ? number
               : 0;
}
