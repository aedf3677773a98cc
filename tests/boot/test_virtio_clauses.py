# SPDX-License-Identifier: BSD-2-Clause
"""A sample of the conformance table of docs/virtio.md: without the code that keeps a clause, the
clause's test fails. `make test` tries a few."""
import re
import subprocess
import sys

import pytest

from conftest import TOP


@pytest.mark.long
def test_each_is_needed():
    done = subprocess.run([sys.executable, TOP / 'scripts/seed_virtio.py', 'clauses'], text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=3600, check=False)
    print(done.stdout)
    found, tried = map(int, re.search(r'^(\d+) of (\d+) found$', done.stdout, re.M).groups())
    assert found == tried >= 20
    assert done.returncode == 0
