/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Named ports of guests. A port is a connection (io/serial/client.h) between the guest's monitor
 * and a protection domain of the description, or the monitor of another guest.
 */
#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "lower_internal.h"

#define PORTS_BYTES UINT64_C(0x10000)
/** As many as a monitor serves (vmm/config.h). */
#define PORTS_MOST 15
/** Of the device's specification and of the monitor. */
#define PORTS_NAME 64

/** A name that is also that of a file in the guest. */
static bool ports_check_name(struct lower *lower, const struct sdf_guest *guest, size_t index)
{
    const struct sdf_str *name = &guest->ports[index].name;
    size_t length;

    if (name->text == NULL) {
        return false;
    }
    length = strlen(name->text);
    for (size_t i = 0; i < length; i++) {
        if ((!isalnum((unsigned char)name->text[i]) && strchr("-_.", name->text[i]) == NULL) ||
            name->text[0] == '.' || length > PORTS_NAME) {
            diag_error(lower->diag, name->pos, "'%s' cannot be the name of a port", name->text);
            diag_help(lower->diag, "use at most %d letters, digits, '-', '_' and '.'", PORTS_NAME);
            return false;
        }
    }
    for (size_t i = 0; i < index; i++) {
        if (guest->ports[i].name.text != NULL &&
            strcmp(guest->ports[i].name.text, name->text) == 0) {
            diag_error(lower->diag, name->pos, "'%s' has another port '%s'", guest->name.text,
                       name->text);
            diag_help(lower->diag, "give them different names");
            return false;
        }
    }
    return true;
}

static size_t ports_find_pd(const struct sdf *sdf, const char *name)
{
    for (size_t i = 0; i < sdf->pds_count; i++) {
        if (sdf->pds[i].name.text != NULL && strcmp(sdf->pds[i].name.text, name) == 0) {
            return i;
        }
    }
    return SDF_NONE;
}

/** The monitor's side. Returns the id of its channel. */
static uint64_t ports_monitor(struct lower *lower, struct lower_guest *guest,
                              const struct sdf_port *port, size_t region, bool client)
{
    uint64_t id = guest->next_id++;

    lower_pd_map(lower, guest, region, guest->free, SDF_PERM_R | SDF_PERM_W);
    lower_line(lower, guest, "port %s 0x%" PRIx64 " 0x%" PRIx64 " %" PRIu64 "%s", port->name.text,
               guest->free, PORTS_BYTES, id, client ? " client" : "");
    guest->free += LOWER_ALIGN;
    return id;
}

static void ports_channel(struct lower *lower, const struct sdf_port *port,
                          const struct sdf_end *first, const char *pd, uint64_t id)
{
    struct sdf *sdf = lower->sdf;
    struct sdf_channel *channel;

    sdf->channels = alloc_grow(sdf->channels, sdf->channels_count, sizeof(*channel));
    channel = &sdf->channels[sdf->channels_count++];
    *channel = (struct sdf_channel){ .pos = port->pos };
    channel->ends[0] = *first;
    channel->ends[1] = (struct sdf_end){
        .pos = port->pos,
        .pd_name = lower_string(port->pos, "%s", pd),
        .pd = SDF_NONE,
        .id = lower_number(port->pos, id),
        .notify = true,
    };
}

static size_t ports_region(struct lower *lower, const struct lower_guest *guest,
                           const struct sdf_port *port)
{
    size_t region = lower_region(
        lower, lower_string(port->pos, "%s.port.%s", guest->from->name.text, port->name.text));

    lower->sdf->regions[region].size = lower_number(port->pos, PORTS_BYTES);
    return region;
}

