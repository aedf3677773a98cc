/* SPDX-License-Identifier: BSD-2-Clause */
#include "partition.h"

#include <string.h>

#define SECTOR 512u

/** MBR: four entries of 16 bytes. */
#define MBR_ENTRIES 446u
#define MBR_ENTRY_BYTES 16u
#define MBR_COUNT 4u
#define MBR_SIGNATURE 0xaa55u
#define MBR_PROTECTIVE 0xeeu
/** Logical partitions have numbers from this. */
#define MBR_LOGICAL 5u

/** GPT header (UEFI 5.3.2), offsets. */
#define GPT_SIGNATURE 0x5452415020494645ull
#define GPT_HEADER_BYTES 12u
#define GPT_CHECKSUM 16u
#define GPT_MY_BLOCK 24u
#define GPT_FIRST_USABLE 40u
#define GPT_LAST_USABLE 48u
#define GPT_ENTRIES_BLOCK 72u
#define GPT_ENTRIES_COUNT 80u
#define GPT_ENTRY_BYTES 84u
#define GPT_ENTRIES_CHECKSUM 88u
#define GPT_HEADER_END 92u
/** An entry: type, first and last block. */
#define GPT_TYPE_BYTES 16u
#define GPT_ENTRY_FIRST 32u
#define GPT_ENTRY_LAST 40u
#define GPT_ENTRY_LEAST 128u

enum partition_step {
    STEP_MBR,
    STEP_LOGICAL,
    STEP_HEADER,
    STEP_ENTRIES,
    STEP_BACKUP_HEADER,
    STEP_BACKUP_ENTRIES,
    STEP_DONE,
};

static uint32_t partition_u16(const uint8_t *at)
{
    return at[0] | (uint32_t)at[1] << 8;
}

static uint32_t partition_u32(const uint8_t *at)
{
    return partition_u16(at) | partition_u16(at + 2) << 16;
}

static uint64_t partition_u64(const uint8_t *at)
{
    return partition_u32(at) | (uint64_t)partition_u32(at + 4) << 32;
}

/** CRC-32 as Ethernet's, in pieces: begin with all ones, invert at the end. */
static uint32_t partition_crc(uint32_t crc, const uint8_t *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        crc ^= bytes[i];
        for (unsigned int bit = 0; bit < 8; bit++) {
            crc = crc >> 1 ^ ((crc & 1) != 0 ? 0xedb88320u : 0);
        }
    }
    return crc;
}

static uint64_t partition_blocks(const struct partition_table *table)
{
    return table->sectors / (table->block / SECTOR);
}

/** `block` is on the disk. */
static void partition_want(struct partition_table *table, unsigned int step, uint64_t block,
                           uint32_t bytes)
{
    uint32_t whole = (bytes + table->block - 1) / table->block * table->block;

    table->step = step;
    table->want_sector = block * (table->block / SECTOR);
    table->want_bytes = whole;
}

void partition_begin(struct partition_table *table, uint64_t sectors, uint32_t block)
{
    *table = (struct partition_table){ .sectors = sectors, .block = block };
    table->logical = MBR_LOGICAL;
    partition_want(table, STEP_MBR, 0, SECTOR);
}

void partition_wants(const struct partition_table *table, uint64_t *sector, uint32_t *bytes)
{
    *sector = table->want_sector;
    *bytes = table->want_bytes;
}

/** Add a partition, in sectors. It lies within [first, last]. */
static enum partition_error partition_add(struct partition_table *table, unsigned int number,
                                          const struct partition *from)
{
    if (from->first == 0 || from->count == 0 || from->first >= table->sectors ||
        from->count > table->sectors - from->first) {
        return PARTITION_ERR_RANGE;
    }
    for (unsigned int i = 0; i < PARTITION_MOST; i++) {
        const struct partition *other = &table->partitions[i];

        if (other->count != 0 && from->first < other->first + other->count &&
            other->first < from->first + from->count) {
            return PARTITION_ERR_OVERLAP;
        }
    }
    table->partitions[number - 1] = *from;
    return PARTITION_OK;
}

static bool mbr_is_extended(uint8_t type)
{
    return type == 0x05 || type == 0x0f || type == 0x85;
}

/** An entry's range, `base` blocks further, in sectors. */
static struct partition mbr_range(const struct partition_table *table, const uint8_t *entry,
                                  uint64_t base)
{
    uint64_t sectors = table->block / SECTOR;

    return (struct partition){
        .first = (partition_u32(entry + 8) + base) * sectors,
        .count = partition_u32(entry + 12) * sectors,
    };
}

/** Is the range inside of the other? Both begin below 2^42. */
static bool partition_inside(const struct partition *part, const struct partition *whole)
{
    return part->first >= whole->first && part->first - whole->first < whole->count &&
           part->count <= whole->count - (part->first - whole->first);
}

