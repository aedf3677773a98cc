# SPDX-License-Identifier: BSD-2-Clause
"""A writer for the "newc" cpio format that gives the same bytes for the same content.

Owners are root, times are zero, inode numbers count from one in the order of the names, and every
entry is its own inode, so nothing of the machine that writes the archive shows in it. Device
nodes are entries like any other: no privilege is needed.
"""

import stat

_MAGIC = b"070701"
_TRAILER = "TRAILER!!!"


class Archive:
    """Entries collected in any order, written sorted by name."""

    def __init__(self):
        # The root itself, whose mode would otherwise be that of a fresh tmpfs.
        self._entries = {".": (stat.S_IFDIR | 0o755, b"", (0, 0))}

    def _add(self, name, mode, data=b"", rdev=(0, 0)):
        name = name.strip("/")
        parts = name.split("/")
        if not name or any(part in ("", ".", "..") for part in parts):
            raise ValueError(f"bad name in archive: {name!r}")
        old = self._entries.get(name)
        if old is not None:
            if stat.S_ISDIR(mode) and stat.S_ISDIR(old[0]):
                return
            raise ValueError(f"twice in archive: {name}")
        for depth in range(1, len(parts)):
            parent = "/".join(parts[:depth])
            if parent not in self._entries:
                self._entries[parent] = (stat.S_IFDIR | 0o755, b"", (0, 0))
            elif not stat.S_ISDIR(self._entries[parent][0]):
                raise ValueError(f"not a directory in archive: {parent}")
        self._entries[name] = (mode, data, rdev)

    def directory(self, name, mode=0o755):
        """Add a directory; a second time it is ignored. Parents are added by every method."""
        self._add(name, stat.S_IFDIR | mode)

    def file(self, name, data, mode=0o644):
        """Add a regular file."""
        self._add(name, stat.S_IFREG | mode, bytes(data))

    def symlink(self, name, target):
        """Add a symbolic link."""
        self._add(name, stat.S_IFLNK | 0o777, target.encode())

    def char_device(self, name, major, minor, mode=0o600):
        """Add a character device node."""
        self._add(name, stat.S_IFCHR | mode, b"", (major, minor))

    def names(self):
        """The names in the archive, sorted."""
        return sorted(self._entries)

    def to_bytes(self):
        """The archive, padded to 512 bytes as cpio pads it."""
        out = bytearray()
        for inode, name in enumerate(self.names(), start=1):
            mode, data, rdev = self._entries[name]
            links = 2 if stat.S_ISDIR(mode) else 1
            out += _entry(inode, mode, links, data, rdev, name)
        out += _entry(0, 0, 1, b"", (0, 0), _TRAILER)
        out += bytes(-len(out) % 512)
        return bytes(out)


def _entry(inode, mode, links, data, rdev, name):
    raw_name = name.encode() + b"\0"
    fields = (inode, mode, 0, 0, links, 0, len(data), 0, 0, rdev[0], rdev[1], len(raw_name), 0)
    entry = bytearray(_MAGIC)
    for field in fields:
        entry += b"%08X" % field
    entry += raw_name
    entry += bytes(-len(entry) % 4)
    entry += data
    entry += bytes(-len(entry) % 4)
    return entry
