# SPDX-License-Identifier: BSD-2-Clause
"""Whose the instructions of disk operations are: reads a log in which QEMU has written every
instruction that it executed, and cuts it into operations and these into stays in a component."""
import re
from collections import Counter

import count_echo
import linux_costs as linux

SDK = linux.MAIN / f'sdk/board/{linux.BOARD}/release/elf'
PROGRAMS = {'VMM': SDK / 'vmm.elf', 'virtualiser': SDK / 'block.elf',
            'driver': SDK / 'virtio_blk.elf'}
COMPONENTS = ['program', 'Linux', 'EL2 kernel', *PROGRAMS]
LINUX_BASE = 1 << 47


class Programs:
    """Whose the code of a stay in some PD is. All programs have the same addresses."""

    def __init__(self):
        self._programs = {who: count_echo.Program(elf) for who, elf in PROGRAMS.items()}
        self._last = {}

    def whose(self, addresses):
        """The one program that can execute these addresses and goes on where it was stopped. None
        where that was before the log begins, and it may be several."""
        able = [who for who, program in self._programs.items() if program.runs(addresses) and
                (who not in self._last or program.resumes(self._last[who], addresses[0]))]
        known = [who for who in able if who in self._last]
        if not able or len(known) > 1:
            raise RuntimeError(f'{len(addresses)} instructions from {addresses[0]:#x} on: {able}')
        if len(able) > 1:
            return None
        self._last[able[0]] = addresses[-1]
        return able[0]


def addresses_of(log):
    """The addresses of the instructions in QEMU's log."""
    found = []
    with open(log, encoding='utf-8', errors='replace') as lines:
        for line in lines:
            if line.startswith('Trace 0:'):
                address = int(re.search(r'\[[0-9a-f]+/([0-9a-f]+)/', line)[1], 16)
                # An access to a device is translated again, alone, when it turns out to be one.
                if not found or found[-1] != address:
                    found.append(address)
            elif line.startswith('Stopped execution') and found:
                # It was only about to be executed, and comes again.
                found.pop()
    return found


def record(machine, folder, end):
    """The addresses that are executed until `end` is reached."""
    log = folder / 'log'
    for command in (f'logfile {log}', 'singlestep on', 'log exec,nochain'):
        machine.monitor(command)
    before = machine.count()
    executed = machine.run_to(end) - before
    for command in ('log none', 'singlestep off'):
        machine.monitor(command)
    found = addresses_of(log)
    log.unlink()
    # QEMU does not count every access to a device.
    if abs(len(found) - executed) > executed // 1000:
        raise RuntimeError(f'{len(found)} instructions logged, {executed} executed')
    return found


def place(address, hypervisor):
    """What an address is: a component, or `PD` for one of the programs."""
    where = count_echo.place(address) if hypervisor else 'guest'
    if where == 'guest':
        return 'Linux' if address >= LINUX_BASE else 'program'
    return {'kernel': 'EL2 kernel', 'program': 'PD'}[where]


def operations(addresses, step, hypervisor, warm):
    """A list for each operation, which begins where the program passes `step`: the stays, as
    (component, addresses), in their order. What is before the first pass and behind the last is
    left out, and the first operations, `warm` of them."""
    runs = []
    for address in addresses:
        where = place(address, hypervisor)
        if not runs or runs[-1][0] != where or address == step:
            runs.append((where, []))
        runs[-1][1].append(address)
    programs = Programs()
    found = []
    for where, part in runs:
        who = programs.whose(part) if where == 'PD' else where
        if part[0] == step:
            found.append([])
        if found:
            found[-1].append((who, part))
    found = found[warm:-1]
    if any(who is None for operation in found for who, _ in operation):
        raise RuntimeError('it is not known which program some instructions are of')
    return found


def length(operation):
    """Instructions of an operation."""
    return sum(len(part) for _, part in operation)


def median(listed):
    """The operation in the middle of those of a list, by their lengths."""
    return sorted(listed, key=length)[len(listed) // 2]


def by_component(listed):
    """{component: instructions an operation} of a list of operations."""
    total = Counter()
    for operation in listed:
        for who, part in operation:
            total[who] += len(part)
    return {who: total[who] / len(listed) for who in COMPONENTS}


def by_function(operation):
    """[((component, function), instructions)], most first, of what is ours in an operation."""
    programs = {who: count_echo.Program(elf) for who, elf in PROGRAMS.items()}
    programs['EL2 kernel'] = count_echo.Program(SDK / 'kernel.elf')
    return Counter((who, programs[who].function(address)) for who, part in operation
                   if who in programs for address in part).most_common()
