/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "sdf.h"
#include "sdf_attr.h"
#include "sdf_read.h"
#include "xml.h"

/** <line> and <device_node>: what fills a region instead of a file. */
static void sdf_parse_contents(const struct xml_element *element, struct sdf_region *region,
                               struct diag *diag)
{
    static const char *const line_names[] = { "text", NULL };
    static const char *const device_names[] = { "path", NULL };
    static const char *const children[] = { "line", "device_node", NULL };

    for (const struct xml_element *child = element->first; child != NULL; child = child->next) {
        if (strcmp(child->name, "line") == 0) {
            region->lines = alloc_grow(region->lines, region->lines_count, sizeof(*region->lines));
            sdf_attr_allow(child, line_names, diag);
            sdf_attr_string(child, "text", SDF_REQUIRED, diag,
                            &region->lines[region->lines_count++]);
        } else if (strcmp(child->name, "device_node") == 0) {
            region->devices =
                alloc_grow(region->devices, region->devices_count, sizeof(*region->devices));
            sdf_attr_allow(child, device_names, diag);
            sdf_attr_string(child, "path", SDF_REQUIRED, diag,
                            &region->devices[region->devices_count++]);
        } else {
            sdf_read_unknown(child, children, diag);
            continue;
        }
        sdf_read_no_children(child, diag);
    }
    if ((region->prefill_path.text != NULL) + (region->lines_count > 0) +
            (region->devices_count > 0) >
        1) {
        diag_error(diag, element->pos, "this <memory_region> has contents of two kinds");
        diag_help(diag, "keep prefill_path, the <line>s or the <device_node>s");
    }
}

static void sdf_parse_region(const struct xml_element *element, struct sdf *sdf, struct diag *diag)
{
    static const char *const names[] = { "name",      "size",         "page_size",
                                         "phys_addr", "prefill_path", NULL };
    struct sdf_region *region;

    sdf->regions = alloc_grow(sdf->regions, sdf->regions_count, sizeof(*region));
    region = &sdf->regions[sdf->regions_count++];
    region->pos = element->pos;
    sdf_attr_allow(element, names, diag);
    sdf_attr_string(element, "name", SDF_REQUIRED, diag, &region->name);
    sdf_attr_number(element, "size", SDF_OPTIONAL, diag, &region->size);
    sdf_attr_number(element, "page_size", SDF_OPTIONAL, diag, &region->page_size);
    sdf_attr_number(element, "phys_addr", SDF_OPTIONAL, diag, &region->phys_addr);
    sdf_attr_string(element, "prefill_path", SDF_OPTIONAL, diag, &region->prefill_path);
    sdf_parse_contents(element, region, diag);
    if (xml_find_attribute(element, "size") == NULL && !sdf_region_filled(region)) {
        diag_error(diag, element->pos, "<memory_region> has neither 'size' nor 'prefill_path'");
        diag_help(diag, "add size=\"...\", a multiple of the page size");
    }
}

static void sdf_parse_end(const struct xml_element *element, struct diag *diag, struct sdf_end *end)
{
    static const char *const names[] = { "pd", "id", "pp", "notify", "setvar_id", NULL };

    *end = (struct sdf_end){ .pos = element->pos, .pd = SDF_NONE, .notify = true };
    sdf_attr_allow(element, names, diag);
    sdf_attr_string(element, "pd", SDF_REQUIRED, diag, &end->pd_name);
    sdf_attr_number(element, "id", SDF_REQUIRED, diag, &end->id);
    sdf_attr_bool(element, "pp", diag, &end->pp, &end->pp_pos);
    sdf_attr_bool(element, "notify", diag, &end->notify, NULL);
    sdf_attr_string(element, "setvar_id", SDF_OPTIONAL, diag, &end->setvar_id);
    sdf_read_no_children(element, diag);
}

static void sdf_parse_channel(const struct xml_element *element, struct sdf *sdf, struct diag *diag)
{
    static const char *const attributes[] = { NULL };
    static const char *const children[] = { "end", NULL };
    struct sdf_channel channel = { .pos = element->pos };
    struct sdf_end extra;
    size_t ends = 0;

    sdf_attr_allow(element, attributes, diag);
    for (const struct xml_element *child = element->first; child != NULL; child = child->next) {
        if (strcmp(child->name, "end") != 0) {
            sdf_read_unknown(child, children, diag);
        } else if (ends < 2) {
            sdf_parse_end(child, diag, &channel.ends[ends++]);
        } else {
            sdf_parse_end(child, diag, &extra);
            free(extra.pd_name.text);
            free(extra.setvar_id.text);
            diag_error(diag, child->pos, "a third <end> in this <channel>");
            diag_help(diag, "a channel joins two protection domains; use another <channel>");
        }
    }
    if (ends < 2) {
        diag_error(diag, element->pos, "this <channel> has %s",
                   ends == 0 ? "no <end>" : "one <end> only");
        diag_help(diag, "a channel joins two protection domains: write two <end pd=\"...\" "
                        "id=\"...\"/>");
        free(channel.ends[0].pd_name.text);
        free(channel.ends[0].setvar_id.text);
        return;
    }
    sdf->channels = alloc_grow(sdf->channels, sdf->channels_count, sizeof(channel));
    sdf->channels[sdf->channels_count++] = channel;
}

