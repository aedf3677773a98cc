/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Does random things: notifies, calls, works, faults, torments its children. Each call has a
 * number, from which both sides know every word of the message and of the answer.
 */
#include <microkit.h>

#include "parent.h"
#include "torture.h"

#define WORKER_CHANNELS ((1UL << TORTURE_WORKERS) - 1)

/** An answer that the test asks to spoil: one of so many. */
#define SABOTAGE_EVERY 200

/** Word `i` of the message of a call, and of its answer. */
static uint64_t worker_word(unsigned int caller, uint64_t number, unsigned int i, bool answer)
{
    if (i == 0) {
        return number;
    }
    return (number * TORTURE_PDS + caller) * 0x9e3779b97f4a7c15UL + i + (answer ? 1000 : 0);
}

static unsigned int worker_words(uint64_t number)
{
    return number % 3 == 0 ? BH_MSG_WORDS : 1 + (unsigned int)(number % 7);
}

static void worker_fill(unsigned int caller, uint64_t number, bool answer)
{
    for (unsigned int i = 0; i < worker_words(number); i++) {
        __sel4_ipc_buffer->msg[i] = worker_word(caller, number, i, answer);
    }
}

/** Number of the first wrong word, or BH_MSG_WORDS. */
static unsigned int worker_wrong_word(unsigned int caller, uint64_t number, uint64_t info,
                                      bool answer)
{
    if (info != BH_MSGINFO(caller, worker_words(number))) {
        return 0;
    }
    for (unsigned int i = 0; i < worker_words(number); i++) {
        if (__sel4_ipc_buffer->msg[i] != worker_word(caller, number, i, answer)) {
            return i;
        }
    }
    return BH_MSG_WORDS;
}

/* Calls. */

/** Operations that a PD's parent began on it; one more while one is under way. */
static uint64_t worker_touched(unsigned int pd, bool *now)
{
    const struct torture_cell *cell = torture_cell(pd);
    uint64_t ended = torture_get(&cell->touch_end);
    uint64_t begun = torture_get(&cell->touch_begin);

    *now |= ended != begun;
    return begun;
}

static void worker_check_answer(unsigned int callee, uint64_t number, uint64_t info)
{
    uint64_t answered = torture_get(&torture_cell(callee)->answered[torture_self]);

    if (answered != number || worker_wrong_word(torture_self, number, info, true) != BH_MSG_WORDS) {
        torture_fail(TORTURE_ANSWER, callee, number, __sel4_ipc_buffer->msg[0]);
    }
}

static void worker_call(unsigned int callee)
{
    struct torture_cell *own = torture_cell(torture_self);
    bool excused = false;
    uint64_t touched = worker_touched(callee, &excused) + worker_touched(torture_self, &excused);
    uint64_t number = own->calls + 1;
    uint64_t info = BH_MSGINFO(torture_self, worker_words(number));

    own->callee = callee;
    torture_set(&own->calls, number);
    worker_fill(torture_self, number, false);
    enum bh_error error = bh_call(callee, &info);
    if (error == BH_OK) {
        worker_check_answer(callee, number, info);
    } else {
        excused |=
            touched != worker_touched(callee, &excused) + worker_touched(torture_self, &excused);
        if (!excused || error != BH_ERR_ABORTED) {
            torture_fail(TORTURE_FAILED, callee, number, error);
        }
    }
    torture_add(error == BH_OK ? &own->answers : &own->failures);
}

/* Faults. */

/** Registers that a fault must leave alone. */
#define WORKER_REGISTERS 6

/** Faults with known values in some registers, and looks whether they are still there behind. */
#define WORKER_FAULT(instruction, address)                                           \
    __asm__ volatile("mov x9, %[value]\n\t"                                          \
                     "add x10, x9, #1\n\t"                                           \
                     "add x11, x9, #2\n\t"                                           \
                     "mov x8, #999\n\t"                                              \
                     "mov x7, %[where]\n\t" instruction "\n\t"                       \
                     "stp x7, x8, [%[to]]\n\t"                                       \
                     "stp x9, x10, [%[to], #16]\n\t"                                 \
                     "stp x11, x30, [%[to], #32]"                                    \
                     :                                                               \
                     : [value] "r"(value), [where] "r"(address), [to] "r"(registers) \
                     : "x7", "x8", "x9", "x10", "x11", "x30", "memory", "cc")

