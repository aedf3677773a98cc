/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE
#include "watch_show.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"

#define WATCH_SHOW_BAR 20
/* A screen narrower than this has no bars. */
#define WATCH_SHOW_WIDE 100
/* A device: the program that counts, its name; requests and bytes a second, and in all. */
#define WATCH_SHOW_DEVICE "%-14.14s %-11.11s %10s %6s %6s %9s %6s %6s\n"

const char *watch_show_number(double value, char text[16])
{
    static const char units[] = { 'k', 'M', 'G', 'T', 'P' };
    unsigned unit = 0;

    if (value < 9999.5) {
        snprintf(text, 16, value > 0 && value < 0.95 ? "%.1f" : "%.0f", value);
        return text;
    }
    for (value /= 1000; value >= 999.5 && unit < sizeof(units) - 1; unit++) {
        value /= 1000;
    }
    snprintf(text, 16, value < 99.95 ? "%.1f%c" : "%.0f%c", value > 9e6 ? 9e6 : value, units[unit]);
    return text;
}

static void watch_show_bar(FILE *out, double share)
{
    int full = (int)(share * WATCH_SHOW_BAR + 0.5);

    fputs(" [", out);
    for (int i = 0; i < WATCH_SHOW_BAR; i++) {
        fputc(i < full ? '#' : ' ', out);
    }
    fputc(']', out);
}

static bool watch_show_is_quiet(const struct watch_share *share)
{
    double sum = share->share + share->switches;

    for (unsigned i = 0; i < WATCH_EXITS; i++) {
        sum += share->exits[i];
    }
    return sum == 0;
}

static void watch_show_cpus(const struct watch_view *view, FILE *out)
{
    for (unsigned cpu = 0; cpu < view->load->system->header.board.cpus; cpu++) {
        fprintf(out, "CPU %u %5.1f %%", cpu, view->load->cpus[cpu] * 100);
        watch_show_bar(out, view->load->cpus[cpu]);
        fputc('\n', out);
    }
}

static void watch_show_threads(const struct watch_view *view, FILE *out, bool bars, bool quiet)
{
    const struct watch_load *load = view->load;
    char text[16];

    fprintf(out, "\nCPU %-16s   busy%*s switch  intr.  wait  mem.   hvc   smc  reg. other\n",
            "runs", bars ? WATCH_SHOW_BAR + 3 : 0, "");
    for (size_t i = 0; i < load->system->threads_count; i++) {
        const struct watch_thread *thread = &load->system->threads[i];
        const struct watch_share *share = &load->shares[i];

        if (!quiet && watch_show_is_quiet(share)) {
            continue;
        }
        fprintf(out, "%3u %-16.16s %5.1f%%", thread->cpu, thread->name, share->share * 100);
        if (bars) {
            watch_show_bar(out, share->share);
        }
        fprintf(out, " %6s", watch_show_number(share->switches, text));
        for (unsigned j = 0; j < WATCH_EXITS; j++) {
            fprintf(out, " %5s", watch_show_number(share->exits[j], text));
        }
        fputc('\n', out);
    }
}

static void watch_show_devices(const struct watch_view *view, FILE *out, bool quiet)
{
    const struct watch_devices *devices = view->devices;

    fputc('\n', out);
    fprintf(out, WATCH_SHOW_DEVICE, "device of", "", "requests/s", "in/s", "out/s", "requests",
            "in", "out");
    for (size_t pd = 0; pd < BH_MAX_PDS; pd++) {
        for (size_t i = 0; i < devices->counts[pd]; i++) {
            const struct watch_device *device = &devices->devices[pd][i];
            char text[2 * WATCH_COUNTERS][16];

            if (!quiet && device->rates[0] + device->rates[1] + device->rates[2] == 0) {
                continue;
            }
            for (size_t j = 0; j < WATCH_COUNTERS; j++) {
                watch_show_number(device->rates[j], text[j]);
                watch_show_number((double)device->totals[j], text[WATCH_COUNTERS + j]);
            }
            fprintf(out, WATCH_SHOW_DEVICE, device->pd, device->name, text[0], text[1], text[2],
                    text[3], text[4], text[5]);
        }
    }
}

