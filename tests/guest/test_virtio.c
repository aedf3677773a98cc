/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a driver pays for a virtio-mmio device on a register page, operation by operation, on the
 * second CPU: the device's VMM is on the first. No driver has started the device, so that the VMM
 * has nothing to do for a kick. With `start=1` it says that it has, without a queue that is ready:
 * some VMMs are told of kicks in a shorter way from then on.
 */
#include "figure.h"
#include "gic.h"
#include "platform.h"
#include "psci.h"
#include "test.h"

/* Registers of virtio-mmio (virtIO 1.2, 4.2.2). */
#define MAGIC 0x000
#define QUEUE_NOTIFY 0x050
#define INTERRUPT_STATUS 0x060
#define INTERRUPT_ACK 0x064
#define STATUS 0x070
#define STATUS_STARTED 0xfU
#define MAGIC_VALUE 0x74726976U
/* Ticks in which the VMM has long done its part. */
#define AHEAD 2000U

static uintptr_t device;
static volatile uint64_t is_done;

static void settle(void)
{
    uint64_t end = cpu_counter() + AHEAD;

    while (cpu_counter() < end) {
        cpu_relax();
    }
}

static void measure_kicks(bool again, const char *name)
{
    for (unsigned i = 0; i < FIGURE_SAMPLES; i++) {
        uint64_t start;

        settle();
        if (again) {
            mmio_write32(device + QUEUE_NOTIFY, 0);
        }
        start = figure_start();
        mmio_write32(device + QUEUE_NOTIFY, 0);
        figure_sample(figure_time() - start);
    }
    figure_print(name);
}

static void secondary(unsigned cpu)
{
    (void)cpu;
    cpu_mask_irqs();
    /* The first CPU does nothing meanwhile, so that this one may print. */
    figure_calibrate();
    for (unsigned i = 0; i < FIGURE_SAMPLES; i++) {
        uint64_t start = figure_start();

        (void)mmio_read32(device + INTERRUPT_STATUS);
        figure_sample(figure_time() - start);
    }
    figure_print("virtio register read");
    for (unsigned i = 0; i < FIGURE_SAMPLES; i++) {
        uint64_t start = figure_start();

        mmio_write32(device + INTERRUPT_ACK, 3);
        figure_sample(figure_time() - start);
    }
    figure_print("virtio interrupt acknowledgement");
    if (test_argument("start", 0) != 0) {
        mmio_write32(device + STATUS, STATUS_STARTED);
    }
    measure_kicks(false, "virtio kick, VMM woken");
    measure_kicks(true, "virtio kick, VMM not woken");
    is_done = 1;
}

static void run(void)
{
    device = test_argument("virtio", 0);
    if (!test_check(device != 0 && platform.cpus > 1, "virtio.device and second CPU", device) ||
        !test_check(mmio_read32(device + MAGIC) == MAGIC_VALUE, "virtio.magic", device)) {
        return;
    }
    test_on_secondary = secondary;
    psci_call(PSCI_CPU_ON, platform.mpidr[1], (uintptr_t)secondary_start, 1);
    while (is_done == 0) {
        cpu_relax();
    }
    test_on_secondary = 0;
}

const struct test_group virtio_tests = { .name = "virtio", .run = run, .named = true };
