#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Every file of the tree says its licence in its first lines, and that licence's text is there."""
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import tree  # noqa: E402

# Data whose bytes are the test, and texts that are licences themselves.
EXEMPT = re.compile(r'^(LICENSES/|tests/fuzz/corpus/)|(^|/)\.gitignore$|\.(png|svg|bin|json|in)$'
                    r'|^tests/sdf/.*\.(system|expected|expanded)$')


def main():
    bad = []
    checked = 0
    for name in tree.files():
        if EXEMPT.search(name):
            continue
        checked += 1
        head = '\n'.join((tree.TOP / name).read_text(encoding='utf-8').splitlines()[:3])
        match = re.search(r'SPDX-License-Identifier: ([A-Za-z0-9.-]+)', head)
        if not match:
            bad.append(f'{name}: no SPDX-License-Identifier in its first three lines')
        elif not (tree.TOP / 'LICENSES' / (match.group(1) + '.txt')).exists():
            bad.append(f'{name}: LICENSES/{match.group(1)}.txt does not exist')
    print('\n'.join(bad + [f'{checked} files checked, {len(bad)} wrong']))
    return 1 if bad or checked == 0 else 0


if __name__ == '__main__':
    sys.exit(main())
