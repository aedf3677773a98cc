#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Counts the instructions from the UART's interrupt to the echo of a typed character.

    count_echo.py [--gic 2|3] [--stays] [--functions] [--write] [CASE ...]

The cases are `pd` (tests/boot/systems/serial, whose client 1 echoes), `shared` (a Linux guest of
the system shared-console, whose terminal echoes) and `passed` (the same kernel with the UART passed
through: one-guest), all in the release configuration, and `native` (the same kernel alone). QEMU
executes and logs one instruction at a time, with its UART's interrupt and register accesses among
them; what other CPUs do is not counted.

The table says where the instructions go. --stays has a line for each stay in a component instead,
--functions one for each function of the kernel and of the programs. --write puts the table for all
cases and both interrupt controllers into docs/serial.md.
"""
import argparse
import bisect
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter, namedtuple
from pathlib import Path

import process

TOP = Path(__file__).resolve().parent.parent
MAIN = Path(os.environ.get('BULKHEAD_BUILD', TOP / 'build/main'))
BOARD = 'qemu_virt_aarch64'
SDK = MAIN / f'sdk/board/{BOARD}/release/elf'
DEBIAN = TOP / 'build/guest/bookworm'
PAGE = TOP / 'docs/serial.md'
KERNEL_BASE, KERNEL_BYTES = 0x7f80000000, 0x40000
# Where programs of protection domains are linked, and more than any of them needs.
PROGRAM_BASE, PROGRAM_BYTES = 0x200000, 0x80000

Case = namedtuple('Case', 'title system folder cpus programs ready')
SERIAL = MAIN / 'systems/serial/release'
GUEST = [(b'login: ', b'root\r'), (b'# ', b"echo re''ady; cat >/dev/null\r"), (b'ready', b'')]
# The other guest's prompt may come before: what is typed then is lost in this one's getty.
LEFT = [(b'left login: ', b'root\r'), *GUEST[1:]]
CASES = {
    'pd': Case('a PD echoes', TOP / 'tests/boot/systems/serial/serial.system', SERIAL, 1,
               {'PL011 driver': SDK / 'pl011.elf', 'virtualiser': SDK / 'serial.elf',
                'timer driver': SDK / 'timer.elf', 'client': SERIAL / 'echo.elf'},
               [(b'second: ready', b'\r')]),
    'shared': Case('a guest echoes', TOP / 'systems/shared-console/shared-console.system', None, 2,
                   {'PL011 driver': SDK / 'pl011.elf', 'virtualiser': SDK / 'serial.elf',
                    'timer driver': SDK / 'timer.elf', 'VMM': SDK / 'vmm.elf'}, LEFT),
    'passed': Case('a guest with the UART passed through echoes',
                   TOP / 'systems/one-guest/one-guest.system', None, 1, {'VMM': SDK / 'vmm.elf'},
                   GUEST),
    'native': Case('Linux echoes natively', None, None, 1, {}, GUEST),
}
COMPONENTS = ['kernel', 'PL011 driver', 'virtualiser', 'timer driver', 'VMM', 'client', 'guest']
BRANCHES = re.compile(r'(b|b\..+|bl|br|blr|ret|cbn?z|tbn?z|svc|eret)$')


class Program:
    """The code of an ELF file: which instructions may be followed by another than the next one, and
    the functions."""

    def __init__(self, elf):
        text = subprocess.run(['aarch64-linux-gnu-objdump', '-d', '--no-show-raw-insn', str(elf)],
                              check=True, text=True, stdout=subprocess.PIPE).stdout
        words = {int(address, 16): word for address, word in
                 re.findall(r'^\s*([0-9a-f]+):\t(\S+)', text, re.M)}
        self.branch = {address: bool(BRANCHES.match(word)) for address, word in words.items()}
        self._calls = {address for address, word in words.items() if word == 'svc'}
        functions = re.findall(r'^([0-9a-f]+) <([^>]+)>:', text, re.M)
        self.starts = [int(address, 16) for address, _ in functions]
        self.names = [name for _, name in functions]

    def runs(self, addresses):
        """Whether this program can execute these addresses in this order."""
        return all(a in self.branch for a in addresses) and \
            all(self.branch[a] or b == a + 4 for a, b in zip(addresses, addresses[1:]))

    def resumes(self, last, first):
        """Whether it can go on at `first` when the kernel came after `last`."""
        return first == last + 4 or (self.branch[last] and last not in self._calls)

    def function(self, address):
        return self.names[bisect.bisect(self.starts, address) - 1]


def machine(case, folder, gic):
    """QEMU's arguments for the machine of a case and what runs on it."""
    if case.system:
        return ['-machine', f'virt,virtualization=on,gic-version={gic}', '-m', '2G',
                '-kernel', build(case, folder)]
    subprocess.run([TOP / 'guest/images.py'], check=True, stdin=subprocess.DEVNULL,
                   stdout=subprocess.DEVNULL, timeout=600)
    return ['-machine', f'virt,gic-version={gic}', '-m', '256M', '-kernel', DEBIAN / 'Image',
            '-initrd', DEBIAN / 'initrd-tiny.cpio.gz', '-append', 'console=ttyAMA0 nokaslr']


