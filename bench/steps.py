# SPDX-License-Identifier: BSD-2-Clause
"""What a system's module is made of: steps that measure some figures each."""
from collections import namedtuple

# names: the figures that it gives. quick: whether it is part of a quick run. measure: a function
# without arguments that returns {figure's name: answer}.
Step = namedtuple('Step', 'what names quick measure')


def run(steps, quick, progress, only):
    """{figure's name: answer} of all steps, of the quick ones, or of those that give a figure with
    `only` in its name."""
    found = {}
    for step in steps:
        if (quick and not step.quick) or not any(only in name for name in step.names):
            continue
        progress(step.what)
        answers = step.measure()
        missing = set(step.names) - set(answers)
        if missing:
            raise RuntimeError(f'{step.what}: nothing was said about {sorted(missing)}')
        found.update((name, answer) for name, answer in answers.items() if only in name)
    return found
