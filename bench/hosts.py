# SPDX-License-Identifier: BSD-2-Clause
"""The peers' hosts: an initial RAM file system with Debian's arm64 QEMU for Linux as a KVM host,
and one with Xen's tool stack for dom0, beside the hypervisor itself. Both run the guests' kernel.

Packages come through guest/debian.py, with the guest images' cache; nothing is made again while the
packages and this folder's sources are the same, and without network once they are there.
"""
import contextlib
import sys
import tempfile
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
OUT = TOP / 'build/bench/hosts'
CACHE = TOP / 'build/guest/cache'
RELEASE = 'bookworm'

sys.path.insert(0, str(TOP / 'guest'))
import debian  # noqa: E402
import images  # noqa: E402
import modules  # noqa: E402

# The board's devices, and what a host joins its guests' devices with.
BOARD_MODULES = ('virtio_mmio', 'virtio_blk', 'virtio_net', 'bridge', 'brd')
# Packages with the programs that are taken out of each; modules of the host beside the board's.
HOSTS = {
    'kvm': {
        'programs': {'qemu-system-arm': ('usr/bin/qemu-system-aarch64',)},
        'modules': ('tun', 'vhost_net'),
    },
    'xen': {
        'programs': {
            'xen-utils-4.17': tuple(f'usr/lib/xen-4.17/bin/{name}' for name in (
                'xl', 'xenstored', 'xenconsoled', 'xenconsole', 'xen-init-dom0', 'init-dom0less')),
            'xenstore-utils': ('usr/bin/xenstore',),
            # The C library opens it when a thread is cancelled; nothing names it.
            'libgcc-s1': ('lib/aarch64-linux-gnu/libgcc_s.so.1',),
        },
        'modules': ('xen_blkback', 'xen_netback', 'xen_gntdev', 'xen_evtchn', 'xen_privcmd',
                    'xenfs', 'xen_gntalloc'),
        'hypervisor': ('xen-hypervisor-4.17-arm64', 'boot/xen-4.17-arm64'),
        # Of the guests, whose images have no drivers for Xen's devices.
        'guest_modules': ('xen_blkfront', 'xen_netfront'),
    },
}


def make(name, kernel_deb, busybox_deb, debs, inputs):
    """Write one host's archive, and its hypervisor where it has one."""
    host = HOSTS[name]
    out = OUT / name
    out.mkdir(parents=True, exist_ok=True)
    debian.say(f'making the host {name} in {out}')
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(dir=out, prefix='unpack.'))

        def opened(deb):
            return stack.enter_context(images.Package(deb['file'], folder))

        archive = images.base_archive(images.busybox_of(opened(busybox_deb)))
        version, tree = images.modules_of(kernel_deb, opened(kernel_deb))
        images.add_modules(archive, version, tree.select(BOARD_MODULES + host['modules']))
        packages = {deb['name']: opened(deb) for deb in debs}
        images.add_programs(archive, packages, host['programs'])
        # Not compressed: unpacking would be most of what the board does.
        outputs = {'host.cpio': images.write(out, 'host.cpio', archive.to_bytes())}
        if 'hypervisor' in host:
            package, path = host['hypervisor']
            outputs['hypervisor'] = images.write(out, 'hypervisor', packages[package].read(path))
        if 'guest_modules' in host:
            archive = images.cpio.Archive()
            for path, data in tree.select(host['guest_modules']).items():
                if path.endswith('.ko'):
                    archive.file(f'peer/{Path(path).name}', data)
            outputs['guest.cpio'] = images.write(out, 'guest.cpio', archive.to_bytes())
    images.write_manifest(out, {'kernel': version, 'inputs': inputs, 'outputs': outputs})


def fetch(name, progress=debian.say):
    """The folder of a host, made where it is not there or not up to date, and {package: version} of
    what is in it. Raises what guest/images.py raises."""
    host = HOSTS[name]
    wanted = list(host['programs'])
    if 'hypervisor' in host:
        wanted.append(host['hypervisor'][0])
    progress(f'packages of the host {name}')
    with debian.Store(RELEASE, CACHE / RELEASE) as store:
        kernel_deb, = store.fetch('kernel')
        busybox_deb, = store.fetch('busybox-static')
        debs = store.fetch(*wanted, libraries=True)
        inputs = {'release': RELEASE, 'sources': images.sources_digest() + digest(),
                  'packages': [{key: deb[key] for key in ('name', 'version', 'sha256')}
                               for deb in [kernel_deb, busybox_deb] + debs]}
        if not images.up_to_date(OUT / name, inputs):
            make(name, kernel_deb, busybox_deb, debs, inputs)
    named = [kernel_deb] + [deb for deb in debs if deb['name'] in wanted]
    return OUT / name, {deb['name']: deb['version'] for deb in named}


def digest():
    """A hash over this file, which decides how hosts look."""
    return debian.sha256_of(__file__)
