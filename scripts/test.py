#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Runs test suites, keeps their output in build/logs/, and ends with one line for all of them:
`N passed, N failed` (and `, N skipped`). Exits non-zero when a test failed or none ran.

Suites: checks, tidy (clang-tidy of every C file), unit, models and fuzz are Meson tests of that
suite name; boot and long are pytest (tests marked `long` are left to the suite of that name, which
writes docs/results/long.md).
"""
import argparse
import concurrent.futures
import json
import os
import queue
import re
import shutil
import subprocess
import sys
import threading
import time
import xml.etree.ElementTree
from pathlib import Path

import long_results

TOP = Path(__file__).resolve().parent.parent
MAIN = TOP / 'build/main'
FUZZ = TOP / 'build/fuzz'
LOGS = TOP / 'build/logs'
PYTEST_FOLDERS = ['tests/boot', 'tests/sdf']
CPUS = os.cpu_count() or 1
# Files of boot tests that take longest: they begin first, so that all CPUs are busy to the end.
LONGEST = ['test_torture', 'test_guest_cpu', 'test_guest_hostile', 'test_shared_console']
FUZZ_PROGRESS = re.compile(r'^#\d+\s+(REDUCE|NEW|pulse|RELOAD)\b.*\n', re.MULTILINE)
SLOWEST = 15  # tests whose times are shown
SHOWN_LINES = 60  # of a failing test's output; the log has all of it


class Result:
    """What one test program or runner said: how many tests, and the lines worth showing."""

    def __init__(self, passed=0, failed=0, skipped=0, shown=''):
        self.passed, self.failed, self.skipped, self.shown = passed, failed, skipped, shown

    def add(self, other):
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped


class Screen:
    """Plain lines off a terminal; on one, also the name of what is running now."""

    def __init__(self):
        self.live = sys.stdout.isatty()
        self.lock = threading.Lock()

    def working(self, text):
        if self.live:
            shown = text[:shutil.get_terminal_size().columns - 1]
            with self.lock:
                print('\r\x1b[K' + shown, end='', flush=True)

    def line(self, text):
        with self.lock:
            print(('\r\x1b[K' if self.live else '') + text, flush=True)


def count(text, code):
    """The result of one program from its TAP lines, or from its exit code if it printed no plan."""
    plan = re.findall(r'^1\.\.(\d+)', text, re.M)
    if not plan:
        if code == 77:
            return Result(skipped=1)
        return Result(passed=1) if code == 0 else Result(failed=1)
    # cmocka prints a skipped test as `not ok N # SKIP name`.
    lines = re.findall(r'^(not )?ok \d+(.*)$', text, re.M)
    skipped = sum(1 for _, rest in lines if re.match(r'.*# *skip', rest, re.I))
    ran = [failed for failed, rest in lines if not re.match(r'.*# *skip', rest, re.I)]
    failed = sum(1 for word in ran if word)
    passed = len(ran) - failed
    # A program that dies has printed fewer lines than it planned, or none at all.
    planned = sum(int(n) for n in plan)
    failed += max(0, planned - passed - failed - skipped)
    if code != 0 and failed == 0:
        failed = 1
    return Result(passed, failed, skipped)


def run_program(command, log, env=None, timeout=60, cwd=None):
    """Runs a test program with its output in `log`; kills it when its time is up."""
    with open(log, 'w+', encoding='utf-8', errors='replace') as out:
        out.write('$ ' + ' '.join(command) + '\n')
        out.flush()
        try:
            code = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=out,
                                  stderr=subprocess.STDOUT, timeout=timeout, cwd=cwd, check=False,
                                  env={**os.environ, **(env or {})}).returncode
        except subprocess.TimeoutExpired:
            out.write(f'\nstopped: still running after {timeout} s\n')
            code = 124
        except OSError as error:
            out.write(f'\ncannot start: {error}\n')
            code = 127
    return code, log.read_text(encoding='utf-8', errors='replace')


def meson_tests(folder, suite, only):
    """The Meson tests of a suite, those whose name has `only`."""
    listed = subprocess.run(['meson', 'introspect', '--tests', str(folder)], check=True,
                            stdout=subprocess.PIPE, stdin=subprocess.DEVNULL).stdout
    suites = ('bulkhead:' + suite, suite)
    return [t for t in json.loads(listed)
            if any(s in suites for s in t['suite']) and only in t['name']]


def run_meson_test(suite, test, arguments):
    """One unit test, check or model. As `meson test` does, it starts in the build folder."""
    folder = LOGS / suite
    folder.mkdir(parents=True, exist_ok=True)
    code, text = run_program(test['cmd'], folder / (test['name'] + '.log'), test['env'],
                             arguments.timeout or test['timeout'], test['workdir'] or MAIN)
    result = count(text, code)
    result.shown = text
    return result


def fuzz_command(test, limit):
    """The command of a fuzz target: from the corpus in the tree and what was found before."""
    name = test['name']
    seeds = TOP / 'tests/fuzz/corpus' / name
    dictionary = TOP / 'tests/fuzz' / (name + '.dict')
    found = TOP / 'build/fuzz-corpus' / name
    crashes = TOP / 'build/fuzz-crashes' / name
    for path in (found, crashes):
        path.mkdir(parents=True, exist_ok=True)
    # An input takes microseconds; a machine that others use may stand still for half a minute.
    command = test['cmd'] + [f'-artifact_prefix={crashes}/', '-print_final_stats=1',
                             '-timeout=100', '-rss_limit_mb=2048', limit]
    if dictionary.exists():
        command.append(f'-dict={dictionary}')
    return command + [str(path) for path in (found, seeds) if path.is_dir()]


def fuzz_executions(text):
    """How many executions a fuzz target says it made; 0 if it did not get so far."""
    runs = re.search(r'stat::number_of_executed_units:\s*(\d+)', text)
    return int(runs[1]) if runs else 0


def run_fuzz_target(suite, test, arguments):
    """A fuzz target for so many seconds."""
    folder = LOGS / suite
    folder.mkdir(parents=True, exist_ok=True)
    command = fuzz_command(test, f'-max_total_time={arguments.fuzz_seconds}')
    code, text = run_program(command + [f'-seed={arguments.fuzz_seed}'],
                             folder / (test['name'] + '.log'), test['env'],
                             arguments.fuzz_seconds + 120)
    runs = fuzz_executions(text)
    # A target that executed nothing has shown nothing, and one without inputs in the tree little.
    seeds = TOP / 'tests/fuzz/corpus' / test['name']
    has_seeds = seeds.is_dir() and any(seeds.iterdir())
    result = Result(passed=1) if code == 0 and runs > 0 and has_seeds else Result(failed=1)
    result.shown = FUZZ_PROGRESS.sub('', text) if has_seeds else \
        f'{seeds.relative_to(TOP)} has no inputs'
    result.note = f'{runs:,} executions' if runs else ''
    return result


def run_meson_suite(suite, folder, run_one, arguments, screen):
    """Every test of a Meson suite, as many at a time as there are CPUs."""
    total = Result()
    tests = meson_tests(folder, suite, arguments.only)
    if not tests:
        return total
    started = {}

    def timed(test):
        started[test['name']] = time.monotonic()
        screen.working(f'{suite} {test["name"]} ...')
        result = run_one(suite, test, arguments)
        return result, time.monotonic() - started[test['name']]

    with concurrent.futures.ThreadPoolExecutor(max_workers=CPUS) as pool:
        jobs = {pool.submit(timed, test): test for test in tests}
        for job in concurrent.futures.as_completed(jobs):
            result, seconds = job.result()
            total.add(result)
            name = jobs[job]['name']
            word = 'FAIL' if result.failed else 'ok' if result.passed else 'skip'
            parts = [f'{result.passed} passed']
            parts += [f'{result.failed} failed'] if result.failed else []
            parts += [f'{result.skipped} skipped'] if result.skipped else []
            parts += [result.note] if getattr(result, 'note', '') else []
            screen.line(f'{word:4} {suite} {name} ({", ".join(parts)}, {seconds:.1f} s)')
            if result.failed:
                show(result.shown, LOGS / suite / (name + '.log'), screen)
    return total


def show(text, log, screen):
    """The end of a failing test's output."""
    lines = text.rstrip().splitlines()
    for line in lines[-SHOWN_LINES:]:
        screen.line('    | ' + line)
    screen.line(f'    (all of it: {log.relative_to(TOP)})')


