/* SPDX-License-Identifier: BSD-2-Clause */
#include <bulkhead/report_print.h>

#include <bulkhead/abi.h>

struct report_out {
    bh_print_sink sink;
    void *context;
};

__attribute__((format(printf, 2, 3))) static void report_say(const struct report_out *out,
                                                             const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    (void)bh_vprint(out->sink, out->context, format, arguments);
    va_end(arguments);
}

bool report_take(struct bh_report_ring *ring, struct bh_report *report)
{
    const struct bh_report *slot = &ring->slots[ring->read % BH_REPORT_SLOTS];

    if (__atomic_load_n(&slot->number, __ATOMIC_ACQUIRE) != ring->read + 1) {
        return false;
    }
    memcpy(report, slot, sizeof(*report));
    report->name[sizeof(report->name) - 1] = '\0';
    __atomic_store_n(&ring->read, ring->read + 1, __ATOMIC_RELEASE);
    return true;
}

static const char *report_fault_name(uint32_t fault)
{
    switch (fault) {
    case BH_FAULT_MEMORY:
        return "memory";
    case BH_FAULT_EXCEPTION:
        return "exception";
    case BH_FAULT_SYSCALL:
        return "syscall";
    default:
        return "unknown";
    }
}

static void report_print_fault(const struct report_out *out, const struct bh_report *report)
{
    report_say(out, "FAULT pd=%s kind=%s pc=0x%lx addr=0x%lx esr=0x%lx sp=0x%lx spsr=0x%lx\n",
               report->name, report_fault_name(report->fault), report->pc, report->addr,
               report->esr, report->sp, report->spsr);
    for (unsigned int i = 0; i < 31; i += 4) {
        report_say(out, "FAULT pd=%s", report->name);
        for (unsigned int j = i; j < i + 4 && j < 31; j++) {
            report_say(out, " x%u=0x%lx", j, report->x[j]);
        }
        report_say(out, "\n");
    }
    for (unsigned int i = 0; i < BH_REPORT_FRAMES && report->frames[i] != 0; i++) {
        report_say(out, "FAULT pd=%s frame=%u pc=0x%lx\n", report->name, i, report->frames[i]);
    }
}

/** What a VMM reports of its guest: the word of each kind, from BH_REPORT_GUEST_OFF on. */
static const char *const report_guest_words[] = { "OFF", "RESET", "CRASH", "STOPPED" };

void report_print(bh_print_sink sink, void *context, const struct bh_report *report)
{
    static const char *const guest[] = { "OFF", "RESET", "CRASH", "STOPPED" };
    const struct report_out out = { sink, context };

    if (report->kind == BH_REPORT_FAULT) {
        report_print_fault(&out, report);
    } else if (report->kind == BH_REPORT_RESTART) {
        report_say(&out, "RESTART pd=%s\n", report->name);
    } else if (report->kind == BH_REPORT_SERROR) {
        report_say(&out, "SERROR pd=%s pc=0x%lx esr=0x%lx\n", report->name, report->pc,
                   report->esr);
    } else if (report->kind >= BH_REPORT_GUEST_OFF && report->kind <= BH_REPORT_GUEST_STOPPED) {
        report_say(&out, "GUEST-%s pd=%s number=%lu\n",
                   report_guest_words[report->kind - BH_REPORT_GUEST_OFF], report->name,
                   report->addr);
    } else if (report->kind >= BH_REPORT_GUEST_OFF && report->kind <= BH_REPORT_GUEST_STOPPED) {
        report_say(&out, "GUEST-%s pd=%s number=%lu\n", guest[report->kind - BH_REPORT_GUEST_OFF],
                   report->name, report->addr);
    } else {
        report_say(&out, "REPORT pd=%s kind=%u\n", report->name, report->kind);
    }
}
