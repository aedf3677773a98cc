# SPDX-License-Identifier: BSD-2-Clause
"""A protection domain above every guest sees its interrupt in time, whatever two guests do on its
CPU: exits, SGIs, timers, changes of page tables, faults and reboots. Release configuration; a
nanosecond is an instruction."""
import sys

import pytest
from conftest import IMAGES, LOGS, MAIN, TOP, build_image

sys.path.insert(0, str(TOP / 'scripts'))
import guest_urgent  # noqa: E402
import longest  # noqa: E402
from guest_urgent import ALL, NO_CONTROLLER  # noqa: E402

# Nanoseconds, each an instruction.
WORST_NS = {ALL: 1_000, NO_CONTROLLER: 1_000}
# The longest stay in the kernel with interrupts masked that was seen, by the number of vCPUs that a
# guest has on that CPU.
LONGEST = {1: 420, 8: 500}
# A guest that sends an interrupt to as many vCPUs as it may have, all of them on one CPU.
BROADCAST = """<system name="broadcast">
  <image name="test" kernel="guest-test.img"/>
  <guest name="eight" image="test" ram="8M" vcpus="8" cpus="0,0,0,0,0,0,0,0"
         bootargs="test=broadcast">
    <passthrough path="/pl011@9000000"/>
  </guest>
</system>
"""


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


def check_stays(image, gic, stays, vcpus, function, name):
    """Records the longest of so many stays, each with its parts; the function must be in one."""
    found = sorted(longest.longest_of_image(image, gic, stays).values(), key=lambda stay: -stay[0])
    LOGS.mkdir(parents=True, exist_ok=True)
    text = '\n'.join(f'{length:6} ' + ', '.join(f'{n} {c}' for n, c in parts.items())
                     for length, parts in found)
    (LOGS / f'longest-{name}-gicv{gic}.txt').write_text(text + '\n', encoding='utf-8')
    assert any(function in parts for _, parts in found), text
    assert found[0][0] <= LONGEST[vcpus], text.splitlines()[0]


@pytest.mark.parametrize('vcpus', LONGEST)
def test_longest_stay(gic, tmp_path, vcpus):
    """The longest stays of the kernel under guests."""
    image = guest_urgent.build(tmp_path, ALL, 100000, vcpus)
    check_stays(image, gic, 10000, vcpus, 'guest_unload', f'guests-{vcpus}')


def broadcast(folder):
    description = folder / 'broadcast.system'
    description.write_text(BROADCAST, encoding='utf-8')
    return build_image(description, 'release', IMAGES / 'broadcast', search=[MAIN / 'tests/guest'])


def test_broadcast(boot, gic, tmp_path):
    """An SGI to all others reaches each of them, once."""
    board = boot(broadcast(tmp_path), gic=gic, icount=True, timeout=60)
    board.expect('ok broadcast.each gets each')
    board.expect(r'done: \d+ passed, 0 failed')


def test_longest_stay_of_a_broadcast(gic, tmp_path):
    """It takes no longer stays than anything else."""
    check_stays(broadcast(tmp_path), gic, 6000, 8, 'trap_send_sgi', 'broadcast')
