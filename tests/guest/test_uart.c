/* SPDX-License-Identifier: BSD-2-Clause */
/* The UART that the VMM makes: flags, and the transmit interrupt. The boot argument `intid=` says
 * which INTID it has. */
#include "gic.h"
#include "platform.h"
#include "test.h"

#define DR 0x00
#define FR 0x18
#define IMSC 0x38
#define RIS 0x3c
#define MIS 0x40
#define ICR 0x44
#define FR_TX_FULL (1U << 5)
#define FR_RX_EMPTY (1U << 4)
#define FR_BUSY (1U << 3)
#define TX (1U << 5)

#define IGROUPR 0x080
#define ISENABLER 0x100
#define IPRIORITYR 0x400
#define PAUSE 100000UL

static volatile uint64_t taken;

static uint32_t load(unsigned offset)
{
    return mmio_read32(platform.uart + offset);
}

static void store(unsigned offset, uint32_t value)
{
    mmio_write32(platform.uart + offset, value);
}

static void handler(unsigned intid, uint64_t counter)
{
    (void)intid;
    (void)counter;
    taken = taken + 1;
    store(ICR, TX);
}

static void enable(unsigned intid)
{
    uintptr_t bank = platform.distributor + (uintptr_t)intid / 32 * 4;

    mmio_write8(platform.distributor + IPRIORITYR + intid, 0xa0);
    if (platform.gic_version == 3) {
        mmio_write32(bank + IGROUPR, ~0U);
    }
    mmio_write32(bank + ISENABLER, 1U << intid % 32);
}

static void pause(void)
{
    uint64_t end = cpu_counter() + PAUSE;

    while (cpu_counter() < end) {
    }
}

/* What is printed goes by the UART itself: each step is over before its result is. */
static void interrupts(unsigned intid)
{
    uint64_t masked, once, again;
    bool came;

    gic_set_handler(intid, handler);
    enable(intid);
    store(DR, '+');
    pause();
    masked = taken;
    store(IMSC, TX);
    came = test_wait_change(&taken, masked);
    pause();
    once = taken;
    store(DR, '+');
    (void)test_wait_change(&taken, once);
    pause();
    again = taken;
    store(IMSC, 0);
    gic_set_handler(intid, 0);
    test_check(masked == 0, "uart.masked interrupt does not come", masked);
    test_check(came && once == 1, "uart.interrupt comes once", once);
    test_check(again == 2, "uart.interrupt comes again", again);
}

static void run(void)
{
    uint32_t cleared, sent;

    test_check((load(FR) & (FR_TX_FULL | FR_RX_EMPTY | FR_BUSY)) == FR_RX_EMPTY, "uart.is ready",
               load(FR));
    store(ICR, TX);
    cleared = load(RIS);
    store(DR, '+');
    sent = load(RIS);
    test_check(cleared == 0 && sent == TX && load(MIS) == 0, "uart.sent", cleared << 16 | sent);
    interrupts((unsigned)test_argument("intid", 0));
}

const struct test_group uart_tests = { "uart", run, true };