/** The other end is a protection domain; that it is there is checked as of any channel. */
static void ports_join_pd(struct lower *lower, struct lower_guest *guest,
                          const struct sdf_port *port)
{
    size_t region = ports_region(lower, guest, port);
    size_t pd = ports_find_pd(lower->sdf, port->pd.text);
    uint64_t id = ports_monitor(lower, guest, port, region, false);
    struct sdf_end end = {
        .pos = port->pos,
        .pd_name = lower_string(port->pd.pos, "%s", port->pd.text),
        .pd = SDF_NONE,
        .id = port->id,
        .notify = true,
    };

    if (port->setvar_id.text != NULL) {
        end.setvar_id = lower_string(port->setvar_id.pos, "%s", port->setvar_id.text);
    }
    ports_channel(lower, port, &end, lower->sdf->pds[guest->pd].name.text, id);
    if (pd != SDF_NONE && port->vaddr.given) {
        struct sdf_map *map = lower_pd_map(lower, &(struct lower_guest){ .pd = pd }, region,
                                           port->vaddr.value, SDF_PERM_R | SDF_PERM_W);

        map->vaddr = port->vaddr;
        if (port->setvar_vaddr.text != NULL) {
            map->setvar_vaddr = lower_string(port->setvar_vaddr.pos, "%s", port->setvar_vaddr.text);
        }
        if (port->setvar_size.text != NULL) {
            map->setvar_size = lower_string(port->setvar_size.pos, "%s", port->setvar_size.text);
        }
    }
}

/** The other end is another guest's port of this name: its first guest serves its second. */
static void ports_join_guest(struct lower *lower, struct lower_guest *guest,
                             const struct sdf_port *port)
{
    struct lower_half *half = NULL;

    for (size_t i = 0; i < lower->halves_count; i++) {
        if (strcmp(lower->halves[i].port->name.text, port->name.text) == 0) {
            half = &lower->halves[i];
        }
    }
    if (half == NULL) {
        size_t region = ports_region(lower, guest, port);

        lower->halves = alloc_grow(lower->halves, lower->halves_count, sizeof(*half));
        lower->halves[lower->halves_count++] = (struct lower_half){
            .port = port,
            .region = region,
            .pd = guest->pd,
            .id = ports_monitor(lower, guest, port, region, false),
        };
    } else if (half->joined) {
        diag_error(lower->diag, port->name.pos, "two other guests have a port '%s' already",
                   port->name.text);
        diag_help(lower->diag, "use another name, or give it a protection domain with pd=");
    } else {
        struct sdf_end end = {
            .pos = half->port->pos,
            .pd_name = lower_string(half->port->pos, "%s", lower->sdf->pds[half->pd].name.text),
            .pd = SDF_NONE,
            .id = lower_number(half->port->pos, half->id),
            .notify = true,
        };

        half->joined = true;
        ports_channel(lower, port, &end, lower->sdf->pds[guest->pd].name.text,
                      ports_monitor(lower, guest, port, half->region, true));
    }
}

void lower_ports(struct lower *lower, struct lower_guest *guest)
{
    const struct sdf_guest *from = guest->from;

    if (from->ports_count == 0) {
        return;
    }
    if (from->ports_count > PORTS_MOST) {
        diag_error(lower->diag, from->ports[PORTS_MOST].pos, "a guest has at most %d named ports",
                   PORTS_MOST);
        diag_help(lower->diag, "remove some");
        return;
    }
    for (size_t i = 0; i < from->ports_count; i++) {
        if (!ports_check_name(lower, from, i)) {
            continue;
        }
        if (from->ports[i].pd.text != NULL) {
            ports_join_pd(lower, guest, &from->ports[i]);
        } else {
            ports_join_guest(lower, guest, &from->ports[i]);
        }
    }
    lower_virtio(lower, guest, from->ports[0].pos, "ports");
}

void lower_ports_end(struct lower *lower)
{
    bool good = lower->diag->errors == 0;

    for (size_t i = 0; i < lower->halves_count; i++) {
        if (good && !lower->halves[i].joined) {
            const struct sdf_str *name = &lower->halves[i].port->name;

            diag_error(lower->diag, name->pos, "nobody is at the other end of port '%s'",
                       name->text);
            diag_help(
                lower->diag,
                "add pd= with a protection domain, or a <port> of this name to another guest");
        }
    }
    free(lower->halves);
}
