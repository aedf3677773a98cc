/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "alloc.h"
#include "sdf_attr.h"
#include "sdf_read.h"

void sdf_read_image(const struct xml_element *element, struct sdf *sdf, struct diag *diag)
{
    static const char *const names[] = { "name", "kernel", "initrd", "dtb", NULL };
    struct sdf_image *image;

    sdf->images = alloc_grow(sdf->images, sdf->images_count, sizeof(*image));
    image = &sdf->images[sdf->images_count++];
    image->pos = element->pos;
    sdf_attr_allow(element, names, diag);
    sdf_attr_string(element, "name", SDF_REQUIRED, diag, &image->name);
    sdf_attr_string(element, "kernel", SDF_REQUIRED, diag, &image->kernel);
    sdf_attr_string(element, "initrd", SDF_OPTIONAL, diag, &image->initrd);
    sdf_attr_string(element, "dtb", SDF_OPTIONAL, diag, &image->dtb);
    sdf_read_no_children(element, diag);
}

/** One number of cpus=, `length` bytes of the attribute's value at `from`. */
static bool sdf_read_one_cpu(const struct xml_attribute *attribute, size_t from, size_t length,
                             struct sdf_guest *guest)
{
    struct sdf_num cpu = { .given = true, .pos = attribute->value_pos };
    char digits[16];

    if (length == 0 || length >= sizeof(digits)) {
        return false;
    }
    memcpy(digits, attribute->value + from, length);
    digits[length] = '\0';
    if (!sdf_attr_read_number(digits, &cpu.value)) {
        return false;
    }
    guest->cpus = alloc_grow(guest->cpus, guest->cpus_count, sizeof(*guest->cpus));
    guest->cpus[guest->cpus_count++] = cpu;
    return true;
}

static void sdf_read_cpus(const struct xml_element *element, struct diag *diag,
                          struct sdf_guest *guest)
{
    const struct xml_attribute *attribute = xml_find_attribute(element, "cpus");
    size_t from = 0;
    size_t length;

    if (attribute == NULL) {
        return;
    }
    do {
        length = strcspn(attribute->value + from, ",");
        if (!sdf_read_one_cpu(attribute, from, length, guest)) {
            diag_error(diag, attribute->value_pos, "'%s' is not a list of CPUs", attribute->value);
            diag_help(diag, "write the CPU of each virtual CPU, such as \"0,1\"");
            guest->cpus_count = 0;
            return;
        }
        from += length + 1;
    } while (attribute->value[from - 1] == ',');
}

static void sdf_read_crash(const struct xml_element *element, struct diag *diag,
                           struct sdf_guest *guest)
{
    static const char *const words[] = { "stop", "restart", NULL };

    guest->restart = sdf_attr_word(element, "on-crash", words, 0, diag) == 1;
    sdf_attr_number(element, "restarts", SDF_OPTIONAL, diag, &guest->restarts);
    if (guest->restarts.given && !guest->restart) {
        diag_error(diag, guest->restarts.pos, "'restarts' is for a guest that is restarted");
        diag_help(diag, "add on-crash=\"restart\", or remove it");
    }
}

static void sdf_read_passthrough(const struct xml_element *element, struct diag *diag,
                                 struct sdf_guest *guest)
{
    static const char *const names[] = { "path", "dma", NULL };
    static const char *const words[] = { "yes", "no", NULL };
    struct sdf_passthrough *device;

    guest->devices = alloc_grow(guest->devices, guest->devices_count, sizeof(*device));
    device = &guest->devices[guest->devices_count++];
    device->pos = element->pos;
    sdf_attr_allow(element, names, diag);
    sdf_attr_string(element, "path", SDF_REQUIRED, diag, &device->path);
    device->dma = sdf_attr_word(element, "dma", words, 0, diag) == 0;
    sdf_read_no_children(element, diag);
}

static void sdf_read_port(const struct xml_element *element, struct diag *diag,
                          struct sdf_guest *guest)
{
    /* Those behind `pd` are about the protection domain. */
    static const char *const names[] = { "name",         "pd",          "vaddr",     "id",
                                         "setvar_vaddr", "setvar_size", "setvar_id", NULL };
    enum sdf_need need = xml_find_attribute(element, "pd") != NULL ? SDF_REQUIRED : SDF_OPTIONAL;
    struct sdf_port *port;

    guest->ports = alloc_grow(guest->ports, guest->ports_count, sizeof(*port));
    port = &guest->ports[guest->ports_count++];
    *port = (struct sdf_port){ .pos = element->pos };
    sdf_attr_allow(element, names, diag);
    sdf_attr_string(element, "name", SDF_REQUIRED, diag, &port->name);
    sdf_attr_string(element, "pd", SDF_OPTIONAL, diag, &port->pd);
    sdf_attr_number(element, "vaddr", need, diag, &port->vaddr);
    sdf_attr_number(element, "id", need, diag, &port->id);
    sdf_attr_string(element, "setvar_vaddr", SDF_OPTIONAL, diag, &port->setvar_vaddr);
    sdf_attr_string(element, "setvar_size", SDF_OPTIONAL, diag, &port->setvar_size);
    sdf_attr_string(element, "setvar_id", SDF_OPTIONAL, diag, &port->setvar_id);
    for (const char *const *name = names + 2; need == SDF_OPTIONAL && *name != NULL; name++) {
        const struct xml_attribute *attribute = xml_find_attribute(element, *name);

        if (attribute != NULL) {
            diag_error(diag, attribute->value_pos, "'%s' is for a port with a protection domain",
                       *name);
            diag_help(diag, "add pd=, or remove it");
        }
    }
    sdf_read_no_children(element, diag);
}