def show_pytest(suite, lines, screen):
    """What a pytest says: test by test, and its failures at once, when it ends."""
    failing, failures = False, []
    for line in lines:
        match = re.match(r'(\S+)::(.+?) (PASSED|FAILED|ERROR|SKIPPED|XFAIL|XPASS)\b', line)
        if match:
            word = {'PASSED': 'ok', 'SKIPPED': 'skip'}.get(match.group(3), 'FAIL')
            screen.line(f'{word:4} {suite} {Path(match.group(1)).stem} {match.group(2)}')
        elif re.match(r'=+ (FAILURES|ERRORS) =+', line):
            failing = True
        elif line.startswith('=') and failing:
            failing = False
        elif failing:
            failures.append('    | ' + line.rstrip())
    if failures:
        screen.line('\n'.join(failures))


def run_pytest_file(suite, marker, file, worker, arguments, screen):
    """The tests of a file, by a pytest of its own, whose images no other worker touches. Returns
    the result and the tests' elements in its report."""
    folder = LOGS / suite
    folder.mkdir(parents=True, exist_ok=True)
    log, junit = folder / (file.stem + '.log'), folder / (file.stem + '.xml')
    junit.unlink(missing_ok=True)
    command = ['/usr/bin/python3', '-m', 'pytest', '-v', '--tb=short', '-m', marker,
               '-p', 'no:cacheprovider', f'--junitxml={junit}', '--rootdir', str(TOP), str(file)]
    if arguments.only:
        command += ['-k', arguments.only]
    with open(log, 'w', encoding='utf-8') as out:
        runner = subprocess.Popen(command, cwd=TOP, stdin=subprocess.DEVNULL, text=True,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                  errors='replace', env={**os.environ, 'BULKHEAD_WORKER': worker})

        def lines():
            for line in runner.stdout:
                out.write(line)
                yield line

        show_pytest(suite, lines(), screen)
        code = runner.wait()
    total = Result()
    suites = xml.etree.ElementTree.parse(junit).getroot() if junit.exists() else ()
    for element in suites:
        tests, skipped = int(element.get('tests')), int(element.get('skipped'))
        failed = int(element.get('failures')) + int(element.get('errors'))
        # A test that fails and whose teardown fails too counts twice as failed, once as a test.
        total.add(Result(max(0, tests - failed - skipped), failed, skipped))
    nothing_selected = 5
    if code not in (0, nothing_selected) and total.failed == 0:
        show(log.read_text(encoding='utf-8'), log, screen)
        total.failed = 1
    return total, suites


