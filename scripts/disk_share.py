#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""What several guests get of one disk together, beside what one gets.

    disk_share.py [--gic 2|3] [--guests N] [--check]

The guests are on one Cortex-A53 and read 4 KiB again and again, each from its own extent of QEMU's
null-co, which answers at once, one at a time or with 32 in flight (guest/probe/disk.c). When all
have begun, the machine goes on for a fixed number of instructions; the disk's own counter says how
many reads were done. The CPU is always busy, so that instructions stand for time. --check fails
when all together get less than 0.9 times what one gets alone.
"""
import argparse
import sys
import tempfile
import time
from pathlib import Path

import disk_costs
import linux_costs as linux

RAM = '128M'
SECTORS = 131072
WAYS = {'alone': '4 KiB read', 'deep': '4 KiB read, 32 in flight'}
# Instructions that are counted, after as many that let all of them come to their pace.
WINDOW = 600_000_000
LEAST = 0.9


def system(guests, way):
    """The description; all guests are on the first CPU."""
    lines = ['<system name="disk-share">',
             '  <image name="debian" kernel="Image" initrd="initrd-disk"/>',
             '  <console/>', '  <disk name="disk0"/>']
    for number in range(guests):
        lines += [f'  <guest name="guest{number}" image="debian" ram="{RAM}" cpus="0" bootargs='
                  f'"console=hvc0 nokaslr panic=-1 rdinit=/disk-init quiet probe={way}">',
                  '    <console/>',
                  f'    <disk from="disk0" first="{number * SECTORS}" sectors="{SECTORS}"/>',
                  '  </guest>']
    return '\n'.join([*lines, '</system>', ''])


def begun(machine, guests, seconds=600):
    """Goes on until every guest reads."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        machine.go_on_for(WINDOW // 2)
        said = machine.console.read_text(encoding='utf-8', errors='replace')
        if said.count('disk: begins') == guests:
            return
    raise RuntimeError(f'not all {guests} guests read: {said[-2000:]}')


def reads(gic, guests, way):
    """Reads in a million instructions, of all guests together."""
    with tempfile.TemporaryDirectory(prefix='bulkhead-disk-') as name:
        folder = Path(name)
        arguments = disk_costs.guest_arguments(gic, folder, description=system(guests, way))
        with linux.Machine(folder, arguments) as machine:
            begun(machine, guests)
            machine.go_on_for(WINDOW)
            start, before = machine.count(), machine.reads()
            machine.go_on_for(WINDOW)
            return (machine.reads() - before) / (machine.count() - start) * 1e6


def measure(gic, guests):
    """{way: (reads in a million instructions of one guest, of all)}."""
    linux.checked(linux.TOP / 'guest/images.py')
    return {way: (reads(gic, 1, way), reads(gic, guests, way)) for way in WAYS}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--gic', type=int, choices=(2, 3), default=3)
    parser.add_argument('--guests', type=int, default=8)
    parser.add_argument('--check', action='store_true')
    arguments = parser.parse_args()
    found = measure(arguments.gic, arguments.guests)
    print(f'| reads in a million instructions | one guest | {arguments.guests} guests | times |\n'
          '|---|---|---|---|')
    for way, (one, all_of_them) in found.items():
        print(f'| {WAYS[way]} | {one:.1f} | {all_of_them:.1f} | {all_of_them / one:.2f} |')
    fair = all(all_of_them >= LEAST * one for one, all_of_them in found.values())
    return 1 if arguments.check and not fair else 0


if __name__ == '__main__':
    sys.exit(main())
