/* SPDX-License-Identifier: BSD-2-Clause */
#include "serial_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct rig *rig_new(unsigned int clients, const char *settings)
{
    struct rig *rig = aligned_alloc(64, (sizeof(*rig) + 63) / 64 * 64);
    char text[1024];
    unsigned int line;
    int at;

    assert_non_null(rig);
    memset(rig, 0, sizeof(*rig));
    at = snprintf(text, sizeof(text), "device 0 0x%lx %zu\n", (unsigned long)rig->device_memory,
                  sizeof(rig->device_memory));
    for (unsigned int i = 0; i < clients; i++) {
        at += snprintf(text + at, sizeof(text) - (size_t)at, "client %u 0x%lx %zu %c\n", i + 1,
                       (unsigned long)rig->client_memory[i], sizeof(rig->client_memory[i]),
                       (int)('a' + i));
    }
    at += snprintf(text + at, sizeof(text) - (size_t)at, "%s", settings);
    assert_int_equal(serial_config_read(&rig->config, text, (size_t)at, &line), SERIAL_CONFIG_OK);
    assert_int_equal(serial_virtualiser_open(&rig->virtualiser, &rig->config), SERIAL_QUEUE_OK);

    size_t half = serial_connection_half(sizeof(rig->device_memory));
    assert_int_equal(serial_queue_open_consumer(&rig->device_output,
                                                serial_connection_output(rig->device_memory), half),
                     SERIAL_QUEUE_OK);
    assert_int_equal(serial_queue_open_producer(
                         &rig->device_input,
                         serial_connection_input(rig->device_memory, sizeof(rig->device_memory)),
                         half),
                     SERIAL_QUEUE_OK);
    for (unsigned int i = 0; i < clients; i++) {
        assert_int_equal(serial_client_open(&rig->clients[i], rig->client_memory[i],
                                            sizeof(rig->client_memory[i])),
                         SERIAL_QUEUE_OK);
    }
    rig_serve(rig);
    return rig;
}

void rig_free(struct rig *rig)
{
    free(rig);
}

void rig_serve(struct rig *rig)
{
    unsigned int rounds = 0;

    do {
        rig->work = serial_virtualiser_serve(&rig->virtualiser, rig->now);
        rig->notified |= rig->work.clients;
        assert_true(rounds++ < 10000);
    } while (rig->work.again);
}

size_t rig_drain(struct rig *rig, size_t bytes)
{
    assert_true(rig->out_bytes + bytes < RIG_OUT);
    size_t got = serial_queue_read(&rig->device_output, rig->out + rig->out_bytes, bytes);
    rig->out_bytes += got;
    rig->out[rig->out_bytes] = '\0';
    return got;
}

void rig_run(struct rig *rig)
{
    do {
        rig_serve(rig);
    } while (rig_drain(rig, 1024) != 0);
}

void rig_say(struct rig *rig, unsigned int client, const char *text)
{
    bool notify = false;

    assert_int_equal(serial_client_send(&rig->clients[client], text, strlen(text), &notify),
                     strlen(text));
}

void rig_type(struct rig *rig, const char *text)
{
    assert_int_equal(serial_queue_write(&rig->device_input, text, strlen(text)), strlen(text));
    rig_run(rig);
}

const char *rig_received(struct rig *rig, unsigned int client)
{
    static char text[256];

    text[serial_client_receive(&rig->clients[client], text, sizeof(text) - 1)] = '\0';
    return text;
}

const char *rig_new_output(struct rig *rig)
{
    const char *text = rig->out + rig->shown;

    rig->shown = rig->out_bytes;
    return text;
}
