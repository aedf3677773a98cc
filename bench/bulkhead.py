# SPDX-License-Identifier: BSD-2-Clause
"""Bulkhead, its release configuration, with Linux and the bare-metal test guest as guests, and
what its protection domains pay between each other. The break-downs say which program executes the
instructions of an operation; QEMU logs them one at a time for that."""
import json
import tempfile
from collections import Counter
from pathlib import Path

import budgets
import figures
import kernel
import linux
import micro
import steps
from linux import disk_costs, linux_costs

import check_kernel_size
import count_echo
import disk_share
import disk_trace
import guest_figures
import guest_urgent
import longest
import net_costs
import net_scale
import uplink_costs

COLUMNS = {'bulkhead': 'Bulkhead'}
GIC = 3
OWN = {'null_call': 'null_call', 'protected_call_round_trip': 'protected_call',
       'notification_round_trip': 'notification',
       'notification_round_trip_deferred': 'notification_deferred',
       'notification_to_lower': 'notification_lower', 'spi_to_notified': 'spi_pd',
       'fault_exchange': 'fault_exchange', 'boot_to_init': 'boot_pd'}
MICRO = {'emulated read': 'mmio_exit', 'PSCI_VERSION': 'hypercall', 'timer to handler': 'timer',
         'timer to handler out of WFI': 'timer_wfi', 'SGI to another CPU': 'ipi',
         'SGI to another CPU in WFI': 'ipi_wfi', 'SPI to handler': 'spi',
         'virtio register read': 'virtio_read',
         'virtio interrupt acknowledgement': 'virtio_ack', 'virtio kick, VMM woken': 'kick',
         'virtio kick, VMM not woken': 'kick_awake', 'switch VM to VM': 'vm_switch'}
# Break-downs: disk_costs' and net_costs' figures.
DISK_PARTS = {'4 KiB read': 'block_read_4k', '64 KiB read': 'block_read_64k',
              '4 KiB write': 'block_write_4k', '64 KiB write': 'block_write_64k',
              '4 KiB read, 32 in flight': 'block_read_4k_deep'}
NET = ('net_udp', 'net_tcp', 'net_tcp_plain')
OUTSIDE = {uplink_costs.UDP: 'net_out_udp', uplink_costs.TCP: 'net_out_tcp_send',
           uplink_costs.TCP_BACK: 'net_out_tcp_receive'}
# The components' names in the log's readers, where others say it better.
NAMES = {'EL2 kernel': "Bulkhead's kernel", 'kernel': "Bulkhead's kernel", 'driver': 'disk driver',
         'Linux': 'guest: Linux', 'program': 'guest: program', 'guest': 'guest: Linux',
         'switch': 'network switch'}
# A guest with all that the tool gives one, and with less.
MEMORY = '''<system name="memory">
  <image name="debian" kernel="Image" initrd="initrd-tiny.cpio.gz"/>
  <console/>{backing}
  <guest name="linux" image="debian" ram="256M">
    <console/>{devices}
  </guest>
</system>
'''
BUSY = '''<system name="busy">
  <image name="debian" kernel="Image" initrd="initrd-probe"/>
  <console/>
  {guests}
</system>
'''
BUSY_GUEST = '''<guest name="guest{number}" image="debian" ram="128M" cpus="0"
    bootargs="earlycon nokaslr quiet console=ttyAMA0 panic=-1 rdinit=/probe busy">
    <console/>
  </guest>'''


# Interrupts of the protection domain above two guests; so many that it does not end before the
# kernel's stays are looked at; and stays, of a system of protection domains, and with guests.
URGENT, MORE_URGENT = 10_000, 100_000
STAYS, STAYS_GUESTS = 2_000, 10_000
# Stays of each system that are shown.
SHOWN = 3


def named(parts):
    """Components with the names that are shown."""
    found = Counter()
    for who, count in parts.items():
        if count:
            found[NAMES.get(who, who)] += count
    return dict(found)


def between_programs():
    found = kernel.measure(gics=(GIC,))
    return {figure: found[name][GIC] for name, figure in OWN.items()}


def guest():
    found = guest_figures.measure(gics=(GIC,))
    return {figure: found[name][GIC][1] for name, figure in MICRO.items()}


def kick_own():
    """The VMM is on the CPU of the vCPU that kicks."""
    group = 'virtio'
    image = guest_figures.build(*guest_figures.RUNS[group],
                                guest_figures.TOP / 'build/images/guests-figures/kick-own', cpu=1)
    found = guest_figures.run([*guest_figures.machine(GIC), '-kernel', image])
    return {'kick_own': found['virtio kick, VMM woken'][0]}


def kernel_figures(found):
    """The figures of what linux_costs measured."""
    parts = {"Bulkhead's kernel, before the VMM": found['kernel'],
             'VMM, until the guest begins': found['load'],
             'guest: Linux': found['power_on'] - found['kernel'] - found['load']}
    return {'boot_init': found['boot'],
            'boot_power_on': {'value': found['power_on'], 'parts': parts},
            **linux.system_calls(found)}


