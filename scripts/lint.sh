#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Formatting and clang-tidy for every C file of the tree.
set -u
cd "$(dirname "$0")/.." || exit 3

mapfile -t sources < <(git ls-files --cached --others --exclude-standard -- '*.c' '*.h')
[ "${#sources[@]}" -gt 0 ] || { echo "lint: no C file found" >&2; exit 1; }
bad=0

if clang-format --dry-run --Werror "${sources[@]}"; then
    echo "lint: ${#sources[@]} files are formatted"
else
    echo "lint: clang-format -i would change the files above"
    bad=1
fi

# clang does not know these options of gcc's; it finds Arm headers by its target.
tidy_one() {
    local extra=()
    if grep -qzP "\"command\": \"aarch64-linux-gnu-gcc[^\n]*\n[^\n]*\"file\": \"../../$1\"" \
        build/main/compile_commands.json; then
        extra=(--extra-arg=--target=aarch64-linux-gnu)
    fi
    clang-tidy --quiet -p build/main "${extra[@]}" --extra-arg=-Wno-unknown-warning-option \
        --extra-arg=-Wno-ignored-optimization-argument "$1" 2>&1 |
        grep -v -e 'warnings\? generated' -e '^Suppressed ' -e '^Use -header-filter'
    return "${PIPESTATUS[0]}"
}
export -f tidy_one

mapfile -t compiled < <(/usr/bin/python3 - <<'PY'
import json
import os
top = os.getcwd()
names = set()
for entry in json.load(open('build/main/compile_commands.json', encoding='utf-8')):
    path = os.path.relpath(os.path.join(entry['directory'], entry['file']), top)
    if path.endswith('.c') and not path.startswith(('build/', '..')):
        names.add(path)
print('\n'.join(sorted(names)))
PY
)
if printf '%s\n' "${compiled[@]}" | xargs -P "$(nproc)" -I{} bash -c 'tidy_one {}'; then
    echo "lint: clang-tidy has nothing to say about ${#compiled[@]} files"
else
    bad=1
fi
exit "$bad"