def build(case, folder):
    """The image of a case."""
    output = folder / 'image'
    search = [SDK, case.folder] if case.folder else [DEBIAN]
    if not case.folder:
        subprocess.run([TOP / 'guest/images.py'], check=True, stdin=subprocess.DEVNULL,
                       stdout=subprocess.DEVNULL, timeout=600)
    command = [MAIN / 'sdk/bin/bulkhead', 'build', case.system, '--board', BOARD, '--config',
               'release', '-o', output]
    for path in [*search, case.system.parent]:
        command += ['--search-path', path]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, timeout=60)
    return output


def monitor(path, *commands):
    """Gives commands to QEMU's monitor."""
    with socket.socket(socket.AF_UNIX) as link:
        link.settimeout(10)
        link.connect(str(path))
        for command in [*commands, '']:
            text = b''
            while not text.endswith(b'(qemu) '):
                text += link.recv(4096)
            link.sendall(command.encode() + b'\n')


class Terminal:
    """What QEMU's UART prints and takes."""

    def __init__(self, qemu):
        self.qemu = qemu
        self.seen = b''

    def expect(self, text):
        while text not in self.seen:
            more = os.read(self.qemu.stdout.fileno(), 4096)
            if not more:
                raise RuntimeError(f'QEMU ended before {text!r}: {self.seen[-500:]!r}')
            self.seen += more
        self.seen = self.seen.split(text, 1)[1]

    def send(self, text):
        self.qemu.stdin.write(text)
        self.qemu.stdin.flush()


def log_of_echo(folder, cpus, ready, arguments):
    """QEMU's log of what happens when an `x` is typed, once the machine is `ready`."""
    control, log = folder / 'monitor', folder / 'log'
    command = ['timeout', '-s', 'KILL', '400', 'qemu-system-aarch64', *arguments,
               '-cpu', 'cortex-a53', '-smp', str(cpus), '-display', 'none', '-nodefaults',
               '-serial', 'stdio', '-icount', 'shift=0,sleep=off',
               '-global', 'virtio-mmio.force-legacy=false',
               '-monitor', f'unix:{control},server=on,wait=off', '-D', log]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL) as qemu:
        try:
            terminal = Terminal(qemu)
            for text, answer in ready:
                terminal.expect(text)
                terminal.send(answer)
            # Two characters first, so that nothing happens for the first time when it is counted.
            for warm in (b'v', b'w'):
                time.sleep(1)
                terminal.send(warm)
                terminal.expect(warm)
            time.sleep(1)
            monitor(control, 'singlestep on', 'trace-event pl011_irq_state on',
                    'trace-event pl011_write on', 'log exec,nochain')
            terminal.send(b'x')
            terminal.expect(b'x')
            monitor(control, 'log none')
        finally:
            process.end(qemu)
    return log.read_text(encoding='utf-8', errors='replace')


