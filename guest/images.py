#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Put the guest images of a Debian release together: the unmodified arm64 kernel, and initramfs
archives with static busybox.

In the output folder: `Image` (the kernel, uncompressed), `initrd.cpio.gz` (with the modules that
a guest's devices need), `initrd-tiny.cpio.gz` (no modules), with --bench `initrd-bench.cpio.gz`
(with modules, fio, iperf3 and e2fsprogs), and `manifest.json`, which names every package, its
version and the SHA-256 of everything that came in and went out. The same packages give the same
bytes. Without network once the packages are there.
"""

import argparse
import contextlib
import gzip
import hashlib
import json
import pathlib
import struct
import subprocess
import sys
import tarfile
import tempfile

import cpio
import debian
import elf
import modules

HERE = pathlib.Path(__file__).resolve().parent

# What a guest under Bulkhead can meet; dependencies come along. A module that a release has built
# in is passed over.
MODULES = (
    # Transports and devices.
    "virtio_mmio", "virtio_pci", "virtio_blk", "virtio_net", "virtio_console", "virtio_rng",
    "vmw_vsock_virtio_transport", "vsock_diag", "virtiofs", "fuse",
    # File systems; the others are what ext4 and vfat ask the kernel for by alias.
    "ext4", "crc32c_generic", "vfat", "nls_cp437", "nls_ascii", "nls_iso8859_1", "nls_utf8",
    # For modules that are built outside the kernel's tree.
    "uio",
)

# Programs of the bench image, with the package that each is in.
BENCH_PROGRAMS = {
    "fio": ("usr/bin/fio",),
    "iperf3": ("usr/bin/iperf3",),
    "e2fsprogs": ("sbin/mke2fs", "sbin/e2fsck"),
}
BENCH_LINKS = {"sbin/mkfs.ext4": "mke2fs", "sbin/fsck.ext4": "e2fsck"}

# root logs in without a password. It is empty in shadow rather than in passwd, because busybox
# 1.35 does not find a user by number whose field in passwd is empty.
PASSWD = b"root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n"
SHADOW = b"root::0:0:99999:7:::\nnobody:*:0:0:99999:7:::\n"
GROUP = b"root:x:0:\ntty:x:5:\nnogroup:x:65534:\n"
# What getty shows before a login: the kernel's release and the terminal.
ISSUE = rb"""Linux \r on \l. Log in as root, without a password.
`reboot` and `poweroff` are for this guest alone.

"""


class ImageError(Exception):
    """A package does not contain what the images are made of."""


class Package:
    """The files of a Debian package, read from its uncompressed archive."""

    def __init__(self, path, folder):
        raw = pathlib.Path(folder) / (pathlib.Path(path).name + ".tar")
        with open(raw, "wb") as out:
            subprocess.run(["dpkg-deb", "--fsys-tarfile", path], check=True, stdout=out)
        self._tar = tarfile.open(raw)
        self._members = {m.name.removeprefix("./").strip("/"): m for m in self._tar}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pathlib.Path(self._tar.name).unlink()
        self._tar.close()

    def names(self):
        """Every path in the package, without a leading slash."""
        return self._members.keys()

    def find(self, name):
        """The content of a file, following symbolic links within the package; None if there is no
        such file in it."""
        for _ in range(8):
            member = self._members.get(name)
            if member is None:
                return None
            if member.issym():
                parent = pathlib.PurePosixPath("/") / pathlib.PurePosixPath(name).parent
                parts = []
                for part in (parent / member.linkname).parts[1:]:
                    if part == "..":
                        parts = parts[:-1]
                    elif part != ".":
                        parts.append(part)
                name = "/".join(parts)
                continue
            return self._tar.extractfile(member).read() if member.isfile() else None
        return None

    def read(self, name):
        """The content of a file that must be there."""
        data = self.find(name)
        if data is None:
            raise ImageError(f"{pathlib.Path(self._tar.name).stem} has no file {name}")
        return data


def kernel_image(data):
    """Debian's vmlinuz as an uncompressed arm64 Image, checked to be one."""
    if data[:2] == b"\x1f\x8b":
        data = gzip.decompress(data)
    if len(data) < 64 or data[56:60] != b"ARM\x64":
        raise ImageError("the kernel package's vmlinuz is not an arm64 Image")
    image_size, flags = struct.unpack_from("<QQ", data, 16)
    if image_size < len(data) or flags & 1:
        raise ImageError("the kernel's Image header is not that of a little-endian kernel")
    return data


def busybox_of(package):
    """busybox, out of its opened package."""
    return package.find("bin/busybox") or package.read("usr/bin/busybox")


def modules_of(deb, package):
    """The version of a kernel and the tree of its modules, out of its opened package, which must
    stay open."""
    version = deb["name"].removeprefix("linux-image-")
    # Releases since trixie have everything below /usr.
    base = f"{'usr/' if f'usr/lib/modules/{version}' in package.names() else ''}lib/modules"
    base = f"{base}/{version}/"
    paths = [name.removeprefix(base) for name in package.names() if name.startswith(base)]
    return version, modules.Tree(paths, lambda path: package.read(base + path),
                                 package.read(base + "modules.builtin").decode())


def base_archive(busybox):
    """What every initramfs has: busybox, the files of rootfs/, empty folders, two nodes."""
    archive = cpio.Archive()
    for name in ("bin", "dev", "etc", "lib", "mnt", "proc", "run", "sbin", "sys", "usr/bin",
                 "usr/sbin", "var"):
        archive.directory(name)
    archive.directory("root", 0o700)
    archive.directory("tmp", 0o1777)
    archive.symlink("var/run", "/run")
    archive.symlink("var/tmp", "/tmp")
    # The kernel opens the console before anything is mounted.
    archive.char_device("dev/console", 5, 1)
    archive.char_device("dev/null", 1, 3, 0o666)
    archive.file("bin/busybox", busybox, 0o755)
    archive.symlink("bin/sh", "busybox")
    archive.file("etc/passwd", PASSWD)
    archive.file("etc/shadow", SHADOW, 0o600)
    archive.file("etc/group", GROUP)
    archive.file("etc/issue", ISSUE)
    for path in sorted((HERE / "rootfs").rglob("*")):
        if path.is_file():
            name = path.relative_to(HERE / "rootfs").as_posix()
            data = path.read_bytes()
            archive.file(name, data, 0o755 if data.startswith(b"#!") else 0o644)
    return archive


def add_modules(archive, version, files):
    """Put the result of modules.Tree.select() where modprobe looks for it."""
    for name, data in files.items():
        archive.file(f"lib/modules/{version}/{name}", data)


def add_programs(archive, packages, programs):
    """Put programs, {package: (path, ...)}, their loader and the libraries that they name into the
    archive. The libraries are looked for in all packages, {name: Package}."""
    libraries = {}
    for package in packages.values():
        for name in package.names():
            # Some packages keep private libraries in a folder of their own.
            if name.startswith(("lib/", "usr/lib/")) and ".so" in name:
                libraries.setdefault(pathlib.PurePosixPath(name).name, (package, name))

    def read_library(soname):
        if soname not in libraries:
            raise ImageError(f"no package has the library {soname}")
        package, name = libraries[soname]
        return package.read(name)

    done, waiting = set(), []
    for name, paths in programs.items():
        for program in paths:
            # Releases since trixie have everything below /usr.
            data = packages[name].find(program) or packages[name].read(f"usr/{program}")
            archive.file(program, data, 0o755)
            waiting.append(data)
    while waiting:
        interpreter, sonames = elf.needed(waiting.pop())
        if interpreter is not None:
            sonames.append(interpreter.strip("/").rpartition("/")[2])
        for soname in sonames:
            if soname not in done:
                done.add(soname)
                library = read_library(soname)
                # The loader's own path is fixed in every program: /lib.
                archive.file(f"lib/{soname}", library, 0o755)
                waiting.append(library)


def sources_digest():
    """A hash over everything in this folder that decides how images look."""
    digest = hashlib.sha256()
    files = sorted(HERE.glob("*.py")) + sorted(p for p in (HERE / "rootfs").rglob("*")
                                               if p.is_file())
    for path in files:
        digest.update(f"{path.relative_to(HERE)}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def read_manifest(out):
    """The manifest of an output folder; empty where there is none that can be read."""
    try:
        return json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def write_manifest(out, manifest):
    """Write what read_manifest() reads and up_to_date() looks at."""
    write(out, "manifest.json", (json.dumps(manifest, indent=2, sort_keys=True) + "\n").encode())


def up_to_date(out, inputs):
    """Whether the folder holds exactly what these inputs would give."""
    manifest = read_manifest(out)
    try:
        return manifest["inputs"] == inputs and all(
            debian.sha256_of(out / name) == output["sha256"]
            for name, output in manifest["outputs"].items())
    except (OSError, KeyError):
        return False


def write(out, name, data):
    """Write a file of the output folder, whole or not at all."""
    new = out / (name + ".new")
    new.write_bytes(data)
    new.replace(out / name)
    size = f"{len(data) / 1e6:.1f} MB" if len(data) >= 100_000 else f"{len(data) / 1e3:.1f} kB"
    debian.say(f"  {name}: {size}")
    return {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def compress(archive):
    """gzip without a time and a name in its header."""
    return gzip.compress(archive.to_bytes(), 9, mtime=0)


def make_images(out, kernel_deb, busybox_deb, bench_debs, inputs):
    """Write all images and the manifest."""
    out.mkdir(parents=True, exist_ok=True)
    debian.say(f"making guest images in {out}")
    with contextlib.ExitStack() as stack:
        # Uncompressed packages are large; they go beside the images rather than to /tmp.
        folder = stack.enter_context(tempfile.TemporaryDirectory(dir=out, prefix="unpack."))
        kernel = stack.enter_context(Package(kernel_deb["file"], folder))
        version, tree = modules_of(kernel_deb, kernel)
        chosen = tree.select(MODULES)
        busybox = busybox_of(stack.enter_context(Package(busybox_deb["file"], folder)))

        image = kernel_image(kernel.read(f"boot/vmlinuz-{version}"))
        tiny = base_archive(busybox)
        full = base_archive(busybox)
        add_modules(full, version, chosen)
        outputs = {"Image": write(out, "Image", image),
                   "initrd-tiny.cpio.gz": write(out, "initrd-tiny.cpio.gz", compress(tiny)),
                   "initrd.cpio.gz": write(out, "initrd.cpio.gz", compress(full))}
        if bench_debs:
            packages = {deb["name"]: stack.enter_context(Package(deb["file"], folder))
                        for deb in bench_debs}
            add_programs(full, packages, BENCH_PROGRAMS)
            for name, target in BENCH_LINKS.items():
                full.symlink(name, target)
            outputs["initrd-bench.cpio.gz"] = write(out, "initrd-bench.cpio.gz", compress(full))

    write_manifest(out, {"kernel": version, "inputs": inputs, "outputs": outputs,
                         "modules": sorted(n for n in chosen if n.endswith(".ko"))})


def main():
    """Returns the exit code: 0 done, 2 wrong use, 3 packages cannot be had or are not as known."""
    build = HERE.parent / "build/guest"
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--release", default="bookworm", help="Debian release (%(default)s)")
    parser.add_argument("--out", type=pathlib.Path, metavar="DIR",
                        help="output folder (build/guest/RELEASE)")
    parser.add_argument("--cache", type=pathlib.Path, default=build / "cache", metavar="DIR",
                        help="folder of the private apt state (build/guest/cache)")
    parser.add_argument("--bench", action="store_true",
                        help="make the bench image, too; a folder that has one keeps it")
    parser.add_argument("--refresh", action="store_true",
                        help="look for newer packages even if some are there")
    arguments = parser.parse_args()
    out = arguments.out or build / arguments.release
    bench = arguments.bench or "initrd-bench.cpio.gz" in read_manifest(out).get("outputs", {})

    try:
        with debian.Store(arguments.release, arguments.cache / arguments.release,
                          arguments.refresh) as store:
            kernel_deb, = store.fetch("kernel")
            busybox_deb, = store.fetch("busybox-static")
            bench_debs = store.fetch(*BENCH_PROGRAMS, libraries=True) if bench else []
            inputs = {
                "release": arguments.release, "sources": sources_digest(),
                "packages": [{key: deb[key] for key in ("name", "version", "sha256")}
                             for deb in [kernel_deb, busybox_deb] + bench_debs]}
            if up_to_date(out, inputs):
                debian.say(f"guest images in {out} are up to date")
            else:
                make_images(out, kernel_deb, busybox_deb, bench_debs, inputs)
    except (debian.DebianError, ImageError, elf.ElfError, modules.ModuleError,
            subprocess.CalledProcessError, tarfile.TarError, OSError) as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main())
