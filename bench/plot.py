# SPDX-License-Identifier: BSD-2-Clause
"""SVG plots of a run: a panel a figure with a bar a system, and bars of components."""
from html import escape
from pathlib import Path

import figures

FOLDER = Path(__file__).resolve().parent.parent / 'docs/pictures'
# A plot: its file, headline, what is below it, and its figures in order.
HOW = 'Instructions of all levels together, on the same emulated board; shorter is better.'
ELSEWHERE = '† not in the same run, but on the same kind of emulated board'
PLOTS = [
    ('bench-calls', 'What a guest pays to talk to the machine below it', HOW,
     ['hypercall', 'mmio_exit', 'virtio_read', 'kick']),
    ('bench-interrupts', 'What an interrupt, and a switch between guests, cost', HOW,
     ['timer', 'spi', 'ipi', 'vm_switch']),
    ('bench-block', "What a Linux guest's disk operation costs", HOW,
     ['block_read_4k', 'block_write_4k', 'block_read_64k', 'block_write_64k',
      'block_read_4k_deep']),
    ('bench-net', "What a Linux guest's network costs", HOW,
     ['net_udp', 'net_tcp', 'net_out_udp', 'net_out_tcp_send']),
    ('bench-boot', 'How far it is to the first program of a Linux guest', HOW,
     ['boot_init', 'boot_power_on']),
]
COLOURS = {'native': '#8c8c8c', 'bulkhead': '#c1440e', 'kvm': '#2f6db3', 'kvm-pci': '#6fa0d6',
           'kvmtool': '#9ec3e6', 'xen': '#4d8f4d', 'bao': '#b79a3a', 'libvmm': '#7d5ba6'}
OTHER = '#555555'
# Of components, in the order in which they come.
SHADES = ['#8c8c8c', '#bdbdbd', '#c1440e', '#2f6db3', '#4d8f4d', '#b79a3a', '#7d5ba6', '#5aa9a3',
          '#d98880', '#555555']
WIDTH, LEFT, RIGHT, BAR, GAP, HEAD = 860, 250, 90, 18, 6, 30
STYLE = ('text{font-family:"DejaVu Sans",Helvetica,Arial,sans-serif;font-size:13px;fill:#222}'
         '.headline{font-size:18px;font-weight:bold}.panel{font-size:14px;font-weight:bold}'
         '.small{font-size:12px;fill:#555}')


class Drawing:
    """An SVG file that grows downwards."""

    def __init__(self, headline, below):
        self._shapes = []
        self.y = 34
        self._title = f'{headline}. {below}'
        self.text(16, self.y, headline, 'headline')
        self.y += 20
        self.text(16, self.y, below, 'small')
        self.y += 14

    def text(self, x, y, what, kind='', anchor='start'):
        attributes = f' class="{kind}"' if kind else ''
        self._shapes.append(f'<text x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}"{attributes}>'
                            f'{escape(what)}</text>')

    def box(self, x, y, width, height, colour):
        self._shapes.append(f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 1):.1f}" '
                            f'height="{height}" fill="{colour}"/>')

    def save(self, path):
        height = self.y + 16
        lines = ['<?xml version="1.0" encoding="UTF-8"?>',
                 '<!-- SPDX-License-Identifier: BSD-2-Clause -->',
                 f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height:.0f}" '
                 f'viewBox="0 0 {WIDTH} {height:.0f}" role="img">',
                 f'<title>{escape(self._title)}</title>', f'<style>{STYLE}</style>',
                 f'<rect width="{WIDTH}" height="{height:.0f}" fill="#ffffff"/>',
                 *self._shapes, '</svg>', '']
        path.write_text('\n'.join(lines), encoding='utf-8')


def panel(drawing, figure, bars):
    """A figure: bars are (label, value, colour)."""
    drawing.y += HEAD
    unit = '' if figure.unit == figures.INSTRUCTIONS else f' ({figure.unit})'
    drawing.text(16, drawing.y, figure.what + unit, 'panel')
    drawing.y += 10
    most = max(value for _, value, _ in bars)
    for label, value, colour in bars:
        width = (WIDTH - LEFT - RIGHT) * value / most
        drawing.text(LEFT - 8, drawing.y + BAR - 5, label, anchor='end')
        drawing.box(LEFT, drawing.y, width, BAR, colour)
        drawing.text(LEFT + width + 6, drawing.y + BAR - 5, figures.number(value))
        drawing.y += BAR + GAP


def compared(name, headline, below, names, systems, folder):
    """A plot with a panel for each figure that two systems have at least."""
    drawing = Drawing(headline, below)
    drawn = 0
    for figure in names:
        bars = [(system['title'] + system.get('mark', ''),
                 figures.value(system['figures'][figure]), COLOURS.get(column, OTHER))
                for column, system in systems.items() if figure in system['figures']]
        if len(bars) > 1 and max(value for _, value, _ in bars) > 0:
            panel(drawing, figures.FIGURES[figure], bars)
            drawn += 1
    path = folder / f'{name}.svg'
    if drawn:
        if any(system.get('mark') for system in systems.values()):
            drawing.y += 22
            drawing.text(16, drawing.y, ELSEWHERE, 'small')
        drawing.save(path)
    else:
        path.unlink(missing_ok=True)


def stacked(column, system, folder):
    """A bar for each figure with a break-down, cut into components."""
    listed = [(name, found) for name, found in system['figures'].items()
              if isinstance(found, dict) and 'parts' in found
              and figures.FIGURES[name].group in ('block', 'net', 'console')
              and figures.FIGURES[name].unit == figures.INSTRUCTIONS]
    path = folder / f'bench-parts-{column}.svg'
    if not listed:
        path.unlink(missing_ok=True)
        return
    components = list(dict.fromkeys(who for _, found in listed for who in found['parts']))
    colours = dict(zip(components, SHADES * 2))
    drawing = Drawing(f'{system["title"]}: where the instructions of an operation go',
                      'One operation a bar; its colours are the programs that execute it.')
    x = 16
    drawing.y += 8
    for who in components:
        if x + 30 + 8 * len(who) > WIDTH:
            x = 16
            drawing.y += 20
        drawing.box(x, drawing.y, 14, 14, colours[who])
        drawing.text(x + 20, drawing.y + 12, who)
        x += 36 + 8 * len(who)
    drawing.y += 20
    most = max(figures.value(found) for _, found in listed)
    for name, found in listed:
        drawing.y += 22
        figure = figures.FIGURES[name]
        drawing.text(16, drawing.y, f'{figures.GROUPS[figure.group]}: {figure.what}')
        drawing.y += 6
        at = 16
        for who in components:
            width = (WIDTH - RIGHT - 16) * found['parts'].get(who, 0) / most
            if width > 0:
                drawing.box(at, drawing.y, width, BAR, colours[who])
            at += width
        drawing.text(at + 6, drawing.y + BAR - 5, figures.number(figures.value(found)))
        drawing.y += BAR + GAP
    drawing.save(path)


def write(kept, elsewhere, folder=FOLDER):
    """Draws all plots."""
    systems = {**kept['systems'], **elsewhere['systems']}
    for name, headline, below, names in PLOTS:
        compared(name, headline, below, names, systems, folder)
    for column, system in kept['systems'].items():
        stacked(column, system, folder)
