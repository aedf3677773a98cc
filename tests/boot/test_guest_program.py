# SPDX-License-Identifier: BSD-2-Clause
"""The bare-metal test guest run natively at EL1: it tests QEMU here, so that what it says about
Bulkhead can be believed, and its counts are the baseline for those under Bulkhead."""

import re
import subprocess

import pytest

from conftest import MAIN

IMAGE = MAIN / 'tests/guest/guest-test.img'


def run(gic, cpus, arguments='', cpu='cortex-a53'):
    """Runs the test guest to its end under -icount; returns what it printed."""
    command = ['qemu-system-aarch64', '-machine', f'virt,gic-version={gic}', '-cpu', cpu,
               '-smp', str(cpus), '-m', '256M', '-display', 'none', '-nodefaults',
               '-serial', 'stdio', '-icount', 'shift=0,sleep=off', '-kernel', str(IMAGE),
               '-append', arguments]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
                          timeout=120, check=True)
    return done.stdout.replace('\r', '')


def outcome(text):
    """The numbers of passed and failed checks, which agree with the lines before them."""
    match = re.search(r'^done: (\d+) passed, (\d+) failed$', text, re.M)
    assert match, text
    passed, failed = int(match[1]), int(match[2])
    assert passed == len(re.findall(r'^ok ', text, re.M)), text
    assert failed == len(re.findall(r'^FAIL ', text, re.M)), text
    return passed, failed


@pytest.mark.parametrize('cpu, cpus', [('cortex-a53', 1), ('cortex-a72', 4)])
def test_all_groups(gic, cpu, cpus):
    text = run(gic, cpus, cpu=cpu)
    assert f'guest: EL1, {cpus} CPUs, GICv{gic}, PSCI by HVC' in text
    passed, failed = outcome(text)
    assert failed == 0, text
    for group in ('psci', 'gic', 'timer', 'trap') + (('smp',) if cpus > 1 else ()):
        assert re.search(rf'^ok {group}\.', text, re.M), text
    counts = dict(re.findall(r'^count (.+) (\d+) \d+$', text, re.M))
    # QEMU answers a call in the instruction itself, and delivers an expiry within one tick.
    assert 4 <= int(counts['psci.version']) <= 20
    assert int(counts['timer.expiry to handler']) <= 16
    assert passed > 25


def test_groups_are_selected():
    text = run(2, 1, 'quiet test=timer,trap')
    assert outcome(text)[1] == 0
    assert re.search(r'^ok timer\.', text, re.M) and re.search(r'^ok trap\.', text, re.M)
    assert not re.search(r'^(ok|count) (psci|gic|smp)\.', text, re.M)


def test_a_failure_is_counted():
    text = run(2, 1, 'test=nothing')
    assert outcome(text) == (1, 1)
    assert 'FAIL a group of that name' in text
