# SPDX-License-Identifier: BSD-2-Clause
"""The tool as it is used: its commands, what they print, their exit codes."""
import json
import os
import re
import shutil
import subprocess
import xml.etree.ElementTree

import pexpect
import pytest
from conftest import BOARD, MAIN, SDK, TOOL, TOP, plain, search_paths, stand_ins, system_file

COMMANDS = ['build', 'check', 'expand', 'report', 'graph', 'run', 'watch', 'decode']
ON_BOARD = ['--board', BOARD]


def bulkhead(*arguments, program=TOOL, text=True, **more):
    return subprocess.run([str(a) for a in [program, *arguments]], stdin=subprocess.DEVNULL,
                          capture_output=True, text=text, timeout=60, check=False, **more)


def programs(system, config='debug'):
    """--search-path options for a system of systems/."""
    found = [p for p in search_paths(system_file(system), config) if p.is_dir()]
    return [option for p in found for option in ('--search-path', p)]


@pytest.mark.parametrize('command', COMMANDS)
def test_each_command_explains_itself(command):
    done = bulkhead(command, '--help')
    assert done.returncode == 0
    assert done.stdout.startswith(f'usage: bulkhead {command} ')
    assert done.stderr == ''


def test_all_commands_are_listed():
    done = bulkhead('--help')
    assert done.returncode == 0
    assert all(re.search(rf'^  {c} ', done.stdout, re.M) for c in COMMANDS)
    assert re.fullmatch(r'bulkhead \d+\.\d+\.\d+\n', bulkhead('--version').stdout)


@pytest.mark.parametrize('arguments, words', [
    ([], 'usage: bulkhead COMMAND'),
    (['bild'], "there is no command 'bild'"),
    (['build'], 'the system description is missing'),
    (['build', 'x.system'], '--board is missing'),
    (['build', 'x.system', 'y.system'], 'one argument too many'),
    (['build', '--bord', 'x'], "unknown option '--bord'"),
    (['build', 'x.system', '--board'], '--board needs a value'),
    (['build', 'x.system', '--board', 'a', '--board', 'b'], '--board is given twice'),
    (['build', 'x.system', '--board', '../x'], 'is not the name of a board'),
    (['build', 'x.system', '--board', 'none'], "has no board 'none'"),
    (['build', 'x.system', '--board', 'none'], f'; there is {BOARD}\n'),
    (['build', 'x.system', *ON_BOARD, '--config', 'fast'], "there is no configuration 'fast'"),
    (['build', 'x.system', *ON_BOARD, '--image-type', 'zip'], '--image-type must be binary'),
    (['build', 'x.system', *ON_BOARD, '--', '-x'], "nothing can follow '--'"),
    (['report', 'x.system', *ON_BOARD, '--json=1'], '--json takes no value'),
    (['decode'], '--system or --elf is missing'),
    (['decode', '--elf', 'x'], '--elf needs PD=FILE'),
])
def test_wrong_use_is_2(arguments, words):
    done = bulkhead(*arguments)
    assert done.returncode == 2
    assert words in done.stderr
    assert done.stdout == ''


@pytest.mark.parametrize('option, value', [
    ('--cpus', '0'), ('--cpus', '9'), ('--cpus', 'two'), ('--gic', '4'), ('--gdb=', None),
    ('--gdb=65536', None),
])
def test_wrong_values_of_run_are_2(option, value):
    done = bulkhead('run', system_file('hello'), *ON_BOARD, *programs('hello'), option,
                    *([value] if value else []))
    assert done.returncode == 2
    assert 'must be a number from' in done.stderr


@pytest.mark.parametrize('arguments, words', [
    (['--net', 'foo'], "'foo': a network is 'user', 'none', "),
    (['--forward', '80'], "'80': a port is forwarded as 'tcp|udp:"),
    (['--net', 'none', '--forward', 'tcp:8080:10.0.2.16:80'],
     "'tcp:8080:10.0.2.16:80': ports are forwarded by the first network, which must be 'user'"),
    (['--disk', 'a,b'], "'a,b': the board's emulator has not so many disks, or "),
])
def test_wrong_wishes_of_run_are_2(arguments, words):
    """What cannot be, by its own text."""
    done = bulkhead('run', system_file('hello'), *ON_BOARD, *programs('hello'), *arguments)
    assert done.returncode == 2
    assert words in done.stderr and "try 'bulkhead run --help'" in done.stderr


