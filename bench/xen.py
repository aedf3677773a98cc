# SPDX-License-Identifier: BSD-2-Clause
"""Xen with dom0 on the same board and with the same guests as the others. Guests are domains of the
kind PVH, the only one on Arm, with paravirtual devices: blkfront and netfront, whose other ends are
in dom0's kernel, which is the guests' own. xl makes the domains.

There is one CPU, but for what needs two: Xen spins without a yield, and QEMU 7.2 then runs the
second one only when it is stopped now and then (linux_costs.Machine.run_until).
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

COLUMNS = {'xen': 'Xen 4.17, PV devices'}
XEN_ARGUMENTS = 'dom0_mem=1024M console=dtuart dtuart=/pl011@9000000 bootscrub=0 loglvl=error'
DOM0_ARGUMENTS = 'nokaslr quiet panic=-1 console=hvc0 rdinit=/host-init'
# Where QEMU puts what Xen starts dom0 with: behind Xen, around QEMU's device tree.
KERNEL_ADDRESS, INITRD_ADDRESS = 0x44000000, 0x4a000000
MODULES = ('xenfs', 'xen-privcmd', 'xen-gntdev', 'xen-gntalloc', 'xen-evtchn', 'xen-blkback',
           'xen-netback', 'bridge')
TOOLS = '/usr/lib/xen-4.17/bin'
# The tool stack's daemons.
START = f'''export PATH=$PATH:{TOOLS}
modprobe -a {' '.join(MODULES)}
mount -t xenfs xenfs /proc/xen
mkdir -p /run/xen /run/lock /var/lib/xen /var/lib/xenstored /var/log/xen /run/xenstored
ln -s /run/lock /var/lock
for name in read write exists rm list ls; do
    ln -s xenstore /usr/bin/xenstore-$name
done
xenstored
xen-init-dom0 >/dev/null
xenconsoled --log=guest --log-dir=/var/log/xen
'''
# What the tool stack looks for: its settings, and the scripts that xl calls for a device.
FILES = {
    'etc/xen/xl.conf': b'autoballoon="off"\n',
    'etc/xen/scripts/block': b'''#!/bin/sh
[ "$1" = add ] || exit 0
device=$(xenstore-read "$XENBUS_PATH/params")
xenstore-write "$XENBUS_PATH/physical-device" "$(stat -L -c %t:%T "$device")" \\
    "$XENBUS_PATH/physical-device-path" "$device" "$XENBUS_PATH/hotplug-status" connected
''',
    'etc/xen/scripts/vif-bridge': b'''#!/bin/sh
[ "$1" = online ] || exit 0
ip link set "$vif" up
ip link set "$vif" master br0
xenstore-write "$XENBUS_PATH/hotplug-status" connected
''',
}
# A guest's disk is xvda by its own driver, and vda for who measures.
DRIVERS = '''for module in /peer/*.ko; do
    /bin/busybox insmod $module
done
if [ -b /dev/xvda ]; then
    echo none >/sys/block/xvda/queue/scheduler
    ln -s xvda /dev/vda
fi'''
DOMAIN = '''name = "{name}"
kernel = "/Image"
extra = "{bootargs}"
memory = {ram}
vcpus = {vcpus}
on_poweroff = "destroy"
on_reboot = "destroy"
on_crash = "destroy"
'''
DISK = 'disk = ["phy:/dev/vda,xvda,w"]'
VIF = 'vif = ["mac=00:16:3e:00:00:0{number},bridge=br0"]'
BOOT = ('boot_init', 'boot_power_on')
MICRO = ('hypercall', 'mmio_exit', 'timer', 'timer_wfi', 'spi', 'ipi', 'ipi_wfi')
# dom0 stays on the first of two CPUs.
TWO_CPUS = ' dom0_max_vcpus=1 dom0_vcpus_pin'
# A guest may run at once when another one has not run for a millisecond yet.
AT_ONCE = ' sched_ratelimit_us=0'
# What test guests print on: Xen emulates it.
UART = 'vuart = "sbsa_uart"'
# The board's clock, whose interrupt a guest gets, and a page that two guests share: devices that
# dom0 leaves to others, the latter of memory that is nobody's.
RTC, PAIR = '/pl031@9010000', '/pair@bfe00000'
PAIR_REG = ('reg', 0, 'bfe00000', 0, '1000')
RTC_LINES = ('iomem = ["0x9010,1"]', 'irqs = [34]')
PAIR_LINE = 'iomem = ["0xbfe00,1@0x0b000"]'
PAIR_BASE = 0x0b000000


def domain(name, bootargs, *more, ram=256, vcpus=1, initrd=True):
    """A description for xl."""
    text = DOMAIN.format(name=name, bootargs=bootargs.replace('"', '\\"'), ram=ram, vcpus=vcpus)
    if initrd:
        text += 'ramdisk = "/initrd"\n'
    return ''.join([text, *(line + '\n' for line in more)]).encode()


def start(name):
    """Lines of dom0's shell that start a domain."""
    return f'{TOOLS}/xl create -q /{name}.cfg\n'


