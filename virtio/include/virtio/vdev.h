/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A virtIO device without its transport: status, feature negotiation, queues, the configuration
 * space, reset, errors and statistics. Three parties meet here:
 *
 *   the transport (vmmio.h) calls vdev_*() for what the driver does, and provides vdev_transport;
 *   the device model (vconsole.h, vrng.h) provides vdev_model, and calls vdev_pop() and so on;
 *   the program around them calls vdev_work(), reads the statistics, and gets reports.
 *
 * Nothing here allocates, and nothing is thread-safe: one thread serves a device.
 */
#ifndef VIRTIO_VDEV_H
#define VIRTIO_VDEV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <virtio/chain.h>
#include <virtio/guestmem.h>
#include <virtio/virtio_error.h>
#include <virtio/virtq.h>

struct vdev;

/** Most queues of a device. */
#define VDEV_MAX_QUEUES 64U
/** Most bytes of a device's configuration space. */
#define VDEV_CONFIG_BYTES 256U

/**
 * "`feature` may be offered or accepted only with all of `needs` and, where that is not 0, with one
 * of `any`." All are masks.
 */
struct vdev_rule {
    uint64_t feature;
    uint64_t needs;
    uint64_t any;
};

/** A device type. Every function runs in the device's thread. */
struct vdev_model {
    uint32_t device_id;
    /** Bytes of the configuration space, at most VDEV_CONFIG_BYTES, a multiple of 4. */
    uint16_t config_bytes;
    /** Features of this device type that the model implements. */
    uint64_t features;
    const struct vdev_rule *rules;
    unsigned rule_count;
    /** The driver set DRIVER_OK: queues may be used from now on. */
    void (*start)(struct vdev *dev);
    /**
     * The driver resets the device: forget all buffers. Returns true when
     * no part of the device can touch guest memory any more; if false, the model calls
     * vdev_quiesced() as soon as that is so. Called again during that time for another reset.
     */
    bool (*stop)(struct vdev *dev);
    /** As stop, for one queue. */
    bool (*stop_queue)(struct vdev *dev, unsigned queue);
    /**
     * There may be buffers in `queue`, which is ready. Does a bounded amount of work and returns
     * true when some is left.
     */
    bool (*kick)(struct vdev *dev, unsigned queue);
    /**
     * A store of `width` bytes (1, 2 or 4, aligned) inside the configuration space, in any state
     * of the device. Returns false when no such field may be written so. NULL: none may.
     */
    bool (*config_write)(struct vdev *dev, unsigned offset, unsigned width, uint32_t value);
};

/** What a transport does for a device. */
struct vdev_transport {
    /** Send a used buffer notification. */
    void (*used)(struct vdev *dev, unsigned queue);
    /** Send a configuration change notification. */
    void (*config_changed)(struct vdev *dev);
    /** Show the device status in `dev->status`. */
    void (*show_status)(struct vdev *dev);
    /**
     * Show that `bytes` bytes of the configuration space at `offset`, which are inside it, are now
     * those at `from`, and a new generation. VIRTIO_ERR_ARGUMENT when it cannot; nothing changed.
     */
    enum virtio_error (*show_config)(struct vdev *dev, unsigned offset, const void *from,
                                     unsigned bytes);
    /** A reset is complete: show it, and withdraw all notifications. */
    void (*show_reset)(struct vdev *dev);
    /** What made a store pending (VDEV_PENDING) is over. */
    void (*quiesced)(struct vdev *dev);
};

/** Counters of a device, from its creation on. */
struct vdev_stats {
    /** Buffers given back. */
    uint64_t requests;
    /** Bytes of device-readable and device-writable data in them. */
    uint64_t bytes_out;
    uint64_t bytes_in;
    uint64_t kicks;
    uint64_t interrupts;
    /** Batches of buffers given back without one, because the driver asked for none. */
    uint64_t interrupts_saved;
    uint64_t config_interrupts;
    uint64_t resets;
    uint64_t errors[VIRTIO_ERROR_COUNT];
};

/** Answers to what a driver does. */
enum vdev_answer {
    VDEV_DONE,
    /** Not complete before the transport's quiesced(): the driver's store must not return. */
    VDEV_PENDING,
};

/** Called once when a device fails: which queue (or VDEV_MAX_QUEUES) and why. May be NULL. */
typedef void vdev_report(void *context, const struct vdev *dev, unsigned queue,
                         enum virtio_error error);

/** What to make a device of. Pointers stay in use as long as the device. */
struct vdev_config {
    const struct vdev_model *model;
    const struct guestmem *mem;
    /** Storage for the queues. */
    struct virtq *queues;
    unsigned queue_count;
    /** Maximum size of each queue, a power of two up to VIRTQ_MAX_ENTRIES. */
    unsigned queue_entries;
    /** Features to offer, of the model and of the rings; VIRTIO_F_VERSION_1 is added. */
    uint64_t features;
    /** Features that a driver must accept (for instance VIRTIO_F_ACCESS_PLATFORM). */
    uint64_t required;
    vdev_report *report;
    void *report_context;
};

