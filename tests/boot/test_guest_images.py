# SPDX-License-Identifier: BSD-2-Clause
"""The guest images: how they are put together, and that they boot natively, without Bulkhead."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pexpect
import pytest

TOP = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / 'guest'))

import cpio  # noqa: E402
import debian  # noqa: E402
import modules  # noqa: E402

FRAME = ['qemu-system-aarch64', '-M', 'virt', '-cpu', 'cortex-a53', '-m', '512M', '-nographic',
         '-nodefaults', '-serial', 'stdio', '-no-reboot']
PROMPT = r'root@[a-z]+:~# '


def make_images(release, out=None):
    """Runs the builder; returns the folder and its manifest."""
    command = [str(TOP / 'guest/images.py'), '--release', release]
    command += ['--out', str(out)] if out else []
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, timeout=600)
    folder = out or TOP / 'build/guest' / release
    return folder, json.loads((folder / 'manifest.json').read_text(encoding='utf-8'))


class Guest:
    """A guest booted natively; a context manager that ends it."""

    def __init__(self, folder, initrd, name, arguments=()):
        command = FRAME + ['-kernel', str(folder / 'Image'), '-initrd', str(folder / initrd),
                           '-append', f'console=ttyAMA0 hostname={name}', *arguments]
        self.console = pexpect.spawn(command[0], command[1:], timeout=60, encoding='utf-8',
                                     codec_errors='replace')

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.console.close(force=True)

    def login(self, name):
        """Waits for the login prompt and logs in as root, without a password."""
        self.console.expect_exact(f'guest ready: {name}')
        self.console.expect(r'Linux \S+ on \S+ Log in as root')
        self.console.expect_exact(f'{name} login: ')
        self.console.sendline('root')
        self.console.expect(PROMPT)

    def run(self, command):
        """Runs a command that must succeed; returns its output."""
        self.console.sendline(f'{command}; echo "status=$?"')
        # The guest's terminal and QEMU's both turn a newline into two characters.
        self.console.expect(r'status=(\d+)\r+\n')
        output, status = self.console.before, self.console.match[1]
        self.console.expect(PROMPT)
        # The first line is the echo of what was typed.
        output = output.replace('\r', '').partition('\n')[2]
        assert status == '0', f'{command}: exit code {status}\n{output}'
        return output

    def ends_after(self, command):
        """Types a command that ends the guest, and waits for QEMU's end."""
        self.console.sendline(command)
        self.console.expect(pexpect.EOF)
        self.console.close()
        assert self.console.exitstatus == 0


def test_sources_of_the_release_only():
    stanzas = list(debian._deb822_stanzas(
        'Types: deb deb-src\n# a comment\nURIs: http://mirror.example/debian\n'
        'Suites: bookworm bookworm-updates bookworm-backports\nComponents: main contrib\n'
        'Signed-By:\n /usr/share/keyrings/a.gpg\n\n'
        'Enabled: no\nTypes: deb\nURIs: http://off.example/\nSuites: bookworm\nComponents: main\n'
        '\nTypes: deb\nURIs: http://other.example/\nSuites: nodistro\nComponents: main\n'))
    text = debian.translate_sources(stanzas, 'bookworm', 'trixie')
    assert text == ('Types: deb\nURIs: http://mirror.example/debian\n'
                    'Suites: trixie trixie-updates\nComponents: main\n'
                    'Signed-By: \n /usr/share/keyrings/a.gpg\n')


def test_one_line_sources_are_never_trusted_blindly():
    stanzas = list(debian._one_line_stanzas(
        '# deb http://off.example/debian bookworm main\n'
        'deb [trusted=yes signed-by=/k.gpg] http://m.example/debian bookworm-security main # why\n'
        'deb-src http://m.example/debian bookworm main\n'))
    text = debian.translate_sources(stanzas, 'bookworm', 'bookworm')
    assert text == ('Types: deb\nURIs: http://m.example/debian\nSuites: bookworm-security\n'
                    'Components: main\nSigned-By: /k.gpg\n')


def test_no_debian_source_is_an_error():
    with pytest.raises(debian.DebianError, match='no source of Debian bookworm'):
        debian.translate_sources([], 'bookworm', 'trixie')


@pytest.mark.long
def test_a_wrong_keyring_is_refused(tmp_path, monkeypatch):
    stanzas = debian.machine_sources()
    for stanza in stanzas:
        stanza['signed-by'] = '/usr/share/keyrings/debian-archive-removed-keys.gpg'
    monkeypatch.setattr(debian, 'machine_sources', lambda: stanzas)
    with debian.Store('bookworm', tmp_path) as store:
        with pytest.raises(debian.DebianError, match='update` failed'):
            store.fetch('busybox-static')
    assert not list(tmp_path.rglob('*.deb'))


def test_archive_does_not_depend_on_the_order():
    first, second = cpio.Archive(), cpio.Archive()
    first.file('etc/b', b'12345')
    first.symlink('bin/sh', 'busybox')
    second.directory('bin')
    second.symlink('bin/sh', 'busybox')
    second.file('etc/b', b'12345')
    assert first.to_bytes() == second.to_bytes()
    assert first.names() == ['.', 'bin', 'bin/sh', 'etc', 'etc/b']


