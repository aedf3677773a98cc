/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The device side of a connection as a UART of 115,200 bits a second would be, which QEMU's is not:
 * every CHARACTERS characters' time it passes so many on. Behind each `<ticks>` that comes by, 16
 * digits in hexadecimal, it says how long that took.
 */
#include <drivers/serial/pl011.h>
#include <io/serial/client.h>
#include <io/timer/protocol.h>
#include <microkit.h>

#define CHARACTERS 8U
#define TICK_NS (CHARACTERS * 10ULL * 1000000000 / 115200)

/* Set in the ELF file by the tool. */
uint64_t uart_vaddr = 1;
uint64_t uart_irq = MICROKIT_MAX_CHANNELS;
uint64_t serial_vaddr = 1;
uint64_t serial_bytes = 1;
uint64_t serial_channel = MICROKIT_MAX_CHANNELS;
uint64_t timer_channel = MICROKIT_MAX_CHANNELS;

static struct pl011 uart;
static struct serial_queue output;
static struct serial_queue input;
static bool busy;
static uint64_t stamp;
static unsigned int digits;

static void watch(char c)
{
    uint64_t ticks;
    uint64_t frequency;

    if (c == '<') {
        digits = 1;
        stamp = 0;
    } else if (c == '>' && digits == 17) {
        __asm__ volatile("mrs %0, cntpct_el0" : "=r"(ticks));
        __asm__ volatile("mrs %0, cntfrq_el0" : "=r"(frequency));
        pl011_print(&uart, "{%lu us}", (ticks - stamp) * 1000000 / frequency);
        digits = 0;
    } else if (digits != 0) {
        unsigned int digit = c >= 'a' ? (unsigned int)(c - 'a') + 10 : (unsigned int)(c - '0');
        digits = digit < 16 ? digits + 1 : 0;
        stamp = stamp << 4 | digit;
    }
}

static void transmit(void)
{
    char bytes[CHARACTERS];
    size_t count = serial_queue_read(&output, bytes, sizeof(bytes));

    for (size_t i = 0; i < count; i++) {
        pl011_send(&uart, bytes[i]);
        watch(bytes[i]);
    }
    if (serial_queue_signal_space(&output)) {
        microkit_notify((microkit_channel)serial_channel);
    }
    busy = count != 0 || !serial_queue_wait_data(&output);
    if (busy) {
        microkit_mr_set(0, TICK_NS);
        (void)microkit_ppcall((microkit_channel)timer_channel,
                              microkit_msginfo_new(TIMER_SET_TIMEOUT, 1));
    }
}

static void receive(void)
{
    char byte;

    while (pl011_receive(&uart, &byte)) {
        (void)serial_queue_write(&input, &byte, 1);
    }
    if (serial_queue_signal_data(&input)) {
        microkit_notify((microkit_channel)serial_channel);
    }
}

void init(void)
{
    void *memory = (void *)serial_vaddr;
    size_t half = serial_connection_half(serial_bytes);

    (void)serial_queue_open_consumer(&output, serial_connection_output(memory), half);
    (void)serial_queue_open_producer(&input, serial_connection_input(memory, serial_bytes), half);
    pl011_init(&uart, uart_vaddr);
    pl011_receive_irq_enable(&uart);
    microkit_notify((microkit_channel)serial_channel);
    transmit();
}

void notified(microkit_channel ch)
{
    if (ch == uart_irq) {
        pl011_irq_clear(&uart);
        receive();
        microkit_irq_ack(ch);
    } else if (ch == timer_channel || !busy) {
        transmit();
    }
}