def linux_kernel():
    with tempfile.TemporaryDirectory(prefix='bulkhead-bench-') as folder:
        return kernel_figures(linux_costs.guest(GIC, Path(folder)))


def build(folder, description):
    """QEMU's arguments for a system whose files are in `folder`."""
    (folder / 'bench.system').write_text(description, encoding='utf-8')
    linux_costs.checked(linux_costs.MAIN / 'sdk/bin/bulkhead', 'build', folder / 'bench.system',
                        '--board', linux_costs.BOARD, '--config', 'release', '--search-path',
                        folder, '--search-path', linux_costs.FILES, '-o', folder / 'image')
    return ['-M', f'virt,virtualization=on,gic-version={GIC}', '-m', '2G',
            '-kernel', folder / 'image']


def busy(guests):
    """What the program in so many guests on one CPU prints."""
    with tempfile.TemporaryDirectory(prefix='bulkhead-bench-') as name:
        folder = Path(name)
        linux_costs.make_initrd(folder / 'initrd-probe')
        listed = '\n  '.join(BUSY_GUEST.format(number=number) for number in range(guests))
        arguments = build(folder, BUSY.format(guests=listed))
        with linux_costs.Machine(folder, arguments) as machine:
            return machine.run_until('reboot: Power down', times=guests)


def busy_two():
    return linux.lost(busy(1), busy(2))


def disk(padding=0):
    with tempfile.TemporaryDirectory(prefix='bulkhead-bench-') as name:
        folder = Path(name)
        description = disk_costs.SYSTEM.replace(disk_costs.BOOTARGS,
                                                disk_costs.BOOTARGS + ' probe=bench')
        arguments = disk_costs.guest_arguments(GIC, folder, description=description,
                                               padding=padding)
        with linux_costs.Machine(folder, arguments) as machine:
            return linux.disk(machine.run_until('disk: done'))


def disk_parts():
    """{figure: {component: instructions}} of those that are broken down."""
    listed = disk_costs.trace(GIC, disk_costs.guest_arguments)
    return {DISK_PARTS[name]: named(disk_trace.by_component(operations))
            for name, operations in listed.items()}


def with_parts(found, parts):
    """Figures with their break-downs."""
    return {**found, **{name: {'value': found[name], 'parts': parts[name]} for name in parts}}


def disk_with_parts():
    return with_parts(budgets.median(disk), disk_parts())


def fio():
    with tempfile.TemporaryDirectory(prefix='bulkhead-bench-') as name:
        folder = Path(name)
        description = disk_costs.SYSTEM.replace('disk-init', 'fio-init').replace(
            f'ram="{linux_costs.RAM}"', f'ram="{linux.FIO_RAM}"')
        linux.fio_initrd(folder / 'initrd-disk')
        with linux_costs.Machine(folder, [*build(folder, description),
                                          *disk_costs.DRIVE]) as machine:
            return linux.fio(machine.run_until('job end'))


def net(padding=0):
    found = net_costs.measure(GIC, padding)
    return {figure: found[name] for figure, (name, *_) in zip(NET, net_costs.FIGURES)}


def net_parts(found):
    """{figure: {component: instructions}} of figures that were found."""
    parts = {}
    for figure, stays in zip(NET, net_costs.parts(GIC).values()):
        count = count_echo.counts(stays)
        scale = figures.value(found[figure]) / sum(count.values())
        parts[figure] = named({who: scale * part for who, part in count.items()})
    return parts


def net_with_parts():
    found = budgets.median(net)
    return with_parts(found, net_parts(found))


def outside():
    found = uplink_costs.measure_one(GIC, uplink_costs.guest_arguments)
    return {figure: found[name] for name, figure in OUTSIDE.items()}


def echo(figure, case):
    parts = count_echo.counts(count_echo.measure(case, GIC))
    return {figure: {'value': sum(parts.values()), 'parts': named(parts)}}


def memory_of(backing='', devices=''):
    """What a guest with a console and these takes besides its RAM; its images, which are kept for
    reboots, may be others' as well."""
    with tempfile.TemporaryDirectory(prefix='bulkhead-bench-') as name:
        description = Path(name) / 'memory.system'
        description.write_text(MEMORY.format(backing=backing, devices=devices), encoding='utf-8')
        report = json.loads(linux_costs.checked(
            linux_costs.MAIN / 'sdk/bin/bulkhead', 'report', description, '--board',
            linux_costs.BOARD, '--config', 'release', '--json', '--search-path',
            linux_costs.FILES))
    taken = report['virtual_machines'][0]['memory']
    return {'value': taken['monitor'] + taken['kernel'],
            'parts': {'VMM and queues': taken['monitor'], "Bulkhead's kernel": taken['kernel']}}


def memory():
    text = check_kernel_size.text_bytes(linux_costs.MAIN / f'sdk/board/{linux_costs.BOARD}/release'
                                        / 'elf/kernel.elf')
    return {'memory_guest': memory_of('<disk name="disk0"/><network name="lan"/>',
                                      '<disk from="disk0"/><net on="lan"/>'),
            'memory_guest_console': memory_of(),
            'memory_kernel_text': text,
            'memory_kernel_lines': sum(check_kernel_size.kernel_lines().values())}


