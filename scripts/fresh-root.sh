#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# fresh-root.sh [command ...]
# Runs a command (bash .ci/run, unless given) in a fresh clone of this repository's HEAD, in a fresh
# Debian 12 made by debootstrap from the machine's own apt sources and keyrings: what a machine
# without our packages sees. Needs root and debootstrap. The bare system is kept in
# $BULKHEAD_ROOTS (default /var/tmp/bulkhead-root) and copied for each run; KEEP=1 leaves the copy.
set -eu
cd "$(dirname "$0")/.."
top=$PWD
roots=${BULKHEAD_ROOTS:-/var/tmp/bulkhead-root}
base=$roots/base
root=$roots/run-$$
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

[ "$(id -u)" -eq 0 ] || { echo "fresh-root: must run as root" >&2; exit 2; }
command -v debootstrap >/dev/null || { echo "fresh-root: debootstrap is missing" >&2; exit 2; }
[ $# -gt 0 ] || set -- bash .ci/run

# The mounts below belong to this process's own namespace and end with it.
if [ "${FRESH_ROOT_INSIDE:-}" != 1 ]; then
    FRESH_ROOT_INSIDE=1 exec unshare --mount --propagation private "$0" "$@"
fi

first_mirror() {
    cat /etc/apt/sources.list.d/*.sources /etc/apt/sources.list 2>/dev/null |
        sed -nE 's#^(URIs:|deb( \[[^]]*\])?) *([a-z]+://[^ ]+/debian/?)( .*)?$#\3#p' | head -n 1
}

if [ ! -e "$base/complete" ]; then
    rm -rf --one-file-system "$base"
    mkdir -p "$base"
    echo "fresh-root: making $base"
    debootstrap --variant=minbase --include=ca-certificates,git,make --keyring="$keyring" \
        bookworm "$base" "$(first_mirror)" >"$roots/debootstrap.log" 2>&1 ||
        { tail -n 20 "$roots/debootstrap.log" >&2; exit 1; }
    touch "$base/complete"
fi

finish() {
    umount -R "$root/dev" "$root/proc" 2>/dev/null || true
    if [ "${KEEP:-}" = 1 ]; then
        echo "fresh-root: left in $root"
    elif mountpoint -q "$root/dev" || mountpoint -q "$root/proc"; then
        echo "fresh-root: $root is still in use; remove it by hand" >&2
    else
        rm -rf --one-file-system "$root"
    fi
}
trap finish EXIT

cp -a --reflink=auto "$base" "$root"
# The copy uses the machine's sources, keys and names, whatever they are. What it had itself goes
# first: its symbolic links, seen from here, lead into this machine's own files.
for path in /etc/apt/sources.list /etc/apt/sources.list.d /etc/apt/keyrings \
    /etc/apt/apt.conf.d /usr/share/keyrings /etc/ssl/certs /etc/resolv.conf /etc/hosts; do
    rm -rf "$root$path"
    if [ -e "$path" ]; then
        mkdir -p "$root$(dirname "$path")"
        cp -aLT "$path" "$root$path"
    fi
done
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"

git -c advice.detachedHead=false clone --quiet --no-hardlinks "$top" "$root/src/bulkhead"
echo "fresh-root: $* in a clone of $(git -C "$root/src/bulkhead" log -1 --format='%h %s')"
started=$SECONDS
status=0
chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/tmp LANG=C.UTF-8 CI=true \
    bash -c 'cd /src/bulkhead && exec "$@"' bash "$@" </dev/null || status=$?
mkdir -p build/logs
rm -rf build/logs/fresh-root
cp -a "$root/src/bulkhead/build/logs" build/logs/fresh-root 2>/dev/null || true
echo "fresh-root: exit code $status after $((SECONDS - started)) s, logs in build/logs/fresh-root"
exit "$status"
