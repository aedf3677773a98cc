# SPDX-License-Identifier: BSD-2-Clause
"""Sixteen PDs on four CPUs do random things to each other; see systems/torture/torture.h.

The programs check that nothing is lost or done twice; the switch trace, read out of the machine's
memory while it runs, shows that the scheduler decided rightly every time (trace_check.py).

BULKHEAD_SEED=n chooses the system of the long runs.
"""
import importlib.util
import json
import os
import re
import time
from pathlib import Path

import pexpect
import pytest

import trace_check
from conftest import BOARD, BUILD, MAIN, RAM_BASE, build_image

FOLDER = Path(__file__).resolve().parent / 'systems/torture'
PROGRAMS = MAIN / 'systems/torture/debug'
SEED = int(os.environ.get('BULKHEAD_SEED', '2026'))
INSTRUCTIONS_PER_TICK = 16
# Longest wait of a runnable PD behind a lower priority. Without -icount, a tick is 16 ns of wall
# time, and the host may leave a CPU's thread waiting for as long as its other work takes.
BOUND_TICKS = 1000 // INSTRUCTIONS_PER_TICK
LENIENT_TICKS = 5_000_000_000 // INSTRUCTIONS_PER_TICK
# What a run may take beyond the time that its rounds take.
GRACE_SECONDS = 90


def load_generate():
    spec = importlib.util.spec_from_file_location('torture_generate', FOLDER / 'generate.py')
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Torture:
    """A system made from a seed, and its run on a board."""

    def __init__(self, boot, tool, seed, seconds, gic, cpus=4, icount=False, sabotage='none'):
        folder = BUILD / 'generated/torture' / f'{seed}-{seconds}-{gic}-{cpus}-{sabotage}'
        description = load_generate().generate(folder, seed, seconds, cpus, sabotage)
        image = build_image(description, output=folder / 'image', search=[folder, PROGRAMS])
        report = json.loads(tool('report', description, '--board', BOARD, '--search-path', folder,
                                 '--search-path', PROGRAMS, '--json').stdout)
        threads = {index: (pd['name'], pd['cpu'], pd['priority'])
                   for index, pd in enumerate(report['protection_domains'])}
        self.seconds = seconds
        self.cpus = cpus
        self.verdict = None
        self.checker = trace_check.Checker(cpus, BOUND_TICKS if icount else LENIENT_TICKS, threads,
                                           icount)
        self.board = boot(image, gic=gic, smp=cpus, icount=icount, ram=True)
        trace = next(r for r in report['regions'] if r['kind'] == 'trace')
        # QEMU makes the file; what it does not have yet is zero, so nothing is missed.
        while not self.board.ram_file.exists() or self.board.ram_file.stat().st_size == 0:
            assert self.board.console.isalive(), self.board.tail()
            time.sleep(0.01)
        self.drain = trace_check.Drain(self.board.ram_file, trace['base'] - RAM_BASE,
                                       trace['bytes'], cpus)

    def poll(self):
        """Takes in what came since the last time; the judge's line is in `verdict` then."""
        if self.verdict is not None:
            return
        try:
            self.board.console.expect(r'TORTURE (PASS|FAIL)[^\r\n]*[\r\n]', timeout=0.05)
            self.verdict = self.board.console.match.group(0).strip()
        except pexpect.TIMEOUT:
            pass
        except pexpect.EOF:
            self.verdict = 'QEMU ended'
        for cpu in range(self.cpus):
            self.checker.feed(cpu, self.drain.poll(cpu))

    def finish(self):
        self.drain.close()
        self.checker.finish()
        print(self.verdict)
        print(self.checker.summary())

    def check(self):
        assert self.verdict.startswith('TORTURE PASS'), self.board.tail()
        assert not self.checker.error_count, '\n'.join(self.checker.errors)
        # A run in which something did not happen has not shown that it works.
        counts = {name: int(n) for name, n in re.findall(r'(\w+)=(\d+)', self.verdict)}
        assert counts and all(counts.values()), self.verdict
        # Few waits may be left unjudged because other CPUs ran in the middle of them.
        assert self.checker.waits > 1000
        assert self.checker.shared < self.checker.waits / 20


def run(*tortures):
    """Runs them at the same time, to their ends."""
    end = time.monotonic() + max(t.seconds for t in tortures) + GRACE_SECONDS
    while any(t.verdict is None for t in tortures):
        for torture in tortures:
            torture.poll()
        if time.monotonic() > end:
            pytest.fail('no verdict:\n' + '\n'.join(t.board.tail() for t in tortures
                                                    if t.verdict is None), pytrace=False)
    for torture in tortures:
        torture.finish()


def test_a_minute(boot, tool):
    """A minute of wall time under each interrupt controller, both at the same time."""
    tortures = [Torture(boot, tool, SEED + gic, 60, gic) for gic in (2, 3)]
    run(*tortures)
    for torture in tortures:
        torture.check()


@pytest.mark.parametrize('seed, cpus, gic', [(1, 4, 2), (2, 4, 3), (3, 1, 3)])
def test_counted(boot, tool, seed, cpus, gic):
    """To the instruction: nobody waits more than 1,000 of them behind a lower priority."""
    torture = Torture(boot, tool, seed, 1.0, gic, cpus, icount=True)
    run(torture)
    torture.check()


@pytest.mark.long
@pytest.mark.parametrize('cpus', [1, 2, 3, 4])
def test_counted_seeds(boot, tool, cpus):
    """The same for more systems."""
    for seed in range(SEED, SEED + 25):
        torture = Torture(boot, tool, seed, 1.0, 2 + seed % 2, cpus, icount=True)
        run(torture)
        torture.check()
        torture.board.stop()


@pytest.mark.long
def test_ten_minutes(boot, tool):
    tortures = [Torture(boot, tool, SEED + 10 + gic, 600, gic) for gic in (2, 3)]
    run(*tortures)
    for torture in tortures:
        torture.check()


@pytest.mark.parametrize('sabotage, found', [
    ('drop', r'unheard by (?!17)\d'),
    ('stale', r'answer of another call'),
    ('extra', r'notification that nobody sent'),
    ('ignore', r'fault kind [1-9]'),
])
def test_sabotage_is_found(boot, tool, sabotage, found):
    """The programs find what is done wrong on purpose: otherwise a pass means nothing."""
    torture = Torture(boot, tool, 4, 3.0, 3, icount=True, sabotage=sabotage)
    run(torture)
    assert torture.verdict.startswith('TORTURE FAIL'), torture.verdict
    assert re.search(found, torture.board.tail()), torture.board.tail()
    assert not torture.checker.error_count, '\n'.join(torture.checker.errors)
