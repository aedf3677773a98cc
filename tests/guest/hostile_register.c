/* SPDX-License-Identifier: BSD-2-Clause */
/* Attacks on registers: stores that no driver makes, and good ones at the wrong time. */
#include "hostile.h"

#define PAGE_BYTES 0x1000U
#define MAGIC_VALUE 0x74726976U
#define JUNK 0x7878787878787878UL
#define ABSENT_QUEUE 7U
#define RANDOM_STORES 200U
#define FAILED 0x80U

static const struct hostile_desc good = { HOSTILE_AT_DATA, 16, HOSTILE_FORWARD, 0 };

static void store(struct hostile *hostile, uint32_t offset, unsigned bytes, uint64_t value)
{
    hostile->machine->store(hostile->machine->context, offset, bytes, value);
}

/* The device is as it was, and works. */
static bool unmoved(struct hostile *hostile)
{
    return hostile_load(hostile, HOSTILE_MAGIC) == MAGIC_VALUE &&
           hostile_load(hostile, HOSTILE_STATUS) == HOSTILE_LIVE && hostile_serve(hostile);
}

static bool wrong_widths(struct hostile *hostile)
{
    for (uint32_t offset = 0; offset < HOSTILE_CONFIG; offset += 8) {
        store(hostile, offset, 1, JUNK);
        store(hostile, offset + 1, 1, 0);
        store(hostile, offset, 2, JUNK);
        store(hostile, offset + 2, 2, 0);
        store(hostile, offset, 8, JUNK);
        store(hostile, offset, 8, 0);
    }
    return unmoved(hostile);
}

/* Stores to registers that are to be read, or do not exist, up to the end of the page. */
static bool undefined_registers(struct hostile *hostile)
{
    static const uint16_t registers[] = { 0x00, 0x04, 0x08, 0x0c, 0x10, 0x18, 0x1c, 0x28,
                                          0x2c, 0x34, 0x3c, 0x40, 0x48, 0x4c, 0x54, 0x58,
                                          0x5c, 0x60, 0x68, 0x6c, 0x74, 0x78, 0x7c, 0x88,
                                          0x8c, 0x98, 0x9c, 0xa8, 0xb0, 0xb4, 0xb8, 0xbc,
                                          0xc0, 0xc4, 0xc8, 0xcc, 0xd0, 0xe0, 0xf0, 0xfc };

    for (unsigned i = 0; i < sizeof(registers) / sizeof(registers[0]); i++) {
        uint32_t before = hostile_load(hostile, registers[i]);

        hostile_store(hostile, registers[i], ~before);
        if (hostile_load(hostile, registers[i]) != before) {
            return false;
        }
    }
    return unmoved(hostile);
}

/* The configuration space, and far beyond it. */
static bool configuration(struct hostile *hostile)
{
    for (uint32_t offset = HOSTILE_CONFIG; offset < PAGE_BYTES;
         offset += offset < 0x140 ? 8 : 248) {
        for (unsigned bytes = 1; bytes <= 8; bytes *= 2) {
            store(hostile, offset, bytes, JUNK);
        }
    }
    store(hostile, PAGE_BYTES - 8, 8, JUNK);
    store(hostile, PAGE_BYTES - 1, 1, JUNK);
    return unmoved(hostile);
}

static bool absent_queues(struct hostile *hostile)
{
    static const uint32_t queues[] = { ABSENT_QUEUE, 64, 0xffff, 0x80000000U, UINT32_MAX };

    for (unsigned i = 0; i < sizeof(queues) / sizeof(queues[0]); i++) {
        hostile_store(hostile, HOSTILE_QUEUE_SEL, queues[i]);
        hostile_store(hostile, HOSTILE_QUEUE_NUM, 4);
        hostile_store(hostile, HOSTILE_QUEUE_DESC, 0);
        hostile_store(hostile, HOSTILE_QUEUE_READY, 1);
        if (hostile_load(hostile, HOSTILE_QUEUE_NUM_MAX) != 0 ||
            hostile_load(hostile, HOSTILE_QUEUE_READY) != 0) {
            return false;
        }
        hostile_store(hostile, HOSTILE_QUEUE_READY, 0);
        hostile_store(hostile, HOSTILE_QUEUE_NOTIFY, queues[i]);
    }
    return unmoved(hostile);
}

