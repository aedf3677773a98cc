#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Run the models of the cross-CPU protocols with Spin, and the same models with seeded faults.

A model passes when the search was exhaustive, found no error, reached every COVER() mark of the
model, and stored at least as many states as its scope is known to have. For every model one scope
is searched for cycles as well: there is none, so everything that is tried ends. A seeded fault
passes when the search finds it and the violated property is the expected one.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))

MODELS = ("wake", "call", "control", "fair", "serial", "status")

# Model, definitions, fewest states that are believed, whether only `--long` runs it, marks of the
# model that this scope cannot reach.
SCOPES = [
    ("wake", "", 1000000, False, ()),
    ("wake", "SENDERS=1 ROUNDS=3", 100000, False, ()),
    ("wake", "SENDERS=1 ROUNDS=6", 8000000, True, ()),
    ("call", "CALLS=2 STOPS=1", 500000, False, ()),
    ("call", "CALLERS=2 CALLEES=1 CALLS=1 STOPS=0", 100000, False,
     ("cancel_.*", "take_.*", "answer_to_cancelled_call", "poke_of_.*_caller")),
    ("call", "CALLS=3 STOPS=2 CALLEE_STOPS=0", 500000, False,
     ("callee_resumed", "abort_waiting", "caller_gets_abort", "stop_while_serving")),
    ("call", "CALLERS=2 CALLEES=1 CALLS=1 STOPS=1", 20000000, True,
     ("take_call_for_other_callee",)),
    ("control", "", 1000000, False, ()),
    ("control", "REQUESTS=4 STOPS=2", 3000000, True, ()),
    ("fair", "", 20, False, ()),
    ("serial", "", 100000, False, ("restart",)),
    ("serial", "BYTES=3 RESTARTS=1", 300000, False, ()),
    ("serial", "BYTES=4 RESTARTS=2", 1000, True, ()),
    ("status", "", 300000, False, ("more_after_event", "shown_at_once")),
    ("status", "FLAGS=1", 700000, False, ("shown_at_once",)),
    ("status", "SAME=1", 30000, False, ("more_after_event",)),
    ("status", "PUTS=4 CHANGES=2 SWITCHES=2", 10000000, True,
     ("more_after_event", "shown_at_once")),
    ("status", "FLAGS=1 PUTS=4 CHANGES=2 SWITCHES=2", 20000000, True, ("shown_at_once",)),
]

# Scopes that are searched for cycles.
FINITE = [
    ("wake", "SENDERS=1 ROUNDS=2"),
    ("call", "CALLS=2 STOPS=1 CALLEES=1"),
    ("control", "REQUESTS=2 STOPS=1"),
    ("serial", "BYTES=3 RESTARTS=1"),
    ("status", "SWITCHES=2"),
]

