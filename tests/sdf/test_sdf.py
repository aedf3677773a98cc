# SPDX-License-Identifier: BSD-2-Clause
"""Descriptions, most of them wrong on purpose, and what `bulkhead` says about each.

`<name>.system` is checked for the QEMU board; `<name>.expected` is all that the tool prints on
standard error, with the folder taken off the path. A file that is only warned about, or not even
that, is also expanded: the result must say the same again, and without a warning. Where there is a
`<name>.expanded`, it is exactly what the tool prints.

The tool is $BULKHEAD, else that of the build folder.
"""
import gzip
import os
import re
import struct
import subprocess
import textwrap
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
TOP = HERE.parent.parent
BUILD = Path(os.environ.get('BULKHEAD_BUILD', TOP / 'build/main'))
TOOL = os.environ.get('BULKHEAD', str(BUILD / 'sdk/bin/bulkhead'))
BOARD = 'qemu_virt_aarch64'
MADE = BUILD / 'sdf-files'
NAMES = sorted(path.stem for path in HERE.glob('*.system'))


def text_of(path):
    """A file's text as it is, line ends included."""
    return path.read_bytes().decode('utf-8')


def bulkhead(*arguments):
    """Runs the tool, which must end by itself; returns exit code, standard output and error."""
    env = {k: v for k, v in os.environ.items() if not k.startswith(('LINUX', 'INITRD', 'DTB'))}
    done = subprocess.run([TOOL, *[str(a) for a in arguments]], stdin=subprocess.DEVNULL,
                          capture_output=True, timeout=60, check=False, env=env)
    assert done.returncode >= 0, f'ended by signal {-done.returncode}: {done.stderr.decode()}'
    return done.returncode, done.stdout.decode('utf-8'), done.stderr.decode('utf-8')


def check(path, *arguments):
    return bulkhead('check', path, '--search-path', HERE / 'files', '--search-path', MADE,
                    *arguments)


def sdk_with(folder, board, facts):
    """An SDK that has nothing but one board, with the device tree of the QEMU board."""
    (folder / 'board' / board).mkdir(parents=True)
    (folder / 'board' / board / 'board.xml').write_text(facts, encoding='utf-8')
    tree = (BUILD / 'sdk/board' / BOARD / 'board.dtb').read_bytes()
    (folder / 'board' / board / 'board.dtb').write_bytes(tree)
    return folder


def kernel(file_bytes, memory_bytes=1 << 20, text_offset=0, flags=0xa, magic=b'ARM\x64', pe=b''):
    """A file with the header of an arm64 `Image`, and behind that of an EFI program when given."""
    head = struct.pack('<2s6xQQQ24x4sI', b'MZ', text_offset, memory_bytes, flags, magic, 64) + pe
    return (head + bytes(max(0, file_bytes - len(head))))[:file_bytes]


def make_files():
    """Images for guests: right ones, and each kind of wrong one."""
    def section(offset, size):
        return struct.pack('<16xII16x', size, offset)

    def pe_header(*sections):
        return struct.pack('<4s2xH12xH2x', b'PE\0\0', len(sections), 0) + b''.join(sections)

    tree = (BUILD / 'sdk/board' / BOARD / 'board.dtb').read_bytes()
    files = {
        'Image': kernel(5000, pe=pe_header(section(4096, 904), section(100, 50))),
        'Image.cut': kernel(5000, pe=pe_header(section(100, 50), section(4096, 905))),
        'Image.short': kernel(63),
        'Image.endian': kernel(5000, flags=0xb),
        'Image.offset': kernel(5000, text_offset=0x200000),
        'Image.long': kernel(5000, memory_bytes=4999),
        'Image.large': kernel(5000, memory_bytes=0x3000001),
        'Image.old': kernel(5000, memory_bytes=0),
        'Image.other': kernel(5000, magic=b'RISC'),
        'Image.gz': gzip.compress(kernel(5000)),
        'tree.dtb': tree,
        'tree.cut.dtb': tree[:-1],
        'tree.short.dtb': tree[:20],
        'tree.large.dtb': tree + bytes((2 << 20) + 1 - len(tree)),
        'tree.other.dtb': b'<dtb/>' * 100,
        'initrd.large': bytes(0x400001),
    }
    MADE.mkdir(parents=True, exist_ok=True)
    for name, contents in files.items():
        (MADE / name).write_bytes(contents)


@pytest.fixture(scope='session', autouse=True)
def fixture_files():
    make_files()


@pytest.fixture(scope='session', name='sdk')
def fixture_sdk(tmp_path_factory):
    return sdk_with(tmp_path_factory.mktemp('sdk'), BOARD,
                    text_of(TOP / 'boards' / BOARD / 'board.xml'))


def check_on_board(path, sdk):
    return check(path, '--sdk', sdk, '--board', BOARD)


def expand(path, sdk=None):
    """Where there are guests, what they turn into depends on the board."""
    board = ['--sdk', sdk, '--board', BOARD] if sdk and has_guests(path) else []
    return bulkhead('expand', path, '--search-path', HERE / 'files', '--search-path', MADE, *board)