/** The next link of the chain is at `block`. */
static enum partition_error mbr_follow(struct partition_table *table, uint64_t block)
{
    struct partition link = { .first = block * (table->block / SECTOR), .count = 1 };

    if (!partition_inside(&link, &table->extended)) {
        return PARTITION_ERR_RANGE;
    }
    table->link = block;
    partition_want(table, STEP_LOGICAL, block, SECTOR);
    return PARTITION_MORE;
}

static enum partition_error mbr_read(struct partition_table *table, const uint8_t *bytes)
{
    enum partition_error error = PARTITION_OK;

    for (unsigned int i = 0; i < MBR_COUNT && error == PARTITION_OK; i++) {
        const uint8_t *entry = bytes + MBR_ENTRIES + (size_t)i * MBR_ENTRY_BYTES;
        struct partition range = mbr_range(table, entry, 0);

        if (entry[4] == 0) {
            continue;
        }
        if (entry[4] == MBR_PROTECTIVE) {
            if (partition_blocks(table) < 3) {
                return PARTITION_ERR_NONE;
            }
            memset(table->partitions, 0, sizeof(table->partitions));
            partition_want(table, STEP_HEADER, 1, table->block);
            return PARTITION_MORE;
        }
        error = partition_add(table, i + 1, &range);
        if (error == PARTITION_OK && mbr_is_extended(entry[4])) {
            if (table->extended.count != 0) {
                return PARTITION_ERR_CHAIN;
            }
            table->extended = range;
            /* It is no partition to be had: logical ones are inside of it. */
        }
    }
    if (error != PARTITION_OK || table->extended.count == 0) {
        return error;
    }
    for (unsigned int i = 0; i < MBR_COUNT; i++) {
        if (table->partitions[i].first == table->extended.first) {
            table->partitions[i].count = 0;
        }
    }
    return mbr_follow(table, table->extended.first / (table->block / SECTOR));
}

/** A link: a logical partition relative to itself, and the next link relative to the first. */
static enum partition_error mbr_read_logical(struct partition_table *table, const uint8_t *bytes)
{
    const uint8_t *entry = bytes + MBR_ENTRIES;
    const uint8_t *next = entry + MBR_ENTRY_BYTES;
    struct partition range = mbr_range(table, entry, table->link);
    uint64_t block = table->extended.first / (table->block / SECTOR) + partition_u32(next + 8);

    if (partition_u16(bytes + 510) != MBR_SIGNATURE) {
        return PARTITION_ERR_CHAIN;
    }
    if (entry[4] != 0) {
        enum partition_error error = PARTITION_ERR_RANGE;

        if (table->logical == MBR_LOGICAL + PARTITION_MOST_LOGICAL) {
            return PARTITION_ERR_CHAIN;
        }
        if (partition_inside(&range, &table->extended)) {
            error = partition_add(table, table->logical, &range);
        }
        if (error != PARTITION_OK) {
            return error;
        }
        table->logical++;
    }
    if (next[4] == 0) {
        return PARTITION_OK;
    }
    /* Links go up, so that a chain ends; and each costs a partition, so that it ends soon. */
    if (!mbr_is_extended(next[4]) || block <= table->link || entry[4] == 0) {
        return PARTITION_ERR_CHAIN;
    }
    return mbr_follow(table, block);
}

/** The header of a GPT at the block that was read. */
static enum partition_error gpt_read_header(struct partition_table *table, const uint8_t *header,
                                            uint64_t block, unsigned int step)
{
    static const uint8_t zero[4];
    uint32_t bytes = partition_u32(header + GPT_HEADER_BYTES);
    uint64_t blocks = partition_blocks(table);

    if (partition_u64(header) != GPT_SIGNATURE || bytes < GPT_HEADER_END || bytes > table->block) {
        return PARTITION_ERR_CHECKSUM;
    }
    /* The checksum is that of a header whose checksum is zero. */
    uint32_t crc = partition_crc(~0u, header, GPT_CHECKSUM);
    crc = partition_crc(crc, zero, sizeof(zero));
    crc = partition_crc(crc, header + GPT_CHECKSUM + 4, bytes - GPT_CHECKSUM - 4);
    if (~crc != partition_u32(header + GPT_CHECKSUM)) {
        return PARTITION_ERR_CHECKSUM;
    }
    uint64_t entries = partition_u64(header + GPT_ENTRIES_BLOCK);
    uint32_t count = partition_u32(header + GPT_ENTRIES_COUNT);

    table->usable_first = partition_u64(header + GPT_FIRST_USABLE);
    table->usable_last = partition_u64(header + GPT_LAST_USABLE);
    table->entry_bytes = partition_u32(header + GPT_ENTRY_BYTES);
    table->entries_checksum = partition_u32(header + GPT_ENTRIES_CHECKSUM);
    if (partition_u64(header + GPT_MY_BLOCK) != block || table->usable_first > table->usable_last ||
        table->usable_last >= blocks || table->entry_bytes < GPT_ENTRY_LEAST ||
        (table->entry_bytes & (table->entry_bytes - 1)) != 0 || count == 0 ||
        count > PARTITION_MOST || table->entry_bytes > PARTITION_READ / count) {
        return PARTITION_ERR_HEADER;
    }
    uint32_t all = count * table->entry_bytes;
    uint64_t needed = (all + table->block - 1) / table->block;
    if (entries < 2 || entries >= blocks || needed > blocks - entries) {
        return PARTITION_ERR_HEADER;
    }
    table->entries_bytes = all;
    partition_want(table, step, entries, all);
    return PARTITION_MORE;
}