/* The screen as text; `quiet`: with what has nothing to show. Returns the number of its lines. */
static unsigned watch_show_compose(const struct watch_view *view, unsigned columns, bool quiet,
                                   char **text)
{
    size_t size;
    FILE *out = open_memstream(text, &size);
    unsigned lines = 0;

    if (out == NULL) {
        *text = alloc_copy("", 0);
        return 0;
    }
    fprintf(out, "%s  %.0f s, every %g s; rates a second; q ends%s\n\n", view->title, view->seconds,
            view->interval,
            view->load != NULL && view->load->instructions
                ? "; shares of what the busiest CPU did (--icount)"
                : "");
    if (view->load != NULL) {
        watch_show_cpus(view, out);
        watch_show_threads(view, out, columns >= WATCH_SHOW_WIDE, quiet);
    } else {
        fputs(WATCH_SHOW_LACK ":\n" WATCH_SHOW_REMEDY "\n", out);
    }
    watch_show_devices(view, out, quiet);
    fclose(out);
    for (const char *at = *text; (at = strchr(at, '\n')) != NULL; at++) {
        lines++;
    }
    return lines;
}

void watch_show_screen(const struct watch_view *view, FILE *out, unsigned columns, unsigned rows)
{
    char *text;
    const char *line;
    unsigned all = watch_show_compose(view, columns, true, &text);
    unsigned lines = all;

    if (all >= rows) {
        free(text);
        lines = watch_show_compose(view, columns, false, &text);
    }
    fputs("\033[H", out);
    line = text;
    for (unsigned row = 1; row <= lines && row < rows; row++) {
        int length = (int)strcspn(line, "\n");

        if (row + 1 == rows && row < lines) {
            fprintf(out, "... %u lines more\033[K\r\n", lines - row + 1);
        } else {
            fprintf(out, "%.*s\033[K\r\n", length < (int)columns ? length : (int)columns - 1, line);
        }
        line += length + 1;
    }
    if (lines < all && lines + 1 < rows) {
        fprintf(out, "(%u more did nothing)\033[K\r\n", all - lines);
    }
    fputs("\033[J", out);
    free(text);
}

void watch_show_lines(const struct watch_view *view, FILE *out)
{
    const struct watch_load *load = view->load;
    const struct watch_devices *devices = view->devices;

    for (unsigned cpu = 0; load != NULL && cpu < load->system->header.board.cpus; cpu++) {
        fprintf(out, "%.1f cpu %u busy %.1f%%\n", view->seconds, cpu, load->cpus[cpu] * 100);
    }
    for (size_t i = 0; load != NULL && i < load->system->threads_count; i++) {
        const struct watch_thread *thread = &load->system->threads[i];
        const struct watch_share *share = &load->shares[i];

        fprintf(out, "%.1f %s %s cpu %u busy %.1f%% switches/s %.0f", view->seconds,
                thread->vcpu ? "vcpu" : "pd", thread->name, thread->cpu, share->share * 100,
                share->switches);
        for (unsigned j = 0; j < WATCH_EXITS; j++) {
            fprintf(out, " %s/s %.0f", watch_load_exits[j], share->exits[j]);
        }
        fputc('\n', out);
    }
    for (size_t pd = 0; pd < BH_MAX_PDS; pd++) {
        for (size_t i = 0; i < devices->counts[pd]; i++) {
            const struct watch_device *device = &devices->devices[pd][i];

            fprintf(out,
                    "%.1f device %s:%s requests/s %.0f in/s %.0f out/s %.0f"
                    " requests %" PRIu64 " in %" PRIu64 " out %" PRIu64 "\n",
                    view->seconds, device->pd, device->name, device->rates[WATCH_REQUESTS],
                    device->rates[WATCH_BYTES_IN], device->rates[WATCH_BYTES_OUT],
                    device->totals[WATCH_REQUESTS], device->totals[WATCH_BYTES_IN],
                    device->totals[WATCH_BYTES_OUT]);
        }
    }
    fflush(out);
}
