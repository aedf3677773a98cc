#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""What it costs Linux to be a guest: instructions, natively and under Bulkhead.

    linux_costs.py [--gic 2|3] [--exits]

Both run Debian's kernel on one Cortex-A53 with the same devices and command line, under
`-icount shift=0,sleep=off`, until the program guest/probe/probe.c has measured and switched off.
QEMU stops at that program's first instruction and says how many instructions were executed; time
that the CPU slept is none. --exits also counts what the guest left for while it booted.
"""
import argparse
import collections
import json
import os
import re
import socket
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
MAIN = Path(os.environ.get('BULKHEAD_BUILD', TOP / 'build/main'))
BOARD = 'qemu_virt_aarch64'
MONITOR = MAIN / f'sdk/board/{BOARD}/release/elf/vmm.elf'
PROBE = MAIN / 'guest/guest-probe'
FILES = TOP / 'build/guest/bookworm'
RAM = '256M'
RAM_BASE = 0x40000000
BOOTARGS = 'earlycon nokaslr panic=-1 rdinit=/probe'
SYSTEM = f'''<system name="probe">
  <image name="debian" kernel="Image" initrd="initrd-probe"/>
  <guest name="linux" image="debian" ram="{RAM}" bootargs="{BOOTARGS}">
    <passthrough path="/pl011@9000000"/>
  </guest>
</system>
'''
# What a guest has is what its native twin keeps of QEMU's device tree.
KEPT = ('apb-pclk', 'chosen', 'cpus', 'intc', 'memory', 'pl011', 'psci', 'timer')
# An archive may be padded by so many bytes, times 0, 1, 2..., which Linux passes over: what is
# behind them is elsewhere in memory.
PADDING = 4096
# Seconds that a machine may take from one thing that is waited for to the next, on a busy host.
PATIENCE = 900
# Seconds from turn to turn of a second CPU whose first spins.
TURN = 0.03
# A tick of the counter is 16 ns, and so 16 instructions while the CPU does not sleep.
TICK = 16
# Figure, what it is, and at most so many times native.
FIGURES = [
    ('boot', 'the monitor\'s first instruction to the guest\'s init', 1.05),
    ('power_on', 'the board\'s first instruction to the guest\'s init', 1.09),
    ('compute', '20 million rounds of arithmetic and memory', 1.005),
    ('getppid', '300,000 system calls', 1.005),
]
# Exception classes of ESR_EL2 (Arm ARM, D19.2.37), and what has none.
CLASSES = {'IRQ': 'interrupts', 0x01: 'WFI', 0x16: 'HVC', 0x18: 'system registers', 0x24: 'memory',
           0x07: 'first use of FP'}

sys.path.insert(0, str(TOP / 'guest'))
import cpio  # noqa: E402


def checked(*command):
    """The output of a command that must succeed."""
    return subprocess.run([str(c) for c in command], check=True, text=True, timeout=600,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL).stdout


def entry_of(elf):
    """The first instruction of a program."""
    return int(re.search(r'Entry point address:\s+(0x[0-9a-f]+)',
                         checked('aarch64-linux-gnu-readelf', '-h', elf))[1], 16)


def kernel_entry():
    """The guest's first instruction: its kernel is as near to the start of RAM as it allows."""
    with open(FILES / 'Image', 'rb') as image:
        return RAM_BASE + struct.unpack('<8xQ', image.read(16))[0]