def urgent():
    return {'urgent': guest_urgent.worst(GIC, URGENT)}


def longest_of(stays):
    """The length of the longest of the kernel's stays."""
    return max(length for length, _ in stays.values())


def of_stays(found):
    """The answer of a figure of the kernel's longest stay, of {system: its stays}."""
    shown = {}
    for system, stays in found.items():
        listed = sorted(stays.values(), key=lambda stay: -stay[0])
        shown[system] = [parts for _, parts in listed[:SHOWN]]
    return {'value': max(longest_of(stays) for stays in found.values()), 'stays': shown}


def masked():
    return {'masked': of_stays({system.stem: longest.longest(system, GIC, STAYS)
                                for system in longest.SYSTEMS})}


def masked_guests():
    with tempfile.TemporaryDirectory(prefix='bulkhead-bench-') as name:
        image = guest_urgent.build(Path(name), guest_urgent.ALL, MORE_URGENT)
        return {'masked_guests': of_stays(
            {'two hostile guests': longest.longest_of_image(image, GIC, STAYS_GUESTS)})}


def disk_eight(figure, way):
    one, eight = (disk_share.reads(GIC, guests, way) for guests in (1, 8))
    return {figure: 100 * eight / one}


def net_eight(figure, way):
    one, eight = (net_scale.cost(GIC, pairs, way) for pairs in (1, 8))
    return {figure: 100 * one / eight}


def break_down(name, value):
    """{component or function: instructions} of a figure that came to `value`, measured anew; empty
    where nobody can tell."""
    for names, of in ((OWN, micro.of_bench), (MICRO, micro.of_guest)):
        for printed, figure in names.items():
            # Booting is no operation that is repeated.
            if figure == name and name != 'boot_pd':
                return of(printed, value)
    if name in DISK_PARTS.values():
        return disk_parts()[name]
    if name in NET:
        return net_parts({**dict.fromkeys(NET, 0), name: value})[name]
    return {}


def broken_down(found):
    """Figures with their break-downs."""
    return with_parts(found, {name: break_down(name, value) for name, value in found.items()})


COMMON = [
    steps.Step('memory', ('memory_guest', 'memory_guest_console', 'memory_kernel_text',
                          'memory_kernel_lines'), True, memory),
    steps.Step('Linux boots, computes, makes system calls',
               ('boot_init', 'boot_power_on', *linux.SYSTEM_CALLS), True, linux_kernel),
    steps.Step('two busy guests on a CPU', ('busy_two',), True, busy_two),
]
# In a quick run nothing is broken down, and one image is enough.
QUICK = [
    steps.Step('operations of the kernel', tuple(OWN.values()), True, between_programs),
    steps.Step('exits and interrupts of the test guest', tuple(MICRO.values()), True, guest),
    *COMMON,
    steps.Step('disk', linux.DISK, True, disk),
    steps.Step('network between guests', NET, True, net),
]
FULL = [
    steps.Step('operations of the kernel, and where they go', tuple(OWN.values()), False,
               lambda: broken_down(between_programs())),
    steps.Step('exits and interrupts of the test guest, and where they go', tuple(MICRO.values()),
               False, lambda: broken_down(guest())),
    steps.Step("a kick, the VMM on the guest's CPU", ('kick_own',), False, kick_own),
    steps.Step('an urgent interrupt beside two hostile guests', ('urgent',), False, urgent),
    steps.Step('longest stays with interrupts masked', ('masked',), False, masked),
    steps.Step('the same with guests', ('masked_guests',), False, masked_guests),
    *COMMON,
    steps.Step('disk, and whose its instructions are', linux.DISK, False, disk_with_parts),
    steps.Step('fio', tuple(linux.FIO), False, fio),
    steps.Step('eight guests on one disk', ('block_eight',), False,
               lambda: disk_eight('block_eight', 'deep')),
    steps.Step('the same, reading one at a time', ('block_eight_alone',), False,
               lambda: disk_eight('block_eight_alone', 'alone')),
    steps.Step('network between guests, and whose its instructions are', NET, False,
               net_with_parts),
    steps.Step('eight pairs of guests on one switch', ('net_eight',), False,
               lambda: net_eight('net_eight', 'load')),
    steps.Step('the same without offloads', ('net_eight_plain',), False,
               lambda: net_eight('net_eight_plain', 'plain')),
    steps.Step('network to the outside', tuple(OUTSIDE.values()), False, outside),
    steps.Step('console', ('console_echo',), False, lambda: echo('console_echo', 'shared')),
    steps.Step('UART passed through', ('console_echo_passed',), False,
               lambda: echo('console_echo_passed', 'passed')),
]


def measure(quick, progress, only=''):
    """{column: what was found}."""
    versions = linux.images(quick)
    linux.flags()
    found = steps.run(QUICK if quick else FULL, quick, progress, only)
    return {'bulkhead': {'versions': versions, 'flags': linux.flags(), 'figures': found}}
