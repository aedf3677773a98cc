# SPDX-License-Identifier: BSD-2-Clause
"""`bulkhead run --watch` and `bulkhead watch`: what a running machine does, seen from outside."""
import os
import re
import subprocess

import pexpect
import pexpect.fdpexpect
import pytest

from conftest import BOARD, IMAGES, LOGS, TOOL, Board, build_image, make_disk, system_file
from guest_shell import log_in, prompt
from test_vswitch import command

PATIENCE = 120
NO_COUNTS = 'this kernel counts no CPU shares and exits: build the image with --config benchmark'
CPU = re.compile(r'^\S+ cpu (\d+) busy ([\d.]+)%$', re.M)
THREAD = re.compile(r'^\S+ (?:pd|vcpu) (\S+) cpu (\d+) busy ([\d.]+)%((?: \S+/s \d+)+)$', re.M)
DEVICE = re.compile(r'^\S+ device (\S+) requests/s (\d+) in/s (\d+) out/s (\d+) '
                    r'requests (\d+) in (\d+) out (\d+)$', re.M)


@pytest.fixture
def run():
    """Runs an image with `bulkhead run`; returns the board."""
    boards = []

    def start(image, name, *arguments):
        LOGS.mkdir(parents=True, exist_ok=True)
        board = Board([TOOL, 'run', image, '--board', BOARD, *arguments], LOGS / name, None,
                      PATIENCE)
        boards.append(board)
        return board

    yield start
    for board in boards:
        board.stop()


def watch(board, *arguments):
    """The finished process of `bulkhead watch` on a board."""
    return subprocess.run([TOOL, 'watch', str(board.console.pid), *arguments], text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=60, check=False)


class Look:
    """What one look found."""

    def __init__(self, text):
        self.cpus = {int(cpu): float(busy) for cpu, busy in CPU.findall(text)}
        self.shares = {}
        self.exits = {}
        self.of_cpu = {cpu: [] for cpu in self.cpus}
        for name, cpu, busy, rates in THREAD.findall(text):
            self.shares[name] = float(busy)
            self.exits[name] = {kind: int(rate)
                                for kind, rate in re.findall(r'(\S+)/s (\d+)', rates)}
            self.of_cpu[int(cpu)].append(float(busy))
        self.rates = {}
        self.totals = {}
        for name, *numbers in DEVICE.findall(text):
            self.rates[name] = [int(n) for n in numbers[:3]]
            self.totals[name] = [int(n) for n in numbers[3:]]


def looks(text):
    """All looks of the lines that were printed."""
    return [Look(part) for part in re.split(r'(?m)^(?=\S+ cpu 0 )', text)[1:]]


def look(board, *arguments):
    done = watch(board, '--count', '1', *arguments)
    assert done.returncode == 0, done.stdout
    return Look(done.stdout)


def statistics(board):
    """What `@s` says of the left guest, in the form of Look.totals."""
    board.send('@s')
    text = board.expect(r'(?s)serial: left +\d+ .*?left: virtIO disk: .*?left: port of the '
                        r'switch: .*?\n').group(0)

    def numbers(line, *names):
        found = re.search(rf'left: {line}: (.*)', text)[1]
        return [sum(int(n) for name in one for n in re.findall(rf'\b{name} (\d+)', found))
                for one in names]

    def device(line):
        return numbers(line, ['requests'], ['bytes in'], ['bytes out'])

    return {
        'left.vmm:disk': device('virtIO disk'),
        'left.vmm:net': device('virtIO network device'),
        'left.vmm:console': device('virtIO console'),
        'left.vmm:entropy': device('virtIO entropy device'),
        'disk0:left': numbers('its part of the disk', ['reads', 'writes', 'flushes', 'discards'],
                              ['bytes read'], ['bytes written']),
        'lan:left': numbers('port of the switch', ['frames sent', 'frames received'],
                            ['bytes received'], ['bytes sent']),
    }


@pytest.fixture
def two(run, debian):
    """The system two-guests in the benchmark configuration, watched, with a shell in each guest."""
    image = build_image(system_file('two-guests'), 'benchmark', search=[debian],
                        output=IMAGES / 'two-guests-watch')
    disk = make_disk('watch.img', 'fat:1020K', 'fat:1020K')
    lines = LOGS / 'watch-lines.txt'
    lines.unlink(missing_ok=True)
    board = run(image, 'test_watch-two.log', '--disk', disk, f'--watch={lines}')
    for number, name in enumerate(['left', 'right']):
        board.send(f'@{number + 1}\r')
        log_in(board, name)
    board.send('@1\r')
    prompt(board, 'left')
    board.lines = lines
    return board


