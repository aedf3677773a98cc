#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Makes an archive of one object, in which only some names can be seen from outside.

    pack.py ARCHIVE EXPORTS LIBRARY OBJECT...

EXPORTS has the names, one a line, each of which must be there; `#` begins a comment. What the
object needs must be in the archive LIBRARY.
"""
import os
import subprocess
import sys
from pathlib import Path

PREFIX = os.environ.get('CROSS_COMPILE', 'aarch64-linux-gnu-')


def run(tool, *arguments):
    return subprocess.run([PREFIX + tool, *map(str, arguments)], check=True, text=True,
                          stdout=subprocess.PIPE).stdout


def names(*arguments):
    """The names that nm prints, each at the end of its line."""
    return {line.split()[-1] for line in run('nm', *arguments).splitlines()
            if line and not line.endswith(':')}


def main():
    archive, exports, library, *objects = sys.argv[1:]
    whole = Path(archive).with_suffix('.o')
    run('ld', '-r', '-o', whole, *objects)
    run('objcopy', f'--keep-global-symbols={exports}', whole)
    seen = names('--extern-only', '--defined-only', whole)
    lines = Path(exports).read_text(encoding='utf-8').splitlines()
    wanted = {line for line in lines if not line.startswith('#')}
    if seen != wanted:
        sys.exit(f'{exports}: no object has {sorted(wanted - seen)}')
    missing = names('--undefined-only', whole) - names('--extern-only', '--defined-only', library)
    if missing:
        sys.exit(f'{archive}: nothing has {sorted(missing)}')
    Path(archive).unlink(missing_ok=True)
    run('ar', 'rcsD', archive, whole)


main()