def test_a_machine_too_small_for_its_image(tmp_path):
    image = tmp_path / 'image'
    built = bulkhead('build', system_file('ping-pong'), *ON_BOARD, *programs('ping-pong'), '-o',
                     image)
    assert built.returncode == 0, built.stderr
    done = bulkhead('run', image, *ON_BOARD, '--ram', '1G')
    assert done.returncode == 2 and 'for more RAM than --ram 1G: 2048M' in done.stderr
    done = bulkhead('run', image, *ON_BOARD, '--cpus', '1')
    assert done.returncode == 2 and "--cpus must be a number from 2 to 8, not '1'" in done.stderr


def test_wrong_environment_is_3(tmp_path):
    hello = [system_file('hello'), *ON_BOARD, *programs('hello')]
    done = bulkhead('build', *hello, '-o', tmp_path / 'none/image')
    assert done.returncode == 3 and 'cannot be written: No such file' in done.stderr
    done = bulkhead('build', tmp_path / 'none.system', *ON_BOARD)
    assert done.returncode == 3 and 'No such file' in done.stderr
    done = bulkhead('build', *hello, '--override-kernel', tmp_path / 'none.elf')
    assert done.returncode == 3 and 'it cannot be read' in done.stderr
    done = bulkhead('build', *hello, '--override-kernel', system_file('hello'))
    assert done.returncode == 3 and 'it is not an ELF file' in done.stderr
    done = bulkhead('run', *hello, env={**os.environ, 'PATH': str(tmp_path)})
    assert done.returncode == 3 and 'cannot be started' in done.stderr
    done = bulkhead('run', *hello, '--disk', tmp_path / 'none.img')
    assert done.returncode == 3 and "none.img' cannot be used: No such file" in done.stderr
    done = bulkhead('build', *hello, '--sdk', tmp_path)
    assert done.returncode == 3 and f"'{tmp_path}' is not an SDK" in done.stderr
    done = bulkhead('graph', system_file('hello'), env={**os.environ, 'PATH': str(tmp_path)})
    assert done.returncode == 3 and 'is not installed' in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_wrong_description_is_1_and_leaves_no_image(tmp_path):
    """Errors in the programs: at the places that name them, all in one run."""
    wrong = tmp_path / 'wrong.system'
    wrong.write_text('''<system>
    <memory_region name="r" size="0x1000"/>
    <protection_domain name="a" priority="1">
        <program_image path="hello.elf"/>
        <map mr="r" vaddr="0x200000" setvar_vaddr="nowhere"/>
    </protection_domain>
    <protection_domain name="b" priority="1">
        <program_image path="none.elf"/>
    </protection_domain>
    <protection_domain name="c" priority="1">
        <program_image path="wrong.system"/>
    </protection_domain>
</system>
''')
    done = bulkhead('build', wrong, *ON_BOARD, *programs('hello'), '--search-path', tmp_path,
                    '-o', tmp_path / 'image')
    assert done.returncode == 1
    errors = re.findall(r'wrong\.system:(\d+):(\d+): error: (.*)', done.stderr)
    assert [(int(line), int(column)) for line, column, _ in errors] == [
        (4, 30), (5, 52), (8, 30), (11, 30)]
    assert "'a: text' at 0x200000 overlaps 'r' at 0x200000" in errors[0][2]
    assert "has no symbol 'nowhere'" in errors[1][2]
    assert "'none.elf' is not found" in errors[2][2]
    assert 'it is not an ELF file' in errors[3][2]
    assert done.stderr.count('^~~') == 4
    assert not (tmp_path / 'image').exists()


def test_report(tmp_path):
    hello = [system_file('hello'), *ON_BOARD, *programs('hello')]
    text = bulkhead('report', *hello)
    assert text.returncode == 0
    for words in ('MEMORY', '[kernel: heap]', '[free]', 'PROTECTION DOMAIN hello',
                  'priority 100', 'hello: stack', 'r-x'):
        assert words in text.stdout
    bulkhead('build', *hello, '-o', tmp_path / 'image', '-r', tmp_path / 'report.txt')
    assert (tmp_path / 'report.txt').read_text() == text.stdout


@pytest.mark.parametrize('system', sorted(p.parent.name for p in TOP.glob('systems/*/*.system')))
def test_report_for_scripts_adds_up(system, tmp_path):
    """Every byte of RAM is in the kernel's region, in one region, or free; none is in two."""
    files = ['--search-path', stand_ins(system_file(system), tmp_path)]
    done = bulkhead('report', '--json', system_file(system), *ON_BOARD, *programs(system), *files)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    kernel = report['kernel']
    ranges = [(kernel['base'] - 4096, 4096 + kernel['image_bytes'] + kernel['heap_bytes'])]
    ranges += [(r['base'], r['bytes']) for r in report['regions']
               if not r['device'] and not r['in_place']]
    ranges += [(f['base'], f['bytes']) for f in report['free']]
    at = 0x40000000
    for base, size in sorted(ranges):
        assert base == at
        at += size
    assert at == 0xc0000000
    for region in report['regions']:
        if region['in_place']:
            assert ranges[0][0] < region['base'] < ranges[0][0] + ranges[0][1]


