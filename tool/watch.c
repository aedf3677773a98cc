/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE
#include "watch.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/pidfd.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "cmd.h"
#include "watch_show.h"

#define WATCH_MS 1000000ULL
/* How long a machine may take until its system is in its memory, and how often that is tried. */
#define WATCH_START 100
#define WATCH_START_PAUSE 100
/* The size of a terminal that does not tell. */
#define WATCH_COLUMNS 80
#define WATCH_ROWS 24

/* The alternate screen, without cursor and without wrapping lines; and what was before. */
#define WATCH_ENTER "\033[?1049h\033[?25l\033[?7l"
#define WATCH_LEAVE "\033[?7h\033[?25h\033[?1049l"

static volatile sig_atomic_t watch_ended;

struct watch {
    const struct watch_wish *wish;
    int process; /* a file that is readable when the machine has ended; -1: nobody knows */
    bool screen;
    bool keys;
    struct termios terminal; /* standard input as it was */
    FILE *out;
};

static void watch_end(int number)
{
    (void)number;
    watch_ended = 1;
}

static uint64_t watch_now(void)
{
    struct timespec now = { 0, 0 };

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000ULL + (uint64_t)now.tv_nsec;
}

static bool watch_enter(struct watch *watch, const struct watch_wish *wish)
{
    const struct sigaction action = { .sa_handler = watch_end };
    int copy = dup(wish->out);

    *watch = (struct watch){ .wish = wish, .process = pidfd_open(wish->pid, 0) };
    watch->out = copy >= 0 ? fdopen(copy, "w") : NULL;
    if (watch->out == NULL) {
        return false;
    }
    watch_ended = 0;
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
    (void)sigaction(SIGHUP, &action, NULL);
    watch->screen = isatty(wish->out) == 1;
    watch->keys = wish->keys && watch->screen && tcgetattr(STDIN_FILENO, &watch->terminal) == 0;
    if (watch->keys) {
        struct termios raw = watch->terminal;

        raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
        (void)tcsetattr(STDIN_FILENO, TCSANOW, &raw);
    }
    if (watch->screen) {
        fputs(WATCH_ENTER, watch->out);
    }
    return true;
}

static void watch_leave(struct watch *watch)
{
    if (watch->screen) {
        fputs(WATCH_LEAVE, watch->out);
    }
    if (watch->keys) {
        (void)tcsetattr(STDIN_FILENO, TCSANOW, &watch->terminal);
    }
    if (watch->process >= 0) {
        close(watch->process);
    }
    fclose(watch->out);
}

/* Wait until `time`. False: the machine has ended, or nobody wants to see more. */
static bool watch_wait(const struct watch *watch, uint64_t time)
{
    while (watch_ended == 0) {
        /* Of a negative number poll() takes no notice. */
        struct pollfd files[] = {
            { .fd = watch->process, .events = POLLIN },
            { .fd = watch->keys ? STDIN_FILENO : -1, .events = POLLIN },
        };
        uint64_t now = watch_now();
        char key = 'q';

        if (now >= time) {
            return true;
        }
        if (poll(files, 2, (int)((time - now + WATCH_MS - 1) / WATCH_MS)) < 0 && errno != EINTR) {
            return false;
        }
        if (files[0].revents != 0) {
            return false;
        }
        if (files[1].revents != 0 && (read(STDIN_FILENO, &key, 1) != 1 || key == 'q')) {
            return false;
        }
    }
    return false;
}

static void watch_show(const struct watch *watch, const struct watch_view *view)
{
    struct winsize size = { 0 };

    if (!watch->screen) {
        watch_show_lines(view, watch->out);
        return;
    }
    if (ioctl(watch->wish->out, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) {
        size.ws_col = WATCH_COLUMNS;
        size.ws_row = WATCH_ROWS;
    }
    watch_show_screen(view, watch->out, size.ws_col, size.ws_row);
    fflush(watch->out);
}

/* Look at a system until the end. */
static void watch_look(const struct watch *watch, const struct watch_system *system)
{
    const struct watch_wish *wish = watch->wish;
    uint64_t start = watch_now();
    struct watch_devices devices;
    struct watch_load load;
    struct watch_view view = { .title = wish->title,
                               .devices = &devices,
                               .interval = (double)wish->interval / 1000 };

    watch_load_begin(&load, system);
    watch_devices_begin(&devices, system);
    if (system->counts == 0 && !watch->screen) {
        fputs("0.0 " WATCH_SHOW_NO_COUNTS "\n", watch->out);
    }
    if (system->counts != 0) {
        (void)watch_load_look(&load, start);
    }
    watch_devices_look(&devices, start);
    for (uint64_t i = 1; (wish->count == 0 || i <= wish->count) &&
                         watch_wait(watch, start + i * wish->interval * WATCH_MS);
         i++) {
        uint64_t now = watch_now();

        view.load = system->counts != 0 && watch_load_look(&load, now) ? &load : NULL;
        watch_devices_look(&devices, now);
        view.seconds = (double)(now - start) / 1e9;
        watch_show(watch, &view);
    }
    watch_devices_end(&devices);
    watch_load_end(&load);
}

int watch_run(const struct watch_wish *wish)
{
    struct watch_system system;
    struct watch watch;
    uint64_t start = watch_now();
    bool found = false;

    if (!watch_enter(&watch, wish)) {
        fprintf(stderr, "bulkhead: nothing can be shown: %s\n", strerror(errno));
        return CMD_ENVIRONMENT;
    }
    for (uint64_t i = 1; i <= WATCH_START && !found; i++) {
        found = watch_system_open(&system, wish->memory);
        if (!found && !watch_wait(&watch, start + i * WATCH_START_PAUSE * WATCH_MS)) {
            break;
        }
    }
    if (found) {
        watch_look(&watch, &system);
        watch_system_close(&system);
    }
    watch_leave(&watch);
    if (!found) {
        fputs("bulkhead: no system is in the machine's memory\n", stderr);
    }
    return found ? CMD_OK : CMD_ENVIRONMENT;
}
