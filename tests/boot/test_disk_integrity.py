# SPDX-License-Identifier: BSD-2-Clause
"""What two guests write to their parts of one disk is on it afterwards, and nothing else: file
systems that they make are clean, guests that are killed find theirs again, and the neighbour's data
stays as it is, byte for byte. The image is looked at from outside, too."""
import gzip
import os
import random
import re
import subprocess
import sys

import pytest

from conftest import BUILD, DISKS, IMAGES, TOP, attached, build_image, make_disk, system_file
from guest_shell import command, log_in, prompt

sys.path.insert(0, str(TOP / 'guest'))
import cpio  # noqa: E402

START = 2048 * 512  # where the first partition begins
MIB = 1 << 20


@pytest.fixture
def two(boot, debian, tmp_path):
    """Boots shared-disk with guests that have tests/boot/disk_work.sh, and logs in to both; input
    goes to the right one then."""
    def start(disk, gic, initrd='initrd.cpio.gz', ram='256M', **options):
        archive = cpio.Archive()
        archive.file('bin/disk-work', (TOP / 'tests/boot/disk_work.sh').read_bytes(), 0o755)
        (tmp_path / 'initrd-work').write_bytes(
            gzip.compress(archive.to_bytes(), mtime=0) + (debian / initrd).read_bytes())
        text = system_file('shared-disk').read_text(encoding='utf-8')
        for old, new in [('initrd.cpio.gz', 'initrd-work'), ('ram="256M"', f'ram="{ram}"'),
                         ('<guest ', '<guest on-crash="restart" ')]:
            assert old in text
            text = text.replace(old, new)
        (tmp_path / 'work.system').write_text(text, encoding='utf-8')
        image = build_image(tmp_path / 'work.system', output=IMAGES / 'disk-work',
                            search=[debian, tmp_path])
        board = boot(image, gic=gic, smp=2, timeout=240, extra=attached(disk), **options)
        log_in_wide(board, 'left')
        turn(board, 'right', log_in_wide)
        return board
    return start


def log_in_wide(board, name):
    """Logs in to a terminal that is wide enough for the commands here."""
    log_in(board, name)
    board.send('stty cols 400\r')
    prompt(board, name)


def turn(board, name, until=prompt):
    """Gives the keyboard to a guest."""
    board.send(f'@{["left", "right"].index(name) + 1}\r')
    until(board, name)


def cut(disk, start, size, name):
    """Bytes of a disk as a file of their own."""
    path = DISKS / name
    with open(disk, 'rb') as source:
        source.seek(start)
        path.write_bytes(source.read(size))
    return path


def said(*words):
    """(exit code, output) of a tool that checks a file system."""
    path = os.environ['PATH'] + ':/usr/sbin:/sbin'
    done = subprocess.run([str(word) for word in words], stdin=subprocess.DEVNULL, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120,
                          check=False, env={**os.environ, 'PATH': path})
    return done.returncode, done.stdout


def switch_off(board, names=('right', 'left')):
    """Both guests, of which the first has the keyboard; QEMU ends."""
    for number, name in enumerate(names):
        if number > 0:
            turn(board, name)
        board.send('poweroff\r')
        board.expect(f'{name}: powered off')
    assert board.wait_end() == 0


def test_tree(two, gic):
    """Each guest makes a file system, copies a tree to it, and finds it there; it is clean."""
    disk = make_disk(f'tree-gicv{gic}.img', 'empty:16M', 'empty:16M')
    board = two(disk, gic)
    # Of a shorter label busybox makes one that fsck.fat does not like.
    for name, make in [('right', 'mkdosfs -n ELEVENCHARS /dev/vda'), ('left', 'mke2fs /dev/vda')]:
        if name == 'left':
            turn(board, name)
        command(board, name, f'{make} && mount /dev/vda /mnt && disk-work tree')
    switch_off(board, ('left', 'right'))
    for number, check in enumerate([('e2fsck', '-fn'), ('fsck.fat', '-n')]):
        part = cut(disk, START + number * 16 * MIB, 16 * MIB, f'tree-{number}.img')
        code, text = said(*check, part)
        assert code == 0, text
        part.unlink()


KINDS = [('b', 'left: reset'), ('c', 'left: crashed: its kernel panicked')]


@pytest.mark.parametrize('gic, kills', [(2, 2), pytest.param(3, 50, marks=pytest.mark.long)],
                         ids=['few', 'fifty'])
