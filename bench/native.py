# SPDX-License-Identifier: BSD-2-Clause
"""Linux, and the bare-metal test guest, alone on the board: what nobody can do without."""
import tempfile
from pathlib import Path

import budgets
import figures
import linux
import steps
from linux import disk_costs, linux_costs

import count_echo
import guest_figures
import uplink_costs

COLUMNS = {'native': 'native'}
GIC = 3
# Figures of the test guest's group `costs`. Natively PSCI is QEMU's own, and costs nothing.
MICRO = {'emulated read': 'mmio_exit', 'timer to handler': 'timer',
         'timer to handler out of WFI': 'timer_wfi', 'SGI to another CPU': 'ipi',
         'SGI to another CPU in WFI': 'ipi_wfi', 'SPI to handler': 'spi'}
OUTSIDE = {uplink_costs.UDP: 'net_out_udp', uplink_costs.TCP: 'net_out_tcp_send',
           uplink_costs.TCP_BACK: 'net_out_tcp_receive'}


def micro():
    found = guest_figures.run(['-machine', f'virt,gic-version={GIC}', '-smp', 2, '-m', '256M',
                               '-kernel', guest_figures.GUEST, '-append', 'test=costs,spi'])
    return {figure: found[name][0] for name, figure in MICRO.items()}


def kernel():
    with tempfile.TemporaryDirectory(prefix='bulkhead-bench-') as folder:
        found = linux_costs.native(GIC, Path(folder))
    return {'boot_init': found['boot'], 'boot_power_on': found['power_on'],
            **linux.system_calls(found)}


def disk(padding=0):
    with tempfile.TemporaryDirectory(prefix='bulkhead-bench-') as name:
        folder = Path(name)
        arguments = disk_costs.native_arguments(GIC, folder, disk_costs.BOOTARGS + ' probe=bench',
                                                padding=padding)
        with linux_costs.Machine(folder, arguments) as machine:
            return linux.disk(machine.run_until('disk: done'))


def fio():
    with tempfile.TemporaryDirectory(prefix='bulkhead-bench-') as name:
        folder = Path(name)
        bootargs = disk_costs.BOOTARGS.replace('disk-init', 'fio-init')
        arguments = disk_costs.native_arguments(GIC, folder, bootargs, linux.FIO_RAM)
        linux.fio_initrd(folder / 'initrd-disk')
        with linux_costs.Machine(folder, arguments) as machine:
            return linux.fio(machine.run_until('job end'))


def outside():
    found = uplink_costs.measure_one(GIC, uplink_costs.native_arguments)
    return {figure: found[name] for name, figure in OUTSIDE.items()}


def echo():
    return {'console_echo': sum(count_echo.counts(count_echo.measure('native', GIC)).values())}


STEPS = [
    steps.Step('interrupts of the test program', tuple(MICRO.values()), True, micro),
    steps.Step('Linux boots, computes, makes system calls',
               ('boot_init', 'boot_power_on', *linux.SYSTEM_CALLS), True, kernel),
    steps.Step('disk', linux.DISK, True, lambda: figures.about(budgets.median(disk))),
    steps.Step('fio', tuple(linux.FIO), False, fio),
    steps.Step('network to the outside', tuple(OUTSIDE.values()), False, outside),
    steps.Step('console', ('console_echo',), False, echo),
]


def measure(quick, progress, only=''):
    """{column: what was found}."""
    versions = linux.images(quick)
    linux.flags()
    found = steps.run(STEPS, quick, progress, only)
    return {'native': {'versions': versions, 'flags': linux.flags(), 'figures': found}}
