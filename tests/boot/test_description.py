# SPDX-License-Identifier: BSD-2-Clause
"""Guests as a description has them: what they turn into, and that they run."""
import json
import os
import struct
import subprocess

import pytest

from conftest import BOARD, IMAGES, TOOL, TOP, build_image, linux_image, system_file

TWO = '''<system>
  <image name="my.linux" kernel="k" initrd="i"/>
  <guest name="left" image="my.linux" ram="64M" vcpus="2">
    <passthrough path="/pl011@9000000"/>
    <passthrough path="/pl031@9010000"/>
  </guest>
  <guest name="right" image="my.linux" ram="64M" on-crash="restart" restarts="3"{more}/>
</system>
'''
ONE = '''<system>
  <image name="my.linux" kernel="k" initrd="i"/>
  <guest name="left" image="my.linux" ram="64M"/>
</system>
'''
KERNEL_BYTES = 3 << 20
UART = TOP / 'tests/boot/systems/two-guests-uart/two-guests-uart.system'


def bulkhead(*arguments, **environment):
    """Runs the tool with LINUX and the like as given; returns exit code and all that it printed."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith(('LINUX', 'INITRD', 'DTB'))}
    done = subprocess.run([str(TOOL), *[str(a) for a in arguments]], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60,
                          env={**clean, **environment}, check=False)
    return done.returncode, done.stdout


@pytest.fixture(name='folder')
def fixture_folder(tmp_path):
    """A folder with the files of the descriptions above; the kernel is not all zeros."""
    kernel = bytearray(linux_image(KERNEL_BYTES, 4 << 20))
    kernel[64:] = b'kernel. ' * ((KERNEL_BYTES - 64) // 8)
    (tmp_path / 'k').write_bytes(kernel)
    (tmp_path / 'i').write_bytes(b'initrd' * 1000)
    return tmp_path


def build(folder, text, **environment):
    """Builds the image of a description; returns its bytes, and where it is."""
    path = folder / 'guests.system'
    path.write_text(text, encoding='utf-8')
    image = folder / 'image'
    code, said = bulkhead('build', path, '--board', BOARD, '--search-path', folder, '-o', image,
                          **environment)
    assert code == 0, said
    return image.read_bytes()


@pytest.mark.parametrize('more', ['', ' ram-at="identity"', ' cpus="3,1" bootargs="a &lt; b"'])
def test_same_bytes(folder, more):
    """What `expand` prints is a plain description of the very same image."""
    text = TWO.format(more=more)
    image = build(folder, text)
    code, expanded = bulkhead('expand', folder / 'guests.system', '--board', BOARD,
                              '--search-path', folder)
    assert code == 0
    assert '<guest' not in expanded and '<image' not in expanded
    assert build(folder, expanded) == image


def test_identity(folder):
    """RAM at its own addresses: the guest-physical address is the physical one, in the memory map
    and in both mappings."""
    build(folder, TWO.format(more=' ram-at="identity"'))
    code, text = bulkhead('report', folder / 'guests.system', '--board', BOARD, '--search-path',
                          folder, '--json')
    assert code == 0
    report = json.loads(text)
    ram = next(r for r in report['regions'] if r['name'] == 'right.ram')
    vm = next(v for v in report['virtual_machines'] if v['name'] == 'right')
    pd = next(p for p in report['protection_domains'] if p['name'] == 'right.vmm')
    addresses = [m['addr'] for m in vm['maps'] + pd['maps'] if m['region'] == 'right.ram']
    assert addresses == [ram['base']] * 2
    assert ram['base'] % (2 << 20) == 0


def test_image_is_stored_once(folder):
    """However many guests boot a kernel, the system's image has it once, and memory as well."""
    one = build(folder, ONE)
    two = build(folder, TWO.format(more=''))
    needle = (b'kernel. ' * 1000)
    assert one.count(needle) == two.count(needle) > 0
    assert len(two) - len(one) < KERNEL_BYTES / 2
    code, text = bulkhead('report', folder / 'guests.system', '--board', BOARD, '--search-path',
                          folder, '--json')
    assert code == 0
    report = json.loads(text)
    assert len([r for r in report['regions'] if r['name'] == 'my.linux.kernel']) == 1
    users = [p['name'] for p in report['protection_domains']
             if 'my.linux.kernel' in [m['region'] for m in p['maps']]]
    assert users == ['left.vmm', 'right.vmm']