/** A device. `config`, `status`, `stats` may be read by all; the rest is for vdev.c. */
struct vdev {
    const struct vdev_model *model;
    const struct vdev_transport *transport;
    void *transport_context;
    const struct guestmem *mem;
    struct virtq *queues;
    unsigned queue_count;
    /** DRIVER_OK, and neither failed nor stopping: queues may be touched. */
    bool live;
    /** What the model was asked to stop: nothing, one queue, or everything. */
    enum { VDEV_CALM, VDEV_STOPPING_QUEUE, VDEV_STOPPING } stopping;
    unsigned stopping_queue;
    uint8_t status;
    uint64_t offered;
    uint64_t required;
    /** What the driver wrote, features 0 to 127, and whether it asked for any above. */
    uint32_t wanted[4];
    bool wanted_beyond;
    /** Valid while FEATURES_OK is set. */
    uint64_t accepted;
    /** Bit n: queue n is ready. */
    uint64_t ready;
    /** Bit n: queue n has work left that no kick will announce. */
    uint64_t work;
    vdev_report *report;
    void *report_context;
    struct vdev_stats stats;
    uint8_t config[VDEV_CONFIG_BYTES];
};

/**
 * Make a device from `config` (copied). It has no transport yet; the transport's own
 * initialisation sets one.
 *
 * Errors: VIRTIO_ERR_ARGUMENT for no or too many queues, an impossible queue size or size of the
 * configuration space; VIRTIO_ERR_FEATURES when a feature is neither the model's nor one that the
 * core implements, when one is offered without what it needs, or required but not offered.
 */
enum virtio_error vdev_init(struct vdev *dev, const struct vdev_config *config);

/** @{ For the transport: what the driver does. */

/** The driver writes the device status; 0 is a reset. */
enum vdev_answer vdev_write_status(struct vdev *dev, uint32_t value);

/** 32 of the offered features; zero beyond the last word. */
uint32_t vdev_offered_word(const struct vdev *dev, uint32_t word);

/** The driver accepts 32 features. */
void vdev_write_features(struct vdev *dev, uint32_t word, uint32_t value);

/** The set-up of a queue while the driver may change it, else NULL (counted). */
struct virtq_setup *vdev_queue_setup(struct vdev *dev, uint32_t queue);

/** Maximum size of a queue; 0 for a queue that does not exist. */
uint32_t vdev_queue_max(const struct vdev *dev, uint32_t queue);

/** Whether a queue exists and is ready. */
bool vdev_queue_ready(const struct vdev *dev, uint32_t queue);

/** The driver writes QueueReady. */
enum vdev_answer vdev_write_queue_ready(struct vdev *dev, uint32_t queue, uint32_t value);

/** The driver notifies of buffers in one queue. Returns true when work is left. */
bool vdev_kick(struct vdev *dev, uint32_t queue);

/** The driver notifies, nobody knows of which queue. Returns true when work is left. */
bool vdev_kick_any(struct vdev *dev);

/** The driver writes to the configuration space. */
void vdev_write_config(struct vdev *dev, uint32_t offset, unsigned width, uint32_t value);

/** Count a mistake that changes nothing else. */
void vdev_count(struct vdev *dev, enum virtio_error error);
/** @} */

/** @{ For the program around the device. */

/**
 * Go on with work that was left. Returns true when still some is left: call again, after others
 * have had their turn.
 */
bool vdev_work(struct vdev *dev);

/**
 * Walk through the statistics: entry `index` (from 0), its name and value. Returns false behind
 * the last one. Entries of errors have names as virtio_error_name() gives them.
 */
bool vdev_stat(const struct vdev *dev, unsigned index, const char **name, uint64_t *value);
/** @} */

/** @{ For the device model. */

/** Whether a feature was negotiated. */
bool vdev_has(const struct vdev *dev, uint64_t feature);

/** Whether there is something to take: a look that costs less than a vdev_pop() in vain. */
bool vdev_any(const struct vdev *dev, unsigned queue);

/** Take a buffer. VIRTIO_OK, VIRTIO_EMPTY, or an error, with which the device has failed. */
enum virtio_error vdev_pop(struct vdev *dev, unsigned queue, struct chain *chain);

/** Give a buffer back; counts. A stale one is counted and dropped. */
void vdev_push(struct vdev *dev, unsigned queue, struct chain *chain, uint64_t written);

/** After a batch of vdev_push(): interrupt the driver if it wants that. */
void vdev_signal(struct vdev *dev, unsigned queue);

/** Ask for a kick; true when there are buffers already (as virtq_want_kick()). */
bool vdev_want_kick(struct vdev *dev, unsigned queue);

/** Remember that `queue` has work left; vdev_work() will kick the model for it. */
void vdev_leave_work(struct vdev *dev, unsigned queue);

/**
 * The device cannot go on: set DEVICE_NEEDS_RESET, count and report the error, notify the driver.
 * Does nothing when it has failed already.
 */
void vdev_fail(struct vdev *dev, unsigned queue, enum virtio_error error);

/** What the model was asked to stop is at rest. */
void vdev_quiesced(struct vdev *dev);

/**
 * Change the configuration space and tell the driver.
 *
 * Errors: VIRTIO_ERR_ARGUMENT when the range is not inside it, or when the transport cannot show
 * the change at once (see vmmio.h).
 */
enum virtio_error vdev_set_config(struct vdev *dev, unsigned offset, const void *from,
                                  unsigned bytes);
/** @} */

#endif