class Machine:
    """A machine in QEMU that stops where it is told to and counts instructions; a context manager
    that ends it. What goes wrong with it raises RuntimeError, with what QEMU and the console said
    last."""

    # The command of each machine so far, without paths.
    commands = []
    # A file behind whose end each machine's command and console are kept, or None.
    log = None

    def __init__(self, folder, arguments, sleep='off', cpus=1):
        self._folder = folder
        self._start = time.monotonic()
        self.console = folder / 'console'
        self._errors = folder / 'errors'
        command = ['qemu-system-aarch64', *arguments, '-cpu', 'cortex-a53', '-smp', cpus, '-S',
                   '-icount', f'shift=0,sleep={sleep}', '-seed', '1',
                   '-rtc', 'base=2026-01-01,clock=vm',
                   '-display', 'none', '-nodefaults', '-monitor', 'none', '-no-shutdown',
                   '-serial', f'file:{self.console}', '-qmp', f'unix:{folder}/qmp,server,nowait',
                   '-gdb', f'unix:{folder}/gdb,server,nowait']
        text = ' '.join(map(str, command))
        self._command = text.replace(f'{folder}/', '').replace(f'{TOP}/', '')
        self.commands.append(self._command)
        with open(self._errors, 'wb') as errors:
            self._qemu = subprocess.Popen([str(c) for c in command], stdin=subprocess.DEVNULL,
                                          stdout=errors, stderr=errors)
        # Opened when it is needed: QEMU tells whoever has it open of each stop, and waits when
        # nobody reads that.
        self._gdb = None
        self._heard = b''
        try:
            self._qmp = self._connect('qmp').makefile('rw')
            self._qmp.readline()
            self._ask('qmp_capabilities')
        except BaseException:
            self._end()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._end()

    def _end(self):
        """Ends QEMU; keeps what it and the console said."""
        if self.log:
            with open(self.log, 'a', encoding='utf-8') as log:
                log.write(f'{self._command}\n{self._state()}\n{self._said(self.console)}\n')
        self._qemu.kill()
        self._qemu.wait()

    @staticmethod
    def _said(file):
        """What is in a file that QEMU writes; nothing when there is none yet."""
        return file.read_text(encoding='utf-8', errors='replace') if file.exists() else ''

    def _state(self):
        """Whether QEMU runs, since when, and what it complained about."""
        code = self._qemu.poll()
        state = 'runs' if code is None else f'ended with exit code {code}'
        return f'QEMU {state}, {time.monotonic() - self._start:.0f} s after its start. ' + \
            self._said(self._errors)

    def _trouble(self, what):
        """An error that says all that is known."""
        return RuntimeError(f'{what}\n{self._state()}\nThe console ends with:\n'
                            f'{self._said(self.console)[-2000:]}')

    def _connect(self, name):
        for _ in range(300):
            try:
                end = socket.socket(socket.AF_UNIX)
                end.connect(str(self._folder / name))
                end.settimeout(PATIENCE)
                return end
            except OSError:
                end.close()
                if self._qemu.poll() is not None:
                    break
                time.sleep(0.1)
        raise self._trouble(f'QEMU does not open its socket {name}.')

    def _ask(self, command, arguments=None):
        """A command of QEMU's machine protocol; returns its answer."""
        self._qmp.write(json.dumps({'execute': command, 'arguments': arguments or {}}) + '\n')
        self._qmp.flush()
        while True:
            line = self._qmp.readline()
            if not line:
                raise self._trouble(f'QEMU ended before it answered {command}.')
            answer = json.loads(line)
            if 'return' in answer:
                return answer['return']
            if 'error' in answer:
                raise RuntimeError(f'{command}: {answer["error"]}')

    def _debug(self, packet, answered=True):
        """A packet of the debugger's protocol; returns the answer."""
        data = packet.encode()
        if not self._gdb:
            self._gdb = self._connect('gdb')
        self._gdb.sendall(b'$' + data + b'#%02x' % (sum(data) & 255))
        return self._answer() if answered else None

    def _answer(self):
        """What the debugger's end says next."""
        while True:
            match = re.search(rb'\$([^#]*)#..', self._heard)
            if match:
                self._heard = self._heard[match.end():]
                self._gdb.sendall(b'+')
                return match[1].decode()
            try:
                more = self._gdb.recv(4096)
            except TimeoutError:
                raise self._trouble(f'QEMU did not stop in {PATIENCE} s.') from None
            if not more:
                raise self._trouble('QEMU ended.')
            self._heard += more

    def monitor(self, line):
        """A command of QEMU's monitor; returns what it says."""
        return self._ask('human-monitor-command', {'command-line': line})

    def count(self):
        """Instructions executed so far."""
        return self._ask('query-replay')['icount']

    def run_to(self, address, times=1):
        """Goes on until an instruction is about to run, for the so-manieth time from now; returns
        the count."""
        for time_left in range(times, 0, -1):
            if self._debug(f'Z1,{address:x},4') != 'OK':
                raise self._trouble('QEMU does not take a breakpoint.')
            stopped = self._debug('c')
            self._debug(f'z1,{address:x},4')
            if not stopped.startswith('T05'):
                raise self._trouble(f'The machine stopped elsewhere: {stopped}.')
            if time_left > 1:
                self._debug('s')
        return self.count()

    def stop(self):
        """Stops a machine that goes on, behind run_until()."""
        self._gdb.sendall(b'\x03')
        if not self._answer().startswith('T'):
            raise self._trouble('The machine does not stop.')

    def run_again_to(self, address):
        """The same from an instruction on at which the machine may have stopped before."""
        self._debug('s')
        return self.run_to(address)

    def log_until(self, count):
        """Goes on for so many instructions, about, one at a time, and logs them."""
        for command in ('singlestep on', 'log exec,nochain'):
            self.monitor(command)
        self._debug('c', answered=False)
        while self.count() < count:
            time.sleep(0.2)
        self.monitor('log none')

    def log_to(self, address):
        """Goes on until an instruction is about to run, one at a time, and logs them."""
        for command in ('singlestep on', 'log exec,nochain'):
            self.monitor(command)
        self.run_to(address)
        for command in ('log none', 'singlestep off'):
            self.monitor(command)

    def reads(self):
        """Reads that the machine's disks have done."""
        return sum(disk['stats']['rd_operations'] for disk in self._ask('query-blockstats'))

    def go_on_for(self, instructions):
        """Goes on for at least so many instructions, and stops."""
        end = self.count() + instructions
        self._ask('cont')
        while self.count() < end:
            time.sleep(0.1)
        self._ask('stop')

    def run_until(self, text, seconds=PATIENCE, times=1, turns=False):
        """Goes on until the console has a text so many times; returns what is there, which may
        end right behind the text. With `turns`, the second CPU gets a turn now and then while the
        first spins without a yield: QEMU 7.2 begins each slice of time with the first CPU, which
        uses all of it, unless it is stopped in the midst of one."""
        if turns:
            self._ask('cont')
        else:
            self._debug('c', answered=False)
        end = time.monotonic() + seconds
        while time.monotonic() < end and self._qemu.poll() is None:
            said = self._said(self.console)
            if said.count(text) >= times:
                return said
            time.sleep(TURN if turns else 0.1)
            if turns:
                self._ask('stop')
                self._ask('cont')
        raise self._trouble(f'The console did not have {text!r} {times} times in {seconds} s.')


