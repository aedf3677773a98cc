/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <bulkhead/abi.h>
#include <bulkhead/libc.h>
#include <io/words/words.h>

#include "io/net/protocol.h"
#include "smccc.h"

/** Lowest INTID of those that a VM's vCPUs share. */
#define CONFIG_FIRST_SPI 32

/** A text that is given once. */
static bool config_text(struct words from, char *to, size_t room)
{
    return to[0] == '\0' && words_copy(from, to, room);
}

static bool config_number(struct words *line, uint64_t most, uint64_t *value)
{
    return words_number(words_next(line), most, value);
}

static bool config_gic(struct words *line, struct config *config)
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
static bool config_intid(struct words *line, const struct config *config, uint32_t *intid)
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
static bool config_channel(struct words *line, const struct config *config, uint32_t *channel)
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

static bool config_irq(struct words *line, struct config *config)
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

static bool config_uart(struct words *line, struct config *config)
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

static bool config_virtio(struct words *line, struct config *config)
{
    struct config_virtio virtio = { .kind = "" };

    if (config->virtio_count == CONFIG_MAX_VIRTIO ||
        !config_text(words_next(line), virtio.kind, sizeof(virtio.kind)) ||
        !config_number(line, UINT64_MAX, &virtio.address) ||
        !config_intid(line, config, &virtio.intid) ||
        !config_channel(line, config, &virtio.channel)) {
        return false;
    }
    config->virtio[config->virtio_count] = virtio;
    config->virtio_count++;
    return true;
}

static bool config_port(struct words *line, struct config *config)
{
    struct config_port port = { .name = "" };
    struct words word;

    if (config->ports_count == CONFIG_MAX_PORTS ||
        !config_text(words_next(line), port.name, sizeof(port.name)) ||
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
    word = words_next(line);
    port.client = words_is(word, "client");
    if (!port.client && words_length(word) != 0) {
        return false;
    }
    config->ports[config->ports_count] = port;
    config->ports_count++;
    return true;
}

static bool config_terminal(struct words *line, struct config *config)
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

static bool config_block(struct words *line, struct config *config)
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

static bool config_net(struct words *line, struct config *config)
{
    struct config_net net;
    struct words word;
    uint64_t doorbell;
    uint64_t mtu;
    uint64_t channel;
    uint64_t port;

    if (config->net_count == CONFIG_MAX_NET ||
        !config_number(line, BH_MAX_CHANNELS - 1, &doorbell) ||
        !words_mac(words_next(line), net.mac) || !config_number(line, UINT16_MAX, &mtu) ||
        !config_number(line, BH_MAX_CHANNELS - 1, &channel) ||
        !config_number(line, UINT64_MAX, &net.memory) ||
        !config_number(line, UINT64_MAX, &net.buffers) ||
        !config_number(line, NET_MAX_PORTS - 1, &port) ||
        !config_number(line, UINT64_MAX, &net.readable)) {
        return false;
    }
    word = words_next(line);
    net.direct = words_is(word, "direct");
    if (!net.direct && words_length(word) != 0) {
        return false;
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

static bool config_crash(struct words *line, struct config *config)
{
    struct words word = words_next(line);
    uint64_t restarts = CONFIG_UNLIMITED;
    struct words number;

    if (config->crash_given) {
        return false;
    }
    config->crash_given = true;
    if (words_is(word, "stop")) {
        return true;
    }
    number = words_next(line);
    if (!words_is(word, "restart") ||
        (words_length(number) != 0 && !words_number(number, CONFIG_UNLIMITED - 1, &restarts))) {
        return false;
    }
    config->crash_restarts = (uint32_t)restarts;
    return true;
}

static bool config_power(struct words *line, struct config *config)
{
    if (config->power_given || !config_channel(line, config, &config->power)) {
        return false;
    }
    config->power_given = true;
    return true;
}

static bool config_smc(struct words *line, struct config *config)
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
static bool config_setting(struct words line, struct config *config)
{
    struct words word = words_next(&line);
    bool good = false;

    if (words_length(word) == 0) {
        return true;
    }
    if (words_is(word, "bootargs")) {
        return config_text(words_rest(line), config->bootargs, sizeof(config->bootargs));
    }
    if (words_is(word, "name")) {
        good = config_text(words_next(&line), config->name, sizeof(config->name));
    } else if (words_is(word, "gic")) {
        good = config_gic(&line, config);
    } else if (words_is(word, "irq")) {
        good = config_irq(&line, config);
    } else if (words_is(word, "uart")) {
        good = config_uart(&line, config);
    } else if (words_is(word, "virtio")) {
        good = config_virtio(&line, config);
    } else if (words_is(word, "port")) {
        good = config_port(&line, config);
    } else if (words_is(word, "terminal")) {
        good = config_terminal(&line, config);
    } else if (words_is(word, "block")) {
        good = config_block(&line, config);
    } else if (words_is(word, "net")) {
        good = config_net(&line, config);
    } else if (words_is(word, "crash")) {
        good = config_crash(&line, config);
    } else if (words_is(word, "power")) {
        good = config_power(&line, config);
    } else if (words_is(word, "smc")) {
        good = config_smc(&line, config);
    }
    return good && words_length(words_next(&line)) == 0;
}

uint32_t config_parse(const char *text, size_t bytes, struct config *config)
{
    struct words rest = { text, text + bytes };
    struct words line;
    uint32_t number = 0;

    *config = (struct config){ .name = "" };
    while (words_line(&rest, &line)) {
        number++;
        if (!config_setting(line, config)) {
            return number;
        }
    }
    return 0;
}
