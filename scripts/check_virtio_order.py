#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The virtIO rings order their accesses on Arm: an index (or a descriptor's flags) is loaded with
acquire before what it stands for, stored with release behind it, and a barrier lies between asking
for kicks and looking for buffers. A host of another architecture may order all of this by itself,
so that no test there would notice. Looks at the code that the cross compiler makes."""
import re
import subprocess
import sys
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
COMPILE = ['aarch64-linux-gnu-gcc', '-std=gnu11', '-O2', '-mcpu=cortex-a53', '-S', '-o', '-',
           '-I', TOP / 'virtio/include', '-I', TOP / 'include']
# A function's instructions, one a line, and what they must look like.
RULES = {
    'pop': ('an index or flags are loaded with acquire', r'^ldarh '),
    'push': ('an entry is stored, and what shows it with release',
             r'(?:^strh? .*\n(?:.*\n)*?){2}stlrh '),
    'want_kick': ('a store, a barrier, a load', r'^str.*\n(?:.*\n)*dmb ish\n(?:.*\n)*ldrh '),
}


def functions(assembly):
    """{name: its instructions}"""
    found = {}
    for name, body in re.findall(r'^(\w+):\n(.*?)^\t\.size\t\1,', assembly, re.M | re.S):
        found[name] = ''.join(re.sub(r'\s+', ' ', line.strip()) + '\n' for line in body.splitlines()
                              if re.match(r'\t[a-z]', line))
    return found


def main():
    wrong = []
    checked = 0
    for ring in ('split', 'packed'):
        done = subprocess.run([*COMPILE, TOP / f'virtio/virtq_{ring}.c'], check=True,
                              stdout=subprocess.PIPE, text=True)
        code = functions(done.stdout)
        for action, (rule, pattern) in RULES.items():
            name = f'virtq_{ring}_{action}'
            checked += 1
            if not re.search(pattern, code.get(name, ''), re.M):
                wrong.append(f'{name}: not so: {rule}')
    print('\n'.join(wrong + [f'{checked} functions checked, {len(wrong)} wrong']))
    return 1 if wrong or not checked else 0


if __name__ == '__main__':
    sys.exit(main())
