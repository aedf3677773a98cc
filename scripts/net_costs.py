#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""What the network between two Linux guests costs: instructions of all levels together.

    net_costs.py [--gic 2|3] [--trusted] [--check] [--parts [--functions]]

Both guests run Debian's kernel on the only CPU, a Cortex-A53, and share a switch; the program is
guest/probe/net.c. A packet of 64 bytes goes and comes back over UDP, and TCP carries a stream from
one guest to the other, with the offloads that the devices have and without.

--trusted trusts the switch with the guests' memory, so that it copies each frame once.

--check fails when a limit is exceeded. --parts tells where the instructions of some packets, and of
a piece of the stream, go: QEMU executes and logs one instruction at a time for that. --functions
does so for each function of the kernel and of the programs.
"""
import argparse
import collections
import gzip
import re
import sys
import tempfile
from pathlib import Path

import count_echo
import disk_trace
import linux_costs as linux

PROBE = linux.MAIN / 'guest/guest-net-probe'
BOOTARGS = 'quiet nokaslr panic=-1 rdinit=/net-init'


def up(address, *, modules='virtio_mmio virtio_console virtio_net', then):
    """The first program of a guest: brings the network up and goes on with `then`, lines of the
    shell."""
    return f'''#!/bin/sh
/bin/busybox mount -t devtmpfs devtmpfs /dev
/bin/busybox mount -t sysfs sysfs /sys
/bin/busybox mount -t proc proc /proc
/bin/busybox modprobe -a {modules}
/bin/busybox ifconfig lo up
/bin/busybox ifconfig eth0 {address} up
{then}'''.encode()


INIT = up('10.0.0.$number', then='exec /net-probe $role >/dev/hvc0 2>&1\n')
ROLES = {'left': 'number=1', 'right': 'number=2 role="client 10.0.0.1"'}
SYSTEM = '''<system name="net-costs">
  <image name="debian" kernel="Image" initrd="initrd-net"/>
  <console/>
  <network name="lan"{network}/>
  {guests}
</system>
'''
GUEST = '''<guest name="{name}" image="debian" ram="256M" cpus="0" bootargs='{arguments}'>
    <console/>
    <net on="lan"/>
  </guest>'''
ROUNDS, STREAM = 512, 16 << 20
# What it is, the marks around it, how often it is done, and the most instructions each time.
FIGURES = [
    ('UDP, 64 bytes, a round trip', 0, ROUNDS, 60000),
    ('TCP, a byte', 2, STREAM, 2.5),
    ('TCP without offloads, a byte', 4, STREAM, 8),
]
# Instructions of a phase that are logged for --parts, behind its first mark.
LOGGED = 1500000
PROGRAMS = {'switch': 'switch.elf', 'VMM': 'vmm.elf', 'serial': 'serial.elf', 'PL011': 'pl011.elf',
            'timer': 'timer.elf'}


def marks():
    """Address of each label of the program."""
    listed = linux.checked('aarch64-linux-gnu-nm', PROBE)
    return {int(number): int(address, 16)
            for address, number in re.findall(r'(\w+) \w probe_mark_(\d+)', listed)}


def make_initrd(to, init=INIT, padding=0):
    """Debian's initrd with the probe and what starts it before it, and before all some padding."""
    archive = linux.cpio.Archive()
    archive.file('net-probe', PROBE.read_bytes(), 0o755)
    archive.file('net-init', init, 0o755)
    to.write_bytes(bytes(linux.PADDING * padding) + gzip.compress(archive.to_bytes(), mtime=0) +
                   (linux.FILES / 'initrd.cpio.gz').read_bytes())


def build(folder, roles, network='', config='release', padding=0):
    """The image of a system with a guest for each of roles: {name: arguments}."""
    make_initrd(folder / 'initrd-net', padding=padding)
    guests = '\n  '.join(GUEST.format(name=name, arguments=f'{BOOTARGS} console=hvc0 {role}')
                         for name, role in roles.items())
    (folder / 'net.system').write_text(SYSTEM.format(network=network, guests=guests),
                                       encoding='utf-8')
    linux.checked(linux.MAIN / 'sdk/bin/bulkhead', 'build', folder / 'net.system', '--board',
                  linux.BOARD, '--config', config, '--search-path', folder, '--search-path',
                  linux.FILES, '-o', folder / 'image')
    return folder / 'image'


