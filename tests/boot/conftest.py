# SPDX-License-Identifier: BSD-2-Clause
"""Boots images in QEMU for the tests, and talks to them through their console.

A test asks for the fixture `boot`, gives it a system's name (or a description, or an image) and
gets a Board, on which it waits for text, never for time:

    def test_hello(boot, gic):
        board = boot('hello', gic=gic)
        board.expect('hello, world')

`gic` runs a test once with each interrupt controller. Every console's text is kept in
build/logs/boot/, every QEMU is ended with its test.
"""
import itertools
import mmap
import os
import re
import signal
import struct
import subprocess
import xml.etree.ElementTree
from pathlib import Path

import pexpect
import pytest

TOP = Path(__file__).resolve().parent.parent.parent
BUILD = TOP / 'build'
MAIN = Path(os.environ.get('BULKHEAD_BUILD', BUILD / 'main'))
SDK = MAIN / 'sdk'
TOOL = SDK / 'bin/bulkhead'
# Of a build folder that was asked for, they are in it: such runs do not meet those of others.
OUTPUT = BUILD if MAIN == BUILD / 'main' else MAIN
LOGS = OUTPUT / 'logs/boot'
# The tests of several files may run at the same time, and make images of the same name.
IMAGES = OUTPUT / 'images' / os.environ.get('BULKHEAD_WORKER', '0')
DISKS = OUTPUT / 'disks'
BOARD = 'qemu_virt_aarch64'
RAM_BASE = 0x40000000
RAM_BYTES = 2 << 30

# What no healthy system prints; a test that wants one of them says so in `allow`. That a guest's
# "kernel panicked" is none of them, even if the rest of the word has not come yet.
NEVER = [r'kernel panic[^k]', r'assertion failed']


def pytest_configure(config):
    config.addinivalue_line('markers', 'long: takes longer than `make test` may')


def system_file(name):
    """The description of a system of systems/."""
    return TOP / 'systems' / name / (name + '.system')


def search_paths(description, config):
    """Where the programs and files that a description names are found."""
    name = description.parent.name
    return [description.parent, MAIN / 'systems' / name / config, MAIN / 'systems' / name]


def linux_image(file_bytes=5000, memory_bytes=1 << 20, text_offset=0, flags=0xa):
    """A file that looks like an arm64 `Image`, and nothing more."""
    header = struct.pack('<8xQQQ24x4s4x', text_offset, memory_bytes, flags, b'ARM\x64')
    return header + bytes(file_bytes - len(header))


def stand_ins(description, folder):
    """Puts a file into `folder` for each that a description names, programs apart. The true ones
    are what the person who starts the system has; where nothing runs, any will do."""
    root = xml.etree.ElementTree.parse(description).getroot()
    for element in root.iter():
        for attribute in ['prefill_path', 'initrd']:
            if element.get(attribute):
                (folder / element.get(attribute)).write_bytes(bytes(5000))
        if element.get('kernel'):
            (folder / element.get('kernel')).write_bytes(linux_image())
    return folder