# Model, fault, property that must be found violated, definitions.
CALL_SCOPE = "CALLS=2 STOPS=1"
FAULTS = [
    ("wake", "POKE_BEFORE_WORD", "no_lost_wakeup", ""),
    ("wake", "NO_DSB_BEFORE_SGI", "no_lost_wakeup", ""),
    ("wake", "NO_DSB_AFTER_ACKNOWLEDGE", "no_lost_wakeup", ""),
    ("wake", "ACKNOWLEDGED_LAST", "no_lost_wakeup", ""),
    ("wake", "BIT_CLEARED_AFTER_LOOK", "no_lost_wakeup", ""),
    ("wake", "LEFTOVERS_FORGOTTEN", "no_lost_wakeup", ""),
    ("wake", "POKED_TESTED_FIRST", "no_lost_wakeup", ""),
    ("wake", "REMOTE_STATE_CHECK", "no_lost_wakeup", ""),
    ("wake", "RELAXED_POKE", "no_lost_wakeup", ""),
    ("wake", "RELAXED_POKE_TAKE", "no_lost_wakeup", ""),
    ("wake", "RELAXED_NOTIFY", "notification_publishes", ""),
    ("wake", "NOTIFIED_READ_THEN_CLEAR", "no_lost_notification", ""),
    ("wake", "NO_RESCHEDULE", "highest_priority_runs", ""),
    ("wake", "WFI_UNMASKED", "no_wfi_with_ready_thread", ""),
    ("call", "BIT_BEFORE_QUEUED", "no_caller_stuck", CALL_SCOPE),
    ("call", "MESSAGE_NOT_RELEASED", "no_caller_stuck", CALL_SCOPE),
    ("call", "QUEUED_NOT_RELEASED", "message_whole", CALL_SCOPE),
    ("call", "SERVED_NOT_RELEASED", "message_whole", CALL_SCOPE),
    ("call", "ANSWERED_NOT_RELEASED", "answer_belongs_to_call", CALL_SCOPE),
    ("call", "ANSWER_WITHOUT_COMPARE", "registers_belong_to_caller", CALL_SCOPE),
    ("call", "CALLEE_NOT_COMPARED", "call_reaches_its_callee", CALL_SCOPE),
    ("call", "CALLERS_READ_THEN_CLEAR", "no_caller_stuck", "CALLERS=2 CALLEES=1 CALLS=1 STOPS=0"),
    ("call", "NOT_CANCELLED", "no_caller_stuck", CALL_SCOPE),
    ("call", "SEQ_NOT_RAISED", "answer_belongs_to_call", CALL_SCOPE),
    ("call", "NO_WAIT_FOR_COPYING", "registers_belong_to_caller", CALL_SCOPE),
    ("call", "NO_WAIT_FOR_REPLYING", "registers_belong_to_caller", CALL_SCOPE),
    ("call", "NO_ABORT_OF_SERVED", "no_caller_stuck", CALL_SCOPE),
    ("call", "NO_ABORT_OF_WAITING", "no_caller_stuck", CALL_SCOPE),
    ("call", "STOPPED_NOT_ABORTING", "no_caller_stuck", CALL_SCOPE),
    ("call", "NO_POKE_AFTER_ANSWER", "no_caller_stuck", CALL_SCOPE),
    ("control", "NOT_WITHDRAWN", "entry_published", ""),
    ("control", "WITHDRAW_NOT_WAITING", "entry_published", ""),
    ("control", "COMPLETION_OVERWRITES", "no_parent_stuck", ""),
    ("control", "CONTROL_READ_THEN_CLEAR", "no_parent_stuck", ""),
    ("control", "REQUEST_NOT_RELEASED", "no_parent_stuck", ""),
    ("control", "DONE_BEFORE_DOING", "no_late_effect", ""),
    ("control", "DONE_BEFORE_DOING", "stop_is_synchronous", "REQUESTS=1 STOPS=0"),
    ("control", "ARGUMENT_LOST", "repeated_call_has_its_argument", ""),
    ("control", "NO_POKE_OF_CHILD", "no_parent_stuck", ""),
    ("control", "NO_POKE_AFTER_DONE", "no_parent_stuck", ""),
    ("fair", "LOWEST_FIRST", "acceptance cycle", ""),
    ("serial", "NO_BARRIER_BEFORE_LOOK", "no_lost_wakeup", ""),
    ("serial", "NO_BARRIER_AFTER_REQUEST", "no_lost_wakeup", ""),
    ("serial", "NO_LOOK_AFTER_REQUEST", "no_lost_wakeup", ""),
    ("serial", "CLEARED_AFTER_NOTIFY", "no_lost_wakeup", ""),
    ("serial", "PUT_OFF_TO_THE_END", "no_lost_wakeup", ""),
    ("serial", "PRODUCED_NOT_RELEASED", "byte_whole", ""),
    ("serial", "PRODUCED_NOT_ACQUIRED", "byte_whole", ""),
    ("serial", "CONSUMED_BEFORE_COPY", "byte_whole", ""),
    ("serial", "NOT_NOTIFIED_AFTER_OPEN", "no_lost_wakeup", "BYTES=3 RESTARTS=1"),
    ("serial", "OPENED_AT_ZERO", "byte_whole", "BYTES=3 RESTARTS=1"),
    ("status", "ACK_POSTED", "no_lost_completion", "CHANGES=0"),
    ("status", "ACK_STORES_ZERO", "no_bit_that_nobody_set", ""),
    ("status", "ACK_EXCHANGES", "no_lost_change", ""),
    ("status", "ACK_NOT_ACQUIRED", "no_lost_completion", "CHANGES=0"),
    ("status", "RAISE_BEFORE_BITS", "no_lost_completion", "CHANGES=0"),
    ("status", "BITS_NOT_RELEASED", "no_lost_change", ""),
    ("status", "NO_BARRIER_BEFORE_EVENT", "no_lost_completion", ""),
    ("status", "NO_BARRIER_BEFORE_EVENT", "no_lost_completion", "FLAGS=1"),
    ("status", "VMM_WRITES_STATUS", "no_bit_that_nobody_set", ""),
    ("status", "DROPPED_WHILE_ACTIVE", "no_lost_completion", "CHANGES=0"),
    ("status", "NOT_REBUILT", "no_lost_completion", "CHANGES=0"),
    ("status", "SHOWN_WHILE_ACTIVE", "ends_what_is_active", "SAME=1"),
    ("status", "NOT_POKED", "no_lost_completion", "CHANGES=0"),
    ("status", "LATCH_OVERWRITTEN", "no_lost_completion", "CHANGES=0"),
    ("status", "LATCH_KEPT", "no_interrupt_without_cause", ""),
    ("status", "LEVEL_LOWERED_BY_ACK", "no_lost_change", ""),
    ("status", "WFI_WITHOUT_LOOK", "no_lost_completion", "CHANGES=0"),
]


