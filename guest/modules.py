# SPDX-License-Identifier: BSD-2-Clause
"""Choosing kernel modules for an initramfs, with everything that they depend on, and writing the
index files that modprobe reads."""

import gzip
import lzma
import pathlib

import elf


class ModuleError(Exception):
    """A module that is asked for is not in the kernel package."""


def module_name(path):
    """The kernel's name for a module file: `kernel/a/virtio-rng.ko.xz` is `virtio_rng`."""
    return pathlib.PurePosixPath(path).name.split(".ko")[0].replace("-", "_")


def decompress(name, data):
    """A module as the kernel loads it: Debian ships .ko or .ko.xz, others .ko.gz."""
    if name.endswith(".xz"):
        return lzma.decompress(data)
    if name.endswith(".gz"):
        return gzip.decompress(data)
    return data


class Tree:
    """The modules of one kernel: `paths` are the files below lib/modules/VERSION/, `read` gives
    the content of one of them, `builtin` is the text of modules.builtin."""

    def __init__(self, paths, read, builtin):
        self._paths = {}
        for path in paths:
            if ".ko" in pathlib.PurePosixPath(path).suffixes:
                self._paths[module_name(path)] = path
        self._read = read
        self._builtin = {module_name(line) for line in builtin.split()}
        self._loaded = {}

    def _load(self, name):
        """(content, dependencies, aliases) of one module."""
        if name not in self._loaded:
            path = self._paths[name]
            data = decompress(path, self._read(path))
            info = elf.modinfo(data)
            depends = [d.replace("-", "_") for key, value in info if key == "depends"
                       for d in value.split(",") if d]
            aliases = [value for key, value in info if key == "alias"]
            self._loaded[name] = (data, depends, aliases)
        return self._loaded[name]

    def _order(self, name, chain=()):
        """All that a module needs, itself last, each once."""
        if name in chain:
            raise ModuleError(f"modules depend on each other: {' '.join(chain)} {name}")
        if name not in self._paths:
            if name in self._builtin:
                return []
            raise ModuleError(f"the kernel has no module {name}")
        order = []
        for dependency in self._load(name)[1]:
            order += [d for d in self._order(dependency, chain + (name,)) if d not in order]
        return order + [name]

    def select(self, wanted):
        """The files of the wanted modules (builtin ones are passed over) and their dependencies:
        a dictionary from path (without the compression's suffix) to content, with modules.dep and
        modules.alias for exactly these. Raises ModuleError for a name that the kernel lacks."""
        chosen = {}
        for name in wanted:
            for member in self._order(name):
                chosen.setdefault(member, None)
        files, dep, alias = {}, [], []
        for name in sorted(chosen):
            data, _, aliases = self._load(name)
            files[self._stored(name)] = data
            needs = [self._stored(d) for d in reversed(self._order(name)[:-1])]
            dep.append(" ".join([self._stored(name) + ":"] + needs))
            alias += [f"alias {pattern} {name}" for pattern in aliases]
        files["modules.dep"] = ("\n".join(dep) + "\n").encode()
        files["modules.alias"] = ("\n".join(alias) + "\n").encode()
        return files

    def _stored(self, name):
        path = self._paths[name]
        return path[:path.index(".ko") + 3]
