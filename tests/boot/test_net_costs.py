# SPDX-License-Identifier: BSD-2-Clause
"""What packets and streams between two Linux guests cost, in instructions."""
import sys

import pytest

from conftest import TOP

sys.path.insert(0, str(TOP / 'scripts'))
import net_costs  # noqa: E402


@pytest.fixture(scope='module')
def measured():
    return net_costs.measure(3)


@pytest.mark.parametrize('name,most', [(name, most) for name, _, _, most in net_costs.FIGURES])
def test_costs(measured, name, most):
    # There is no way to do it for nothing.
    assert 0.5 < measured[name] <= most