static void sdf_read_guest_console(const struct xml_element *element, struct diag *diag,
                                   struct sdf_guest *guest)
{
    static const char *const names[] = { NULL };
    static const char *const children[] = { "port", NULL };

    sdf_attr_allow(element, names, diag);
    if (guest->console) {
        sdf_read_twice(element, diag);
        return;
    }
    guest->console = true;
    guest->console_pos = element->pos;
    for (const struct xml_element *child = element->first; child != NULL; child = child->next) {
        if (strcmp(child->name, "port") == 0) {
            sdf_read_port(child, diag, guest);
        } else {
            sdf_read_unknown(child, children, diag);
        }
    }
}

void sdf_read_console(const struct xml_element *element, struct sdf *sdf, struct diag *diag)
{
    static const char *const names[] = { "switch", "colours", "columns", "rows", NULL };
    static const char *const words[] = { "on", "off", NULL };

    if (sdf->console.given) {
        sdf_read_twice(element, diag);
        return;
    }
    sdf->console.given = true;
    sdf->console.pos = element->pos;
    sdf_attr_allow(element, names, diag);
    sdf_attr_string(element, "switch", SDF_OPTIONAL, diag, &sdf->console.character);
    sdf->console.plain = sdf_attr_word(element, "colours", words, 0, diag) == 1;
    sdf_attr_number(element, "columns", SDF_OPTIONAL, diag, &sdf->console.columns);
    sdf_attr_number(element, "rows", SDF_OPTIONAL, diag, &sdf->console.rows);
    sdf_read_no_children(element, diag);
}

static void sdf_read_firmware(const struct xml_element *element, struct diag *diag,
                              struct sdf_guest *guest)
{
    static const char *const names[] = { "function", NULL };
    struct sdf_num function = { 0 };

    sdf_attr_allow(element, names, diag);
    sdf_attr_number(element, "function", SDF_REQUIRED, diag, &function);
    sdf_read_no_children(element, diag);
    if (function.given) {
        guest->functions =
            alloc_grow(guest->functions, guest->functions_count, sizeof(*guest->functions));
        guest->functions[guest->functions_count++] = function;
    }
}

void sdf_read_guest(const struct xml_element *element, struct sdf *sdf, struct diag *diag)
{
    static const char *const names[] = { "name",     "image",    "ram",     "vcpus",  "cpus",
                                         "bootargs", "priority", "budget",  "period", "on-crash",
                                         "restarts", "ram-at",   "monitor", NULL };
    static const char *const children[] = { "passthrough", "firmware", "console",
                                            "disk",        "net",      NULL };
    static const char *const places[] = { "identity", NULL };
    struct sdf_guest *guest;

    sdf->guests = alloc_grow(sdf->guests, sdf->guests_count, sizeof(*guest));
    guest = &sdf->guests[sdf->guests_count++];
    *guest = (struct sdf_guest){ .pos = element->pos, .priority.value = SDF_GUEST_PRIORITY };
    sdf_attr_allow(element, names, diag);
    sdf_attr_string(element, "name", SDF_REQUIRED, diag, &guest->name);
    sdf_attr_string(element, "image", SDF_REQUIRED, diag, &guest->image);
    sdf_attr_size(element, "ram", SDF_REQUIRED, diag, &guest->ram);
    sdf_attr_number(element, "vcpus", SDF_OPTIONAL, diag, &guest->vcpus);
    sdf_read_cpus(element, diag, guest);
    sdf_attr_string(element, "bootargs", SDF_OPTIONAL, diag, &guest->bootargs);
    sdf_attr_number(element, "priority", SDF_OPTIONAL, diag, &guest->priority);
    sdf_read_budget(element, diag, &guest->budget, &guest->period);
    sdf_read_crash(element, diag, guest);
    sdf_attr_string(element, "monitor", SDF_OPTIONAL, diag, &guest->monitor);
    guest->identity = sdf_attr_word(element, "ram-at", places, 1, diag) == 0;
    for (const struct xml_element *child = element->first; child != NULL; child = child->next) {
        if (strcmp(child->name, "passthrough") == 0) {
            sdf_read_passthrough(child, diag, guest);
        } else if (strcmp(child->name, "firmware") == 0) {
            sdf_read_firmware(child, diag, guest);
        } else if (strcmp(child->name, "console") == 0) {
            sdf_read_guest_console(child, diag, guest);
        } else if (strcmp(child->name, "disk") == 0) {
            sdf_read_guest_disk(child, diag, guest);
        } else if (strcmp(child->name, "net") == 0) {
            sdf_read_net(child, diag, guest);
        } else {
            sdf_read_unknown(child, children, diag);
        }
    }
}
