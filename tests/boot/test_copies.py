# SPDX-License-Identifier: BSD-2-Clause
"""The memcpy() of programs whose memory is all cached."""
from conftest import MAIN, TOP, build_image


def test_copies(boot):
    system = TOP / 'tests/boot/systems/copies/copies.system'
    board = boot(build_image(system, search=[MAIN / 'systems/copies/debug']))
    assert board.expect(r'copies: ([^\r\n]*)')[1] == 'right'