def finish(machine):
    """What the probe measured, in instructions."""
    said = machine.run_until('reboot: Power down')
    return {name: TICK * int(ticks)
            for name, ticks in re.findall(r'probe: (compute|getppid) (\d+)', said)}


def make_initrd(to):
    """Debian's tiny initrd with the probe before it."""
    archive = cpio.Archive()
    archive.file('probe', PROBE.read_bytes(), 0o755)
    to.write_bytes(archive.to_bytes() + (FILES / 'initrd-tiny.cpio.gz').read_bytes())


def native_tree(gic, to, *more, ram=RAM):
    """QEMU's device tree without what a guest does not have; `more` nodes stay."""
    checked('qemu-system-aarch64', '-M', f'virt,gic-version={gic},dumpdtb={to}', '-cpu',
            'cortex-a53', '-smp', '1', '-m', ram, '-display', 'none', '-nodefaults')
    for node in checked('fdtget', '-l', to, '/').split():
        if node.split('@')[0] not in KEPT and node not in more:
            checked('fdtput', '-r', to, '/' + node)
        elif node.startswith('intc'):
            for part in checked('fdtget', '-l', to, '/' + node).split():
                checked('fdtput', '-r', to, f'/{node}/{part}')


def native(gic, folder):
    """{figure: instructions} without a hypervisor."""
    make_initrd(folder / 'initrd-probe')
    native_tree(gic, folder / 'tree')
    with Machine(folder, ['-M', f'virt,gic-version={gic}', '-m', RAM, '-kernel', FILES / 'Image',
                          '-initrd', folder / 'initrd-probe', '-dtb', folder / 'tree',
                          '-append', BOOTARGS]) as machine:
        boot = machine.run_to(entry_of(PROBE))
        return {'boot': boot, 'power_on': boot, **finish(machine)}


