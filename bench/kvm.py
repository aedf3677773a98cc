# SPDX-License-Identifier: BSD-2-Clause
"""Linux with KVM as the hypervisor and Debian's QEMU as the VMM, on the same board and with the
same guests as the others. One column has the devices behind virtio-mmio, as on Bulkhead, the other
behind virtio-pci with MSI-X, whose interrupts KVM passes on by itself.

Both have what is fastest of Debian's packages: a thread of its own for the disk, io_uring without
the host's cache, vhost-net. The host's kernel is the guests' own, at EL1 with a part at EL2 (nVHE),
for a Cortex-A53 has no VHE.
"""
import hosts
import linux
import peer
import steps
from figures import about
from linux import disk_costs, linux_costs

import guest_figures
import net_costs
import uplink_costs

COLUMNS = {'kvm': 'KVM, QEMU 7.2, virtio-mmio', 'kvm-pci': 'KVM, QEMU 7.2, virtio-pci'}
# The suffix of a device's name by column.
SUFFIXES = {'kvm': 'device', 'kvm-pci': 'pci'}
VMM = ('/usr/bin/qemu-system-aarch64 -accel kvm -cpu host -nodefaults -display none -monitor none '
       '-rtc base=2026-01-01,clock=vm -global virtio-mmio.force-legacy=false '
       '-M virt,gic-version=3,its={its} -smp {cpus} -m {ram} -kernel /Image{initrd} '
       '-append "{bootargs}" -serial {serial}{devices}')
DISK = (' -object iothread,id=thread -blockdev driver=host_device,filename=/dev/vda,node-name=disk,'
        'aio=io_uring,cache.direct=on -device virtio-blk-{kind},drive=disk,iothread=thread{rom}')
TAP = (' -netdev tap,id=net0,ifname=tap{number},script=/join,downscript=no,vhost=on '
       '-device virtio-net-{kind},netdev=net0,mac=52:54:00:00:00:0{number}{rom}')
RANDOM = ' -device virtio-rng-device,bus=virtio-mmio-bus.0'
# All of it is there from the start.
ALL_RAM = (' -object memory-backend-ram,id=ram,size=256M,prealloc=on '
           '-machine memory-backend=ram')
# 128 MiB of a guest's own, and behind them what two guests share.
PAIR = (' -object memory-backend-ram,id=own,size=128M -object memory-backend-file,id=pair,size=2M,'
        'mem-path=/dev/shm/pair,share=on -numa node,memdev=own -numa node,memdev=pair')
PAIR_BASE = linux_costs.RAM_BASE + (128 << 20)
# What QEMU calls for a device of the host that it has made.
JOIN = b'''#!/bin/sh
ip link set "$1" up
ip link set "$1" master br0
'''
# The VMM inherits its CPU from the shell; the threads' names are what is looked for.
PINNED = '''place() {{
    for name in {names}; do
        until grep -qs "$name" /proc/[0-9]*/task/*/comm; do sleep 1; done
    done
    for comm in /proc/[0-9]*/task/*/comm; do
        thread=${{comm%/comm}}
        thread=${{thread##*/}}
        case $(cat $comm) in
{moves}        esac
    done >/dev/null
    echo cont
    sleep 1000000
}}
place | taskset {mask} {vmm} -S -name debug-threads=on >/dev/null
'''
MODULES = 'modprobe -a tun bridge vhost_net\n'
DRIVERS = '/bin/busybox modprobe -a virtio_mmio virtio_pci'
KERNEL = ('boot_init', 'boot_power_on', *linux.SYSTEM_CALLS)
MICRO = ('hypercall', 'mmio_exit', 'virtio_read', 'virtio_ack', 'kick', 'kick_awake', 'timer',
         'timer_wfi', 'spi', 'ipi', 'ipi_wfi')


class Guest:
    """A guest of one kind; vmm() is the command that starts it."""

    def __init__(self, kind, ram=linux_costs.RAM):
        self._kind = kind
        self._ram = ram
        self._devices = ''
        self._number = 0

    def device(self, text):
        """With a device, of which {kind} is the transport."""
        rom = ',romfile=,disable-legacy=on' if self._kind == 'kvm-pci' else ''
        self._devices += text.format(kind=SUFFIXES[self._kind], rom=rom, number=self._number)
        return self

    def numbered(self, number):
        """Before device(): the guest's place among several."""
        self._number = number
        return self

    def vmm(self, bootargs, serial='stdio', cpus=1, initrd=True):
        """The command of the host's shell."""
        its = 'on' if self._kind == 'kvm-pci' else 'off'
        return VMM.format(its=its, cpus=cpus, ram=self._ram, serial=serial, bootargs=bootargs,
                          initrd=' -initrd /initrd' if initrd else '', devices=self._devices)


