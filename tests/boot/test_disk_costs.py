# SPDX-License-Identifier: BSD-2-Clause
"""What a disk costs a Linux guest, in instructions beside the native kernel's."""
import sys

import pytest

from conftest import TOP

sys.path.insert(0, str(TOP / 'scripts'))
import disk_costs  # noqa: E402


@pytest.mark.long
def test_costs():
    alone, under = disk_costs.measure(3)
    for figure in disk_costs.FIGURES:
        name = figure[0]
        assert alone[name] < under[name] <= disk_costs.limit(figure, alone), name