def test_kills(two, gic, kills):
    """A guest is killed while it writes, by a reset and by a panic in turn. Each time its journal
    makes its file system clean, and what was on the disk is there. Its neighbour goes on, finds
    what it writes, and what it does not write is unchanged."""
    disk = make_disk(f'kills-{kills}.img', 'ext4:64M', 'empty:2M', 'empty:1M')
    chance = random.Random(kills)
    second, third = START + 64 * MIB, START + 66 * MIB
    with open(disk, 'r+b') as image:
        for start in (second + MIB, third):
            image.seek(start)
            image.write(chance.randbytes(MIB))
    before = disk.read_bytes()
    board = two(disk, gic)
    board.send(f'disk-work passes {MIB} > /tmp/passes &\r')
    prompt(board, 'right')
    turn(board, 'left')
    for kill in range(1, kills + 1):
        command(board, 'left', f'mount /dev/vda /mnt && disk-work check {max(1, kill - 2)} '
                               f'{kill - 1}')
        board.send('disk-work dirty &\r')
        prompt(board, 'left')
        command(board, 'left', f'disk-work stable {kill}')
        how, end = KINDS[kill % 2]
        board.send(f'sleep 0.{chance.randrange(1000):03}; echo {how} > /proc/sysrq-trigger\r')
        board.expect(end)
        log_in_wide(board, 'left')
        # Nobody uses the partition now: a copy is as good as it.
        copy = cut(disk, START, 64 * MIB, f'killed-{kills}.img')
        code, text = said('e2fsck', '-fp', copy)
        assert code in (0, 1) and 'recovering journal' in text, text
        code, text = said('e2fsck', '-fn', copy)
        assert code == 0, text
        copy.unlink()
    command(board, 'left', f'mount /dev/vda /mnt && disk-work check 1 {kills} && umount /mnt')
    turn(board, 'right')
    count, wrong = re.search(r'passes (\d+) wrong (\d+)', command(
        board, 'right', 'touch /tmp/stop; wait; cat /tmp/passes')).groups()
    assert int(count) > kills and wrong == '0'
    switch_off(board)
    after = disk.read_bytes()
    code, text = said('e2fsck', '-fn', cut(disk, START, 64 * MIB, f'killed-{kills}.img'))
    assert code == 0, text
    line = f'pass {count}\n'.encode()
    assert after[second:second + MIB] == (line * (MIB // len(line) + 1))[:MIB]
    assert after[:START] == before[:START]
    assert after[second + MIB:] == before[second + MIB:]


# Each guest writes so much of its partition so often.
FIO_BYTES, FIO_LOOPS = 112 * MIB, 10
FIO = (f'fio --name=mixed --filename=/dev/vda --size={FIO_BYTES} --loops={FIO_LOOPS} '
       '--rw=randwrite --bssplit=512/10:4k/25:12k/15:64k/25:256k/25 --direct=1 --ioengine=libaio '
       '--iodepth=16 --verify=crc32c --verify_fatal=1 --do_verify=1 --randrepeat=0')


@pytest.mark.long
@pytest.mark.parametrize('gic', [3])
def test_fio(two, gic):
    """fio writes blocks of random sizes at random places in two guests at once, more than 2 GiB
    together, and finds each as it was written. Then both make ext4, which is clean."""
    subprocess.run([TOP / 'guest/images.py', '--bench'], check=True, stdin=subprocess.DEVNULL,
                   timeout=600)
    assert (BUILD / 'guest/bookworm/initrd-bench.cpio.gz').exists()
    disk = make_disk('fio.img', 'empty:128M', 'empty:128M')
    board = two(disk, gic, initrd='initrd-bench.cpio.gz', ram='512M')
    for name in ('right', 'left'):
        if name == 'left':
            turn(board, name)
        board.send(f'({FIO} > /tmp/fio 2>&1; echo "$(hostname) fio ends: $?") & '
                   'until grep Starting /tmp/fio; do sleep 0.1; done\r')
        board.expect('Starting 1 process')
        prompt(board, name)
    # Both have begun, and neither has ended: its words would have come before the prompt.
    board.expect_all(['left fio ends: 0', 'right fio ends: 0'], timeout=3000)
    board.send('\r')
    prompt(board, 'left')
    total = 0
    for name in ('left', 'right'):
        if name == 'right':
            turn(board, name)
        text = command(board, name, 'cat /tmp/fio')
        assert 'err= 0' in text and 'bad' not in text, text
        total += int(re.search(r'WRITE:.* io=(\d+)MiB', text)[1]) * MIB
        command(board, name, 'mkfs.ext4 -q -F /dev/vda && mount /dev/vda /mnt && disk-work tree '
                             '&& e2fsck -fn /dev/vda')
    assert total >= 2 << 30
    switch_off(board)
    for number in range(2):
        part = cut(disk, START + number * 128 * MIB, 128 * MIB, f'fio-{number}.img')
        code, text = said('e2fsck', '-fn', part)
        assert code == 0, text
        part.unlink()
