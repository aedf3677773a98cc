/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The queue of the serial class: a ring of bytes in shared memory, from one producer to one
 * consumer. Plain C, no kernel, no allocation; this header is the manual of the format.
 *
 * The memory, which begins zeroed and is aligned to SERIAL_QUEUE_ALIGN:
 *
 *     offset  who writes       what
 *          0  producer         `produced`: low half, bytes ever produced, modulo 2^32; high half,
 *                              the producer's epoch
 *          8  producer         `counters`: what else the producer tells (enum serial_counter)
 *         40  producer         `asked`: times that the consumer was asked for its statistics
 *         64  consumer         `consumed`: bytes ever consumed, and the consumer's epoch
 *        128  consumer sets    `data_wanted`: 1 when the consumer is to be notified of bytes
 *             producer clears
 *        132  producer sets    `space_wanted`: 1 when the producer is to be notified of space
 *             consumer clears
 *        192  producer         the bytes: number n is at offset 192 + n % capacity
 *
 * The capacity is the largest power of two that fits, at least SERIAL_QUEUE_MIN_CAPACITY.
 *
 * Publishing. The producer writes bytes, then `produced` (release); the consumer reads `produced`
 * (acquire), then the bytes. The consumer reads bytes, then writes `consumed` (release); the
 * producer reads `consumed` (acquire) before it writes over them.
 *
 * Signalling. Who is about to wait sets its word, does a full barrier and looks again; it waits
 * only when there is still nothing (serial_queue_wait_data(), serial_queue_wait_space()). Who has
 * published does a full barrier, looks at the other's word and, where it is set, clears it and
 * notifies (serial_queue_signal_data(), serial_queue_signal_space()). So at least one of both sees
 * the other: no wake-up is lost (models/serial.pml). A consumer may put off the signal while it is
 * sure to consume more later, so that a slow device costs one notification for many bytes. A
 * notification is delivered after what its sender did before it (the kernel's are).
 *
 * Restart. A side that opens its end goes on where the memory says it was, with an epoch of its own
 * that is one higher: bytes that were published stay. A side that was stopped between publishing
 * and signalling has lost that signal, so that whoever opens an end notifies its peer once.
 *
 * Trust: none. A side keeps its own position in private memory, and looks at the peer's words only
 * to compute a number of bytes. When that is above the capacity the peer is broken: a consumer
 * drops what there is and goes on from there, a producer sees a full queue; both count it. Nothing
 * that the peer writes leads outside of the memory or lengthens a loop. The bytes may change while
 * they are read: they are copied out once and judged afterwards.
 *
 * Memory is ordinary cached memory on both sides; no device reads or writes it, so that nothing is
 * cleaned or invalidated.
 */
#ifndef IO_SERIAL_QUEUE_H
#define IO_SERIAL_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SERIAL_QUEUE_ALIGN 64U
#define SERIAL_QUEUE_MIN_CAPACITY 64U
/** Above this memory is not used: the distance of two positions stays unambiguous. */
#define SERIAL_QUEUE_MAX_CAPACITY (1U << 30)
#define SERIAL_QUEUE_HEADER 192U

/** What a UART's driver tells beside the bytes it received. Elsewhere these words are zero. */
enum serial_counter {
    /** Times that the UART had no room for a byte. */
    SERIAL_COUNTER_OVERRUN,
    /** Bytes that were dropped because their stop bit was missing. */
    SERIAL_COUNTER_FRAMING,
    /** Bytes that were dropped because of their parity. */
    SERIAL_COUNTER_PARITY,
    /** Breaks. */
    SERIAL_COUNTER_BREAK,
    SERIAL_COUNTERS,
};

/** One side's request to be notified: 0 or 1. */
struct serial_queue_wanted {
    uint32_t word;
};

/** The shared memory. */
struct serial_queue_memory {
    uint64_t produced;
    uint64_t counters[SERIAL_COUNTERS];
    uint64_t asked;
    uint64_t producer_reserved[2];
    uint64_t consumed;
    uint64_t consumer_reserved[7];
    struct serial_queue_wanted data_wanted;
    struct serial_queue_wanted space_wanted;
    uint64_t wanted_reserved[7];
    uint8_t bytes[];
};

_Static_assert(offsetof(struct serial_queue_memory, counters) == 8, "layout");
_Static_assert(offsetof(struct serial_queue_memory, asked) == 40, "layout");
_Static_assert(offsetof(struct serial_queue_memory, consumed) == 64, "layout");
_Static_assert(offsetof(struct serial_queue_memory, data_wanted) == 128, "layout");
_Static_assert(offsetof(struct serial_queue_memory, space_wanted) == 132, "layout");
_Static_assert(offsetof(struct serial_queue_memory, bytes) == SERIAL_QUEUE_HEADER, "layout");

enum serial_queue_error {
    SERIAL_QUEUE_OK = 0,
    /** The memory is too small for the header and SERIAL_QUEUE_MIN_CAPACITY bytes. */
    SERIAL_QUEUE_TOO_SMALL = 1,
    /** The memory is not aligned to SERIAL_QUEUE_ALIGN. */
    SERIAL_QUEUE_UNALIGNED = 2,
};

/** One side's end of a queue. Private to that side; the members are this module's. */
struct serial_queue {
    struct serial_queue_memory *memory;
    uint32_t capacity;
    /** Own position, and the peer's as it was last believed. */
    uint32_t position;
    uint32_t peer;
    uint32_t epoch;
    uint32_t peer_epoch;
    /** Times that the peer's position made no sense. */
    uint32_t broken;
    /** A consumer's: how often it was asked when it last looked. */
    uint64_t asked;
};

/** Capacity of a queue in `bytes` bytes of memory; 0 when they are too few. */
uint32_t serial_queue_capacity(size_t bytes);

/**
 * @{ Opens an end in `bytes` bytes of memory that both sides have mapped, and keeps using it. Both
 * sides must give the same size. On an error `queue` is left as it was.
 */
enum serial_queue_error serial_queue_open_producer(struct serial_queue *queue, void *memory,
                                                   size_t bytes);
enum serial_queue_error serial_queue_open_consumer(struct serial_queue *queue, void *memory,
                                                   size_t bytes);
/** @} */

/** The peer's epoch as last seen: 0 while it never opened its end. */
uint32_t serial_queue_peer_epoch(const struct serial_queue *queue);

/* The producer's. */

/** Bytes that can be written now. */
uint32_t serial_queue_space(struct serial_queue *queue);

/** Bytes that were written and are not consumed. */
uint32_t serial_queue_in_flight(struct serial_queue *queue);

/** Writes up to `bytes` bytes and publishes them. Returns how many: less only when it is full. */
size_t serial_queue_write(struct serial_queue *queue, const void *from, size_t bytes);

/** Adds to one of the queue's counters. */
void serial_queue_count(struct serial_queue *queue, enum serial_counter counter, uint64_t more);

/** Asks the consumer to tell its statistics, wherever it does. Notify it, whatever it waits for. */
void serial_queue_ask(struct serial_queue *queue);

/** After writing: whether the consumer is to be notified now. */
bool serial_queue_signal_data(struct serial_queue *queue);

/**
 * Asks to be notified of space. Returns false when there are at least `bytes` bytes of space
 * already (`bytes` is at most the capacity): do not wait then. A notification may come with less
 * space than that, and without any.
 */
bool serial_queue_wait_space(struct serial_queue *queue, uint32_t bytes);

/* The consumer's. */

/** Bytes that can be read now. */
uint32_t serial_queue_available(struct serial_queue *queue);

/**
 * Copies bytes out that stay in the queue, from `offset` bytes behind the next one. Returns how
 * many of `bytes` there were, by the last serial_queue_available().
 */
size_t serial_queue_peek(const struct serial_queue *queue, uint32_t offset, void *to, size_t bytes);

/** Drops up to `bytes` bytes, of those of the last serial_queue_available(). Returns how many. */
size_t serial_queue_drop(struct serial_queue *queue, size_t bytes);

/** Reads up to `bytes` bytes. Returns how many: less only when there are no more. */
size_t serial_queue_read(struct serial_queue *queue, void *to, size_t bytes);

/** What the producer wrote to one of the counters: any number, for it is not trusted. */
uint64_t serial_queue_counter(const struct serial_queue *queue, enum serial_counter counter);

/** Whether the producer has asked for statistics since the last call, or since the opening. */
bool serial_queue_asked(struct serial_queue *queue);

/** After reading or dropping: whether the producer is to be notified now. */
bool serial_queue_signal_space(struct serial_queue *queue);

/**
 * Asks to be notified of bytes. Returns false when there are some already: do not wait then.
 */
bool serial_queue_wait_data(struct serial_queue *queue);

#endif
