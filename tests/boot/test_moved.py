# SPDX-License-Identifier: BSD-2-Clause
"""The kernel moves itself, and what came with it, to the place that the tool chose: up and down,
and also where the old and the new place overlap."""
import struct
from pathlib import Path

import pytest
from conftest import BUILD, Board, LOGS, MAIN, build_image, qemu_command

FILE_BYTES = 0x500000
DESCRIPTION = '''<?xml version="1.0" encoding="UTF-8"?>
<system>
  <memory_region name="fixed" size="0x{size:x}" phys_addr="0x{base:x}"/>
  <memory_region name="file" prefill_path="numbers.bin"/>
  <protection_domain name="moved" priority="1" fpu="false">
    <program_image path="moved.elf"/>
    <map mr="fixed" vaddr="0x10000000" setvar_vaddr="fixed_vaddr" setvar_size="fixed_size"/>
    <map mr="file" vaddr="0x20000000" setvar_vaddr="file_vaddr" setvar_size="file_size"/>
  </protection_domain>
</system>
'''


@pytest.fixture
def image(request):
    """Builds the system with a fixed region at a place."""
    def build(base, size):
        folder = BUILD / 'generated/moved'
        folder.mkdir(parents=True, exist_ok=True)
        numbers = folder / 'numbers.bin'
        numbers.write_bytes(struct.pack(f'<{FILE_BYTES // 4}I', *range(FILE_BYTES // 4)))
        description = folder / f'moved-{base:x}.system'
        description.write_text(DESCRIPTION.format(base=base, size=size), encoding='utf-8')
        return build_image(description, search=[MAIN / 'systems/moved/debug'])
    return build


def check(board, size):
    board.expect(rf'moved: fixed region of 0x{size:x} bytes is (clear|not clear), '
                 rf'file of 0x{FILE_BYTES:x} bytes is (whole|damaged)')
    assert board.console.match.groups() == ('clear', 'whole')


@pytest.mark.parametrize('base, size', [
    (0x40000000, 0x1000),    # nothing in the way
    (0x40200000, 0x1000),    # up by 2 MiB: less than the image is long
    (0x40400000, 0x200000),  # in the middle
    (0x40000000, 0x1000000), # up by 14 MiB: beyond its own end
], ids=['stays', 'up-overlapping', 'up', 'up-far'])
def test_up(boot, gic, image, base, size):
    check(boot(image(base, size), gic=gic), size)


@pytest.mark.parametrize('load', [0x40400000, 0x40600000, 0x50000000],
                         ids=['down-overlapping', 'down-overlapping-4M', 'down-far'])
def test_down(request, image, load):
    """A boot loader put the image above the place that the tool chose."""
    path = image(0x40000000, 0x1000)
    command = qemu_command(path)
    at = command.index('-kernel')
    command[at:at + 2] = ['-device', f'loader,file={path},addr=0x{load:x},force-raw=on',
                          '-device', f'loader,addr=0x{load:x},cpu-num=0']
    LOGS.mkdir(parents=True, exist_ok=True)
    board = Board(command, LOGS / f'test_moved-down-{load:x}.log', None, 90)
    request.addfinalizer(board.stop)
    check(board, 0x1000)
