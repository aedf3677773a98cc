# SPDX-License-Identifier: BSD-2-Clause
"""What the README tells a newcomer to type works: in this tree, which `make test` has built (in a
fresh clone, where continuous integration runs it, from nothing), and in a clean copy of it."""
import contextlib
import re
import shlex
import shutil
import subprocess
import sys

import pexpect
import pytest
from conftest import BOARD, BUILD, LOGS, TOOL, TOP

sys.path.insert(0, str(TOP / 'scripts'))
import tree  # noqa: E402


def commands():
    """The lines of the README's shell blocks."""
    text = (TOP / 'README.md').read_text(encoding='utf-8')
    return [line for block in re.findall(r'^```sh\n(.*?)^```', text, re.M | re.S)
            for line in block.splitlines() if line.strip()]


@contextlib.contextmanager
def clean_copy():
    """The files of the tree, and nothing that was built."""
    folder = BUILD / 'readme-copy'
    shutil.rmtree(folder, ignore_errors=True)
    for name in tree.files(TOP):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(TOP / name, folder / name)
    # The guests' packages are those of the tree that is tested, so that no network is needed.
    cache = BUILD / 'guest/cache'
    if cache.is_dir():
        shutil.copytree(cache, folder / 'build/guest/cache', symlinks=True,
                        ignore=shutil.ignore_patterns('lock', 'partial'))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope='module', params=[
    'here', pytest.param('copy', marks=pytest.mark.long)])
def place(request):
    """The folder to type the commands in."""
    with clean_copy() if request.param == 'copy' else contextlib.nullcontext(TOP) as folder:
        yield folder


def runs():
    """(page, command) of the lines with which pages say how a system is started."""
    pages = [*TOP.glob('docs/*.md'), *TOP.glob('systems/*/README.md')]
    return [(str(page.relative_to(TOP)), line) for page in sorted(pages)
            for line in re.findall(r'^ {4}((?:\w+=\S+ )?make run\b.*?)(?: {2,}.*)?$',
                                   page.read_text(encoding='utf-8'), re.M)]


def first_line_of(system):
    """The first thing that a system prints."""
    lines = (TOP / 'systems' / system / 'expected.txt').read_text(encoding='utf-8').splitlines()
    return next(line for line in lines if line.strip() and not line.startswith(('#', '> ', '! ')))


def default_system():
    makefile = (TOP / 'Makefile').read_text(encoding='utf-8')
    return re.search(r'^DEFAULT_SYSTEM = (\S+)$', makefile, re.M).group(1)


def test_there_are_commands():
    assert 'make run' in commands()
    assert 'make test' in commands()


@pytest.mark.parametrize('command', [c for c in commands() if c.startswith('make run')])
def test_run(place, command):
    system = re.search(r'SYSTEM=(\S+)', command)
    system = system.group(1) if system else default_system()
    LOGS.mkdir(parents=True, exist_ok=True)
    with open(LOGS / f'readme-{system}.log', 'w', encoding='utf-8') as log:
        terminal = pexpect.spawn('/bin/bash', ['-c', command], cwd=str(place), timeout=600,
                                 encoding='utf-8', codec_errors='replace', logfile=log,
                                 dimensions=(40, 120))
        try:
            terminal.expect(first_line_of(system))
            terminal.send('\x01x')
            terminal.expect(pexpect.EOF, timeout=30)
        finally:
            terminal.close(force=True)
    assert terminal.exitstatus == 0, f'{command}: exit code {terminal.exitstatus}'


@pytest.mark.parametrize('command', [c for c in commands() if not c.startswith('make run')])
def test_other(place, command):
    # Running all tests from one of them would not end: that the line can be made is what is seen.
    done = subprocess.run(command.split() + ['--dry-run'], cwd=place, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60,
                          check=False)
    assert command.startswith('make ')
    assert done.returncode == 0, done.stdout
    assert done.stdout.strip()


@pytest.mark.parametrize('page, command', runs())
def test_pages(page, command):
    """What pages say how to start is there, and takes those arguments."""
    given = dict(word.split('=', 1) for word in shlex.split(command) if '=' in word)
    system = given.get('SYSTEM', default_system())
    assert (TOP / 'systems' / system / f'{system}.system').exists()
    if page.startswith('systems/'):
        assert system in page
    done = subprocess.run([TOOL, 'run', '/nowhere', '--board', BOARD, '--config',
                           given.get('CONFIG', 'debug'), *given.get('ARGS', '').split()],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=60, check=False)
    # The file is missing; the command line is not wrong.
    assert done.returncode == 3, done.stdout
