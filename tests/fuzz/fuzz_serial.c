/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The serial virtualiser between a driver and clients that write whatever they like into the shared
 * memory, and a person who types anything. The input is a list of steps; the first bytes choose the
 * configuration. What must hold: nothing outside of the connections is touched, every call ends,
 * the device never holds more than the limit unless its own end of the queue lies, and what a
 * client says in an honest queue comes out as long as nobody lies about the device.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <io/serial/client.h>
#include <io/serial/virtualiser.h>

#define CLIENTS 3U
#define MEMORY 1024U
/* Red zones: what lies around the connections does not change. */
#define GUARD 64U

static struct {
    uint8_t before[GUARD];
    uint8_t bytes[2 * MEMORY];
    uint8_t after[GUARD];
} world[CLIENTS + 1] __attribute__((aligned(64)));

static struct serial_config config;
static struct serial_virtualiser virtualiser;
static struct serial_queue device_output;
static struct serial_queue device_input;
static struct serial_client clients[CLIENTS];

struct steps {
    const uint8_t *at;
    const uint8_t *end;
};

static uint8_t next(struct steps *steps)
{
    return steps->at < steps->end ? *steps->at++ : 0;
}

static uint32_t next_word(struct steps *steps)
{
    uint32_t word = 0;

    for (unsigned int i = 0; i < 4; i++) {
        word = (word << 8) | next(steps);
    }
    return word;
}

static void require(bool condition)
{
    if (!condition) {
        abort();
    }
}

static void start(struct steps *steps)
{
    static const char *const settings[] = { "", "colours off\n", "switch ctrl-\\\n", "limit 1\n" };
    char text[512];
    unsigned int line;
    int at;

    memset(world, 0, sizeof(world));
    for (unsigned int i = 0; i <= CLIENTS; i++) {
        memset(world[i].before, 0xa5, GUARD);
        memset(world[i].after, 0xa5, GUARD);
    }
    at = snprintf(text, sizeof(text), "device 0 0x%lx %u\n", (unsigned long)world[0].bytes,
                  2 * MEMORY);
    for (unsigned int i = 1; i <= CLIENTS; i++) {
        at += snprintf(text + at, sizeof(text) - (size_t)at, "client %u 0x%lx %u c%u\n", i,
                       (unsigned long)world[i].bytes, 2 * MEMORY, i);
    }
    at += snprintf(text + at, sizeof(text) - (size_t)at, "%s", settings[next(steps) % 4]);
    require(serial_config_read(&config, text, (size_t)at, &line) == SERIAL_CONFIG_OK);
    require(serial_virtualiser_open(&virtualiser, &config) == SERIAL_QUEUE_OK);
    require(serial_queue_open_consumer(&device_output, world[0].bytes, MEMORY) == SERIAL_QUEUE_OK);
    require(serial_queue_open_producer(&device_input, world[0].bytes + MEMORY, MEMORY) ==
            SERIAL_QUEUE_OK);
    for (unsigned int i = 0; i < CLIENTS; i++) {
        require(serial_client_open(&clients[i], world[i + 1].bytes, 2 * MEMORY) == SERIAL_QUEUE_OK);
    }
}

static void check(void)
{
    for (unsigned int i = 0; i <= CLIENTS; i++) {
        for (unsigned int j = 0; j < GUARD; j++) {
            require(world[i].before[j] == 0xa5 && world[i].after[j] == 0xa5);
        }
    }
}

static void serve(uint64_t now)
{
    struct serial_tx_work work;
    unsigned int rounds = 0;

    do {
        work = serial_virtualiser_serve(&virtualiser, now);
        require(work.clients >> CLIENTS == 0);
        require(++rounds < 4096);
    } while (work.again);
    require(work.deadline == SERIAL_NEVER || work.deadline > now);
    check();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct steps steps = { data, data + size };
    uint8_t bytes[256];
    uint64_t now = 0;
    bool device_lies = false;
    uint64_t lying = 0;
    uint64_t sent[CLIENTS] = { 0 };

    start(&steps);
    while (steps.at < steps.end) {
        uint8_t step = next(&steps);
        unsigned int who = next(&steps) % (CLIENTS + 1);
        bool notify = false;
        size_t count;

        switch (step % 8) {
        case 0: /* Typed, or sent. */
        case 1:
            count = next(&steps);
            for (size_t i = 0; i < count; i++) {
                bytes[i] = next(&steps);
            }
            if (who == 0) {
                (void)serial_queue_write(&device_input, bytes, count);
            } else {
                sent[who - 1] += serial_client_send(&clients[who - 1], bytes, count, &notify);
            }
            break;
        case 2: /* Received. */
            count = next(&steps);
            if (who == 0) {
                (void)serial_queue_read(&device_output, bytes, count);
            } else {
                (void)serial_client_receive(&clients[who - 1], bytes, count);
            }
            break;
        case 3: /* Any word of the shared memory, with any value. */
            count = next(&steps) % (2 * MEMORY / 4);
            count = (step & 0x40) != 0 ? count % (SERIAL_QUEUE_HEADER / 4) : count;
            count += (step & 0x80) != 0 ? MEMORY / 4 : 0;
            ((uint32_t *)(void *)world[who].bytes)[count % (2 * MEMORY / 4)] = next_word(&steps);
            if (who == 0) {
                device_lies = true;
            } else {
                lying |= 1U << (who - 1);
            }
            break;
        case 4: /* A restart of the other side. */
            if (who != 0) {
                require(serial_client_open(&clients[who - 1], world[who].bytes, 2 * MEMORY) ==
                        SERIAL_QUEUE_OK);
            }
            break;
        case 5:
            now += next_word(&steps) % (4 * SERIAL_TX_QUIET);
            break;
        default:
            serve(now);
            break;
        }
    }
    serve(now);
    if (device_lies) {
        return 0;
    }
    /* Honest clients have all that they said taken, whatever the others do. */
    unsigned int idle = 0;
    for (unsigned int i = 0; idle < 4; i++) {
        require(i < 4096);
        require(serial_queue_available(&device_output) <= virtualiser.tx.limit);
        idle = serial_queue_read(&device_output, bytes, sizeof(bytes)) == 0 ? idle + 1 : 0;
        now += SERIAL_TX_HOLD;
        serve(now);
    }
    for (unsigned int i = 0; i < CLIENTS; i++) {
        require((lying & (1U << i)) != 0 || virtualiser.tx.clients[i].bytes == sent[i]);
    }
    return 0;
}
