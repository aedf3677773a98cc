# SPDX-License-Identifier: BSD-2-Clause
"""Protection domains that do what they must not: each is reported by name and stopped, and their
neighbours neither notice nor are changed."""
from pathlib import Path

SYSTEMS = Path(__file__).resolve().parent / 'systems'

OFFENCES = [
    ('read_level', r'exception', r'0x2\w+'),
    ('read_control', r'exception', r'0x2\w+'),
    ('use_fp', r'exception', r'0x30000000'),
    ('break', r'exception', r'0x2\w+'),
    ('privileged', r'exception', r'0x2\w+'),
    ('undefined', r'exception', r'0x2\w+'),
    ('unknown_call', r'syscall', r'0x2\w+'),
    ('write_neighbour', r'memory', r'0x2[^\r\n]*addr=0x20000000'),
    ('read_neighbour', r'memory', r'0x2[^\r\n]*addr=0x20000000'),
    ('execute_data', r'memory', r'(0x2\w+) addr=\1'),
    ('write_text', r'memory', r'0x2[^\r\n]*addr=0x2\w+'),
    ('jump_to_zero', r'memory', r'0x0 addr=0x0'),
    ('overrun_stack', r'memory', r'0x2[^\r\n]*addr=0x7fffff\w+'),
]


def test_offenders_are_stopped(boot, gic):
    board = boot(SYSTEMS / 'hostile/hostile.system', gic=gic)
    # The description gives them descending priorities, so they fail in this order.
    for name, kind, where in OFFENCES:
        board.expect(rf'FAULT pd={name} kind={kind} pc={where}')
    board.expect('witness: I run, and my page is whole')
    assert 'got away' not in board.tail(1000)


def test_random_calls(boot, gic):
    """A million system calls with random arguments change nothing for the neighbours."""
    board = boot(SYSTEMS / 'random/random.system', gic=gic, timeout=240)
    board.expect('fuzzer: 1000000 calls')
    board.expect('witness: all is well')
