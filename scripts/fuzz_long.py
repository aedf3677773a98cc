#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The long run of the fuzz targets and of the virtIO core against a model of its driver:

    fuzz_long.py [--runs N] [--buffers N] [--only TEXT]

Each target makes N executions, one after another on one CPU; llvm-cov then says which lines of the
code under test the inputs reach, and where faults can be seeded they must be found, each within a
minute. What came out is kept in docs/results/fuzz.md; a run replaces the lines of its own targets.
Exits non-zero when an input crashed, a virtIO target reaches fewer than LEAST_LINES, faults were
missed, or nothing was run.

Needs the targets in build/fuzz, the same with coverage in build/fuzz-coverage, and the unit tests
in build/main: `make fuzz-long` builds them.
"""
import argparse
import datetime
import json
import os
import re
import subprocess
import sys
import time

import long_results
from test import FUZZ, LOGS, MAIN, TOP, fuzz_command, fuzz_executions, meson_tests, run_program

COVERAGE = TOP / 'build/fuzz-coverage'
FILE = TOP / 'docs/results/fuzz.md'
LEAST_LINES = 90  # percent
DAY = 24 * 3600

# What a target is there for; the lines of these files are counted, together.
UNDER_TEST = {
    'virtio_split': ['virtio/virtq_split.c', 'virtio/virtq.c', 'virtio/chain.c',
                     'virtio/guestmem.c'],
    'virtio_packed': ['virtio/virtq_packed.c', 'virtio/virtq.c', 'virtio/chain.c',
                      'virtio/guestmem.c'],
    'virtio_mmio': ['virtio/vmmio.c', 'virtio/vdev.c'],
    'virtio_blk': ['virtio/vblk.c', 'virtio/vblk_disk.c', 'virtio/vblk_request.c'],
    'virtio_console': ['virtio/vconsole.c', 'virtio/vconsole_control.c'],
    'virtio_net': ['virtio/vnet.c', 'virtio/vnet_control.c', 'virtio/vnet_receive.c'],
    'net_offload': ['io/net/offload.c', 'io/net/sum.c'],
    'net_switch': ['io/net/switch.c', 'io/net/switch_judge.c', 'io/net/switch_send.c',
                   'io/net/landing.c', 'io/net/table.c', 'io/net/client.c', 'io/net/direct.c'],
    'block': ['io/block/client.c', 'io/block/limit.c', 'io/block/queue.c', 'io/block/server.c',
              'io/block/virtualiser.c', 'io/block/virtualiser_pending.c',
              'io/block/virtualiser_start.c'],
    'block_partition': ['io/block/partition.c'],
    'serial': ['io/serial/client.c', 'io/serial/queue.c', 'io/serial/rx.c', 'io/serial/tx.c',
               'io/serial/virtualiser.c'],
    'serial_config': ['io/serial/config.c', 'io/words/words.c'],
    'vmm_gic': ['vmm/gic.c', 'vmm/gicd.c', 'vmm/gicr.c'],
    'vmm_smccc': ['vmm/smccc.c', 'vmm/psci.c', 'vmm/trng.c'],
    'vmm_images': ['vmm/loader.c', 'vmm/dtb.c', 'vmm/dtb_edit.c', 'vmm/config.c',
                   'io/words/words.c'],
}
# Scripts that seed faults for targets of a prefix.
SEEDING = {'virtio_': ['seed_virtio.py', 'fuzz'], 'net_': ['seed_net.py'],
           'vmm_': ['seed_vmm.py']}

ABOUT_TARGETS = """
One process, one CPU, under the address and undefined-behaviour sanitizers. "Lines" are those of
the code under test that llvm-cov counts as run, by the inputs in the tree and by all that there are
after the run; the files are named in `scripts/fuzz_long.py`.
"""
ABOUT_FAULTS = """
Each is put into a copy of the sources, and the target starts from the inputs in the tree. Seconds
are those of the clock until it is found; 60 is the limit.
"""
ABOUT_DRIVERS = """
Random buffers from a driver that shares no code with the device side, every byte compared, no
wake-up lost (`tests/unit/test_virtio_differential.c`).
"""
# Heading, what stands below it, and the columns of each table of the page.
TABLES = {
    'targets': ('Executions', ABOUT_TARGETS, 'target | executions | seconds | crashes | '
                'lines, inputs in the tree | lines, all inputs | date | commit'),
    'faults': ('Seeded faults', ABOUT_FAULTS,
               'target and fault | seconds | what said so | date | commit'),
    'drivers': ('Against a model of the driver', ABOUT_DRIVERS,
                'ring | buffers | seconds | result | date | commit'),
}
HEAD = """<!-- SPDX-License-Identifier: BSD-2-Clause -->
# Fuzzing

What the long run of the fuzz targets said last: `make fuzz-long` (`T=virtio` chooses by name,
`RUNS=10000000`). A commit with `+` had changes besides it. Written by `scripts/fuzz_long.py`.

