# SPDX-License-Identifier: BSD-2-Clause
"""Two Debian guests, each with a part of one disk: the system shared-disk, and variants of it."""
import re

import pytest

from conftest import DISKS, IMAGES, attached, build_image, make_disk, system_file
from guest_shell import command, log_in, plain, prompt

SEED = '[vda] 2040 512-byte logical blocks (1.04 MB/1020 KiB)'


@pytest.fixture
def two(boot, debian):
    """Boots the system with a disk, and logs in to both guests; input goes to the right one."""
    def start(disk, gic=3, **options):
        image = build_image(system_file('shared-disk'), output=IMAGES / 'shared-disk-test',
                            search=[debian])
        board = boot(image, gic=gic, smp=2, timeout=120, extra=attached(disk), **options)
        for number, name in enumerate(['left', 'right'], 1):
            if number > 1:
                board.send(f'@{number}\r')
            log_in(board, name)
        return board
    return start


def test_seed(two, gic):
    """Sizes, kernel line and commands of the seed; contents survive a reboot and the next run."""
    disk = make_disk(f'seed-gicv{gic}.img', 'fat:1020K', 'fat:1020K')
    board = two(disk, gic)
    for number, name in [(2, 'right'), (1, 'left')]:
        board.send(f'@{number}\r')
        prompt(board, name)
        assert SEED in command(board, name, 'dmesg | grep "logical blocks"')
        command(board, name, f'mount /dev/vda /mnt; echo {name} was here > /mnt/file; umount /mnt')
    board.send('reboot\r')
    log_in(board, 'left')
    command(board, 'left', 'mount /dev/vda /mnt; ls /mnt | wc -l; echo again >> /mnt/file; sync')
    assert 'left was here' in command(board, 'left', 'cat /mnt/file')
    command(board, 'left', 'umount /mnt')
    board.stop()
    board = two(disk, gic)
    seen = command(board, 'right', 'mount /dev/vda /mnt; ls /mnt; cat /mnt/file')
    assert 'right was here' in seen and 'left' not in seen and 'again' not in seen
    board.send('@1\r')
    prompt(board, 'left')
    assert 'again' in command(board, 'left', 'mount /dev/vda /mnt; cat /mnt/file')


def test_off(two):
    """The first screen says how to switch and to log in; with both guests off, QEMU ends."""
    board = two(make_disk('off.img', 'fat:1020K', 'fat:1020K'))
    board.send('poweroff\r')
    board.expect('right: powered off')
    board.send('@1\r')
    prompt(board, 'left')
    board.send('poweroff\r')
    assert board.wait_end() == 0
    first = plain(board.log.read_text(encoding='utf-8', errors='replace')).split('left login: ')[0]
    assert 'serial: input to 1 left; @2 switches to right, @1 back; @? for help\n' in first
    assert 'Log in as root, without a password.\n' in first


def test_edges(two):
    """Every sector of a guest's partition is written, and no other one of the disk."""
    disk = make_disk('edges.img', 'empty:1M', 'empty:1020K', 'empty:1M')
    before = disk.read_bytes()
    board = two(disk)
    for number, name in [(2, 'right'), (1, 'left')]:
        board.send(f'@{number}\r')
        prompt(board, name)
        size = int(command(board, name, 'blockdev --getsz /dev/vda').split()[-1])
        assert size == {'left': 2048, 'right': 2040}[name]
        command(board, name, f'yes {name} | '
                f'dd of=/dev/vda bs=512 count={size} iflag=fullblock; sync')
        # There is nothing behind the last sector.
        board.send(f'dd if=/dev/zero of=/dev/vda bs=512 seek={size} count=1; echo end of $?\r')
        board.expect(r'end of 1\s')
        prompt(board, name)
        command(board, name, f'yes {name} | head -c {size * 512} | cmp - /dev/vda')
    board.stop()
    after = disk.read_bytes()
    first, second = 2048 * 512, 4096 * 512
    fill = {name: (name + '\n').encode() * 0x80000 for name in ['left', 'right']}
    assert after[first:first + 2048 * 512] == fill['left'][:2048 * 512]
    assert after[second:second + 2040 * 512] == fill['right'][:2040 * 512]
    assert after[:first] == before[:first]
    assert after[second + 2040 * 512:] == before[second + 2040 * 512:]


