#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""What a guest's way to the outside costs: instructions of all levels together, natively and under
Bulkhead.

    uplink_costs.py [--gic 2|3] [--check] [--write] [--parts [--functions]]

Both run Debian's kernel on one Cortex-A53 with QEMU's virtIO network device on its user network,
which has no offloads: checksums and segments are made by software either way, by the native kernel
itself, by the uplink's driver for a guest. The program is guest/probe/net.c; its twin is in this
script, behind the router. A packet of 64 bytes goes there and comes back over UDP, and TCP carries
a stream there.

The twin answers in its own time. While the CPU waits it sleeps, and time that it sleeps is none, so
that path length is what is counted. The cheapest of many round trips is the path itself, the same
each time; a tick of Linux's timer falls into others, or the answer comes when the CPU has gone on
to something else, or to sleep. How many packets of the stream are acknowledged at once varies.
--write puts the table into docs/network.md; --check fails when a limit is exceeded.

--parts tells where a guest's round trip goes: QEMU executes and logs one instruction at a time for
that. --functions does so for each function of the kernel and of the programs.
"""
import argparse
import errno
import socketserver
import statistics
import struct
import sys
import tempfile
import threading
import time
from pathlib import Path

import count_echo
import disk_trace
import linux_costs as linux
import net_costs

PAGE = linux.TOP / 'docs/network.md'
BOOTARGS = 'earlycon nokaslr quiet panic=-1 rdinit=/net-init'
INIT = net_costs.up('10.0.2.15', modules='virtio_mmio virtio_net',
                    then='exec /net-probe client 10.0.2.2\n')
SYSTEM = f'''<system name="uplink-costs">
  <image name="debian" kernel="Image" initrd="initrd-net"/>
  <network name="lan"><uplink/></network>
  <guest name="linux" image="debian" ram="{linux.RAM}" bootargs="{BOOTARGS}">
    <passthrough path="/pl011@9000000"/>
    <net on="lan"/>
  </guest>
</system>
'''
NODE = 'virtio_mmio@a002000'
NET = ['-global', 'virtio-mmio.force-legacy=false', '-netdev', 'user,id=net0',
       '-device', 'virtio-net-device,netdev=net0,bus=virtio-mmio-bus.16']
# As in guest/probe/net.c: UDP and TCP.
PORTS = 5000, 5001
# Seconds that a port is waited for.
WAITS = 300
PLAIN, BACK = -1, -4
# What it is, and how many times the native figure it may be.
LEAST = 'UDP, 64 bytes, the cheapest round trip'
UDP, TCP = 'UDP, 64 bytes, the round trip in the middle', 'TCP to the outside, a byte'
TCP_BACK = 'TCP from the outside, a byte'
FIGURES = {LEAST: 1.5, UDP: 1.6, TCP: 1.5, TCP_BACK: 1.5}
# The mark at the beginning of a round, and rounds that are looked at.
ROUND, ROUNDS = 6, 101
# Rounds of which the one in the middle is shown in parts.
LOGGED = 9
PROGRAMS = {'driver': 'virtio_nic.elf', 'switch': 'switch.elf', 'VMM': 'vmm.elf'}


class Echo(socketserver.BaseRequestHandler):
    """A packet goes back."""

    def handle(self):
        data, own = self.request
        own.sendto(data, self.client_address)


class Sink(socketserver.StreamRequestHandler):
    """Swallows streams, of which each begins with its length, and answers a byte behind each. Sends
    one when it is told to."""

    def handle(self):
        while head := self.rfile.read(8):
            left, = struct.unpack('<q', head)
            if left == BACK:
                self.wfile.write(bytes(struct.unpack('<q', self.rfile.read(8))[0]))
                continue
            left = 0 if left == PLAIN else left
            while left > 0:
                left -= len(self.rfile.read1(min(left, 1 << 20)))
            self.wfile.write(b'.')


def served(server, port, handler):
    """A server on this host's loopback; waits while another measurement has the port."""
    for _ in range(WAITS):
        try:
            return server(('127.0.0.1', port), handler)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            time.sleep(1)
    raise RuntimeError(f'port {port} of this host stays in use')


