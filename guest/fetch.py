#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Fetch arm64 packages of a Debian release, and print where they are, one path a line.

Progress goes to standard error, so that the paths can be captured.
"""

import argparse
import os
import pathlib
import sys

import debian


def main():
    """Returns the exit code: 0 done, 2 wrong use, 3 packages cannot be had."""
    root = pathlib.Path(__file__).resolve().parent.parent
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("packages", nargs="+", metavar="PACKAGE",
                        help="a package's name; `kernel` is the newest kernel")
    parser.add_argument("--release", default="bookworm", help="Debian release (%(default)s)")
    parser.add_argument("--cache", type=pathlib.Path, default=root / "build/guest/cache",
                        help="folder of the private apt state")
    parser.add_argument("--libraries", action="store_true",
                        help="with the library packages that they depend on")
    parser.add_argument("--refresh", action="store_true",
                        help="look for newer versions even if the packages are there")
    arguments = parser.parse_args()

    paths = os.dup(1)
    os.dup2(2, 1)
    try:
        with debian.Store(arguments.release, arguments.cache / arguments.release,
                          arguments.refresh) as store:
            packages = store.fetch(*arguments.packages, libraries=arguments.libraries)
    except debian.DebianError as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 3
    with os.fdopen(paths, "w", encoding="utf-8") as out:
        for package in packages:
            print(package["file"], file=out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
