#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""What many guests on one switch get together, beside what two get.

    net_scale.py [--gic 2|3] [--pairs N] [--check]

All guests run Debian's kernel on the only CPU, a Cortex-A53. When each has pinged all others, half
of them send a TCP stream to one of the other half each, with the offloads that the devices have, or
without (guest/probe/net.c). The CPU is always busy, so that bytes an instruction, of all levels
together, stand for throughput. --check fails when all pairs together get less than 0.9 times what
one alone gets.
"""
import argparse
import sys
import tempfile
from pathlib import Path

import linux_costs as linux
import net_costs

RAM, BOARD_RAM = '128M', 4 << 30
BOOTARGS = 'quiet nokaslr panic=-1 rdinit=/net-init console=hvc0'
# A guest that does not answer yet is asked again; then all must answer at once.
INIT = net_costs.up('10.0.0.$number', then='''exec >/dev/hvc0 2>&1
echo "net: $number is up"
for other in $(/bin/busybox seq $guests); do
    until /bin/busybox ping -c 1 -W 3 10.0.0.$other >/dev/null; do :; done
done
for other in $(/bin/busybox seq $guests); do
    /bin/busybox ping -c 1 -W 10 10.0.0.$other >/tmp/said && continue
    echo "net: $number does not reach $other"
done
echo "net: $number has pinged $guests"
exec /net-probe $role
''')
WAYS = {'load': 'TCP', 'plain': 'TCP without offloads'}
# The program passes its mark behind so many bytes.
MARK, CHUNK = 8, 128 << 10
# Chunks of each pair that are counted, after some that let all come to their pace.
CHUNKS, WARM = 64, 16
# Most seconds for a pair to boot and to find the others.
BOOT_SECONDS = 120
LEAST = 0.9


def system(guests, roles, cpus=1):
    """The description of a system of so many guests, on so many CPUs; roles says what a guest of
    that number does behind its pings."""
    lines = ['<system name="net-scale">',
             '  <image name="debian" kernel="Image" initrd="initrd-net"/>',
             '  <console colours="off"/>', '  <network name="lan"/>']
    for number in range(1, guests + 1):
        arguments = f'{BOOTARGS} number={number} guests={guests} role="{roles(number)}"'
        lines += [f'  <guest name="g{number}" image="debian" ram="{RAM}" '
                  f'cpus="{number % cpus}" bootargs=\'{arguments}\'>',
                  '    <console/>', '    <net on="lan"/>', '  </guest>']
    return '\n'.join([*lines, '</system>', ''])


def build(folder, guests, roles=lambda number: '', cpus=1, config='release'):
    """The image of that system."""
    net_costs.make_initrd(folder / 'initrd-net', INIT)
    (folder / 'net.system').write_text(system(guests, roles, cpus), encoding='utf-8')
    linux.checked(linux.MAIN / 'sdk/bin/bulkhead', 'build', folder / 'net.system', '--board',
                  linux.BOARD, '--ram', BOARD_RAM, '--config', config, '--search-path', folder,
                  '--search-path', linux.FILES, '-o', folder / 'image')
    return folder / 'image'


def cost(gic, pairs, way):
    """Instructions a byte while so many pairs stream: each even guest sends to the one before it.
    """
    mark = net_costs.marks()[MARK]
    with tempfile.TemporaryDirectory(prefix='bulkhead-net-') as name:
        folder = Path(name)
        image = build(folder, 2 * pairs,
                      lambda number: '' if number % 2 else f'{way} 10.0.0.{number - 1}')
        arguments = ['-M', f'virt,virtualization=on,gic-version={gic}', '-m',
                     f'{BOARD_RAM >> 20}M', '-kernel', image]
        with linux.Machine(folder, arguments) as machine:
            said = machine.run_until('net: swallows', BOOT_SECONDS * pairs, pairs)
            machine.stop()
            start = machine.run_to(mark, pairs * WARM)
            spent = machine.run_to(mark, pairs * CHUNKS) - start
    if said.count(f'has pinged {2 * pairs}') != 2 * pairs or 'does not reach' in said:
        raise RuntimeError(f'not every guest reaches all others: {said[-2000:]}')
    return spent / (pairs * CHUNKS * CHUNK)


def measure(gic, pairs):
    """{way: (instructions a byte of one pair, of all)}."""
    linux.checked(linux.TOP / 'guest/images.py')
    return {way: (cost(gic, 1, way), cost(gic, pairs, way)) for way in WAYS}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--gic', type=int, choices=(2, 3), default=3)
    parser.add_argument('--pairs', type=int, default=8)
    parser.add_argument('--check', action='store_true')
    options = parser.parse_args()
    found = measure(options.gic, options.pairs)
    print(f'| instructions a byte | one pair | {options.pairs} pairs | throughput, times |\n'
          '|---|---|---|---|')
    for way, (one, all_of_them) in found.items():
        print(f'| {WAYS[way]} | {one:.2f} | {all_of_them:.2f} | {one / all_of_them:.2f} |')
    good = all(LEAST * all_of_them <= one for one, all_of_them in found.values())
    return 1 if options.check and not good else 0


if __name__ == '__main__':
    sys.exit(main())
