#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Marks of unfinished work, paths of one person's machine, trailing blanks and tabs are not
committed."""
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import tree  # noqa: E402

EXEMPT = re.compile(r'^(LICENSES/|tests/fuzz/corpus/|tests/sdf/)|\.(png|svg|bin|json)$')
# Built from pieces, so that this file passes its own check.
MARKS = re.compile(r'\b(TO' r'DO|FIX' r'ME|XX' r'X|HA' r'CK)\b')
PATHS = re.compile(r'(?<![\w.~$}/])/(ho' r'me|ro' r'ot|Us' r'ers|wo' r'rk)/\w')
MAY_HAVE_TABS = re.compile(r'(^|/)Makefile$|\.mk$|^\.gitmodules$')
LONGEST = 100
CODE = re.compile(r'\.(c|h|S|py|sh)$')


def main():
    bad = []
    checked = 0
    for name in tree.files():
        if EXEMPT.search(name):
            continue
        checked += 1
        text = (tree.TOP / name).read_text(encoding='utf-8')
        if text and not text.endswith('\n'):
            bad.append(f'{name}: no newline at the end')
        for number, line in enumerate(text.splitlines(), 1):
            where = f'{name}:{number}: '
            if MARKS.search(line):
                bad.append(where + 'mark of unfinished work: ' + line.strip())
            if PATHS.search(line):
                bad.append(where + 'path of one machine: ' + line.strip())
            if line != line.rstrip():
                bad.append(where + 'blanks at the end')
            if '\t' in line and not MAY_HAVE_TABS.search(name):
                bad.append(where + 'tab')
            if CODE.search(name) and len(line) > LONGEST:
                bad.append(where + f'{len(line)} columns, at most {LONGEST}')
    print('\n'.join(bad + [f'{checked} files checked, {len(bad)} complaints']))
    return 1 if bad or checked == 0 else 0


if __name__ == '__main__':
    sys.exit(main())