@pytest.mark.parametrize('name', ['', '/', 'a/../b', 'a//b', './a'])
def test_archive_refuses_names(name):
    with pytest.raises(ValueError):
        cpio.Archive().file(name, b'')


def test_archive_refuses_a_name_twice():
    archive = cpio.Archive()
    archive.file('a', b'')
    with pytest.raises(ValueError, match='twice'):
        archive.file('a', b'')
    with pytest.raises(ValueError, match='not a directory'):
        archive.file('a/b', b'')


def test_missing_module_is_named_and_builtin_is_not_missed():
    tree = modules.Tree([], lambda path: b'', 'kernel/lib/crc-t10.ko\n')
    assert tree.select(['crc_t10'])['modules.dep'] == b'\n'
    with pytest.raises(modules.ModuleError, match='no module virtio_blk'):
        tree.select(['virtio_blk'])


def test_same_packages_give_the_same_bytes(tmp_path):
    _, known = make_images('bookworm')
    _, again = make_images('bookworm', tmp_path)
    for name, output in again['outputs'].items():
        assert output == known['outputs'][name], name
        assert debian.sha256_of(tmp_path / name) == output['sha256']


def test_tiny_image_boots_and_powers_off():
    folder, manifest = make_images('bookworm')
    with Guest(folder, 'initrd-tiny.cpio.gz', 'tiny') as guest:
        guest.login('tiny')
        assert guest.run('uname -r').strip() == manifest['kernel']
        assert guest.run('hostname').strip() == 'tiny'
        # A shell that is left is followed by a new login.
        guest.console.sendline('exit')
        guest.console.expect_exact('tiny login: ')
        guest.console.sendline('root')
        guest.console.expect(PROMPT)
        guest.ends_after('poweroff')


def check_devices(release, tmp_path):
    """Boots the full image with virtIO devices, uses each, and reboots."""
    folder, manifest = make_images(release)
    disk = tmp_path / 'disk'
    with open(disk, 'wb') as file:
        file.truncate(64 << 20)
    devices = ['-netdev', 'user,id=net,restrict=on', '-device', 'virtio-net-device,netdev=net',
               '-drive', f'file={disk},format=raw,if=none,id=disk',
               '-device', 'virtio-blk-device,drive=disk', '-device', 'virtio-rng-device',
               '-device', 'virtio-serial-device', '-chardev', 'null,id=console',
               '-device', 'virtconsole,chardev=console']
    with Guest(folder, 'initrd.cpio.gz', 'devices', devices) as guest:
        guest.login('devices')
        assert guest.run('uname -r').strip() == manifest['kernel']
        loaded = set(re.findall(r'^(\w+) ', guest.run('cat /proc/modules'), re.M))
        assert {'virtio_mmio', 'virtio_blk', 'virtio_net', 'virtio_rng'} <= loaded
        assert guest.run('head -c 16 /dev/hwrng | wc -c').strip() == '16'
        guest.run('udhcpc -i eth0 -n -q')
        assert 'inet 10.0.2.15/' in guest.run('ip addr show dev eth0')
        # Nothing has loaded ext4 yet: the kernel asks modprobe for the file system and its CRC.
        guest.run('mke2fs /dev/vda && mount -t ext4 /dev/vda /mnt')
        guest.run('cp /bin/busybox /mnt/copy && umount /mnt && mount -t ext4 /dev/vda /mnt')
        guest.run('cmp /bin/busybox /mnt/copy')
        guest.run('test -c /dev/hvc0 && ps | grep "[g]etty.*hvc0"')
        guest.run('modprobe vmw_vsock_virtio_transport && modprobe uio')
        # A release may have these two built in, and the console's driver.
        guest.run('modprobe -q virtiofs; modprobe -q vfat; true')
        filesystems = guest.run('cat /proc/filesystems').split()
        assert {'virtiofs', 'vfat'} <= set(filesystems)
        guest.ends_after('reboot')


def test_full_image_uses_its_devices(tmp_path):
    check_devices('bookworm', tmp_path)


@pytest.mark.long
def test_full_image_of_trixie_uses_its_devices(tmp_path):
    check_devices('trixie', tmp_path)


@pytest.mark.long
def test_tiny_image_of_trixie_boots():
    folder, manifest = make_images('trixie')
    with Guest(folder, 'initrd-tiny.cpio.gz', 'tiny') as guest:
        guest.login('tiny')
        assert guest.run('uname -r').strip() == manifest['kernel']
        guest.ends_after('poweroff')


@pytest.mark.long
def test_bench_image_has_its_programs(tmp_path):
    command = [str(TOP / 'guest/images.py'), '--bench', '--out', str(tmp_path)]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, timeout=600)
    with Guest(tmp_path, 'initrd-bench.cpio.gz', 'bench') as guest:
        guest.login('bench')
        guest.run('iperf3 -s -1 -D && iperf3 -c 127.0.0.1 -t 1')
        guest.run('truncate -s 32M /tmp/disk && mkfs.ext4 -q -F /tmp/disk')
        guest.run('fsck.ext4 -f -n /tmp/disk')
        report = guest.run('fio --name=a --filename=/tmp/data --size=4M --rw=randwrite --bs=4k '
                           '--verify=crc32c --ioengine=psync')
        assert 'err= 0' in report
