#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""What a disk costs a Linux guest: instructions an operation, natively and under Bulkhead.

    disk_costs.py [--gic 2|3] [--check]

Both run Debian's kernel on one Cortex-A53 with QEMU's virtIO block device on null-co, which answers
at once: what is counted is path length, of all levels together. The guest's disk goes through its
monitor, the virtualiser and the native driver; the native kernel has the device itself. The program
is guest/probe/disk.c. --check fails when a limit is exceeded.
"""
import argparse
import gzip
import re
import sys
import tempfile
from pathlib import Path

import linux_costs as linux

PROBE = linux.MAIN / 'guest/guest-disk-probe'
BOOTARGS = 'earlycon nokaslr panic=-1 rdinit=/disk-init'
INIT = b'''#!/bin/sh
/bin/busybox mount -t devtmpfs devtmpfs /dev
/bin/busybox mount -t sysfs sysfs /sys
/bin/busybox mount -t proc proc /proc
/bin/busybox modprobe -a virtio_mmio virtio_blk
echo none > /sys/block/vda/queue/scheduler
exec /disk-probe
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
COUNT, DEEP = 256, 4096
# What it is, the marks around it, operations; and what a guest may pay beyond the native path, in
# instructions or in times it. The promises are 24, 36, 29 and 39 thousand where the native path has
# 16.1, 25.4, 20.3 and 28.3 thousand; this program's is shorter, so what is added is what is judged.
FIGURES = [
    ('4 KiB read', 0, COUNT, 7900, None),
    ('64 KiB read', 2, COUNT, 10600, None),
    ('4 KiB write', 4, COUNT, 8700, None),
    ('64 KiB write', 6, COUNT, 10700, None),
    ('4 KiB read, 32 in flight', 8, DEEP, None, 1.25),
]
DRIVE = ['-global', 'virtio-mmio.force-legacy=false', '-global', 'virtio-mmio.ioeventfd=off',
         '-blockdev', 'driver=null-co,node-name=null,size=1073741824,read-zeroes=off',
         '-device', 'virtio-blk-device,drive=null,bus=virtio-mmio-bus.24']


def marks():
    """Address of each label of the program."""
    listed = linux.checked('aarch64-linux-gnu-nm', PROBE)
    return {int(number): int(address, 16)
            for address, number in re.findall(r'(\w+) \w probe_mark_(\d)', listed)}


def make_initrd(to):
    """Debian's initrd with the probe and what starts it before it."""
    archive = linux.cpio.Archive()
    archive.file('disk-probe', PROBE.read_bytes(), 0o755)
    archive.file('disk-init', INIT, 0o755)
    own = archive.to_bytes()
    to.write_bytes(gzip.compress(own, mtime=0) + (linux.FILES / 'initrd.cpio.gz').read_bytes())


def count(machine):
    """{figure: instructions an operation}."""
    places = marks()
    found = {}
    for name, first, operations, *_ in FIGURES:
        start = machine.run_to(places[first])
        found[name] = (machine.run_to(places[first + 1]) - start) / operations
    machine.run_until('disk: done')
    return found


def native(gic, folder):
    """Without a hypervisor."""
    make_initrd(folder / 'initrd-disk')
    keep, linux.KEPT = linux.KEPT, linux.KEPT + ('virtio_mmio',)
    linux.native_tree(gic, folder / 'tree')
    linux.KEPT = keep
    for node in linux.checked('fdtget', '-l', folder / 'tree', '/').split():
        if node.startswith('virtio_mmio') and node != NODE:
            linux.checked('fdtput', '-r', folder / 'tree', '/' + node)
    with linux.Machine(folder, ['-M', f'virt,gic-version={gic}', '-m', linux.RAM,
                                '-kernel', linux.FILES / 'Image', '-initrd', folder / 'initrd-disk',
                                '-dtb', folder / 'tree', '-append', BOOTARGS, *DRIVE]) as machine:
        return count(machine)


def guest(gic, folder, config='release'):
    """Under Bulkhead."""
    make_initrd(folder / 'initrd-disk')
    (folder / 'disk.system').write_text(SYSTEM, encoding='utf-8')
    linux.checked(linux.MAIN / 'sdk/bin/bulkhead', 'build', folder / 'disk.system', '--board',
                  linux.BOARD, '--config', config, '--search-path', folder, '--search-path',
                  linux.FILES, '-o', folder / 'image')
    with linux.Machine(folder, ['-M', f'virt,virtualization=on,gic-version={gic}', '-m', '2G',
                                '-kernel', folder / 'image', *DRIVE]) as machine:
        return count(machine)


def limit(figure, alone):
    """The most that a guest may pay for one of FIGURES."""
    name, _, _, more, times = figure
    return alone[name] + more if more else alone[name] * times


def measure(gic):
    """({figure: instructions} natively, the same as a guest)."""
    linux.checked(linux.TOP / 'guest/images.py')
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as two:
        return native(gic, Path(one)), guest(gic, Path(two))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--gic', type=int, choices=(2, 3), default=3)
    parser.add_argument('--check', action='store_true')
    arguments = parser.parse_args()
    alone, under = measure(arguments.gic)
    print('| operation | native | guest | times | at most |\n|---|---|---|---|---|')
    good = True
    for figure in FIGURES:
        name = figure[0]
        good = good and under[name] <= limit(figure, alone)
        print(f'| {name} | {alone[name]:,.0f} | {under[name]:,.0f} | '
              f'{under[name] / alone[name]:.2f} | {limit(figure, alone):,.0f} |')
    return 1 if arguments.check and not good else 0


if __name__ == '__main__':
    sys.exit(main())
