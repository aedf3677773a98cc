# SPDX-License-Identifier: BSD-2-Clause
"""What a disk costs a Linux guest, in instructions beside the native kernel's."""
import sys

import pytest

from conftest import TOP

sys.path.insert(0, str(TOP / 'scripts'))
import disk_costs  # noqa: E402
import disk_share  # noqa: E402
import disk_trace  # noqa: E402


def test_costs():
    """No limit is exceeded; each component has its part, and natively there is Linux alone."""
    results = disk_costs.measure(3)
    for figure in disk_costs.FIGURES:
        name = figure[0]
        alone, under = map(disk_costs.mean, results[name])
        assert alone < under <= disk_costs.limit(figure, alone), name
        parts = [disk_trace.by_component(listed) for listed in results[name]]
        assert {who for who, count in parts[0].items() if count} == {'program', 'Linux'}, name
        assert all(parts[1].values()), name


@pytest.mark.long
@pytest.mark.parametrize('gic', [3])
def test_eight_guests(gic):
    """Eight guests that keep one disk busy get at least 0.9 times together what one gets."""
    one, eight = (disk_share.reads(gic, guests, 'deep') for guests in (1, 8))
    assert one > 0 and eight >= disk_share.LEAST * one
