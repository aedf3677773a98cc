# SPDX-License-Identifier: BSD-2-Clause
"""Markdown tables of a run, and where they are put into the manual."""
from pathlib import Path

import figures

TOP = Path(__file__).resolve().parent.parent
PAGE = TOP / 'docs/performance.md'
# Components whose functions are parts of a break-down, and what they are called.
NAMES = {'kernel': "Bulkhead's kernel", 'VMM': 'VMM'}
# Functions of a stay that have less of it are not shown.
LEAST_SHOWN = 0.07


def rows(systems):
    """(group, name, figure, {column: answer}) of what some system has, in the list's order."""
    for name, figure in figures.FIGURES.items():
        found = {column: system['figures'][name] for column, system in systems.items()
                 if name in system['figures']}
        if found:
            yield figure.group, name, figure, found


def cell(name, found, systems, column):
    """A number; `~` behind it where this system's alone is not exact."""
    if column not in found:
        return '-'
    answer = found[column]
    about = figures.FIGURES[name].exact and not figures.is_exact(name, answer)
    return figures.number(figures.value(answer)) + systems[column].get('mark', '') + \
        (' ~' if about else '')


def of_group(systems, group):
    """The table of a group; empty when nobody has a figure of it. Only columns that have one."""
    listed = [row for row in rows(systems) if row[0] == group]
    columns = [column for column in systems if any(column in row[3] for row in listed)]
    if not listed:
        return ''
    head = ['figure', 'unit', *(systems[column]['title'] for column in columns)]
    lines = ['| ' + ' | '.join(head) + ' |', '|---' * 2 + '|--:' * len(columns) + '|']
    for _, name, figure, found in listed:
        what = figure.what if figure.exact else figure.what + ' ~'
        cells = [cell(name, found, systems, column) for column in columns]
        lines.append(f'| {what} | {figure.unit} | ' + ' | '.join(cells) + ' |')
    return '\n'.join(lines) + '\n'


def component(part):
    """The component of a part, which may be one of its functions."""
    return part.split(': ')[0]


def by_component(parts):
    """{component: instructions} of parts some of which are functions. A guest's parts stay."""
    found = {}
    for part, count in parts.items():
        who = NAMES.get(component(part), part)
        found[who] = found.get(who, 0) + count
    return found


def adds_up(name, found):
    """Whether the parts of a figure are all of it. Those of the test guest's figures may be more:
    what the other CPU does behind the operation, or the way back."""
    if figures.FIGURES[name].group not in ('calls', 'interrupts'):
        return bool(found['parts'])
    total = sum(found['parts'].values())
    return abs(total - found['value']) <= figures.EXACT * found['value']


def of_parts(systems):
    """The break-downs: a line a component, a column a figure, for each system that has some."""
    text = ''
    for system in systems.values():
        whole = {name: by_component(found['parts']) for name, found in system['figures'].items()
                 if isinstance(found, dict) and 'parts' in found and adds_up(name, found)}
        for group in figures.GROUPS:
            names = [name for name in figures.FIGURES
                     if name in whole and figures.FIGURES[name].group == group]
            if not names:
                continue
            components = list(dict.fromkeys(who for name in names for who in whole[name]))
            lines = [f'{system["title"]}, {figures.GROUPS[group].lower()}:', '',
                     '| component | ' + ' | '.join(figures.FIGURES[n].what for n in names) + ' |',
                     '|---' + '|--:' * len(names) + '|']
            for who in components:
                cells = [figures.number(whole[name][who])
                         if whole[name].get(who) else '-' for name in names]
                lines.append(f'| {who} | ' + ' | '.join(cells) + ' |')
            text += '\n'.join(lines) + '\n\n'
    return text


def of_stays(systems):
    """The longest stays with interrupts masked: a line each, with where they go."""
    lines = ['| system | instructions | where they go |', '|---|--:|---|']
    for system in systems.values():
        for found in system['figures'].values():
            shown = found.get('stays', {}) if isinstance(found, dict) else {}
            for name, listed in shown.items():
                longest = max(sum(parts.values()) for parts in listed)
                for parts in listed:
                    length = sum(parts.values())
                    if length < longest / 2:
                        continue
                    most = sorted(parts.items(), key=lambda part: -part[1])
                    where = [f'`{who}` {count}' for who, count in most
                             if count >= LEAST_SHOWN * length]
                    lines.append(f'| {name} | {length} | {", ".join(where)} |')
    return '\n'.join(lines) + '\n'


def text(run):
    """All tables of a run, for a terminal."""
    parts = [f'{title}\n\n{of_group(run["systems"], group)}\n'
             for group, title in figures.GROUPS.items() if of_group(run['systems'], group)]
    return ''.join(parts)


def sources(systems):
    """What each column is, where its figures come from, and when."""
    lines = []
    for system in systems.values():
        mark = system.get('mark', '')
        origin = system['source'] if mark else \
            f'commit {system["commit"]}, {system["date"]}, {system["seconds"]} s'
        versions = ', '.join(f'{what} {version}' for what, version in system['versions'].items())
        lines.append(f'- {mark} **{system["title"]}**: {versions}; {origin}'
                     .replace('-  **', '- **') + '.')
    return '\n'.join(lines) + '\n'


def put(page, mark, content):
    """Puts text between its marks."""
    begin, end = f'<!-- {mark} -->\n', f'<!-- end of {mark} -->\n'
    head, rest = page.split(begin)
    return head + begin + content + end + rest.split(end)[1]


def write(kept, elsewhere, page=PAGE):
    """Makes the tables of the manual anew."""
    systems = {**kept['systems'], **elsewhere['systems']}
    content = page.read_text(encoding='utf-8')
    for group in figures.GROUPS:
        content = put(content, f'bench {group}', of_group(systems, group))
    content = put(content, 'bench parts', of_parts(kept['systems']))
    content = put(content, 'bench stays', of_stays(kept['systems']))
    content = put(content, 'bench sources', sources(systems))
    page.write_text(content, encoding='utf-8')
