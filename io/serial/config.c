/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <string.h>

#include <io/words/words.h>

#define CONFIG_WORDS 7

/* The words of a line. */
struct config_line {
    struct words word[CONFIG_WORDS];
    unsigned int count;
};

/* False: it has more words than any setting. */
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

static bool config_is(const struct config_line *line, unsigned int i, const char *text)
{
    return i < line->count && words_is(line->word[i], text);
}

/* Word i as a number up to `most`. */
static bool config_number(const struct config_line *line, unsigned int i, uint64_t most,
                          uint64_t *value)
{
    return i < line->count && words_number(line->word[i], most, value);
}

static bool config_name(const struct config_line *line, unsigned int i, char *to)
{
    return i < line->count && words_copy(line->word[i], to, SERIAL_NAME_BYTES);
}

static unsigned int config_client_of(const struct serial_config *config, const char *name)
{
    for (unsigned int i = 0; i < config->count; i++) {
        if (strcmp(config->clients[i].name, name) == 0) {
            return i;
        }
    }
    return SERIAL_NOBODY;
}

static bool config_channel_used(const struct serial_config *config, uint32_t channel)
{
    bool used = config->device.channel == channel || config->timer == channel;

    for (unsigned int i = 0; i < config->count; i++) {
        used = used || config->clients[i].connection.channel == channel;
    }
    return used;
}

static bool config_channel(const struct serial_config *config, const struct config_line *line,
                           unsigned int i, uint32_t *channel)
{
    uint64_t value;

    if (!config_number(line, i, SERIAL_CONFIG_CHANNELS - 1, &value) ||
        config_channel_used(config, (uint32_t)value)) {
        return false;
    }
    *channel = (uint32_t)value;
    return true;
}

/* Words 1 to 3. */
static enum serial_config_error config_connection(const struct serial_config *config,
                                                  const struct config_line *line,
                                                  struct serial_connection *connection)
{
    uint64_t address;
    uint64_t bytes;

    if (!config_channel(config, line, 1, &connection->channel) ||
        !config_number(line, 2, UINTPTR_MAX, &address) ||
        !config_number(line, 3, SIZE_MAX, &bytes) || bytes > UINTPTR_MAX - address) {
        return SERIAL_CONFIG_NUMBER;
    }
    connection->address = (uintptr_t)address;
    connection->bytes = (size_t)bytes;
    return SERIAL_CONFIG_OK;
}

static enum serial_config_error config_device(struct serial_config *config,
                                              const struct config_line *line)
{
    if (line->count != 4 || config->device.channel != SERIAL_CONFIG_NONE) {
        return SERIAL_CONFIG_UNKNOWN;
    }
    return config_connection(config, line, &config->device);
}

static enum serial_config_error config_client(struct serial_config *config,
                                              const struct config_line *line)
{
    unsigned int i = config->count;
    uint64_t colour;

    if (line->count < 5 || line->count > 6) {
        return SERIAL_CONFIG_UNKNOWN;
    }
    if (i == SERIAL_MAX_CLIENTS) {
        return SERIAL_CONFIG_MANY;
    }
    enum serial_config_error error =
        config_connection(config, line, &config->clients[i].connection);
    if (error != SERIAL_CONFIG_OK) {
        return error;
    }
    if (!config_name(line, 4, config->clients[i].name) ||
        config_client_of(config, config->clients[i].name) != SERIAL_NOBODY) {
        return SERIAL_CONFIG_NAME;
    }
    config->clients[i].colour = serial_tx_colour(i);
    if (line->count == 6) {
        if (!config_number(line, 5, 97, &colour) || colour < 30 || (colour > 37 && colour < 90)) {
            return SERIAL_CONFIG_NUMBER;
        }
        config->clients[i].colour = (uint8_t)colour;
    }
    config->count++;
    return SERIAL_CONFIG_OK;
}

