/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <string.h>

#define CONFIG_WORDS 7

/* The words of a line. */
struct config_line {
    const char *word[CONFIG_WORDS];
    size_t length[CONFIG_WORDS];
    unsigned int count;
};

static bool config_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* Splits a line. Returns false when it has more words than any setting. */
static bool config_split(struct config_line *line, const char *at, const char *end)
{
    line->count = 0;
    for (;;) {
        while (at < end && config_blank(*at)) {
            at++;
        }
        if (at == end || *at == '#') {
            return true;
        }
        if (line->count == CONFIG_WORDS) {
            return false;
        }
        line->word[line->count] = at;
        while (at < end && !config_blank(*at)) {
            at++;
        }
        line->length[line->count] = (size_t)(at - line->word[line->count]);
        line->count++;
    }
}

static bool config_is(const struct config_line *line, unsigned int i, const char *text)
{
    return i < line->count && line->length[i] == strlen(text) &&
           memcmp(line->word[i], text, line->length[i]) == 0;
}

static unsigned int config_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return (unsigned int)(c - '0');
    }
    if (c >= 'a' && c <= 'f') {
        return (unsigned int)(c - 'a') + 10;
    }
    return c >= 'A' && c <= 'F' ? (unsigned int)(c - 'A') + 10 : 16;
}

/* Word i as a number up to `most`. */
static bool config_number(const struct config_line *line, unsigned int i, uint64_t most,
                          uint64_t *value)
{
    unsigned int base = 10;
    size_t at = 0;

    *value = 0;
    if (i >= line->count) {
        return false;
    }
    if (line->length[i] > 2 && line->word[i][0] == '0' && line->word[i][1] == 'x') {
        base = 16;
        at = 2;
    }
    for (; at < line->length[i]; at++) {
        unsigned int digit = config_digit(line->word[i][at]);
        if (digit >= base || digit > most || *value > (most - digit) / base) {
            return false;
        }
        *value = *value * base + digit;
    }
    return true;
}

static bool config_name(const struct config_line *line, unsigned int i, char *to)
{
    if (i >= line->count || line->length[i] >= SERIAL_NAME_BYTES ||
        memchr(line->word[i], '\0', line->length[i]) != NULL) {
        return false;
    }
    memcpy(to, line->word[i], line->length[i]);
    to[line->length[i]] = '\0';
    return true;
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
    const char *word = line->word[1];

    if (line->count != 2) {
        return SERIAL_CONFIG_UNKNOWN;
    }
    if (line->length[1] == 1 && word[0] > 0x20 && word[0] < 0x7f) {
        config->character = (uint8_t)word[0];
        return SERIAL_CONFIG_OK;
    }
    if (line->length[1] == 6 && memcmp(word, "ctrl-", 5) == 0) {
        uint8_t letter = (uint8_t)word[5];
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
    const char *end = zero != NULL ? zero : text + bytes;

    memset(config, 0, sizeof(*config));
    config->device.channel = SERIAL_CONFIG_NONE;
    config->timer = SERIAL_CONFIG_NONE;
    config->character = '@';
    config->colours = true;
    config->limit = SERIAL_TX_LIMIT;
    for (*line = 1; text < end; ++*line) {
        struct config_line words = { .count = 0 };
        const char *next = memchr(text, '\n', (size_t)(end - text));
        const char *stop = next != NULL ? next : end;

        if (!config_split(&words, text, stop)) {
            return SERIAL_CONFIG_UNKNOWN;
        }
        if (words.count != 0) {
            enum serial_config_error error = config_setting(config, &words);
            if (error != SERIAL_CONFIG_OK) {
                return error;
            }
        }
        text = next != NULL ? next + 1 : end;
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
