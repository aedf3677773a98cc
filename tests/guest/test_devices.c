/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A hostile driver of this guest's virtIO devices ("devices"): the attacks of hostile.h on the
 * console, the entropy device and the disk, for every kind of ring. The boot arguments `console=`,
 * `rng=` and `disk=` say where their register pages are.
 */
#include "hostile.h"
#include "platform.h"
#include "psci.h"
#include "test.h"

/* The VM's RAM in the tests' descriptions ends here. */
#define RAM_END 0x42000000UL
#define WAITS_A_SECOND 50000U
#define WAITS 50000U
#define CONSOLE_OUTPUT 1U
#define RNG_REQUESTS 0U
#define DISK_REQUESTS 0U
#define LEAST_ATTACKS 35U

static unsigned char memory[HOSTILE_MEMORY_BYTES] __attribute__((aligned(4096)));
static uint64_t wrong;

static uint32_t load(void *context, uint32_t offset)
{
    return mmio_read32((uintptr_t)context + offset);
}

/* One store of an exact width, which reports a syndrome. */
static void store(void *context, uint32_t offset, unsigned bytes, uint64_t value)
{
    uintptr_t at = (uintptr_t)context + offset;

    switch (bytes) {
    case 1:
        mmio_write8(at, (uint8_t)value);
        break;
    case 2:
        __asm__ volatile("strh %w0, [%1]" : : "r"(value), "r"(at) : "memory");
        break;
    case 4:
        mmio_write32(at, (uint32_t)value);
        break;
    default:
        __asm__ volatile("str %0, [%1]" : : "r"(value), "r"(at) : "memory");
        break;
    }
}

/* The device's program may run on another CPU. */
static bool wait(void *context, unsigned turn)
{
    uint64_t end = cpu_counter() + READ_SYSREG("cntfrq_el0") / WAITS_A_SECOND;

    (void)context;
    while (cpu_counter() < end) {
        cpu_relax();
    }
    return turn < WAITS;
}

static void told(const struct hostile_machine *machine, const char *attack, uint64_t features,
                 bool good)
{
    (void)machine;
    if (!good) {
        wrong++;
        test_print("guest: '%s' with features %lx went wrong\n", attack, features);
    }
    test_progress();
}

struct device {
    const char *name;
    const char *argument;
    unsigned queue;
    bool write;
    uint32_t written;
    const struct hostile_list *own;
};

static const struct device devices[] = {
    { "devices.console", "console", CONSOLE_OUTPUT, false, 0, NULL },
    { "devices.entropy", "rng", RNG_REQUESTS, true, 8, NULL },
    /* A buffer without a header is answered by its status. */
    { "devices.disk", "disk", DISK_REQUESTS, true, 1, &hostile_disk_list },
};

static void attack(const struct device *device, uintptr_t at)
{
    struct hostile_machine machine = {
        .load = load,
        .store = store,
        .wait = wait,
        .context = (void *)at,
        .memory = memory,
        .memory_at = (uintptr_t)memory,
        .hole_at = RAM_END,
        .queue = device->queue,
        .write = device->write,
        .written = device->written,
        .own = device->own,
    };
    unsigned done = 0;

    wrong = 0;
    for (unsigned kind = 0; kind < HOSTILE_KINDS; kind++) {
        done += hostile_run(&machine, hostile_kind(kind), told);
    }
    test_print("guest: %lu attacks on %s\n", (uint64_t)done, device->name);
    test_check(wrong == 0 && done >= HOSTILE_KINDS * LEAST_ATTACKS, device->name, wrong);
}

static void run(void)
{
    int64_t version;

    for (unsigned i = 0; i < sizeof(devices) / sizeof(devices[0]); i++) {
        uintptr_t at = test_argument(devices[i].argument, 0);

        if (test_check(at != 0, "devices.are there", i)) {
            attack(&devices[i], at);
        }
    }
    version = psci_call(PSCI_VERSION, 0, 0, 0);
    test_check(version == PSCI_VERSION_1_1, "devices.the VMM answers", (uint64_t)version);
}

const struct test_group devices_tests = { .name = "devices", .run = run, .named = true };
