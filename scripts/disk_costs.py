#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""What a disk costs a Linux guest: instructions an operation, natively and under Bulkhead, and
whose they are.

    disk_costs.py [--gic 2|3] [--functions] [--check] [--write]

Both run Debian's kernel on one Cortex-A53 with QEMU's virtIO block device on null-co, which answers
at once: what is counted is path length, of all levels together. The guest's disk goes through its
monitor, the virtualiser and the native driver; the native kernel has the device itself. The program
is guest/probe/disk.c. QEMU executes and logs one instruction at a time; shown is the operation in
the middle of some tens, because a tick of Linux's timer falls into some, and the mean where several
are in flight.

The first table has a line an operation, the second a line a component, and the third what happens
one after the other in a read of 4 KiB. --functions adds the functions in which that read spends its
instructions; --write puts the tables into docs/block.md; --check fails when a limit is exceeded.
"""
import argparse
import gzip
import re
import sys
import tempfile
from pathlib import Path

import disk_trace
import linux_costs as linux

PAGE = linux.TOP / 'docs/block.md'
PROBE = linux.MAIN / 'guest/guest-disk-probe'
BOOTARGS = 'earlycon nokaslr panic=-1 rdinit=/disk-init'
INIT = b'''#!/bin/sh
/bin/busybox mount -t devtmpfs devtmpfs /dev
/bin/busybox mount -t sysfs sysfs /sys
/bin/busybox mount -t proc proc /proc
/bin/busybox modprobe -a virtio_mmio virtio_blk virtio_console
[ -c /dev/hvc0 ] && exec >/dev/hvc0
echo none > /sys/block/vda/queue/scheduler
exec /disk-probe $probe
'''
SYSTEM = f'''<system name="disk-costs">
  <image name="debian" kernel="Image" initrd="initrd-disk"/>
  <disk name="disk0"/>
  <guest name="linux" image="debian" ram="{linux.RAM}" bootargs="{BOOTARGS}">
    <passthrough path="/pl011@9000000"/>
    <disk from="disk0"/>
  </guest>
</system>
'''
NODE = 'virtio_mmio@a003000'
# Operations of each phase that are passed over: QEMU's stop before them makes Linux's timer tick.
WARM = 8
# What it is, the marks around it, and what a guest may pay beyond the native path, in instructions
# or in times it. The promises are 24, 36, 29 and 39 thousand where the native path has 16.1, 25.4,
# 20.3 and 28.3 thousand; this program's is shorter, so what is added is what is judged.
FIGURES = [
    ('4 KiB read', 0, 7900, None),
    ('64 KiB read', 2, 10600, None),
    ('4 KiB write', 4, 8700, None),
    ('64 KiB write', 6, 10700, None),
    ('4 KiB read, 32 in flight', 8, None, 1.25),
]
DRIVE = ['-global', 'virtio-mmio.force-legacy=false', '-global', 'virtio-mmio.ioeventfd=off',
         '-blockdev', 'driver=null-co,node-name=null,size=1073741824,read-zeroes=off',
         '-device', 'virtio-blk-device,drive=null,bus=virtio-mmio-bus.24']


def marks():
    """Address of each label of the program, by its name without `probe_` and `mark_`."""
    listed = linux.checked('aarch64-linux-gnu-nm', PROBE)
    return {int(name) if name.isdigit() else name: int(address, 16)
            for address, name in re.findall(r'(\w+) \w probe_(?:mark_)?(\w+)', listed)}


def make_initrd(to, padding=0):
    """Debian's initrd with the probe and what starts it before it, and before all some padding."""
    archive = linux.cpio.Archive()
    archive.file('disk-probe', PROBE.read_bytes(), 0o755)
    archive.file('disk-init', INIT, 0o755)
    own = archive.to_bytes()
    to.write_bytes(bytes(linux.PADDING * padding) + gzip.compress(own, mtime=0) +
                   (linux.FILES / 'initrd.cpio.gz').read_bytes())


def native_arguments(gic, folder, bootargs=BOOTARGS, ram=linux.RAM, padding=0):
    """QEMU's, without a hypervisor."""
    make_initrd(folder / 'initrd-disk', padding)
    keep, linux.KEPT = linux.KEPT, linux.KEPT + ('virtio_mmio',)
    linux.native_tree(gic, folder / 'tree', ram=ram)
    linux.KEPT = keep
    for node in linux.checked('fdtget', '-l', folder / 'tree', '/').split():
        if node.startswith('virtio_mmio') and node != NODE:
            linux.checked('fdtput', '-r', folder / 'tree', '/' + node)
    return ['-M', f'virt,gic-version={gic}', '-m', ram, '-kernel', linux.FILES / 'Image',
            '-initrd', folder / 'initrd-disk', '-dtb', folder / 'tree', '-append', bootargs, *DRIVE]