def show_slowest(suite, cases, screen):
    """The tests that took longest."""
    slowest = sorted(cases, key=lambda case: float(case.get('time')), reverse=True)[:SLOWEST]
    for case in slowest:
        name = f'{case.get("classname").split(".")[-1]} {case.get("name")}'
        screen.line(f'{float(case.get("time")):6.1f} s {suite} {name}')


def run_pytest(suite, marker, workers, arguments, screen):
    """The pytest folders, file by file, several at a time."""
    files = [file for folder in PYTEST_FOLDERS for file in (TOP / folder).glob('test_*.py')]
    files.sort(key=lambda file: (file.stem not in LONGEST, file))
    free = queue.SimpleQueue()
    for worker in range(workers):
        free.put(str(worker))

    def run_one(file):
        worker = free.get()
        result = run_pytest_file(suite, marker, file, worker, arguments, screen)
        free.put(worker)
        return result

    total = Result()
    report = xml.etree.ElementTree.Element('testsuites')
    with concurrent.futures.ThreadPoolExecutor(max_workers=workers) as pool:
        for result, suites in pool.map(run_one, files):
            total.add(result)
            report.extend(suites)
    xml.etree.ElementTree.ElementTree(report).write(LOGS / (suite + '.xml'), encoding='utf-8')
    show_slowest(suite, report.iter('testcase'), screen)
    return total


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('suites', nargs='+',
                        choices=['checks', 'tidy', 'unit', 'models', 'fuzz', 'boot', 'long'])
    parser.add_argument('--only', default='', help='tests whose name has this text')
    parser.add_argument('--timeout', type=int, default=0, help='seconds for each host test')
    parser.add_argument('--fuzz-seconds', type=int, default=5)
    parser.add_argument('--fuzz-seed', type=int, default=0, help='0: another one each time')
    arguments = parser.parse_args()
    screen = Screen()
    LOGS.mkdir(parents=True, exist_ok=True)

    total = Result()
    started = time.monotonic()
    for suite in arguments.suites:
        if suite == 'boot':
            total.add(run_pytest(suite, 'not long', CPUS, arguments, screen))
        elif suite == 'long':
            total.add(run_meson_suite(suite, MAIN, run_meson_test, arguments, screen))
            total.add(run_pytest(suite, 'long', 1, arguments, screen))
            long_results.record(long_results.results_of(LOGS / (suite + '.xml')))
        elif suite == 'fuzz':
            total.add(run_meson_suite(suite, FUZZ, run_fuzz_target, arguments, screen))
        else:
            total.add(run_meson_suite(suite, MAIN, run_meson_test, arguments, screen))
    screen.line(f'took {time.monotonic() - started:.0f} s, logs in {LOGS.relative_to(TOP)}')
    skipped = f', {total.skipped} skipped' if total.skipped else ''
    print(f'{total.passed} passed, {total.failed} failed{skipped}', flush=True)
    if arguments.only and not total.passed + total.failed + total.skipped:
        print(f"no test has '{arguments.only}' in its name", file=sys.stderr)
    return 1 if total.failed or not total.passed else 0


if __name__ == '__main__':
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(f'\ntest.py: interrupted; logs in {LOGS.relative_to(TOP)}')
