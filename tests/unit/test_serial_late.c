/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Output that arrives while the transmit virtualiser looks elsewhere. The peer here produces at a
 * chosen step of the virtualiser's work: just before, or just after, the n-th time that it looks
 * at a queue, asks for a signal or gives one, for every n. Then the world runs on as the programs
 * do: whoever is notified works, and nobody else. Whatever was produced must come out.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "serial_rig.h"

#define PLAIN "colours off\n"
#define LATE "late\n"
#define LATE_CLIENTS 3U

/* The linker has the virtualiser call the first of each pair, and the rig's program the second. */
uint32_t __wrap_serial_queue_available(struct serial_queue *queue);
uint32_t __real_serial_queue_available(struct serial_queue *queue);
bool __wrap_serial_queue_wait_data(struct serial_queue *queue);
bool __real_serial_queue_wait_data(struct serial_queue *queue);
bool __wrap_serial_queue_signal_space(struct serial_queue *queue);
bool __real_serial_queue_signal_space(struct serial_queue *queue);
bool __wrap_serial_queue_wait_space(struct serial_queue *queue, uint32_t bytes);
bool __real_serial_queue_wait_space(struct serial_queue *queue, uint32_t bytes);

/* Steps until `late_client` speaks; below zero it has, or will not. */
static struct rig *late_rig;
static int late_in = -1;
static unsigned int late_client;
/* The virtualiser was notified, and has not been served since. */
static bool late_notified;
/* The driver was notified, and has not worked since. */
static bool device_notified;

static void step(void)
{
    if (late_in >= 0 && late_in-- == 0) {
        assert_int_equal(
            serial_client_send(&late_rig->clients[late_client], LATE, strlen(LATE), &late_notified),
            strlen(LATE));
    }
}

uint32_t __wrap_serial_queue_available(struct serial_queue *queue)
{
    step();
    uint32_t available = __real_serial_queue_available(queue);
    step();
    return available;
}

bool __wrap_serial_queue_wait_data(struct serial_queue *queue)
{
    step();
    bool wait = __real_serial_queue_wait_data(queue);
    step();
    return wait;
}

bool __wrap_serial_queue_signal_space(struct serial_queue *queue)
{
    step();
    bool wanted = __real_serial_queue_signal_space(queue);
    step();
    return wanted;
}

bool __wrap_serial_queue_wait_space(struct serial_queue *queue, uint32_t bytes)
{
    step();
    bool wait = __real_serial_queue_wait_space(queue, bytes);
    step();
    return wait;
}

/* The virtualiser works until it waits for a notification; then for its deadline. */
static void serve(struct rig *rig)
{
    late_notified = false;
    do {
        rig->work = serial_virtualiser_serve(&rig->virtualiser, rig->now);
        device_notified = device_notified || rig->work.device;
    } while (rig->work.again);
}

/* The driver takes what there is, as it would for its notification. Returns whether it notifies. */
static bool drive(struct rig *rig)
{
    uint64_t taken = 0;

    device_notified = false;
    do {
        taken = rig_drain(rig, 1024);
    } while (taken != 0 || !__real_serial_queue_wait_data(&rig->device_output));
    return __real_serial_queue_signal_space(&rig->device_output);
}

/* Runs on for as long as anybody is notified, or has set a time. */
static void run_on(struct rig *rig)
{
    for (unsigned int i = 0; i < 1000; i++) {
        bool space = device_notified && drive(rig);
        if (!space && !late_notified) {
            if (rig->work.deadline == SERIAL_NEVER) {
                return;
            }
            rig->now = rig->work.deadline;
        }
        serve(rig);
    }
    fail_msg("it does not come to rest");
}

/* What happens before the virtualiser is served and `late_client` speaks. */
struct scene {
    /* Said and served before. */
    const char *before;
    /* Said and not served yet; by whom. */
    const char *now;
    unsigned int who;
    /* How often `before` and `now` are said. */
    unsigned int times;
};

static const struct scene scenes[] = {
    /* Nothing to do. */
    { "", "", 0, 1 },
    /* A line of another client, and of the same. */
    { "", "one\n", 0, 1 },
    { "", "one\n", 1, 1 },
    /* A line is open, of the other and of the same: one of both is waited for. */
    { "open", "", 0, 1 },
    { "open", "", 1, 1 },
    { "open", " more", 0, 1 },
    { "open", " more", 1, 1 },
    /* The device is full. */
    { "................................................................\n", "end\n", 0, 12 },
    { "................................................................\n", "end\n", 1, 12 },
};

/*
 * Plays a scene with client `late` speaking at step `at`. Returns false when that is too far.
 */
static bool play(const struct scene *scene, unsigned int late, int at)
{
    struct rig *rig = rig_new(LATE_CLIENTS, PLAIN);
    bool came;

    late_rig = rig;
    late_in = -1;
    late_client = late;
    (void)drive(rig);
    for (unsigned int i = 0; i < scene->times; i++) {
        rig_say(rig, scene->who, scene->before);
        serve(rig);
    }
    if (scene->now[0] != '\0') {
        rig_say(rig, scene->who, scene->now);
    }
    late_in = at;
    serve(rig);
    run_on(rig);
    came = late_in < 0;
    late_in = -1;
    if (came) {
        if (strstr(rig->out, LATE) == NULL) {
            fail_msg("scene %zu: what client %u said at step %d stays in its queue: '%s'",
                     (size_t)(scene - scenes), late, at, rig->out);
        }
        for (unsigned int i = 0; i < LATE_CLIENTS; i++) {
            assert_int_equal(__real_serial_queue_available(&rig->virtualiser.tx.clients[i].queue),
                             0);
        }
    }
    rig_free(rig);
    return came;
}

static void what_comes_at_any_step_comes_out(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(scenes) / sizeof(scenes[0]); i++) {
        for (unsigned int late = 0; late < LATE_CLIENTS; late++) {
            int at = 0;
            while (play(&scenes[i], late, at)) {
                at++;
            }
            /* Each client's queue is looked at twice at the least, which is two steps each. */
            assert_true(at >= 4 * (int)LATE_CLIENTS);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_comes_at_any_step_comes_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
