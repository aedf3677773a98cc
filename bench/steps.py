# SPDX-License-Identifier: BSD-2-Clause
"""What a system's module is made of: steps that measure some figures each."""
import re
import time
import traceback
from collections import namedtuple
from pathlib import Path

from linux import linux_costs

# names: the figures that it gives. quick: whether it is part of a quick run. measure: a function
# without arguments that returns {figure's name: answer}.
Step = namedtuple('Step', 'what names quick measure')

# What each step's machines said, in a file of the step's own.
LOGS = Path(__file__).resolve().parent.parent / 'build/bench/logs'
# How often a step is tried.
TRIES = 2


def once(step, log):
    """What a step measured."""
    with open(log, 'a', encoding='utf-8') as file:
        file.write(f'{step.what}\n')
    linux_costs.Machine.log = log
    answers = step.measure()
    missing = set(step.names) - set(answers)
    if missing:
        raise RuntimeError(f'{step.what}: nothing was said about {sorted(missing)}')
    return answers


def tried(step, progress):
    """The same, with another try when something goes wrong, which is said; nothing when all tries
    went wrong."""
    LOGS.mkdir(parents=True, exist_ok=True)
    log = LOGS / (re.sub(r'\W+', '-', f'{progress.system} {step.what}') + '.log')
    log.write_text('', encoding='utf-8')
    for left in reversed(range(TRIES)):
        start = time.monotonic()
        try:
            return once(step, log)
        except Exception as error:
            # Whatever it was: this one is tried once more, and the others are still to be measured.
            with open(log, 'a', encoding='utf-8') as file:
                file.write(traceback.format_exc())
            progress.failed(step.what, f'after {time.monotonic() - start:.0f} s: {error}\n'
                            f'All of it is in {log}.', left > 0)
        finally:
            linux_costs.Machine.log = None
    return {}


def run(steps, quick, progress, only):
    """{figure's name: answer} of all steps, of the quick ones, or of those that give a figure with
    `only` in its name. A step that failed is repeated once; when it fails again the others are
    measured, and `progress` knows of it."""
    found = {}
    for step in steps:
        if (quick and not step.quick) or not any(only in name for name in step.names):
            continue
        progress(step.what)
        answers = tried(step, progress)
        found.update((name, answer) for name, answer in answers.items() if only in name)
    return found
