#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Measures what the kernel's operations cost, in instructions, and prints a table.

    kernel.py [--write]    with --write, docs/results/kernel.md and the README's table are made anew

The system is systems/bench-kernel. QEMU runs with `-icount shift=0,sleep=off`: one instruction is
one nanosecond of the board's time, whatever the machine does meanwhile.
"""
import argparse
import os
import re
import subprocess
import sys
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(TOP / 'scripts'))
import process  # noqa: E402

MAIN = Path(os.environ.get('BULKHEAD_BUILD', TOP / 'build/main'))
BOARD = 'qemu_virt_aarch64'

# name in the programs, description, what it is, at most
# Name that systems/bench-kernel prints, what it is, at most (None: shown, never judged), and what
# seL4 with Microkit 2.0.1 takes (release, GICv2, the same QEMU; measured on 2026-11-20; its call
# had one word).
FIGURES = [
    ('null_call', 'null system call', 150, None),
    ('protected_call_round_trip', 'protected procedure, 4 words, there and back', 700, 2135),
    ('notification_round_trip', 'notification, there and back', 950, 2081),
    ('notification_round_trip_deferred', 'the same, deferred on both sides', None, None),
    ('notification_to_lower', 'notification to a lower priority', None, 425),
    ('spi_to_notified', 'SPI to `notified()` of its PD', 450, None),
    ('fault_exchange', 'a fault of a child to its parent and back', None, None),
    ('boot_to_init', 'first instruction to `init()`, 8 PDs', 3_000_000, None),
]
# bench-kernel has six PDs; the bound for booting is for a system of eight.
MORE_PDS = ''.join(f'''
    <protection_domain name="more{number}" priority="90" fpu="false">
        <program_image path="partner.elf"/>
    </protection_domain>''' for number in range(2))


def build(config):
    """The image of bench-kernel with eight PDs."""
    folder = TOP / 'build/images'
    folder.mkdir(parents=True, exist_ok=True)
    description = folder / 'bench-kernel.system'
    text = (TOP / 'systems/bench-kernel/bench-kernel.system').read_text(encoding='utf-8')
    description.write_text(text.replace('</system>', MORE_PDS + '\n</system>'), encoding='utf-8')
    image = folder / f'bench-kernel-{config}'
    subprocess.run([MAIN / 'sdk/bin/bulkhead', 'build', description, '--board', BOARD,
                    '--config', config, '-o', image,
                    '--search-path', MAIN / 'systems/bench-kernel' / config],
                   check=True, stdin=subprocess.DEVNULL, timeout=60)
    return image


def run(image, gic, cpu='cortex-a53'):
    """Boots an image and returns {name: instructions an operation}."""
    command = ['qemu-system-aarch64', '-machine', f'virt,virtualization=on,gic-version={gic}',
               '-cpu', cpu, '-smp', '1', '-m', '2G', '-display', 'none', '-nodefaults',
               '-serial', 'stdio', '-icount', 'shift=0,sleep=off', '-kernel', str(image)]
    found = {}
    text = []
    with subprocess.Popen(['timeout', '-k', '5', '120', *command], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          errors='replace') as qemu:
        for line in qemu.stdout:
            text.append(line)
            match = re.match(r'BENCH (\w+) +([\d.]+) instructions', line)
            if match:
                found[match.group(1)] = float(match.group(2))
            if 'bench-kernel: done' in line:
                break
        process.end(qemu)
    if not text or 'bench-kernel: done' not in text[-1]:
        raise RuntimeError(f'{image.name} with GICv{gic} did not end:\n' + ''.join(text[-40:]))
    return found


def measure(config='release', gics=(2, 3)):
    """{name: {gic: instructions}} for every figure."""
    image = build(config)
    runs = {gic: run(image, gic) for gic in gics}
    return {name: {gic: runs[gic][name] for gic in runs} for name, *_ in FIGURES}


def table(results):
    """The results as a Markdown table."""
    lines = ['| operation | GICv2 | GICv3 | at most | seL4 with Microkit 2.0.1 |',
             '|---|---|---|---|---|']
    for name, what, *others in FIGURES:
        cells = [f'{results[name][gic]:,.0f}' for gic in (2, 3)]
        cells += [f'{number:,}' if number else '-' for number in others]
        lines.append(f'| {what} | {" | ".join(cells)} |')
    return '\n'.join(lines) + '\n'


PAGE = '''<!-- SPDX-License-Identifier: BSD-2-Clause -->
# What the kernel's operations cost

Instructions an operation, both ways counted and all privilege levels together, on QEMU's Cortex-A53
with `-icount shift=0,sleep=off`, release configuration, one CPU, 8 PDs. Made by
`bench/kernel.py --write`; `make bench` measures again. The loop around each operation is counted
with it. Path length, not cycles: it says nothing about caches or TLBs. The peer's figures are our
measurements of 2026-11-20 on the same QEMU with GICv2, its release build; its call had one word.

'''


def write(text):
    """Puts the table into docs/results/kernel.md and between the README's marks."""
    (TOP / 'docs/results/kernel.md').write_text(PAGE + text, encoding='utf-8')
    readme = TOP / 'README.md'
    before, after = '<!-- costs -->\n', '<!-- end of costs -->\n'
    head, rest = readme.read_text(encoding='utf-8').split(before)
    tail = rest.split(after)[1]
    readme.write_text(head + before + text + after + tail, encoding='utf-8')


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--write', action='store_true', help='make docs/results/kernel.md anew')
    parser.add_argument('--config', default='release')
    arguments = parser.parse_args()
    results = measure(arguments.config)
    text = table(results)
    print(text, end='')
    if arguments.write:
        write(text)
    over = [what for name, what, most, _ in FIGURES
            if most and max(results[name].values()) > most]
    for what in over:
        print(f'over its bound: {what}')
    return 1 if over else 0


if __name__ == '__main__':
    sys.exit(main())
