/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Driver PD of a PL011 UART: the device's side of a serial connection (io/serial/client.h). It runs
 * for interrupts and notifications only, and never waits for the device: while the transmit FIFO is
 * full it asks for an interrupt, and while the queue of input is full it leaves characters in the
 * receive FIFO.
 */
#include <drivers/serial/pl011.h>
#include <io/serial/client.h>
#include <microkit.h>

/* Characters that are moved at once, and looked at for room in between. */
#define CHUNK 16U
/* The virtualiser is told of space when no more than this is left: a few FIFOs ahead. */
#define LOW_WATER 128U

/* Set in the ELF file by the tool, so that the compiler must not take them for what they are here.
 */
#define PATCHED __attribute__((used))
PATCHED uint64_t uart_vaddr = 1;
PATCHED uint64_t uart_irq = MICROKIT_MAX_CHANNELS;
PATCHED uint64_t serial_vaddr = 1;
PATCHED uint64_t serial_bytes = 1;
PATCHED uint64_t serial_channel = MICROKIT_MAX_CHANNELS;

static struct pl011 uart;
static struct serial_queue output;
static struct serial_queue input;
static uint32_t interrupts;
static bool notify;

static void count_errors(uint32_t errors)
{
    static const uint8_t counters[] = { SERIAL_COUNTER_FRAMING, SERIAL_COUNTER_PARITY,
                                        SERIAL_COUNTER_BREAK, SERIAL_COUNTER_OVERRUN };

    for (unsigned int i = 0; i < sizeof(counters); i++) {
        if ((errors & (1u << i)) != 0) {
            serial_queue_count(&input, counters[i], 1);
        }
    }
}

/* Moves received characters. Returns how many it took from the device: CHUNK when there may be
 * more. */
static uint32_t receive(void)
{
    uint32_t space = serial_queue_space(&input);
    uint8_t bytes[CHUNK];
    uint32_t taken = 0;
    uint32_t count = 0;
    uint32_t errors;

    while (taken < CHUNK && count < space && pl011_receive_checked(&uart, &bytes[count], &errors)) {
        taken++;
        count_errors(errors);
        /* A damaged character is not passed on; one behind an overrun is whole. */
        if ((errors & ~PL011_ERROR_OVERRUN) == 0) {
            count++;
        }
    }
    if (count != 0) {
        (void)serial_queue_write(&input, bytes, count);
        notify = serial_queue_signal_data(&input) || notify;
    }
    return taken;
}

/* Moves characters that are to be sent. Returns false when the FIFO is full. */
static bool transmit(void)
{
    uint8_t bytes[CHUNK];
    uint32_t left = serial_queue_available(&output);
    bool room = true;

    while (left > 0 && room) {
        uint32_t count = (uint32_t)serial_queue_peek(&output, 0, bytes, sizeof(bytes));
        uint32_t sent = 0;
        while (sent < count && (room = pl011_can_send(&uart))) {
            pl011_send(&uart, (char)bytes[sent++]);
        }
        (void)serial_queue_drop(&output, sent);
        left -= sent;
    }
    if (left <= LOW_WATER) {
        notify = serial_queue_signal_space(&output) || notify;
    }
    return room;
}

/* Moves all that can be moved, and asks for an interrupt or a notification for the rest. */
static void serve(void)
{
    uint32_t wanted = 0;
    bool again = true;

    while (again) {
        wanted = PL011_INTERRUPT_RECEIVE | PL011_INTERRUPT_RECEIVE_TIMEOUT;
        again = receive() == CHUNK;
        if (serial_queue_space(&input) == 0) {
            if (serial_queue_wait_space(&input, 1)) {
                wanted = 0;
            } else {
                again = true;
            }
        }
        if (!transmit()) {
            wanted |= PL011_INTERRUPT_TRANSMIT;
        } else if (!serial_queue_wait_data(&output)) {
            again = true;
        }
    }
    if (wanted != interrupts) {
        interrupts = wanted;
        pl011_irq_select(&uart, wanted);
    }
    if (notify) {
        notify = false;
        microkit_deferred_notify((microkit_channel)serial_channel);
    }
}

void init(void)
{
    void *memory = (void *)serial_vaddr;
    size_t half = serial_connection_half(serial_bytes);

    if (serial_queue_open_consumer(&output, serial_connection_output(memory), half) !=
            SERIAL_QUEUE_OK ||
        serial_queue_open_producer(&input, serial_connection_input(memory, serial_bytes), half) !=
            SERIAL_QUEUE_OK) {
        microkit_dbg_puts("pl011: the connection's region is too small or not aligned\n");
        microkit_internal_crash(0);
    }
    pl011_init(&uart, uart_vaddr);
    notify = true;
    serve();
}

void notified(microkit_channel ch)
{
    if (ch == uart_irq) {
        pl011_irq_clear(&uart);
        serve();
        microkit_deferred_irq_ack(ch);
    } else {
        serve();
    }
}
