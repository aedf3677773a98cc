# SPDX-License-Identifier: BSD-2-Clause
"""The driver of an uplink dies again and again, under load, and is restarted by its parent."""
import hashlib
import random
import re

import pytest

from conftest import BOARD, IMAGES, MAIN, TOP, build_image, networked
from test_two_guests import ADDRESSES, PATIENCE, ROUTER, log_in_to_both, to, web_server
from test_vswitch import command

SYSTEM = TOP / 'tests/boot/systems/net-restart/net-restart.system'


@pytest.fixture
def mortal(boot, debian, tool, tmp_path):
    """Boots the system with the driver that dies, and logs in to both guests."""
    def start(gic, restarts=60):
        done = tool('expand', SYSTEM, '--board', BOARD, '--search-path', debian)
        text = done.stdout.replace('path="virtio_nic.elf" sdk="true"', 'path="mortal.elf"')
        assert text != done.stdout
        text = text.replace('<line text="60"/>', f'<line text="{restarts}"/>')
        path = tmp_path / 'net-restart.system'
        path.write_text(text, encoding='utf-8')
        image = build_image(path, output=IMAGES / 'net-restart', search=[
            debian, MAIN / 'systems/net-restart/debug'])
        board = boot(image, gic=gic, smp=2, timeout=PATIENCE, extra=networked())
        log_in_to_both(board)
        return board
    return start


def restarts(board):
    """How often the driver was restarted so far."""
    board.drain()
    return len(re.findall(r'RESTART pd=lan.uplink\s', board.log.read_text(encoding='utf-8',
                                                                        errors='replace')))


def test_traffic_resumes(mortal, gic):
    """A TCP stream from outside goes on and arrives unchanged; between the guests nothing is lost
    meanwhile."""
    data = random.Random(2).randbytes(3 << 20)
    board = mortal(gic)
    command(board, 'right', f'(ping -i 0.1 {ADDRESSES["left"]} > /tmp/pings 2>&1 &)')
    to(board, 'left')
    before = restarts(board)
    with web_server(data) as server:
        command(board, 'left', f'wget -q -O /tmp/file http://{ROUTER}:{server}/')
    assert hashlib.sha256(data).hexdigest() in command(board, 'left', 'sha256sum /tmp/file')
    assert restarts(board) >= before + 2
    to(board, 'right')
    seen = command(board, 'right', 'killall -INT ping; until grep received /tmp/pings; '
                   'do sleep 0.1; done')
    assert re.search(r'\d+ packets received', seen)
    # Those behind the last that came were on their way when the sender ended.
    seen = command(board, 'right', "awk -F '[= ]' '/seq=/ { gaps += $6 != want; want = $6 + 1 } "
                   """END { print "answers", want + 0, "gaps", gaps + 0 }' /tmp/pings""")
    answers, gaps = re.search(r'answers (\d+) gaps (\d+)', seen).groups()
    assert int(answers) > 10 and int(gaps) == 0


def test_enough(mortal):
    """After as many restarts as the description allows the driver stays away, and the guests go on
    talking to each other."""
    board = mortal(3, restarts=1)
    command(board, 'right', f'(ping -i 0.001 -s 1000 {ROUTER} > /dev/null 2>&1 &)')
    board.expect(r'lan.uplink.supervisor: that is enough after 1 restart; the driver takes leave')
    to(board, 'left')
    assert ' 100% packet loss' in command(board, 'left', f'ping -c 2 -W 1 {ROUTER}; true')
    assert ' 0% packet loss' in command(board, 'left', f'ping -c 5 {ADDRESSES["right"]}')
