# SPDX-License-Identifier: BSD-2-Clause
"""Several PDs on one UART: what a person sees, and that nothing is lost or mixed.

The system is tests/boot/systems/serial: client 1 echoes, 2 floods, 3 prompts, 4 floods as well.
"""
import re

import pytest
from conftest import MAIN, TOP, build_image

FOLDER = TOP / 'tests/boot/systems/serial'
LIMIT = 15
COLOURS = {'echo': '32', 'flood': '31', 'prompt': '33', 'second': '34'}


def image(tmp_path, system='serial', settings='', config='debug'):
    """The image of a system of the folder; `settings` are added to the virtualiser's."""
    conf = (FOLDER / 'serial.conf').read_text(encoding='utf-8') + settings
    (tmp_path / 'serial.conf').write_text(conf, encoding='utf-8')
    return build_image(FOLDER / f'{system}.system', config, tmp_path / 'image',
                       search=[tmp_path, MAIN / 'systems/serial' / config])


def start(boot, tmp_path, *what, gic=2, icount=False, **options):
    """A board whose clients have all said something."""
    board = boot(image(tmp_path, *what, **options), gic=gic, icount=icount, timeout=LIMIT)
    board.expect_all(['echo: ready', 'flood: ready', 'prompt> ', 'second: ready'])
    return board


def streams(text):
    """What each colour said, without the colours: {name or 'own': text}."""
    said = dict.fromkeys([*COLOURS, 'own'], '')
    names = {code: name for name, code in COLOURS.items()}
    for piece in re.split('\033\\[0m', text)[1:]:
        colour = re.match('\033\\[(\\d+)m', piece)
        name = names[colour.group(1)] if colour else 'own'
        said[name] += piece[colour.end():] if colour else piece
    return said


def bulk(name, total):
    """The lines that a flooding client says for 'b' or 'k'."""
    text, number = '', 0
    while len(text) < total:
        number += 1
        text += f'{name} {number} {number:0{number % 80 + 1}d}\r\n'
    return text[:total] + f'{name}: done\r\n'


def whole_log(board):
    """All that the board printed. QEMU leaves it to the terminal to make LF to CR LF."""
    with open(board.log, encoding='utf-8', newline='') as file:
        log = file.read().split('\n', 1)[1]
    return re.sub(r'qemu-system-\w+: warning: [^\n]*\n', '', log).replace('\r\n', '\n')


def test_input_is_switched(boot, gic, tmp_path):
    board = start(boot, tmp_path, gic=gic)
    board.send('one\r')
    board.expect('one\r+\n')
    board.send('@3')
    board.expect('serial: input to 3 prompt')
    board.send('three\r')
    board.expect('\033\\[33mthree\r+\nprompt: 5 characters\r+\nprompt> ')
    board.send('@(echo)@@x\r')
    board.expect_all(['serial: input to 1 echo\r+\n', '\033\\[32m@x\r+\n'])
    board.send('@9')
    board.expect("serial: no client '9'")
    board.send('@(4)@m')
    board.expect('serial: input to all')
    board.send('z\r')
    board.expect_all(['\033\\[32mz', '\033\\[33mz'])


def test_colours_are_the_clients(boot, tmp_path):
    board = start(boot, tmp_path)
    board.send('hello\r')
    board.expect('hello\r+\n')
    board.send('@?')
    board.expect('second +reads')
    said = streams(whole_log(board))
    assert 'echo: ready\r\nhello\r\n' == said['echo']
    assert 'flood: ready\r\n' == said['flood']
    assert said['prompt'].startswith('prompt> ')


def test_headers_where_colours_are_off(boot, tmp_path):
    board = start(boot, tmp_path, settings='colours off\n')
    board.send('one\r')
    board.expect('one\r+\n')
    board.send('@3three\r')
    board.expect(r'prompt: 5 characters')
    board.expect(r'\[prompt\] prompt> ')
    log = whole_log(board)
    assert '\033' not in log
    assert '[echo] echo: ready\r\n' in log and '[flood] flood: ready\r\n' in log
    assert '[prompt] prompt: 5 characters\r\n' in log


def test_another_character(boot, tmp_path):
    board = start(boot, tmp_path, settings='switch ctrl-\\\n')
    board.send('a@2\x1c2\rthree\r')
    # The virtualiser's line, its client's answer and the other's echo come in any order.
    board.expect_all(['serial: input to 2 prompt', 'prompt: 5 characters', '@2'])
    assert 'a@2' in streams(whole_log(board))['echo']


