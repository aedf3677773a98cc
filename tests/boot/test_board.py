# SPDX-License-Identifier: BSD-2-Clause
"""One image runs on every board that the emulator makes of `virt`: its CPUs, and how many."""
import pytest


@pytest.mark.parametrize('cpus', [1, 2, 5, 8])
@pytest.mark.parametrize('cpu', ['cortex-a53', 'cortex-a72'])
def test_hello(boot, gic, cpu, cpus):
    board = boot('hello', gic=gic, cpu=cpu, smp=cpus)
    board.expect('hello, world: this is hello')


@pytest.mark.parametrize('cpu', ['cortex-a53', 'cortex-a72'])
def test_across_cpus(boot, gic, cpu):
    """Two of eight CPUs are used; the others are never started."""
    board = boot('ping-pong', gic=gic, cpu=cpu, smp=8)
    board.expect('ping-pong: all games are over')
