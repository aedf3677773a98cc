/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A port's end of the protocol: buffers to send from, and frames that were received. One channel
 * joins the port and the switch; on each notification both `net_client_receive()` and, for who
 * waits for a buffer, `net_client_reserve()` are to be tried. Whoever opens notifies the switch
 * once.
 */
#ifndef IO_NET_CLIENT_H
#define IO_NET_CLIENT_H

#include "protocol.h"

/** Slots for frames of a common size, and for those that are to be segmented. */
#define NET_SMALL_BYTES 2048U
#define NET_SMALL_SLOTS 320U
#define NET_LARGE_BYTES 0x11000U
#define NET_LARGE_SLOTS 20U
#define NET_CLIENT_SLOTS (NET_SMALL_SLOTS + NET_LARGE_SLOTS)

_Static_assert(NET_SMALL_SLOTS == NET_OUT_SMALL && NET_LARGE_SLOTS == NET_OUT_LARGE &&
                   NET_SMALL_BYTES == NET_HELD_BYTES,
               "what others may keep is counted by these");

_Static_assert(NET_SMALL_BYTES *NET_SMALL_SLOTS + NET_LARGE_BYTES * NET_LARGE_SLOTS <=
                   NET_BUFFER_BYTES,
               "the slots fit");
_Static_assert(NET_LARGE_BYTES >= NET_MAX_FRAME + 4, "a large slot takes any frame");

/** A port. Its members are this module's. */
struct net_client {
    struct net_port_memory *memory;
    /** Where the buffers of port 0 would be mapped; those of port n are n * NET_BUFFER_BYTES on. */
    uint8_t *buffers;
    uint64_t readable; /* ports whose buffers are mapped */
    unsigned port;
    struct ring sent;
    struct ring done;
    struct ring received;
    struct ring returned;
    uint32_t switch_epoch;
    uint16_t small[NET_SMALL_SLOTS];
    unsigned small_count;
    uint16_t large[NET_LARGE_SLOTS];
    unsigned large_count;
    bool lent[NET_CLIENT_SLOTS];
    /* What the switch may be told of: frames, slots; and what it is to be told. */
    bool sent_some;
    bool returned_some;
    bool urgent;
    bool restarted;
    /** The last number that the switch was asked with; whether it has not answered yet. */
    uint32_t asked;
    bool asking;
};

/** Where a port's buffers are mapped, and which port it is. */
struct net_client_place {
    void *memory;
    void *buffers;
    /** Bit n: port n's buffers are mapped (its own among them, with the right to write). */
    uint64_t readable;
    unsigned port;
};

/** Open the port's ends. The memory stays in use. */
void net_client_open(struct net_client *client, const struct net_client_place *place);

/** Say which frames are wanted. */
void net_client_wish(struct net_client *client, uint32_t flags, uint64_t multicast);

/**
 * A slot for a frame of `bytes` bytes (at most NET_LARGE_BYTES) and where it is in our memory.
 * False: all are in use; a notification comes when one is back.
 */
bool net_client_reserve(struct net_client *client, uint32_t bytes, uint16_t *slot, uint8_t **at);

/**
 * The same for a frame of at most NET_SMALL_BYTES, out of the small slots alone, and without a
 * notification: for who has a use for as many slots as there are.
 */
bool net_client_reserve_small(struct net_client *client, uint16_t *slot, uint8_t **at);

/** Ask for a notification when a slot is back. False: some are, look again. */
bool net_client_wait_slots(struct net_client *client);

/**
 * Have `count` large slots, or ask for a notification when slots are back: for who cannot wait when
 * it needs one.
 */
void net_client_keep_large(struct net_client *client, unsigned count);

/**
 * How many large slots more than `ahead` are not here; a notification comes when some are back, as
 * long as it is not 0.
 */
unsigned net_client_behind(struct net_client *client, unsigned ahead);

/** Where a slot is in our memory. */
uint8_t *net_client_at(const struct net_client *client, uint16_t slot);

/** Give a reserved slot back unused. */
void net_client_release(struct net_client *client, uint16_t slot);

/**
 * Send the frame in a reserved slot: `frame` has everything but `slot`, `port` and `number`, with
 * `offset` counted from the slot's beginning.
 */
void net_client_send(struct net_client *client, uint16_t slot, const struct net_frame *frame);

/**
 * The next frame that was received, and where its payload is: frame->bytes - NET_ETHERNET_BYTES
 * bytes, which their sender may change. False: none; a notification comes with the next. It is the
 * caller's until net_client_return().
 */
bool net_client_receive(struct net_client *client, struct net_frame *frame,
                        const uint8_t **payload);

/** The frame was read. */
void net_client_return(struct net_client *client, const struct net_frame *frame);

/** Whether a frame waits to be received. Asks for no notification. */
bool net_client_any(struct net_client *client);

/** Frames that wait to be received, by number; a notification comes with the next. */
unsigned net_client_backlog(struct net_client *client);

/** Whether the switch began anew since the last call: it has lost all that it had learned. */
bool net_client_restarted(struct net_client *client);

/** Ask the switch what it counted of this port; a notification comes with the answer. */
void net_client_ask(struct net_client *client);

/** The answer, once. False: there is none. */
bool net_client_answer(struct net_client *client, struct net_port_stats *stats);

/** Whether the switch is to be notified of what was sent and returned. Asks once. */
bool net_client_flush(struct net_client *client);

#endif
