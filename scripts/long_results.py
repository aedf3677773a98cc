# SPDX-License-Identifier: BSD-2-Clause
"""Keeps docs/results/long.md: what each long test said last, at which commit, with which
versions and how long it took. A run replaces the lines of its own tests."""
import datetime
import json
import re
import subprocess
import xml.etree.ElementTree
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
FILE = TOP / 'docs/results/long.md'
HEAD = """<!-- SPDX-License-Identifier: BSD-2-Clause -->
# The long tests

What each test of `make test-long` said when it last ran, and at which commit; a commit with `+` had
changes besides it. Written by `scripts/test.py long`.

"""
COLUMNS = '| test | result | seconds | date | commit | versions |\n|---|---|---|---|---|---|\n'


def output_of(*command):
    """What a program prints, without the last newline."""
    return subprocess.run(command, cwd=TOP, check=True, stdin=subprocess.DEVNULL, text=True,
                          stdout=subprocess.PIPE).stdout.strip()


def commit():
    """The commit that is tested; `+` if the tree differs from it, results apart."""
    changed = output_of('git', 'status', '--porcelain', '--untracked-files=no', '--', '.',
                        ':!docs/results')
    return output_of('git', 'rev-parse', '--short=10', 'HEAD') + ('+' if changed else '')


def versions():
    """QEMU, the cross compiler and the kernels of the guest images that there are."""
    qemu = re.search(r'version (\S+)', output_of('qemu-system-aarch64', '--version'))[1]
    gcc = output_of('aarch64-linux-gnu-gcc', '-dumpfullversion')
    kernels = [json.loads(path.read_text(encoding='utf-8'))['kernel']
               for path in sorted(TOP.glob('build/guest/*/manifest.json'))]
    return ', '.join([f'QEMU {qemu}', f'GCC {gcc}', *[f'Linux {name}' for name in kernels]])


def results_of(junit):
    """{test: (word, seconds)} of a JUnit file."""
    found = {}
    for case in xml.etree.ElementTree.parse(junit).getroot().iter('testcase'):
        name = case.get('classname').rsplit('.', 1)[-1] + '::' + case.get('name')
        kinds = {child.tag for child in case}
        word = 'FAILED' if kinds & {'failure', 'error'} else 'skipped' if 'skipped' in kinds \
            else 'passed'
        found[name] = (word, float(case.get('time')))
    return found


def record(results):
    """Writes {test: (word, seconds)} over what the file has of these tests."""
    lines = {}
    if FILE.exists():
        for line in FILE.read_text(encoding='utf-8').splitlines():
            name = re.match(r'\| `([^`]+)` \|', line)
            if name:
                lines[name[1]] = line
    said = f'{datetime.date.today().isoformat()} | {commit()} | {versions()}'
    for name, (word, seconds) in results.items():
        lines[name] = f'| `{name}` | {word} | {seconds:.0f} | {said} |'
    FILE.write_text(HEAD + COLUMNS + '\n'.join(lines[name] for name in sorted(lines)) + '\n',
                    encoding='utf-8')
