/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The virtIO console (5.3): a guest's console and further named byte streams ("ports"), with
 * VIRTIO_CONSOLE_F_SIZE, _F_MULTIPORT and _F_EMERG_WRITE.
 *
 * Output goes from the guest's memory straight to `output`; what that does not take stays in the
 * guest until vconsole_output_resume(), and the guest's driver waits for it. Input goes from the
 * caller straight to the guest; what finds no buffer stays with the caller until `input_wanted`.
 */
#ifndef VIRTIO_VCONSOLE_H
#define VIRTIO_VCONSOLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <virtio/spec.h>
#include <virtio/vdev.h>

/** @{ Features. */
#define VCONSOLE_F_SIZE VIRTIO_FEATURE(0)
#define VCONSOLE_F_MULTIPORT VIRTIO_FEATURE(1)
#define VCONSOLE_F_EMERG_WRITE VIRTIO_FEATURE(2)
/** @} */

/** Most ports of a console device. */
#define VCONSOLE_MAX_PORTS 16U
/** Most bytes of a port's name. */
#define VCONSOLE_MAX_NAME 64U

/** Queues of a device with `ports` ports; without MULTIPORT there is one port and no control. */
#define VCONSOLE_QUEUES(ports, multiport) ((multiport) ? 2U * (ports) + 2U : 2U)
/** Segments that it needs, for queues of `entries` entries. */
#define VCONSOLE_SEGMENTS(ports, entries) (((ports) + 1U) * (entries))

struct vconsole;

/** What the program around the console does for it. */
struct vconsole_ops {
    /**
     * The guest wrote `bytes` bytes to a port. Returns how many were taken; if not all, then
     * vconsole_output_resume() must be called when more can be. The bytes are guest memory, which
     * may change while they are read: copy them once.
     */
    size_t (*output)(void *context, unsigned port, const void *data, size_t bytes);
    /** After the last `output` of a batch: a good moment to wake whoever gets them. May be NULL. */
    void (*output_end)(void *context, unsigned port);
    /** vconsole_input(), which took less than it was given, can go on. May be NULL. */
    void (*input_wanted)(void *context, unsigned port);
    /** The guest wrote a character to emerg_wr, in any state of the device. */
    void (*emergency)(void *context, unsigned char character);
    /** The guest opened or closed a port. May be NULL. */
    void (*guest_open)(void *context, unsigned port, bool open);
};

/** A port. The first three members are the caller's, before vconsole_init(); the others are not. */
struct vconsole_port {
    /** Name in the guest (/dev/virtio-ports/<name>), or NULL. Not copied. */
    const char *name;
    /** A console (/dev/hvc<n>) rather than a plain stream. */
    bool console;
    /** It exists from the beginning. Port 0 always does. */
    bool present;
    /** Our side is open: what the guest writes has a reader. */
    bool host_open;
    bool guest_open;
    /** The guest was told of it, and said that it is ready. */
    bool added;
    bool acknowledged;
    /** vconsole_input() left bytes with its caller. */
    bool input_blocked;
    /** `output` did not take all. */
    bool output_blocked;
    /** Control messages to be sent (vconsole_control.c). */
    uint8_t pending;
    /** The buffer that is being written out, and how far that is. */
    struct chain chain;
    struct chain_reader reader;
};

/** What to make a console of. Pointers stay in use, except `ports`, which is copied. */
struct vconsole_config {
    const struct guestmem *mem;
    const struct vconsole_ops *ops;
    void *context;
    const struct vconsole_port *ports;
    /** 1 to VCONSOLE_MAX_PORTS; it is what max_nr_ports reads. */
    unsigned port_count;
    /** Offer VCONSOLE_F_MULTIPORT; without it there must be exactly one port. */
    bool multiport;
    /** Offer VCONSOLE_F_SIZE. */
    bool sized;
    uint16_t columns;
    uint16_t rows;
    /** Features of the rings to offer, and features that the driver must accept. */
    uint64_t features;
    uint64_t required;
    /** VCONSOLE_QUEUES() of them, each of queue_entries (a power of two, at least 1). */
    struct virtq *queues;
    unsigned queue_entries;
    /** VCONSOLE_SEGMENTS() of them. */
    struct chain_segment *segments;
    vdev_report *report;
    void *report_context;
};

/** A console device. `dev` is for the transport and for statistics. */
struct vconsole {
    struct vdev dev;
    const struct vconsole_ops *ops;
    void *context;
    unsigned port_count;
    bool multiport;
    /** The driver said DEVICE_READY. */
    bool driver_ready;
    /** Bit n: port n has control messages pending. */
    uint32_t pending_ports;
    uint16_t columns;
    uint16_t rows;
    /** For buffers that are taken and given back at once: input, and control messages. */
    struct chain scratch;
    struct vconsole_port ports[VCONSOLE_MAX_PORTS];
};

/**
 * Make a console device; give `dev` a transport next.
 * Errors: VIRTIO_ERR_ARGUMENT (number of ports, name too long), and those of vdev_init().
 */
enum virtio_error vconsole_init(struct vconsole *console, const struct vconsole_config *config);

/**
 * Bring input to a port. Returns how many of the bytes the guest has now; 0 when it has not opened
 * the port, has no buffers, or there is no such port. If not all, `input_wanted` follows.
 */
size_t vconsole_input(struct vconsole *console, unsigned port, const void *data, size_t bytes);

/** `output` of this port can take bytes again. */
void vconsole_output_resume(struct vconsole *console, unsigned port);

/**
 * The terminal has another size now. The driver is told if it negotiated VCONSOLE_F_SIZE.
 * Errors: VIRTIO_ERR_STATE when the device does not offer VCONSOLE_F_SIZE.
 */
enum virtio_error vconsole_resize(struct vconsole *console, uint16_t columns, uint16_t rows);

/**
 * Our side of a port is open, or closed. What the guest writes to a closed port is discarded.
 * Errors: VIRTIO_ERR_ARGUMENT when there is no such port.
 */
enum virtio_error vconsole_set_open(struct vconsole *console, unsigned port, bool open);

/**
 * Plug a port in.
 * Errors: VIRTIO_ERR_ARGUMENT when it is not below the number of ports; VIRTIO_ERR_STATE when it is
 * there, or its removal has not reached the guest yet, or the device is not MULTIPORT.
 */
enum virtio_error vconsole_add_port(struct vconsole *console, unsigned port);

/**
 * Pull a port out. Port 0 stays.
 * Errors: VIRTIO_ERR_ARGUMENT when it is port 0 or not below the number of ports; VIRTIO_ERR_STATE
 * when it is not there.
 */
enum virtio_error vconsole_remove_port(struct vconsole *console, unsigned port);

#endif
