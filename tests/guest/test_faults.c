/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A disk that breaks ("faults"), and a guest on another part of it ("reads"). The boot argument
 * `disk=` says where the register page is, `deadline=` how many microseconds a request may take.
 */
#include "faults.h"
#include "hostile.h"
#include "platform.h"
#include "psci.h"
#include "test.h"

#define MICROSECONDS 1000000UL
#define WAIT_US 20U
#define MOST_WAITS 500000U
#define SECTOR 512U
#define BODY_BYTES 4096U
#define MINE 0x77U
#define READ 0U
#define OK 0U
#define IOERR 1U
/** What the neighbour reads, and for how many deadlines. */
#define NEIGHBOUR_SECTOR 100U
#define NEIGHBOUR_DEADLINES 30U

static unsigned char memory[HOSTILE_MEMORY_BYTES] __attribute__((aligned(4096)));
static uint64_t deadline;

static uint32_t load(void *context, uint32_t offset)
{
    return mmio_read32((uintptr_t)context + offset);
}

static void store(void *context, uint32_t offset, unsigned bytes, uint64_t value)
{
    (void)bytes;
    mmio_write32((uintptr_t)context + offset, (uint32_t)value);
}

static bool wait(void *context, unsigned turn)
{
    uint64_t end = cpu_counter() + READ_SYSREG("cntfrq_el0") / (MICROSECONDS / WAIT_US);

    (void)context;
    while (cpu_counter() < end) {
        cpu_relax();
    }
    return turn < MOST_WAITS;
}

static struct hostile_machine machine = {
    .load = load,
    .store = store,
    .wait = wait,
    .memory = memory,
    .write = true,
    .written = 1,
};
static struct hostile driver = { .machine = &machine };

static bool start(void)
{
    machine.context = (void *)test_argument("disk", 0);
    machine.memory_at = (uintptr_t)memory;
    deadline = test_argument("deadline", 0) * READ_SYSREG("cntfrq_el0") / MICROSECONDS;
    return test_check(machine.context != NULL && deadline != 0 && hostile_boot(&driver),
                      "faults.a disk", deadline);
}

/* Bytes of the request's data that are not `value`, from `from` on. */
static uint64_t others(uint32_t from, unsigned value)
{
    uint64_t count = 0;

    for (uint32_t at = from; at < BODY_BYTES; at++) {
        count += hostile_get8(&driver, HOSTILE_BODY + at) != value;
    }
    return count;
}

static void fill(void)
{
    hostile_fill(&driver, HOSTILE_BODY, BODY_BYTES, MINE);
}

static unsigned ask(uint64_t sector)
{
    fill();
    return hostile_disk_ask(&driver, READ, sector, BODY_BYTES);
}

static bool is_good(void)
{
    return ask(FAULT_NONE) == OK && others(0, FAULT_PATTERN) == 0;
}

/* An answer that never comes is an error at the deadline, and not before. */
static void late(uint64_t sector, const char *name)
{
    uint64_t begin = cpu_counter();
    unsigned status = ask(sector);
    uint64_t ticks = cpu_counter() - begin;

    test_check(status == IOERR && ticks >= deadline && ticks < 3 * deadline, name, ticks);
    test_check(is_good(), "faults.the next request", 0);
}

/* The disk's driver dies with the request, and is started again before the deadline. */
static void crash(void)
{
    uint64_t begin = cpu_counter();
    unsigned status = ask(FAULT_CRASH);
    uint64_t ticks = cpu_counter() - begin;

    test_check(status == IOERR && ticks < deadline, "faults.a restart of the driver", ticks);
    test_check(is_good(), "faults.a restart of the driver", 0);
}

/* The disk answers what it has kept: nothing comes to the guest. */
static void nothing_comes(const char *name)
{
    fill();
    /* This request's own data is a sector. */
    test_check(hostile_disk_ask(&driver, READ, FAULT_RELEASE, SECTOR) == OK, name, 0);
    hostile_settle(&driver);
    test_check(others(SECTOR, MINE) == 0, name, others(SECTOR, MINE));
    test_check(hostile_all_used(&driver) && is_good(), name, 0);
}

static void reset_with(uint64_t sector, const char *name)
{
    hostile_disk_send(&driver, READ, sector, BODY_BYTES);
    test_check(hostile_reset(&driver), name, 0);
    hostile_fill(&driver, 0, HOSTILE_MEMORY_BYTES, MINE);
    hostile_settle(&driver);
    for (uint32_t at = 0; at < HOSTILE_MEMORY_BYTES; at++) {
        if (hostile_get8(&driver, at) != MINE) {
            test_check(false, name, at);
            break;
        }
    }
    test_check(hostile_boot(&driver), name, 0);
    nothing_comes(name);
}

static void before_the_reboot(void)
{
    test_check(is_good(), "faults.a good disk", 0);
    test_check(ask(FAULT_ERROR) == IOERR, "faults.an error", 0);
    test_check(ask(FAULT_SHORT) == IOERR, "faults.a short transfer", 0);
    test_check(ask(FAULT_TWICE) == OK && others(0, FAULT_PATTERN) == 0, "faults.two answers", 0);
    hostile_settle(&driver);
    test_check(hostile_all_used(&driver) && is_good(), "faults.two answers", 0);
    crash();
    late(FAULT_WRONG_ID, "faults.an answer with a wrong id");
    late(FAULT_NEVER, "faults.no answer");
    nothing_comes("faults.an answer behind the deadline");
    reset_with(FAULT_NEVER, "faults.an answer behind a reset");
    reset_with(FAULT_WHEN_WITHDRAWN, "faults.an answer at a reset");
    hostile_disk_send(&driver, READ, FAULT_NEVER, BODY_BYTES);
    hostile_disk_send(&driver, READ, FAULT_WHEN_WITHDRAWN, BODY_BYTES);
    test_print("guest: reboots with requests under way\n");
    psci_call(PSCI_SYSTEM_RESET, 0, 0, 0);
}

static void run(void)
{
    uint64_t visits = 0;

    if (!start() || hostile_disk_ask(&driver, READ, FAULT_COUNT, SECTOR) != OK) {
        test_check(false, "faults.the disk counts", 0);
        return;
    }
    for (unsigned i = 8; i-- > 0;) {
        visits = visits << 8 | hostile_get8(&driver, HOSTILE_BODY + i);
    }
    if (visits == 1) {
        before_the_reboot();
    }
    test_check(visits == 2, "faults.the second start", visits);
    nothing_comes("faults.an answer behind a reboot");
}

/* The other guest: its reads are good, and none takes as long as a deadline. */
static void run_reads(void)
{
    uint64_t wrong = 0;
    uint64_t done = 0;
    uint64_t worst = 0;

    if (!start()) {
        return;
    }
    for (uint64_t end = cpu_counter() + NEIGHBOUR_DEADLINES * deadline; cpu_counter() < end;) {
        uint64_t begin = cpu_counter();

        wrong += ask(NEIGHBOUR_SECTOR) != OK || others(0, FAULT_PATTERN) != 0;
        worst = cpu_counter() - begin > worst ? cpu_counter() - begin : worst;
        done++;
    }
    test_print("guest: %lu reads, the longest %lu ticks\n", done, worst);
    test_check(wrong == 0 && done > NEIGHBOUR_DEADLINES, "reads.all are good", wrong);
    test_check(worst < deadline, "reads.none waits for another's", worst);
}

const struct test_group faults_tests = { .name = "faults", .run = run, .named = true };
const struct test_group reads_tests = { .name = "reads", .run = run_reads, .named = true };
