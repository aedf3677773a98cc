# SPDX-License-Identifier: BSD-2-Clause
"""The one list of what is measured. A system's module answers with these names; the table, the
plots and the comparison of two runs follow this list and its order."""
from collections import namedtuple

# unit: what a value counts. exact: two runs of one commit agree within EXACT. limit: the most that
# Bulkhead may take, None where it is shown and not judged (budgets are in budgets.json). only: the
# systems that can have it, None for all.
Figure = namedtuple('Figure', 'group what unit exact limit only', defaults=(True, None, None))

# How far two runs of one commit may be apart where a figure is exact.
EXACT = 0.01

GROUPS = {
    'calls': 'Calls and exits',
    'interrupts': 'Interrupts and switches',
    'cpu': 'Work without devices',
    'boot': 'Booting',
    'block': 'Disk',
    'net': 'Network',
    'console': 'Console',
    'memory': 'Memory',
    'own': 'Between protection domains',
}
INSTRUCTIONS = 'instructions'
A_BYTE = 'instructions a byte'
PER_CENT = '%'
BYTES = 'bytes'
LINES = 'lines'
BULKHEAD = ('bulkhead',)

FIGURES = {
    # The bare-metal test guest (tests/guest): medians of single operations.
    'hypercall': Figure('calls', 'hypercall (PSCI_VERSION)', INSTRUCTIONS),
    'mmio_exit': Figure('calls', 'load from an emulated register of the interrupt controller',
                        INSTRUCTIONS),
    'virtio_read': Figure('calls', 'load from a register of a virtIO device', INSTRUCTIONS),
    'kick': Figure('calls', "kick: store to a virtIO device's QueueNotify, until the guest goes on",
                   INSTRUCTIONS),
    'kick_awake': Figure('calls', 'the same while the monitor is awake', INSTRUCTIONS),
    'kick_own': Figure('calls', 'the same, the monitor on the CPU of the vCPU that kicks',
                       INSTRUCTIONS),
    'virtio_ack': Figure('calls', "store to a virtIO device's InterruptACK", INSTRUCTIONS),
    'timer': Figure('interrupts', "virtual timer: expiry to the guest's handler", INSTRUCTIONS),
    'timer_wfi': Figure('interrupts', 'the same, out of WFI', INSTRUCTIONS),
    'spi': Figure('interrupts',
                  "the store that raises a device's interrupt (SPI), to the guest's handler",
                  INSTRUCTIONS),
    'ipi': Figure('interrupts', 'IPI from vCPU to vCPU, both CPUs counted', INSTRUCTIONS),
    'ipi_wfi': Figure('interrupts', 'the same, to a vCPU that waits in WFI', INSTRUCTIONS),
    'vm_switch': Figure('interrupts', 'switch from VM to VM on one CPU, one way', INSTRUCTIONS),
    'urgent': Figure('interrupts', 'a protection domain above two hostile guests: longest wait for '
                     'its interrupt, of 10,000', INSTRUCTIONS, False, 1_000, BULKHEAD),
    'masked_guests': Figure('interrupts', 'beside two hostile guests: longest stay of the kernel '
                            'with interrupts masked, of 10,000', INSTRUCTIONS, False, None,
                            BULKHEAD),
    # Linux; guest/probe.
    'syscall': Figure('cpu', 'a system call (getppid)', INSTRUCTIONS),
    'compute': Figure('cpu', 'a round of arithmetic and memory', INSTRUCTIONS),
    'busy_two': Figure('cpu', 'lost when two busy guests share a CPU', PER_CENT),
    'boot_init': Figure('boot', "the monitor's first instruction to the guest's init",
                        INSTRUCTIONS),
    'boot_power_on': Figure('boot', "the board's first instruction to the guest's init",
                            INSTRUCTIONS),
    'block_read_4k': Figure('block', 'read of 4 KiB, one at a time', INSTRUCTIONS),
    'block_write_4k': Figure('block', 'write of 4 KiB, one at a time', INSTRUCTIONS),
    'block_read_64k': Figure('block', 'read of 64 KiB, one at a time', INSTRUCTIONS),
    'block_write_64k': Figure('block', 'write of 64 KiB, one at a time', INSTRUCTIONS),
    'block_read_4k_deep': Figure('block', 'read of 4 KiB, 32 in flight', INSTRUCTIONS),
    'block_write_4k_deep': Figure('block', 'write of 4 KiB, 32 in flight', INSTRUCTIONS),
    'block_read_64k_deep': Figure('block', 'read of 64 KiB, 32 in flight', INSTRUCTIONS),
    'block_write_64k_deep': Figure('block', 'write of 64 KiB, 32 in flight', INSTRUCTIONS),
    'block_fio_read_4k': Figure('block', 'fio: random read of 4 KiB, one at a time', INSTRUCTIONS,
                                False),
    'block_fio_write_4k': Figure('block', 'fio: random write of 4 KiB, one at a time',
                                 INSTRUCTIONS, False),
    'block_fio_read_4k_deep': Figure('block', 'fio: random read of 4 KiB, 32 in flight',
                                     INSTRUCTIONS, False),
    'block_eight': Figure('block', 'eight guests on one disk, each with 32 reads of 4 KiB in '
                          'flight: what they get together, of what one gets', PER_CENT, False,
                          None, BULKHEAD),
    'block_eight_alone': Figure('block', 'the same, each reading one at a time', PER_CENT, False,
                                None, BULKHEAD),
    'net_udp': Figure('net', 'guest to guest: UDP, 64 bytes, there and back', INSTRUCTIONS),
    'net_tcp': Figure('net', 'guest to guest: TCP', A_BYTE),
    'net_tcp_plain': Figure('net', 'guest to guest: TCP without offloads', A_BYTE),
    'net_eight': Figure('net', 'eight pairs of guests on one switch, TCP: what they get together, '
                        'of what one pair gets', PER_CENT, False, None, BULKHEAD),
    'net_eight_plain': Figure('net', 'the same without offloads', PER_CENT, False, None, BULKHEAD),
    'net_out_udp': Figure('net', 'outside: UDP, 64 bytes, there and back', INSTRUCTIONS, False),
    'net_out_tcp_send': Figure('net', 'outside: TCP, sent', A_BYTE, False),
    'net_out_tcp_receive': Figure('net', 'outside: TCP, received', A_BYTE, False),
    'console_echo': Figure('console', "UART's interrupt to a typed character's echo", INSTRUCTIONS,
                           False),
    'console_echo_passed': Figure('console', 'the same, the UART passed through to the guest',
                                  INSTRUCTIONS, False, None, BULKHEAD),
    'memory_guest': Figure('memory', "a guest's share of memory beyond its RAM", BYTES),
    'memory_guest_console': Figure('memory', 'the same of a guest with a console alone', BYTES,
                                   True, 1 << 20),
    'memory_kernel_text': Figure('memory', "the hypervisor's text", BYTES, True, 64 << 10),
    'memory_kernel_lines': Figure('memory', "the hypervisor's source, neither blank nor comment",
                                  LINES, True, 6_000, BULKHEAD),
    # Between protection domains: systems/bench-kernel.
    'null_call': Figure('own', 'null system call', INSTRUCTIONS, True, 150, BULKHEAD),
    'protected_call': Figure('own', 'protected procedure, 4 words, there and back', INSTRUCTIONS,
                             True, 700),
    'notification': Figure('own', 'notification, there and back', INSTRUCTIONS, True, 950),
    'notification_deferred': Figure('own', 'the same, deferred on both sides', INSTRUCTIONS, True,
                                    None, BULKHEAD),
    'notification_lower': Figure('own', 'notification to a lower priority', INSTRUCTIONS),
    'spi_pd': Figure('own', 'SPI to `notified()` of its protection domain', INSTRUCTIONS, True,
                     450),
    'fault_exchange': Figure('own', 'a fault of a child to its parent and back', INSTRUCTIONS,
                             True, None, BULKHEAD),
    'boot_pd': Figure('own', "the board's first instruction to `init()`, 8 protection domains",
                      INSTRUCTIONS, True, 3_000_000, BULKHEAD),
    'masked': Figure('own', 'longest stay of the kernel with interrupts masked', INSTRUCTIONS,
                     False, None, BULKHEAD),
}


def value(entry):
    """The number of an answer, which is a number or has it as 'value'."""
    return entry['value'] if isinstance(entry, dict) else entry


def is_exact(name, entry):
    """Whether a system's answer is the same in each run; it may say `about` where others' are."""
    return FIGURES[name].exact and not (isinstance(entry, dict) and entry.get('about'))


def about(found):
    """Answers of a system that are not the same in each run, though others' are: those that hang
    on when the host's QEMU completes a request."""
    return {name: {'value': value(entry), 'about': True} for name, entry in found.items()}


def number(count):
    """A value as it is shown: small ones with two places."""
    whole = abs(count) >= 20 or abs(count - round(count)) < 0.005
    return f'{count:,.0f}' if whole else f'{count:,.2f}'
