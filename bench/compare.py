# SPDX-License-Identifier: BSD-2-Clause
"""What changed between two runs of run.py."""
import figures


def pairs(old, new):
    """(column, figure's name, before, now) of everything that both have."""
    for column, now in new['systems'].items():
        before = old['systems'].get(column)
        if before is None:
            continue
        for name in figures.FIGURES:
            if name in before['figures'] and name in now['figures']:
                yield column, name, before['figures'][name], now['figures'][name]


def share(before, now):
    """By how much a figure changed, as a part of what it was."""
    before, now = figures.value(before), figures.value(now)
    if before == 0:
        return 0.0 if now == 0 else float('inf')
    return (now - before) / before


def exact_figures(run):
    """Number of the exact figures of a run."""
    return sum(figures.is_exact(name, answer) for found in run['systems'].values()
               for name, answer in found['figures'].items())


def apart(old, new):
    """A line for each exact figure of two runs of one commit that differs too much."""
    lines = [f'{column}: {name}: {figures.value(before):,} and {figures.value(now):,}'
             for column, name, before, now in pairs(old, new)
             if figures.is_exact(name, now) and abs(share(before, now)) > figures.EXACT]
    for column, found in old['systems'].items():
        there = new['systems'].get(column, {'figures': {}})['figures']
        lines += [f'{column}: {name}: measured once only' for name in found['figures']
                  if name not in there]
    return lines


def parts(before, now):
    """How the components of a figure changed; nothing when they are not known."""
    if not all(isinstance(entry, dict) and 'parts' in entry for entry in (before, now)):
        return ''
    changed = []
    for who in {**before['parts'], **now['parts']}:
        more = now['parts'].get(who, 0) - before['parts'].get(who, 0)
        if abs(more) >= 0.5:
            changed.append(f'{who} {more:+,.0f}')
    return ', '.join(changed)


def text(old, new):
    """The changes as a Markdown table; what is less than half of EXACT is not shown."""
    lines = [f'From {old["commit"]} ({old["date"]}) to {new["commit"]} ({new["date"]}).', '',
             '| system | figure | before | now | change | by component |',
             '|---|---|---|---|---|---|']
    same = 0
    for column, name, before, now in pairs(old, new):
        change = share(before, now)
        if abs(change) < figures.EXACT / 2:
            same += 1
            continue
        lines.append(f'| {column} | {figures.FIGURES[name].what} | '
                     f'{figures.number(figures.value(before))} | '
                     f'{figures.number(figures.value(now))} | {100 * change:+.1f} % | '
                     f'{parts(before, now)} |')
    return '\n'.join([*lines, '', f'{same} figures are as they were.', ''])