@pytest.mark.skipif(shutil.which('dot') is None, reason='Graphviz is not installed')
@pytest.mark.parametrize('system', sorted(p.parent.name for p in TOP.glob('systems/*/*.system')))
def test_graph(system, tmp_path):
    files = ['--search-path', stand_ins(system_file(system), tmp_path)]
    files += ON_BOARD
    done = bulkhead('graph', system_file(system), *files, '-o', tmp_path / 'x.svg')
    assert done.returncode == 0, done.stderr
    svg = (tmp_path / 'x.svg').read_text()
    names = [e.get('name') for e in plain(system_file(system), tmp_path).iter()
             if e.tag in ('protection_domain', 'memory_region', 'virtual_machine')]
    shown = {''.join(t.itertext()) for t in xml.etree.ElementTree.fromstring(svg).iter()
             if t.tag.endswith('}text')}
    assert names and set(names) <= shown
    assert bulkhead('graph', system_file(system), *files).stdout == svg


def test_graph_is_what_the_file_is_called(tmp_path):
    for name, begins in (('x.png', b'\x89PNG'), ('x.pdf', b'%PDF'), ('x.dot', b'digraph'),
                         ('x', b'<?xml')):
        done = bulkhead('graph', system_file('hello'), '-o', tmp_path / name)
        assert done.returncode == 0, done.stderr
        assert (tmp_path / name).read_bytes().startswith(begins)
    done = bulkhead('graph', system_file('hello'), '-o', tmp_path / 'x.jpg')
    assert done.returncode == 2 and "name ends in .svg, .png, .pdf or .dot" in done.stderr
    assert not (tmp_path / 'x.jpg').exists()


def test_decode(tmp_path):
    elf = MAIN / 'systems/hello/release/hello.elf'
    symbols = subprocess.run(['aarch64-linux-gnu-nm', elf], capture_output=True, text=True,
                             check=True).stdout
    init = int(re.search(r'^([0-9a-f]+) T init$', symbols, re.M).group(1), 16)
    line = f'FAULT pd=hello kind=memory pc=0x{init + 4:x} addr=0x0'
    log = tmp_path / 'log'
    log.write_text(f'before\n{line}\nafter')
    for arguments in (['--elf', f'hello={elf}'],
                      ['--system', system_file('hello'), *programs('hello', 'release')]):
        done = bulkhead('decode', log, *arguments)
        assert done.returncode == 0, done.stderr
        lines = done.stdout.split('\n')
        assert lines[0] == 'before' and lines[2] == 'after'
        assert f'pc=0x{init + 4:x} <init+0x4>' in lines[1]
        assert re.search(r' at \S*hello\.c:\d+ addr=0x0$', lines[1])


def test_decode_says_once_what_it_lacks(tmp_path):
    system = tmp_path / 'two.system'
    system.write_text('''<system>
    <console/>
    <image name="linux" kernel="Image"/>
    <guest name="a" image="linux" ram="64M"><console/></guest>
    <guest name="b" image="linux" ram="64M"><console/></guest>
    <protection_domain name="c" priority="1"><program_image path="c.elf"/></protection_domain>
</system>
''')
    done = bulkhead('decode', '--system', system)
    assert done.returncode == 0
    lines = done.stderr.splitlines()
    assert lines.count("bulkhead: the program 'vmm.elf' is not found; "
                       'give --board, for the SDK brings it') == 1
    own = ["bulkhead: the program 'c.elf' is not found; give its folder with --search-path"]
    assert [line for line in lines if '--search-path' in line] == own
    assert bulkhead('decode', '--system', system, *ON_BOARD).stderr.splitlines() == own


@pytest.mark.parametrize('kind', ['binary', 'elf', 'uimage'])
def test_every_image_type_boots_and_ends_cleanly(kind, tmp_path):
    image = tmp_path / 'image'
    done = bulkhead('build', system_file('hello'), *ON_BOARD, *programs('hello'), '-o', image,
                    '--image-type', kind)
    assert done.returncode == 0, done.stderr
    console = pexpect.spawn(str(TOOL), ['run', str(image), *ON_BOARD], timeout=30)
    console.expect('hello, world')
    console.send('\x01x')
    console.expect(pexpect.EOF)
    console.close()
    assert console.exitstatus == 0