def host_arguments(folder, script, files):
    """QEMU's arguments for a host that runs a script."""
    host, _ = hosts.fetch('kvm', lambda text: None)
    peer.host_initrd(folder / 'initrd', host, MODULES + script, {'join': JOIN, **files})
    return ['-kernel', linux_costs.FILES / 'Image', '-initrd', folder / 'initrd',
            '-append', peer.HOST_ARGUMENTS]


def machine(folder, script, files, arguments=(), **more):
    """The board with a host that runs a script."""
    return linux_costs.Machine(
        folder, [*peer.BOARD, *host_arguments(folder, script, files), *arguments], **more)


def pinned(vmm, threads, cpu):
    """Lines of the host's shell that start a VMM whose threads of these names are on the CPUs that
    are named, and its others on `cpu`. Its guest begins when they are there."""
    moves = ''.join(f'            "{name}") taskset -p {1 << to:x} $thread;;\n'
                    for name, to in threads.items())
    names = ' '.join(f'"{name}"' for name in threads)
    return PINNED.format(moves=moves, names=names, mask=f'{1 << cpu:x}',
                         vmm=vmm.replace('-monitor none', '-monitor stdio'))


def guest_files(initrd):
    """The host's files for a Linux guest with such an initrd."""
    return {'Image': (linux_costs.FILES / 'Image').read_bytes(), 'initrd': initrd}


def micro_of(arguments, cpus, vmm):
    """The figures of the bare-metal guest with two vCPUs on CPUs 0 and 1, its VMM's own threads on
    another."""
    command = Guest('kvm').device(RANDOM).vmm(arguments, '/dev/console', cpus=2, initrd=False)
    files = {'Image': guest_figures.GUEST.read_bytes()}
    script = pinned(command, {'CPU 0/KVM': 0, 'CPU 1/KVM': 1}, vmm)
    with peer.folder() as folder, machine(folder, script, files, cpus=cpus) as board:
        return peer.micro(board.run_until(peer.MICRO_END))


def micro():
    """The VMM has a CPU of its own, but for one figure."""
    arguments = 'test=costs,spi,virtio virtio=0x0a000000 start=1'
    found = micro_of(arguments, 3, vmm=2)
    found['spi'] = {'value': found['spi'], 'note': 'the device is emulated by the VMM'}
    return found


def kick_own():
    """The VMM's threads are on the CPU of the vCPU that kicks."""
    found = micro_of('test=virtio virtio=0x0a000000 start=1', 2, vmm=1)
    return {'kick_own': found['kick']}


def vm_switch():
    """Two guests on CPU 1, which share memory. What the host's shell does is on CPU 0."""
    script = ''
    for test, serial, end in (('switched', 'file:/tmp/switched', ' &\n'),
                              ('switch', '/dev/console', '\n')):
        guest = Guest('kvm', '130M').device(PAIR)
        script += 'taskset 2 ' + guest.vmm(f'test={test} pair={PAIR_BASE:#x} physical=1', serial,
                                           initrd=False) + end
    files = {'Image': guest_figures.GUEST.read_bytes()}
    with peer.folder() as folder, machine(folder, script, files, cpus=2) as board:
        return peer.micro(board.run_until(peer.MICRO_END))


def memory_of(*devices):
    """What the host has less when a guest with these devices has booted, all of its RAM being
    there from the start."""
    guest = Guest('kvm')
    for device in (*devices, ALL_RAM):
        guest.device(device)
    command = guest.vmm(peer.guest_arguments('nokaslr quiet rdinit=/init'), 'file:/tmp/guest')
    script = peer.BRIDGE + peer.MEMORY.format(
        start=command + ' &', ready='grep -qs "guest ready" /tmp/guest')
    initrd = peer.guest_initrd((linux_costs.FILES / 'initrd.cpio.gz').read_bytes(), DRIVERS)
    with peer.folder() as folder, machine(folder, script, guest_files(initrd)) as board:
        taken = peer.taken(board.run_until('host: done'))
    return {'value': taken['MemFree'] - (256 << 20), 'about': True}


def memory():
    """With a disk and a network device, and without."""
    return {'memory_guest': memory_of(DISK, TAP), 'memory_guest_console': memory_of()}


def echo():
    """A character typed at a guest's UART, which the VMM emulates."""
    command = Guest('kvm').vmm('nokaslr quiet')
    initrd = (linux_costs.FILES / 'initrd.cpio.gz').read_bytes()
    with peer.folder() as folder:
        arguments = host_arguments(folder, command, guest_files(initrd))
        return peer.echo(folder, arguments)


def kernel():
    """One Linux without devices."""
    files = guest_files(peer.made(linux_costs.make_initrd))
    command = 'mark ' + Guest('kvm').vmm(linux_costs.BOOTARGS)
    with peer.folder() as folder, machine(folder, command, files) as board:
        start = board.run_to(peer.mark())
        init = board.run_to(linux_costs.entry_of(linux_costs.PROBE))
        return {'boot_init': init - start, 'boot_power_on': init,
                **linux.system_calls(linux_costs.finish(board))}


