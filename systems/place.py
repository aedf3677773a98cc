#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Copies programs into the folders where an image build looks for them.

    place.py STAMP DEST FROM=TO ...

Meson cannot put targets into folders that have no meson.build: it builds them flat, and this puts
each FROM at DEST/TO. STAMP is written at the end.
"""
import filecmp
import shutil
import sys
from pathlib import Path


def main():
    stamp, dest, *pairs = sys.argv[1:]
    for pair in pairs:
        source, target = pair.split('=')
        target = Path(dest) / target
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.exists() or not filecmp.cmp(source, target, shallow=False):
            shutil.copyfile(source, target)
    Path(stamp).write_text('', encoding='utf-8')


main()