static enum serial_config_error config_about(struct serial_config *config,
                                             const struct config_line *line)
{
    char client[SERIAL_NAME_BYTES];
    unsigned int i = config->about_count;

    if (line->count != 3) {
        return SERIAL_CONFIG_UNKNOWN;
    }
    if (i == SERIAL_CONFIG_ABOUT) {
        return SERIAL_CONFIG_MANY;
    }
    if (!config_name(line, 1, config->about[i].name) || !config_name(line, 2, client)) {
        return SERIAL_CONFIG_NAME;
    }
    config->about[i].client = config_client_of(config, client);
    if (config->about[i].client == SERIAL_NOBODY) {
        return SERIAL_CONFIG_NAME;
    }
    config->about_count++;
    return SERIAL_CONFIG_OK;
}

/* `ctrl-` and a character of @A-Z[\]^_, or one printable character. */
static enum serial_config_error config_switch(struct serial_config *config,
                                              const struct config_line *line)
{
    struct words rest;

    if (line->count != 2) {
        return SERIAL_CONFIG_UNKNOWN;
    }
    if (words_length(line->word[1]) == 1 && *line->word[1].at > 0x20 && *line->word[1].at < 0x7f) {
        config->character = (uint8_t)*line->word[1].at;
        return SERIAL_CONFIG_OK;
    }
    if (words_begin(line->word[1], "ctrl-", &rest) && words_length(rest) == 1) {
        uint8_t letter = (uint8_t)*rest.at;

        letter = letter >= 'a' && letter <= 'z' ? (uint8_t)(letter - 0x20) : letter;
        if (letter > '@' && letter <= '_') {
            config->character = letter & 0x1f;
            return SERIAL_CONFIG_OK;
        }
    }
    return SERIAL_CONFIG_NAME;
}

static enum serial_config_error config_setting(struct serial_config *config,
                                               const struct config_line *line)
{
    uint64_t limit;

    if (config_is(line, 0, "device")) {
        return config_device(config, line);
    }
    if (config_is(line, 0, "client")) {
        return config_client(config, line);
    }
    if (config_is(line, 0, "about")) {
        return config_about(config, line);
    }
    if (config_is(line, 0, "switch")) {
        return config_switch(config, line);
    }
    if (line->count != 2) {
        return SERIAL_CONFIG_UNKNOWN;
    }
    if (config_is(line, 0, "colours")) {
        config->colours = config_is(line, 1, "on");
        return config->colours || config_is(line, 1, "off") ? SERIAL_CONFIG_OK
                                                            : SERIAL_CONFIG_UNKNOWN;
    }
    if (config_is(line, 0, "limit")) {
        bool good = config_number(line, 1, SERIAL_QUEUE_MAX_CAPACITY, &limit);
        config->limit = (uint32_t)limit;
        return good ? SERIAL_CONFIG_OK : SERIAL_CONFIG_NUMBER;
    }
    if (config_is(line, 0, "timer")) {
        return config_channel(config, line, 1, &config->timer) ? SERIAL_CONFIG_OK
                                                               : SERIAL_CONFIG_NUMBER;
    }
    return SERIAL_CONFIG_UNKNOWN;
}

enum serial_config_error serial_config_read(struct serial_config *config, const char *text,
                                            size_t bytes, unsigned int *line)
{
    const char *zero = memchr(text, '\0', bytes);
    struct words rest = { text, zero != NULL ? zero : text + bytes };
    struct words one;

    memset(config, 0, sizeof(*config));
    config->device.channel = SERIAL_CONFIG_NONE;
    config->timer = SERIAL_CONFIG_NONE;
    config->character = '@';
    config->colours = true;
    config->limit = SERIAL_TX_LIMIT;
    for (*line = 1; words_line(&rest, &one); ++*line) {
        struct config_line words = { .count = 0 };

        if (!config_split(&words, one)) {
            return SERIAL_CONFIG_UNKNOWN;
        }
        if (words.count != 0) {
            enum serial_config_error error = config_setting(config, &words);
            if (error != SERIAL_CONFIG_OK) {
                return error;
            }
        }
    }
    return config->count == 0 || config->device.channel == SERIAL_CONFIG_NONE
               ? SERIAL_CONFIG_MISSING
               : SERIAL_CONFIG_OK;
}

unsigned int serial_config_about(const struct serial_config *config, const char *name)
{
    for (unsigned int i = 0; i < config->about_count; i++) {
        if (strcmp(config->about[i].name, name) == 0) {
            return config->about[i].client;
        }
    }
    return config_client_of(config, name);
}
