#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Copies built files to where they are looked for.

    place.py STAMP DEST FROM=TO ...

Meson cannot put targets into folders that have no meson.build: it builds them flat, and this puts
each FROM at DEST/TO (`@FROM=TO` makes TO a symbolic link to FROM). STAMP is written at the end.
With `--install` for STAMP, each DEST/TO goes to the folder that `meson install` installs to.
"""
import filecmp
import os
import shutil
import sys
from pathlib import Path


def place(source, target):
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.startswith('@'):
        target.unlink(missing_ok=True)
        target.symlink_to(source[1:])
    elif not target.exists() or not filecmp.cmp(source, target, shallow=False):
        target.unlink(missing_ok=True)
        shutil.copy(source, target)


def main():
    stamp, dest, *pairs = sys.argv[1:]
    if stamp == '--install':
        dest = os.environ['MESON_INSTALL_DESTDIR_PREFIX']
    for pair in pairs:
        source, target = pair.split('=')
        place(source, Path(dest) / target)
    if stamp != '--install':
        Path(stamp).write_text('', encoding='utf-8')


main()
