/* SPDX-License-Identifier: BSD-2-Clause */
#include "virtualiser_start.h"

#include "virtualiser_pending.h"

static void virtualiser_complain(struct block_virtualiser *virtualiser, uint32_t i,
                                 const char *what)
{
    if (virtualiser->complain != NULL) {
        virtualiser->complain(virtualiser->clients[i].config->name, what);
    }
}

/** A client's part of the disk. False: there is none. */
static bool virtualiser_part(struct block_virtualiser *virtualiser, uint32_t i,
                             struct partition *part)
{
    const struct block_config_client *config = virtualiser->clients[i].config;
    uint32_t unit = virtualiser->info.logical_bytes / BLOCK_SECTOR;
    uint64_t sectors = virtualiser->info.sectors;

    *part = (struct partition){ .count = 0 };
    if (virtualiser->missing) {
        virtualiser_complain(virtualiser, i, "the driver has none");
        return false;
    }

    switch (config->share) {
    case BLOCK_SHARE_WHOLE:
        *part = (struct partition){ .first = 0, .count = sectors };
        break;
    case BLOCK_SHARE_EXTENT:
        *part = (struct partition){ .first = config->first, .count = config->count };
        if (part->first >= sectors || part->count > sectors - part->first) {
            virtualiser_complain(virtualiser, i, "its extent is not on it");
            return false;
        }
        break;
    case BLOCK_SHARE_PARTITION:
        if (virtualiser->table_error != PARTITION_OK) {
            virtualiser_complain(virtualiser, i, partition_says(virtualiser->table_error));
            return false;
        }
        if (!partition_find(&virtualiser->table, config->partition, part)) {
            virtualiser_complain(virtualiser, i, "it has no partition of that number");
            return false;
        }
        break;
    }
    if (part->first % unit != 0 || part->count % unit != 0) {
        virtualiser_complain(virtualiser, i, "its part cuts a block");
        return false;
    }
    return true;
}

/** Give every client its part. Returns the clients to be notified. */
static uint32_t virtualiser_share(struct block_virtualiser *virtualiser)
{
    uint32_t clients = 0;

    virtualiser->state = BLOCK_SERVES;
    for (uint32_t i = 0; i < virtualiser->count; i++) {
        struct block_virtualiser_client *client = &virtualiser->clients[i];
        struct block_info info = virtualiser->info;
        struct partition part;

        clients |= 1u << i;
        if (!virtualiser_part(virtualiser, i, &part)) {
            block_server_show(&client->server, NULL);
            continue;
        }
        client->first = part.first;
        client->count = part.count;
        client->ready = true;
        info.sectors = part.count;
        info.depth = BLOCK_MAX_IN_FLIGHT;
        if (client->config->read_only) {
            info.flags |= BLOCK_INFO_READ_ONLY;
            info.flags &= ~(BLOCK_INFO_DISCARD | BLOCK_INFO_ZERO);
        }
        block_server_show(&client->server, &info);
    }
    return clients;
}

void virtualiser_start_read(struct block_virtualiser *virtualiser, uint64_t now)
{
    struct block_request request = { .kind = BLOCK_READ, .segments = 1 };
    struct block_segment segment = { .address = virtualiser->buffer.address };
    uint32_t bytes;
    uint32_t tag;

    if (virtualiser->reading) {
        return;
    }
    partition_wants(&virtualiser->table, &request.sector, &bytes);
    request.bytes = bytes;
    segment.bytes = bytes;
    if (block_client_submit(&virtualiser->device, &request, &segment, &tag)) {
        struct block_pending *pending = virtualiser_pending_add(virtualiser, tag, now);

        pending->id = 0;
        pending->client = VIRTUALISER_OWN;
        pending->kind = BLOCK_READ;
        pending->barrier = false;
        pending->bytes = bytes;
        virtualiser->reading = true;
    }
}

uint32_t virtualiser_start_table(struct block_virtualiser *virtualiser,
                                 const struct block_answer *answer, uint64_t bytes)
{
    virtualiser->reading = false;
    if (virtualiser->state != BLOCK_READS_TABLE) {
        return 0;
    }
    if (answer->status != BLOCK_DONE || answer->bytes < bytes) {
        virtualiser->table_error = PARTITION_ERR_READ;
        return virtualiser_share(virtualiser);
    }
    virtualiser->table_error = partition_feed(&virtualiser->table, virtualiser->buffer.bytes);
    return virtualiser->table_error == PARTITION_MORE ? 0 : virtualiser_share(virtualiser);
}

uint32_t virtualiser_start_late(struct block_virtualiser *virtualiser)
{
    if (virtualiser->state != BLOCK_READS_TABLE) {
        return 0;
    }
    virtualiser->table_error = PARTITION_ERR_READ;
    return virtualiser_share(virtualiser);
}

uint32_t virtualiser_start_meet(struct block_virtualiser *virtualiser)
{
    enum block_disk disk = block_client_info(&virtualiser->device, &virtualiser->info);

    if (disk == BLOCK_DISK_NONE) {
        virtualiser->missing = true;
        return virtualiser_share(virtualiser);
    }
    if (disk == BLOCK_DISK_UNKNOWN || !block_client_is_quiet(&virtualiser->device)) {
        return 0;
    }
    for (uint32_t i = 0; i < virtualiser->count; i++) {
        if (virtualiser->clients[i].config->share == BLOCK_SHARE_PARTITION) {
            virtualiser->state = BLOCK_READS_TABLE;
        }
    }
    if (virtualiser->state == BLOCK_WAITS) {
        return virtualiser_share(virtualiser);
    }
    if (virtualiser->info.sectors < virtualiser->info.logical_bytes / BLOCK_SECTOR) {
        virtualiser->table_error = PARTITION_ERR_NONE;
        return virtualiser_share(virtualiser);
    }
    partition_begin(&virtualiser->table, virtualiser->info.sectors,
                    virtualiser->info.logical_bytes);
    return 0;
}