static enum partition_error gpt_read_entries(struct partition_table *table, const uint8_t *bytes)
{
    static const uint8_t unused[GPT_TYPE_BYTES];
    uint64_t sectors = table->block / SECTOR;
    uint32_t count = table->entries_bytes / table->entry_bytes;

    if (~partition_crc(~0u, bytes, table->entries_bytes) != table->entries_checksum) {
        return PARTITION_ERR_CHECKSUM;
    }
    for (uint32_t i = 0; i < count; i++) {
        const uint8_t *entry = bytes + (size_t)i * table->entry_bytes;
        uint64_t first = partition_u64(entry + GPT_ENTRY_FIRST);
        uint64_t last = partition_u64(entry + GPT_ENTRY_LAST);
        enum partition_error error;

        if (memcmp(entry, unused, sizeof(unused)) == 0) {
            continue;
        }
        if (first > last || first < table->usable_first || last > table->usable_last) {
            return PARTITION_ERR_RANGE;
        }
        error = partition_add(
            table, i + 1,
            &(struct partition){ .first = first * sectors, .count = (last - first + 1) * sectors });
        if (error != PARTITION_OK) {
            return error;
        }
    }
    return PARTITION_OK;
}

/** Go to the copy at the end of the disk, if that was the first one's. */
static enum partition_error gpt_fall_back(struct partition_table *table, enum partition_error error)
{
    bool first = table->step == STEP_HEADER || table->step == STEP_ENTRIES;

    if (!first || (error != PARTITION_ERR_CHECKSUM && error != PARTITION_ERR_HEADER)) {
        return error;
    }
    partition_want(table, STEP_BACKUP_HEADER, partition_blocks(table) - 1, table->block);
    return PARTITION_MORE;
}

enum partition_error partition_feed(struct partition_table *table, const void *bytes)
{
    const uint8_t *data = bytes;
    enum partition_error error = PARTITION_ERR_NONE;

    switch (table->step) {
    case STEP_MBR:
        if (partition_u16(data + 510) == MBR_SIGNATURE) {
            error = mbr_read(table, data);
        }
        break;
    case STEP_LOGICAL:
        error = mbr_read_logical(table, data);
        break;
    case STEP_HEADER:
        error = gpt_read_header(table, data, 1, STEP_ENTRIES);
        break;
    case STEP_BACKUP_HEADER:
        error = gpt_read_header(table, data, partition_blocks(table) - 1, STEP_BACKUP_ENTRIES);
        break;
    case STEP_ENTRIES:
    case STEP_BACKUP_ENTRIES:
        error = gpt_read_entries(table, data);
        break;
    default:
        break;
    }
    error = error == PARTITION_OK || error == PARTITION_MORE ? error : gpt_fall_back(table, error);
    if (error != PARTITION_MORE) {
        table->step = STEP_DONE;
    }
    return error;
}

bool partition_find(const struct partition_table *table, unsigned int number,
                    struct partition *partition)
{
    if (number == 0 || number > PARTITION_MOST || table->partitions[number - 1].count == 0) {
        return false;
    }
    *partition = table->partitions[number - 1];
    return true;
}

const char *partition_says(enum partition_error error)
{
    switch (error) {
    case PARTITION_OK:
    case PARTITION_MORE:
        return "its partition table is good";
    case PARTITION_ERR_NONE:
        return "it has no partition table";
    case PARTITION_ERR_CHECKSUM:
        return "its partition table has wrong checksums, and so has the copy";
    case PARTITION_ERR_HEADER:
        return "its partition table has a header that cannot be";
    case PARTITION_ERR_RANGE:
        return "its partition table names what is not on it";
    case PARTITION_ERR_OVERLAP:
        return "its partitions overlap";
    case PARTITION_ERR_CHAIN:
        return "its chain of logical partitions does not end";
    case PARTITION_ERR_READ:
        return "its partition table cannot be read";
    }
    return "its partition table is wrong";
}
