# SPDX-License-Identifier: BSD-2-Clause
"""What the kernel's operations cost stays within its bounds. Counts are exact: QEMU counts
instructions, and gives the same number for the same image every time."""
import sys

import pytest
from conftest import TOP

sys.path.insert(0, str(TOP / 'bench'))
import budgets  # noqa: E402
import bulkhead  # noqa: E402
import kernel  # noqa: E402


@pytest.fixture(scope='module')
def results():
    return kernel.measure()


@pytest.mark.parametrize('name,most', [(name, most) for name, _, most, _ in kernel.FIGURES if most])
@pytest.mark.parametrize('gic', [2, 3])
def test_cost(results, name, most, gic):
    assert 0 < results[name][gic] <= most


def test_budgets(results):
    found = {figure: results[name][bulkhead.GIC] for name, figure in bulkhead.OWN.items()}
    wrong = budgets.complaints(found, budgets.load(),
                               lambda name: bulkhead.break_down(name, found[name]))
    assert not wrong, '\n'.join(wrong)
