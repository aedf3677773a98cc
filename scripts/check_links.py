#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Every relative link of a Markdown page leads to something that is there."""
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import tree  # noqa: E402


def main():
    bad, links = [], 0
    for name in tree.files():
        if not name.endswith('.md'):
            continue
        text = (tree.TOP / name).read_text(encoding='utf-8')
        for target in re.findall(r'\]\(([^)\s]+)\)', re.sub(r'`[^`]*`', '', text)):
            path = target.split('#')[0]
            if not path or re.match(r'\w+:', path):
                continue
            links += 1
            if not (tree.TOP / name).parent.joinpath(path).exists():
                bad.append(f'{name}: {target} leads nowhere')
    print('\n'.join(bad + [f'{links} links, {len(bad)} wrong']))
    return 1 if bad or not links else 0


if __name__ == '__main__':
    sys.exit(main())
