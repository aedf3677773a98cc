#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Every line of docs/requirements.md is either open or names what shows it, and that exists."""
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import tree  # noqa: E402

PAGE = 'docs/requirements.md'


def complaint(reference, targets):
    """What is wrong with one reference, or None."""
    words = reference.split()
    if words[0] == 'make':
        return None if len(words) > 1 and words[1] in targets else 'the Makefile has no such target'
    path, _, name = words[0].partition('::')
    file = tree.TOP / path
    if not file.exists():
        return f'{path} does not exist'
    if name and not re.search(rf'\b{re.escape(name)}\b', file.read_text(encoding='utf-8')):
        return f'{path} has no {name}'
    return None


def main():
    makefile = (tree.TOP / 'Makefile').read_text(encoding='utf-8')
    targets = set(re.findall(r'^## ([\w-]+):', makefile, re.M))
    bad, ids, still_open = [], set(), 0
    for number, line in enumerate((tree.TOP / PAGE).read_text(encoding='utf-8').splitlines(), 1):
        cells = [cell.strip() for cell in line.strip('|').split(' | ')]
        if not re.match(r'\| [A-Z]-\d', line):
            continue
        where = f'{PAGE}:{number}: '
        if len(cells) != 3:
            bad.append(where + f'{len(cells)} cells, not 3')
            continue
        name, shown = cells[0], cells[2].rstrip('| ').strip()
        if name in ids:
            bad.append(where + f'{name} is there twice')
        ids.add(name)
        if shown == 'open':
            still_open += 1
            continue
        references = re.findall(r'`([^`]+)`', shown)
        if not references:
            bad.append(where + 'names neither a test nor a command, and is not open')
        for reference in references:
            wrong = complaint(reference, targets)
            if wrong:
                bad.append(where + wrong)
    print('\n'.join(bad + [f'{len(ids)} promises, {still_open} open, {len(bad)} wrong']))
    return 1 if bad or not ids else 0


if __name__ == '__main__':
    sys.exit(main())
