# SPDX-License-Identifier: BSD-2-Clause
"""A boot loader starts the image: U-Boot's `booti`, from memory, at a place that is not the one for
which the tool laid it out."""
from pathlib import Path

import pytest
from conftest import Board, LOGS, build_image, qemu_command

U_BOOT = Path('/usr/lib/u-boot/qemu_arm64/u-boot.bin')
LOADED = 0x48000000
PROMPT = r'=> '


@pytest.mark.skipif(not U_BOOT.exists(), reason='u-boot-qemu is not installed')
def test_booti(request, gic):
    image = build_image('hello')
    command = qemu_command(image, gic)
    at = command.index('-kernel')
    command[at:at + 2] = ['-bios', str(U_BOOT), '-device',
                          f'loader,file={image},addr=0x{LOADED:x},force-raw=on']
    LOGS.mkdir(parents=True, exist_ok=True)
    board = Board(command, LOGS / f'test_booti-gicv{gic}.log', None, 60)
    request.addfinalizer(board.stop)
    board.expect('Hit any key to stop autoboot')
    board.send('\r')
    board.expect(PROMPT)
    board.send(f'booti 0x{LOADED:x} - $fdtcontroladdr\r')
    board.expect('hello, world')
