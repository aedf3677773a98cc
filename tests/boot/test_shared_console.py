# SPDX-License-Identifier: BSD-2-Clause
"""Two Debian guests on one terminal: the system shared-console."""
import re

import pytest

from conftest import IMAGES, build_image, system_file

COLOURS = {'32': 'left', '31': 'right'}


@pytest.fixture
def shared(boot, debian):
    """Boots the system, and logs in to both guests; input goes to the right one then."""
    def start(gic=3, **options):
        image = build_image(system_file('shared-console'), output=IMAGES / 'shared-console-test',
                            search=[debian])
        board = boot(image, gic=gic, smp=2, timeout=120, **options)
        for number, name in enumerate(['left', 'right'], 1):
            if number > 1:
                board.send(f'@{number}\r')
            board.expect(f'{name} login: ')
            board.send('root\r')
            prompt(board, name)
        return board
    return start


def prompt(board, name):
    """The shell waits for a command. (It asks the terminal for the cursor's place behind it.)"""
    board.expect(rf'root@{name}:~# ')


def command(board, name, text):
    """Runs a command in the guest that has the input; returns what it printed."""
    board.send(text + '; echo end of $?\r')
    board.expect(r'end of \$\?')
    found = board.expect(r'(?s)(.*)end of (\d+)\s')
    assert found[2] == '0', f'{text}: {found[0]}'
    prompt(board, name)
    return plain(found[1])


def plain(text):
    """Without colours and carriage returns."""
    return re.sub(r'\x1b\[[0-9;]*[a-zA-Z]', '', text).replace('\r', '')


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
                   ).strip() == 'live'
    assert re.search(r'\s209 Edge\s+virtio0', command(board, 'right', 'cat /proc/interrupts'))
    assert command(board, 'right', 'cat /sys/class/misc/hw_random/rng_current').strip() \
        == 'virtio_rng.0'
    first, second = (command(board, 'right', 'head -c 32 /dev/hwrng | od -An -tx8')
                     for _ in range(2))
    assert first != second and len(first.split()) == 4, first + second
    board.send('@1\r')
    prompt(board, 'left')
    assert command(board, 'left', 'hostname').strip() == 'left'


def test_one_stream(shared):
    """The monitor's sentences, the early console and the virtIO console have one colour."""
    board = shared()
    sent = by_client(board.log.read_text(encoding='utf-8', errors='replace'))
    for name, text in sent.items():
        text = plain(text)
        parts = [f'{name}: started\n', 'unable to open an initial console', f'{name} login: ',
                 f'root@{name}:~# ']
        places = [text.find(part) for part in parts]
        assert -1 not in places and places == sorted(places), (name, places)


def test_reboot(shared):
    """A guest's console comes back after its reboot; the other guest notices nothing."""
    board = shared()
    command(board, 'right', 'echo kept >/tmp/kept')
    board.send('@1\rreboot\r')
    board.expect('left: reset')
    board.expect('left: started')
    board.expect('left login: ')
    board.send('root\r')
    prompt(board, 'left')
    assert command(board, 'left', 'echo $((6 * 7))').strip() == '42'
    board.send('@2\r')
    prompt(board, 'right')
    assert command(board, 'right', 'cat /tmp/kept').strip() == 'kept'


def test_rebind(shared):
    """The driver of the console is taken from its device and put back, ten times."""
    board = shared()
    # The shell on hvc0 ends with its terminal, so that somebody else has to do it.
    board.send('cd /sys/bus/virtio/drivers/virtio_console; setsid sh -c "for i in 0 1 2 3 4 5 6 7 '
               '8 9; do echo virtio0 >unbind; echo virtio0 >bind; done; sleep 3; '
               'echo rebound >/dev/kmsg; echo he""re >/dev/hvc0" </dev/null >/dev/null 2>&1 &\r')
    board.expect(r'\shere\s')
    board.send('\r')
    board.expect('right login: ')
    board.send('root\r')
    prompt(board, 'right')
    assert command(board, 'right', 'dmesg | grep -c rebound').strip() == '1'


@pytest.mark.parametrize('gic, lines', [
    (3, 3000), pytest.param(2, 48000, marks=pytest.mark.long),
    pytest.param(3, 48000, marks=pytest.mark.long)],
    ids=['short', 'gicv2-mebibyte', 'gicv3-mebibyte'])
def test_flood(shared, gic, lines):
    """Both guests print at once: what came of each, without the colours, is what it printed, byte
    for byte, and no line has bytes of both. The long ones are 1 MiB and more."""
    board = shared(gic, icount=True)
    board.send(f'@mseq -w 1 {lines} | sed "s/^/$(hostname) /"; echo all of it\r')
    text = ''
    for _ in range(2):
        text += board.expect(r'(?s).*?\nall of it', timeout=1500)[0]
    width = len(str(lines))
    for name, sent in by_client(text).items():
        wanted = ''.join(f'{name} {n:0{width}}\n' for n in range(1, lines + 1))
        sent = sent.replace('\r', '')
        assert wanted in sent, f'{name}: {len(sent)} bytes, {len(wanted)} wanted'
    mixed = [line for line in plain(text).split('\n')
             if re.search(r'\d', line) and not re.fullmatch(rf'(left|right) \d{{{width}}}', line)
             and 'hostname)' not in line]
    assert not mixed, mixed[:10]
