/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The serial virtualiser's PD. What it is told: its configuration (config.h) in a region, and,
 * where the description has <reports>, the kernel's report ring, whose records it shows: those
 * about a client's PD or VM in that client's stream, the others in its own.
 */
#include <bulkhead/report_print.h>
#include <bulkhead/statistics.h>
#include <io/timer/protocol.h>
#include <microkit.h>

#include "text.h"
#include "virtualiser.h"

#define NS_A_SECOND 1000000000ULL
#define NOT_SET 1
/* While there is less room than this, records stay in the ring. */
#define REPORT_ROOM REPORT_PRINT_BYTES

_Static_assert(REPORT_PRINT_BYTES <= SERIAL_TX_NOTES / 2, "a report fits");
_Static_assert(REPORT_PRINT_LINE + 1 <= SERIAL_TX_NOTE, "a line of a report fits");

/* Set in the ELF file by the tool, so that the compiler must not take them for what they are here.
 */
#define PATCHED __attribute__((used))
PATCHED uint64_t config_vaddr = NOT_SET;
PATCHED uint64_t config_bytes = NOT_SET;
PATCHED uint64_t reports_vaddr = NOT_SET;

static BH_STATISTICS(SERIAL_MAX_CLIENTS) directory BH_STATISTICS_KEPT;

static struct serial_config config;
static struct serial_virtualiser virtualiser;
static uint64_t frequency;
static uint64_t latest;
static uint64_t timeout = SERIAL_NEVER;
static uint64_t lost;

/* A line of a report, and whose stream it goes to. */
static struct {
    char text[REPORT_PRINT_LINE];
    uint32_t length;
    unsigned int client;
} line;

/* Nanoseconds; never less than before. */
static uint64_t clock_now(void)
{
    uint64_t ticks;

    __asm__ volatile("mrs %0, cntpct_el0" : "=r"(ticks));
    uint64_t now = ticks / frequency * NS_A_SECOND + ticks % frequency * NS_A_SECOND / frequency;
    latest = now > latest ? now : latest;
    return latest;
}

static void line_sink(void *context, char c)
{
    (void)context;
    if (c != '\n') {
        if (line.length < sizeof(line.text) - 2) {
            line.text[line.length++] = c;
        }
        return;
    }
    line.text[line.length++] = '\r';
    line.text[line.length++] = '\n';
    if (!serial_tx_note(&virtualiser.tx, line.client, line.text, line.length)) {
        virtualiser.unsaid++;
    }
    line.length = 0;
}

__attribute__((format(printf, 1, 2))) static void say(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    line.client = SERIAL_NOBODY;
    (void)bh_vprint(line_sink, NULL, format, arguments);
    va_end(arguments);
}

/* Shows records as far as there is room for their sentences. Returns whether it showed any. */
static bool show_reports(void)
{
    struct bh_report_ring *ring = (struct bh_report_ring *)reports_vaddr;
    struct bh_report report;
    bool shown = false;

    if (reports_vaddr == NOT_SET) {
        return false;
    }
    while (serial_tx_note_room(&virtualiser.tx) >= REPORT_ROOM && report_take(ring, &report)) {
        line.client = serial_config_about(&config, report.name);
        report_print(line_sink, NULL, &report);
        shown = true;
    }
    uint64_t now_lost = __atomic_load_n(&ring->lost, __ATOMIC_RELAXED);
    if (now_lost != lost) {
        say("REPORT lost=%lu\n", now_lost - lost);
        lost = now_lost;
        shown = true;
    }
    return shown;
}

/* Asks for a notification at `deadline`, unless one comes before that anyway. */
static void set_timeout(uint64_t deadline, uint64_t now)
{
    if (deadline < timeout) {
        timeout = deadline;
        microkit_mr_set(0, deadline > now ? deadline - now : 0);
        (void)microkit_ppcall(config.timer, microkit_msginfo_new(TIMER_SET_TIMEOUT, 1));
    }
}

/* Notifies; with the system call that ends this round, when there is no other round before it. */
static void tell(microkit_channel channel, bool again)
{
    if (again) {
        microkit_notify(channel);
    } else {
        microkit_deferred_notify(channel);
    }
}

static void serve(void)
{
    bool again = true;

    while (again) {
        bool shown = show_reports();
        uint64_t now = clock_now();
        struct serial_tx_work work = serial_virtualiser_serve(&virtualiser, now);
        if (work.deadline != SERIAL_NEVER && config.timer == SERIAL_CONFIG_NONE) {
            /* Nobody to wake this PD in time: the wait is over at once. */
            latest = work.deadline;
            work.again = true;
        } else if (work.deadline != SERIAL_NEVER) {
            set_timeout(work.deadline, now);
        }
        again = work.again || shown;
        if (work.device) {
            tell(config.device.channel, again);
        }
        for (unsigned int i = 0; work.clients != 0; i++, work.clients >>= 1) {
            if ((work.clients & 1) != 0) {
                tell(config.clients[i].connection.channel, again);
            }
        }
    }
}

/* What went between the clients and the console is shown to who sees the machine's memory. */
static void show_statistics(void)
{
    bh_statistics_begin(&directory.head);
    for (unsigned int i = 0; i < config.count; i++) {
        const struct serial_tx_client *out = &virtualiser.tx.clients[i];
        const uint64_t *const lines[BH_STATISTICS_SUMMANDS] = { &out->lines };

        bh_statistics_add(&directory.head, config.clients[i].name, lines,
                          &virtualiser.rx.clients[i].bytes, &out->bytes);
    }
}

void init(void)
{
    unsigned int number;

    __asm__("mrs %0, cntfrq_el0" : "=r"(frequency));
    enum serial_config_error wrong =
        serial_config_read(&config, (const char *)config_vaddr, config_bytes, &number);
    if (wrong != SERIAL_CONFIG_OK) {
        printf("serial: line %u of the configuration is wrong (%d)\n", number, wrong);
        microkit_internal_crash(0);
    }
    enum serial_queue_error error = serial_virtualiser_open(&virtualiser, &config);
    if (error != SERIAL_QUEUE_OK) {
        printf("serial: a connection's region is too small or not aligned (%d)\n", error);
        microkit_internal_crash(0);
    }
    show_statistics();
    virtualiser.unsaid += serial_text_greeting(&virtualiser);
    microkit_notify(config.device.channel);
    for (unsigned int i = 0; i < config.count; i++) {
        microkit_notify(config.clients[i].connection.channel);
    }
    serve();
}

void notified(microkit_channel ch)
{
    if (ch == config.timer) {
        timeout = SERIAL_NEVER;
    }
    serve();
}
