#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Installs the Debian packages of scripts/packages.txt that are missing. Says before what it
# installs and how much it downloads. Uses no network when nothing is missing. Never touches the
# machine's architecture list. As root it installs; on a terminal it asks once and uses sudo;
# otherwise it prints the line to run and fails.
set -u
cd "$(dirname "$0")/.." || exit 3

log=build/logs/setup.log
say() { printf 'setup: %s\n' "$*"; }
die() { printf 'setup: %s\n' "$*" >&2; exit 3; }

mapfile -t wanted < <(sed -e 's/#.*//' -e 's/[[:space:]].*//' -e '/^$/d' scripts/packages.txt)
[ "${#wanted[@]}" -gt 0 ] || die "scripts/packages.txt names no package"

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    [ "${BULKHEAD_SKIP_SETUP:-}" = 1 ] && exit 0
    die "this machine has no apt-get. Install the tools of scripts/packages.txt by hand," \
        "then set BULKHEAD_SKIP_SETUP=1."
fi

# Packages of $wanted that are not installed, one a line.
list_missing() {
    local installed
    installed=$(dpkg-query -W -f='${db:Status-Status} ${Package}\n' "${wanted[@]}" 2>/dev/null |
        sed -n 's/^installed //p')
    printf '%s\n' "${wanted[@]}" | grep -vxF -e "$installed"
}

mapfile -t missing < <(list_missing)
[ "${#missing[@]}" -gt 0 ] || exit 0

install_args=(install --no-install-recommends -y "${missing[@]}")
by_hand="apt-get update && apt-get install --no-install-recommends -y ${missing[*]}"

as_root=()
if [ "$(id -u)" -ne 0 ]; then
    as_root=(sudo)
fi

# What apt would fetch: one line of "'address' file bytes checksum" for each package.
list_downloads() {
    apt-get -o Debug::NoLocking=1 "${install_args[@]}" --print-uris -qq 2>/dev/null
}

announce() {
    local downloads=$1 count bytes
    count=$(printf '%s\n' "$downloads" | grep -c "^'")
    bytes=$(printf '%s\n' "$downloads" |
        awk "/^'/ { sum += \$3 } END { printf \"%.0f\", sum }")
    say "missing: ${missing[*]}"
    say "will install $count packages through apt, $(((bytes + 999999) / 1000000)) MB to download"
}

downloads=$(list_downloads)
known=$?
if [ "$known" -eq 0 ]; then
    announce "$downloads"
else
    say "missing: ${missing[*]}"
    say "apt's package lists do not have them all: will run apt-get update first"
fi

if [ "${#as_root[@]}" -gt 0 ]; then
    if ! command -v sudo >/dev/null || [ ! -t 0 ] || [ ! -t 1 ]; then
        die "not root. Run this once as root, then try again: $by_hand"
    fi
    read -r -p "setup: install with sudo? [Y/n] " answer || answer=n
    case "$answer" in
        "" | y | Y | yes) ;;
        *) die "nothing installed. To do it by hand, as root: $by_hand" ;;
    esac
fi

mkdir -p "$(dirname "$log")" || die "cannot make $(dirname "$log")"
: >"$log" || die "cannot write $log"

# Runs apt-get with these arguments: its own progress on a terminal, else quietly into the log.
apt() {
    if [ -t 1 ]; then
        "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get "$@"
    else
        "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -o Dpkg::Use-Pty=0 "$@" \
            >>"$log" 2>&1 </dev/null
    fi
}

fail() {
    [ -t 1 ] || tail -n 25 "$log" >&2
    die "$1. To do it by hand, as root: $by_hand"
}

started=$SECONDS
if [ "$known" -ne 0 ]; then
    apt update || fail "apt-get update failed"
    downloads=$(list_downloads) || fail "apt does not know all of these packages"
    announce "$downloads"
fi
# Lists of last month name versions that mirrors no longer keep: refresh them once, then try again.
if ! apt "${install_args[@]}"; then
    say "trying again with fresh package lists"
    apt update || fail "apt-get update failed"
    apt "${install_args[@]}" || fail "apt-get install failed"
fi

mapfile -t missing < <(list_missing)
[ "${#missing[@]}" -eq 0 ] || die "apt reported success, but these are missing: ${missing[*]}"
say "installed in $((SECONDS - started)) s"
