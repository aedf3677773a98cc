#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Takes libfdt for protection domains out of Debian's arm64 package.

    libfdt.py OUTPUT...

guest/fetch.py fetches the package once and keeps it in its cache. Each OUTPUT is the path of a
file of the package (its headers and libfdt.a), which is found by its name.
"""
import io
import pathlib
import subprocess
import sys
import tarfile


def main():
    fetch = pathlib.Path(__file__).resolve().parents[2] / 'guest' / 'fetch.py'
    package = subprocess.run([sys.executable, fetch, 'libfdt-dev'], check=True,
                             stdout=subprocess.PIPE, text=True).stdout.split()[0]
    contents = subprocess.run(['dpkg-deb', '--fsys-tarfile', package], check=True,
                              stdout=subprocess.PIPE).stdout
    outputs = {pathlib.Path(path).name: pathlib.Path(path) for path in sys.argv[1:]}
    with tarfile.open(fileobj=io.BytesIO(contents)) as archive:
        for member in archive:
            output = outputs.pop(pathlib.Path(member.name).name, None)
            if output is not None:
                output.write_bytes(archive.extractfile(member).read())
    if outputs:
        sys.exit(f'libfdt.py: {package} has no {", ".join(outputs)}')


if __name__ == '__main__':
    main()
