#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Prints where the instructions of an exit to the VMM go, function by function, in their order.

    exits.py [--gic 2|3] [--seconds N]

The test guest calls PSCI_VERSION, and reads a register that its VMM emulates, many times over. QEMU
logs every instruction of the release kernel and of the VMM. An exit is what lies between two calls
of the VMM's fault(); the most frequent length of an exit is shown. What the guest executes itself
is not counted.
"""
import argparse
import bisect
import re
import subprocess
from collections import Counter

import process
from longest import BOARD, KERNEL, KERNEL_BASE, MAIN, TOP

SYSTEM = TOP / 'tests/boot/systems/guest-test/guest-test.system'
ARGUMENTS = 'quiet test=psci,gic,trap,smp'
VMM = MAIN / f'sdk/board/{BOARD}/release/elf/vmm.elf'
VMM_BASE = 0x200000
VMM_BYTES = 0x40000
KERNEL_BYTES = 0x40000
PLACE = re.compile(r'/([0-9a-f]{16})/')
EXITS = {'psci': 'PSCI_VERSION', 'trap': 'read of a register that the VMM emulates'}


class Functions:
    """The functions of a program, by address."""

    def __init__(self, elf):
        nm = subprocess.run(['aarch64-linux-gnu-nm', '-n', str(elf)], check=True, text=True,
                            stdout=subprocess.PIPE).stdout
        found = [line.split() for line in nm.splitlines() if re.search(' [tTwW] ', line)]
        self.addresses = [int(address, 16) for address, _, _ in found]
        self.names = [name.split('.')[0] for _, _, name in found]

    def name(self, address):
        return self.names[bisect.bisect(self.addresses, address) - 1]

    def start(self, name):
        return self.addresses[self.names.index(name)]


def build(group):
    """The image of the test guest that runs one group of tests."""
    folder = TOP / 'build/images/exits'
    folder.mkdir(parents=True, exist_ok=True)
    text = SYSTEM.read_text(encoding='utf-8')
    assert ARGUMENTS in text, f'{SYSTEM} has changed'
    description = folder / 'guest-test.system'
    description.write_text(text.replace(ARGUMENTS, f'quiet test={group}'), encoding='utf-8')
    image = folder / group
    subprocess.run([MAIN / 'sdk/bin/bulkhead', 'build', description, '--board', BOARD, '--config',
                    'release', '-o', image, '--search-path', MAIN / 'tests/guest'],
                   check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, timeout=60)
    return image


def exits(image, gic, seconds, start):
    """Lists of addresses, one an exit, of the most frequent length."""
    command = ['timeout', '-s', 'KILL', str(seconds), 'qemu-system-aarch64', '-machine',
               f'virt,virtualization=on,gic-version={gic}', '-cpu', 'cortex-a53', '-smp', '2',
               '-m', '2G', '-display', 'none', '-nodefaults', '-serial', 'stdio',
               '-icount', 'shift=0,sleep=off',
               '-singlestep', '-d', 'exec,nochain', '-D', '/dev/stdout', '-dfilter',
               f'{VMM_BASE:#x}+{VMM_BYTES:#x},{KERNEL_BASE:#x}+{KERNEL_BYTES:#x}',
               '-kernel', str(image)]
    found = []
    now = None
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, text=True, errors='replace') as qemu:
        for line in qemu.stdout:
            match = PLACE.search(line)
            if match:
                address = int(match[1], 16)
                if address == start:
                    found += [now] if now else []
                    now = []
                if now is not None:
                    now.append(address)
            elif line.startswith('done:'):
                break
        process.end(qemu)
    length = Counter(map(len, found)).most_common(1)[0][0]
    return [exit for exit in found if len(exit) == length]


def parts(addresses, kernel, vmm):
    """[[function, instructions], ...] in their order, and how many of them are the kernel's."""
    result = []
    inside = 0
    for address in addresses:
        inside += address >= KERNEL_BASE
        name = (kernel if address >= KERNEL_BASE else vmm).name(address)
        if not result or result[-1][0] != name:
            result.append([name, 0])
        result[-1][1] += 1
    return result, inside


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--gic', type=int, choices=(2, 3), default=3)
    parser.add_argument('--seconds', type=int, default=60)
    arguments = parser.parse_args()
    kernel, vmm = Functions(KERNEL), Functions(VMM)
    for group, what in EXITS.items():
        found = exits(build(group), arguments.gic, arguments.seconds, vmm.start('fault'))
        listed, inside = parts(found[len(found) // 2], kernel, vmm)
        print(f'{what}: {len(found[0])} (kernel {inside}, VMM {len(found[0]) - inside}), '
              f'{len(found)} times')
        print('    ' + ', '.join(f'{name} {count}' for name, count in listed))


if __name__ == '__main__':
    main()