def guest_arguments(gic, folder):
    """QEMU's arguments for the same kernel as a guest."""
    make_initrd(folder / 'initrd-probe')
    (folder / 'probe.system').write_text(SYSTEM, encoding='utf-8')
    checked(MAIN / 'sdk/bin/bulkhead', 'build', folder / 'probe.system', '--board', BOARD,
            '--config', 'release', '--search-path', folder, '--search-path', FILES,
            '-o', folder / 'image')
    return ['-M', f'virt,virtualization=on,gic-version={gic}', '-m', '2G',
            '-kernel', folder / 'image']


def guest(gic, folder):
    """{figure: instructions} under Bulkhead."""
    with Machine(folder, guest_arguments(gic, folder)) as machine:
        start = machine.run_to(entry_of(MONITOR))
        entered = machine.run_to(kernel_entry())
        init = machine.run_to(entry_of(PROBE))
        return {'boot': init - start, 'power_on': init, 'kernel': start, 'load': entered - start,
                **finish(machine)}


def exits(gic, folder):
    """{kind: times} of what the guest left for between its start and its init."""
    log = folder / 'exceptions'
    arguments = [*guest_arguments(gic, folder), '-d', 'int', '-D', log]
    with Machine(folder, arguments) as machine:
        machine.run_to(entry_of(MONITOR))
        machine.run_to(kernel_entry())
        before = log.stat().st_size
        machine.run_to(entry_of(PROBE))
    counts = collections.Counter()
    with open(log, encoding='utf-8', errors='replace') as lines:
        lines.seek(before)
        for exception in lines.read().split('Taking exception')[1:]:
            if 'from EL1 to EL2' not in exception:
                continue
            kind = re.match(r' \d+ \[([^]]+)\]', exception)[1]
            if kind != 'IRQ':
                kind = int(re.search(r'with ESR (0x[0-9a-f]+)/', exception)[1], 16)
            counts[CLASSES.get(kind, kind)] += 1
    return counts


def measure(gic):
    """({figure: instructions} natively, the same as a guest)."""
    checked(TOP / 'guest/images.py')
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as two:
        return native(gic, Path(one)), guest(gic, Path(two))


def table(alone, under):
    """The results as a Markdown table."""
    lines = ['| figure | native | guest | times | at most |', '|---|---|---|---|---|']
    for name, what, most in FIGURES:
        lines.append(f'| {what} | {alone[name]:,} | {under[name]:,} | '
                     f'{under[name] / alone[name]:.4f} | {most} |')
    return '\n'.join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--gic', type=int, choices=(2, 3), default=3)
    parser.add_argument('--exits', action='store_true', help='count exits by kind, too')
    arguments = parser.parse_args()
    alone, under = measure(arguments.gic)
    print(table(alone, under))
    print(f'before the monitor starts: {under["kernel"]:,}; it loads: {under["load"]:,}')
    if arguments.exits:
        with tempfile.TemporaryDirectory() as folder:
            for kind, times in exits(arguments.gic, Path(folder)).most_common():
                print(f'{times:8} {kind}')
    return 1 if any(under[name] > most * alone[name] for name, _, most in FIGURES) else 0


if __name__ == '__main__':
    sys.exit(main())