def show(log, text):
    """Lines of dom0's shell that print what a domain has printed, once a text is in it."""
    return f'until grep -qs "{text}" /var/log/xen/{log}.log; do sleep 60; done\n' \
           f'tr -d "\\r" </var/log/xen/{log}.log; echo\n'


def host():
    """The folder with what dom0 is made of, and versions."""
    return hosts.fetch('xen', lambda text: None)


def board_arguments(folder, script, files, more=''):
    """QEMU's arguments for Xen, with `more` arguments, and a dom0 that runs a script."""
    made, _ = host()
    peer.host_initrd(folder / 'initrd', made, START + script, {**FILES, **files})
    return [
        '-kernel', made / 'hypervisor', '-append', XEN_ARGUMENTS + more,
        '-device', f'guest-loader,addr={KERNEL_ADDRESS:#x},kernel={linux_costs.FILES / "Image"},'
                   f'bootargs={DOM0_ARGUMENTS}',
        '-device', f'guest-loader,addr={INITRD_ADDRESS:#x},initrd={folder / "initrd"}']


def machine(folder, script, files, arguments=(), **more):
    """The board with Xen and a dom0 that runs a script."""
    return linux_costs.Machine(
        folder, [*peer.BOARD, *board_arguments(folder, script, files), *arguments], **more)


def guest_files(initrd):
    """dom0's files for a Linux guest with such an initrd."""
    return {'Image': (linux_costs.FILES / 'Image').read_bytes(), 'initrd': initrd}


def front(made):
    """A guest's initrd with Xen's drivers before it."""
    return (host()[0] / 'guest.cpio').read_bytes() + peer.guest_initrd(made, DRIVERS)


def tree(folder, arguments):
    """QEMU's arguments for a device tree that leaves the clock and a page to guests; else it is
    what QEMU makes for a board with these arguments, and two CPUs."""
    def put(node, *words):
        linux_costs.checked('fdtput', '-p', '-t', 'x', folder / 'tree', node, *words)
    dump = [f'{argument},dumpdtb={folder}/tree' if str(argument).startswith('virt,') else argument
            for argument in arguments]
    linux_costs.checked('qemu-system-aarch64', *dump, '-cpu', 'cortex-a53', '-smp', 2,
                        '-display', 'none', '-nodefaults')
    put('/reserved-memory', '#address-cells', 2)
    put('/reserved-memory', '#size-cells', 2)
    put('/reserved-memory', 'ranges')
    put('/reserved-memory' + PAIR, *PAIR_REG)
    put('/reserved-memory' + PAIR, 'no-map')
    put(PAIR, *PAIR_REG)
    for node in (RTC, PAIR):
        put(node, 'xen,passthrough')
    return ['-dtb', folder / 'tree']


