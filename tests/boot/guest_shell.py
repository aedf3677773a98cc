# SPDX-License-Identifier: BSD-2-Clause
"""What tests do in the shells of guests that run Debian."""
import re


def prompt(board, name):
    """The shell waits for a command. (It asks the terminal for the cursor's place behind it.)"""
    board.expect(rf'root@{name}:~# ')


def log_in(board, name):
    """Logs in to the guest that has the input, when it asks who is there."""
    board.expect(f'{name} login: ')
    board.send('root\r')
    prompt(board, name)


def command(board, name, text):
    """Runs a command in the guest that has the input; returns what it printed,
    without the blanks around it."""
    board.send(text + '; echo end of $?\r')
    board.expect(r'end of \$\?')
    found = board.expect(r'(?s)(.*)end of (\d+)\s')
    assert found[2] == '0', f'{text}: {found[0]}'
    prompt(board, name)
    return plain(found[1]).strip()


def plain(text):
    """Without colours and carriage returns."""
    return re.sub(r'\x1b\[[0-9;]*[a-zA-Z]', '', text).replace('\r', '')
