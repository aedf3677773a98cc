#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# run.sh --board BOARD --config CONFIG SYSTEM [more arguments of `bulkhead run`]
# Builds the image of systems/SYSTEM and starts it in the board's emulator. Guests get Debian's
# kernel and initramfs, or what LINUX, INITRD and DTB in the environment name.
set -eu
cd "$(dirname "$0")/.."

board=
config=
system=
while [ $# -gt 0 ]; do
    case "$1" in
        --board) board=$2; shift 2 ;;
        --config) config=$2; shift 2 ;;
        *) system=$1; shift; break ;;
    esac
done

description=systems/$system/$system.system
if [ -z "$board" ] || [ -z "$config" ] || [ -z "$system" ] || [ ! -f "$description" ]; then
    echo "run: there is no system '$system'. There are:" >&2
    for folder in systems/*/; do
        [ -f "$folder$(basename "$folder").system" ] && echo "    $(basename "$folder")" >&2
    done
    exit 2
fi

guest_search=()
if grep -q '<image ' "$description"; then
    if [ -z "${LINUX-}" ] || [ -z "${INITRD-}" ]; then
        guest/images.py
    fi
    guest_search=(--search-path build/guest/bookworm)
fi

# A system with disks gets what DISK names, or an image that is made once.
disk=()
if grep -q '<disk name=' "$description" && ! grep -q 'device="ram"' "$description"; then
    file=${DISK:-build/images/$system.img}
    if [ -n "${DISK-}" ] && [ ! -e "$file" ]; then
        echo "run: there is no file '$file' (DISK); to make one:" >&2
        echo "    scripts/disk.py $file fat:64M fat:64M" >&2
        exit 3
    fi
    if [ ! -e "$file" ]; then
        mkdir -p build/images
        scripts/disk.py "$file" fat:1020K fat:1020K
    fi
    disk=(--disk "$file")
fi

image=build/images/$system-$config
mkdir -p build/images
programs=(--config "$config" --search-path "build/main/systems/$system"
    --search-path "build/main/systems/$system/$config" "${guest_search[@]}")
build/main/sdk/bin/bulkhead build "$description" --board "$board" "${programs[@]}" -o "$image" \
    -r "$image.txt"
echo "run: $system ($config) on $board; Ctrl-A x ends it"
[ "${#disk[@]}" -eq 0 ] || echo "run: its disk is $file"
# The description, not the image, names the programs whose symbols a debugger loads.
machine=("$image")
for argument in "$@"; do
    case "$argument" in
        --gdb|--gdb=*) machine=("$description" "${programs[@]}") ;;
    esac
done
status=0
build/main/sdk/bin/bulkhead run "${machine[@]}" --board "$board" "${disk[@]}" "$@" || status=$?
# The system may have left the terminal in one of its colours.
[ ! -t 1 ] || printf '\033[0m'
exit "$status"