def marks(model):
    """The COVER() marks that the source of a model has."""
    with open(os.path.join(HERE, model + ".pml"), encoding="utf-8") as source:
        return set(re.findall(r"COVER\((\w+)\);", source.read()))


def search(model, defines, cycles=False, fault=None):
    """Build and run the checker of one model; returns all that it printed."""
    with tempfile.TemporaryDirectory(prefix="bulkhead-model-") as folder:
        for name in os.listdir(HERE):
            if name.endswith(".pml"):
                shutil.copy(os.path.join(HERE, name), folder)
        options = ["-D" + d for d in defines.split()]
        if fault is not None:
            options.append("-DFAULT_" + fault)
        spin = subprocess.run(["spin", "-a", *options, model + ".pml"], cwd=folder, text=True,
                              capture_output=True, check=False)
        if spin.returncode != 0 or not os.path.exists(os.path.join(folder, "pan.c")):
            return spin.stdout + spin.stderr
        build, run = ["-DSAFETY"], []
        if model == "fair":
            build, run = ["-DNFAIR=3"], ["-a", "-f"]
        elif cycles:
            build, run = ["-DNP"], ["-l"]
        # A fault is found soon: there the compiler costs more than the search.
        optimise = "-O2" if fault is None else "-O0"
        pan = subprocess.run(["gcc", optimise, "-w", "-DCOLLAPSE", "-DMEMLIM=6000", *build,
                              "-o", "pan", "pan.c"], cwd=folder, text=True, capture_output=True,
                             check=False)
        if pan.returncode != 0:
            return pan.stdout + pan.stderr
        result = subprocess.run(["./pan", "-m1000000", "-w22", *run], cwd=folder, text=True,
                                capture_output=True, check=False)
        return result.stdout + result.stderr


def number(pattern, text):
    """The number that a pattern's group finds, or 0."""
    found = re.search(pattern, text)
    return int(float(found.group(1))) if found else 0


