# SPDX-License-Identifier: BSD-2-Clause
"""What a Linux guest's packets and streams to the outside cost, in instructions beside the native
kernel's."""
import sys

import pytest

from conftest import TOP

sys.path.insert(0, str(TOP / 'scripts'))
import uplink_costs  # noqa: E402


@pytest.fixture(scope='module')
def measured():
    return uplink_costs.measure(3)


def check(name, alone, under):
    # Less than half of the native path would be no path at all.
    assert alone / 2 < under <= uplink_costs.FIGURES[name] * alone


@pytest.mark.parametrize('gic', (2, 3))
def test_round_trip(gic):
    check(uplink_costs.LEAST, *map(min, uplink_costs.measure_both(gic, uplink_costs.round_trips)))


@pytest.mark.long
@pytest.mark.parametrize('name', uplink_costs.FIGURES)
def test_costs(measured, name):
    check(name, *measured[name])
