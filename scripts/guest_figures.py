#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Counts what a guest pays, in instructions, under Bulkhead and natively, and prints a table.

    guest_figures.py [--write]     with --write, docs/results/guests.md is made anew

The system is tests/boot/systems/guests-figures, in the release configuration; the same test guest
runs natively on the same QEMU, without a hypervisor, as the baseline.
"""
import argparse
import os
import re
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

import process

TOP = Path(__file__).resolve().parent.parent
MAIN = Path(os.environ.get('BULKHEAD_BUILD', TOP / 'build/main'))
BOARD = 'qemu_virt_aarch64'
SYSTEM = TOP / 'tests/boot/systems/guests-figures/guests-figures.system'
# Of the system: the VMM of the guest that is counted.
VMM = 'name="counted_vmm" priority="200"'
GUEST = MAIN / 'tests/guest/guest-test.img'
SETTINGS = 'gic 2 0x08000000 0x08010000\ngic 3 0x08000000 0x080a0000\n'
DEVICE = 'virtio rng 0x0b010000 209 1\nirq 34 2\n'
QEMU = ['qemu-system-aarch64', '-cpu', 'cortex-a53', '-display', 'none', '-nodefaults',
        '-serial', 'stdio', '-icount', 'shift=0,sleep=off']

Figure = namedtuple('Figure', 'what target less_native others')
# By the name that the guest prints: what it is, the target, whether the native count is taken off
# before comparing, and what others take (the same QEMU, measured on 2026-11-20).
FIGURES = {
    'emulated read': Figure('read of a register that the VMM emulates, and back', 900, True,
                            'KVM 7,128; libvmm on seL4 4,124'),
    'PSCI_VERSION': Figure('PSCI_VERSION, answered by the VMM', 900, False,
                           'Bao 229; Xen 587; KVM 2,175; libvmm on seL4 3,929'),
    'timer to handler': Figure("virtual timer: expiry to the guest's handler", 200, True,
                               'Bao 212'),
    'timer to handler out of WFI': Figure('the same, out of WFI', None, True, ''),
    'SGI to another CPU': Figure('SGI from vCPU to vCPU on two CPUs, both counted', 700, False,
                                 'KVM 4,863'),
    'SGI to another CPU in WFI': Figure('the same, to a vCPU that waits in WFI', None, False, ''),
    'SPI to handler': Figure("a device's store that raises its SPI, to the guest's handler", None,
                             False, ''),
    'virtio register read': Figure('read of a virtio-mmio register', None, False,
                                   'an exit to the VMM everywhere'),
    'virtio interrupt acknowledgement': Figure('store to InterruptACK', 250, False, ''),
    'virtio kick, VMM not woken': Figure('store to QueueNotify, the VMM being up', 250, False, ''),
    'virtio kick, VMM woken': Figure('the same, the VMM woken on another CPU', 300, False, ''),
    'switch VM to VM': Figure('switch from VM to VM, one way', 900, False, ''),
}
# Groups of the test guest, and what the other guest does meanwhile.
RUNS = {
    'costs': ('test=costs,spi', 'test=psci share=0x50001000'),
    'virtio': ('test=virtio virtio=0x0b010000', 'test=psci share=0x50001000'),
    'switch': ('test=switch pair=0x50000000', 'test=switched pair=0x50000000 share=0x50001000'),
}


def build(arguments, other, folder, cpu=0):
    """The image with these boot arguments of the two guests, the counted one's VMM on this CPU."""
    folder.mkdir(parents=True, exist_ok=True)
    text = SYSTEM.read_text(encoding='utf-8')
    if VMM not in text:
        raise RuntimeError(f'{SYSTEM} has changed')
    description = folder / SYSTEM.name
    description.write_text(text.replace(VMM, f'{VMM} cpu="{cpu}"'), encoding='utf-8')
    for guest, what in (('counted', arguments), ('other', other)):
        device = DEVICE if guest == 'counted' else ''
        (folder / f'{guest}.conf').write_text(f'name {guest}\nbootargs {what}\n{SETTINGS}{device}',
                                              encoding='utf-8')
    image = folder / 'image'
    paths = [folder, MAIN / 'sdk/board' / BOARD / 'release/elf', MAIN / 'systems/one-guest/release',
             GUEST.parent]
    command = [MAIN / 'sdk/bin/bulkhead', 'build', description, '--board', BOARD, '--config',
               'release', '-o', image]
    for path in paths:
        if path.is_dir():
            command += ['--search-path', path]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                   timeout=60)
    return image


