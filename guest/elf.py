# SPDX-License-Identifier: BSD-2-Clause
"""What the image builder needs to know of 64-bit little-endian ELF files: the `.modinfo` section
of kernel modules, and the shared libraries that a program names."""

import struct

_PT_LOAD = 1
_PT_DYNAMIC = 2
_PT_INTERP = 3
_DT_NULL = 0
_DT_NEEDED = 1
_DT_STRTAB = 5


class ElfError(Exception):
    """The file is no ELF file of this kind, or is cut short."""


def _string(data, offset):
    end = data.find(b"\0", offset)
    if offset < 0 or end < 0:
        raise ElfError("string outside the file")
    return data[offset:end].decode("utf-8", "replace")


def _unpack(layout, data, offset):
    try:
        return struct.unpack_from(layout, data, offset)
    except struct.error as error:
        raise ElfError(f"cut short: {error}") from error


def _header(data):
    if data[:6] != b"\x7fELF\x02\x01":
        raise ElfError("not a 64-bit little-endian ELF file")
    return _unpack("<HHIQQQIHHHHHH", data, 16)


def section(data, wanted):
    """The content of the section of that name; None where there is none."""
    fields = _header(data)
    table, entry_bytes, count, names_index = fields[5], fields[10], fields[11], fields[12]
    headers = [_unpack("<IIQQQQIIQQ", data, table + i * entry_bytes) for i in range(count)]
    if names_index >= len(headers):
        raise ElfError("no section names")
    names_offset = headers[names_index][4]
    for header in headers:
        if _string(data, names_offset + header[0]) == wanted:
            return data[header[4]:header[4] + header[5]]
    return None


def modinfo(data):
    """The `key=value` pairs of a kernel module, as a list of pairs in the file's order."""
    raw = section(data, ".modinfo")
    if raw is None:
        raise ElfError("not a kernel module: no .modinfo")
    pairs = []
    for item in raw.split(b"\0"):
        key, separator, value = item.decode("utf-8", "replace").partition("=")
        if separator:
            pairs.append((key, value))
    return pairs


def needed(data):
    """The program interpreter (None for a library) and the sonames that a dynamic ELF needs."""
    fields = _header(data)
    table, entry_bytes, count = fields[4], fields[8], fields[9]
    loads, dynamic, interpreter = [], None, None
    for i in range(count):
        kind, _, offset, vaddr, _, size, _, _ = _unpack("<IIQQQQQQ", data, table + i * entry_bytes)
        if kind == _PT_LOAD:
            loads.append((vaddr, offset, size))
        elif kind == _PT_DYNAMIC:
            dynamic = (offset, size)
        elif kind == _PT_INTERP:
            interpreter = _string(data, offset)
    if dynamic is None:
        return interpreter, []
    names, strings = [], None
    for at in range(dynamic[0], dynamic[0] + dynamic[1], 16):
        tag, value = _unpack("<QQ", data, at)
        if tag == _DT_NULL:
            break
        if tag == _DT_NEEDED:
            names.append(value)
        elif tag == _DT_STRTAB:
            strings = value
    for vaddr, offset, size in loads:
        if strings is not None and vaddr <= strings < vaddr + size:
            base = strings - vaddr + offset
            return interpreter, [_string(data, base + name) for name in names]
    raise ElfError("no dynamic string table")