def tests(guests, shown, more=''):
    """The figures of bare-metal guests on a board with two CPUs, the first of which is dom0's, too;
    {name: description}, whose figures, and arguments of Xen's."""
    files = {'Image': guest_figures.GUEST.read_bytes(),
             **{f'{name}.cfg': description for name, description in guests.items()}}
    script = ''.join(map(start, guests)) + show(f'guest-{shown}-vuart0', peer.MICRO_END)
    with peer.folder() as folder:
        arguments = [*peer.BOARD, *board_arguments(folder, script, files, TWO_CPUS + more)]
        arguments += tree(folder, arguments)
        with linux_costs.Machine(folder, arguments, cpus=2) as board:
            return peer.micro(board.run_until(peer.MICRO_END, turns=True))


def micro():
    """One with two vCPUs, each on a CPU of its own."""
    return tests({'test': domain('test', 'test=costs,spi', UART, 'cpus = ["0", "1"]', *RTC_LINES,
                                 vcpus=2, initrd=False)}, 'test')


def vm_switch():
    """Two on one CPU."""
    return tests({name: domain(name, f'test={name} pair={PAIR_BASE:#x} physical=1', UART,
                               'cpus = "1"', PAIR_LINE, initrd=False)
                  for name in ('switched', 'switch')}, 'switch', AT_ONCE)


def kernel(bootargs, initrd):
    """One Linux without devices."""
    files = {**guest_files(initrd),
             'probe.cfg': domain('probe', bootargs.replace('earlycon', 'console=hvc0'))}
    script = 'mark ' + start('probe') + show('guest-probe', 'reboot: Power down')
    with peer.folder() as folder, machine(folder, script, files) as board:
        begin = board.run_to(peer.mark())
        init = board.run_to(linux_costs.entry_of(linux_costs.PROBE))
        return {'boot_init': init - begin, 'boot_power_on': init,
                **linux.system_calls(linux_costs.finish(board))}


def boot():
    found = kernel(linux_costs.BOOTARGS, peer.made(linux_costs.make_initrd))
    return {name: found[name] for name in BOOT}


def calls():
    """In a boot of its own, long after dom0 has done all that starting a domain takes."""
    found = kernel(peer.guest_arguments(linux_costs.BOOTARGS),
                   peer.guest_initrd(peer.made(linux_costs.make_initrd), '/bin/busybox sleep 30'))
    return {name: found[name] for name in linux.SYSTEM_CALLS}


def busy(guests):
    """What the program in so many guests on one CPU prints."""
    files = guest_files(peer.made(linux_costs.make_initrd))
    script = ''
    for number in range(guests):
        files[f'busy{number}.cfg'] = domain(
            f'busy{number}', 'nokaslr quiet console=hvc0 panic=-1 rdinit=/probe busy', ram=128)
        script += start(f'busy{number}')
    for number in range(guests):
        script += show(f'guest-busy{number}', 'reboot: Power down')
    with peer.folder() as folder, machine(folder, script + 'echo host: done\n', files) as board:
        return board.run_until('host: done')


def busy_two():
    return linux.lost(busy(1), busy(2))


def disk():
    """The disk program."""
    bootargs = peer.guest_arguments(disk_costs.BOOTARGS + ' quiet console=hvc0 probe=bench')
    files = {**guest_files(front(peer.made(disk_costs.make_initrd))),
             'disk.cfg': domain('disk', bootargs, DISK)}
    script = start('disk') + show('guest-disk', 'disk: done')
    with peer.folder() as folder, machine(folder, script, files) as board:
        return linux.disk(board.run_until('disk: done'))


def fio():
    """fio."""
    bootargs = peer.guest_arguments(disk_costs.BOOTARGS.replace('disk-init', 'fio-init') +
                                    ' quiet console=hvc0')
    files = {**guest_files(front(peer.made(linux.fio_initrd))),
             'fio.cfg': domain('fio', bootargs, DISK, ram=512)}
    script = start('fio') + show('guest-fio', 'job end')
    with peer.folder() as folder, machine(folder, script, files) as board:
        return linux.fio(board.run_until('job end'))


