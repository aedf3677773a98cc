# SPDX-License-Identifier: BSD-2-Clause
"""Two Debian guests on one terminal: the system shared-console."""
import re

import pytest

from conftest import IMAGES, build_image, system_file
from guest_shell import command, log_in, plain, prompt

COLOURS = {'32': 'left', '31': 'right'}


@pytest.fixture
def shared(boot, debian):
    """Boots the system, and logs in to both guests; input goes to the right one then."""
    def start(gic=3, description=system_file('shared-console'), **options):
        image = build_image(description, output=IMAGES / 'shared-console-test', search=[debian])
        board = boot(image, gic=gic, smp=2, timeout=120, **options)
        for number, name in enumerate(['left', 'right'], 1):
            if number > 1:
                board.send(f'@{number}\r')
            log_in(board, name)
        return board
    return start


def by_client(text):
    """What each client sent, by the colours that it came in."""
    sent = {'left': '', 'right': ''}
    who = None
    for piece in re.split(r'(\x1b\[[0-9;]*m)', text):
        colour = re.fullmatch(r'\x1b\[([0-9;]*)m', piece)
        if colour:
            who = COLOURS.get(colour[1])
        elif who:
            sent[who] += piece
    return sent


def test_devices(shared, gic):
    """What the guest sees: its console on virtio-mmio, whose interrupt is an edge."""
    board = shared(gic)
    assert command(board, 'right', 'cat /sys/bus/virtio/devices/virtio0/driver/module/initstate'
                   ) == 'live'
    assert re.search(r'\s209 Edge\s+virtio0', command(board, 'right', 'cat /proc/interrupts'))
    assert command(board, 'right', 'cat /sys/class/misc/hw_random/rng_current') == 'virtio_rng.0'
    first, second = (command(board, 'right', 'head -c 32 /dev/hwrng | od -An -tx8')
                     for _ in range(2))
    assert first != second and len(first.split()) == 4, first + second
    board.send('@1\r')
    prompt(board, 'left')
    assert command(board, 'left', 'hostname') == 'left'


def test_one_stream(shared, tmp_path):
    """The monitor's sentences, the early console and the virtIO console have one colour. When both
    guests are off, so is the board."""
    text = system_file('shared-console').read_text(encoding='utf-8')
    path = tmp_path / 'early.system'
    path.write_text(text.replace('loglevel=3', 'quiet'), encoding='utf-8')
    board = shared(description=path)
    board.send('poweroff\r')
    board.expect('right: powered off')
    board.send('@1')
    board.expect('serial: input to 1 left')
    board.send('\r')
    prompt(board, 'left')
    board.send('poweroff\r')
    assert board.wait_end() == 0
    text = board.log.read_text(encoding='utf-8', errors='replace')
    first = 'serial: input to 1 left; @2 switches to right, @1 back; @? for help'
    assert plain(text).split('\n')[1] == first
    for name, sent in by_client(text).items():
        sent = plain(sent)
        parts = [f'{name}: started\n', 'unable to open an initial console', f'{name} login: ',
                 f'root@{name}:~# ', f'{name}: powered off\n']
        places = [sent.find(part) for part in parts]
        assert -1 not in places and places == sorted(places), (name, places)


def test_reboot(shared):
    """A guest's console comes back after its reboot; the other guest notices nothing."""
    board = shared()
    command(board, 'right', 'echo kept >/tmp/kept')
    board.send('@1\rreboot\r')
    board.expect('left: reset')
    board.expect('left: started')
    log_in(board, 'left')
    assert command(board, 'left', 'echo $((6 * 7))') == '42'
    board.send('@2\r')
    prompt(board, 'right')
    assert command(board, 'right', 'cat /tmp/kept') == 'kept'


def test_rebind(shared):
    """The driver of the console is taken from its device and put back, ten times."""
    board = shared()
    # The shell on hvc0 ends with its terminal, so that somebody else has to do it.
    board.send('cd /sys/bus/virtio/drivers/virtio_console; setsid sh -c "for i in 0 1 2 3 4 5 6 7 '
               '8 9; do echo virtio0 >unbind; echo virtio0 >bind; done; sleep 3; '
               'echo rebound >/dev/kmsg; echo he""re >/dev/hvc0" </dev/null >/dev/null 2>&1 &\r')
    board.expect(r'\shere\s')
    board.send('\r')
    log_in(board, 'right')
    assert command(board, 'right', 'dmesg | grep -c rebound') == '1'


@pytest.mark.parametrize('gic, lines', [
    (3, 3000), pytest.param(2, 48000, marks=pytest.mark.long),
    pytest.param(3, 48000, marks=pytest.mark.long)],
    ids=['short', 'gicv2-mebibyte', 'gicv3-mebibyte'])
def test_flood(shared, gic, lines):
    """Both guests print at once: what came of each, without the colours, is what it printed, byte
    for byte, and no line has bytes of both. The long ones are 1 MiB and more."""
    board = shared(gic, icount=True)
    board.send(f'@mseq -w 1 {lines} | sed "s/^/$(hostname) /"; echo all of it\r')
    # A search through all that has come, each time that something comes, would take for ever.
    board.console.searchwindowsize = 4096
    for _ in range(2):
        board.expect(r'\n(?:\x1b\[\d+m)*all of it', timeout=1500)
    with open(board.log, encoding='utf-8', newline='') as log:
        text = log.read().split('hostname)', 1)[1]
    width = len(str(lines))
    for name, sent in by_client(text).items():
        wanted = ''.join(f'{name} {n:0{width}}\n' for n in range(1, lines + 1))
        sent = sent.replace('\r', '')
        assert wanted in sent, f'{name}: {len(sent)} bytes, {len(wanted)} wanted'
    mixed = [line for line in plain(text).split('\n')
             if re.search(r'\d', line) and not re.fullmatch(rf'(left|right) \d{{{width}}}', line)
             and 'hostname)' not in line]
    assert not mixed, mixed[:10]
