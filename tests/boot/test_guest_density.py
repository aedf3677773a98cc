# SPDX-License-Identifier: BSD-2-Clause
"""Many guests on one board: they boot together, and each costs little memory beside its own RAM."""
import json
import re

import pytest

from conftest import BOARD, IMAGES, build_image, stand_ins

RAM = 4 << 30
GUEST_RAM = 128 << 20
MOST_BESIDES = 1 << 20


def description(folder, guests):
    """A system of so many guests on four CPUs, which boot one image and share one console, where
    each line begins with its guest's name; returns its file."""
    path = folder / f'density-{guests}.system'
    lines = [f'  <guest name="g{i}" image="debian" ram="128M" cpus="{i % 4}"'
             f' bootargs="earlycon quiet hostname=g{i}"><console/></guest>'
             for i in range(guests)]
    path.write_text('\n'.join([
        '<system name="density">',
        '  <image name="debian" kernel="Image" initrd="initrd-tiny.cpio.gz"/>',
        '  <console colours="off"/>', *lines, '</system>', '']), encoding='utf-8')
    return path


def said_by(name, printed):
    """What a guest printed. A line that takes it long stands on the console in pieces."""
    return ''.join(re.findall(rf'\[{name}\] ([^\n]*)', printed))


@pytest.mark.parametrize('gic,guests', [
    (3, 4),
    pytest.param(2, 16, marks=pytest.mark.long),
    pytest.param(3, 16, marks=pytest.mark.long)])
def test_boot(boot, gic, debian, tmp_path, guests):
    """All of them get as far as their init, each under its own name."""
    image = build_image(description(tmp_path, guests), search=[debian], extra=['--ram', str(RAM)],
                        output=IMAGES / f'density-{guests}-{gic}')
    board = boot(image, gic=gic, smp=4, timeout=600)
    waiting = [f'g{i}' for i in range(guests)]
    while waiting:
        board.expect(r'\n')
        printed = board.tail(100000)
        waiting = [name for name in waiting if f'guest ready: {name}' not in said_by(name, printed)]


def report(tool, folder, guests, config):
    """What `bulkhead report` says of a system of so many guests."""
    path = description(folder, guests)
    said = tool('report', path, '--board', BOARD, '--ram', RAM, '--config', config, '--json',
                '--search-path', stand_ins(path, folder))
    assert said.returncode == 0, said.stdout
    return json.loads(said.stdout)


@pytest.mark.parametrize('config', ['debug', 'release', 'benchmark'])
def test_memory(tool, tmp_path, config):
    """What a guest costs beside RAM and images, as the report has it and as the memory that is left
    shows it: the sixteenth guest takes that much more."""
    fifteen, sixteen = (report(tool, tmp_path, n, config) for n in (15, 16))
    for machine in sixteen['virtual_machines']:
        memory = machine['memory']
        assert memory['ram'] == GUEST_RAM
        assert memory['images'] > 0
        # A monitor's program, stack and message buffer; the VM's object in the kernel.
        assert memory['monitor'] > 64 << 10 and memory['kernel'] > 64 << 10
        besides = memory['monitor'] + memory['kernel']
        assert besides <= MOST_BESIDES
    left = [sum(hole['bytes'] for hole in said['free']) for said in (fifteen, sixteen)]
    more = left[0] - left[1] - GUEST_RAM
    # Alignment moves a few pages between the image and the holes, and the boot description grows.
    assert more <= MOST_BESIDES and abs(more - besides) <= 64 << 10
