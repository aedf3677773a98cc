#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The budgets: what Bulkhead's figures may be. They are in budgets.json, and only go down, or up
with a reason.

    budgets.py RUN.json                    lowers budgets to what a run of run.py reached
    budgets.py RUN.json --raise NAME ... --reason TEXT     raises those that are named
    budgets.py --history                   fails when a commit raised one without a reason

A budget is what was reached when it was set. A figure may be above it by a little (TOLERANCE): that
of the test guest and of protection domains moves when code does, and those of Linux more, because a
guest image that is elsewhere in memory has other paths. Of the latter the median of three images
is judged, which differ by padding.
"""
import argparse
import datetime
import json
import statistics
import subprocess
import sys
from pathlib import Path

import figures

TOP = Path(__file__).resolve().parent.parent
FILE = Path(__file__).resolve().with_name('budgets.json')
# By group of figures.
TOLERANCE = {'calls': 0.02, 'interrupts': 0.02, 'own': 0.02, 'memory': 0.02,
             'cpu': 0.08, 'boot': 0.08, 'block': 0.08, 'net': 0.08}
# What timing by the test guest may miss, in instructions.
GRAIN = {'calls': 4, 'interrupts': 4}
# Padding of the images that Linux's figures are the median of, in units of 4 KiB.
PADDINGS = (0, 1, 3)


def load(path=FILE):
    """{figure's name: its budget}; a budget is {'most', 'parts', 'raised': [...]}."""
    return json.loads(path.read_text(encoding='utf-8'))


def save(budgets, path=FILE):
    ordered = {name: budgets[name] for name in figures.FIGURES if name in budgets}
    path.write_text(json.dumps(ordered, indent=1, ensure_ascii=False) + '\n', encoding='utf-8')


def has_budget(name):
    """Whether a figure is exact enough to have one."""
    figure = figures.FIGURES[name]
    return figure.exact and figure.group in TOLERANCE and figure.unit != figures.PER_CENT


def median(measure):
    """{figure: answer} of what measure(padding) says of the images, each the one in the middle."""
    runs = [measure(padding) for padding in PADDINGS]
    return {name: statistics.median(figures.value(run[name]) for run in runs) for name in runs[0]}


def allowed(name, budget):
    """The most that a figure may be."""
    group = figures.FIGURES[name].group
    return max(budget['most'] * (1 + TOLERANCE[group]), budget['most'] + GRAIN.get(group, 0))


def parts_text(before, now):
    """A break-down beside that of when the budget was set, a line a component."""
    lines = []
    for who in sorted({**before, **now}, key=lambda who: -now.get(who, 0)):
        old, new = before.get(who, 0), now.get(who, 0)
        lines.append(f'    {who:24} {old:12,.0f} {new:12,.0f} {new - old:+12,.0f}')
    return '\n'.join([f'    {"component":24} {"then":>12} {"now":>12} {"change":>12}', *lines])


def complaints(found, budgets, break_down):
    """A text for each figure of `found` that is over its budget, or has none. break_down(name) is
    asked only for those that are over: {component: instructions}."""
    wrong = []
    for name, answer in found.items():
        if not has_budget(name):
            continue
        now = figures.value(answer)
        if name not in budgets:
            wrong.append(f'{name} has no budget: bench/budgets.py gives it one')
        elif now > allowed(name, budgets[name]):
            most, figure = budgets[name]['most'], figures.FIGURES[name]
            wrong.append(f'{name} ({figure.what}): {now:,.2f} {figure.unit}, its budget is '
                         f'{most:,.2f}; {100 * (now / most - 1):.1f} % more\n' +
                         parts_text(budgets[name].get('parts', {}), break_down(name)))
    return wrong


def lower(budgets, found):
    """Takes over what is less, and what is new. Returns the names."""
    changed = []
    for name, answer in found.items():
        if not has_budget(name):
            continue
        now = figures.value(answer)
        if name not in budgets or now < budgets[name]['most']:
            budgets.setdefault(name, {})['most'] = now
            changed.append(name)
        if now == budgets[name]['most'] and isinstance(answer, dict) and answer.get('parts'):
            budgets[name]['parts'] = answer['parts']
    return changed


def lift(budgets, found, names, reason):
    """Raises budgets, and writes down why."""
    for name in names:
        before, now = budgets[name]['most'], figures.value(found[name])
        if now <= before:
            raise ValueError(f'{name} is not above its budget')
        budgets[name]['most'] = now
        if isinstance(found[name], dict) and 'parts' in found[name]:
            budgets[name]['parts'] = found[name]['parts']
        budgets[name].setdefault('raised', []).append(
            {'date': f'{datetime.date.today()}', 'from': before, 'to': now, 'reason': reason})


def unexplained(before, after):
    """Names of budgets that are higher in `after` than in `before`, or gone, and no reason is given
    for it."""
    wrong = []
    for name, budget in before.items():
        if name not in after:
            wrong.append(name)
            continue
        explained = any(entry['from'] <= budget['most'] and entry['to'] >= after[name]['most']
                        and entry['reason'].strip()
                        for entry in after[name].get('raised', [])
                        if entry not in budget.get('raised', []))
        if after[name]['most'] > budget['most'] and not explained:
            wrong.append(name)
    return wrong


def history():
    """Versions of budgets.json, oldest first: those of the commits, and the file."""
    def git(*words):
        return subprocess.run(['git', *words], check=True, cwd=TOP, text=True, timeout=60,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE).stdout
    path = FILE.relative_to(TOP)
    versions = []
    if (TOP / '.git').exists():
        for commit in reversed(git('log', '--format=%H', '--diff-filter=AM', '--', path).split()):
            versions.append((commit[:10], json.loads(git('show', f'{commit}:{path}'))))
    return [*versions, ('the file', load())]


def check_history():
    """Returns the exit code."""
    versions = history()
    wrong = [f'{name}: {budget} is raised without a reason'
             for (_, before), (name, after) in zip(versions, versions[1:])
             for budget in unexplained(before, after)]
    print('\n'.join([*wrong, f'{len(versions)} versions, {len(versions[-1][1])} budgets, '
                     f'{len(wrong)} raised without a reason']))
    return 1 if wrong or not versions[-1][1] else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('run', nargs='?', type=Path, help='a file of build/bench')
    parser.add_argument('--raise', dest='names', nargs='+', default=[], metavar='NAME')
    parser.add_argument('--reason', default='')
    parser.add_argument('--history', action='store_true')
    arguments = parser.parse_args()
    if arguments.history:
        return check_history()
    if arguments.run is None or bool(arguments.names) != bool(arguments.reason.strip()):
        parser.error('needs a run, and a reason for what is raised')
    found = json.loads(arguments.run.read_text(encoding='utf-8'))['systems']['bulkhead']['figures']
    budgets = load() if FILE.exists() else {}
    lift(budgets, found, arguments.names, arguments.reason)
    changed = lower(budgets, found)
    save(budgets)
    print(f'lowered or new: {", ".join(changed) or "none"}; '
          f'raised: {", ".join(arguments.names) or "none"}')
    return 0


if __name__ == '__main__':
    sys.exit(main())