/* Queues and features are settled before DRIVER_OK. */
static bool set_up_while_live(struct hostile *hostile)
{
    hostile_store(hostile, HOSTILE_QUEUE_SEL, hostile->machine->queue);
    hostile_store(hostile, HOSTILE_QUEUE_NUM, 2);
    hostile_store(hostile, HOSTILE_QUEUE_DESC, 0);
    hostile_store(hostile, HOSTILE_QUEUE_DRIVER, 0x1000);
    hostile_store(hostile, HOSTILE_QUEUE_DEVICE + 4, UINT32_MAX);
    hostile_store(hostile, HOSTILE_QUEUE_READY, 1);
    hostile_store(hostile, HOSTILE_QUEUE_READY, 2);
    hostile_store(hostile, HOSTILE_QUEUE_READY, UINT32_MAX);
    return unmoved(hostile);
}

static bool features_while_live(struct hostile *hostile)
{
    for (uint32_t word = 0; word < 5; word++) {
        hostile_store(hostile, HOSTILE_DRIVER_FEATURES_SEL, word);
        hostile_store(hostile, HOSTILE_DRIVER_FEATURES, UINT32_MAX);
        hostile_store(hostile, HOSTILE_DRIVER_FEATURES, 0);
    }
    return unmoved(hostile);
}

static bool queue_taken_away(struct hostile *hostile)
{
    hostile_put_desc(hostile, 0, &good);
    hostile_store(hostile, HOSTILE_QUEUE_SEL, hostile->machine->queue);
    hostile_store(hostile, HOSTILE_QUEUE_READY, 0);
    hostile_show(hostile, 0, 1);
    hostile_kick(hostile);
    hostile_settle(hostile);
    /* Nor can it be brought back while the device is live. */
    return !hostile_all_used(hostile) && hostile_load(hostile, HOSTILE_QUEUE_READY) == 0 &&
           !hostile_set_up(hostile) && hostile_load(hostile, HOSTILE_STATUS) == HOSTILE_LIVE;
}

static bool set_up_while_ready(struct hostile *hostile)
{
    if (!hostile_reset(hostile) || !hostile_negotiate(hostile) || !hostile_set_up(hostile)) {
        return false;
    }
    hostile_store(hostile, HOSTILE_QUEUE_NUM, 2);
    hostile_store(hostile, HOSTILE_QUEUE_DESC + 4, UINT32_MAX);
    hostile_store(hostile, HOSTILE_QUEUE_READY, 1);
    hostile_store(hostile, HOSTILE_STATUS, HOSTILE_LIVE);
    return unmoved(hostile);
}

static bool status_goes_back(struct hostile *hostile)
{
    static const uint32_t values[] = { 1, 2, 3, 4, 7, 8, 11, 16, 0x1f, 0x2f, 0x10f, UINT32_MAX };

    for (unsigned i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        hostile_store(hostile, HOSTILE_STATUS, values[i]);
        if (hostile_load(hostile, HOSTILE_STATUS) != HOSTILE_LIVE) {
            return false;
        }
    }
    return unmoved(hostile);
}

static bool status_steps_left_out(struct hostile *hostile)
{
    static const uint32_t values[] = { 2, 4, 6, 7, 8, 9, 10, 14, 15 };
    bool good_so_far = hostile_reset(hostile);

    for (unsigned i = 0; i < sizeof(values) / sizeof(values[0]) && good_so_far; i++) {
        hostile_store(hostile, HOSTILE_STATUS, values[i]);
        good_so_far = hostile_load(hostile, HOSTILE_STATUS) != HOSTILE_LIVE &&
                      (hostile_load(hostile, HOSTILE_STATUS) & 4) == 0 && hostile_reset(hostile);
    }
    return good_so_far;
}

static bool failed(struct hostile *hostile)
{
    hostile_store(hostile, HOSTILE_STATUS, HOSTILE_LIVE | FAILED);
    hostile_put_desc(hostile, 0, &good);
    hostile_show(hostile, 0, 1);
    hostile_kick(hostile);
    hostile_settle(hostile);
    return !hostile_all_used(hostile);
}

/* Whether the device takes these words of features. */
static bool takes(struct hostile *hostile, uint32_t low, uint32_t high, uint32_t beyond)
{
    const uint32_t words[] = { low, high, beyond };

    (void)hostile_reset(hostile);
    hostile_store(hostile, HOSTILE_STATUS, HOSTILE_ACKNOWLEDGED);
    hostile_store(hostile, HOSTILE_STATUS, HOSTILE_DRIVEN);
    for (uint32_t word = 0; word < 3; word++) {
        hostile_store(hostile, HOSTILE_DRIVER_FEATURES_SEL, word);
        hostile_store(hostile, HOSTILE_DRIVER_FEATURES, words[word]);
    }
    hostile_store(hostile, HOSTILE_STATUS, HOSTILE_NEGOTIATED);
    return hostile_load(hostile, HOSTILE_STATUS) == HOSTILE_NEGOTIATED;
}