static void sdf_parse_trace(const struct xml_element *element, struct sdf *sdf, struct diag *diag)
{
    static const char *const names[] = { "size", NULL };

    if (sdf->trace.given) {
        diag_error(diag, element->pos, "a second <trace>");
        diag_help(diag, "keep one of them");
        return;
    }
    sdf->trace.given = true;
    sdf->trace.pos = element->pos;
    sdf_attr_allow(element, names, diag);
    sdf_attr_number(element, "size", SDF_REQUIRED, diag, &sdf->trace.size);
    sdf_read_no_children(element, diag);
}

static void sdf_parse_power(const struct xml_element *element, struct sdf *sdf, struct diag *diag)
{
    static const char *const names[] = { NULL };

    if (sdf->power.given) {
        sdf_read_twice(element, diag);
        return;
    }
    sdf->power.given = true;
    sdf->power.pos = element->pos;
    sdf_attr_allow(element, names, diag);
    sdf_read_no_children(element, diag);
}

static void sdf_parse_system(const struct xml_element *root, struct sdf *sdf, struct diag *diag)
{
    static const char *const attributes[] = { "name", NULL };
    static const char *const children[] = {
        "protection_domain", "memory_region", "channel", "trace",   "image", "guest",
        "console",           "disk",          "power",   "network", "trunk", NULL
    };

    sdf_attr_allow(root, attributes, diag);
    sdf_attr_string(root, "name", SDF_OPTIONAL, diag, &sdf->name);
    for (const struct xml_element *child = root->first; child != NULL; child = child->next) {
        if (strcmp(child->name, "protection_domain") == 0) {
            sdf_read_pd(child, SDF_NONE, sdf, diag);
        } else if (strcmp(child->name, "memory_region") == 0) {
            sdf_parse_region(child, sdf, diag);
        } else if (strcmp(child->name, "channel") == 0) {
            sdf_parse_channel(child, sdf, diag);
        } else if (strcmp(child->name, "trace") == 0) {
            sdf_parse_trace(child, sdf, diag);
        } else if (strcmp(child->name, "image") == 0) {
            sdf_read_image(child, sdf, diag);
        } else if (strcmp(child->name, "guest") == 0) {
            sdf_read_guest(child, sdf, diag);
        } else if (strcmp(child->name, "console") == 0) {
            sdf_read_console(child, sdf, diag);
        } else if (strcmp(child->name, "disk") == 0) {
            sdf_read_disk(child, sdf, diag);
        } else if (strcmp(child->name, "power") == 0) {
            sdf_parse_power(child, sdf, diag);
        } else if (strcmp(child->name, "network") == 0) {
            sdf_read_network(child, sdf, diag);
        } else if (strcmp(child->name, "trunk") == 0) {
            sdf_read_trunk(child, sdf, diag);
        } else if (strcmp(child->name, "virtual_machine") == 0) {
            diag_error(diag, child->pos,
                       "a <virtual_machine> stands inside of the "
                       "<protection_domain> that is its monitor");
            diag_help(diag, "move it into that <protection_domain>");
        } else {
            sdf_read_unknown(child, children, diag);
        }
    }
}

/** Build the model from the source that `sdf` holds. */
static enum sdf_status sdf_parse_source(struct diag *diag, struct sdf *sdf)
{
    struct xml_element *root;
    enum sdf_status status = SDF_OK;

    diag_set_source(diag, sdf->source, sdf->source_bytes);
    if (xml_parse(sdf->source, sdf->source_bytes, diag, &root) != XML_OK) {
        return SDF_ERR_DESCRIPTION;
    }
    if (strcmp(root->name, "system") != 0) {
        diag_error(diag, root->pos, "the outermost element is <%s>", root->name);
        diag_help(diag, "a system description is a <system>");
        status = SDF_ERR_DESCRIPTION;
    } else {
        sdf_parse_system(root, sdf, diag);
    }
    xml_free(root);
    return status;
}

enum sdf_status sdf_parse(const char *path, struct diag *diag, struct sdf *sdf)
{
    *sdf = (struct sdf){ .path = alloc_copy(path, strlen(path)) };
    if (xml_read_file(path, diag, &sdf->source, &sdf->source_bytes) != XML_OK) {
        return SDF_ERR_READ;
    }
    return sdf_parse_source(diag, sdf);
}

enum sdf_status sdf_parse_memory(const char *source, size_t bytes, struct diag *diag,
                                 struct sdf *sdf)
{
    *sdf = (struct sdf){ .path = alloc_copy(diag->path, strlen(diag->path)),
                         .source = alloc_copy(source, bytes),
                         .source_bytes = bytes };
    return sdf_parse_source(diag, sdf);
}
