# SPDX-License-Identifier: BSD-2-Clause
"""What the kernel promises about interrupts, FP registers, firmware calls and counters, each shown
by a small system. What happened inside is read from QEMU's own log of exceptions."""
import re

import pytest
from conftest import LOGS, TOP

SYSTEMS = TOP / 'tests/boot/systems'
ROUNDS = 20


class Exceptions:
    """QEMU's log of the exceptions that its CPUs took."""

    def __init__(self, name):
        LOGS.mkdir(parents=True, exist_ok=True)
        self.path = LOGS / f'{name}.exceptions'
        self.options = ['-d', 'int', '-D', str(self.path)]

    def count(self, pattern):
        """How many times a regular expression is there."""
        text = self.path.read_text(encoding='utf-8', errors='replace')
        return len(re.findall(pattern, text))

    def irqs(self, cpu):
        return self.count(rf'Taking exception 5 \[IRQ\] on CPU {cpu}\b')


@pytest.fixture
def exceptions(request):
    log = Exceptions(re.sub(r'[^\w-]+', '_', request.node.name))
    yield log
    log.path.unlink(missing_ok=True)


def test_interrupt_on_the_cpu_of_its_pd(boot, gic, exceptions):
    """Interrupts of a PD on CPU 2 are taken there, and none anywhere else. What the PD owes for
    each, two notifications and the acknowledgement, are three deferred calls of one entry."""
    board = boot(SYSTEMS / 'spi/spi.system', gic=gic, smp=4, extra=exceptions.options)
    board.expect(f'clock: {ROUNDS} interrupts, {ROUNDS} answers')
    assert exceptions.irqs(2) >= ROUNDS
    assert [exceptions.irqs(cpu) for cpu in (0, 1, 3)] == [0, 0, 0]


# QEMU shows the last syndrome again with interrupts, so the kind of exception counts, too.
FP_TRAP = (r'Taking exception 1 \[Undefined Instruction\] on CPU 0\s+\.\.\.from EL0 to EL2\s+'
           r'\.\.\.with ESR 0x7/')


@pytest.mark.parametrize('cpu', ['cortex-a53', 'cortex-a72'])
def test_fp_registers_are_kept(boot, cpu):
    """Two PDs that preempt each other, and a third, find all FP registers as they left them."""
    board = boot(SYSTEMS / 'fpu/fpu.system', cpu=cpu, icount=True, timeout=120)
    board.expect_all(['first: 2000 rounds, 0 wrong', 'second: 2000 rounds, 0 wrong'])


def test_fp_registers_are_switched_lazily(boot, exceptions):
    """A PD with fpu="false" costs the one that uses FP nothing: after 2,000 turns of both, FP has
    trapped once, for its first use."""
    board = boot(SYSTEMS / 'fpu/alone.system', icount=True, timeout=120, extra=exceptions.options)
    board.expect('first: 2000 rounds, 0 wrong')
    assert exceptions.irqs(0) >= 2000
    assert exceptions.count(FP_TRAP) == 1


def test_firmware_call_needs_the_right(boot, exceptions):
    """PSCI_VERSION reaches the firmware from the PD with smc="true" and from no other."""
    board = boot(SYSTEMS / 'smc/smc.system', extra=exceptions.options)
    board.expect('without: PSCI_VERSION 0xffffffffffffffff')
    board.expect(r'with: PSCI_VERSION 0x1000[0-9]\b')
    assert exceptions.count(r'\[Secure Monitor Call\]') == 1


def test_counters_are_exact(boot):
    """Instructions of loops of known lengths, of the PD that reads and of another."""
    board = boot(SYSTEMS / 'counters/counters.system', config='benchmark', icount=True)
    counts = []
    for rounds in (1, 1000, 101000, 1000):
        found = board.expect(rf"reader: {rounds} rounds: own (\d+), the other's (\d+)\r")
        counts.append([int(n) for n in found.groups()])
    for of in range(2):
        around = [count[of] - 2 * rounds
                  for count, rounds in zip(counts, (1, 1000, 101000, 1000))]
        # What surrounds the loops is always the same, and little.
        assert 0 < around[1] <= 100
        assert around[1] == around[2] == around[3]
    board.expect('reader: no such PD: refused')
    assert int(board.expect(r'reader: the kernel (\d+)\r').group(1)) > 0
