# SPDX-License-Identifier: BSD-2-Clause
"""Many Linux guests on one switch."""
import sys

import pytest

from conftest import TOP
from test_guest_density import said_by

sys.path.insert(0, str(TOP / 'scripts'))
import net_scale  # noqa: E402


@pytest.mark.parametrize('gic,guests,cpus', [
    (2, 4, 2),
    pytest.param(2, 16, 4, marks=pytest.mark.long),
    pytest.param(3, 16, 4, marks=pytest.mark.long)])
def test_ping(boot, debian, tmp_path, gic, guests, cpus):
    """Several on each CPU, each reaches each."""
    board = boot(net_scale.build(tmp_path, guests, cpus=cpus), gic=gic, smp=cpus, timeout=600)
    waiting = {f'g{number}': f'net: {number} has pinged {guests}'
               for number in range(1, guests + 1)}
    while waiting:
        board.expect(r'\n')
        printed = board.tail(100000)
        waiting = {name: text for name, text in waiting.items()
                   if text not in said_by(name, printed)}
    assert 'does not reach' not in board.tail(100000)


@pytest.mark.parametrize('pairs,way', [
    (2, 'load'),
    pytest.param(8, 'load', marks=pytest.mark.long),
    pytest.param(8, 'plain', marks=pytest.mark.long)])
def test_throughput(debian, pairs, way):
    """All pairs together get at least 0.9 times what one gets alone, and each reaches each."""
    one, all_of_them = (net_scale.cost(3, number, way) for number in (1, pairs))
    assert one > 0.5 and net_scale.LEAST * all_of_them <= one
