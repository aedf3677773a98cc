#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""How long a protection domain above two guests waits for its interrupt, in instructions.

    guest_urgent.py [--gic 2|3] [--count N]

The system is tests/boot/systems/guests-urgent, in the release configuration on one Cortex-A53. The
guests do their worst meanwhile: exits, SGIs, timers, changes of page tables, faults and reboots.
Prints the longest wait of so many.
"""
import argparse
import re
import tempfile
from pathlib import Path

import linux_costs as linux

SYSTEM = linux.TOP / 'tests/boot/systems/guests-urgent/guests-urgent.system'
CONF = """name {name}
bootargs share=0x50000000 test=worst kinds={kinds}
gic 2 0x08000000 0x08010000
gic 3 0x08000000 0x080a0000
crash restart
"""
# What the guests do: all of it, or all but stores to the interrupt controller's registers.
ALL, NO_CONTROLLER = '0xff', '0xdf'
# What the protection domain prints at last; a nanosecond is an instruction.
SAID = (r'urgent: (\d+) interrupts, worst (\d+) ns; '
        r'guests rebooted (\d+) and (\d+) times')
# How often each guest has rebooted before the figure counts, and seconds that it may take.
REBOOTS, SECONDS = 2, 600


def build(folder, kinds, count, vcpus=8):
    """The image in which the interrupt is awaited so many times; of the guests one has so many
    vCPUs."""
    description = folder / SYSTEM.name
    lines = SYSTEM.read_text(encoding='utf-8').splitlines()
    description.write_text('\n'.join(
        line for line in lines
        if not re.search(rf'<vcpu id="[{vcpus}-9]"/>', line)) + '\n', encoding='utf-8')
    for name in ('first', 'second'):
        (folder / f'{name}.conf').write_text(CONF.format(name=name, kinds=kinds), encoding='utf-8')
    (folder / 'count').write_bytes(count.to_bytes(8, 'little'))
    command = [linux.MAIN / 'sdk/bin/bulkhead', 'build', description, '--board', linux.BOARD,
               '--config', 'release', '-o', folder / 'image']
    for path in (folder, linux.MAIN / 'sdk/board' / linux.BOARD / 'release/elf',
                 linux.MAIN / 'tests/guest', linux.MAIN / 'systems/guests-urgent/release'):
        command += ['--search-path', path]
    linux.checked(*command)
    return folder / 'image'


def worst(gic, count, kinds=ALL):
    """The longest wait of so many, in instructions."""
    with tempfile.TemporaryDirectory(prefix='bulkhead-urgent-') as name:
        folder = Path(name)
        arguments = ['-M', f'virt,virtualization=on,gic-version={gic}', '-m', '2G',
                     '-kernel', build(folder, kinds, count)]
        with linux.Machine(folder, arguments) as machine:
            said = machine.run_until(' times\n', SECONDS)
    match = re.search(SAID, said)
    if not match or int(match[1]) != count or min(int(match[3]), int(match[4])) < REBOOTS:
        raise RuntimeError(f'the interrupts were not counted beside the guests: {said[-2000:]}')
    return int(match[2])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--gic', type=int, choices=(2, 3), default=3)
    parser.add_argument('--count', type=int, default=1000)
    arguments = parser.parse_args()
    print(f'{worst(arguments.gic, arguments.count)} instructions at most, '
          f'{arguments.count} interrupts')


if __name__ == '__main__':
    main()
