#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Measures what operations cost on Bulkhead and its peers, in instructions, side by side.

    run.py [--systems native,bulkhead] [--quick] [--only TEXT] [--write]
    run.py --compare OLD.json [NEW.json]
    run.py --again
    run.py --tables

Every system runs on the same board in QEMU with `-icount shift=0,sleep=off`. A run writes one file
below build/bench/ with every figure, what versions and flags there were, the commit and the date,
and prints a table. --quick measures Bulkhead alone, in under three minutes. --only measures figures
whose name has this text. --write also puts the figures into docs/results/bench.json, where those of
other systems stay as they are, and makes the tables and plots of docs/performance.md anew from it;
--tables does the latter alone. A step that fails is tried once more, which is said; when it fails
again, the others are measured, nothing is put into the manual, and the exit code is 1. What each
step's machines said is in build/bench/logs. --compare shows what changed between two runs (the
second is the last one when it is not given). --again measures Bulkhead twice, quickly, and fails
when an exact figure is more than 1 % apart.
"""
import argparse
import datetime
import importlib
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import compare
import figures
import plot
import table

TOP = Path(__file__).resolve().parent.parent
RUNS = TOP / 'build/bench'
LAST = RUNS / 'last.json'
KEPT = TOP / 'docs/results/bench.json'
SYSTEMS = ('native', 'bulkhead', 'kvm', 'xen')


class Progress:
    """Says what is being measured: in one line that changes on a terminal, else a line each."""

    def __init__(self, out=sys.stderr):
        self._out = out
        self._refreshes = out.isatty()
        self._start = time.monotonic()
        # Of which system the steps are.
        self.system = ''
        # Steps that were tried twice, and those that failed nevertheless.
        self.repeated, self.lost = [], []

    def __call__(self, text):
        seconds = int(time.monotonic() - self._start)
        line = f'{seconds // 60}:{seconds % 60:02} {self.system}: {text}'
        print(f'\r\033[K{line}' if self._refreshes else line, file=self._out, flush=True,
              end='' if self._refreshes else '\n')

    def failed(self, step, why, again):
        """A step went wrong; `again` says that it is tried once more."""
        self.end()
        name = f'{self.system}: {step}'
        (self.repeated if again else self.lost).append(name)
        print(f'{name} FAILED {why}\n' + ('It is tried once more.' if again else 'It is left out.'),
              file=self._out, flush=True)

    def end(self):
        """Leaves no line behind."""
        if self._refreshes:
            print('\r\033[K', file=self._out, end='', flush=True)


def output(*command):
    """The first line that a command prints; nothing when it cannot be run."""
    try:
        done = subprocess.run(command, check=True, text=True, cwd=TOP, timeout=60,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL)
    except (OSError, subprocess.CalledProcessError):
        return ''
    return (done.stdout.splitlines() or [''])[0]


def commit():
    """The commit that is measured; a `+` says that there are changes besides."""
    changed = output('git', 'status', '--porcelain', '--untracked-files=no', '--', ':!docs')
    return output('git', 'rev-parse', '--short=10', 'HEAD') + ('+' if changed else '')


def measure(names, quick, only, progress):
    """A run: what the file says."""
    run = {
        'commit': commit(),
        'date': datetime.datetime.now(datetime.timezone.utc).strftime('%Y-%m-%d'),
        'quick': quick,
        'versions': {
            'QEMU': output('qemu-system-aarch64', '--version').split(' version ')[-1],
            'GCC': output('aarch64-linux-gnu-gcc', '-dumpfullversion'),
        },
        'systems': {},
    }
    began = time.monotonic()
    for name in names:
        module = importlib.import_module(name)
        start = time.monotonic()
        progress.system = name
        columns = module.measure(quick, progress, only)
        for column, found in columns.items():
            strange = set(found['figures']) - set(figures.FIGURES)
            if strange:
                raise RuntimeError(f'{column} has figures that nobody knows: {sorted(strange)}')
            run['systems'][column] = {
                'title': module.COLUMNS[column], 'commit': run['commit'], 'date': run['date'],
                'seconds': round(time.monotonic() - start), **found}
    run['seconds'] = round(time.monotonic() - began)
    run['repeated'] = progress.repeated
    run['failed'] = progress.lost
    return run


def write_json(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + '\n', encoding='utf-8')


def read_json(path):
    return json.loads(Path(path).read_text(encoding='utf-8'))


def keep(run, whole):
    """Puts a run's figures over those that were kept. What was not measured stays; whole says that
    it was a run of everything."""
    kept = read_json(KEPT) if KEPT.exists() else {'systems': {}}
    for column, found in run['systems'].items():
        before = kept['systems'].get(column, {
            'figures': {}, 'flags': [], 'seconds': 0, 'versions': {}, 'commit': found['commit']})
        both = {**before['figures'], **found['figures']}
        kept['systems'][column] = {
            **found, 'figures': {name: both[name] for name in figures.FIGURES if name in both}}
        if not whole:
            kept['systems'][column]['versions'] = {**before['versions'], **found['versions']}
            kept['systems'][column]['commit'] = ', '.join(
                dict.fromkeys([*before['commit'].split(', '), found['commit']]))
            kept['systems'][column]['seconds'] = max(before['seconds'], found['seconds'])
            kept['systems'][column]['flags'] = list(
                dict.fromkeys([*before['flags'], *found['flags']]))
    kept['versions'] = run['versions']
    write_json(KEPT, kept)


def minutes_of(names):
    """How long it took the last time to measure these systems wholly."""
    kept = read_json(KEPT)['systems'] if KEPT.exists() else {}
    # The columns of a system are measured together.
    seconds = sum(max((kept[column]['seconds'] for column in importlib.import_module(name).COLUMNS
                       if column in kept), default=0) for name in names)
    return round(seconds / 60)


def make_pages():
    """The tables and plots of docs/performance.md."""
    kept = read_json(KEPT)
    elsewhere = read_json(Path(__file__).with_name('elsewhere.json'))
    plot.write(kept, elsewhere)
    table.write(kept, elsewhere)


def again(only, progress):
    """Measures twice; returns the exit code."""
    first, second = (measure(('bulkhead',), True, only, progress) for _ in range(2))
    progress.end()
    apart = compare.apart(first, second)
    for line in apart:
        print(line)
    print(f'{compare.exact_figures(first)} exact figures, measured twice: '
          f'{len(apart)} are more than {100 * figures.EXACT:.0f} % apart')
    return 1 if apart or not compare.exact_figures(first) else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--systems', default=','.join(SYSTEMS), help='which, with commas between')
    parser.add_argument('--quick', action='store_true', help='Bulkhead alone, the quick figures')
    parser.add_argument('--only', default='', help='figures whose name has this text')
    parser.add_argument('--write', action='store_true', help='make the manual anew, too')
    parser.add_argument('--tables', action='store_true', help='only make the manual anew')
    parser.add_argument('--again', action='store_true', help='measure twice and compare')
    parser.add_argument('--compare', type=Path, metavar='OLD', help='what changed since')
    parser.add_argument('new', nargs='?', type=Path, help='with --compare: the later run')
    arguments = parser.parse_args()
    if arguments.compare:
        later = arguments.new or LAST
        for path in (arguments.compare, later):
            if not path.is_file():
                parser.error(f"there is no run '{path}'; each leaves a file below "
                             f'{RUNS.relative_to(TOP)}')
        print(compare.text(read_json(arguments.compare), read_json(later)), end='')
        return 0
    if arguments.tables:
        make_pages()
        return 0
    # So that machines end with this program.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(2))
    progress = Progress()
    if arguments.again:
        return again(arguments.only, progress)
    names = ['bulkhead'] if arguments.quick else arguments.systems.split(',')
    unknown = [name for name in names if name not in SYSTEMS]
    if unknown:
        parser.error(f'no such system: {", ".join(unknown)}; there are {", ".join(SYSTEMS)}')
    if not any(arguments.only in name for name in figures.FIGURES):
        parser.error(f"no figure has '{arguments.only}' in its name; there are "
                     f'{", ".join(figures.FIGURES)}')
    if not arguments.quick and not arguments.only:
        minutes = minutes_of(names)
        print(f'{", ".join(names)}: about {minutes} minute{"" if minutes == 1 else "s"} on an idle '
              'machine', file=sys.stderr)
    run = measure(names, arguments.quick, arguments.only, progress)
    progress.end()
    path = RUNS / f'{datetime.datetime.now():%Y%m%d-%H%M%S}-{run["commit"]}.json'
    write_json(path, run)
    write_json(LAST, run)
    print(table.text(run), end='')
    print(f'{run["seconds"]} s; {path.relative_to(TOP)}')
    for name in run['repeated']:
        print(f'tried twice: {name}')
    for name in run['failed']:
        print(f'FAILED twice: {name}')
    if run['failed']:
        return 1
    if arguments.write:
        keep(run, not arguments.only and not arguments.quick)
        make_pages()
    own = run['systems'].get('bulkhead', {'figures': {}})['figures']
    over = [name for name, found in own.items()
            if figures.FIGURES[name].limit
            and figures.value(found) > figures.FIGURES[name].limit]
    for name in over:
        print(f'over its limit: {name}')
    return 1 if over else 0


if __name__ == '__main__':
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit('\nrun.py: interrupted; nothing is kept')
