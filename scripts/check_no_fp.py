#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Checks that archives contain no instruction that uses an FP or SIMD register.

    check_no_fp.py COMPILER OBJDUMP ARCHIVE ...

First it shows that it finds one: it compiles a function that uses floating point, and fails if that
passes.
"""
import re
import subprocess
import sys
import tempfile
from pathlib import Path

INSTRUCTION = re.compile(r'^\s*[0-9a-f]+:\t[0-9a-f]{8}\s+\t(.*)')
TARGET = re.compile(r'[0-9a-f]+ <[^>]*>')
REGISTER = re.compile(r'(?<![\w#])[vqdshb](?:[12]?[0-9]|3[01])\b|\bfp[cs]r\b')


def instructions(objdump, path):
    """The instructions of an archive or object file, as text."""
    text = subprocess.run([objdump, '-d', str(path)], check=True, capture_output=True,
                          text=True).stdout
    return [found.group(1) for found in map(INSTRUCTION.match, text.splitlines()) if found]


def uses_fp(instruction):
    operands = TARGET.sub('', instruction.split('//')[0]).partition('\t')[2]
    return REGISTER.search(operands) is not None


def seeded_fault_is_found(compiler, objdump):
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / 'seed.c'
        source.write_text('double twice(double x) { return x + x; }\n', encoding='utf-8')
        built = source.with_suffix('.o')
        subprocess.run([compiler, '-O2', '-c', str(source), '-o', str(built)], check=True)
        return any(map(uses_fp, instructions(objdump, built)))


def main():
    compiler, objdump, *archives = sys.argv[1:]
    if not seeded_fault_is_found(compiler, objdump):
        sys.exit('check_no_fp: does not find a floating-point addition')
    failed = False
    for archive in archives:
        found = instructions(objdump, archive)
        wrong = list(filter(uses_fp, found))
        if not found or wrong:
            print(f'{archive}: {len(wrong)} of {len(found)} instructions use FP or SIMD registers')
            print(''.join(f'    {w}\n' for w in wrong[:10]), end='')
            failed = True
    sys.exit(1 if failed else 0)


main()
