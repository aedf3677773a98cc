/* SPDX-License-Identifier: BSD-2-Clause */
#include "sdf_read.h"

#include <string.h>

#include "alloc.h"
#include "nearest.h"
#include "sdf_attr.h"

struct sdf_refused_element {
    const char *name;
    const char *reason;
    const char *help;
};

static const struct sdf_refused_element sdf_refused_elements[] = {
    { "domains", "scheduling domains are not supported",
      "remove it; priorities, budgets and CPUs separate protection domains in time" },
    { "cspace", "there are no capabilities in Bulkhead",
      "remove it; what a protection domain may do follows from its channels, maps and children" },
    { "ioport", "I/O ports belong to x86", "remove it; map the device's registers as memory" },
    { "io_address_space", "I/O address spaces belong to x86 (VT-d)",
      "remove it; map the memory that the device uses into its driver" },
    { "iomap", "I/O address spaces belong to x86 (VT-d)",
      "remove it; map the memory that the device uses into its driver" },
};

void sdf_read_unknown(const struct xml_element *child, const char *const *names, struct diag *diag)
{
    struct nearest nearest = { .word = child->name };
    char known[256] = "";

    for (size_t i = 0; i < sizeof(sdf_refused_elements) / sizeof(sdf_refused_elements[0]); i++) {
        const struct sdf_refused_element *refused = &sdf_refused_elements[i];

        if (strcmp(child->name, refused->name) == 0) {
            diag_error(diag, child->pos, "<%s> is not supported: %s", child->name, refused->reason);
            diag_help(diag, "%s", refused->help);
            return;
        }
    }
    diag_error(diag, child->pos, "<%s> is not known inside of <%s>", child->name,
               child->parent->name);
    for (size_t i = 0; names[i] != NULL; i++) {
        nearest_try(&nearest, names[i]);
        if (strlen(known) + strlen(names[i]) + 5 < sizeof(known)) {
            strcat(known, i > 0 ? ", <" : "<");
            strcat(known, names[i]);
            strcat(known, ">");
        }
    }
    if (nearest.best != NULL) {
        diag_help(diag, "did you mean <%s>?", nearest.best);
    } else if (names[0] == NULL) {
        diag_help(diag, "<%s> holds no other elements", child->parent->name);
    } else {
        diag_help(diag, "<%s> holds %s", child->parent->name, known);
    }
}

void sdf_read_no_children(const struct xml_element *element, struct diag *diag)
{
    static const char *const none[] = { NULL };

    for (const struct xml_element *child = element->first; child != NULL; child = child->next) {
        sdf_read_unknown(child, none, diag);
    }
}

void sdf_read_twice(const struct xml_element *element, struct diag *diag)
{
    diag_error(diag, element->pos, "a second <%s> in this <%s>", element->name,
               element->parent->name);
    diag_help(diag, "keep one of them");
}

void sdf_read_budget(const struct xml_element *element, struct diag *diag, struct sdf_num *budget,
                     struct sdf_num *period)
{
    budget->value = 1000;
    sdf_attr_number(element, "budget", SDF_OPTIONAL, diag, budget);
    period->value = budget->value;
    sdf_attr_number(element, "period", SDF_OPTIONAL, diag, period);
}
