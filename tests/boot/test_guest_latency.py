# SPDX-License-Identifier: BSD-2-Clause
"""A protection domain above every guest sees its interrupt in time, whatever two guests do on its
CPU: exits, SGIs, timers, changes of page tables, faults and reboots. Release configuration; a
nanosecond is an instruction."""
import sys

import pytest
from conftest import LOGS, TOP

sys.path.insert(0, str(TOP / 'scripts'))
import guest_urgent  # noqa: E402
import longest  # noqa: E402
from guest_urgent import ALL, NO_CONTROLLER  # noqa: E402

# Nanoseconds, each an instruction.
WORST_NS = {ALL: 1_000, NO_CONTROLLER: 1_000}
# The longest stay in the kernel with interrupts masked that was seen.
LONGEST = 420


def measure(boot, gic, folder, kinds, count, timeout):
    image = guest_urgent.build(folder, kinds, count)
    board = boot(image, gic=gic, icount=True, timeout=timeout)
    said = board.expect(guest_urgent.SAID)
    assert int(said[1]) == count
    assert min(int(said[3]), int(said[4])) >= guest_urgent.REBOOTS, board.tail()
    assert 0 < int(said[2]) <= WORST_NS[kinds], board.tail()


@pytest.mark.parametrize('kinds', [ALL, NO_CONTROLLER], ids=['all', 'no-controller'])
def test_interrupt(boot, gic, tmp_path, kinds):
    measure(boot, gic, tmp_path, kinds, 1000, 100)


@pytest.mark.long
@pytest.mark.parametrize('kinds', [ALL, NO_CONTROLLER], ids=['all', 'no-controller'])
def test_interrupt_a_hundred_thousand_times(boot, gic, tmp_path, kinds):
    measure(boot, gic, tmp_path, kinds, 100000, 3000)


def test_longest_stay(gic, tmp_path):
    """Records the longest stays of the kernel under guests, each with its parts."""
    image = guest_urgent.build(tmp_path, ALL, 100000)
    found = sorted(longest.longest_of_image(image, gic, 10000).values(), key=lambda stay: -stay[0])
    LOGS.mkdir(parents=True, exist_ok=True)
    text = '\n'.join(f'{length:6} ' + ', '.join(f'{n} {c}' for n, c in parts.items())
                     for length, parts in found)
    (LOGS / f'longest-guests-gicv{gic}.txt').write_text(text + '\n', encoding='utf-8')
    assert any('guest_unload' in parts for _, parts in found), text
    assert found[0][0] <= LONGEST, text.splitlines()[0]
