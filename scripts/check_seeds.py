#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Every fault that is seeded into a copy of the sources has its place there, once."""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import seed_virtio  # noqa: E402
import seed_vmm  # noqa: E402
from seeding import TOP  # noqa: E402


def main():
    tables = [('virtio', seed_virtio.CLAUSES), ('virtio', seed_virtio.FAULTS),
              ('virtio', seed_virtio.CHECKS), ('vmm', seed_vmm.FAULTS)]
    bad = []
    checked = 0
    for folder, table in tables:
        for _, file, old, new in table:
            checked += 1
            count = (TOP / folder / file).read_text(encoding='utf-8').count(old)
            if count != 1 or old == new:
                bad.append(f'{folder}/{file} has {count} times: {old.strip()}')
    print('\n'.join(bad + [f'{checked} faults checked, {len(bad)} wrong']))
    return 1 if bad or checked == 0 else 0


if __name__ == '__main__':
    sys.exit(main())