def has_guests(path):
    return re.search(b'<(guest|console)', path.read_bytes()) is not None


def expected(name):
    return text_of(HERE / f'{name}.expected')


def is_accepted(name):
    return ': error: ' not in expected(name)


@pytest.mark.parametrize('name', NAMES)
def test_check(name, sdk):
    code, output, errors = check_on_board(HERE / f'{name}.system', sdk)
    assert errors.replace(f'{HERE}/', '') == expected(name)
    assert output == ''
    assert code == (0 if is_accepted(name) else 1)


def test_every_error_has_a_file():
    """A file that says what is expected belongs to a description."""
    stray = [path.name for path in HERE.iterdir()
             if path.suffix in ('.expected', '.expanded') and path.stem not in NAMES]
    assert stray == []
    assert len([name for name in NAMES if not is_accepted(name)]) >= 150


@pytest.mark.parametrize('name', [name for name in NAMES if is_accepted(name)])
def test_expand_again(name, sdk, tmp_path):
    code, output, _ = expand(HERE / f'{name}.system', sdk)
    assert code == 0
    wanted = HERE / f'{name}.expanded'
    if wanted.exists():
        assert output == text_of(wanted)
    again = tmp_path / 'again.system'
    again.write_text(output, encoding='utf-8')
    assert 'Microkit 1.4' not in check_on_board(again, sdk)[2]
    code, again_output, _ = expand(again)
    assert (code, again_output) == (0, output)


@pytest.mark.parametrize('name', [name for name in NAMES if not is_accepted(name)])
def test_expand_refuses(name, sdk):
    """What is wrong is not expanded; a board is looked at only where there are guests."""
    path = HERE / f'{name}.system'
    wanted = check_on_board(path, sdk) if has_guests(path) else check(path)
    code, output, errors = expand(path, sdk)
    assert (code, errors) == (wanted[0], wanted[2])
    assert (output == '') == (code != 0)


def test_without_board():
    """CPUs and interrupts are checked against what any board can have."""
    code, _, errors = check(HERE / 'irq_288.system')
    assert (code, errors) == (0, '')
    assert check(HERE / 'region_gic_distributor.system')[0] == 0
    code, _, errors = check(HERE / 'pd_cpu_8.system')
    assert code == 1 and 'a system uses the CPUs 0 to 7 at most' in errors


def test_many_channels(sdk, tmp_path):
    """63 PDs with 62 channels each, the most there can be."""
    lines = ['<system>']
    for i in range(63):
        lines += [f'  <protection_domain name="pd{i}" priority="{i}">',
                  f'    <program_image path="pd{i}.elf"/>', '  </protection_domain>']
    for i in range(63):
        for j in range(i):
            lines += ['  <channel>', f'    <end pd="pd{i}" id="{j}"/>',
                      f'    <end pd="pd{j}" id="{i - 1}" pp="true"/>', '  </channel>']
    path = tmp_path / 'many.system'
    path.write_text('\n'.join([*lines, '</system>', '']), encoding='utf-8')
    assert check_on_board(path, sdk) == (0, '', '')


def test_manual_example(sdk, tmp_path):
    """The example at the head of docs/description.md is a description without a fault."""
    manual = text_of(TOP / 'docs/description.md')
    example = manual[manual.index('    <?xml'):manual.index('    </system>') + len('    </system>\n')]
    path = tmp_path / 'example.system'
    path.write_text(textwrap.dedent(example), encoding='utf-8')
    assert check_on_board(path, sdk) == (0, '', '')


def test_manual_is_complete():
    """docs/description.md has every element and attribute that the parser knows."""
    manual = text_of(TOP / 'docs/description.md')
    known = set()
    for path in ['sdf_parse.c', 'sdf_read.c', 'sdf_read_pd.c', 'sdf_read_guest.c', 'sdf_read_disk.c',
                 'sdf_attr.c',
                 'board.c']:
        for block in re.findall(r'(?:names|children|attributes|refused\w*)\[\] = {(.*?)};',
                                text_of(TOP / 'tool' / path), re.S):
            known.update(re.findall(r'"([a-z_-]+)"', block))
    assert {'mr', 'vaddr', 'cspace', 'prefill_bootinfo', 'redistributors', 'reports'} <= known
    missing = [word for word in sorted(known) if not re.search(rf'[<`]{word}\b', manual)]
    assert missing == []


def test_missing_file(tmp_path):
    path = tmp_path / 'none.system'
    message = f'{path}: error: cannot read the file: No such file or directory\n'
    assert check(path) == (3, '', message)
    assert expand(path) == (3, '', message)


def test_folder(tmp_path):
    code, _, errors = check(tmp_path)
    assert code == 3 and 'it is not a regular file' in errors


def test_fifo(tmp_path):
    """Nobody writes to it: the tool must not wait for that."""
    os.mkfifo(tmp_path / 'fifo.system')
    code, _, errors = check(tmp_path / 'fifo.system')
    assert code == 3 and 'it is not a regular file' in errors


