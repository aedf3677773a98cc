#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Writes what the library has to know of a board: where a guest expects its interrupt controller,
which is where the board's own is.

    board.py BOARD.XML OUTPUT.C
"""
import sys
import xml.etree.ElementTree
from pathlib import Path


def main():
    board, output = sys.argv[1:]
    gic = xml.etree.ElementTree.parse(board).getroot().find('gic')
    fields = ''.join(f'    .{name} = {int(gic.get(name).replace("_", ""), 0):#x},\n'
                     for name in ('distributor', 'redistributors'))
    Path(output).write_text(f'#include "machine.h"\n\n'
                            f'const struct machine_board machine_board = {{\n{fields}}};\n',
                            encoding='utf-8')


main()
