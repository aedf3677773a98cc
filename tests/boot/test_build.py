# SPDX-License-Identifier: BSD-2-Clause
"""What the build leaves behind."""
import json

from conftest import MAIN


def test_compile_commands():
    """Editors and clang-tidy find how each file is compiled, for the board and for the host."""
    entries = json.loads((MAIN / 'compile_commands.json').read_text(encoding='utf-8'))
    found = {(entry['file'].split('../')[-1], 'aarch64' in entry['command'].split()[0])
             for entry in entries}
    assert {('kernel/sched.c', True), ('runtime/src/main.c', True)} <= found
    assert ('tool/main.c', False) in found
