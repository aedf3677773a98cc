# SPDX-License-Identifier: BSD-2-Clause
"""A program with picolibc: floating point, sorting, parsing, errno, exit."""
from pathlib import Path

SYSTEM = Path(__file__).resolve().parent / 'systems/picolibc/picolibc.system'


def test_picolibc(boot, gic):
    board = boot(SYSTEM, gic=gic)
    board.expect(r'picolibc: 1 3 5 9, 8\.250, rest')
    board.expect('picolibc: errno ERANGE, largest')
    board.expect('picolibc: exit 3')
    board.expect('FAULT pd=picolibc kind=memory')
