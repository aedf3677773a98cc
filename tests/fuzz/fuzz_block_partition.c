/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A partition table from the input: bytes of a small disk at places that the input names. Checksums
 * of a GPT are put right when the input says so. Whatever is found lies on the disk, and nothing of
 * it overlaps; and it takes a bounded number of reads.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "io/block/partition.h"
#include "tests/unit/crc32.h"

#define SECTORS 256u
#define MOST_READS 128u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t disk[SECTORS * 512u];

static uint32_t get32(size_t at)
{
    uint32_t value;

    memcpy(&value, &disk[at], sizeof(value));
    return value;
}

static void put32(size_t at, uint32_t value)
{
    memcpy(&disk[at], &value, sizeof(value));
}

/* A header at a block, with right checksums where its numbers allow that. */
static void mend(uint32_t block, uint32_t at)
{
    size_t header = (size_t)at * block;
    uint64_t entries;
    uint64_t bytes = (uint64_t)get32(header + 80) * get32(header + 84);

    memcpy(&disk[header], "EFI PART", 8);
    put32(header + 12, 92);
    memcpy(&entries, &disk[header + 72], sizeof(entries));
    /* More than that is no table that is read. */
    if (entries < SECTORS && bytes <= PARTITION_READ &&
        bytes < sizeof(disk) - entries * block % sizeof(disk) && entries * block < sizeof(disk)) {
        put32(header + 88, crc32(&disk[entries * block], (size_t)bytes));
    }
    put32(header + 16, 0);
    put32(header + 16, crc32(&disk[header], 92));
}

static void check(const struct partition_table *table)
{
    for (unsigned int i = 0; i < PARTITION_MOST; i++) {
        const struct partition *one = &table->partitions[i];

        if (one->count == 0) {
            continue;
        }
        if (one->first == 0 || one->first >= SECTORS || one->count > SECTORS - one->first) {
            abort();
        }
        for (unsigned int j = 0; j < i; j++) {
            const struct partition *other = &table->partitions[j];

            if (other->count != 0 && one->first < other->first + other->count &&
                other->first < one->first + one->count) {
                abort();
            }
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum partition_error error = PARTITION_MORE;
    struct partition_table table;
    unsigned int reads = 0;
    uint8_t flags = size > 0 ? data[0] : 0;
    uint32_t block = (flags & 1) != 0 ? 4096 : 512;

    memset(disk, 0, sizeof(disk));
    /* Two bytes of place, one of number, and the bytes. */
    for (size_t at = 1; at + 3 < size;) {
        size_t place = ((size_t)data[at] << 8 | data[at + 1]) * 2u;
        size_t count = data[at + 2];

        at += 3;
        while (count-- > 0 && at < size && place < sizeof(disk)) {
            disk[place++] = data[at++];
        }
    }
    if ((flags & 8) != 0) {
        disk[510] = 0x55;
        disk[511] = 0xaa;
    }
    if ((flags & 2) != 0) {
        mend(block, 1);
    }
    if ((flags & 4) != 0) {
        mend(block, SECTORS * 512u / block - 1);
    }
    partition_begin(&table, SECTORS, block);
    while (error == PARTITION_MORE) {
        uint64_t sector;
        uint32_t bytes;
        uint8_t *copy;

        if (++reads > MOST_READS) {
            abort();
        }
        partition_wants(&table, &sector, &bytes);
        if (bytes == 0 || bytes > PARTITION_READ || sector >= SECTORS ||
            bytes > (SECTORS - sector) * 512u) {
            abort();
        }
        /* The sanitizer sees a byte that is looked at behind them. */
        copy = malloc(bytes);
        if (copy == NULL) {
            abort();
        }
        memcpy(copy, &disk[sector * 512u], bytes);
        error = partition_feed(&table, copy);
        free(copy);
    }
    if (error == PARTITION_OK) {
        check(&table);
    }
    for (unsigned int number = 0; number < PARTITION_MOST + 2; number++) {
        struct partition one;

        if (partition_find(&table, number, &one) && (number == 0 || one.count == 0)) {
            abort();
        }
    }
    if (partition_says(error)[0] == '\0') {
        abort();
    }
    return 0;
}
