/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <bulkhead/abi.h>
#include <bulkhead/libc.h>

#include "io/net/protocol.h"
#include "smccc.h"

/** Lowest INTID of those that a VM's vCPUs share. */
#define CONFIG_FIRST_SPI 32

/** The rest of a line. */
struct config_line {
    const char *at;
    const char *end;
};

static bool config_is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/** Take blanks off both ends. */
static void config_trim(struct config_line *line)
{
    while (line->at < line->end && config_is_blank(*line->at)) {
        line->at++;
    }
    while (line->end > line->at && config_is_blank(line->end[-1])) {
        line->end--;
    }
}

/** The next word, which is taken off the line. Empty at the end. */
static struct config_line config_word(struct config_line *line)
{
    struct config_line word;

    config_trim(line);
    word.at = line->at;
    while (line->at < line->end && !config_is_blank(*line->at)) {
        line->at++;
    }
    word.end = line->at;
    return word;
}

static bool config_is(const struct config_line *word, const char *text)
{
    size_t bytes = (size_t)(word->end - word->at);

    return bytes == strlen(text) && memcmp(word->at, text, bytes) == 0;
}

static bool config_text(const struct config_line *from, char *to, size_t room)
{
    size_t bytes = (size_t)(from->end - from->at);

    if (bytes == 0 || bytes >= room || to[0] != '\0') {
        return false;
    }
    memcpy(to, from->at, bytes);
    to[bytes] = '\0';
    return memchr(to, '\0', bytes) == NULL;
}

static bool config_digit(char c, uint32_t base, uint32_t *digit)
{
    if (c >= '0' && c <= '9') {
        *digit = (uint32_t)(c - '0');
    } else if (c >= 'a' && c <= 'f') {
        *digit = (uint32_t)(c - 'a') + 10;
    } else if (c >= 'A' && c <= 'F') {
        *digit = (uint32_t)(c - 'A') + 10;
    } else {
        return false;
    }
    return *digit < base;
}

static bool config_number(struct config_line *line, uint64_t most, uint64_t *value)
{
    struct config_line word = config_word(line);
    uint32_t base = 10;

    if (word.end - word.at > 2 && word.at[0] == '0' && word.at[1] == 'x') {
        base = 16;
        word.at += 2;
    }
    *value = 0;
    for (const char *c = word.at; c < word.end; c++) {
        uint32_t digit;

        if (!config_digit(*c, base, &digit) || digit > most || *value > (most - digit) / base) {
            return false;
        }
        *value = *value * base + digit;
    }
    return word.at < word.end;
}

static bool config_gic(struct config_line *line, struct config *config)
{
    struct config_gic gic = { .given = true };
    uint64_t version;

    if (!config_number(line, 3, &version) || version < 2 || config->gic[version - 2].given ||
        !config_number(line, UINT64_MAX, &gic.distributor) ||
        !config_number(line, UINT64_MAX, &gic.interface)) {
        return false;
    }
    config->gic[version - 2] = gic;
    return true;
}

/** A shared interrupt of the guest that no line before has. */
static bool config_intid(struct config_line *line, const struct config *config, uint32_t *intid)
{
    uint64_t value;

    if (!config_number(line, BH_VIRQ_COUNT - 1, &value) || value < CONFIG_FIRST_SPI) {
        return false;
    }
    *intid = (uint32_t)value;
    for (uint32_t i = 0; i < config->irqs_count; i++) {
        if (config->irqs[i].intid == *intid) {
            return false;
        }
    }
    for (uint32_t i = 0; i < config->virtio_count; i++) {
        if (config->virtio[i].intid == *intid) {
            return false;
        }
    }
    return !config->uart || config->uart_intid != *intid;
}

/** A channel of the VMM that no line before has. */
static bool config_channel(struct config_line *line, const struct config *config, uint32_t *channel)
{
    uint64_t value;

    if (!config_number(line, BH_MAX_CHANNELS - 1, &value)) {
        return false;
    }
    *channel = (uint32_t)value;
    if (config->power_given && config->power == *channel) {
        return false;
    }
    for (uint32_t i = 0; i < config->irqs_count; i++) {
        if (config->irqs[i].channel == *channel) {
            return false;
        }
    }
    for (uint32_t i = 0; i < config->virtio_count; i++) {
        if (config->virtio[i].channel == *channel) {
            return false;
        }
    }
    for (uint32_t i = 0; i < config->ports_count; i++) {
        if (config->ports[i].channel == *channel) {
            return false;
        }
    }
    return true;
}

