# SPDX-License-Identifier: BSD-2-Clause
"""Physical memory is mapped in more than one place only where the description says so."""
import json

import pytest
from conftest import BOARD, TOP, plain, search_paths, stand_ins

SYSTEMS = sorted([*TOP.glob('systems/*/*.system'),
                  *TOP.glob('tests/boot/systems/hostile/*.system'),
                  *TOP.glob('tests/boot/systems/random/*.system')])


def owners_said(root):
    """By region of a plain description, the PDs and VMs that map it there."""
    said = {}
    for kind in ('protection_domain', 'virtual_machine'):
        for owner in root.iter(kind):
            for use in [*owner.findall('map'), *owner.findall('register_page')]:
                said.setdefault(use.get('mr'), set()).add((kind, owner.get('name')))
    return said


def placed(report):
    """Each mapping: first address, the one behind its last, region and owner."""
    bases = {r['name']: (r['base'], r['kind']) for r in report['regions']}
    for kind in ('protection_domain', 'virtual_machine'):
        for owner in report[kind + 's']:
            for use in owner['maps']:
                base, what = bases[use['region']]
                yield base, base + use['bytes'], use['region'], what, (kind, owner['name'])


@pytest.mark.parametrize('description', SYSTEMS, ids=lambda path: path.stem)
def test_pages_are_shared_only_as_described(tool, description, tmp_path):
    folders = [*search_paths(description, 'release'), stand_ins(description, tmp_path)]
    paths = [word for path in folders if path.is_dir()
             for word in ('--search-path', path)]
    done = tool('report', '--json', description, '--board', BOARD, '--config', 'release', *paths)
    assert done.returncode == 0, done.stdout
    report = json.loads(done.stdout[done.stdout.index('{'):])
    said = owners_said(plain(description, tmp_path))
    maps = sorted(placed(report))
    kernel = report['kernel']
    kernel_end = kernel['base'] + kernel['image_bytes'] + kernel['heap_bytes']
    in_place = {r['name'] for r in report['regions'] if r['in_place']}
    assert len({m[4] for m in maps}) == len(report['protection_domains'] +
                                            report['virtual_machines'])
    for start, end, region, kind, owner in maps:
        # Nobody maps the kernel: what lies in its image is read-only or restored segments.
        assert region in in_place or end <= kernel['base'] - 4096 or start >= kernel_end
        if kind == 'memory':
            assert owner in said[region]
    for i, (start, end, region, kind, owner) in enumerate(maps):
        for start_2, _, region_2, kind_2, owner_2 in maps[i + 1:]:
            if start_2 >= end:
                break
            if owner != owner_2:
                assert kind == kind_2 == 'memory' and region == region_2, (
                    f'{region} of {owner} overlaps {region_2} of {owner_2}')
