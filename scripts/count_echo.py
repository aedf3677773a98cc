#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Counts the instructions from the UART's interrupt to the echo of a typed character.

    count_echo.py [--gic 2|3]

The system is tests/boot/systems/serial, whose client 1 echoes; release configuration. QEMU executes
and logs one instruction at a time, with its UART model's interrupt and register accesses among
them. The table has a line for each stay in a program or in the kernel.
"""
import argparse
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
MAIN = Path(os.environ.get('BULKHEAD_BUILD', TOP / 'build/main'))
FOLDER = TOP / 'tests/boot/systems/serial'


def build(folder):
    """The image of the system."""
    output = folder / 'image'
    subprocess.run([MAIN / 'sdk/bin/bulkhead', 'build', FOLDER / 'serial.system', '--board',
                    'qemu_virt_aarch64', '--config', 'release', '-o', output,
                    '--search-path', MAIN / 'systems/serial/release', '--search-path', FOLDER],
                   check=True, stdin=subprocess.DEVNULL, timeout=60)
    return output


def monitor(path, *commands):
    """Gives commands to QEMU's monitor."""
    with socket.socket(socket.AF_UNIX) as link:
        link.settimeout(10)
        link.connect(str(path))
        for command in commands:
            text = b''
            while not text.endswith(b'(qemu) '):
                text += link.recv(4096)
            link.sendall(command.encode() + b'\n')
        time.sleep(0.2)


def log_of_echo(folder, gic):
    """QEMU's log of what happens when an `x` is typed at the echoing client."""
    control, log = folder / 'monitor', folder / 'log'
    command = ['timeout', '-s', 'KILL', '60', 'qemu-system-aarch64', '-machine',
               f'virt,virtualization=on,gic-version={gic}', '-cpu', 'cortex-a53', '-m', '2G',
               '-display', 'none', '-nodefaults', '-serial', 'stdio', '-singlestep',
               '-monitor', f'unix:{control},server=on,wait=off', '-D', log, '-kernel',
               build(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL) as qemu:
        seen = b''
        try:
            # One character first, so that nothing happens for the first time when it is counted.
            while not all(said in seen for said in (b'echo: ready', b'prompt> ', b'second: ready')):
                seen += os.read(qemu.stdout.fileno(), 4096)
            qemu.stdin.write(b'\rw')
            qemu.stdin.flush()
            while not seen.endswith(b'w'):
                seen += os.read(qemu.stdout.fileno(), 4096)
            time.sleep(0.5)
            monitor(control, 'trace-event pl011_irq_state on', 'trace-event pl011_write on',
                    'log exec,nochain', '')
            qemu.stdin.write(b'x')
            qemu.stdin.flush()
            while not seen.endswith(b'x'):
                seen += os.read(qemu.stdout.fileno(), 4096)
            time.sleep(0.5)
            monitor(control, 'log none', '')
        finally:
            qemu.terminate()  # timeout(1) hands it on; killed itself, it would leave QEMU running
    return log.read_text(encoding='utf-8', errors='replace')


def is_kernel(pc):
    """Programs are linked at 2 MiB; the kernel is far above."""
    return pc >= 1 << 30


def stays(text):
    """[[whether the kernel, instructions]] from the interrupt to the character on the UART."""
    found = []
    counting = False
    for line in text.splitlines():
        if 'pl011_irq_state' in line and re.search(r'irq state 1|level 1', line):
            counting = True
        elif counting and 'pl011_write' in line and re.search(r'addr 0x0*0 value 0x0*78\b', line):
            return found
        elif counting and line.startswith('Trace'):
            pc = int(re.search(r'\[[0-9a-f]+/([0-9a-f]+)/', line).group(1), 16)
            if not found or found[-1][0] != is_kernel(pc):
                found.append([is_kernel(pc), 0])
            found[-1][1] += 1
    raise RuntimeError('the log has no echo:\n' + text[:2000])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--gic', type=int, choices=(2, 3), default=2)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix='bulkhead-echo-') as folder:
        found = stays(log_of_echo(Path(folder), arguments.gic))
    kernel = sum(count for in_kernel, count in found if in_kernel)
    total = sum(count for _, count in found)
    print('| stay | instructions |\n|---|---|')
    for in_kernel, count in found:
        print(f'| {"kernel" if in_kernel else "program"} | {count:,} |')
    print(f'| all | {total:,} |\n| of it kernel | {kernel:,} |')
    return 0


if __name__ == '__main__':
    sys.exit(main())