TRUSTED = ' trusted="yes"'


def machine(gic, folder, *more, roles=None, padding=0, network=''):
    """The machine with the guests of roles, else the two that are measured."""
    image = build(folder, roles or ROLES, network, padding=padding)
    return linux.Machine(folder, ['-M', f'virt,virtualization=on,gic-version={gic}', '-m', '2G',
                                  '-kernel', image, *more])


def phases(board):
    """{figure: instructions each} of a machine that goes on until the program runs in guests."""
    places = marks()
    found = {}
    for name, first, times, _ in FIGURES:
        start = board.run_to(places[first])
        found[name] = (board.run_to(places[first + 1]) - start) / times
    board.run_until('net: done')
    return found


def measure(gic, padding=0, network=''):
    """{figure: instructions each}; network= has further attributes of the network."""
    linux.checked(linux.TOP / 'guest/images.py')
    with tempfile.TemporaryDirectory() as folder, machine(
            gic, Path(folder), padding=padding, network=network) as board:
        return phases(board)


def parts(gic, network=''):
    """{figure: [(component, addresses)]} of the beginning of each phase."""
    linux.checked(linux.TOP / 'guest/images.py')
    places = marks()
    case = count_echo.Case('', None, None, 1,
                           {name: count_echo.SDK / elf for name, elf in PROGRAMS.items()}, None)
    found = {}
    for name, first, *_ in FIGURES:
        with tempfile.TemporaryDirectory() as folder:
            log = Path(folder) / 'log'
            with machine(gic, Path(folder), '-D', log, network=network) as board:
                board.run_to(places[first])
                board.log_until(board.count() + LOGGED)
            found[name] = count_echo.stays(case, disk_trace.addresses_of(log))
    return found


def print_stays(name, stays, programs, functions):
    """Where the instructions of these stays go, in hundredths; functions: how many functions."""
    total = collections.Counter()
    single = collections.Counter()
    visits = collections.Counter()
    for who, addresses in stays:
        total[who] += len(addresses)
        visits[who] += 1
        if who in programs:
            for address in addresses:
                single[who, programs[who].function(address)] += 1
    everything = sum(total.values())
    print(f'{name}: {everything:,} instructions')
    for who, count in total.most_common():
        print(f'  {100 * count / everything:6.2f} % {count:9,}, {visits[who]:5,} stays: {who}')
    for (who, function), count in single.most_common(functions):
        print(f'  {100 * count / everything:6.2f} % {count:9,} {who}: {function}')


def read_programs(names):
    """{name: Program} of the kernel and of programs of the SDK."""
    return {name: count_echo.Program(count_echo.SDK / elf)
            for name, elf in {**names, 'kernel': 'kernel.elf'}.items()}


def print_parts(gic, network, functions):
    """Where the instructions go."""
    programs = read_programs(PROGRAMS)
    for name, stays in parts(gic, network).items():
        print_stays(name, stays, programs, 40 if functions else 0)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--gic', type=int, choices=(2, 3), default=3)
    parser.add_argument('--trusted', action='store_true')
    parser.add_argument('--check', action='store_true')
    parser.add_argument('--parts', action='store_true')
    parser.add_argument('--functions', action='store_true')
    arguments = parser.parse_args()
    network = TRUSTED if arguments.trusted else ''
    if arguments.parts:
        print_parts(arguments.gic, network, arguments.functions)
        return 0
    found = measure(arguments.gic, network=network)
    print('| what | instructions | at most |\n|---|---|---|')
    for name, _, _, most in FIGURES:
        print(f'| {name} | {found[name]:,.2f} | {most:,} |')
    good = all(found[name] <= most for name, _, _, most in FIGURES)
    return 1 if arguments.check and not good else 0


if __name__ == '__main__':
    sys.exit(main())
