# SPDX-License-Identifier: BSD-2-Clause
"""A guest that does its worst disturbs nobody: its neighbour on the same CPU keeps its beat, its
own VMM still answers, and the kernel's assertions hold.

The system is systems/guests-hostile. Where it can, QEMU counts instructions, so that a run can be
repeated and the neighbour's longest pause is exact. Random instructions may leave the attacker in
an endless chain of exceptions without a single instruction, in which counted time stands still:
there time is the host's."""
import re

import pytest

from conftest import IMAGES, MAIN, SDK, BOARD, TOP, build_image

SYSTEM = TOP / 'tests/boot/systems/guests-hostile/guests-hostile.system'
CONF = """name {name}
bootargs share=0x50000000 test={test}
gic 2 0x08000000 0x08010000
gic 3 0x08000000 0x080a0000
crash restart
"""
# The attacker's.
DEVICES = """virtio console 0x0b010000 209 1
virtio rng 0x0b011000 210 2
virtio block 0x0b012000 211 3
block 3 4 0x190000000 0x10000
"""
# Sixteen sectors in the middle of the disk are the attacker's.
DISK = """device 0 0x1200000 0x20000
client 2 0x2000000 0x10000 attacker 0x2000000 extent:64:16
base attacker 0x2000000000
"""
# A beat is due every millisecond. The neighbour may have to wait for the attacker's time slice: a
# millisecond of its own, and for each of its exits in that the work of its VMM, which is above
# both.
LONGEST_PAUSE_US = 10_000
# The same where time is the host's, which may be busy.
LONGEST_HOST_PAUSE_US = 3_000_000


def vmm(config='debug'):
    """Where the generic VMM program may be."""
    return [SDK / 'board' / BOARD / config / 'elf', MAIN / 'systems/one-guest' / config]


def run(boot, gic, folder, test, timeout=60, icount=True):
    """Boots the attacker with its group of tests; returns the match of what the watcher saw."""
    name = test.split()[0]
    for guest, what, devices in (('attacker', test, DEVICES), ('neighbour', 'beat', '')):
        (folder / f'{guest}.conf').write_text(CONF.format(name=guest, test=what) + devices,
                                              encoding='utf-8')
    (folder / 'disk.conf').write_text(DISK, encoding='utf-8')
    image = build_image(SYSTEM, output=IMAGES / f'guests-hostile-{name}-{gic}',
                        search=[folder, *vmm(), MAIN / 'tests/guest'])
    board = boot(image, gic=gic, smp=2, icount=icount, timeout=timeout)
    board.expect('attacker: done: ([0-9]+) passed, 0 failed')
    saw = board.expect(r'watch: neighbour: (\d+) beats, longest pause (\d+) us, (\d+) wrong; '
                       r'attacker: (\d+) resets')
    beats, pause, wrong = int(saw[1]), int(saw[2]), int(saw[3])
    assert wrong == 0, board.tail()
    assert beats > 90, board.tail()
    assert pause < (LONGEST_PAUSE_US if icount else LONGEST_HOST_PAUSE_US), board.tail()
    board.expect('neighbour: done: 2 passed, 0 failed')
    assert not re.search(r'kernel panic(?!ked)|is stuck', board.tail(5000))
    return board


def test_edges(boot, gic, tmp_path):
    """Accesses of every kind at the edges of regions and at powers of two."""
    run(boot, gic, tmp_path, 'edges')


@pytest.mark.long
def test_pages(boot, gic, tmp_path):
    """A read and a write in every page below 4 GiB."""
    run(boot, gic, tmp_path, 'pages', timeout=1800)


def test_instructions(boot, gic, tmp_path):
    """Every system register read and written, and random encodings of every class."""
    run(boot, gic, tmp_path, 'code', timeout=120, icount=False)


@pytest.mark.long
@pytest.mark.parametrize('seed', range(1, 6))
def test_many_instructions(boot, gic, tmp_path, seed):
    run(boot, gic, tmp_path, f'code count=1000000 seed={seed}', timeout=1800, icount=False)


def test_interrupt_controller(boot, gic, tmp_path):
    """Random values in every register of the interrupt controller."""
    run(boot, gic, tmp_path, 'registers')


def test_calls(boot, gic, tmp_path):
    """Random SMCCC calls."""
    board = run(boot, gic, tmp_path, 'calls')
    assert re.search(r'attacker: reset', board.tail(5000))


def test_devices(boot, gic, tmp_path):
    """A hostile driver of virtIO devices, for every kind of ring."""
    board = run(boot, gic, tmp_path, 'devices console=0x0b010000 rng=0x0b011000 disk=0x0b012000',
                timeout=120)
    assert len(re.findall('attacker: the driver of its virtIO [a-z ]+ broke a queue: ',
                          board.tail(200000))) > 300


def test_reboots(boot, gic, tmp_path):
    """A guest that reboots 200 times, beside one that checks itself at each beat."""
    board = run(boot, gic, tmp_path, 'reboot count=200')
    assert len(re.findall('attacker: guest: EL1', board.tail(100000))) == 201
