#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Makes a disk image with partitions and file systems, from ordinary tools, without root.

    disk.py OUT [--table gpt|mbr|none] KIND:SIZE[:FOLDER] ...

A partition is `ext4`, `fat` or `empty`, with a size in bytes or with K, M or G; FOLDER, for ext4,
is what it holds. With the table `none` there is one file system and nothing else. The file is
sparse, and the same arguments give the same partitions.
"""

import argparse
import os
import re
import subprocess
import sys

SECTOR = 512
ALIGN = 2048
# A GPT's copy needs 33 sectors at the end.
END = 64
TYPES = {"gpt": "0FC63DAF-8483-4772-8E79-3D69D8477DE4", "mbr": "83"}
UUID = "00000000-0000-4000-8000-%012d"


def run(*command, **options):
    """Runs a tool; what it says is shown only when it fails."""
    done = subprocess.run([str(part) for part in command], stdin=options.pop("stdin", None),
                          input=options.pop("text", None), stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, encoding="utf-8", check=False,
                          env={**os.environ, "PATH": os.environ["PATH"] + ":/usr/sbin:/sbin"})
    if done.returncode != 0:
        sys.exit(f"disk.py: {command[0]} failed:\n{done.stdout}")


def size_of(text):
    """A number of bytes, of whole sectors."""
    found = re.fullmatch(r"(\d+)([KMG]?)", text)
    size = int(found[1]) * {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}[found[2]] if found \
        else 0
    if size == 0 or size % SECTOR != 0:
        raise argparse.ArgumentTypeError(f"{text} is no size of whole sectors")
    return size


def partition_of(text):
    """KIND:SIZE[:FOLDER] as a tuple."""
    kind, _, rest = text.partition(":")
    size, _, folder = rest.partition(":")
    if kind not in ("ext4", "fat", "empty") or (folder and kind != "ext4"):
        raise argparse.ArgumentTypeError(f"{text} is no partition")
    return kind, size_of(size), folder


def write_table(path, table, starts, partitions):
    """Lets sfdisk write the partition table."""
    lines = [f"label: {'dos' if table == 'mbr' else 'gpt'}",
             "label-id: " + ("0x42554c4b" if table == "mbr" else UUID % 0)]
    if table == "gpt":
        lines += [f"first-lba: {ALIGN}"]
    for number, (start, (_, size, _)) in enumerate(zip(starts, partitions), 1):
        uuid = f", uuid={UUID % number}" if table == "gpt" else ""
        lines.append(f"start={start}, size={size // SECTOR}, type={TYPES[table]}{uuid}")
    run("sfdisk", "--quiet", path, text="\n".join(lines) + "\n")


def make_file_system(path, number, start, partition):
    """Makes one file system in place."""
    kind, size, folder = partition
    if kind == "ext4":
        content = ["-d", folder] if folder else []
        run("mke2fs", "-q", "-F", "-t", "ext4", "-E", f"offset={start * SECTOR}", "-U",
            UUID % number, "-L", f"part{number}", *content, path, f"{size >> 10}k")
    elif kind == "fat":
        run("mkfs.fat", "--offset", start, "-S", SECTOR, "-i", f"{number:08x}", "-n",
            f"PART{number}", path, size >> 10)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out")
    parser.add_argument("--table", choices=("gpt", "mbr", "none"), default="gpt")
    parser.add_argument("partitions", nargs="+", type=partition_of, metavar="KIND:SIZE[:FOLDER]")
    arguments = parser.parse_args()
    if arguments.table == "none" and len(arguments.partitions) != 1:
        parser.error("without a table there is one file system")
    if arguments.table == "mbr" and len(arguments.partitions) > 4:
        parser.error("an MBR has four partitions here")
    at = 0 if arguments.table == "none" else ALIGN
    starts = []
    for _, size, _ in arguments.partitions:
        starts.append(at)
        at = (at + size // SECTOR + ALIGN - 1) // ALIGN * ALIGN
    end = arguments.partitions[0][1] // SECTOR if arguments.table == "none" else at + END
    temporary = arguments.out + ".part"
    try:
        with open(temporary, "wb") as file:
            file.truncate(end * SECTOR)
    except OSError as error:
        sys.exit(f"disk.py: {arguments.out} cannot be written: {error.strerror}")
    if arguments.table != "none":
        write_table(temporary, arguments.table, starts, arguments.partitions)
    for number, (start, partition) in enumerate(zip(starts, arguments.partitions), 1):
        make_file_system(temporary, number, start, partition)
    os.replace(temporary, arguments.out)


if __name__ == "__main__":
    main()