static bool config_irq(struct config_line *line, struct config *config)
{
    struct config_irq irq;

    if (config->irqs_count == CONFIG_MAX_IRQS || !config_intid(line, config, &irq.intid) ||
        !config_channel(line, config, &irq.channel)) {
        return false;
    }
    config->irqs[config->irqs_count] = irq;
    config->irqs_count++;
    return true;
}

static bool config_uart(struct config_line *line, struct config *config)
{
    uint32_t intid;

    if (config->uart || !config_number(line, UINT64_MAX, &config->uart_address) ||
        !config_intid(line, config, &intid)) {
        return false;
    }
    config->uart = true;
    config->uart_intid = intid;
    return true;
}

static bool config_virtio(struct config_line *line, struct config *config)
{
    struct config_virtio virtio = { .kind = "" };
    struct config_line kind = config_word(line);

    if (config->virtio_count == CONFIG_MAX_VIRTIO ||
        !config_text(&kind, virtio.kind, sizeof(virtio.kind)) ||
        !config_number(line, UINT64_MAX, &virtio.address) ||
        !config_intid(line, config, &virtio.intid) ||
        !config_channel(line, config, &virtio.channel)) {
        return false;
    }
    config->virtio[config->virtio_count] = virtio;
    config->virtio_count++;
    return true;
}

static bool config_port(struct config_line *line, struct config *config)
{
    struct config_port port = { .name = "" };
    struct config_line word = config_word(line);

    if (config->ports_count == CONFIG_MAX_PORTS ||
        !config_text(&word, port.name, sizeof(port.name)) ||
        !config_number(line, UINT64_MAX, &port.address) ||
        !config_number(line, UINT64_MAX, &port.bytes) ||
        !config_channel(line, config, &port.channel)) {
        return false;
    }
    for (uint32_t i = 0; i < config->ports_count; i++) {
        if (strcmp(config->ports[i].name, port.name) == 0) {
            return false;
        }
    }
    config_trim(line);
    if (line->at < line->end && *line->at != '#') {
        word = config_word(line);
        port.client = config_is(&word, "client");
        if (!port.client) {
            return false;
        }
    }
    config->ports[config->ports_count] = port;
    config->ports_count++;
    return true;
}

static bool config_terminal(struct config_line *line, struct config *config)
{
    uint64_t columns;
    uint64_t rows;

    if (config->columns != 0 || !config_number(line, UINT16_MAX, &columns) || columns == 0 ||
        !config_number(line, UINT16_MAX, &rows) || rows == 0) {
        return false;
    }
    config->columns = (uint16_t)columns;
    config->rows = (uint16_t)rows;
    return true;
}

