#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# What the guests of test_disk_integrity.py do with their disks.
#
#   disk-work stable ROUND     writes three files below /mnt and waits until they are on the disk
#   disk-work check FROM TO    compares the files of these rounds; fails where one is not as written
#   disk-work dirty            makes, moves and removes files below /mnt, and never ends
#   disk-work passes BYTES     writes the first bytes of /dev/vda again and again, and reads them
#                              back from the disk, until there is /tmp/stop; then prints how often
#                              it did, how often it read something else, and what it wrote last
#   disk-work tree             copies a tree to /mnt, and compares it when it is read from the disk

content() {
    yes "round $1 file $2" | head -c $(($1 * 977 + $2 * 31337))
}

written() {
    yes "pass $1" | head -c "$2"
}

# Its input into a file, which is on the disk then.
keep() {
    dd "of=$1" bs=64k iflag=fullblock conv=fsync 2>/dev/null
}

from_the_disk() {
    echo 3 > /proc/sys/vm/drop_caches
}

case $1 in
stable)
    for file in 1 2 3; do
        content "$2" $file | keep "/mnt/stable.$2.$file" || exit 1
    done
    ;;
check)
    for round in $(seq "$2" "$3"); do
        for file in 1 2 3; do
            content "$round" $file | cmp - "/mnt/stable.$round.$file" || exit 1
        done
    done
    ;;
dirty)
    n=0
    while :; do
        n=$(((n + 1) % 7))
        rm -rf /mnt/dirty.$n
        mkdir /mnt/dirty.$n
        for size in 900 20000 70000 300000; do
            yes $n | head -c $size > /mnt/dirty.$n/$size
            mv /mnt/dirty.$n/$size /mnt/dirty.$n/$size.moved
        done
        yes $n | head -c 100000 | keep /mnt/dirty.$n/kept
    done
    ;;
passes)
    pass=0
    wrong=0
    while [ ! -e /tmp/stop ]; do
        pass=$((pass + 1))
        written $pass "$2" | keep /dev/vda
        from_the_disk
        [ "$(head -c "$2" /dev/vda | md5sum)" = "$(written $pass "$2" | md5sum)" ] ||
            wrong=$((wrong + 1))
    done
    echo "passes $pass wrong $wrong"
    ;;
tree)
    cp -a /etc /lib /bin/busybox /mnt || exit 1
    umount /mnt && from_the_disk && mount /dev/vda /mnt || exit 1
    diff -r /etc /mnt/etc && diff -r /lib /mnt/lib && cmp /bin/busybox /mnt/busybox || exit 1
    umount /mnt
    ;;
esac
