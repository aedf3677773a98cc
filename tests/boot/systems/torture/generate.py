#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Makes the description of a torture test from a seed: 16 workers and a judge on up to 4 CPUs.

Everybody that a PD may wait for stands above it in a random order: those that it calls, and its
parent, for which it waits with a fault. So no circle of PDs can wait for each other, whatever
happens. A call goes to a higher priority too, as the tool demands; a parent's priority is random.
"""
import argparse
import random
import struct
from pathlib import Path

WORKERS = 16
JUDGE = 16
NONE = 0xff
TIMER, REPORTS = 40, 41
TRACE_BYTES_PER_CPU = 4 << 20
# enum torture_sabotage.
SABOTAGE = {'none': 0, 'drop': 1, 'stale': 2, 'extra': 3, 'ignore': 4}


class Worker:
    """What chance made of a worker."""

    def __init__(self, chance, number, cpu, above):
        """`above`: the workers above it in the order of waiting."""
        self.number = number
        self.cpu = cpu
        # From few values, so that some are equal.
        self.priority = 10 * chance.randint(1, 12)
        kind = chance.random()
        self.passive = kind < 0.2
        self.period = chance.randint(1000, 5000) if kind > 0.7 else None
        self.budget = self.period and int(self.period * chance.uniform(0.2, 0.6))
        self.parent = chance.choices(
            [NONE, JUDGE, chance.choice(above).number if above else JUDGE], [1, 3, 6])[0]

    def attributes(self):
        text = f'name="w{self.number:02}" priority="{self.priority}" cpu="{self.cpu}" fpu="false"'
        if self.passive:
            text += ' passive="true"'
        if self.period:
            text += f' budget="{self.budget}" period="{self.period}"'
        if self.parent != NONE:
            text += f' id="{self.number}"'
        return text


def make_workers(chance, count):
    """In the order of their numbers, and in the order of waiting."""
    cpus = [n % count for n in range(WORKERS)]
    numbers = list(range(WORKERS))
    chance.shuffle(cpus)
    chance.shuffle(numbers)
    order = []
    for number in numbers:
        order.append(Worker(chance, number, cpus[number], order))
    return sorted(order, key=lambda w: w.number), order


def pd_lines(workers, parent, indent):
    """The children of `parent`, and theirs."""
    lines = []
    space = ' ' * indent
    for worker in workers:
        if worker.parent == parent:
            lines += [f'{space}<protection_domain {worker.attributes()}>',
                      f'{space}  <program_image path="worker.elf"/>',
                      *map_lines(space), *pd_lines(workers, worker.number, indent + 2),
                      f'{space}</protection_domain>']
    return lines


def map_lines(space):
    return [f'{space}  <map mr="board" vaddr="0x20000000" setvar_vaddr="board_vaddr"/>',
            f'{space}  <map mr="config" vaddr="0x30000000" perms="r" setvar_vaddr="config_vaddr"/>']


def channel_lines(chance, order):
    """Random channels with random rights; `order`: whom one may call stands before it."""
    lines = []
    for worker in order:
        lines += channel(f'pd="w{worker.number:02}" id="{JUDGE}" notify="false"',
                         f'pd="judge" id="{worker.number}"')
    for place, low in enumerate(order):
        for high in order[:place]:
            if chance.random() < 0.4:
                continue
            calls = (low.priority < high.priority and chance.random() < 0.7
                     and (low.cpu == high.cpu or not high.passive))
            up = chance.random() < 0.8
            down = chance.random() < 0.8
            if calls or up or down:
                lines += channel(
                    f'pd="w{low.number:02}" id="{high.number}" notify="{str(up).lower()}"'
                    + (' pp="true"' if calls else ''),
                    f'pd="w{high.number:02}" id="{low.number}" notify="{str(down).lower()}"')
    return lines


def channel(one, other):
    return ['  <channel>', f'    <end {one}/>', f'    <end {other}/>', '  </channel>']


def generate(folder, seed, seconds, cpus=4, sabotage='none'):
    """Writes torture.system and what it needs to `folder`; returns the path of the description."""
    chance = random.Random(seed)
    workers, order = make_workers(chance, cpus)
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', '<system>',
             '  <memory_region name="board" size="0x10000"/>',
             '  <memory_region name="config" size="0x1000" prefill_path="config.bin"/>',
             f'  <trace size="{cpus * TRACE_BYTES_PER_CPU:#x}"/>',
             '  <protection_domain name="judge" priority="254" cpu="0" fpu="false">',
             '    <program_image path="judge.elf"/>', *map_lines('  '),
             f'    <irq irq="30" id="{TIMER}"/>',
             f'    <reports vaddr="0x40000000" id="{REPORTS}" setvar_vaddr="reports_vaddr"/>',
             *pd_lines(workers, JUDGE, 4), '  </protection_domain>', *pd_lines(workers, NONE, 2),
             *channel_lines(chance, order), '</system>', '']
    folder.mkdir(parents=True, exist_ok=True)
    description = folder / 'torture.system'
    description.write_text('\n'.join(lines), encoding='utf-8')
    (folder / 'config.bin').write_bytes(
        struct.pack('<QQQ', seed, int(seconds * 1e6), SABOTAGE[sabotage])
        + bytes(w.parent for w in workers))
    return description


if __name__ == '__main__':
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('folder', type=Path)
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--seconds', type=float, default=60)
    parser.add_argument('--cpus', type=int, default=4)
    parser.add_argument('--sabotage', choices=SABOTAGE, default='none')
    options = parser.parse_args()
    print(generate(options.folder, options.seed, options.seconds, options.cpus,
                   options.sabotage))
