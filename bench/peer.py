# SPDX-License-Identifier: BSD-2-Clause
"""What Linux with KVM and Xen have in common as the peers that are measured: a host of
bench/hosts.py that starts guests, and guests that find their devices by the peer's own drivers.

A peer's guests run what everybody's guests run (bench/linux.py, tests/guest), with the same boot
arguments; before the first program comes what loads the drivers of the peer's devices.
"""
import re
import tempfile
from contextlib import contextmanager
from pathlib import Path

import linux
from linux import disk_costs, linux_costs

import count_echo
import net_costs
import uplink_costs

GIC = 3
# The host's own disk is the board's, as everybody's; the network device is there where it is used.
BOARD = ['-M', f'virt,virtualization=on,gic-version={GIC}', '-m', '2G', *disk_costs.DRIVE]
HOST_ARGUMENTS = 'nokaslr quiet panic=-1 console=ttyAMA0 rdinit=/host-init'
# Before what a script of the host has of its own.
HOST_INIT = '''#!/bin/sh
export PATH=/bin:/sbin:/usr/bin:/usr/sbin
/bin/busybox --install -s
mount -t devtmpfs devtmpfs /dev
mount -t sysfs sysfs /sys
mount -t proc proc /proc
mkdir -p /dev/shm /dev/pts
mount -t devpts devpts /dev/pts
mount -t tmpfs tmpfs /dev/shm
# Lines as guests end them; nothing of the host's own in between, nor on the network.
stty -onlcr
echo 0 >/proc/sys/kernel/printk
echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6
modprobe -a virtio_mmio virtio_blk virtio_net
[ -d /sys/block/vda ] && echo none >/sys/block/vda/queue/scheduler
'''
# Behind it: init must not end.
HOST_END = '\nexec sleep 1000000\n'
# Before a guest's first program, which is in `next` of its boot arguments.
GUEST_INIT = '''#!/bin/sh
/bin/busybox mount -t devtmpfs devtmpfs /dev
/bin/busybox mount -t sysfs sysfs /sys
/bin/busybox mount -t proc proc /proc
{drivers}
exec $next "$@"
'''
# Of guests with devices and without.
MEMORIES = ('memory_guest', 'memory_guest_console')
# What is free, before a guest starts and when it is ready.
MEMORY = '''show_memory() {{
    sync
    echo 3 >/proc/sys/vm/drop_caches
    grep MemFree /proc/meminfo
    [ -d /proc/xen ] && xl info | grep free_memory
}}
show_memory
{start}
until {ready}; do sleep 1; done
sleep 5
show_memory
echo host: done
'''
BRIDGE = '''ip link add br0 type bridge mcast_snooping 0
ip link set br0 up
'''
OUTSIDE_BRIDGE = BRIDGE + '''ip link set eth0 up
ip link set eth0 master br0
'''
MARK = linux_costs.MAIN / 'guest/guest-mark'
# How the test guest's last line ends; it is printed character by character.
MICRO_END = ' failed'
# What the test guest prints and the figures that it gives.
MICRO = {'emulated read': 'mmio_exit', 'PSCI_VERSION': 'hypercall', 'timer to handler': 'timer',
         'timer to handler out of WFI': 'timer_wfi', 'SGI to another CPU': 'ipi',
         'SGI to another CPU in WFI': 'ipi_wfi', 'virtio register read': 'virtio_read',
         'virtio interrupt acknowledgement': 'virtio_ack', 'virtio kick, VMM woken': 'kick',
         'virtio kick, VMM not woken': 'kick_awake',
         'SPI to handler': 'spi', 'switch VM to VM': 'vm_switch'}
NET = dict(zip(('net_udp', 'net_tcp', 'net_tcp_plain'),
               (name for name, *_ in net_costs.FIGURES)))
OUTSIDE = {uplink_costs.UDP: 'net_out_udp', uplink_costs.TCP: 'net_out_tcp_send',
           uplink_costs.TCP_BACK: 'net_out_tcp_receive'}


def mark():
    """Address of the label behind which the host starts a guest."""
    listed = linux_costs.checked('aarch64-linux-gnu-nm', MARK)
    return next(int(line.split()[0], 16) for line in listed.splitlines()
                if line.endswith('probe_mark_0'))


def guest_arguments(bootargs):
    """Boot arguments with which GUEST_INIT comes before the first program."""
    return bootargs.replace('rdinit=', 'rdinit=/peer-init next=')


def guest_initrd(made, drivers):
    """A guest's initrd with GUEST_INIT before it; `drivers` are lines of the shell."""
    archive = linux_costs.cpio.Archive()
    archive.file('peer-init', GUEST_INIT.format(drivers=drivers).encode(), 0o755)
    return archive.to_bytes() + made


def made(make):
    """What a function like disk_costs.make_initrd() writes to a file."""
    with tempfile.TemporaryDirectory(prefix='bulkhead-bench-') as folder:
        make(Path(folder) / 'initrd')
        return (Path(folder) / 'initrd').read_bytes()


def host_initrd(to, host, script, files):
    """A host's initrd with the script as its first program, and with files by name."""
    archive = linux_costs.cpio.Archive()
    archive.file('host-init', (HOST_INIT + script + HOST_END).encode(), 0o755)
    archive.file('usr/bin/mark', MARK.read_bytes(), 0o755)
    for name, data in files.items():
        archive.file(name, data, 0o755 if data.startswith(b'#!') else 0o644)
    to.write_bytes(archive.to_bytes() + (host / 'host.cpio').read_bytes())


def micro(said):
    """The figures of what a test guest printed: medians."""
    if not re.search(r'^done: \d+ passed, 0 failed', said, re.M):
        raise RuntimeError(f'the guest did not end well:\n{said[-2000:]}')
    found = dict(re.findall(r'^figure (.+) median (\d+) worst \d+', said, re.M))
    return {figure: int(found[name]) for name, figure in MICRO.items() if name in found}


def net_initrd(init):
    """The initrd of guests that run net_costs' program after `init`."""
    init = init.replace(b'/dev/hvc0', b'/dev/console')
    return made(lambda to: net_costs.make_initrd(to, init))


def net(machine):
    """The figures of two guests that run net_costs' program."""
    found = net_costs.phases(machine)
    return {figure: found[name] for figure, name in NET.items()}


def outside(machine):
    """The figures of a guest that runs it with a twin outside."""
    found = uplink_costs.phases(machine)
    return {figure: found[name] for name, figure in OUTSIDE.items()}


def taken(said):
    """{what: bytes} that are free no more, of what MEMORY printed."""
    found = {}
    for name, number in re.findall(r'^(MemFree|free_memory) *: *(\d+)', said, re.M):
        found.setdefault(name, []).append(int(number) << (10 if name == 'MemFree' else 20))
    return {name: before - after for name, (before, after) in found.items()}


def echo(folder, arguments):
    """The figure of a character typed at a guest that shows a login."""
    log = count_echo.log_of_echo(folder, 1, count_echo.GUEST, [*BOARD, *arguments])
    return {'console_echo': len(count_echo.instructions(log))}


@contextmanager
def folder():
    """A folder for the files of a run."""
    with tempfile.TemporaryDirectory(prefix='bulkhead-bench-') as name:
        yield Path(name)
