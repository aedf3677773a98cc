# SPDX-License-Identifier: BSD-2-Clause
"""The corners of microkit.h: long messages, failed calls, wrong ids, deferred calls."""
from pathlib import Path

SYSTEM = Path(__file__).resolve().parent / 'systems/interface/interface.system'


def test_interface(boot, gic):
    board = boot(SYSTEM, gic=gic)
    board.expect('caller: messages of 0 to 64 words: right')
    board.expect('FAULT pd=failing kind=memory pc=[^\r\n]* addr=0x3 ')
    board.expect('caller: call of a PD that dies: right')
    board.expect('caller: call of a dead PD: right')
    board.expect('caller: microkit_ppcall: the description has no such id 50')
    board.expect('caller: call without the right: right')
    board.expect('caller: microkit_notify: the description has no such id 51')
    board.expect('caller: microkit_irq_ack: the description has no such id 52')
    board.expect('caller: microkit_deferred_notify: the description has no such id 53')
    board.expect('caller: microkit_deferred_irq_ack: the description has no such id 200')
    board.expect('caller: a deferred operation waits: right')
    board.expect('server: all three deferred notifications came')
    board.expect('caller: answer to the last deferred notification: right')