class Twin:
    """The program's twin on this host's loopback; a context manager."""

    def __enter__(self):
        socketserver.ThreadingTCPServer.allow_reuse_address = True
        socketserver.ThreadingTCPServer.daemon_threads = True
        self._servers = [served(socketserver.UDPServer, PORTS[0], Echo),
                         served(socketserver.ThreadingTCPServer, PORTS[1], Sink)]
        for server in self._servers:
            threading.Thread(target=server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        for server in self._servers:
            server.shutdown()
            server.server_close()


def native_arguments(gic, folder):
    """QEMU's, without a hypervisor."""
    net_costs.make_initrd(folder / 'initrd-net', INIT)
    linux.native_tree(gic, folder / 'tree', NODE)
    return ['-M', f'virt,gic-version={gic}', '-m', linux.RAM, '-kernel', linux.FILES / 'Image',
            '-initrd', folder / 'initrd-net', '-dtb', folder / 'tree', '-append', BOOTARGS, *NET]


def guest_arguments(gic, folder):
    """QEMU's, under Bulkhead."""
    net_costs.make_initrd(folder / 'initrd-net', INIT)
    (folder / 'net.system').write_text(SYSTEM, encoding='utf-8')
    linux.checked(linux.MAIN / 'sdk/bin/bulkhead', 'build', folder / 'net.system', '--board',
                  linux.BOARD, '--config', 'release', '--search-path', folder, '--search-path',
                  linux.FILES, '-o', folder / 'image')
    return ['-M', f'virt,virtualization=on,gic-version={gic}', '-m', '2G',
            '-kernel', folder / 'image', *NET]


def round_of(machine, places):
    """Instructions of the next round."""
    start = machine.run_to(places[ROUND])
    return machine.run_to(places[ROUND + 1]) - start


def round_trips(machine):
    """Instructions of each round trip, of a machine that goes on until the program runs in it."""
    places = net_costs.marks()
    machine.run_to(places[0])
    return [round_of(machine, places) for _ in range(ROUNDS)]


def phases(machine):
    """{figure: instructions each} of a machine that goes on until the program runs in it."""
    places = net_costs.marks()
    rounds = round_trips(machine)
    found = {LEAST: min(rounds), UDP: statistics.median(rounds)}
    start = machine.run_to(places[2])
    found[TCP] = (machine.run_to(places[3]) - start) / net_costs.STREAM
    start = machine.run_to(places[10])
    found[TCP_BACK] = (machine.run_to(places[11]) - start) / net_costs.STREAM
    return found


def parts(gic):
    """[(component, addresses)] of a guest's round trip."""
    linux.checked(linux.TOP / 'guest/images.py')
    places = net_costs.marks()
    case = count_echo.Case('', None, None, 1,
                           {name: count_echo.SDK / elf for name, elf in PROGRAMS.items()}, None)
    rounds = []
    with tempfile.TemporaryDirectory(prefix='bulkhead-net-') as name, Twin():
        folder = Path(name)
        log = folder / 'log'
        arguments = [*guest_arguments(gic, folder), '-D', log]
        with linux.Machine(folder, arguments, sleep='on') as machine:
            machine.run_to(places[0])
            for _ in range(LOGGED):
                machine.run_to(places[ROUND])
                machine.log_to(places[ROUND + 1])
                rounds.append(disk_trace.addresses_of(log))
                log.write_text('', encoding='utf-8')
    rounds.sort(key=len)
    return count_echo.stays(case, rounds[LOGGED // 2])


def measure_one(gic, arguments, measure_it=phases):
    """What measure_it says, natively or as a guest, whose QEMU `arguments` has."""
    with tempfile.TemporaryDirectory(prefix='bulkhead-net-') as name, Twin():
        folder = Path(name)
        with linux.Machine(folder, arguments(gic, folder), sleep='on') as machine:
            return measure_it(machine)


def measure_both(gic, measure_it=phases):
    """[natively, as a guest]"""
    linux.checked(linux.TOP / 'guest/images.py')
    return [measure_one(gic, arguments, measure_it)
            for arguments in (native_arguments, guest_arguments)]


def measure(gic):
    """{figure: [natively, as a guest]}, instructions each."""
    kinds = measure_both(gic)
    return {name: [kind[name] for kind in kinds] for name in FIGURES}


def table(found):
    """The results as a Markdown table."""
    lines = ['| what | native | guest | times | at most |', '|---|---|---|---|---|']
    for name, (alone, under) in found.items():
        lines.append(f'| {name} | {alone:,.2f} | {under:,.2f} | {under / alone:.2f} | '
                     f'{FIGURES[name]} |')
    return '\n'.join(lines) + '\n'


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--gic', type=int, choices=(2, 3), default=3)
    parser.add_argument('--check', action='store_true')
    parser.add_argument('--write', action='store_true')
    parser.add_argument('--parts', action='store_true')
    parser.add_argument('--functions', action='store_true')
    arguments = parser.parse_args()
    if arguments.parts:
        net_costs.print_stays('UDP, 64 bytes, a round trip', parts(arguments.gic),
                              net_costs.read_programs(PROGRAMS), 60 if arguments.functions else 0)
        return 0
    found = measure(arguments.gic)
    text = table(found)
    print(text, end='')
    if arguments.write:
        begin, end = '<!-- uplink costs -->\n', '<!-- end of uplink costs -->\n'
        before, rest = PAGE.read_text(encoding='utf-8').split(begin)
        PAGE.write_text(before + begin + text + end + rest.split(end)[1], encoding='utf-8')
    good = all(under <= FIGURES[name] * alone
               for name, (alone, under) in found.items())
    return 1 if arguments.check and not good else 0


if __name__ == '__main__':
    sys.exit(main())
