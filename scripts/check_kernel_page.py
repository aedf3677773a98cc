#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""docs/kernel.md keeps up with the kernel: its table has every system call of abi.h once and no
other, its table of shared words has every shared word of struct thread, and its pictures are those
that their sources draw."""
import re
import subprocess
import sys
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent


def system_calls(header):
    """The constants of enum bh_syscall but the count."""
    body = re.search(r'enum bh_syscall \{(.*?)\n\};', header, re.S).group(1)
    body = re.sub(r'/\*.*?\*/', '', body, flags=re.S)
    return [name for name in re.findall(r'\b(BH_SYS_\w+)', body) if name != 'BH_SYS_COUNT']


def shared_words(header):
    """The fields of struct thread between the comment "Shared:" and the channels."""
    body = header[header.index('/* Shared:'):header.index('struct channel channels[')]
    body = re.sub(r'/\*.*?\*/', '', body, flags=re.S)
    return re.findall(r'\b(\w+);', body)


def main():
    page = (TOP / 'docs/kernel.md').read_text(encoding='utf-8')
    calls = system_calls((TOP / 'include/bulkhead/abi.h').read_text(encoding='utf-8'))
    words = shared_words((TOP / 'kernel/thread.h').read_text(encoding='utf-8'))
    wrong = []
    if len(calls) < 10 or len(words) < 5:
        wrong.append('the headers are not written as this check expects')
    rows = re.findall(r'^\| `(BH_SYS_\w+)` \|', page, re.M)
    for name in sorted(set(calls) | set(rows)):
        if rows.count(name) != calls.count(name):
            wrong.append(f'{name}: {rows.count(name)} rows of the table of system calls')
    for name in words:
        if not re.search(rf'^\| [^|]*`thread\.{name}`', page, re.M):
            wrong.append(f'thread.{name} is not in the table of shared words')
    drawn = subprocess.run([TOP / 'scripts/pictures.sh', '--check'], stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT, text=True, check=False)
    if drawn.returncode != 0:
        wrong.append(drawn.stdout.strip())
    for line in wrong:
        print('docs/kernel.md:', line)
    print(f'{len(calls)} system calls, {len(words)} shared words, {len(wrong)} wrong')
    return 1 if wrong else 0


if __name__ == '__main__':
    sys.exit(main())
