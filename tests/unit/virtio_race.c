/* SPDX-License-Identifier: BSD-2-Clause */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "virtio_race.h"

/* Until the device has seen so many mixtures of old and new, or has looked so often. */
#define MIXTURES 20000U
#define LOOKS 5000000U
#define RAM_BYTES 0x80000U
#define SMALL_BYTES 16U

struct race {
    uint64_t *place;
    uint64_t kinds[2][2];
    bool ends;
};

static void *change(void *context)
{
    struct race *race = context;

    for (unsigned i = 0; !__atomic_load_n(&race->ends, __ATOMIC_RELAXED); i++) {
        __atomic_store_n(race->place, race->kinds[i % 2][0], __ATOMIC_RELAXED);
        __atomic_store_n(race->place + 1, race->kinds[i % 2][1], __ATOMIC_RELAXED);
    }
    return NULL;
}

/* Whether a chain of one descriptor is what a check could have passed. */
static bool chain_sound(const struct chain *chain)
{
    const struct chain_segment *segment = &chain->segments[0];

    return chain->count == 1 && segment->guest.value >= WORLD_QUEUES_AT &&
           segment->guest.value + segment->bytes <= WORLD_QUEUES_AT + RAM_BYTES &&
           chain->readable_bytes.bytes + chain->writable_bytes.bytes == segment->bytes;
}

/* The other thread writes to `place`. NOLINTNEXTLINE(readability-non-const-parameter) */
void race_pop(struct probe *probe, struct world *world, unsigned char *place, unsigned flags_at,
              uint16_t first, uint16_t second)
{
    struct virtq *q = &probe->queues[0];
    struct race race = {
        .place = (uint64_t *)(void *)place,
        .kinds = { { WORLD_QUEUES_AT + RAM_BYTES - SMALL_BYTES,
                     SMALL_BYTES | (uint64_t)first << flags_at },
                   { WORLD_QUEUES_AT, RAM_BYTES | (uint64_t)second << flags_at } },
    };
    pthread_t thread;
    unsigned good = 0;
    unsigned mixed = 0;
    unsigned wrong = 0;
    bool was_mixed = false;

    assert_int_equal(pthread_create(&thread, NULL, change, &race), 0);
    for (unsigned i = 0; i < LOOKS && mixed < MIXTURES && wrong == 0; i++) {
        enum virtio_error error;

        virtq_disable(q);
        error = virtq_enable(q, &world->mem, probe->dev.accepted);
        if (error == VIRTIO_OK) {
            error = virtq_pop(q, &probe->chain);
        }
        if (error == VIRTIO_ERR_ADDRESS) {
            /* The other CPU may stand still in the middle of a change: that counts once. */
            mixed += !was_mixed;
        } else if (error == VIRTIO_OK && chain_sound(&probe->chain)) {
            good++;
        } else {
            wrong++;
        }
        was_mixed = error == VIRTIO_ERR_ADDRESS;
    }
    __atomic_store_n(&race.ends, true, __ATOMIC_RELAXED);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(wrong, 0);
    assert_true(good > 0);
}