static void worker_do_fault(enum torture_kind kind, uint64_t value,
                            /* The assembly writes to them. */
                            uint64_t *registers /* NOLINT(readability-non-const-parameter) */)
{
    switch (kind) {
    case TORTURE_READ_HOLE:
        WORKER_FAULT("ldr xzr, [x7]", TORTURE_HOLE);
        break;
    case TORTURE_WRITE_TEXT:
        WORKER_FAULT("str xzr, [x7]", (uint64_t)TORTURE_ENTRY);
        break;
    case TORTURE_UNDEFINED:
        WORKER_FAULT(".inst 0", TORTURE_HOLE);
        break;
    case TORTURE_BREAK:
        WORKER_FAULT("brk #0", TORTURE_HOLE);
        break;
    case TORTURE_SYSCALL:
        WORKER_FAULT("svc #0", TORTURE_HOLE);
        break;
    case TORTURE_JUMP_HOLE:
        WORKER_FAULT("blr x7", TORTURE_HOLE);
        break;
    case TORTURE_NO_FAULT:
    case TORTURE_KINDS:
        break;
    }
}

static void worker_fault(void)
{
    struct torture_cell *own = torture_cell(torture_self);
    enum torture_kind kind = (enum torture_kind)(1 + torture_random(TORTURE_KINDS - 1));
    uint64_t value = torture_random(1UL << 32);
    uint64_t registers[WORKER_REGISTERS] = { 0 };
    uint64_t where = kind == TORTURE_WRITE_TEXT ? TORTURE_ENTRY : TORTURE_HOLE;
    const uint64_t expected[] = { where, 999, value, value + 1, value + 2 };

    torture_add(&own->faults);
    torture_set(&own->faulting, kind);
    worker_do_fault(kind, value, registers);
    torture_set(&own->faulting, TORTURE_NO_FAULT);
    for (unsigned int i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
        if (registers[i] != expected[i]) {
            torture_fail(TORTURE_REGISTERS, kind, i, registers[i]);
        }
    }
}

/* The mixture. */

static void worker_act(void)
{
    uint64_t dice = torture_random(100);
    uint64_t callable = microkit_pps & WORKER_CHANNELS;
    uint64_t notifiable = microkit_notifications & WORKER_CHANNELS;

    if (dice < 30) {
        torture_spin(torture_random(5000));
    } else if (dice < 62) {
        if (notifiable != 0) {
            torture_notify(torture_choose(notifiable));
        }
    } else if (dice < 87) {
        if (callable != 0) {
            worker_call(torture_choose(callable));
        }
    } else if (dice < 91) {
        parent_torment();
    } else if (dice < 95) {
        bh_yield();
    } else if (dice < 97) {
        if (torture_config()->parent[torture_self] != TORTURE_NONE) {
            worker_fault();
        }
    } else {
        torture_spin(torture_random(100000));
    }
}

static void worker_work(void)
{
    for (uint64_t actions = torture_random(4); actions > 0 && torture_running(); actions--) {
        worker_act();
    }
}

void init(void)
{
    torture_start((unsigned int)(microkit_name[1] - '0') * 10 +
                  (unsigned int)(microkit_name[2] - '0'));
    parent_start();
    worker_work();
}

void notified(microkit_channel ch)
{
    torture_heard(ch);
    worker_work();
}

/** Number to answer with: that of the call, unless the test asks for wrong ones. */
static uint64_t worker_answer_number(uint64_t number)
{
    if (torture_config()->sabotage == TORTURE_STALE && number % SABOTAGE_EVERY == 0) {
        return number - 1;
    }
    return number;
}

microkit_msginfo protected(microkit_channel ch, microkit_msginfo msginfo)
{
    struct torture_cell *own = torture_cell(torture_self);
    uint64_t number = __sel4_ipc_buffer->msg[0];
    unsigned int wrong = worker_wrong_word(ch, number, msginfo.words[0], false);

    if (wrong != BH_MSG_WORDS) {
        torture_fail(TORTURE_MESSAGE, ch, number, wrong);
    } else if (number <= own->served[ch]) {
        torture_fail(TORTURE_SERVED_TWICE, ch, number, own->served[ch]);
    }
    torture_set(&own->served[ch], number);
    worker_work();
    torture_set(&own->answered[ch], number);
    number = worker_answer_number(number);
    worker_fill(ch, number, true);
    return microkit_msginfo_new(ch, (seL4_Uint16)worker_words(number));
}