static bool features_that_are_not_offered(struct hostile *hostile)
{
    uint32_t low = (uint32_t)hostile->features;
    uint32_t high = (uint32_t)((hostile->features | HOSTILE_F_VERSION_1) >> 32);

    return takes(hostile, low, high, 0) && !takes(hostile, UINT32_MAX, high, 0) &&
           !takes(hostile, low, UINT32_MAX, 0) && !takes(hostile, low, high & ~1U, 0) &&
           !takes(hostile, low, high, 1) && takes(hostile, low, high, 0);
}

/* A buffer that is there before the driver says that it is. */
static bool kick_before_driver_ok(struct hostile *hostile)
{
    bool early;

    if (!hostile_reset(hostile) || !hostile_negotiate(hostile) || !hostile_set_up(hostile)) {
        return false;
    }
    hostile_put_desc(hostile, 0, &good);
    hostile_show(hostile, 0, 1);
    hostile_kick(hostile);
    hostile_settle(hostile);
    early = hostile_all_used(hostile);
    hostile_store(hostile, HOSTILE_STATUS, HOSTILE_LIVE);
    hostile_kick(hostile);
    return !early;
}

/* What was available when the device was reset is forgotten, and not a byte of it changes. */
static bool reset_in_flight(struct hostile *hostile)
{
    hostile_fill(hostile, HOSTILE_DATA, good.bytes, 0x5a);
    hostile_put_desc(hostile, 0, &good);
    hostile_show(hostile, 0, 1);
    if (!hostile_reset(hostile)) {
        return false;
    }
    hostile_kick(hostile);
    hostile_settle(hostile);
    for (uint32_t i = 0; i < good.bytes; i++) {
        if (hostile->machine->memory[HOSTILE_DATA + i] != 0x5a) {
            return false;
        }
    }
    return !hostile_all_used(hostile) && hostile_load(hostile, HOSTILE_STATUS) == 0;
}

static bool acknowledges_anything(struct hostile *hostile)
{
    static const uint32_t values[] = { 0, 1, 2, 3, 4, 0xfffffffcU, UINT32_MAX };

    for (unsigned i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        hostile_store(hostile, HOSTILE_INTERRUPT_ACK, values[i]);
    }
    return unmoved(hostile);
}

/* Queues that cannot be: their entries, and what is added to the address of each area. */
struct wrong_queue {
    uint32_t entries;
    uint64_t desc;
    uint64_t driver;
    uint64_t device;
    bool split_only;
};

static bool refused(struct hostile *hostile, const struct wrong_queue *wrong)
{
    uint64_t at = hostile->machine->memory_at;
    const uint64_t areas[] = { at + HOSTILE_DESC + wrong->desc, at + HOSTILE_DRIVER + wrong->driver,
                               at + HOSTILE_DEVICE + wrong->device };

    if (!hostile_reset(hostile) || !hostile_negotiate(hostile)) {
        return false;
    }
    hostile_store(hostile, HOSTILE_QUEUE_SEL, hostile->machine->queue);
    hostile_store(hostile, HOSTILE_QUEUE_NUM, wrong->entries);
    for (uint32_t i = 0; i < 3; i++) {
        hostile_store(hostile, HOSTILE_QUEUE_DESC + 16 * i, (uint32_t)areas[i]);
        hostile_store(hostile, HOSTILE_QUEUE_DESC + 16 * i + 4, (uint32_t)(areas[i] >> 32));
    }
    hostile_store(hostile, HOSTILE_QUEUE_READY, 1);
    return hostile_load(hostile, HOSTILE_QUEUE_READY) == 0 &&
           (hostile_load(hostile, HOSTILE_STATUS) & HOSTILE_NEEDS_RESET) != 0;
}

static bool queues_that_cannot_be(struct hostile *hostile)
{
    const uint64_t to_hole = hostile->machine->hole_at - hostile->machine->memory_at;
    const struct wrong_queue queues[] = {
        { 0, 0, 0, 0, false },
        { 3, 0, 0, 0, true },
        { 0x8000, 0, 0, 0, false },
        { 0x10008, 0, 0, 0, false },
        { UINT32_MAX, 0, 0, 0, false },
        { 8, 8, 0, 0, false },
        { 8, 0, 1, 0, false },
        { 8, 0, 0, 2, false },
        { 8, to_hole, 0, 0, false },
        { 8, to_hole - 112, 0, 0, false },
        { 8, 0, to_hole, 0, false },
        { 8, 0, 0, to_hole, false },
        { 8, (uint64_t)1 << 63, 0, 0, false },
        { 8, 0 - hostile->machine->memory_at - 16, 0, 0, false },
        { 8, 0, (uint64_t)1 << 48, 0, false },
    };

    for (unsigned i = 0; i < sizeof(queues) / sizeof(queues[0]); i++) {
        if ((!queues[i].split_only || !hostile->packed) && !refused(hostile, &queues[i])) {
            return false;
        }
    }
    return true;
}