def net():
    """Two guests on a bridge of dom0."""
    files = guest_files(front(peer.net_initrd(net_costs.INIT)))
    script = peer.BRIDGE
    for number, (name, role) in enumerate(net_costs.ROLES.items()):
        bootargs = peer.guest_arguments(f'{net_costs.BOOTARGS} console=hvc0 {role}')
        files[f'{name}.cfg'] = domain(name, bootargs, VIF.format(number=number))
        script += start(name)
    script += show('guest-right', 'net: done')
    with peer.folder() as folder, machine(folder, script, files) as board:
        found = peer.net(board)
    # netfront keeps its checksums, and so the others' work stays what it is.
    del found['net_tcp_plain']
    return found


def outside():
    """One guest on a bridge with the board's network device."""
    bootargs = peer.guest_arguments(uplink_costs.BOOTARGS + ' console=hvc0')
    files = {**guest_files(front(peer.net_initrd(uplink_costs.INIT))),
             'net.cfg': domain('net', bootargs, VIF.format(number=0))}
    script = peer.OUTSIDE_BRIDGE + start('net')
    with peer.folder() as folder, uplink_costs.Twin(), machine(
            folder, script, files, uplink_costs.NET, sleep='on') as board:
        return peer.outside(board)


def memory_of(*devices):
    """What Xen and dom0 have less when a guest with these devices has booted. Xen says whole
    megabytes."""
    bootargs = peer.guest_arguments('nokaslr quiet console=hvc0 rdinit=/init')
    initrd = front((linux_costs.FILES / 'initrd.cpio.gz').read_bytes())
    files = {**guest_files(initrd), 'guest.cfg': domain('guest', bootargs, *devices)}
    script = peer.BRIDGE + peer.MEMORY.format(
        start=start('guest'), ready='grep -qs "guest ready" /var/log/xen/guest-guest.log')
    with peer.folder() as folder, machine(folder, script, files) as board:
        taken = peer.taken(board.run_until('host: done'))
    return {'value': sum(taken.values()) - (256 << 20),
            'parts': {'Xen': taken['free_memory'] - (256 << 20), 'dom0': taken['MemFree']},
            'about': True, 'note': "Xen's share is in whole megabytes"}


def memory():
    """With a disk and a network device, and without."""
    return {'memory_guest': memory_of(DISK, VIF.format(number=0)),
            'memory_guest_console': memory_of()}


def echo():
    """A character typed at Xen's UART, for a guest's console that dom0 has opened."""
    files = {**guest_files((linux_costs.FILES / 'initrd.cpio.gz').read_bytes()),
             'guest.cfg': domain('guest', 'nokaslr quiet console=hvc0')}
    script = start('guest') + f'exec {TOOLS}/xl console guest\n'
    with peer.folder() as folder:
        return peer.echo(folder, board_arguments(folder, script, files))


STEPS = [
    steps.Step('exits and interrupts of the test guest', MICRO, False, micro),
    steps.Step('switches between test guests', ('vm_switch',), False, vm_switch),
    steps.Step('Linux boots', BOOT, False, boot),
    steps.Step('Linux computes, makes system calls', linux.SYSTEM_CALLS, False, calls),
    steps.Step('two busy guests on a CPU', ('busy_two',), False, busy_two),
    steps.Step('memory', peer.MEMORIES, False, memory),
    steps.Step('console', ('console_echo',), False, echo),
    steps.Step('disk', linux.DISK, False, lambda: about(disk())),
    steps.Step('network between guests', ('net_udp', 'net_tcp'), False, lambda: about(net())),
    steps.Step('network to the outside', tuple(peer.OUTSIDE.values()), False, outside),
    steps.Step('fio', tuple(linux.FIO), False, fio),
]


def measure(quick, progress, only=''):
    """{column: what was found}."""
    if quick:
        return {}
    versions = linux.images(quick)
    _, packages = hosts.fetch('xen', progress)
    versions['dom0'] = versions['guest']
    versions['hypervisor'] = f"Xen {packages['xen-hypervisor-4.17-arm64']}"
    linux.flags()
    found = steps.run(STEPS, quick, progress, only)
    guest = domain('...', '...', DISK, VIF.format(number=0)).decode()
    return {'xen': {'versions': versions, 'flags': [guest, *linux.flags()], 'figures': found}}
