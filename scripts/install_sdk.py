#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Lays out the SDK: copies each FROM to DEST/TO, and removes what is in DEST from before.

    install_sdk.py STAMP DEST FROM=TO ...    while building; STAMP is written at the end
    install_sdk.py FROM=TO ...               from `meson install`, into the folder that it names
"""
import filecmp
import os
import shutil
import sys
from pathlib import Path


def lay_out(dest, pairs):
    wanted = set()
    for pair in pairs:
        source, name = pair.split('=')
        target = dest / name
        wanted.add(target)
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.is_file() or not filecmp.cmp(source, target, shallow=False):
            # Whoever runs the old program keeps it; nobody sees half of the new one.
            shutil.copy(source, target.with_name(target.name + '.new'))
            os.replace(target.with_name(target.name + '.new'), target)
    return wanted


def main():
    installing = os.environ.get('MESON_INSTALL_DESTDIR_PREFIX')
    if installing:
        lay_out(Path(installing), sys.argv[1:])
        return
    stamp, dest, *pairs = sys.argv[1:]
    wanted = lay_out(Path(dest), pairs)
    for path in list(Path(dest).rglob('*')):
        if path.is_file() and path not in wanted:
            path.unlink()
    Path(stamp).write_text('', encoding='utf-8')


if __name__ == '__main__':
    main()
