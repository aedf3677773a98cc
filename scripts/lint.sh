#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# clang-tidy of every C file that is built.
set -u
cd "$(dirname "$0")/.." || exit 3

# clang-tidy reads how each file is compiled from here: once a file, in words that clang knows.
mkdir -p build/tidy
built=${BULKHEAD_BUILD:-build/main}
mapfile -t compiled < <(/usr/bin/python3 scripts/tidy_commands.py "$built" build/tidy)
[ "${#compiled[@]}" -gt 0 ] || { echo "lint: nothing is built" >&2; exit 1; }

tidy_one() {
    clang-tidy --quiet -p build/tidy "$1" 2>&1 |
        grep -v -e 'warnings\? generated' -e '^Suppressed ' -e '^Use -header-filter'
    return "${PIPESTATUS[0]}"
}
export -f tidy_one

printf '%s\n' "${compiled[@]}" | xargs -P "$(nproc)" -I{} bash -c 'tidy_one {}' || exit 1
echo "lint: clang-tidy has nothing to say about ${#compiled[@]} files"
