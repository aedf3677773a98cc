# SPDX-License-Identifier: BSD-2-Clause
"""KVM and Xen come up with guests that find their disks, and cost what the manual shows."""
import json
import sys

import pytest
from conftest import TOP

sys.path.insert(0, str(TOP / 'bench'))
import figures  # noqa: E402
import kvm  # noqa: E402
import linux  # noqa: E402
import xen  # noqa: E402

# Debian's kernels and images change now and then, and with them where things lie.
APART = 0.1


@pytest.mark.long
@pytest.mark.parametrize('column,measure', [
    ('kvm', lambda: kvm.disk('kvm')), ('kvm-pci', lambda: kvm.disk('kvm-pci')),
    ('xen', xen.disk)], ids=['kvm', 'kvm-pci', 'xen'])
def test_disk(column, measure):
    linux.images(quick=True)
    text = (TOP / 'docs/results/bench.json').read_text(encoding='utf-8')
    shown = json.loads(text)['systems'][column]['figures']
    for name, found in measure().items():
        assert abs(found / figures.value(shown[name]) - 1) < APART, name
