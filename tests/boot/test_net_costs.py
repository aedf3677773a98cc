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


@pytest.fixture(scope='module')
def measured_trusted():
    return net_costs.measure(3, network=net_costs.TRUSTED)


@pytest.mark.parametrize('name,most', [(name, most) for name, _, _, most in net_costs.FIGURES])
def test_costs(measured, name, most):
    # There is no way to do it for nothing.
    assert 0.5 < measured[name] <= most


def test_trusted_costs(measured, measured_trusted):
    """A copy less is less to do, where frames are large."""
    udp, tcp, _ = [name for name, *_ in net_costs.FIGURES]
    assert measured_trusted[tcp] < measured[tcp]
    assert measured_trusted[udp] < 60000
