/* SPDX-License-Identifier: BSD-2-Clause */
/* The serial virtualiser's configuration: any text is taken or refused, and what is taken is sound.
 */
#include <stdlib.h>
#include <string.h>

#include <io/serial/config.h>

static void require(bool condition)
{
    if (!condition) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct serial_config config;
    unsigned int line;

    /* A copy that ends where the text ends, so that a byte too many is found. */
    char *text = malloc(size != 0 ? size : 1);
    require(text != NULL);
    memcpy(text, data, size);
    enum serial_config_error error = serial_config_read(&config, text, size, &line);
    free(text);
    if (error != SERIAL_CONFIG_OK) {
        return 0;
    }
    require(config.count > 0 && config.count <= SERIAL_MAX_CLIENTS);
    require(config.device.channel < SERIAL_CONFIG_CHANNELS);
    uint64_t channels = 1ULL << config.device.channel;
    for (unsigned int i = 0; i < config.count; i++) {
        uint64_t channel = 1ULL << config.clients[i].connection.channel;
        require((channels & channel) == 0);
        channels |= channel;
        require(strlen(config.clients[i].name) < SERIAL_NAME_BYTES);
        require(serial_config_about(&config, config.clients[i].name) < config.count);
    }
    require(config.timer == SERIAL_CONFIG_NONE || (channels & (1ULL << config.timer)) == 0);
    return 0;
}