def plain(description, folder):
    """The root element of a description as `expand` prints it; its files are in `folder`."""
    done = subprocess.run([str(TOOL), 'expand', str(description), '--board', BOARD, '--search-path',
                           str(folder)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          check=True, timeout=60)
    return xml.etree.ElementTree.fromstring(done.stdout)


def machine_of(image):
    """Number of CPUs that an image uses, and bytes of RAM of the board that it is for: its boot
    description says so (bootdesc.h). None for what is no image of ours."""
    with open(image, 'rb') as file:
        with mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as view:
            for at in range(0, len(view) - 176, 4096):
                cpus, _, memory = struct.unpack_from('<3I', view, at + 160)
                # The kernel's own parameters begin with the same word.
                if view[at:at + 8] == b'BLKHKBD1' and 1 <= cpus <= 8:
                    return cpus, struct.unpack_from('<QQ', view, at + memory)[1]
    return None


def cpus_in(image):
    """Number of CPUs that an image uses."""
    found = machine_of(image)
    if not found:
        raise ValueError(f'{image} is no image')
    return found[0]


def build_image(description, config='debug', output=None, extra=(), check=True, search=()):
    """Builds the image of a description (a path, or a system's name) with the tool.

    Returns the image's path; with check=False, the finished process of the tool.
    """
    description = Path(description)
    if not description.suffix:
        description = system_file(description.name)
    output = Path(output) if output else IMAGES / f'{description.stem}-{config}'
    output.parent.mkdir(parents=True, exist_ok=True)
    command = [TOOL, 'build', description, '--board', BOARD, '--config', config, '-o', output]
    for path in [*search, *search_paths(description, config)]:
        if Path(path).is_dir():
            command += ['--search-path', path]
    done = subprocess.run([str(c) for c in [*command, *extra]], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120,
                          check=False)
    if not check:
        return done
    assert done.returncode == 0, f'{description}: the tool said:\n{done.stdout}'
    return output


def make_disk(name, *arguments):
    """An image with partitions, made afresh."""
    DISKS.mkdir(parents=True, exist_ok=True)
    path = DISKS / name
    subprocess.run([TOP / 'scripts/disk.py', path, *arguments], check=True,
                   stdin=subprocess.DEVNULL, timeout=60)
    return path


def attached(path, bus=24):
    """QEMU's arguments for a disk that the board has."""
    return ('-drive', f'if=none,id=disk{bus},format=raw,file={path}',
            '-device', f'virtio-blk-device,bus=virtio-mmio-bus.{bus},drive=disk{bus}')


def networked(*forwards, bus=16):
    """QEMU's arguments that join a network device of the board to its user network; `forwards` are
    (port of this host, address, port) of TCP services of guests."""
    ports = ''.join(f',hostfwd=tcp:127.0.0.1:{port}-{address}:{to}'
                    for port, address, to in forwards)
    return ('-netdev', f'user,id=net{bus}{ports}',
            '-device', f'virtio-net-device,bus=virtio-mmio-bus.{bus},netdev=net{bus}')


class Board:
    """A board in QEMU that runs an image."""

    def __init__(self, command, log, ram_file, timeout):
        self.command = [str(c) for c in command]
        self.log = log
        self.allow = []
        self.ram_file = ram_file
        self._log_file = open(log, 'w', encoding='utf-8', errors='replace')
        self._log_file.write('$ ' + ' '.join(self.command) + '\n')
        self.console = pexpect.spawn(self.command[0], self.command[1:], timeout=timeout,
                                     encoding='utf-8', codec_errors='replace', echo=False,
                                     maxread=65536, searchwindowsize=None)
        self.console.logfile_read = self._log_file

    def expect(self, pattern, timeout=-1):
        """Waits for a regular expression in what the board prints; returns its match."""
        never = [n for n in NEVER if n not in self.allow]
        found = self.console.expect([pattern, pexpect.TIMEOUT, pexpect.EOF, *never], timeout)
        if found == 0:
            return self.console.match
        if found > 2:
            self.drain()
        what = ['time is up', 'QEMU ended', *[f'/{n}/ came' for n in never]][found - 1]
        pytest.fail(f'{what} before /{pattern}/; the console ends with:\n{self.tail()}',
                    pytrace=False)

    def expect_all(self, patterns, timeout=-1):
        """Waits until each of the regular expressions has come, in any order."""
        waiting = list(patterns)
        while waiting:
            text = self.expect('|'.join(f'(?:{p})' for p in waiting), timeout).group(0)
            waiting.remove(next(p for p in waiting if re.search(p, text)))

    def expect_prompt(self, pattern, timeout=120):
        """Waits for a prompt, and asks for it again when it does not come: on a console that two
        write to at the same time, what one prints may come in the middle of what the other does."""
        step = 15
        for _ in range(timeout // step):
            if self.console.expect([pattern, pexpect.TIMEOUT], step) == 0:
                return
            self.send('\r')
        self.expect(pattern, step)

    def send(self, text):
        """Types text."""
        self.console.send(text)

    def drain(self):
        """Takes in what comes within a moment, for the log of a failure."""
        try:
            self.console.expect(pexpect.EOF, timeout=1)
        except pexpect.TIMEOUT:
            pass

    def wait_end(self, timeout=60):
        """Waits until QEMU ends by itself."""
        self.console.expect(pexpect.EOF, timeout=timeout)
        self.console.close()
        return self.console.exitstatus

    def tail(self, lines=40):
        """The end of what was printed so far."""
        self._log_file.flush()
        text = self.log.read_text(encoding='utf-8', errors='replace')
        return '\n'.join(text.replace('\r', '').splitlines()[-lines:])

    def ram(self, address, length):
        """Bytes of the board's memory; the test must have said ram=True to boot()."""
        assert self.ram_file, 'boot(..., ram=True) is needed to read memory'
        with open(self.ram_file, 'rb') as file:
            with mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as memory:
                return memory[address - RAM_BASE:address - RAM_BASE + length]

    def stop(self):
        """Ends QEMU whatever it is doing."""
        if self.console.isalive():
            self.console.kill(signal.SIGKILL)
            self.console.wait()
        self.console.close(force=True)
        self._log_file.close()
        if self.ram_file:
            os.unlink(self.ram_file)
            self.ram_file = None


def qemu_command(image, gic=2, cpu='cortex-a53', smp=1, icount=False, extra=(), ram_file=None):
    """The emulator's command line for an image; RAM is what the image was built for."""
    _, ram = machine_of(image) or (1, RAM_BYTES)
    machine = f'virt,virtualization=on,gic-version={gic}'
    command = ['qemu-system-aarch64', '-cpu', cpu, '-smp', str(smp), '-m', f'{ram >> 20}M',
               '-display', 'none', '-nodefaults', '-serial', 'mon:stdio',
               '-global', 'virtio-mmio.force-legacy=false']
    if ram_file:
        machine += ',memory-backend=ram'
        command += ['-object', f'memory-backend-file,id=ram,size={ram},share=on,'
                    f'mem-path={ram_file}']
    if icount:
        command += ['-icount', 'shift=0,sleep=off']
    return [*command, '-machine', machine, '-kernel', str(image), *extra]


@pytest.fixture
def boot(request):
    """Boots what it is given: a system's name, a description (.system) or an image (a path).

    gic: 2 or 3; cpu: QEMU's name; smp: CPUs, as the description needs when not given; config:
    debug, release or benchmark; icount: one instruction a nanosecond; ram: the test will read the
    board's memory; extra: further arguments of QEMU; timeout: seconds that expect() waits.
    """
    boards = []
    numbers = itertools.count(1)

    def start(what, gic=2, cpu='cortex-a53', smp=None, config='debug', icount=False, ram=False,
              extra=(), timeout=60):
        path = Path(what)
        if not path.suffix and not path.exists():
            path = system_file(path.name)
        if path.suffix == '.system':
            path = build_image(path, config, search=guest_images(path))
            smp = smp or cpus_in(path)
        LOGS.mkdir(parents=True, exist_ok=True)
        test = re.sub(r'[^\w.-]+', '_', request.node.name).strip('_')
        name = f'{Path(request.node.fspath).stem}-{test}-{next(numbers)}'
        ram_file = LOGS / (name + '.ram') if ram else None
        command = qemu_command(path, gic, cpu, smp or 1, icount, extra, ram_file)
        board = Board(command, LOGS / (name + '.log'), ram_file, timeout)
        boards.append(board)
        return board

    yield start
    for board in boards:
        board.stop()


@pytest.fixture(params=[2, 3], ids=['gicv2', 'gicv3'])
def gic(request):
    """Runs the test once with each interrupt controller."""
    return request.param


def debian_images():
    """The folder of the images of Debian's kernel, which are fetched when they are not there."""
    subprocess.run([TOP / 'guest/images.py'], check=True, stdin=subprocess.DEVNULL, timeout=600)
    return BUILD / 'guest/bookworm'


def guest_images(description):
    """Where the images of a description's guests are, if it has any."""
    return [debian_images()] if '<image ' in Path(description).read_text(encoding='utf-8') else []


@pytest.fixture(scope='session')
def debian():
    """The folder of the images of Debian's kernel; fetched once."""
    return debian_images()


@pytest.fixture
def tool():
    """Runs bulkhead with arguments; returns the finished process, output and errors together."""
    def run(*arguments, timeout=120, **options):
        return subprocess.run([str(TOOL), *[str(a) for a in arguments]], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              timeout=timeout, check=False, **options)
    return run
