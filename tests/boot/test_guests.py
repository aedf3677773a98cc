# SPDX-License-Identifier: BSD-2-Clause
"""Guests under Bulkhead: the bare-metal test guest, and Debian's unmodified kernel."""

import re

import pytest

from conftest import IMAGES, MAIN, TOP, build_image, system_file

CONF = """name {name}
bootargs {bootargs}
gic 2 0x08000000 0x08010000
gic 3 0x08000000 0x080a0000
pl011 0x09000000 33 0
"""
TEST_GUEST = TOP / 'tests/boot/systems/guest-test/guest-test.system'


def test_bare_metal(boot, gic, tmp_path):
    """PSCI, SGIs with priorities, traps, and a second CPU that goes on and off."""
    (tmp_path / 'guest.conf').write_text(
        CONF.format(name='bare', bootargs='quiet test=psci,gic,trap,smp'), encoding='utf-8')
    image = build_image(TEST_GUEST, output=IMAGES / f'guest-test-{gic}',
                        search=[tmp_path, MAIN / 'tests/guest'])
    board = boot(image, gic=gic, smp=2, icount=True)
    board.expect(f'guest: EL1, 2 CPUs, GICv{gic}, PSCI by HVC')
    done = board.expect(r'done: (\d+) passed, (\d+) failed')
    assert int(done[1]) > 30 and done[2] == '0', board.tail(80)
    board.expect('bare: powered off')


# With four vCPUs a boot hangs now and then, for a reason not yet found: among the long tests, and
# an open line of docs/requirements.md, until it is.
@pytest.mark.parametrize('system, cpus', [
    ('one-guest', 1), pytest.param('smp-guest', 4, marks=pytest.mark.long)])
def test_debian(boot, gic, debian, system, cpus):
    """Debian's kernel reaches a shell; a reboot starts it afresh, and it powers off."""
    image = build_image(system_file(system), output=IMAGES / f'{system}-test', search=[debian])
    board = boot(image, gic=gic, smp=cpus, timeout=120)
    board.expect('linux: started')
    board.expect('guest login: ')
    board.send('root\r')
    board.expect('root@guest:~# ')
    board.send('nproc; grep -c arch_timer /proc/interrupts\r')
    board.expect(rf'\n{cpus}\s+1\s')
    if system == 'one-guest':
        board.send('reboot\r')
        board.expect('linux: reset')
        board.expect('guest login: ')
        board.send('root\r')
        board.expect('root@guest:~# ')
    board.send('poweroff\r')
    board.expect('linux: powered off')


def test_wrong_kernel(boot, tmp_path):
    """A kernel that is none is refused with a sentence."""
    (tmp_path / 'guest.conf').write_text(CONF.format(name='bare', bootargs='x'), encoding='utf-8')
    (tmp_path / 'guest-test.img').write_bytes(b'no kernel' * 1000)
    image = build_image(TEST_GUEST, output=IMAGES / 'guest-test-wrong', search=[tmp_path])
    board = boot(image, gic=3, smp=2)
    said = board.expect(r'bare: (.*)\n')[1]
    assert re.match('the kernel is not an arm64 Image', said)
