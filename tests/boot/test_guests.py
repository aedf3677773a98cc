# SPDX-License-Identifier: BSD-2-Clause
"""Guests under Bulkhead: the bare-metal test guest, and Debian's unmodified kernel."""

import struct

import pytest

from conftest import IMAGES, MAIN, TOP, build_image, linux_image, system_file

TEST_GUEST = TOP / 'tests/boot/systems/guest-test/guest-test.system'
REFUSED = TOP / 'tests/boot/systems/guest-refused/guest-refused.system'


def test_bare_metal(boot, gic):
    """PSCI, SGIs with priorities, traps, and a second CPU that goes on and off."""
    image = build_image(TEST_GUEST, output=IMAGES / f'guest-test-{gic}',
                        search=[MAIN / 'tests/guest'])
    board = boot(image, gic=gic, smp=2, icount=True)
    board.expect(f'guest: EL1, 2 CPUs, GICv{gic}, PSCI by HVC')
    done = board.expect(r'done: (\d+) passed, (\d+) failed')
    assert int(done[1]) > 30 and done[2] == '0', board.tail(80)
    # The loads and stores of the group `trap` that have no syndrome.
    board.expect(r'bare: accesses and instructions that ended in an exception: [1-9]')
    board.expect('bare: powered off')


@pytest.mark.parametrize('system, cpus', [('one-guest', 1), ('smp-guest', 4)])
def test_debian(boot, gic, debian, system, cpus):
    """Debian's kernel reaches a shell; a reboot starts it afresh, and it powers off."""
    image = build_image(system_file(system), output=IMAGES / f'{system}-test', search=[debian])
    board = boot(image, gic=gic, smp=cpus, timeout=120)
    board.expect('linux: started')
    board.expect('guest login: ')
    board.send('root\r')
    board.expect('root@guest:~# ')
    board.send('nproc; grep -c arch_timer /proc/interrupts\r')
    board.expect(rf'\n{cpus}\s+1\s')
    if system == 'one-guest':
        board.send('reboot\r')
        board.expect('linux: reset')
        board.expect('guest login: ')
        board.send('root\r')
        board.expect('root@guest:~# ')
    board.send('poweroff\r')
    board.expect('linux: powered off')


# A device tree that has a root and nothing in it.
TREE = struct.pack('>10I16x4I', 0xd00dfeed, 72, 56, 72, 40, 17, 16, 0, 0, 16, 1, 0, 2, 9)

WRONG_FILES = {
    'magic': ('kernel', b'no kernel' * 1000, 'the kernel is not an arm64 Image'),
    'compressed': ('kernel', b'\x1f\x8b' + bytes(5000), 'the kernel is compressed'),
    'big-endian': ('kernel', linux_image(flags=0xb), 'the kernel is big-endian'),
    'header': ('kernel', linux_image(memory_bytes=100), "the kernel's header contradicts its size"),
    'large kernel': ('kernel', linux_image(memory_bytes=7 << 20), 'the kernel and its device tree'),
    'large initrd': ('initrd', bytes(9 << 20), 'the initial RAM disk does not fit'),
    'no tree': ('dtb', b'no tree' * 1000, 'the device tree does not parse'),
    'short tree': ('dtb', TREE[:-8], 'the device tree does not parse'),
    'large tree': ('dtb', TREE + bytes(1 << 20), 'the device tree is larger than 1 MiB'),
    'settings': ('config', b'name refused\nnoise\n', 'the configuration is wrong in line 2'),
}


@pytest.mark.parametrize('wrong', WRONG_FILES)
def test_refused(boot, tmp_path, wrong):
    """The VMM says what is wrong with a file, and its guest does not start."""
    name, contents, sentence = WRONG_FILES[wrong]
    board = boot(refused_image(tmp_path, {name: contents}))
    board.expect(f'(refused|vmm): {sentence}')


def test_not_refused(boot, tmp_path):
    """The files of test_refused() are right but for the one that is wrong."""
    board = boot(refused_image(tmp_path, {}))
    board.expect('refused: started')


def test_truncated_kernel(boot, debian, tmp_path):
    """Of a kernel that EFI can start, it is seen when a quarter is missing."""
    kernel = (debian / 'Image').read_bytes()[:24 << 20]
    board = boot(refused_image(tmp_path, {'kernel': kernel}))
    board.expect('refused: the kernel is shorter than its header says')


def test_misaligned_ram(boot, tmp_path):
    """RAM that does not end at a multiple of 2 MiB."""
    text = REFUSED.read_text(encoding='utf-8').replace('size="0x80_0000"', 'size="0x80_1000"')
    description = tmp_path / 'misaligned.system'
    description.write_text(text, encoding='utf-8')
    board = boot(refused_image(tmp_path, {}, description))
    board.expect("refused: the guest's RAM does not start and end at a multiple of 2 MiB")


def refused_image(folder, files, description=REFUSED):
    """An image of guest-refused with these files; the others are right."""
    right = {
        'kernel': linux_image(), 'initrd': bytes(5000),
        'dtb': TREE, 'config': b'name refused\ngic 2 0x8000000 0x8010000\n',
    }
    for name, contents in {**right, **files}.items():
        (folder / name).write_bytes(contents)
    return build_image(description, output=folder / 'image', search=[folder])
