# SPDX-License-Identifier: BSD-2-Clause
"""What a guest's part of a disk costs in memory: its connection and the registers of its device,
and what the kernel needs to map them; nothing grows with the number of guests besides."""
import json
import re

import pytest

from conftest import BOARD, MAIN

CONNECTION = 0x10000
REGISTERS = 0x1000
# Tables of pages at most: of the guest, its monitor and the virtualiser. And two channels.
MOST_OF_THE_KERNEL = 0x4000
MOST = 8


def report(tool, folder, guests, disk):
    """What the tool says of guests that all have a part of one disk, or none."""
    lines = ['<system>', '  <image name="test" kernel="guest-test.img"/>']
    lines += ['  <disk name="disk0"/>'] if disk else []
    parts = [f'<disk from="disk0" partition="{i + 1}"/>' if disk else '' for i in range(guests)]
    lines += [f'  <guest name="g{i}" image="test" ram="32M">{part}</guest>'
              for i, part in enumerate(parts)]
    path = folder / 'disks.system'
    path.write_text('\n'.join([*lines, '</system>', '']), encoding='utf-8')
    said = tool('report', path, '--board', BOARD, '--config', 'release', '--json',
                '--search-path', MAIN / 'tests/guest')
    assert said.returncode == 0, said.stdout
    return json.loads(said.stdout)


def sizes(said):
    """Bytes of each region that is memory; a guest's devices are numbered, which is left out."""
    return {re.sub(r'\d+$', '', region['name']): region['bytes']
            for region in said['regions'] if not region['device']}


@pytest.fixture(name='costs')
def fixture_costs(tool, tmp_path):
    """By the number of guests: regions that there are with a disk only, and the kernel's bytes."""
    found = {}
    for guests in range(1, MOST + 1):
        without, having = (report(tool, tmp_path, guests, disk) for disk in (False, True))
        less, more = sizes(without), sizes(having)
        # What every guest has is as large as it was.
        assert {name: more.get(name) for name in less} == less
        kernel = having['kernel']['heap_bytes'] - without['kernel']['heap_bytes']
        found[guests] = {name: more[name] for name in more if name not in less}, kernel
    return found


def test_memory_of_a_client(costs):
    """A guest more is two regions more, of the sizes that docs/block.md says."""
    for guests in range(1, MOST + 1):
        own = {name: size for name, size in costs[guests][0].items() if name.startswith('g')}
        assert own == {f'g{i}.{what}': size for i in range(guests)
                       for what, size in (('disk', CONNECTION), ('block', REGISTERS))}


def test_memory_of_the_disk(costs):
    """The driver and the virtualiser have the same memory for one guest and for eight."""
    def shared(guests):
        return {name: size for name, size in costs[guests][0].items() if not name.startswith('g')}

    assert {name.split('.')[0].split(':')[0] for name in shared(1)} == {'disk0', 'board'}
    for guests in range(2, MOST + 1):
        assert shared(guests) == shared(1)


def test_memory_of_the_kernel(costs):
    """Objects and tables of pages."""
    for guests in range(2, MOST + 1):
        assert 0 < costs[guests][1] - costs[guests - 1][1] <= MOST_OF_THE_KERNEL