"""


class Page:
    """docs/results/fuzz.md: lines of tables, found again by what their first cell begins with."""

    def __init__(self):
        self.lines = {name: [] for name in TABLES}
        self.said = f'{datetime.date.today().isoformat()} | {long_results.commit()}'
        table = None
        for line in FILE.read_text(encoding='utf-8').splitlines() if FILE.exists() else []:
            for name, (heading, _, _) in TABLES.items():
                table = name if line == '## ' + heading else table
            if table is not None and line.startswith('| `'):
                self.lines[table].append(line)

    def replace(self, table, first, rows):
        """Puts rows (lists of cells) in place of those whose first cell begins with `first`."""
        kept = [line for line in self.lines[table] if not line.startswith(f'| `{first}`')]
        new = ['| ' + ' | '.join([*map(str, row), self.said]) + ' |' for row in rows]
        self.lines[table] = sorted(kept + new)
        self.write()

    def write(self):
        text = HEAD + f'Versions: {versions()}.\n'
        for name, (heading, about, columns) in TABLES.items():
            marks = '|'.join(['---'] * (columns.count('|') + 1))
            text += '\n'.join([f'\n## {heading}', about, f'| {columns} |', f'|{marks}|',
                               *self.lines[name], ''])
        FILE.write_text(text, encoding='utf-8')


def versions():
    """The compilers: of the targets, and of the unit tests."""
    clang = long_results.output_of('clang', '--version').splitlines()[0]
    gcc = long_results.output_of('gcc', '-dumpfullversion')
    return f'{re.search(r"version (.*)", clang)[0]}, GCC {gcc}'.replace('version', 'clang')


def lines_run(name, folders):
    """Percentage of the lines of the code under test that the inputs of these folders reach."""
    program = COVERAGE / 'tests' / f'fuzz_{name}'
    raw, merged = COVERAGE / f'{name}.profraw', COVERAGE / f'{name}.profdata'
    subprocess.run([program, '-runs=0', *folders], check=True, stdin=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL, env={**os.environ, 'LLVM_PROFILE_FILE': str(raw)})
    subprocess.run(['llvm-profdata', 'merge', '-sparse', raw, '-o', merged], check=True)
    said = subprocess.run(['llvm-cov', 'export', '-summary-only', f'-instr-profile={merged}',
                           program], check=True, stdout=subprocess.PIPE).stdout
    files = {os.path.relpath(os.path.join(COVERAGE, file['filename']), TOP):
             file['summary']['lines'] for file in json.loads(said)['data'][0]['files']}
    counted = [files[path] for path in UNDER_TEST[name]]
    return 100 * sum(c['covered'] for c in counted) / sum(c['count'] for c in counted)


def run_target(test, runs, page):
    """Executions and lines of one target. Returns whether all is well."""
    name = test['name']
    log = LOGS / 'fuzz-long' / (name + '.log')
    start = time.monotonic()
    code, text = run_program(fuzz_command(test, f'-runs={runs}'), log, test['env'], DAY)
    seconds = time.monotonic() - start
    executions = fuzz_executions(text)
    good = code == 0 and executions >= runs
    shares = ['-', '-']
    if name in UNDER_TEST:
        tree, found = TOP / 'tests/fuzz/corpus' / name, TOP / 'build/fuzz-corpus' / name
        values = [lines_run(name, [tree]), lines_run(name, [tree, found])]
        good = good and (min(values) >= LEAST_LINES or not name.startswith('virtio_'))
        shares = [f'{value:.1f} %' for value in values]
    page.replace('targets', name, [[f'`{name}`', f'{executions:,}', f'{seconds:.0f}',
                                    0 if code == 0 else f'1 (code {code})', *shares]])
    print(f'{"ok  " if good else "FAIL"} {name}: {executions:,} executions in {seconds:.0f} s, '
          f'lines {", ".join(shares)}', flush=True)
    return good


def run_faults(name, page):
    """The faults that can be seeded for a target. Returns whether all of them were found."""
    for prefix, (script, *arguments) in SEEDING.items():
        if name.startswith(prefix):
            break
    else:
        return True
    command = [sys.executable, TOP / 'scripts' / script, *arguments, name[len(prefix):]]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
                          check=False)
    print(done.stdout, end='', flush=True)
    found = re.findall(r'^((?:NOT )?found): \w+: (.*) after ([\d.]+) s: (.*)$', done.stdout,
                       re.M | re.I)
    rows = [[f'`{name}` {fault}', seconds if word == 'found' else word, why]
            for word, fault, seconds, why in found]
    page.replace('faults', name, [[cell.replace('|', r'\|') for cell in row] for row in rows])
    return done.returncode == 0 and len(rows) >= 3


def run_driver(buffers, page):
    """Millions of random buffers for each format of rings. Returns whether all was right."""
    good = True
    test = meson_tests(MAIN, 'unit', 'virtio_differential')[0]
    for ring in ('split', 'packed'):
        log = LOGS / 'fuzz-long' / f'differential_{ring}.log'
        start = time.monotonic()
        code, text = run_program(test['cmd'], log, {**test['env'], 'BULKHEAD_BUFFERS': str(buffers),
                                                    'BULKHEAD_TEST': ring + '*'}, DAY)
        seconds = time.monotonic() - start
        passed = code == 0 and f'ok 1 - {ring}_ring' in text
        page.replace('drivers', ring, [[f'`{ring}`', f'{buffers:,}', f'{seconds:.0f}',
                                        'passed' if passed else 'FAILED']])
        print(f'{"ok  " if passed else "FAIL"} {ring} ring against a driver: {buffers:,} buffers '
              f'in {seconds:.0f} s', flush=True)
        good = good and passed
    return good


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--runs', type=int, default=10_000_000)
    parser.add_argument('--buffers', type=int, default=10_000_000)
    parser.add_argument('--only', default='', help='targets whose name has this text')
    arguments = parser.parse_args()
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    (LOGS / 'fuzz-long').mkdir(parents=True, exist_ok=True)
    page = Page()
    results = []
    tests = meson_tests(FUZZ, 'fuzz', arguments.only)
    if arguments.only in 'virtio_split virtio_packed':
        results.append(run_driver(arguments.buffers, page))
    # What is seeded is found soon; so first that, then what takes long.
    results += [run_faults(test['name'], page) for test in tests]
    results += [run_target(test, arguments.runs, page) for test in tests]
    print(f'{sum(results)} passed, {len(results) - sum(results)} failed')
    return 0 if results and all(results) else 1


if __name__ == '__main__':
    sys.exit(main())