def guest_arguments(gic, folder, config='release', description=SYSTEM, padding=0):
    """QEMU's, under Bulkhead."""
    make_initrd(folder / 'initrd-disk', padding)
    (folder / 'disk.system').write_text(description, encoding='utf-8')
    linux.checked(linux.MAIN / 'sdk/bin/bulkhead', 'build', folder / 'disk.system', '--board',
                  linux.BOARD, '--config', config, '--search-path', folder, '--search-path',
                  linux.FILES, '-o', folder / 'image')
    return ['-M', f'virt,virtualization=on,gic-version={gic}', '-m', '2G',
            '-kernel', folder / 'image', *DRIVE]


def trace(gic, arguments):
    """{figure: operations} natively or as a guest, whose QEMU `arguments` has; the operations are
    disk_trace's."""
    places = marks()
    found = {}
    with tempfile.TemporaryDirectory(prefix='bulkhead-disk-') as name:
        folder = Path(name)
        with linux.Machine(folder, arguments(gic, folder)) as machine:
            for figure, first, _, times in FIGURES:
                machine.run_to(places[first])
                listed = disk_trace.operations(
                    disk_trace.record(machine, folder, places[first + 1]),
                    places['answer' if times else 'step'], arguments is guest_arguments, WARM)
                found[figure] = listed if times else [disk_trace.median(listed)]
            machine.run_until('disk: done')
    return found


def measure(gic):
    """{figure: [operations natively, operations as a guest]}."""
    linux.checked(linux.TOP / 'guest/images.py')
    kinds = [trace(gic, arguments) for arguments in (native_arguments, guest_arguments)]
    return {figure[0]: [kind[figure[0]] for kind in kinds] for figure in FIGURES}


def mean(listed):
    """Instructions an operation."""
    return sum(map(disk_trace.length, listed)) / len(listed)


def limit(figure, alone):
    """The most that a guest may pay for one of FIGURES, where a native kernel pays `alone`."""
    _, _, more, times = figure
    return alone + more if more else alone * times


def costs(results):
    """A line an operation."""
    head = ['operation', 'native', 'guest', 'times', 'added', 'at most']
    lines = ['| ' + ' | '.join(head) + ' |', '|---' * len(head) + '|']
    for figure in FIGURES:
        alone, under = map(mean, results[figure[0]])
        lines.append(f'| {figure[0]} | {alone:,.0f} | {under:,.0f} | {under / alone:.2f} | '
                     f'{under - alone:,.0f} | {limit(figure, alone):,.0f} |')
    return '\n'.join(lines) + '\n'


def components(results):
    """A line a component."""
    columns = []
    head = ['component']
    for name, kinds in results.items():
        head += [name + ', native', 'guest']
        columns += map(disk_trace.by_component, kinds)
    lines = ['| ' + ' | '.join(head) + ' |', '|---' * len(head) + '|']
    for who in disk_trace.COMPONENTS:
        cells = [f'{column[who]:,.0f}' if column[who] else '-' for column in columns]
        lines.append(f'| {who} | ' + ' | '.join(cells) + ' |')
    lines.append('| all | ' + ' | '.join(f'{sum(column.values()):,.0f}' for column in columns) +
                 ' |')
    return '\n'.join(lines) + '\n'


def order(operation):
    """A line a stay."""
    lines = ['| | component | instructions |', '|---|---|---|']
    lines += [f'| {at} | {who} | {len(part):,} |' for at, (who, part) in enumerate(operation, 1)]
    return '\n'.join(lines) + '\n'


def write(mark, text):
    """Puts a table between its marks in the manual."""
    begin, end = f'<!-- {mark} -->\n', f'<!-- end of {mark} -->\n'
    before, rest = PAGE.read_text(encoding='utf-8').split(begin)
    PAGE.write_text(before + begin + text + end + rest.split(end)[1], encoding='utf-8')


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--gic', type=int, choices=(2, 3), default=3)
    parser.add_argument('--functions', action='store_true')
    parser.add_argument('--check', action='store_true')
    parser.add_argument('--write', action='store_true')
    arguments = parser.parse_args()
    results = measure(arguments.gic)
    read = results[FIGURES[0][0]][1][0]
    tables = {'disk costs': costs(results), 'disk components': components(results),
              'disk order': order(read)}
    print('\n'.join(tables.values()), end='')
    if arguments.functions:
        print()
        for (who, function), count in disk_trace.by_function(read):
            print(f'{count:6} {who}: {function}')
    if arguments.write:
        for mark, text in tables.items():
            write(mark, text)
    over = [figure[0] for figure in FIGURES
            if mean(results[figure[0]][1]) > limit(figure, mean(results[figure[0]][0]))]
    return 1 if arguments.check and over else 0


if __name__ == '__main__':
    sys.exit(main())
