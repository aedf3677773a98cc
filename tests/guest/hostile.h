/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A driver of a virtio-mmio device that does what no driver should: for every kind of ring, each
 * attack of a list, and what the specification (or the device's documentation) makes of it. After
 * each the device is reset, and must serve a good request again.
 *
 * The same code runs as a guest, and on the host against the device's sources. It was written from
 * the driver's half of the specification, and shares nothing with virtio/.
 */
#ifndef GUEST_HOSTILE_H
#define GUEST_HOSTILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Memory that an attack has for rings and buffers; the device may change all of it. */
#define HOSTILE_MEMORY_BYTES 0x4000U
#define HOSTILE_ENTRIES 8U

/** @{ Places in it. */
#define HOSTILE_DESC 0x0U
#define HOSTILE_DRIVER 0x400U
#define HOSTILE_DEVICE 0x800U
#define HOSTILE_TABLE 0x1000U
#define HOSTILE_DATA 0x2000U
#define HOSTILE_STATUS_BYTE 0x2020U
#define HOSTILE_BODY 0x2200U
/** @} */

/** @{ Features, by their bits. */
#define HOSTILE_F_INDIRECT (1UL << 28)
#define HOSTILE_F_EVENT_IDX (1UL << 29)
#define HOSTILE_F_VERSION_1 (1UL << 32)
#define HOSTILE_F_PACKED (1UL << 34)
/** @} */

/** @{ Registers. */
#define HOSTILE_MAGIC 0x00U
#define HOSTILE_DRIVER_FEATURES 0x20U
#define HOSTILE_DRIVER_FEATURES_SEL 0x24U
#define HOSTILE_QUEUE_SEL 0x30U
#define HOSTILE_QUEUE_NUM_MAX 0x34U
#define HOSTILE_QUEUE_NUM 0x38U
#define HOSTILE_QUEUE_READY 0x44U
#define HOSTILE_QUEUE_NOTIFY 0x50U
#define HOSTILE_INTERRUPT_ACK 0x64U
#define HOSTILE_STATUS 0x70U
#define HOSTILE_QUEUE_DESC 0x80U
#define HOSTILE_QUEUE_DRIVER 0x90U
#define HOSTILE_QUEUE_DEVICE 0xa0U
#define HOSTILE_CONFIG 0x100U
/** @} */

/** @{ Values of the status register. */
#define HOSTILE_ACKNOWLEDGED 1U
#define HOSTILE_DRIVEN 3U
#define HOSTILE_NEGOTIATED 11U
#define HOSTILE_LIVE 15U
#define HOSTILE_NEEDS_RESET 0x40U
/** @} */

/** @{ Flags of descriptors. The last two are the direction that the device works in, and the other.
 */
#define HOSTILE_NEXT 1U
#define HOSTILE_WRITE 2U
#define HOSTILE_INDIRECT 4U
#define HOSTILE_FORWARD 0x10000U
#define HOSTILE_BACKWARD 0x20000U
/** @} */

/** How the device is reached. */
struct hostile_machine {
    uint32_t (*load)(void *context, uint32_t offset);
    void (*store)(void *context, uint32_t offset, unsigned bytes, uint64_t value);
    /** Let the device work, for the `turn`th time (from 0); false when it had time for anything. */
    bool (*wait)(void *context, unsigned turn);
    void *context;
    volatile unsigned char *memory; /**< HOSTILE_MEMORY_BYTES, aligned to pages */
    uint64_t memory_at;             /**< its address in the guest */
    uint64_t hole_at;               /**< where RAM ends, and nothing begins */
    unsigned queue;                 /**< the queue that is attacked */
    bool write;                     /**< the device writes to its buffers; else it reads them */
    uint32_t written;               /**< how much of a buffer of 8 bytes, by its own account */
    const struct hostile_list *own; /**< attacks on devices of this kind, or NULL */
};

/** A driver's state. Initialised by hostile_boot(). */
struct hostile {
    const struct hostile_machine *machine;
    uint64_t features;
    bool packed;
    uint64_t random;
    uint16_t shown; /**< buffers made available since the boot */
    uint16_t slot;  /**< packed: where the next buffer begins, and that lap */
    bool wrap;
    uint16_t last_slot; /**< packed: where the last one began */
    bool last_wrap;
};

/** What becomes of an attack. */
enum hostile_outcome {
    HOSTILE_SERVED,  /**< the buffer comes back, and the device goes on */
    HOSTILE_IGNORED, /**< nothing comes back, and the device goes on */
    HOSTILE_BROKEN,  /**< the device needs a reset */
    HOSTILE_ANY,     /**< the driver harms itself only: the device comes back after a reset */
    HOSTILE_CHECKED, /**< the attack has looked itself */
};

/** @{ Where an attack makes sense; each of the first two, and none or one of the others. */
#define HOSTILE_ON_SPLIT 1U
#define HOSTILE_ON_PACKED 2U
#define HOSTILE_ON_BOTH 3U
#define HOSTILE_WITH_INDIRECT 4U
#define HOSTILE_WITHOUT_INDIRECT 8U
#define HOSTILE_WITH_EVENT_IDX 16U
#define HOSTILE_WRITERS 32U
#define HOSTILE_READERS 64U
/** @} */

/** Where an attack's buffer or table lies. */
enum hostile_place {
    HOSTILE_AT_DATA,
    HOSTILE_AT_TABLE,
    HOSTILE_AT_DESC, /**< the ring itself */
    HOSTILE_AT_DEVICE,
    HOSTILE_AT_HOLE,
    HOSTILE_AT_END, /**< 16 bytes before the RAM's end */
    HOSTILE_AT_TOP, /**< 8 bytes before 2^64 */
    HOSTILE_AT_ZERO,
    HOSTILE_AT_STATUS, /**< behind the first data */
    HOSTILE_AT_BODY,
};

/** A descriptor; `next` is the buffer id in the packed format. */
struct hostile_desc {
    enum hostile_place place;
    uint32_t bytes;
    uint32_t flags;
    uint16_t next;
};

#define HOSTILE_CHAIN 2U

/** An attack: descriptors of a buffer and of a table (up to the first that is all zero), or code.
 */
struct hostile_attack {
    const char *name;
    uint32_t kinds;
    enum hostile_outcome outcome;
    struct hostile_desc chain[HOSTILE_CHAIN];
    struct hostile_desc table[HOSTILE_CHAIN];
    bool (*act)(struct hostile *hostile); /**< false: it has seen what must not be */
};

/** A list of attacks. */
struct hostile_list {
    const struct hostile_attack *attacks;
    size_t count;
};

extern const struct hostile_list hostile_ring_list;
extern const struct hostile_list hostile_register_list;
extern const struct hostile_list hostile_disk_list;

/** Who is told about each attack. */
typedef void hostile_result(const struct hostile_machine *machine, const char *attack,
                            uint64_t features, bool good);

/** Make all attacks that make sense on one kind of ring. Returns how many there were. */
unsigned hostile_run(const struct hostile_machine *machine, uint64_t features,
                     hostile_result *result);

/** Number of kinds of rings, and the features of each. */
#define HOSTILE_KINDS 8U
uint64_t hostile_kind(unsigned kind);

/** @{ The steps of a driver. False: the device did not do its part. */
bool hostile_reset(struct hostile *hostile);
bool hostile_negotiate(struct hostile *hostile);
bool hostile_set_up(struct hostile *hostile);
bool hostile_boot(struct hostile *hostile);
/** A good request, and its end. */
bool hostile_serve(struct hostile *hostile);
/** @} */

uint32_t hostile_load(const struct hostile *hostile, uint32_t offset);
void hostile_store(struct hostile *hostile, uint32_t offset, uint32_t value);
void hostile_kick(struct hostile *hostile);

/** Fill a part of the memory. */
void hostile_fill(struct hostile *hostile, uint32_t offset, uint32_t bytes, unsigned char with);

/** @{ Write to the memory, naturally aligned. */
void hostile_put16(struct hostile *hostile, uint32_t offset, unsigned value);
void hostile_put32(struct hostile *hostile, uint32_t offset, uint32_t value);
void hostile_put64(struct hostile *hostile, uint32_t offset, uint64_t value);
/** @} */

/** A byte of the memory. */
unsigned hostile_get8(const struct hostile *hostile, uint32_t offset);

/** Begin a request to a disk: its header, `bytes` bytes of data at HOSTILE_BODY, its status. */
void hostile_disk_send(struct hostile *hostile, uint32_t type, uint64_t sector, uint32_t bytes);

/** The same, and its answer: the status, or HOSTILE_LOST when it never came back. */
unsigned hostile_disk_ask(struct hostile *hostile, uint32_t type, uint64_t sector, uint32_t bytes);
#define HOSTILE_LOST 0x100U

/** Write the `number`th descriptor of the next buffer, as available. */
void hostile_put_desc(struct hostile *hostile, unsigned number, const struct hostile_desc *desc);

/** Make the buffer of `count` descriptors available whose head is `head`. */
void hostile_show(struct hostile *hostile, unsigned head, unsigned count);

/** All buffers that were made available came back. */
bool hostile_all_used(const struct hostile *hostile);

/** The same, now or before long. */
bool hostile_answered(const struct hostile *hostile);

/** Give the device some time. */
void hostile_settle(const struct hostile *hostile);

/** A number that looks random, below `limit`. */
uint32_t hostile_random(struct hostile *hostile, uint32_t limit);

#endif
