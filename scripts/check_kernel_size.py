#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The kernel stays small: lines of kernel/ that are neither blank nor comment, and the bytes of the
release kernel's text. The fake architecture of the host tests (kernel/fake/) does not count."""
import os
import re
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import tree  # noqa: E402

MOST_LINES = 6000
MOST_TEXT = 64 * 1024
# Comments, and the strings and characters in which a comment's marks mean nothing.
TOKENS = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


def code_lines(text):
    """Number of lines that hold code."""
    def without(match):
        token = match.group(0)
        return '\n' * token.count('\n') if token.startswith('/') else token
    return sum(1 for line in TOKENS.sub(without, text).splitlines() if line.strip())


def text_bytes(elf):
    """Bytes of the executable sections of an ELF file."""
    out = subprocess.run(['aarch64-linux-gnu-readelf', '-SW', str(elf)], check=True,
                         stdout=subprocess.PIPE).stdout.decode()
    total = 0
    for line in out.splitlines():
        match = re.match(r'\s*\[\s*\d+\]\s+(\S+)\s+\w+\s+[0-9a-f]+\s+[0-9a-f]+\s+([0-9a-f]+)'
                         r'\s+[0-9a-f]+\s+(\w*)\s', line)
        if match and 'X' in match.group(3):
            total += int(match.group(2), 16)
    return total


def kernel_lines():
    """{file: number of lines that hold code} of the kernel."""
    return {name: code_lines((tree.TOP / name).read_text(encoding='utf-8'))
            for name in tree.files()
            if re.match(r'kernel/.*\.(c|h|S)$', name) and not name.startswith('kernel/fake/')}


def main():
    lines = kernel_lines()
    total = sum(lines.values())
    for name, count in sorted(lines.items(), key=lambda item: -item[1]):
        print(f'{count:6} {name}')
    print(f'{total:6} lines in all, at most {MOST_LINES}')
    good = 0 < total <= MOST_LINES

    build = Path(os.environ.get('BULKHEAD_BUILD', tree.TOP / 'build/main'))
    kernels = sorted(build.glob('kernel/**/kernel*release*.elf')) + \
        sorted(build.glob('kernel/**/release/kernel.elf'))
    for elf in kernels:
        size = text_bytes(elf)
        print(f'{size:6} bytes of text in {elf.name}, at most {MOST_TEXT}')
        good = good and 0 < size <= MOST_TEXT
    if not kernels:
        print('no release kernel was built')
        good = False
    return 0 if good else 1


if __name__ == '__main__':
    sys.exit(main())