def test_run_passes_options_on(tmp_path):
    """A machine that is told to exit: its exit code is ours."""
    done = bulkhead('run', system_file('hello'), *ON_BOARD, *programs('hello'), '-v', '--gic', '2',
                    '--cpu', 'cortex-a72', '--cpus', '3', '--icount', '--',
                    '-device', 'no-such-device')
    assert done.returncode == 1
    command = done.stderr.split('\n')[0]
    for words in ('gic-version=2', '-cpu cortex-a72', '-smp 3', '-icount shift=0,sleep=off'):
        assert words in command
    assert command.endswith('-device no-such-device')


def test_ram_follows_the_image(tmp_path):
    """An image runs with the RAM that it was built for."""
    image = tmp_path / 'image'
    for ram, said in (((), '-m 2048M'), (('--ram', '3G'), '-m 3072M')):
        built = bulkhead('build', system_file('hello'), *ON_BOARD, *programs('hello'), *ram,
                         '-o', image)
        assert built.returncode == 0, built.stderr
        done = bulkhead('run', image, *ON_BOARD, '-v', '--', '-device', 'no-such-device')
        assert said in done.stderr.split('\n')[0]


@pytest.mark.parametrize('ram', ['0', '3000', '4x', '-1', '0x100000000000M', '480G'])
def test_ram_is_refused(ram):
    done = bulkhead('check', system_file('hello'), *ON_BOARD, '--ram', ram)
    assert done.returncode == 2
    assert f"cannot have '{ram}' of RAM" in done.stderr


def test_ram_needs_a_board():
    done = bulkhead('check', system_file('hello'), '--ram', '4G')
    assert done.returncode == 2 and '--board is missing' in done.stderr


def test_gdb_command_loads_every_program():
    done = bulkhead('run', system_file('ping-pong'), *ON_BOARD, *programs('ping-pong'), '--gdb',
                    '2345', '--', '-device', 'no-such-device')
    line = next(text for text in done.stderr.split('\n') if text.startswith('gdb-multiarch'))
    assert 'target remote :2345' in line
    files = re.findall(r"symbol-file ([^']+)'", line)
    assert [os.path.basename(f) for f in files] == ['kernel.elf', 'ping.elf', 'pong.elf']
    assert all(os.path.isabs(f) and os.path.exists(f) for f in files)


def test_make_run_with_a_debugger_names_the_programs():
    """Those of the configuration that is run, in a line that says what to do with it."""
    done = subprocess.run([TOP / 'scripts/run.sh', '--board', BOARD, '--config', 'release', 'hello',
                           '--gdb', '2346', '--', '-device', 'no-such-device'], cwd=TOP,
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
                          check=False)
    said = done.stderr.splitlines()
    at = said.index('bulkhead: the machine waits for a debugger; in another terminal:')
    files = re.findall(r"symbol-file ([^']+)'", said[at + 1])
    assert [os.path.relpath(f, TOP / 'build') for f in files] == [
        f'main/sdk/board/{BOARD}/release/elf/kernel.elf', 'main/systems/hello/release/hello.elf']


def test_make_run_wants_the_disk_that_it_is_given(tmp_path):
    done = subprocess.run([TOP / 'scripts/run.sh', '--board', BOARD, '--config', 'debug',
                           'shared-disk'], cwd=TOP, env={**os.environ, 'LINUX': 'a', 'INITRD': 'b',
                                                         'DISK': str(tmp_path / 'typo.img')},
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
                          check=False)
    assert done.returncode == 3
    assert f"there is no file '{tmp_path}/typo.img'" in done.stderr
    assert list(tmp_path.iterdir()) == []
    done = subprocess.run([TOP / 'scripts/disk.py', tmp_path / 'none/a.img', 'fat:1M'],
                          capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1 and 'a.img cannot be written: No such file' in done.stderr
    assert 'Traceback' not in done.stderr


def test_microkit_command_line(tmp_path):
    """As Microkit's makefiles call it: options first or last, its own file names."""
    program = SDK / 'bin/microkit'
    build = MAIN / 'systems/hello/debug'
    done = bulkhead(system_file('hello'), '--search-path', build, tmp_path, *ON_BOARD, '--config',
                    'smp-debug', '-o', 'loader.img', '-r', 'report.txt', program=program,
                    cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / 'loader.img').read_bytes()[56:60] == b'ARM\x64'
    assert 'PROTECTION DOMAIN hello' in (tmp_path / 'report.txt').read_text()
    done = bulkhead('--board', BOARD, program=program)
    assert done.returncode == 2
    assert done.stderr.startswith('microkit: ')
