# SPDX-License-Identifier: BSD-2-Clause
"""What the programs in Linux guests (guest/probe) say, and the images that they are in: the same
on every system."""
import gzip
import json
import re
import sys
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(TOP / 'scripts'))
import disk_costs  # noqa: E402
import linux_costs  # noqa: E402

TICK = linux_costs.TICK
# Of guest/probe/probe.c.
SYSCALLS, ROUNDS = 300_000, 20_000_000
SYSTEM_CALLS = ('syscall', 'compute')
DISK = tuple(f'block_{way}_{size}{depth}' for depth in ('', '_deep') for size in ('4k', '64k')
             for way in ('read', 'write'))
# What a guest with fio needs, whose archive is unpacked to half of it at most.
FIO_RAM = '512M'
# Jobs of fio, by figure. Their seed and the number of operations are fixed, so that each does the
# same again.
FIO_COMMON = ('--name=job --filename=/dev/vda --direct=1 --thread --randseed=1 --norandommap '
              '--random_generator=lfsr --gtod_reduce=1 --number_ios=32768 --size=512M '
              '--output-format=terse --terse-version=3')
FIO = {
    'block_fio_read_4k': '--rw=randread --bs=4k --ioengine=psync',
    'block_fio_write_4k': '--rw=randwrite --bs=4k --ioengine=psync',
    'block_fio_read_4k_deep': '--rw=randread --bs=4k --ioengine=libaio --iodepth=32',
}
# Of fio's terse output, version 3, from 0 on: operations a second of reads and writes.
FIO_READS, FIO_WRITES = 7, 48
FIO_INIT = '''#!/bin/sh
/bin/busybox mount -t devtmpfs devtmpfs /dev
/bin/busybox mount -t sysfs sysfs /sys
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t tmpfs tmpfs /tmp
/bin/busybox modprobe -a virtio_mmio virtio_blk virtio_console
[ -c /dev/hvc0 ] && exec >/dev/hvc0
echo none > /sys/block/vda/queue/scheduler
'''


def images(quick):
    """Makes the images of Debian's kernel if they are not there, with fio unless it is a quick run;
    {what: version} of what is in them."""
    linux_costs.checked(TOP / 'guest/images.py', *([] if quick else ['--bench']))
    manifest = json.loads((linux_costs.FILES / 'manifest.json').read_text(encoding='utf-8'))
    packages = {package['name']: package['version'] for package in manifest['inputs']['packages']}
    found = {'guest': next(f'Linux {version}' for name, version in packages.items()
                           if name.startswith('linux-image'))}
    if not quick:
        found['fio'] = packages['fio']
    return found


def flags():
    """The commands of the machines that were started since this was asked last, each once."""
    found = list(dict.fromkeys(linux_costs.Machine.commands))
    linux_costs.Machine.commands.clear()
    return found


def system_calls(ticks):
    """The figures of what linux_costs says about the probe."""
    return {'syscall': ticks['getppid'] / SYSCALLS, 'compute': ticks['compute'] / ROUNDS}


def disk(said):
    """The figures that `disk-probe bench` printed."""
    found = {name: TICK * int(ticks) / int(count)
             for name, count, ticks in re.findall(r'disk: (block_\w+) (\d+) (\d+)', said)}
    if set(found) != set(DISK):
        raise RuntimeError(f'the program measured something else: {said[-2000:]}')
    return found


def worked(said, guests):
    """Rounds a tick that so many `probe busy` got done together, from what they printed."""
    shares = [int(rounds) / int(ticks)
              for rounds, ticks in re.findall(r'probe: busy (\d+) (\d+)', said)]
    if len(shares) != guests:
        raise RuntimeError(f'there are not {guests} that were busy: {said[-2000:]}')
    return sum(shares)


def lost(one, two):
    """What two guests on a CPU get done less than one, in %; both are what `probe busy` printed."""
    return {'busy_two': 100 * (1 - worked(two, 2) / worked(one, 1))}


def fio_initrd(to):
    """Debian's initrd with fio, and what runs all its jobs before it: /fio-init. The disk is
    /dev/vda."""
    jobs = [f'echo job {name}\nfio {FIO_COMMON} {job}\n' for name, job in FIO.items()]
    init = FIO_INIT + ''.join(jobs) + 'echo job end\nexec /bin/busybox poweroff -f\n'
    archive = linux_costs.cpio.Archive()
    archive.file('fio-init', init.encode(), 0o755)
    to.write_bytes(gzip.compress(archive.to_bytes(), mtime=0) +
                   (linux_costs.FILES / 'initrd-bench.cpio.gz').read_bytes())


def fio(said):
    """The figures of fio's jobs: a nanosecond of the guest is an instruction."""
    found = {}
    for name in FIO:
        match = re.search(rf'^job {name}\r?\n(3;.*)', said, re.M)
        if not match:
            raise RuntimeError(f'fio did not do {name}: {said[-2000:]}')
        fields = match[1].split(';')
        found[name] = 1e9 / int(fields[FIO_WRITES if 'write' in name else FIO_READS])
    return found