def run(arguments):
    """Runs QEMU until the guest is done; {name: (median, worst)}."""
    text = []
    found = {}
    with subprocess.Popen(['timeout', '-s', 'KILL', '300', *QEMU, *map(str, arguments)],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, errors='replace') as qemu:
        for line in qemu.stdout:
            text.append(line)
            match = re.match(r'figure (.+) median (\d+) worst (\d+)', line)
            if match:
                found[match[1]] = (int(match[2]), int(match[3]))
            if line.startswith('done:'):
                break
        process.end(qemu)
    if not text or not re.match(r'done: \d+ passed, 0 failed', text[-1]):
        raise RuntimeError('the guest did not end well:\n' + ''.join(text[-40:]))
    return found


def machine(gic):
    """QEMU's arguments for the machine under Bulkhead."""
    return ['-machine', f'virt,virtualization=on,gic-version={gic}', '-smp', 2, '-m', '2G']


def measure(groups=tuple(RUNS), gics=(2, 3)):
    """{name: {gic: (native median or None, median, worst)}} of these groups."""
    results = {}
    for group in groups:
        image = build(*RUNS[group], TOP / 'build/images/guests-figures' / group)
        for gic in gics:
            native = {}
            if group == 'costs':
                native = run(['-machine', f'virt,gic-version={gic}', '-smp', 2, '-m', '256M',
                              '-kernel', GUEST, '-append', 'test=costs,spi'])
            found = run([*machine(gic), '-kernel', image])
            for name, (median, worst) in found.items():
                results.setdefault(name, {})[gic] = (native.get(name, (None,))[0], median, worst)
    return results


def table(results):
    """The results as a Markdown table."""
    lines = ['| operation | native | GICv2 | worst | GICv3 | worst | target | others |',
             '|---|---|---|---|---|---|---|---|']
    for name, figure in FIGURES.items():
        native = results[name][3][0]
        cells = ['-' if native is None else f'{native:,}']
        for gic in (2, 3):
            cells += [f'{results[name][gic][1]:,}', f'{results[name][gic][2]:,}']
        aim = '-' if figure.target is None else f'{figure.target}'
        if figure.target and figure.less_native:
            aim = f'native + {aim}'
        lines.append(f'| {figure.what} | {" | ".join(cells)} | {aim} | {figure.others or "-"} |')
    return '\n'.join(lines) + '\n'


PAGE = '''<!-- SPDX-License-Identifier: BSD-2-Clause -->
# What guests pay

Instructions on QEMU's Cortex-A53 with `-icount shift=0,sleep=off`, release configuration, all
privilege levels together, to within four. The guest is the bare-metal test guest (tests/guest) with
two vCPUs on two CPUs; *native* is the same program on the same QEMU without a hypervisor, with
GICv3. Medians and worst of 500
single operations each. The instructions of both CPUs are on one clock, so that what
two CPUs do at the same time is added up. Made by `scripts/guest_figures.py --write`.

'''


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--write', action='store_true', help='make docs/results/guests.md anew')
    arguments = parser.parse_args()
    text = table(measure())
    print(text, end='')
    if arguments.write:
        (TOP / 'docs/results/guests.md').write_text(PAGE + text, encoding='utf-8')
    return 0


if __name__ == '__main__':
    sys.exit(main())
