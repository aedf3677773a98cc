# SPDX-License-Identifier: BSD-2-Clause
"""The checker of switch traces finds what is wrong in traces that are made up for it."""
import pytest

import trace_check
from trace_check import BLOCK, EVENT, FOREVER, HEAD, IDLE, PAGE, READY, SWITCH

LOW, HIGH = 1, 2
PRIORITY = {LOW: 10, HIGH: 20, IDLE: 0}
BOUND = 62
# LOW runs, HIGH preempts it, waits, LOW goes on.
SOUND = [(0, READY, LOW), (5, SWITCH, LOW), (100, READY, HIGH), (110, SWITCH, HIGH),
         (200, BLOCK, HIGH), (210, SWITCH, LOW), (300, BLOCK, LOW), (310, SWITCH, IDLE)]


def pack(events):
    return b''.join(
        EVENT.pack(time, thread, kind, priority[0] if priority else PRIORITY.get(thread, 0), 0)
        for time, kind, thread, *priority in events)


def check(*cpus, bound=BOUND, threads=None, icount=True):
    checker = trace_check.Checker(len(cpus), bound, threads, icount)
    for cpu, events in enumerate(cpus):
        checker.feed(cpu, pack(events))
    checker.finish()
    return checker


def one_error(checker, text):
    assert checker.error_count == 1, checker.errors
    assert text in checker.errors[0]


def test_sound():
    checker = check(SOUND, threads={LOW: ('low', 0, 10), HIGH: ('high', 0, 20)})
    assert checker.errors == []
    assert checker.longest == 10
    assert checker.waits == 2


def test_in_pieces():
    checker = trace_check.Checker(1, BOUND)
    data = pack(SOUND)
    for start in range(0, len(data), EVENT.size):
        checker.feed(0, data[start:start + EVENT.size])
    checker.finish()
    assert checker.errors == []
    assert checker.waits == 2


def test_inversion():
    one_error(check([(0, READY, LOW), (0, READY, HIGH), (5, SWITCH, LOW), (9, BLOCK, HIGH)]),
              'goes to thread 1, but thread 2 with priority 20 waits')


@pytest.mark.parametrize('wait, errors', [(BOUND, 0), (BOUND + 1, 1)])
def test_idle_while_somebody_is_runnable(wait, errors):
    """An interrupt goes first; what it does must not last."""
    checker = check([(0, READY, LOW), (5, SWITCH, LOW), (50, SWITCH, IDLE),
                     (50 + wait, SWITCH, LOW)])
    assert checker.error_count == errors


def test_idle_for_ever():
    one_error(check([(0, READY, LOW), (5, SWITCH, IDLE)], [(5 + FOREVER + 1, SWITCH, IDLE)]),
              'a runnable thread waited')


@pytest.mark.parametrize('before, after, errors', [(BOUND, BOUND, 0), (BOUND + 1, BOUND, 1),
                                                   (BOUND, BOUND + 1, 2)])
def test_interrupt_before_a_switch(before, after, errors):
    """It begins the wait anew: who waited would have been interrupted as well."""
    events = [(0, READY, LOW), (5, SWITCH, LOW), (50, READY, HIGH), (50 + before, SWITCH, IDLE),
              (50 + before + after, SWITCH, IDLE), (50 + before + 2 * after, SWITCH, HIGH)]
    assert check(events).error_count == errors


def test_switch_to_blocked():
    one_error(check([*SOUND, (400, SWITCH, HIGH)]), 'goes to thread 2, which is not runnable')


def test_switch_to_itself():
    one_error(check([(0, READY, LOW), (5, SWITCH, LOW), (6, SWITCH, LOW)]), 'to itself')


@pytest.mark.parametrize('wait, errors', [(BOUND, 0), (BOUND + 1, 1)])
def test_bound(wait, errors):
    checker = check([(0, READY, LOW), (5, SWITCH, LOW), (100, READY, HIGH),
                     (100 + wait, SWITCH, HIGH)])
    assert checker.error_count == errors


def test_switch_that_comes_late_after_another():
    """The wait goes on while the CPU turns to one that is also too low."""
    checker = check([(0, READY, LOW), (5, SWITCH, LOW), (10, READY, 3, 15), (100, READY, HIGH),
                     (200, BLOCK, HIGH), (300, SWITCH, 3)])
    one_error(checker, 'waited 290 ticks')


def test_wait_shared_with_another_cpu():
    late = [(0, READY, LOW), (5, SWITCH, LOW), (100, READY, HIGH), (900, SWITCH, HIGH)]
    checker = check(late, [(50, READY, 3, 10), (60, SWITCH, 3)])
    assert checker.errors == []
    assert checker.shared == 1


def test_wait_while_other_cpus_idle():
    late = [(0, READY, LOW), (5, SWITCH, LOW), (100, READY, HIGH), (900, SWITCH, HIGH)]
    other = [(10, READY, 3, 10), (20, SWITCH, 3), (30, BLOCK, 3, 10), (40, SWITCH, IDLE)]
    one_error(check(late, other), 'waited 800 ticks')


def test_wait_without_icount():
    late = [(0, READY, LOW), (5, SWITCH, LOW), (100, READY, HIGH), (900, SWITCH, HIGH)]
    one_error(check(late, SOUND, icount=False), 'waited 800 ticks')


def test_time_goes_back():
    one_error(check([(9, READY, LOW), (5, SWITCH, LOW)]), 'time goes back from 9')


def test_wrong_cpu():
    one_error(check(SOUND[:1] + [(1, SWITCH, LOW)], threads={LOW: ('low', 1, 10)}),
              'low with priority 10 is not of this CPU')


def test_wrong_priority():
    one_error(check(SOUND[:1] + [(1, SWITCH, LOW)], threads={LOW: ('low', 0, 11)}),
              'low has priority 10')


def test_unknown_thread():
    one_error(check(SOUND[:1] + [(1, SWITCH, LOW)], threads={HIGH: ('high', 0, 20)}),
              'thread 1 with priority 10 is not of this CPU')


def test_unknown_kind():
    one_error(check([(0, READY, LOW), (5, SWITCH, LOW), (6, 9, LOW)]), 'unknown kind 9')


def test_silent_cpu():
    one_error(check(SOUND, []), 'no switch at all')


def ring(path, slots, events):
    """A file with one CPU's part of the trace, in which `events` were written."""
    data = bytearray(PAGE)
    HEAD.pack_into(data, 0, len(events), slots)
    for number, event in enumerate(events):
        start = HEAD.size + number % slots * EVENT.size
        data[start:start + EVENT.size] = pack([event])
    path.write_bytes(data)


def test_drain_goes_round(tmp_path):
    path = tmp_path / 'ram'
    events = [(n, READY, LOW) for n in range(20)]
    ring(path, 8, events[:6])
    drain = trace_check.Drain(path, 0, PAGE, 1)
    got = drain.poll(0)
    for count in (6, 8, 12, 19, 20):
        ring(path, 8, events[:count])
        got += drain.poll(0)
    drain.close()
    assert got == pack(events)


def test_drain_sees_a_loss(tmp_path):
    path = tmp_path / 'ram'
    events = [(n, READY, LOW) for n in range(20)]
    ring(path, 8, events[:2])
    drain = trace_check.Drain(path, 0, PAGE, 1)
    drain.poll(0)
    ring(path, 8, events[:10])
    with pytest.raises(OverflowError):
        drain.poll(0)
    drain.close()