def busy(guests):
    """What the program in so many guests on one CPU prints."""
    files = guest_files(peer.made(linux_costs.make_initrd))
    bootargs = 'earlycon nokaslr quiet panic=-1 rdinit=/probe busy'
    listed = [Guest('kvm', '128M').vmm(bootargs, f'file:/tmp/{number}') + ' &\n'
              for number in range(guests)]
    script = ''.join(listed) + 'wait\ncat /tmp/[0-9]\necho host: done\n'
    with peer.folder() as folder, machine(folder, script, files) as board:
        return board.run_until('host: done')


def busy_two():
    return linux.lost(busy(1), busy(2))


def disk(kind):
    """The disk program."""
    initrd = peer.guest_initrd(peer.made(disk_costs.make_initrd), DRIVERS)
    command = Guest(kind).device(DISK).vmm(
        peer.guest_arguments(disk_costs.BOOTARGS + ' quiet probe=bench'))
    with peer.folder() as folder, machine(folder, command, guest_files(initrd)) as board:
        return linux.disk(board.run_until('disk: done'))


def fio(kind):
    """fio."""
    initrd = peer.guest_initrd(peer.made(linux.fio_initrd), DRIVERS)
    bootargs = disk_costs.BOOTARGS.replace('disk-init', 'fio-init') + ' quiet'
    command = Guest(kind, linux.FIO_RAM).device(DISK).vmm(peer.guest_arguments(bootargs))
    with peer.folder() as folder, machine(folder, command, guest_files(initrd)) as board:
        return linux.fio(board.run_until('job end', 1200))


def net(kind):
    """Two guests on a bridge of the host."""
    initrd = peer.guest_initrd(peer.net_initrd(net_costs.INIT), DRIVERS)
    script = peer.BRIDGE
    for number, (name, role) in enumerate(net_costs.ROLES.items()):
        bootargs = peer.guest_arguments(f'{net_costs.BOOTARGS} {role}')
        serial = 'stdio' if name == 'right' else 'file:/tmp/left'
        guest = Guest(kind).numbered(number).device(TAP)
        script += guest.vmm(bootargs.replace('"', '\\"'), serial) + ' &\n'
    script += 'wait\n'
    with peer.folder() as folder, machine(folder, script, guest_files(initrd)) as board:
        return peer.net(board)


def outside(kind):
    """One guest on a bridge with the board's network device."""
    initrd = peer.guest_initrd(peer.net_initrd(uplink_costs.INIT), DRIVERS)
    command = Guest(kind).device(TAP).vmm(peer.guest_arguments(uplink_costs.BOOTARGS))
    script = peer.OUTSIDE_BRIDGE + command
    with peer.folder() as folder, uplink_costs.Twin(), machine(
            folder, script, guest_files(initrd), uplink_costs.NET, sleep='on') as board:
        return peer.outside(board)


def of_kind(kind):
    """The steps of one column."""
    bus = 'virtio-pci: ' if kind == 'kvm-pci' else 'virtio-mmio: '
    listed = [
        steps.Step(f'{bus}disk', linux.DISK, False, lambda: about(disk(kind))),
        steps.Step(f'{bus}network between guests', tuple(peer.NET), False,
                   lambda: about(net(kind))),
        steps.Step(f'{bus}network to the outside', tuple(peer.OUTSIDE.values()), False,
                   lambda: outside(kind)),
        steps.Step(f'{bus}fio', tuple(linux.FIO), False, lambda: fio(kind)),
    ]
    if kind == 'kvm':
        # These have no devices.
        listed = [
            steps.Step('exits and interrupts of the test guest', MICRO, False, micro),
            steps.Step("a kick, the VMM on the guest's CPU", ('kick_own',), False, kick_own),
            steps.Step('Linux boots, computes, makes system calls', KERNEL, False, kernel),
            steps.Step('switches between test guests', ('vm_switch',), False, vm_switch),
            steps.Step('two busy guests on a CPU', ('busy_two',), False, busy_two),
            steps.Step('memory', peer.MEMORIES, False, memory),
            steps.Step('console', ('console_echo',), False, echo),
        ] + listed
    return listed


def measure(quick, progress, only=''):
    """{column: what was found}."""
    if quick:
        return {}
    versions = linux.images(quick)
    _, packages = hosts.fetch('kvm', progress)
    versions['host'] = versions['guest']
    versions['VMM'] = f"QEMU {packages['qemu-system-arm']}"
    found = {}
    for kind in COLUMNS:
        linux.flags()
        figures = steps.run(of_kind(kind), quick, progress, only)
        guest = Guest(kind).device(DISK).device(TAP).vmm('...')
        found[kind] = {'versions': versions, 'flags': [guest, *linux.flags()], 'figures': figures}
    return found
