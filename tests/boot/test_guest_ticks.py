# SPDX-License-Identifier: BSD-2-Clause
"""Two vCPUs that share a CPU lose no tick of their virtual timers in a minute of the guest's time,
which is exact because QEMU counts instructions."""
from conftest import IMAGES, MAIN, TOP, build_image

SYSTEM = TOP / 'tests/boot/systems/guest-ticks/guest-ticks.system'


def test_none_is_lost(boot, gic):
    image = build_image(SYSTEM, 'release', output=IMAGES / f'guest-ticks-{gic}',
                        search=[MAIN / 'tests/guest'])
    board = boot(image, gic=gic, smp=1, icount=True, timeout=120)
    for cpu, ticks in ((0, 15000), (1, 60000)):
        seen = board.expect(rf'CPU {cpu}: (\d+) ticks in 60 s, latest (\d+) us late')
        assert int(seen[1]) == ticks and int(seen[2]) < 1000, board.tail()
    board.expect(r'done: \d+ passed, 0 failed')
