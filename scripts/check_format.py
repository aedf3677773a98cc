#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Every C file of the tree is as clang-format 14 writes it (.clang-format)."""
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import tree  # noqa: E402


def main():
    files = [name for name in tree.files() if name.endswith(('.c', '.h'))]
    if not files:
        print('no C file found')
        return 1
    done = subprocess.run(['clang-format', '--dry-run', '--Werror', *files], cwd=tree.TOP,
                          check=False)
    wrong = ': `make format` changes those above' if done.returncode != 0 else ', none wrong'
    print(f'{len(files)} files checked{wrong}')
    return done.returncode


if __name__ == '__main__':
    sys.exit(main())