static bool config_mac(struct config_line *line, uint8_t mac[CONFIG_MAC_BYTES])
{
    struct config_line word = config_word(line);

    for (uint32_t i = 0; i < CONFIG_MAC_BYTES; i++) {
        const char *c = word.at + (size_t)3 * i;
        uint32_t high;
        uint32_t low;

        if (word.end - word.at != 3 * CONFIG_MAC_BYTES - 1 || !config_digit(c[0], 16, &high) ||
            !config_digit(c[1], 16, &low) || (i + 1 < CONFIG_MAC_BYTES && c[2] != ':')) {
            return false;
        }
        mac[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

static bool config_block(struct config_line *line, struct config *config)
{
    struct config_block block;
    uint64_t doorbell;
    uint64_t channel;

    if (config->blocks_count == CONFIG_MAX_BLOCKS ||
        !config_number(line, BH_MAX_CHANNELS - 1, &doorbell) ||
        !config_number(line, BH_MAX_CHANNELS - 1, &channel) ||
        !config_number(line, UINT64_MAX, &block.memory) ||
        !config_number(line, UINT64_MAX, &block.bytes)) {
        return false;
    }
    for (uint32_t i = 0; i < config->blocks_count; i++) {
        if (config->blocks[i].doorbell == doorbell || config->blocks[i].channel == channel) {
            return false;
        }
    }
    block.doorbell = (uint32_t)doorbell;
    block.channel = (uint32_t)channel;
    config->blocks[config->blocks_count] = block;
    config->blocks_count++;
    return true;
}

static bool config_net(struct config_line *line, struct config *config)
{
    struct config_net net;
    uint64_t doorbell;
    uint64_t mtu;
    uint64_t channel;
    uint64_t port;

    if (config->net_count == CONFIG_MAX_NET ||
        !config_number(line, BH_MAX_CHANNELS - 1, &doorbell) || !config_mac(line, net.mac) ||
        !config_number(line, UINT16_MAX, &mtu) ||
        !config_number(line, BH_MAX_CHANNELS - 1, &channel) ||
        !config_number(line, UINT64_MAX, &net.memory) ||
        !config_number(line, UINT64_MAX, &net.buffers) ||
        !config_number(line, NET_MAX_PORTS - 1, &port) ||
        !config_number(line, UINT64_MAX, &net.readable)) {
        return false;
    }
    config_trim(line);
    net.direct = line->at < line->end && *line->at != '#';
    if (net.direct) {
        struct config_line word = config_word(line);

        if (!config_is(&word, "direct")) {
            return false;
        }
    }
    for (uint32_t i = 0; i < config->net_count; i++) {
        if (config->net[i].doorbell == doorbell || config->net[i].channel == channel) {
            return false;
        }
    }
    net.doorbell = (uint32_t)doorbell;
    net.mtu = (uint16_t)mtu;
    net.channel = (uint32_t)channel;
    net.port = (uint32_t)port;
    config->net[config->net_count] = net;
    config->net_count++;
    return true;
}

static bool config_crash(struct config_line *line, struct config *config)
{
    struct config_line word = config_word(line);
    uint64_t restarts = CONFIG_UNLIMITED;

    if (config->crash_given) {
        return false;
    }
    config->crash_given = true;
    if (config_is(&word, "stop")) {
        return true;
    }
    config_trim(line);
    if (!config_is(&word, "restart") || (line->at < line->end && *line->at != '#' &&
                                         !config_number(line, CONFIG_UNLIMITED - 1, &restarts))) {
        return false;
    }
    config->crash_restarts = (uint32_t)restarts;
    return true;
}

static bool config_power(struct config_line *line, struct config *config)
{
    if (config->power_given || !config_channel(line, config, &config->power)) {
        return false;
    }
    config->power_given = true;
    return true;
}

static bool config_smc(struct config_line *line, struct config *config)
{
    uint64_t function;

    if (config->smc_count == CONFIG_MAX_SMC || !config_number(line, UINT32_MAX, &function) ||
        smccc_is_own((uint32_t)function)) {
        return false;
    }
    config->smc[config->smc_count] = (uint32_t)function;
    config->smc_count++;
    return true;
}

/** A line without its newline. */
static bool config_setting(struct config_line line, struct config *config)
{
    struct config_line word = config_word(&line);
    bool good = false;

    if (word.at == word.end || *word.at == '#') {
        return true;
    }
    if (config_is(&word, "bootargs")) {
        config_trim(&line);
        return config_text(&line, config->bootargs, sizeof(config->bootargs));
    }
    if (config_is(&word, "name")) {
        struct config_line name = config_word(&line);

        good = config_text(&name, config->name, sizeof(config->name));
    } else if (config_is(&word, "gic")) {
        good = config_gic(&line, config);
    } else if (config_is(&word, "irq")) {
        good = config_irq(&line, config);
    } else if (config_is(&word, "uart")) {
        good = config_uart(&line, config);
    } else if (config_is(&word, "virtio")) {
        good = config_virtio(&line, config);
    } else if (config_is(&word, "port")) {
        good = config_port(&line, config);
    } else if (config_is(&word, "terminal")) {
        good = config_terminal(&line, config);
    } else if (config_is(&word, "block")) {
        good = config_block(&line, config);
    } else if (config_is(&word, "net")) {
        good = config_net(&line, config);
    } else if (config_is(&word, "crash")) {
        good = config_crash(&line, config);
    } else if (config_is(&word, "power")) {
        good = config_power(&line, config);
    } else if (config_is(&word, "smc")) {
        good = config_smc(&line, config);
    }
    word = config_word(&line);
    return good && (word.at == word.end || *word.at == '#');
}

uint32_t config_parse(const char *text, size_t bytes, struct config *config)
{
    const char *end = text + bytes;
    uint32_t number = 0;

    *config = (struct config){ .name = "" };
    while (text < end) {
        const char *newline = memchr(text, '\n', (size_t)(end - text));
        struct config_line line = { text, newline != NULL ? newline : end };

        number++;
        if (!config_setting(line, config)) {
            return number;
        }
        text = newline != NULL ? newline + 1 : end;
    }
    return 0;
}
