# SPDX-License-Identifier: BSD-2-Clause
"""Three Debian guests on one switch: the system vswitch."""
import re

import pytest

from conftest import BUILD, IMAGES, build_image, system_file
from guest_shell import plain, prompt

NAMES = ['left', 'right', 'alone']


TRUNK = '''<system name="trunk">
  <image name="debian" kernel="Image" initrd="initrd.cpio.gz"/>
  <console/>
  <network name="lan"/>
  <network name="middle"/>
  <network name="lab"/>
  <trunk name="upper" from="lan" to="middle"/>
  <trunk name="lower" from="middle" to="lab"/>
  <guest name="left" image="debian" ram="192M"
         bootargs="earlycon console=hvc0 quiet hostname=left"><console/><net on="lan"/></guest>
  <guest name="right" image="debian" ram="192M"
         bootargs="earlycon console=hvc0 quiet hostname=right"><console/><net on="lab"/></guest>
</system>
'''


def log_in(board, names):
    """Logs in to all guests and gives them the addresses 10.0.0.1 and on."""
    # Nobody speaks after that without being asked.
    for _ in names:
        board.expect(rf'({"|".join(names)}) login: ')
    for number, name in enumerate(names, 1):
        board.send(f'@{number}root\r')
        prompt(board, name)
        command(board, name, f'ifconfig eth0 10.0.0.{number} up')


@pytest.fixture
def lan(boot, debian):
    """Boots the system, logs in to all guests and gives them addresses 10.0.0.1 to 10.0.0.3."""
    def start(gic=3, config='debug', **options):
        image = build_image(system_file('vswitch'), config, output=IMAGES / 'vswitch-test',
                            search=[debian])
        board = boot(image, gic=gic, smp=3, timeout=300, **options)
        log_in(board, NAMES)
        return board
    return start


def command(board, name, text):
    """Runs a command in the guest that has the input; returns what it printed."""
    board.send(f'{text}; echo =$?=\r')
    found = board.expect(r'(?s)(.*)=(\d+)=\s')
    assert found[2] == '0', f'{text}: {found[0]}'
    prompt(board, name)
    return plain(found[1])


def to(board, name):
    """Input goes to this guest."""
    board.send(f'@{NAMES.index(name) + 1}\r')
    prompt(board, name)


def ping(board, name, number, options='-c 3 -W 2'):
    """Lost and sent packets of a ping to the guest with that number."""
    text = command(board, name, f'ping {options} 10.0.0.{number}; true')
    found = re.search(r'(\d+) packets transmitted, (\d+) packets received', text)
    return int(found[1]) - int(found[2]), int(found[1])


def test_ping(lan, gic):
    """Two guests reach each other; the rules of the description keep the third from both."""
    board = lan(gic)
    assert ping(board, 'alone', 1) == (3, 3)
    to(board, 'left')
    assert ping(board, 'left', 2) == (0, 3)
    assert ping(board, 'left', 3) == (3, 3)
    assert ping(board, 'left', 2, '-c 5 -s 1400 -W 2') == (0, 5)
    to(board, 'right')
    assert ping(board, 'right', 1) == (0, 3)
    # What the switch dropped of what the third one sent is counted.
    board.send('@s')
    found = board.expect(r'alone: port of the switch: frames sent (\d+), [^\r]*frames '
                         r'received (\d+), [^\r]*wanted by nobody (\d+), that')
    assert int(found[1]) == int(found[3]) > 0
    assert int(found[2]) == 0


def test_trunk(boot, debian):
    """Guests on different switches, with a third between them."""
    folder = BUILD / 'generated/trunk'
    folder.mkdir(parents=True, exist_ok=True)
    (folder / 'trunk.system').write_text(TRUNK, encoding='utf-8')
    image = build_image(folder / 'trunk.system', 'debug', output=IMAGES / 'trunk-test',
                        search=[debian])
    board = boot(image, gic=3, smp=2, timeout=300)
    log_in(board, NAMES[:2])
    assert ping(board, 'right', 1) == (0, 3)
    assert ping(board, 'right', 1, '-c 5 -s 1400 -W 2') == (0, 5)


@pytest.mark.parametrize('megabytes', [4, pytest.param(64, marks=pytest.mark.long)])
def test_stream(lan, megabytes):
    """A stream of TCP arrives as it was sent, and no frame of it is lost."""
    board = lan(config='release')
    to(board, 'right')
    command(board, 'right', '(nc -l -p 5000 | sha256sum >/tmp/sum) & true')
    to(board, 'left')
    command(board, 'left', f'dd if=/dev/urandom of=/tmp/sent bs=1048576 count={megabytes}')
    sent = command(board, 'left', 'sha256sum </tmp/sent').split()[-2]
    command(board, 'left', 'nc 10.0.0.2 5000 </tmp/sent')
    to(board, 'right')
    assert command(board, 'right', 'wait; cat /tmp/sum').split()[-2] == sent
    counts = command(board, 'right', '(cd /sys/class/net/eth0/statistics; '
                     'cat rx_bytes rx_dropped rx_errors)')
    received, dropped, errors = (int(word) for word in counts.split()[-3:])
    assert received > megabytes << 20
    assert (dropped, errors) == (0, 0)
