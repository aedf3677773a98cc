# SPDX-License-Identifier: BSD-2-Clause
"""What a guest does without its monitor, and what it needs it for: the kernel counts in the
benchmark configuration how often the monitor was switched to."""
import pytest

from conftest import IMAGES, MAIN, TOP, build_image

SYSTEM = TOP / 'tests/boot/systems/guest-exits/guest-exits.system'
# Exits in each phase of the test guest's group `exits`, a hundred of each kind.
PHASES = {'nothing': 0, 'ticks of the virtual timer': 0, 'SGIs to another CPU and back': 0,
          'interrupts of a device that is passed through': 0, 'reads that are emulated': 100,
          'PSCI_VERSION': 100}


@pytest.fixture(name='exits')
def fixture_exits(boot, gic):
    """{phase: (exits, instructions of the monitor)}."""
    image = build_image(SYSTEM, 'benchmark', output=IMAGES / f'guest-exits-{gic}',
                        search=[MAIN / 'tests/guest'])
    board = boot(image, gic=gic, smp=3, icount=True)
    found = [board.expect(rf'watch: phase {i}: (\d+) exits, (\d+) instructions')
             for i in range(len(PHASES))]
    board.expect(r'done: [1-9]\d* passed, 0 failed')
    return {name: (int(m[1]), int(m[2])) for name, m in zip(PHASES, found)}


def test_exits(exits):
    """The monitor takes part in what it answers, once each, and in nothing else."""
    assert {name: count for name, (count, _) in exits.items()} == PHASES
    for count, instructions in exits.values():
        assert (instructions > 0) == (count > 0)
