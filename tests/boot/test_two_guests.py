# SPDX-License-Identifier: BSD-2-Clause
"""The system two-guests: console, disk and network of two Debian guests, and what is outside."""
import contextlib
import hashlib
import http.server
import random
import socket
import threading
import urllib.request

import pytest

from conftest import BOARD, IMAGES, attached, build_image, make_disk, networked, system_file
from guest_shell import log_in, prompt
from test_vswitch import command

ROUTER = '10.0.2.2'
NAMES = ['left', 'right']
ADDRESSES = {'left': '10.0.2.15', 'right': '10.0.2.16'}
# No guest is slower than this, on a busy machine; nothing waits for it without need.
PATIENCE = 120


@contextlib.contextmanager
def web_server(data):
    """Serves `data` on a port of this host's loopback, which guests reach through the router."""
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header('Content-Length', str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


def free_ports(count):
    """TCP ports of this host that nobody has."""
    probes = [socket.socket() for _ in range(count)]
    for probe in probes:
        probe.bind(('127.0.0.1', 0))
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports


def echo(port, data):
    """Sends data to a guest's echo service through a forwarded port; returns what comes back."""
    with socket.create_connection(('127.0.0.1', port), timeout=PATIENCE) as stream:
        stream.sendall(data)
        stream.shutdown(socket.SHUT_WR)
        return b''.join(iter(lambda: stream.recv(65536), b''))


def to(board, name):
    """Input goes to this guest, which waits for a command."""
    board.send(f'@{NAMES.index(name) + 1}\r')
    prompt(board, name)


def wait_for_address(board, name):
    command(board, name, 'until ip addr show dev eth0 | grep -q "inet 10"; do sleep 0.1; done')


def log_in_to_both(board):
    """Logs in to both guests, which have their addresses then; the last one has the input."""
    for number, name in enumerate(NAMES, 1):
        board.send(f'@{number}\r')
        log_in(board, name)
        wait_for_address(board, name)


@pytest.fixture
def two(boot, debian):
    """Boots the system with a disk and the user network, and logs in to both guests."""
    def start(gic, *forwards, config='debug'):
        image = build_image(system_file('two-guests'), config, output=IMAGES / 'two-guests-test',
                            search=[debian])
        disk = make_disk(f'two-guests-gicv{gic}.img', 'fat:1020K', 'fat:1020K')
        board = boot(image, gic=gic, smp=2, timeout=PATIENCE,
                     extra=[*attached(disk), *networked(*forwards)])
        log_in_to_both(board)
        return board
    return start


def test_outside(two, gic):
    """Guests have addresses by DHCP, fetch a file from outside over HTTP and keep it on their disk,
    reach each other, and answer a connection from outside."""
    data = random.Random(1).randbytes(300000)
    ports = free_ports(2)
    board = two(gic, (ports[0], ADDRESSES['right'], 7), (ports[1], ADDRESSES['right'], 80))
    for name in NAMES:
        to(board, name)
        assert ADDRESSES[name] in command(board, name, 'ip addr show dev eth0')
        assert f'default via {ROUTER}' in command(board, name, 'ip route')
        with web_server(data) as server:
            command(board, name, 'mount /dev/vda /mnt')
            command(board, name, f'wget -q -O /mnt/file http://{ROUTER}:{server}/; umount /mnt')
        seen = command(board, name, 'mount /dev/vda /mnt; sha256sum /mnt/file')
        assert hashlib.sha256(data).hexdigest() in seen
    assert ' 0% packet loss' in command(board, 'right', f'ping -c 3 {ADDRESSES["left"]}')
    command(board, 'right', '(nc -ll -p 7 -e cat &) 2>/dev/null; '
            'until netstat -ltn | grep -q ":7 "; do sleep 0.1; done')
    assert echo(ports[0], data) == data
    command(board, 'right', 'echo hello from right > /tmp/index.html; httpd -p 80 -h /tmp')
    with urllib.request.urlopen(f'http://127.0.0.1:{ports[1]}/', timeout=PATIENCE) as page:
        assert page.read() == b'hello from right\n'


@pytest.mark.parametrize('arguments, expected', [
    ([], '-netdev user,id=net0 -device virtio-net-device,bus=virtio-mmio-bus.16,netdev=net0 '),
    (['--forward', 'tcp:8080:10.0.2.16:80'], 'hostfwd=tcp:127.0.0.1:8080-10.0.2.16:80 -device'),
    (['--net', 'tap:tap7'], '-netdev tap,id=net0,ifname=tap7,script=no,downscript=no -device'),
    (['--net', 'none'], None),
])
def test_run_joins_the_network(tool, debian, arguments, expected):
    """`bulkhead run` sees in the image that it has the driver of a network device."""
    image = build_image(system_file('two-guests'), output=IMAGES / 'two-guests-run',
                        search=[debian])
    done = tool('run', image, '--board', BOARD, '-v', *arguments, '--', '-device', 'no-such-device')
    assert 'no-such-device' in done.stdout and done.returncode == 1
    assert expected in done.stdout if expected else '-netdev' not in done.stdout


def test_link(two):
    """While QEMU's end of the link is down nothing goes out; between the guests all goes on."""
    board = two(3)
    address = ADDRESSES['left']
    assert ' 0% packet loss' in command(board, 'right', f'ping -c 2 {ROUTER}')
    for state, loss in [('off', '100%'), ('on', '0%')]:
        board.send('\x01c')
        board.expect(r'\(qemu\) ')
        board.send(f'set_link net16 {state}\r')
        board.expect(r'\n\(qemu\) ')
        board.send('\x01c\r')
        prompt(board, 'right')
        assert f' {loss} packet loss' in command(board, 'right', f'ping -c 2 -W 1 {ROUTER}; true')
        assert ' 0% packet loss' in command(board, 'right', f'ping -c 2 {address}')
