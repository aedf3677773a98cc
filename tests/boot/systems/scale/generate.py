#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Prints the description of the largest system: 63 PDs on 8 CPUs, each connected with each."""
PDS = 63
CPUS = 8


def channel_id(own, other):
    """The id of a PD's channel to another one."""
    return other if other < own else other - 1


def description():
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', '<system>',
             '  <memory_region name="results" size="0x1000"/>']
    for pd in range(PDS):
        lines += [f'  <protection_domain name="pd{pd}" priority="{pd + 1}" cpu="{pd % CPUS}" '
                  'fpu="false">',
                  '    <program_image path="node.elf"/>',
                  '    <map mr="results" vaddr="0x20000000" setvar_vaddr="results_vaddr"/>',
                  '  </protection_domain>']
    for low in range(PDS):
        for high in range(low + 1, PDS):
            lines += ['  <channel>',
                      f'    <end pd="pd{low}" id="{channel_id(low, high)}" pp="true"/>',
                      f'    <end pd="pd{high}" id="{channel_id(high, low)}"/>', '  </channel>']
    return '\n'.join([*lines, '</system>', ''])


if __name__ == '__main__':
    print(description(), end='')
