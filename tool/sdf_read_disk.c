/* SPDX-License-Identifier: BSD-2-Clause */
#include "alloc.h"
#include "sdf_attr.h"
#include "sdf_read.h"

/** Milliseconds that a request may take. */
#define DISK_DEADLINE 30000

void sdf_read_disk(const struct xml_element *element, struct sdf *sdf, struct diag *diag)
{
    static const char *const names[] = { "name",     "device", "size",    "file", "cpu",
                                         "deadline", "driver", "restart", NULL };
    static const char *const devices[] = { "board", "ram", NULL };
    struct sdf_disk *disk;

    sdf->disks = alloc_grow(sdf->disks, sdf->disks_count, sizeof(*disk));
    disk = &sdf->disks[sdf->disks_count++];
    *disk = (struct sdf_disk){ .pos = element->pos, .deadline.value = DISK_DEADLINE };
    sdf_attr_allow(element, names, diag);
    sdf_attr_string(element, "name", SDF_REQUIRED, diag, &disk->name);
    disk->ram = sdf_attr_word(element, "device", devices, 0, diag) == 1;
    sdf_attr_size(element, "size", SDF_OPTIONAL, diag, &disk->size);
    sdf_attr_string(element, "file", SDF_OPTIONAL, diag, &disk->file);
    sdf_attr_number(element, "cpu", SDF_OPTIONAL, diag, &disk->cpu);
    sdf_attr_string(element, "driver", SDF_OPTIONAL, diag, &disk->driver);
    sdf_attr_number(element, "restart", SDF_OPTIONAL, diag, &disk->restart);
    sdf_attr_time(element, "deadline", SDF_OPTIONAL, diag, &disk->deadline);
    sdf_read_no_children(element, diag);
}

void sdf_read_guest_disk(const struct xml_element *element, struct diag *diag,
                         struct sdf_guest *guest)
{
    static const char *const names[] = { "from",     "partition", "first",      "sectors",
                                         "readonly", "rate",      "operations", NULL };
    struct sdf_guest_disk *disk;

    guest->disks = alloc_grow(guest->disks, guest->disks_count, sizeof(*disk));
    disk = &guest->disks[guest->disks_count++];
    *disk = (struct sdf_guest_disk){ .pos = element->pos };
    sdf_attr_allow(element, names, diag);
    sdf_attr_string(element, "from", SDF_REQUIRED, diag, &disk->from);
    sdf_attr_number(element, "partition", SDF_OPTIONAL, diag, &disk->partition);
    sdf_attr_number(element, "first", SDF_OPTIONAL, diag, &disk->first);
    sdf_attr_number(element, "sectors", SDF_OPTIONAL, diag, &disk->sectors);
    sdf_attr_bool(element, "readonly", diag, &disk->readonly, NULL);
    sdf_attr_size(element, "rate", SDF_OPTIONAL, diag, &disk->rate);
    sdf_attr_number(element, "operations", SDF_OPTIONAL, diag, &disk->operations);
    sdf_read_no_children(element, diag);
}