def test_help_and_statistics(boot, tmp_path):
    board = start(boot, tmp_path)
    board.send('abc\r')
    board.expect('abc\r+\n')
    board.send('@3@?')
    board.expect(r'serial: @1 to @9, @\(12\), @\(name\): input to a client')
    board.expect(r'serial:    1 echo +reads')
    board.expect(r'serial: \*  3 prompt +reads')
    board.send('@s')
    board.expect(r'serial: +output +lines +cut +waiting +input +dropped +wrong')
    board.expect(r'serial: echo +18 +2 +0 +0 +4 +0 +0\r')
    board.expect(r'serial: device: input 10 bytes; overrun 0 framing 0 parity 0 break 0')


def test_a_flood_starves_nobody(boot, gic, tmp_path):
    board = start(boot, tmp_path, gic=gic)
    board.send('@mf')
    board.expect('flood 100 ')
    board.expect('second 100 ')
    board.send('@3x')
    for _ in range(10):
        board.send('abc\r')
        board.expect(r'prompt: \d characters')
    # Both floods went on meanwhile, and shared.
    said = streams(whole_log(board))
    counts = [len(said['flood']), len(said['second'])]
    assert max(counts) < 2 * min(counts)
    board.send('@mx')
    board.expect_all(['flood: done|flood \\d+', 'prompt>'])


def test_a_client_that_does_not_read_blocks_nobody(boot, tmp_path):
    board = start(boot, tmp_path)
    board.send('@3\x04')
    board.expect('prompt: deaf')
    for _ in range(40):
        board.send('x' * 100)
    board.send('@1still here\r')
    board.expect('still here')
    board.send('@?')
    board.expect('prompt +does not read')
    board.send('@s')
    dropped = board.expect(r'serial: prompt +(?:\d+ +){4}(\d+) +(\d+) +0\r')
    assert int(dropped.group(1)) + int(dropped.group(2)) == 4001
    assert int(dropped.group(2)) > 0


def test_a_mebibyte_of_two_clients_is_whole_and_unmixed(boot, gic, tmp_path):
    board = start(boot, tmp_path, gic=gic, icount=True, config='release')
    board.console.searchwindowsize = 4096
    board.send('@mb')
    board.expect_all(['flood: done\r+\n', 'second: done\r+\n'], timeout=120)
    said = streams(whole_log(board))
    for name in ('flood', 'second'):
        assert said[name].startswith(f'{name}: ready\r\n')
        assert said[name].split('ready\r\n', 1)[1] == bulk(name, 1 << 20)


@pytest.mark.parametrize('colours', ['on', 'off'])
def test_a_slow_uart_loses_nothing(boot, tmp_path, colours):
    board = start(boot, tmp_path, 'slow', settings=f'colours {colours}\n', icount=True)
    board.send('@mk')
    board.expect_all(['flood: done\r+\n', 'second: done\r+\n'], timeout=120)
    log = whole_log(board)
    if colours == 'on':
        said = streams(log)
    else:
        said = {name: ''.join(re.findall(rf'^\[{name}\] (.*?\n)', log, re.M))
                for name in COLOURS}
    for name in ('flood', 'second'):
        assert said[name].split('ready\r\n', 1)[1] == bulk(name, 16 << 10)


def test_a_prompt_appears_within_50_ms(boot, tmp_path):
    """On a UART of 115,200 bits a second, while another client floods it."""
    board = start(boot, tmp_path, 'slow', icount=True)
    board.send('@2f')
    board.expect('flood 30 ')
    board.send('@3')
    times = []
    for _ in range(20):
        board.send('\x14')
        times.append(int(board.expect(r'\{(\d+) us\}').group(1)))
    assert 0 < max(times) < 50000, times


def test_reports_are_in_the_stream_that_they_are_about(boot, gic, tmp_path):
    board = start(boot, tmp_path, gic=gic, config='release')
    board.send('@3\x18')
    board.expect('FAULT pd=prompt kind=memory .*addr=0xdead0000')
    board.expect('FAULT pd=prompt frame=0')
    board.send('@1after\r')
    board.expect('after\r+\n')
    said = streams(whole_log(board))
    assert 'FAULT pd=prompt kind=memory' in said['prompt']
    assert 'FAULT' not in said['own'] + said['echo'] + said['flood']


def test_pds_share_the_console_of_the_system(boot, gic, tmp_path):
    """The description says no more than <console/>: driver, timer and virtualiser come with it."""
    path = build_image(FOLDER.parent / 'console-pds/console-pds.system', output=tmp_path / 'image',
                       search=[MAIN / 'systems/serial/debug'])
    board = boot(path, gic=gic, timeout=LIMIT)
    board.expect('serial: input to 1 echo; @2 switches to prompt, @1 back')
    board.expect_all(['\033\\[32mecho: ready', '\033\\[31mprompt> '])
    board.send('one\r')
    board.expect('one\r+\n')
    board.send('@2three\r')
    board.expect_all(['serial: input to 2 prompt', 'prompt: 5 characters'])
    board.send('\x18')
    board.expect('FAULT pd=prompt kind=memory')
    board.send('@(echo)after\r')
    board.expect('after\r+\n')