def test_large_file(tmp_path):
    path = tmp_path / 'large.system'
    path.write_bytes(b'<system>' + b' ' * (8 << 20) + b'</system>')
    code, _, errors = check(path)
    assert code == 3 and 'it has more than 8388608 bytes' in errors


def test_large_prefill(tmp_path):
    """A file that is larger than any address space; it has holes only."""
    with open(tmp_path / 'huge.bin', 'wb') as huge:
        huge.truncate((1 << 39) + 1)
    path = tmp_path / 'huge.system'
    path.write_text('<system><memory_region name="a" prefill_path="huge.bin"/></system>',
                    encoding='utf-8')
    code, _, errors = check(path, '--search-path', tmp_path)
    assert code == 1 and "the file 'huge.bin' is too large" in errors


def test_full_disk():
    """An output that cannot be written is an error of the environment."""
    with open('/dev/full', 'wb') as full:
        done = subprocess.run([TOOL, 'expand', str(HERE / 'ok_numbers.system')], stdout=full,
                              stderr=subprocess.PIPE, timeout=60, check=False)
    assert done.returncode == 3
    assert b'cannot be written' in done.stderr


@pytest.mark.parametrize('command', ['check', 'expand'])
def test_wrong_use(command):
    assert bulkhead(command)[0] == 2
    assert bulkhead(command, 'a.system', 'b.system')[0] == 2
    assert bulkhead(command, 'a.system', '--colour')[0] == 2


@pytest.mark.parametrize('command', ['check', 'expand'])
def test_help(command):
    code, output, errors = bulkhead(command, '--help')
    assert (code, errors) == (0, '')
    assert output.startswith(f'usage: bulkhead {command} SYSTEM')


def test_unknown_board(sdk):
    code, _, errors = check(HERE / 'ok_numbers.system', '--sdk', sdk, '--board', 'nowhere')
    assert code == 2 and "'nowhere'" in errors


@pytest.mark.parametrize('facts, message', [
    ('<bord/>', 'the outermost element is <bord>'),
    ('<board name="b" interrupts="2000" timer="30" console="0"/>', "2000 is too large"),
    ('<board name="b" interrupts="64" timer="30" console="0"/>', 'at least one <cpu>'),
    ('<board name="b" interrupts="64" timer="30" console="0"><ram base="1" size="0x1000"/></board>',
     'not made of pages'),
    ('<board name="b" interrupts="64" timer="30" console="0">'
     '<ram base="0" size="0x2000"/><ram base="0x1000" size="0x1000"/></board>', 'overlaps another'),
    ('<board name="b" interrupts="64" timer="30" console="0">' + '<cpu mpidr="0"/>' * 9 + '</board>',
     'more than 8 <cpu>'),
    ('<board name="b"><emulator program="q"/><emulator program="q"/></board>',
     'a second <emulator>'),
    ('<board name="b"><emulator program="q"><arg/></emulator></board>',
     '<arg> is not known inside of <emulator>'),
    ('<board name="b"><uart/></board>', '<uart> is not known inside of <board>'),
    ('<board', 'not well-formed XML'),
    ('<board name="b"><guest ram="0" uart="0" uart_interrupt="256" virtio="0" '
     'virtio_interrupt="40"/></board>', '256 is too large'),
])
def test_wrong_board(facts, message, tmp_path):
    sdk = sdk_with(tmp_path, 'b', facts)
    code, _, errors = check(HERE / 'ok_numbers.system', '--sdk', sdk, '--board', 'b')
    assert code == 3 and message in errors


def test_board_without_guests(tmp_path):
    """A board that does not say where guests have their devices has none."""
    facts = text_of(TOP / 'boards' / BOARD / 'board.xml')
    sdk = sdk_with(tmp_path, BOARD, re.sub(r'<guest.*?/>', '', facts, flags=re.S))
    code, _, errors = check_on_board(HERE / 'ok_guest.system', sdk)
    assert code == 1 and 'has no place for guests' in errors
    assert check_on_board(HERE / 'ok_numbers.system', sdk)[0] == 0


def test_board_without_tree(tmp_path):
    """Devices are passed through by their place in the board's tree; the rest works without."""
    sdk = sdk_with(tmp_path, BOARD, text_of(TOP / 'boards' / BOARD / 'board.xml'))
    tree = sdk / 'board' / BOARD / 'board.dtb'
    tree.unlink()
    code, _, errors = check_on_board(HERE / 'ok_guest.system', sdk)
    assert code == 1 and 'has no device tree' in errors
    code, _, errors = check_on_board(HERE / 'ok_region_contents.system', sdk)
    assert code == 1 and 'has no device tree' in errors
    assert check_on_board(HERE / 'ok_guest_plain.system', sdk)[0] == 0
    tree.write_bytes(b'none at all')
    code, _, errors = check_on_board(HERE / 'ok_guest_plain.system', sdk)
    assert code == 3 and "device tree" in errors
