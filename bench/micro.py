# SPDX-License-Identifier: BSD-2-Clause
"""Where the instructions of the small operations go, function by function: those that the test
guest measures, and those between protection domains. QEMU logs some of them."""
import re
import tempfile
from collections import Counter
from pathlib import Path

import kernel
from linux import linux_costs

import count_echo
import guest_figures
from longest import KERNEL

VMM = linux_costs.MONITOR
GUEST_ELF = guest_figures.GUEST.with_suffix('.elf')
BENCH_ELF = linux_costs.MAIN / 'systems/bench-kernel/release/bench.elf'
# Where the test guest is loaded: at the beginning of its RAM.
GUEST_BASE = linux_costs.RAM_BASE
GIC = 3
# Functions that are not worth a line each.
SMALL = 0.02
# Operations of the test guest that are passed over, and instructions of an operation of
# bench-kernel's that are: the print of the figure before it.
WARM, PRINT = 8, 20000
LOGGED = 60000


def symbol(elf, name):
    listed = linux_costs.checked('aarch64-linux-gnu-nm', elf)
    return int(re.search(rf'^(\w+) \w {name}$', listed, re.M)[1], 16)


def addresses_of(log):
    """The addresses that were executed, of all CPUs."""
    found = []
    with open(log, encoding='utf-8', errors='replace') as lines:
        for line in lines:
            if line.startswith('Trace '):
                found.append(int(re.search(r'\[[0-9a-f]+/([0-9a-f]+)/', line)[1], 16))
            elif line.startswith('Stopped execution') and found:
                found.pop()
    return found


def by_function(addresses, rest):
    """{function: instructions} of the kernel and of the VMM, and of all others together."""
    programs = {'kernel': count_echo.Program(KERNEL), 'program': count_echo.Program(VMM)}
    names = {'kernel': 'kernel', 'program': 'VMM'}
    total = Counter()
    for address in addresses:
        where = count_echo.place(address)
        if where == 'kernel' or (where == 'program' and rest == 'guest'):
            total[f'{names[where]}: {programs[where].function(address).split(".")[0]}'] += 1
        else:
            total[rest] += 1
    return total


def joined(total):
    """The same with one line for what is small."""
    least = SMALL * sum(total.values())
    found = Counter()
    for name, count in total.items():
        small = count < least and ':' in name
        found[name.split(':')[0] + ': small functions' if small else name] += count
    return dict(found.most_common())


def log(machine, folder, go_on):
    """The addresses that are executed while go_on() runs."""
    file = folder / 'log'
    for command in (f'logfile {file}', 'singlestep on', 'log exec,nochain'):
        machine.monitor(command)
    go_on()
    for command in ('log none', 'singlestep off'):
        machine.monitor(command)
    return addresses_of(file)


def of_guest(name, value):
    """{function: instructions} of a figure that the test guest printed: it says figure_sample()
    after each operation, and figure_print() after all of a kind."""
    group = next(group for group, figures in GROUPS.items() if name in figures)
    image = guest_figures.build(*guest_figures.RUNS[group],
                                guest_figures.TOP / 'build/images/guests-figures' / group)
    sample, done = (GUEST_BASE + symbol(GUEST_ELF, function)
                    for function in ('figure_sample', 'figure_print'))
    arguments = ['-machine', f'virt,virtualization=on,gic-version={GIC}', '-m', '2G',
                 '-kernel', image]
    with tempfile.TemporaryDirectory(prefix='bulkhead-micro-') as path:
        folder = Path(path)
        with linux_costs.Machine(folder, arguments, cpus=2) as machine:
            for _ in GROUPS[group][:GROUPS[group].index(name)]:
                machine.run_again_to(done)
            for _ in range(WARM):
                machine.run_again_to(sample)
            total = by_function(log(machine, folder, lambda: machine.run_again_to(sample)), 'guest')
    # The guest's own part has the loop around the operation and the timing in it.
    total['guest'] = max(0, value - sum(total.values()) + total['guest'])
    return joined(total)


def of_bench(name, value):
    """{function: instructions} of an operation of bench-kernel, which prints a figure after each
    phase: arm_generic_to_ns() is then called, whose address no other program of it has."""
    image = kernel.build('release')
    printed = symbol(BENCH_ELF, 'arm_generic_to_ns')
    arguments = ['-machine', f'virt,virtualization=on,gic-version={GIC}', '-m', '2G',
                 '-kernel', image]
    with tempfile.TemporaryDirectory(prefix='bulkhead-micro-') as path:
        folder = Path(path)
        with linux_costs.Machine(folder, arguments) as machine:
            for _ in range(PHASES.index(name)):
                machine.run_again_to(printed)
            end = machine.count() + PRINT + LOGGED
            addresses = log(machine, folder, lambda: machine.log_until(end))
    total = by_function(addresses[PRINT:], 'programs')
    scale = value / sum(total.values())
    return joined({who: scale * count for who, count in total.items()})


# In the order in which they are printed.
GROUPS = {
    'costs': ['emulated read', 'PSCI_VERSION', 'timer to handler', 'timer to handler out of WFI',
              'SGI to another CPU', 'SGI to another CPU in WFI', 'SPI to handler'],
    'virtio': ['virtio register read', 'virtio interrupt acknowledgement',
               'virtio kick, VMM woken', 'virtio kick, VMM not woken'],
    'switch': ['switch VM to VM'],
}
PHASES = ['boot_to_init', 'null_call', 'protected_call_round_trip', 'spi_to_notified',
          'notification_round_trip', 'notification_round_trip_deferred', 'notification_to_lower',
          'fault_exchange']
