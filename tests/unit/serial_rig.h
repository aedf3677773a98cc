/* SPDX-License-Identifier: BSD-2-Clause */
/* A serial virtualiser in the host's memory, with both ends of everything in the test's hands. */
#ifndef SERIAL_RIG_H
#define SERIAL_RIG_H

#include <io/serial/client.h>
#include <io/serial/virtualiser.h>

#define RIG_CLIENTS 4U
#define RIG_OUT (4U << 20)
#define RIG_MS 1000000ULL

struct rig {
    _Alignas(64) uint8_t device_memory[8192];
    _Alignas(64) uint8_t client_memory[RIG_CLIENTS][8192];
    struct serial_config config;
    struct serial_virtualiser virtualiser;
    /* The driver's ends. */
    struct serial_queue device_output;
    struct serial_queue device_input;
    struct serial_client clients[RIG_CLIENTS];
    uint64_t now;
    struct serial_tx_work work;
    /* Clients that were notified, bit for bit, since the test last cleared it. */
    uint64_t notified;
    /* All that came out of the device, with a final zero. */
    char out[RIG_OUT];
    size_t out_bytes;
    /* How much of it rig_new_output() has returned. */
    size_t shown;
};

/** Makes a rig of `clients` clients a, b, c, ...; with further lines of configuration. */
struct rig *rig_new(unsigned int clients, const char *settings);
void rig_free(struct rig *rig);

/** Serves until there is nothing more to do at this time; the device takes nothing. */
void rig_serve(struct rig *rig);

/** The device takes up to `bytes` bytes. Returns how many. */
size_t rig_drain(struct rig *rig, size_t bytes);

/** Serves and drains until nothing moves. */
void rig_run(struct rig *rig);

/** A client sends a string, all of which must have room. */
void rig_say(struct rig *rig, unsigned int client, const char *text);

/** A string is typed, and served. */
void rig_type(struct rig *rig, const char *text);

/** What a client has received, up to 255 bytes, as a string; valid until the next call. */
const char *rig_received(struct rig *rig, unsigned int client);

/** What came out since the last call. */
const char *rig_new_output(struct rig *rig);

#endif
