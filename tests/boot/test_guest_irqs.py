# SPDX-License-Identifier: BSD-2-Clause
"""A guest's interrupt controller does what the architecture says: more interrupts pending than
there are list registers, pending while disabled, states that the guest sets and clears, targets.
The same program passes natively, on QEMU's own interrupt controllers."""
import re

import pytest

from conftest import IMAGES, MAIN, TOP, build_image
from test_guest_program import outcome, run

SYSTEMS = TOP / 'tests/boot/systems/guest-irqs'
CHECKS = 13


@pytest.mark.parametrize('cpus', [1, 2])
def test_natively(gic, cpus):
    passed, failed = outcome(run(gic, cpus, 'test=irqs'))
    assert passed >= CHECKS and failed == 0


def under_bulkhead(boot, gic, system, config, cpus):
    image = build_image(SYSTEMS / f'{system}.system', config,
                        output=IMAGES / f'{system}-{config}-{gic}', search=[MAIN / 'tests/guest'])
    board = boot(image, gic=gic, smp=cpus)
    done = board.expect(r'done: (\d+) passed, (\d+) failed')
    failed = re.findall(r'FAIL .*', board.tail(100))
    assert not failed and int(done[1]) >= CHECKS


@pytest.mark.parametrize('config', ['debug', 'release'])
def test_under_bulkhead(boot, gic, config):
    under_bulkhead(boot, gic, 'guest-irqs', config, 1)


@pytest.mark.parametrize('config', ['debug', 'release'])
def test_targets(boot, gic, config):
    under_bulkhead(boot, gic, 'guest-irqs-smp', config, 2)
