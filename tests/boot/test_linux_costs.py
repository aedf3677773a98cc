# SPDX-License-Identifier: BSD-2-Clause
"""Linux as a guest takes hardly more instructions than natively: the same kernel, counted."""
import sys

import pytest
from conftest import TOP

sys.path.insert(0, str(TOP / 'scripts'))
sys.path.insert(0, str(TOP / 'bench'))
import budgets  # noqa: E402
import bulkhead  # noqa: E402
import linux_costs  # noqa: E402


@pytest.fixture(scope='module', params=[2, 3], ids=['gicv2', 'gicv3'])
def measured(request):
    """{figure: instructions} natively, and as a guest."""
    return linux_costs.measure(request.param)


@pytest.mark.parametrize('name,most', [(name, most) for name, _, most in linux_costs.FIGURES])
def test_times_native(measured, name, most):
    alone, under = measured
    # Less than natively would mean that the two did not do the same.
    assert 0.999 * alone[name] < under[name] <= most * alone[name]


def test_budgets(measured):
    wrong = budgets.complaints(bulkhead.kernel_figures(measured[1]), budgets.load(),
                               lambda name: {})
    assert not wrong, '\n'.join(wrong)