static bool ready_too_early(struct hostile *hostile)
{
    if (!hostile_reset(hostile)) {
        return false;
    }
    hostile_store(hostile, HOSTILE_STATUS, HOSTILE_DRIVEN);
    return !hostile_set_up(hostile) && hostile_load(hostile, HOSTILE_QUEUE_READY) == 0;
}

/* Any store of any width, with addresses that stay in the attack's own memory. */
static bool random_stores(struct hostile *hostile)
{
    for (unsigned i = 0; i < RANDOM_STORES; i++) {
        uint32_t offset = hostile_random(hostile, 4) == 0 ? hostile_random(hostile, PAGE_BYTES)
                                                          : hostile_random(hostile, 0x100);
        unsigned bytes = hostile_random(hostile, 4) == 0 ? 1U << hostile_random(hostile, 4) : 4;
        uint64_t value = hostile_random(hostile, 2) == 0 ? hostile_random(hostile, 16)
                                                         : hostile_random(hostile, UINT32_MAX);

        offset &= ~(bytes - 1);
        if (offset >= HOSTILE_QUEUE_DESC && offset < HOSTILE_CONFIG) {
            value = hostile->machine->memory_at + hostile_random(hostile, HOSTILE_TABLE);
            value = (offset & 4) != 0 ? value >> 32 : value & UINT32_MAX;
        }
        store(hostile, offset, bytes, value);
    }
    return true;
}

static const struct hostile_attack attacks[] = {
    { "stores of the wrong width", HOSTILE_ON_BOTH, HOSTILE_CHECKED, .act = wrong_widths },
    { "stores to registers that are none, or to be read", HOSTILE_ON_BOTH, HOSTILE_CHECKED,
      .act = undefined_registers },
    { "stores to the configuration and beyond", HOSTILE_ON_BOTH, HOSTILE_CHECKED,
      .act = configuration },
    { "queues that are not there", HOSTILE_ON_BOTH, HOSTILE_CHECKED, .act = absent_queues },
    { "set-up while the device is live", HOSTILE_ON_BOTH, HOSTILE_CHECKED,
      .act = set_up_while_live },
    { "features while the device is live", HOSTILE_ON_BOTH, HOSTILE_CHECKED,
      .act = features_while_live },
    { "set-up while the queue is ready", HOSTILE_ON_BOTH, HOSTILE_CHECKED,
      .act = set_up_while_ready },
    { "queue taken away", HOSTILE_ON_BOTH, HOSTILE_CHECKED, .act = queue_taken_away },
    { "status goes back", HOSTILE_ON_BOTH, HOSTILE_CHECKED, .act = status_goes_back },
    { "steps of the status left out", HOSTILE_ON_BOTH, HOSTILE_CHECKED,
      .act = status_steps_left_out },
    { "kick after FAILED", HOSTILE_ON_BOTH, HOSTILE_CHECKED, .act = failed },
    { "features that are not offered", HOSTILE_ON_BOTH, HOSTILE_CHECKED,
      .act = features_that_are_not_offered },
    { "kick before DRIVER_OK", HOSTILE_ON_BOTH, HOSTILE_SERVED, .act = kick_before_driver_ok },
    { "reset with a buffer in flight", HOSTILE_ON_BOTH, HOSTILE_CHECKED, .act = reset_in_flight },
    { "acknowledgements of anything", HOSTILE_ON_BOTH, HOSTILE_CHECKED,
      .act = acknowledges_anything },
    { "queues that cannot be", HOSTILE_ON_BOTH, HOSTILE_CHECKED, .act = queues_that_cannot_be },
    { "queue that is ready too early", HOSTILE_ON_BOTH, HOSTILE_CHECKED, .act = ready_too_early },
    { "random stores", HOSTILE_ON_BOTH, HOSTILE_ANY, .act = random_stores },
};

const struct hostile_list hostile_register_list = { attacks, sizeof(attacks) / sizeof(attacks[0]) };
