# SPDX-License-Identifier: BSD-2-Clause
"""Every system of systems/ that has an expected.txt prints what it promises, with each interrupt
controller. A line of that file is a regular expression to wait for, in the order of the file;
`> text` types text and Enter; `#` begins a comment."""
import pytest
from conftest import TOP


def steps(path):
    """(is it typed?, text) for each line of an expected.txt."""
    found = []
    for line in path.read_text(encoding='utf-8').splitlines():
        if line.startswith('> '):
            found.append((True, line[2:]))
        elif line.strip() and not line.startswith('#'):
            found.append((False, line.strip()))
    return found


SYSTEMS = {path.parent.name: path for path in sorted(TOP.glob('systems/*/expected.txt'))}


@pytest.mark.parametrize('system', SYSTEMS)
def test_expected(boot, gic, system):
    script = steps(SYSTEMS[system])
    assert any(not typed for typed, _ in script), f'{SYSTEMS[system]} expects nothing'
    board = boot(system, gic=gic)
    for typed, text in script:
        if typed:
            board.send(text + '\r')
        else:
            board.expect(text)
