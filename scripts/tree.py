# SPDX-License-Identifier: BSD-2-Clause
"""The files of the source tree, for the checks and the tests."""
import os
import subprocess
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent


def files(top=TOP):
    """Names, from `top`, of the files of the tree: git's, or all when it is no clone."""
    if (top / '.git').exists():
        out = subprocess.run(['git', '-c', f'safe.directory={top}', 'ls-files', '-z', '--cached',
                              '--others', '--exclude-standard'],
                             cwd=top, check=True, stdout=subprocess.PIPE).stdout.decode()
        names = [n for n in out.split('\0') if n]
    else:
        names = []
        for folder, folders, found in os.walk(top):
            folders[:] = [f for f in folders if f not in ('build', '.git', '__pycache__')]
            names += [str((Path(folder) / f).relative_to(top)) for f in found]
    return sorted(n for n in names if (top / n).is_file())