def test_watch(two):
    """A guest that computes has its CPU, shares add up, exits and devices move and are those that
    `@s` tells, and whoever watches ends with the machine."""
    command(two, 'left', 'while :; do :; done & true')
    # Of a second in which it was switched away, the rest may come late.
    found = looks(watch(two, '--count', '5', '--interval', '500').stdout)
    assert len(found) == 5
    assert max(one.shares['left/0'] for one in found) > 80
    assert min(one.shares['right/0'] for one in found) < 50
    assert max(one.exits['left/0']['interrupt'] for one in found) > 0
    for one in found:
        assert {'left.vmm', 'right.vmm', 'disk0', 'lan', 'console'} < set(one.shares)
        for cpu, busy in one.cpus.items():
            assert busy <= 100
            assert abs(sum(one.of_cpu[cpu]) - busy) < 1
    command(two, 'left', 'kill %1; wait')

    watcher = subprocess.Popen([TOOL, 'watch', '--interval', '100', str(two.console.pid)],
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    before = look(two, '--interval', '10').totals
    command(two, 'left', 'dd if=/dev/vda of=/dev/null bs=64k iflag=direct')
    command(two, 'left', 'for i in 1 2 3 4 5 6 7 8; do dd if=/dev/zero of=/dev/vda bs=4k count=64 '
            'oflag=direct 2>/dev/null; ping -c 1 10.0.2.16 > /dev/null; done')
    two.send('true\r')
    prompt(two, 'left')
    floor = look(two, '--interval', '10').totals
    said = statistics(two)
    ceiling = look(two, '--interval', '10').totals
    for device, numbers in said.items():
        assert all(a <= b <= c for a, b, c in zip(floor[device], numbers, ceiling[device])), \
            (device, floor[device], numbers, ceiling[device])
    # Nothing was in flight, so what the disk did is known to the byte.
    assert said['disk0:left'] == ceiling['disk0:left']
    assert ceiling['disk0:left'][1] - before['disk0:left'][1] == 1020 << 10
    assert ceiling['disk0:left'][2] - before['disk0:left'][2] == 8 * 64 * 4096
    assert ceiling['lan:left'][0] - before['lan:left'][0] >= 16

    screen = pexpect.spawn(str(TOOL), ['watch'], encoding='utf-8', dimensions=(40, 120),
                           timeout=PATIENCE)
    screen.expect('two-guests-watch')
    screen.expect('left/0')
    screen.expect('disk0 ')
    screen.send('q')
    screen.expect(pexpect.EOF)
    screen.close()
    assert screen.exitstatus == 0

    two.send('\x01x')
    assert two.wait_end() == 0
    text = watcher.communicate(timeout=60)[0]
    assert watcher.returncode == 0
    found = looks(text)
    for which in range(3):
        assert any(one.rates['left.vmm:disk'][which] > 0 for one in found)
    assert any(one.exits['left/0']['memory'] > 0 for one in found)
    assert any(one.exits['left/0']['wait'] > 0 for one in found)
    # The lines of --watch itself.
    assert len(CPU.findall(two.lines.read_text(encoding='utf-8'))) > 10
    gone = watch(two)
    assert gone.returncode == 3 and 'no machine that can be watched' in gone.stdout


def test_other_configuration(run):
    """A kernel that counts nothing is told of, by both commands, with what to do."""
    image = build_image(system_file('hello'), 'debug', output=IMAGES / 'hello-watch')
    board = run(image, 'test_watch-hello.log', '--watch')
    board.expect(NO_COUNTS)
    board.expect(f'watch {board.console.pid}\r\n')
    board.expect('hello, world')
    done = watch(board, '--count', '1', '--interval', '10')
    assert done.returncode == 0 and NO_COUNTS in done.stdout
    board.send('\x01x')
    assert board.wait_end() == 0


def test_terminal(run):
    """--watch=PLACE on a terminal is a screen, which is taken off at the machine's end."""
    image = build_image(system_file('hello'), 'debug', output=IMAGES / 'hello-watch')
    ours, theirs = os.openpty()
    board = run(image, 'test_watch-terminal.log', f'--watch={os.ttyname(theirs)}')
    screen = pexpect.fdpexpect.fdspawn(ours, timeout=PATIENCE, encoding='utf-8')
    screen.expect_exact('\x1b[?1049h')
    screen.expect_exact('hello-watch')
    screen.expect('build the image with --config benchmark')
    board.expect('hello, world')
    board.send('\x01x')
    assert board.wait_end() == 0
    screen.expect_exact('\x1b[?1049l')
    screen.close()
    os.close(theirs)


@pytest.mark.parametrize('arguments, code, words', [
    (['--watch', '--memory-file', 'ram'], 2, '--watch and --memory-file exclude each other'),
    (['--watch=/no/such/folder/file'], 3, "'/no/such/folder/file' cannot be written"),
])
def test_refused(tool, arguments, code, words):
    image = build_image(system_file('hello'), 'debug', output=IMAGES / 'hello-watch')
    done = tool('run', image, '--board', BOARD, *arguments)
    assert done.returncode == code and words in done.stdout


@pytest.mark.parametrize('arguments, code, words', [
    (['x'], 2, 'the process must be a number'),
    (['1', '--interval', '1'], 2, '--interval must be a number from 10'),
    (['1', '--count', '0'], 2, '--count must be a number from 1'),
    (['1'], 3, 'process 1 is no machine that can be watched'),
])
def test_watch_refuses(tool, arguments, code, words):
    done = tool('watch', *arguments)
    assert done.returncode == code and words in done.stdout