RAM_DISK = '''<system name="ram-disk">
  <image name="debian" kernel="Image" initrd="initrd.cpio.gz"/>
  <console/>
  <disk name="memory" device="ram" file="ram.img"/>
  <disk name="spare" device="ram" size="64K"/>
  <guest name="left" image="debian" ram="256M" bootargs="console=hvc0 quiet hostname=left">
    <console/>
    <disk from="memory"/>
    <disk from="spare"/>
    <disk from="memory" first="2048" sectors="16" readonly="true"/>
  </guest>
  <guest name="right" image="debian" ram="256M" bootargs="console=hvc0 quiet hostname=right">
    <console/>
    <disk from="memory" first="2048" sectors="16" readonly="true" operations="10"/>
  </guest>
</system>
'''


def test_ram_disk(boot, debian):
    """A disk in memory that a file fills; an extent of it, which can be read only, and slowly."""
    disk = make_disk('ram.img', 'ext4:2M', 'empty:1M')
    description = DISKS / 'ram-disk.system'
    description.write_text(RAM_DISK, encoding='utf-8')
    image = build_image(description, output=IMAGES / 'ram-disk-test', search=[debian, DISKS])
    board = boot(image, gic=3, smp=2, timeout=120)
    log_in(board, 'left')
    size = disk.stat().st_size // 512
    assert f'[vda] {size} 512-byte' in command(board, 'left', 'dmesg | grep "logical blocks"')
    assert 'vda2' in command(board, 'left', 'ls /dev')
    # At least 128 segments, and so a request of 1 MiB at least, wherever its pages are.
    segments, kib = [command(board, 'left', f'cat /sys/block/vda/queue/{limit}').split()[-1]
                     for limit in ['max_segments', 'max_hw_sectors_kb']]
    assert int(segments) >= 128 and int(kib) >= 1024
    command(board, 'left', 'mount -o sync /dev/vda1 /mnt; echo hello > /mnt/file; umount /mnt; '
                           'mount /dev/vda1 /mnt; grep hello /mnt/file; umount /mnt')
    command(board, 'left', 'dd if=/dev/vda bs=512 skip=2048 count=16 | md5sum > /tmp/sum')
    # Its other disks: one that nobody else has, and a part of the first, to be read only.
    seen = command(board, 'left', 'dmesg | grep "logical blocks"')
    assert '[vdb] 128 512-byte' in seen and '[vdc] 16 512-byte' in seen
    command(board, 'left', 'yes spare | head -c 65536 > /dev/vdb; sync')
    command(board, 'left', 'yes spare | head -c 65536 | cmp - /dev/vdb')
    command(board, 'left', 'md5sum < /dev/vdc | cmp - /tmp/sum')
    assert command(board, 'left', 'cat /sys/block/vdc/ro').split()[-1] == '1'
    board.send('@2\r')
    log_in(board, 'right')
    assert '[vda] 16 512-byte' in command(board, 'right', 'dmesg | grep "logical blocks"')
    board.send('echo x > /dev/vda; echo end of $?\r')
    board.expect(r'end of [1-9]')
    prompt(board, 'right')
    # Of sixteen reads at most two are in the bucket, and each of the others waits for its tenth.
    command(board, 'right', 'read_one() { echo 3 > /proc/sys/vm/drop_caches; '
                            'head -c 1 /dev/vda > /dev/null; }')
    command(board, 'right', 'read_all() { for i in $(seq 16); do read_one || return 1; done; }')
    seen = command(board, 'right', 'cat /proc/uptime; read_all; cat /proc/uptime')
    before, after = re.findall(r'^(\d+\.\d+) \d+\.\d+', seen, re.M)
    assert float(after) - float(before) > 1.3
    seen = command(board, 'right', 'md5sum < /dev/vda').split()[0]
    board.send('@1\r')
    prompt(board, 'left')
    assert seen in command(board, 'left', 'cat /tmp/sum')
    # What the virtualiser has counted of each.
    board.send('@s')
    found = board.expect(r'right: its part of the disk: reads (\d+), bytes read (\d+), '
                         r'held back by a limit \d')
    assert int(found[1]) >= 17 and int(found[2]) % 512 == 0


def test_without_a_disk(boot, debian):
    """The board has no disk: the guests are told, and start without one."""
    board = boot('shared-disk', gic=3, timeout=120)
    board.expect_all(['left: there is no disk for it', 'right: there is no disk for it'])
    board.expect_all(['left login: ', 'right login: '])