def instructions(text):
    """The addresses that CPU 0 executed from the interrupt to the character on the UART."""
    found = None
    for line in text.splitlines():
        if 'pl011_irq_state' in line and re.search(r'irq state 1|level 1', line):
            found = [] if found is None else found
        elif found is None:
            continue
        elif 'pl011_write' in line and re.search(r'addr 0x0*0 value 0x0*78\b', line):
            return found
        elif line.startswith('Trace 0:'):
            address = int(re.search(r'\[[0-9a-f]+/([0-9a-f]+)/', line).group(1), 16)
            # An access to a device is translated again, alone, when it has turned out to be one.
            if not found or found[-1] != address:
                found.append(address)
        elif line.startswith('Stopped execution') and found:
            # It was only about to be executed, and comes again.
            found.pop()
    raise RuntimeError('the log has no echo:\n' + text[:2000])


def place(address):
    """'kernel', 'program' or 'guest'."""
    if KERNEL_BASE <= address < KERNEL_BASE + KERNEL_BYTES:
        return 'kernel'
    return 'program' if PROGRAM_BASE <= address < PROGRAM_BASE + PROGRAM_BYTES else 'guest'


def stays(case, addresses):
    """[(component, addresses)]: who executed what, in order. Programs have the same addresses: each
    stay is the one program's that can execute it."""
    programs = {name: Program(elf) for name, elf in case.programs.items()}
    runs = []
    for address in addresses:
        where = place(address)
        if not runs or runs[-1][0] != where:
            runs.append((where, []))
        runs[-1][1].append(address)
    found = []
    for where, part in runs:
        if where == 'program':
            able = [name for name, program in programs.items() if program.runs(part)]
            if len(able) != 1:
                raise RuntimeError(f'{len(part)} instructions from {part[0]:#x} on: {able}')
            where = able[0]
        found.append((where, part))
    return found


def measure(name, gic):
    """The stays of a case."""
    case = CASES[name]
    with tempfile.TemporaryDirectory(prefix='bulkhead-echo-') as folder:
        log = log_of_echo(Path(folder), case.cpus, case.ready, machine(case, Path(folder), gic))
        return stays(case, instructions(log))


def counts(found):
    """{component: instructions} of stays."""
    total = Counter()
    for who, part in found:
        total[who] += len(part)
    return total


def print_functions(name, found):
    """Instructions a function, most first."""
    programs = {who: Program(elf) for who, elf in CASES[name].programs.items()}
    programs['kernel'] = Program(SDK / 'kernel.elf')
    total = Counter()
    for who, part in found:
        for address in part:
            function = programs[who].function(address) if who in programs else '-'
            total[who, function] += 1
    for (who, function), count in total.most_common():
        print(f'{count:6} {who}: {function}')


def table(columns):
    """A table of {title: {component: instructions}}."""
    lines = ['| component | ' + ' | '.join(columns) + ' |', '|---|' + '---|' * len(columns)]
    for who in COMPONENTS:
        if any(column[who] for column in columns.values()):
            lines.append(f'| {who} | ' + ' | '.join(f'{column[who]:,}' if column[who] else '-'
                                                     for column in columns.values()) + ' |')
    lines.append('| all | ' + ' | '.join(f'{sum(column.values()):,}'
                                         for column in columns.values()) + ' |')
    return '\n'.join(lines) + '\n'


def write():
    """Puts the table of everything into the manual."""
    columns = {f'{case.title}, GICv{gic}': counts(measure(name, gic))
               for name, case in CASES.items() for gic in (2, 3)}
    text = PAGE.read_text(encoding='utf-8')
    begin, end = '<!-- echo -->\n', '<!-- end of echo -->\n'
    before, rest = text.split(begin)
    PAGE.write_text(before + begin + table(columns) + end + rest.split(end)[1], encoding='utf-8')


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--gic', type=int, choices=(2, 3), default=2)
    parser.add_argument('--stays', action='store_true')
    parser.add_argument('--functions', action='store_true')
    parser.add_argument('--write', action='store_true')
    parser.add_argument('cases', nargs='*', choices=[[], *CASES])
    arguments = parser.parse_args()
    if arguments.write:
        write()
        return 0
    columns = {}
    for name in arguments.cases or CASES:
        found = measure(name, arguments.gic)
        if arguments.stays:
            print('\n'.join(f'{len(part):6} {who}' for who, part in found))
        if arguments.functions:
            print_functions(name, found)
        columns[CASES[name].title] = counts(found)
    print(table(columns), end='')
    return 0


if __name__ == '__main__':
    sys.exit(main())
