#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Prints the longest stays in the kernel, in instructions with interrupts masked, after booting.

    longest.py [--gic 2|3] [--stays N] [--shown N] [SYSTEM.system ...]

QEMU logs every instruction of the release kernel. A stay begins with the exception vector's first
instruction and ends with ERET; waiting in WFI, or looking whether an interrupt is to be taken on
the long way from guest to guest, ends one and begins the next. Stays that went through
the same functions are one line: the longest, and how many instructions each function had in it. A
system is stopped after so many stays, or when all of it waits for something that does not come.
Without a system's name, SYSTEMS are looked at.
"""
import argparse
import bisect
import itertools
import os
import re
import select
import subprocess
from pathlib import Path

import process

TOP = Path(__file__).resolve().parent.parent
MAIN = Path(os.environ.get('BULKHEAD_BUILD', TOP / 'build/main'))
BOARD = 'qemu_virt_aarch64'
KERNEL = MAIN / f'sdk/board/{BOARD}/release/elf/kernel.elf'
KERNEL_BASE = 0x7f80000000
# Systems of protection domains alone that have every kind of stay, the long ones among them.
SYSTEMS = [TOP / 'systems/restart/restart.system', TOP / 'systems/budgets/budgets.system',
           TOP / 'systems/timer/timer.system', TOP / 'tests/boot/systems/hostile/hostile.system']
# Offsets of the vectors that are taken from a PD or a guest: synchronous, IRQ, SError.
ENTRIES = (0x400, 0x480, 0x580)
# Seconds without an instruction of the kernel, after the first, after which all of it waits:
# with `sleep=off` a timer's wait takes no time.
QUIET = 3
PLACE = re.compile(r'/0000007f8([0-9a-f]{7})/')


class Symbols:
    """The kernel's functions by address, and where a stay begins and a wait ends."""

    def __init__(self, elf):
        nm = subprocess.run(['aarch64-linux-gnu-nm', '-n', str(elf)], check=True, text=True,
                            stdout=subprocess.PIPE).stdout
        found = [line.split() for line in nm.splitlines() if len(line.split()) == 3]
        self.names = [(int(a, 16), n) for a, kind, n in found if kind in 'tT']
        self.addresses = [a for a, _ in self.names]
        vectors = dict((n, a) for a, n in self.names)['vectors']
        self.entries = {vectors + offset for offset in ENTRIES}
        code = subprocess.run(['aarch64-linux-gnu-objdump', '-d', '--no-show-raw-insn', str(elf)],
                              check=True, text=True, stdout=subprocess.PIPE).stdout
        # Where the kernel waits for an interrupt, or looks whether one is to be taken.
        self.waits = {int(a, 16) for a in re.findall(
            r'^\s*([0-9a-f]+):\s+(?:wfi|mrs\s+x\d+, isr_el1)', code, re.M)}

    def name(self, address):
        return self.names[bisect.bisect(self.addresses, address) - 1][1].split('.')[0]


def lines_of(pipe):
    """The log's lines, until it ends or nothing comes any more."""
    rest = ''
    started = False
    while not started or select.select([pipe], [], [], QUIET)[0]:
        more = os.read(pipe, 1 << 16)
        if not more:
            return
        *lines, rest = (rest + more.decode(errors='replace')).split('\n')
        started = started or bool(lines)
        yield from lines


def stays(lines, symbols):
    """Lists of addresses, one a stay, from QEMU's log."""
    stay = None
    for line in lines:
        match = PLACE.search(line)
        if not match:
            continue
        address = KERNEL_BASE + int(match.group(1), 16)
        if address in symbols.entries or address in symbols.waits:
            if stay:
                yield stay
            # What follows the first wait, before any entry, is the end of booting.
            stay = [] if address in symbols.entries or stay is not None else None
        if stay is not None:
            stay.append(address)
    # The last one was cut off by the end of the log.


def longest(description, gic, most):
    """{functions: (length, {function: instructions})} of a system on one CPU, in so many stays."""
    name = description.stem
    image = TOP / f'build/images/longest-{name}'
    image.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run([MAIN / 'sdk/bin/bulkhead', 'build', description, '--board', BOARD, '--config',
                    'release', '-o', image, '--search-path', MAIN / 'systems' / name / 'release'],
                   check=True, stdin=subprocess.DEVNULL, timeout=60)
    return longest_of_image(image, gic, most)


def longest_of_image(image, gic, most):
    """The same of an image."""
    symbols = Symbols(KERNEL)
    command = ['timeout', '-s', 'KILL', '300', 'qemu-system-aarch64', '-machine',
               f'virt,virtualization=on,gic-version={gic}', '-cpu', 'cortex-a53', '-smp', '1',
               '-m', '2G', '-display', 'none', '-nodefaults', '-icount', 'shift=0,sleep=off',
               '-singlestep', '-d', 'exec,nochain', '-dfilter', f'{KERNEL_BASE:#x}+0x40000',
               '-D', '/dev/stdout', '-kernel', str(image)]
    found = {}
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL) as qemu:
        for stay in itertools.islice(stays(lines_of(qemu.stdout.fileno()), symbols), most):
            parts = {}
            for address in stay:
                part = symbols.name(address)
                parts[part] = parts.get(part, 0) + 1
            if found.get(tuple(parts), (0,))[0] < len(stay):
                found[tuple(parts)] = (len(stay), parts)
        process.end(qemu)
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--gic', type=int, choices=(2, 3), default=3)
    parser.add_argument('--stays', type=int, default=3000)
    parser.add_argument('--shown', type=int, default=3)
    parser.add_argument('systems', nargs='*', type=Path, default=SYSTEMS)
    arguments = parser.parse_args()
    for description in arguments.systems:
        print(description.stem)
        found = longest(description, arguments.gic, arguments.stays)
        for length, parts in sorted(found.values(), key=lambda f: -f[0])[:arguments.shown]:
            print(f'{length:6} ' + ', '.join(f'{n} {count}' for n, count in parts.items()))


if __name__ == '__main__':
    main()
