# SPDX-License-Identifier: BSD-2-Clause
"""Named ports of guests, the terminal's size, and what virtIO devices count (`@s`)."""
import re

import pytest

from conftest import IMAGES, MAIN, TOP, build_image
from guest_shell import command, log_in, prompt

SYSTEM = TOP / 'tests/boot/systems/guest-ports/guest-ports.system'
# Register pages of the guest, by the order of its devices.
PORTS = 0xb011000
RNG = 0xb012000
# Registers of virtio-mmio, and a field of the console's configuration space behind them.
QUEUE_SELECT = 0x30
QUEUE_SIZE = 0x38
STATUS = 0x70
EMERGENCY_WRITE = 0x108


@pytest.fixture
def ports(boot, debian):
    """Boots the system, and logs in to the left guest; the right one has said all that it says."""
    def start(gic):
        image = build_image(SYSTEM, output=IMAGES / f'guest-ports-{gic}',
                            search=[debian, MAIN / 'systems/guest-ports/debug'])
        board = boot(image, gic=gic, smp=2, timeout=120)
        board.expect_all(['left login: ', 'right login: '])
        board.send('\r')
        log_in(board, 'left')
        return board
    return start


def statistics(board, name):
    """What the devices of a guest have counted: {device: {counter: number}}."""
    board.send('@s')
    found = {}
    for device in ['console', 'ports', 'entropy device']:
        text = board.expect(rf'{name}: virtIO {device}: ([^\r\n]*)\r*\n')[1]
        found[device] = {what: int(number) for what, number
                         in re.findall(r'([a-z ]+?) (\d+)(?:, |$)', text)}
    board.send('\r')
    prompt(board, name)
    return found


def test_ports(ports, gic):
    """The console is as it was, knows its size, and named ports carry bytes both ways: to a
    protection domain, and to the other guest."""
    board = ports(gic)
    assert command(board, 'left', 'stty size') == '40 100'
    assert command(board, 'left', 'ls /dev/virtio-ports').split() == ['link', 'upper']
    # The features are SIZE (0), MULTIPORT (1) and EMERG_WRITE (2), of which Linux takes two.
    assert [text[:3] for text in command(
        board, 'left', 'cat /sys/bus/virtio/drivers/virtio_console/virtio*/features').split()
    ] == ['100', '010']
    command(board, 'left', 'exec 3<>/dev/virtio-ports/upper 4<>/dev/virtio-ports/link')
    assert command(board, 'left', 'echo hello, port >&3; read line <&3; echo $line') \
        == 'HELLO, PORT'
    # More than the queues hold: the guest waits for the other end, which waits for the guest.
    lines = 'seq 1 6000 | sed s/^/line/ >/tmp/lines; bytes=$(wc -c </tmp/lines)'
    answer, wanted = command(
        board, 'left', f'{lines}; cat /tmp/lines >&3 & head -c $bytes <&3 | md5sum; '
        'tr a-z A-Z </tmp/lines | md5sum').replace(' -', '').split()[-2:]
    assert answer == wanted
    board.send('@2')
    board.send('\r')
    log_in(board, 'right')
    command(board, 'right', f'exec 4<>/dev/virtio-ports/link; {lines}')
    board.send('@mcat /tmp/lines >&4 & [ "$(head -c $bytes <&4 | md5sum)" = '
               '"$(md5sum </tmp/lines)" ] && echo same for $(hostname)\r')
    board.expect_all(['same for left', 'same for right'])


def test_statistics(ports):
    """Each device's counters are what the guest did, errors by kind among them; and a character of
    an emergency appears whatever the driver does."""
    board = ports(3)
    command(board, 'left', 'exec 3<>/dev/virtio-ports/upper')
    before = statistics(board, 'left')
    interrupts = 'grep virtio1 /proc/interrupts | tr -s " " | cut -d " " -f 3'
    taken = int(command(board, 'left', interrupts))
    command(board, 'left', 'for i in $(seq 50); do echo 12345678901234567890123456789 >&3; '
            'read line <&3; done')
    taken = int(command(board, 'left', interrupts)) - taken
    command(board, 'left', 'dd if=/dev/hwrng of=/dev/null bs=64 count=3 2>&1')
    after = statistics(board, 'left')

    def more(device, counter):
        return after[device].get(counter, 0) - before[device].get(counter, 0)

    assert more('ports', 'bytes out') == more('ports', 'bytes in') == 50 * 30, (before, after)
    # A request for each line there, and at least one for each back.
    assert 100 <= more('ports', 'requests') <= 50 + 50 * 30, (before, after)
    assert 50 <= more('ports', 'kicks') <= 2 * more('ports', 'requests'), (before, after)
    # The guest may see two as one.
    assert 50 <= taken <= more('ports', 'interrupts'), (taken, before, after)
    assert more('entropy device', 'bytes in') >= 3 * 64
    assert more('console', 'bytes out') > 0 and more('console', 'bytes in') > 0
    assert more('console', 'configuration interrupts') == 0
    assert before['console']['configuration interrupts'] == 1
    assert before['console']['resets'] == before['ports']['resets'] == 1, before

    # The devices without their drivers, which would not let go of the registers.
    command(board, 'left', 'exec 3>&-; cd /sys/bus/platform/drivers/virtio-mmio; '
            f'echo {PORTS:x}.virtio_mmio >unbind; echo {RNG:x}.virtio_mmio >unbind; cd')
    # A store of 8 bits to the status, and the size of a queue that is not there.
    command(board, 'left', f'devmem {RNG + STATUS:#x} 8 1; devmem {RNG + QUEUE_SELECT:#x} 32 9; '
            f'devmem {RNG + QUEUE_SIZE:#x} 32 4')
    text = command(board, 'left', ''.join(f'devmem {PORTS + EMERGENCY_WRITE:#x} 32 {ord(c)}; '
                                          for c in 'help') + 'echo')
    assert 'help' in text.replace('\n', ''), text
    last = statistics(board, 'left')
    assert last['entropy device'].get('register') == 1, last
    assert last['entropy device'].get('queue') == 1, last
    assert last['entropy device']['resets'] == after['entropy device']['resets'] + 1, last
