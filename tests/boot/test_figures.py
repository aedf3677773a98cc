# SPDX-License-Identifier: BSD-2-Clause
"""No stay in the kernel with interrupts masked is longer than docs/performance.md says. The
operations' own bounds are in test_costs.py; size is in scripts/check_kernel_size.py.

The target is about 300 instructions. The bounds are what was reached, 50 of it for saving and
restoring registers, and a little more: they can only shrink."""
import sys

import pytest
from conftest import TOP

sys.path.insert(0, str(TOP / 'scripts'))
import longest  # noqa: E402

# system, what its longest path is, at most
BOUNDS = [
    ('systems/restart/restart.system', 'control_', 'start of a child', 320),
    ('systems/restart/restart.system', 'fault_raise', 'fault to a parent', 240),
    ('systems/budgets/budgets.system', 'sched_put_down', 'end of a budget', 275),
    ('systems/timer/timer.system', 'call_', 'call and answer', 240),
    ('tests/boot/systems/hostile/hostile.system', 'fault_raise', 'unhandled fault', 295),
]


@pytest.fixture(scope='module')
def measured():
    """Stays of a system, measured once: {system: [(length, {function: instructions})]}."""
    results = {}

    def measure(system):
        if system not in results:
            results[system] = list(longest.longest(TOP / system, 3, 2000).values())
        return results[system]
    return measure


@pytest.mark.parametrize('system,function,what,most', BOUNDS, ids=[b[2] for b in BOUNDS])
def test_path(measured, system, function, what, most):
    lengths = [length for length, parts in measured(system)
               if any(name.startswith(function) for name in parts)]
    assert lengths, f'{system} never came to {what}'
    assert max(lengths) <= most


@pytest.mark.parametrize('system', sorted({b[0] for b in BOUNDS}))
def test_nothing_is_longer(measured, system):
    assert max(length for length, _ in measured(system)) <= max(
        most for name, _, _, most in BOUNDS if name == system)
