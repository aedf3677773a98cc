# SPDX-License-Identifier: BSD-2-Clause
"""Hostile values in every register that governs EL0, one bit at a time, change nothing of what the
guest's VMM computes: a PD never runs with a guest's registers."""
import pytest

from conftest import TOP


@pytest.mark.parametrize('cpu', ['cortex-a53', 'cortex-a72'])
def test_results_stay_the_same(boot, gic, cpu):
    board = boot(TOP / 'tests/boot/systems/guest-el0/guest-el0.system', gic=gic, cpu=cpu)
    for _ in range(2):
        board.expect('vmm: another mode of FP would be seen')
    exits = board.expect(r'vmm: (\d+) exits, every result the same')[1]
    assert int(exits) == 132
