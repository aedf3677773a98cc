#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""tidy_commands.py BUILD OUT: writes OUT/compile_commands.json from that of BUILD, with one entry a
C file of the tree and without the options that only gcc knows; prints the files."""
import json
import re
import shlex
import sys
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
ONLY_GCC = re.compile(r'^(-fno-tree-.*|-finline-limit=.*|-Wstack-usage=.*|-fdiagnostics-color=.*'
                      r'|-fsanitize=.*|-fno-sanitize-recover=.*|-mno-outline-atomics'
                      r'|-mfix-cortex-a53-.*|-M[DQF]|-Winvalid-pch)$')


def main():
    build, out = Path(sys.argv[1]), Path(sys.argv[2])
    entries = {}
    for entry in json.loads((build / 'compile_commands.json').read_text(encoding='utf-8')):
        path = (Path(entry['directory']) / entry['file']).resolve()
        if path.suffix != '.c' or not path.is_relative_to(TOP) \
                or path.is_relative_to(TOP / 'build'):
            continue
        words = shlex.split(entry['command'])
        arguments = ['clang'] + (['--target=aarch64-linux-gnu'] if 'aarch64' in words[0] else [])
        skip = False
        for word in words[1:]:
            if not skip and not ONLY_GCC.match(word):
                arguments.append(word)
            skip = word in ('-MQ', '-MF')
        name = str(path.relative_to(TOP))
        # The debug configuration comes first, and has the assertions: its entry is kept.
        entries.setdefault(name, {'directory': entry['directory'], 'file': str(path),
                                  'arguments': arguments})
    (out / 'compile_commands.json').write_text(json.dumps(list(entries.values()), indent=1),
                                               encoding='utf-8')
    print('\n'.join(sorted(entries)))


if __name__ == '__main__':
    main()
