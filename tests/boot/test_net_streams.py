# SPDX-License-Identifier: BSD-2-Clause
"""Streams between two Linux guests, in both directions at once, every byte of which is checked."""
import sys

import pytest

from conftest import TOP

sys.path.insert(0, str(TOP / 'scripts'))
import net_costs  # noqa: E402


def check_streams(tmp_path, megabytes, gic=3, network=''):
    """Time that nobody needs does not pass in this machine."""
    roles = {'left': 'number=1', 'right': f'number=2 role="stream 10.0.0.1 {megabytes}"'}
    with net_costs.machine(gic, tmp_path, roles=roles, network=network) as machine:
        said = machine.run_until('net: streamed', 200 + 4 * megabytes)
    assert said.count('MiB, so far right') == 1 + megabytes // 16
    assert 'not what was sent' not in said


@pytest.mark.parametrize('megabytes', [64, pytest.param(1024, marks=pytest.mark.long)])
def test_checked(debian, tmp_path, megabytes):
    """Both get what was sent, in order."""
    check_streams(tmp_path, megabytes)


@pytest.mark.parametrize('gic,megabytes', [
    (2, 32), (3, 32), pytest.param(3, 1024, marks=pytest.mark.long)])
def test_trusted(debian, tmp_path, gic, megabytes):
    """The same when the switch copies from one guest's memory into the other's."""
    check_streams(tmp_path, megabytes, gic, net_costs.TRUSTED)
