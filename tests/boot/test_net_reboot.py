# SPDX-License-Identifier: BSD-2-Clause
"""Linux guests that begin anew again and again in the midst of their streams; the stream of another
one to the same guest goes on."""
import re
import sys

import pytest

from conftest import BOARD, TOP
from test_guest_density import said_by

sys.path.insert(0, str(TOP / 'scripts'))
import linux_costs  # noqa: E402
import net_costs  # noqa: E402

# Who is watched says again and again how often it found something lost that it sent, and how many
# segments came behind a gap: neither grows while nothing is lost. When a guest that begins anew has
# the CPU for long it sends its last segment once more, to ask: that finds nothing lost.
#
# Who serves gives a connection up after some seconds without an answer, as servers do. Linux' own
# quarter of an hour is longer than many lives, and what it still has for the dead is in the end all
# that its TCP may have: then it drops what comes.
INIT = net_costs.INIT.replace(b'exec ', b'''echo 3 >/proc/sys/net/ipv4/tcp_retries2
[ $watch ] && while /bin/busybox sleep 1; do
    /bin/busybox awk '/^TcpExt: [A-Z]/ { for (i = 1; i <= NF; i++) { column[$i] = i } }
        /^TcpExt: [0-9]/ {
            lost = $column["TCPTimeouts"] + $column["TCPFastRetrans"]
            lost += $column["TCPSlowStartRetrans"] + $column["TCPLossProbeRecovery"]
            print "net: lost " lost " times, behind a gap " $column["TCPOFOQueue"] "."
        }' /proc/net/netstat >/dev/hvc0
done &
exec ''')
BOOTARGS = 'quiet nokaslr rdinit=/net-init console=hvc0'
# The numbers tell what they say apart.
STEADY, RESETS, PANICS = 100000, 301, 302
ROLES = {
    'left': '',
    'steady': f'watch=1 role="stream 10.0.0.1 {STEADY}"',
    'resets': f'role="stream 10.0.0.1 {RESETS} 2"',
    'panics': f'role="stream 10.0.0.1 {PANICS} 2 panic"',
}


def build(folder, config, cpus):
    """The image of the four guests."""
    lines = ['<system name="net-reboot">',
             '  <image name="debian" kernel="Image" initrd="initrd-net"/>',
             '  <console colours="off"/>', '  <network name="lan"/>']
    for number, (name, role) in enumerate(ROLES.items(), 1):
        arguments = f'{BOOTARGS} number={number} {role}'
        lines += [f'  <guest name="{name}" image="debian" ram="192M" cpus="{number % cpus}" '
                  f'on-crash="restart" bootargs=\'{arguments}\'>',
                  '    <console/>', '    <net on="lan"/>', '  </guest>']
    net_costs.make_initrd(folder / 'initrd-net', INIT)
    (folder / 'net.system').write_text('\n'.join([*lines, '</system>', '']), encoding='utf-8')
    linux_costs.checked(linux_costs.MAIN / 'sdk/bin/bulkhead', 'build', folder / 'net.system',
                        '--board', BOARD, '--config', config, '--search-path', folder,
                        '--search-path', linux_costs.FILES, '-o', folder / 'image')
    return folder / 'image'


def good(number):
    """What a guest says when it has got some of its stream."""
    return f'net: {number} MiB, so far right'


def check(said, lives):
    """Each life of the guests that do not stay had its stream, and so did the one that stays."""
    assert 'not what was sent' not in said
    for name, number, end in (('resets', RESETS, 'GUEST-RESET'), ('panics', PANICS, 'GUEST-CRASH'),
                              ('steady', STEADY, '')):
        own = said_by(name, said.replace('\r', ''))
        assert own.count(good(number)) >= (lives if end else 1) and end in own, name


@pytest.mark.parametrize('lives', [2, pytest.param(50, marks=pytest.mark.long)])
def test_nothing_is_lost(debian, tmp_path, lives):
    """Of the stream that goes on no segment is lost either. Time that nobody needs does not pass in
    this machine."""
    arguments = ['-M', 'virt,virtualization=on,gic-version=3', '-m', '2G', '-kernel',
                 build(tmp_path, 'release', 1)]
    with linux_costs.Machine(tmp_path, arguments) as machine:
        for number in (RESETS, PANICS):
            said = machine.run_until(good(number), 300 + 60 * lives, lives)
            machine.stop()
    check(said, lives)
    # It went on in the midst of all that, and not before or behind it alone.
    parts = said.split(good(RESETS))[1:-1]
    assert sum(good(STEADY) in part for part in parts) >= lives // 2
    # Before the twin was there it asked for a connection more than once.
    streaming = said.split(good(STEADY), 1)[1]
    counts = re.findall(r'net: lost (\d+) times, behind a gap (\d+)\.', streaming)
    assert len(set(counts)) == 1 and counts[0][1] == '0'


@pytest.mark.long
@pytest.mark.parametrize('lives', [20])
def test_two_cpus(boot, debian, tmp_path, lives):
    """The same while time is the host's."""
    board = boot(build(tmp_path, 'debug', 2), gic=3, smp=2, timeout=300 + 60 * lives)
    board.allow.append(r'kernel panic[^k]')
    for name, number in (('resets', RESETS), ('panics', PANICS)):
        while True:
            board.expect(r'\n')
            if said_by(name, board.tail(1000000)).count(good(number)) >= lives:
                break
    said = board.tail(1000000)
    check(said, lives)
