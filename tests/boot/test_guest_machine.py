# SPDX-License-Identifier: BSD-2-Clause
"""The machine that a guest sees: eight vCPUs with a budget, and CPUs that suit Linux."""
import re

import pytest

from conftest import IMAGES, MAIN, build_image

EIGHT = """<system name="eight">
  <image name="test" kernel="guest-test.img"/>
  <guest name="eight" image="test" ram="8M" vcpus="8" cpus="0,1,2,3,4,5,6,7"
         bootargs="test=cpu,smp measured=300 sleeps=20" {how}>
    <passthrough path="/pl011@9000000"/>
  </guest>
</system>
"""

FEATURES = """<system name="features">
  <image name="test" kernel="guest-test.img"/>
  <guest name="features" image="test" ram="8M" bootargs="test=features">
    <passthrough path="/pl011@9000000"/>
  </guest>
</system>
"""

LINUX = """<system name="machine">
  <image name="debian" kernel="Image" initrd="initrd-tiny.cpio.gz"/>
  <guest name="linux" image="debian" ram="256M" vcpus="2" cpus="0,1">
    <passthrough path="/pl011@9000000"/>
  </guest>
</system>
"""


@pytest.mark.parametrize('how,least,most', [
    ('', 990, 1000),
    # On eight CPUs up to 2 permille more than the budget were counted.
    ('budget="500" period="1000"', 490, 505),
], ids=['all', 'budget'])
def test_eight_vcpus(boot, gic, tmp_path, how, least, most):
    """As many vCPUs as a VM may have, each with its budget: all come up and reach each other."""
    description = tmp_path / 'eight.system'
    description.write_text(EIGHT.format(how=how), encoding='utf-8')
    image = build_image(description, 'release', IMAGES / 'eight', search=[MAIN / 'tests/guest'])
    board = boot(image, gic=gic, smp=8, icount=True, timeout=120)
    board.expect(f'guest: EL1, 8 CPUs, GICv{gic}')
    share = int(board.expect(r'guest: (\d+) permille of the CPU')[1])
    assert least <= share <= most
    board.expect(r'done: \d+ passed, 0 failed')


def ask(board, command):
    """The lines that a command of the guest's shell prints."""
    board.send(f'{command}; echo "-- "end\r')
    board.expect(re.escape('"-- "end') + r'\r+\n')
    lines = []
    while True:
        line = board.expect(r'([^\r\n]*)\r+\n')[1]
        if line.startswith('-- end'):
            return lines
        lines.append(line)


@pytest.mark.parametrize('cpu', ['cortex-a53', 'max'])
def test_features_are_hidden(boot, gic, tmp_path, cpu):
    """What the kernel does not keep apart for guests is not shown to them and cannot be used, on a
    CPU that has nearly all there is as well."""
    description = tmp_path / 'features.system'
    description.write_text(FEATURES, encoding='utf-8')
    image = build_image(description, 'release', IMAGES / 'features', search=[MAIN / 'tests/guest'])
    board = boot(image, gic=gic, cpu=cpu)
    done = board.expect(r'done: (\d+) passed, (\d+) failed')
    assert int(done[1]) > 30 and done[2] == '0', board.tail(100)


@pytest.mark.parametrize('gic,cpu,part', [
    (2, 'cortex-a53', '0xd03'), (3, 'cortex-a53', '0xd03'), (2, 'cortex-a72', '0xd08'),
    (3, 'cortex-a72', '0xd08'), (3, 'max', '0x051')])
def test_linux_sees_sane_cpus(boot, gic, debian, tmp_path, cpu, part):
    """Debian's kernel finds the CPUs that are there, with what they can do, and complains of
    nothing."""
    description = tmp_path / 'machine.system'
    description.write_text(LINUX, encoding='utf-8')
    image = build_image(description, output=IMAGES / 'machine', search=[debian])
    board = boot(image, gic=gic, cpu=cpu, smp=2, timeout=180)
    board.expect('guest login: ')
    board.send('root\r')
    board.expect('root@guest:~# ')
    about = ask(board, 'cat /proc/cpuinfo')
    assert [line.split()[-1] for line in about if line.startswith('processor')] == ['0', '1']
    assert [line.split()[-1] for line in about if line.startswith('CPU part')] == [part] * 2
    features = [line.split(':')[1].split() for line in about if line.startswith('Features')]
    assert len(features) == 2 and features[0] == features[1]
    assert {'fp', 'asimd', 'aes', 'sha2', 'crc32', 'cpuid'} <= set(features[0])
    # What the kernel neither saves nor lets a guest use.
    assert not {'sve', 'paca', 'pacg', 'mte', 'sme'} & set(features[0])
    # A command that is longer than the terminal's line would be echoed in pieces.
    assert ask(board, "dmesg|grep -iE 'error|warn|fail|unhandled|bug'") == []
    assert any('Linux version' in line for line in ask(board, 'dmesg|head -n 5'))
    board.send('poweroff\r')
    board.expect('linux: powered off')