def test_overrides(folder):
    """LINUX names every image's kernel, LINUX_name that of one, which wins; so do INITRD, DTB."""
    path = folder / 'guests.system'
    path.write_text(ONE, encoding='utf-8')
    other = folder / 'other'
    other.write_bytes(linux_image(8000, 1 << 20))
    initrd = folder / 'disk'
    initrd.write_bytes(b'x')
    tree = folder / 'tree'
    subprocess.run(['dtc', '-q', '-I', 'dts', '-O', 'dtb', '-o', tree], check=True,
                   input=b'/dts-v1/; / { };')

    def expand(**environment):
        code, text = bulkhead('expand', path, '--board', BOARD, '--search-path', folder,
                              **environment)
        assert code == 0, text
        return text

    assert 'prefill_path="k"' in expand()
    assert f'prefill_path="{other}"' in expand(LINUX=str(other))
    assert f'prefill_path="{other}"' in expand(LINUX_my_linux=str(other), LINUX='/nowhere')
    assert f'prefill_path="{initrd}"' in expand(INITRD=str(initrd))
    assert 'prefill_path="k"' in expand(LINUX='', LINUX_other='/nowhere')
    with_tree = expand(DTB_my_linux=str(tree))
    assert f'prefill_path="{tree}"' in with_tree and 'setvar_vaddr="guest_dtb"' in with_tree
    code, text = bulkhead('check', path, '--board', BOARD, LINUX='/nowhere')
    assert code == 1
    assert "the file '/nowhere' is not found" in text
    assert 'the environment variable LINUX names it' in text


def test_expand_needs_a_board(folder):
    """What guests turn into depends on the board; plain systems need none."""
    path = folder / 'guests.system'
    path.write_text(ONE, encoding='utf-8')
    code, text = bulkhead('expand', path, '--search-path', folder)
    assert code == 2 and '--board is missing' in text
    assert bulkhead('check', path, '--search-path', folder)[0] == 0


def test_tree_of_devices(folder):
    """The guest's tree has what it was given, with what that refers to, and nothing else."""
    build(folder, TWO.format(more=''))
    image = (folder / 'image').read_bytes()
    at = image.index(struct.pack('>I', 0xd00dfeed))
    size = struct.unpack_from('>I', image, at + 4)[0]
    text = subprocess.run(['dtc', '-q', '-I', 'dtb', '-O', 'dts'], input=image[at:at + size],
                          stdout=subprocess.PIPE, check=True).stdout.decode()
    for word in ['pl011@9000000 {', 'pl031@9010000 {', 'apb-pclk {',
                 'stdout-path = "/pl011@9000000"', 'serial0 = "/pl011@9000000"']:
        assert word in text
    for word in ['flash', 'virtio', 'intc', 'memory', 'bulkhead,no-dma']:
        assert word not in text


def test_two_guests(boot, gic, debian):
    """One has the terminal, starts again and ends; the other is heard of."""
    image = build_image(UART, output=IMAGES / f'two-guests-uart-{gic}', search=[debian])
    board = boot(image, gic=gic, smp=2, timeout=120)
    # Both print at the same time, characters singly: a sentence may be torn, hardly all of them.
    board.expect('guest ready: right|right. Linux|right. `reboot`')
    board.expect_prompt('left login: ')
    board.send('root\r')
    board.expect('root@left:~# ')
    board.send('reboot\r')
    board.expect('left: reset')
    board.expect('left login: ')
    board.send('root\r')
    board.expect('root@left:~# ')
    board.send('poweroff\r')
    board.expect('left: powered off')


def test_guest_without_devices_ends(boot, debian, tmp_path):
    """Beside a guest that has the terminal, one whose init powers off at once."""
    text = UART.read_text(encoding='utf-8')
    off = text.replace('quiet hostname=right', 'quiet rdinit=/bin/busybox -- poweroff -f')
    assert off != text
    path = tmp_path / 'two-guests-off.system'
    path.write_text(off, encoding='utf-8')
    image = build_image(path, output=IMAGES / 'two-guests-off', search=[debian])
    board = boot(image, gic=3, smp=2, timeout=120)
    board.expect('right: powered off|GUEST-OFF pd=right')
    board.expect_prompt('left login: ')


def test_device_that_accesses_memory(boot, gic, debian, tmp_path):
    """A guest whose RAM is where it thinks it is has a virtIO device of the machine for itself: the
    device reads and writes the guest's rings and buffers by their physical addresses."""
    transports = ''.join(f'<passthrough path="/virtio_mmio@{0xa003000 + 0x200 * i:x}"/>\n'
                         for i in range(8))
    path = tmp_path / 'dma.system'
    path.write_text(f'''<system>
      <image name="debian" kernel="Image" initrd="initrd.cpio.gz"/>
      <guest name="left" image="debian" ram="256M" ram-at="identity" bootargs="quiet">
        <passthrough path="/pl011@9000000"/>
        {transports}
      </guest>
    </system>''', encoding='utf-8')
    image = build_image(path, output=IMAGES / f'dma-{gic}', search=[debian])
    board = boot(image, gic=gic, timeout=120, extra=['-device', 'virtio-rng-device'])
    board.expect('guest login: ')
    board.send('root\r')
    board.expect('root@guest:~# ')
    board.send('cat /sys/class/misc/hw_random/rng_current; head -c 64 /dev/hwrng | wc -c\r')
    board.expect(r'\nvirtio_rng.0\s+64\s')
    board.send('poweroff\r')
    board.expect('left: powered off')