def exhaustive(text):
    """Whether the search came to its end: no limit of depth, memory or time was met."""
    return ("errors: " in text and "max search depth too small" not in text and
            "Search not completed" not in text and "out of memory" not in text)


def statistics(text):
    """States and depth in words."""
    return "%d states, depth %d" % (number(r"([0-9.e+]+) states, stored", text),
                                    number(r"depth reached (\d+)", text))


def check_scope(model, defines, fewest, unreachable):
    """Search a scope exhaustively; returns what is wrong (empty for nothing) and the statistics."""
    text = search(model, defines)
    wrong = []
    if not exhaustive(text) or "errors: 0" not in text:
        wrong.append("; ".join(re.findall(r"violated: \w+|pan:.*\(at depth.*|.*[Ee]rror.*", text))
                     or "the checker did not finish")
    reached = set(re.findall(r"covered: (\w+)", text))
    missed = sorted(m for m in marks(model) - reached
                    if not any(re.fullmatch(u, m) for u in unreachable))
    if missed:
        wrong.append("never reached: " + ", ".join(missed))
    if number(r"([0-9.e+]+) states, stored", text) < fewest:
        wrong.append("fewer than %d states" % fewest)
    return "; ".join(wrong), statistics(text)


def check_finite(model, defines):
    """Search for cycles."""
    text = search(model, defines, cycles=True)
    good = exhaustive(text) and "errors: 0" in text
    return "" if good else "a cycle, or the checker did not finish", statistics(text)


def check_fault(model, fault, expected, defines):
    """Search a model with a fault, which must be found."""
    text = search(model, defines, fault=fault)
    found = re.findall(r"violated: (\w+)", text) + re.findall(r"acceptance cycle", text)
    if "errors: 1" not in text:
        return "not found", statistics(text)
    if expected not in found:
        return "found %s instead of %s" % (found, expected), statistics(text)
    return "", "found: " + expected


def check_faults_tried(model):
    """Whether FAULTS has every fault that the source of a model has, and no other."""
    with open(os.path.join(HERE, model + ".pml"), encoding="utf-8") as source:
        seeded = set(re.findall(r"FAULT_(\w+)", source.read()))
    tried = {f for m, f, _, _ in FAULTS if m == model}
    return ", ".join(sorted(seeded ^ tried)), "%d faults" % len(seeded)


def main():
    """Run everything and say in TAP how it went, with `N passed, N failed` at the end."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--long", action="store_true", help="larger scopes as well (minutes, 6 GB)")
    parser.add_argument("--only", choices=MODELS, help="one model")
    arguments = parser.parse_args()
    for tool in ("spin", "gcc"):
        if shutil.which(tool) is None:
            print("models: %s is not installed (Debian package %s)" % (tool, tool))
            return 3

    passed = failed = 0
    jobs = [("model", m, d, lambda m=m, d=d, n=n, u=u: check_scope(m, d, n, u))
            for m, d, n, only_long, u in SCOPES if arguments.long or not only_long]
    jobs += [("no cycle", m, d, lambda m=m, d=d: check_finite(m, d)) for m, d in FINITE]
    jobs += [("fault", m, f, lambda m=m, f=f, p=p, d=d: check_fault(m, f, p, d))
             for m, f, p, d in FAULTS]
    jobs += [("faults", m, "each one in the source is tried", lambda m=m: check_faults_tried(m))
             for m in MODELS]
    jobs = [j for j in jobs if arguments.only in (None, j[1])]
    print("1..%d" % len(jobs))
    for index, (kind, model, what, job) in enumerate(jobs, 1):
        wrong, said = job()
        print("%s %d - %s %s %s: %s%s" % ("not ok" if wrong else "ok", index, kind, model,
                                          what or "default scope", said,
                                          " -- " + wrong if wrong else ""), flush=True)
        passed += not wrong
        failed += bool(wrong)
    print("# %d passed, %d failed" % (passed, failed))
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
