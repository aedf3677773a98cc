# SPDX-License-Identifier: BSD-2-Clause
"""A disk that breaks: what a guest sees of it, and that its neighbour sees nothing.

The guests are tests/guest/test_faults.c. QEMU counts instructions, so that a deadline is one
however busy the machine is."""
from conftest import IMAGES, MAIN, TOP, build_image

SYSTEM = TOP / 'tests/boot/systems/disk-faults/disk-faults.system'


def test_faults(boot, gic):
    """Errors, short, double, wrong, late and missing answers; a driver that dies; deadlines,
    resets and a reboot."""
    image = build_image(SYSTEM, output=IMAGES / f'disk-faults-{gic}',
                        search=[MAIN / 'tests/guest', MAIN / 'systems/disk-faults/debug'])
    board = boot(image, gic=gic, smp=2, icount=True, timeout=60)
    board.expect(r'victim\| guest: reboots with requests under way')
    board.expect_all([r'victim\| done: 6 passed, 0 failed',
                      r'neighbour\| done: 4 passed, 0 failed'])
    said = board.tail(20000)
    for fault in ['an error', 'a short transfer', 'two answers', 'a restart of the driver',
                  'an answer with a wrong id', 'no answer', 'an answer behind the deadline',
                  'an answer behind a reset', 'an answer at a reset', 'an answer behind a reboot']:
        assert f'victim| ok faults.{fault}' in said, fault
    assert 'FAIL' not in said
    assert said.count('RESTART pd=faulty.driver') == 1
