# SPDX-License-Identifier: BSD-2-Clause
"""Every system of systems/ that has an expected.txt prints what it promises, with each interrupt
controller. A line of that file is a regular expression to wait for, in the order of the file;
`> text` types text and Enter; `! icount` has QEMU count instructions, for what depends on exact
times; `! disk KIND:SIZE ...` gives the board a disk with such partitions (scripts/disk.py), `! net`
QEMU's user network; `#` begins a comment."""
import pytest
from conftest import TOP, attached, make_disk, networked


def steps(path):
    """(what to do: '>', '!' or 'wait', text) for each line of an expected.txt."""
    found = []
    for line in path.read_text(encoding='utf-8').splitlines():
        if line.startswith(('> ', '! ')):
            found.append((line[0], line[2:]))
        elif line.strip() and not line.startswith('#'):
            found.append(('wait', line.strip()))
    return found


SYSTEMS = {path.parent.name: path for path in sorted(TOP.glob('systems/*/expected.txt'))}


@pytest.mark.parametrize('system', SYSTEMS)
def test_expected(boot, gic, system):
    script = steps(SYSTEMS[system])
    options = {text.split()[0]: text.split()[1:] for what, text in script if what == '!'}
    assert set(options) <= {'icount', 'disk', 'net'}, f'{SYSTEMS[system]}: unknown option'
    assert any(what == 'wait' for what, _ in script), f'{SYSTEMS[system]} expects nothing'
    disk = attached(make_disk(f'{system}-gicv{gic}.img', *options['disk'])) if 'disk' in options \
        else ()
    net = networked() if 'net' in options else ()
    board = boot(system, gic=gic, icount='icount' in options, extra=[*disk, *net])
    for what, text in script:
        if what == '>':
            board.send(text + '\r')
        elif what == 'wait':
            board.expect(text)
