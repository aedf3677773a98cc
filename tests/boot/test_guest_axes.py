# SPDX-License-Identifier: BSD-2-Clause
"""Debian's kernels reach a shell on every kind of machine: release, interrupt controller, number
of vCPUs and CPU. `make test` boots cases in which every pair of values comes together, `make
test-long` all of them."""
import itertools
import json
import subprocess

import pytest

from conftest import IMAGES, TOP, build_image

AXES = {
    'release': ('bookworm', 'trixie'),
    'gic': (2, 3),
    'vcpus': (1, 2, 4),
    'cpu': ('cortex-a53', 'cortex-a72'),
}
CASES = list(itertools.product(*AXES.values()))

SYSTEM = """<system name="axes">
  <image name="debian" kernel="Image" initrd="initrd-tiny.cpio.gz"/>
  <guest name="linux" image="debian" ram="256M" vcpus="{vcpus}">
    <passthrough path="/pl011@9000000"/>
  </guest>
</system>
"""


def pairs_of(case):
    """Every two values of a case, each with the number of its axis."""
    return set(itertools.combinations(enumerate(case), 2))


def all_pairs(cases):
    """Some of the cases, so that each pair of values that a case has is in one of them: always the
    case that brings the most new pairs, the first of several."""
    missing = set().union(*map(pairs_of, cases))
    chosen = []
    while missing:
        best = max(cases, key=lambda case: len(pairs_of(case) & missing))
        chosen.append(best)
        missing -= pairs_of(best)
    return chosen


PAIRS = all_pairs(CASES)


def name_of(case):
    """What pytest calls a case."""
    return '-'.join(f'{axis}{value}' if isinstance(value, int) else value
                    for axis, value in zip(AXES, case))


def test_pairs_are_complete():
    """The chosen cases have every pair of values of every two axes."""
    for first, second in itertools.combinations(range(len(AXES)), 2):
        wanted = set(itertools.product(list(AXES.values())[first], list(AXES.values())[second]))
        assert {(case[first], case[second]) for case in PAIRS} == wanted
    assert len(set(PAIRS)) == len(PAIRS) <= 7


@pytest.mark.parametrize('release,gic,vcpus,cpu', [
    pytest.param(*case, id=name_of(case), marks=() if case in PAIRS else pytest.mark.long)
    for case in CASES])
def test_shell(boot, tmp_path, release, gic, vcpus, cpu):
    """A root shell that sees the kernel and the CPUs that it should; it powers off."""
    subprocess.run([TOP / 'guest/images.py', '--release', release], check=True,
                   stdin=subprocess.DEVNULL, timeout=600)
    files = TOP / 'build/guest' / release
    kernel = json.loads((files / 'manifest.json').read_text(encoding='utf-8'))['kernel']
    description = tmp_path / 'axes.system'
    description.write_text(SYSTEM.format(vcpus=vcpus), encoding='utf-8')
    image = build_image(description, search=[files],
                        output=IMAGES / f'axes-{release}-{vcpus}')
    board = boot(image, gic=gic, cpu=cpu, smp=vcpus, timeout=180)
    board.expect('guest login: ')
    board.send('root\r')
    board.expect('root@guest:~# ')
    board.send('echo kernel $(uname -r), $(nproc) CPUs\r')
    said = board.expect(r'\nkernel (\S+), (\d+) CPUs')
    assert (said[1], int(said[2])) == (kernel, vcpus)
    board.send('poweroff\r')
    board.expect('reboot: Power down')
    board.expect('linux: powered off')
