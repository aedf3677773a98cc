/* SPDX-License-Identifier: BSD-2-Clause */
#include "sdf_attr.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "nearest.h"

/** Attributes of Microkit that this tool knows and does not support, and why. */
struct sdf_refused {
    const char *element;
    const char *attribute;
    const char *reason;
    const char *help;
};

static const struct sdf_refused sdf_refused[] = {
    { "protection_domain", "domain", "scheduling domains are not supported",
      "remove it; priorities, budgets and CPUs separate protection domains in time" },
    { "memory_region", "prefill_bootinfo", "there is no seL4 boot information to fill it with",
      "remove it; prefill_path= fills a region from a file" },
    { "irq", "pin", "it belongs to x86 interrupts", "an Arm interrupt has irq=, id= and trigger=" },
    { "irq", "ioapic", "it belongs to x86 interrupts",
      "an Arm interrupt has irq=, id= and trigger=" },
    { "irq", "vector", "it belongs to x86 interrupts",
      "an Arm interrupt has irq=, id= and trigger=" },
    { "irq", "polarity", "it belongs to x86 interrupts",
      "an Arm interrupt has irq=, id= and trigger=" },
    { "irq", "pcidev", "it belongs to x86 interrupts",
      "an Arm interrupt has irq=, id= and trigger=" },
    { "irq", "handle", "it belongs to x86 interrupts",
      "an Arm interrupt has irq=, id= and trigger=" },
};

/** Attributes of the old spelling: accepted, and not offered to anybody. */
static bool sdf_attr_is_old(const char *element, const char *attribute)
{
    return (strcmp(element, "protection_domain") == 0 && strcmp(attribute, "pp") == 0) ||
           (strcmp(element, "virtual_machine") == 0 && strcmp(attribute, "id") == 0);
}

static const struct sdf_refused *sdf_attr_refused(const char *element, const char *attribute)
{
    for (size_t i = 0; i < sizeof(sdf_refused) / sizeof(sdf_refused[0]); i++) {
        if (strcmp(sdf_refused[i].element, element) == 0 &&
            strcmp(sdf_refused[i].attribute, attribute) == 0) {
            return &sdf_refused[i];
        }
    }
    return NULL;
}

static void sdf_attr_report_unknown(const struct xml_element *element,
                                    const struct xml_attribute *attribute, const char *const *names,
                                    struct diag *diag)
{
    const struct sdf_refused *refused = sdf_attr_refused(element->name, attribute->name);
    struct nearest nearest = { .word = attribute->name };
    char known[256] = "";

    if (refused != NULL) {
        diag_error(diag, attribute->name_pos, "'%s' is not supported: %s", attribute->name,
                   refused->reason);
        diag_help(diag, "%s", refused->help);
        return;
    }
    diag_error(diag, attribute->name_pos, "<%s> has no attribute '%s'", element->name,
               attribute->name);
    for (size_t i = 0; names[i] != NULL; i++) {
        nearest_try(&nearest, names[i]);
        if (strlen(known) + strlen(names[i]) + 3 < sizeof(known)) {
            strcat(known, i > 0 ? ", " : "");
            strcat(known, names[i]);
        }
    }
    if (nearest.best != NULL) {
        diag_help(diag, "did you mean '%s'?", nearest.best);
    } else if (names[0] == NULL) {
        diag_help(diag, "it has no attributes");
    } else {
        diag_help(diag, "known attributes: %s", known);
    }
}

void sdf_attr_allow(const struct xml_element *element, const char *const *names, struct diag *diag)
{
    for (size_t i = 0; i < element->attributes_count; i++) {
        const struct xml_attribute *attribute = &element->attributes[i];
        bool known = sdf_attr_is_old(element->name, attribute->name);

        for (size_t j = 0; names[j] != NULL && !known; j++) {
            known = strcmp(names[j], attribute->name) == 0;
        }
        if (!known) {
            sdf_attr_report_unknown(element, attribute, names, diag);
        }
    }
}

/** The attribute, or NULL after complaining when it is needed and absent. */
static const struct xml_attribute *sdf_attr_get(const struct xml_element *element, const char *name,
                                                enum sdf_need need, struct diag *diag)
{
    const struct xml_attribute *attribute = xml_find_attribute(element, name);

    if (attribute == NULL && need == SDF_REQUIRED) {
        diag_error(diag, element->pos, "<%s> lacks the attribute '%s'", element->name, name);
        diag_help(diag, "add %s=\"...\"", name);
    }
    return attribute;
}

void sdf_attr_string(const struct xml_element *element, const char *name, enum sdf_need need,
                     struct diag *diag, struct sdf_str *out)
{
    const struct xml_attribute *attribute = sdf_attr_get(element, name, need, diag);

    if (attribute == NULL) {
        return;
    }
    if (attribute->value[0] == '\0') {
        diag_error(diag, attribute->name_pos, "'%s' is empty", name);
        diag_help(diag,
                  need == SDF_REQUIRED ? "give it a value" : "give it a value or leave it out");
        return;
    }
    for (const char *at = attribute->value; *at != '\0'; at++) {
        if ((unsigned char)*at < 0x20 || *at == 0x7f) {
            diag_error(diag, attribute->value_pos, "'%s' contains the control character 0x%02x",
                       name, (unsigned)*at);
            diag_help(diag, "write it with printable characters");
            return;
        }
    }
    out->text = alloc_copy(attribute->value, strlen(attribute->value));
    out->pos = attribute->value_pos;
}

static int sdf_attr_digit(char digit)
{
    if (digit >= '0' && digit <= '9') {
        return digit - '0';
    }
    if (digit >= 'a' && digit <= 'f') {
        return digit - 'a' + 10;
    }
    if (digit >= 'A' && digit <= 'F') {
        return digit - 'A' + 10;
    }
    return 16;
}

bool sdf_attr_read_number(const char *text, uint64_t *value)
{
    unsigned base = strncmp(text, "0x", 2) == 0 ? 16 : 10;
    uint64_t result = 0;
    bool any = false;

    for (const char *at = base == 16 ? text + 2 : text; *at != '\0'; at++) {
        unsigned digit = (unsigned)sdf_attr_digit(*at);

        if (*at == '_' && (any || base == 16)) {
            continue;
        }
        if (digit >= base || __builtin_mul_overflow(result, (uint64_t)base, &result) ||
            __builtin_add_overflow(result, (uint64_t)digit, &result)) {
            return false;
        }
        any = true;
    }
    *value = result;
    return any;
}

void sdf_attr_number(const struct xml_element *element, const char *name, enum sdf_need need,
                     struct diag *diag, struct sdf_num *out)
{
    const struct xml_attribute *attribute = sdf_attr_get(element, name, need, diag);

    if (attribute == NULL) {
        return;
    }
    if (!sdf_attr_read_number(attribute->value, &out->value)) {
        diag_error(diag, attribute->value_pos, "'%s' is not a number for '%s'", attribute->value,
                   name);
        diag_help(diag, "write a decimal number, or a hexadecimal one such as 0x200_000, "
                        "below 2 to the power of 64");
        return;
    }
    out->given = true;
    out->pos = attribute->value_pos;
}

bool sdf_attr_read_size(const char *text, uint64_t *value)
{
    static const char suffixes[] = "KMG";
    size_t length = strlen(text);
    const char *suffix = length > 0 ? strchr(suffixes, text[length - 1]) : NULL;
    char *digits = alloc_copy(text, suffix != NULL ? length - 1 : length);
    bool good = sdf_attr_read_number(digits, value);

    for (const char *at = suffixes; good && suffix != NULL && at <= suffix; at++) {
        good = !__builtin_mul_overflow(*value, UINT64_C(1024), value);
    }
    free(digits);
    return good;
}

void sdf_attr_size(const struct xml_element *element, const char *name, enum sdf_need need,
                   struct diag *diag, struct sdf_num *out)
{
    const struct xml_attribute *attribute = sdf_attr_get(element, name, need, diag);
    uint64_t value = 0;

    if (attribute == NULL) {
        return;
    }
    if (!sdf_attr_read_size(attribute->value, &value)) {
        diag_error(diag, attribute->value_pos, "'%s' is not a size for '%s'", attribute->value,
                   name);
        diag_help(diag, "write a number of bytes, or one of K, M or G, such as 256M");
        return;
    }
    out->value = value;
    out->given = true;
    out->pos = attribute->value_pos;
}

size_t sdf_attr_word(const struct xml_element *element, const char *name, const char *const *words,
                     size_t otherwise, struct diag *diag)
{
    const struct xml_attribute *attribute = xml_find_attribute(element, name);
    char known[128] = "";

    if (attribute == NULL) {
        return otherwise;
    }
    for (size_t i = 0; words[i] != NULL; i++) {
        if (strcmp(attribute->value, words[i]) == 0) {
            return i;
        }
        if (strlen(known) + strlen(words[i]) + 7 < sizeof(known)) {
            strcat(known, i > 0 ? " or \"" : "\"");
            strcat(known, words[i]);
            strcat(known, "\"");
        }
    }
    diag_error(diag, attribute->value_pos, "'%s' is not known for '%s'", attribute->value, name);
    diag_help(diag, "write %s", known);
    return otherwise;
}

/** A number behind which a unit stands, in milliseconds. */
static bool sdf_attr_read_time(const char *text, uint64_t *value)
{
    static const struct {
        const char *unit;
        uint64_t ms;
    } units[] = { { "ms", 1 }, { "s", 1000 } };
    char number[24];

    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        size_t unit = strlen(units[i].unit);
        size_t length = strlen(text);

        if (length > unit && length - unit < sizeof(number) &&
            strcmp(text + length - unit, units[i].unit) == 0) {
            memcpy(number, text, length - unit);
            number[length - unit] = '\0';
            if (sdf_attr_read_number(number, value) && *value <= UINT64_MAX / units[i].ms) {
                *value *= units[i].ms;
                return true;
            }
        }
    }
    return false;
}

void sdf_attr_time(const struct xml_element *element, const char *name, enum sdf_need need,
                   struct diag *diag, struct sdf_num *out)
{
    const struct xml_attribute *attribute = sdf_attr_get(element, name, need, diag);
    uint64_t value = 0;

    if (attribute == NULL) {
        return;
    }
    if (strcmp(attribute->value, "none") != 0 && !sdf_attr_read_time(attribute->value, &value)) {
        diag_error(diag, attribute->value_pos, "'%s' is no time", attribute->value);
        diag_help(diag, "write a number with its unit, such as 500ms or 30s, or \"none\"");
        return;
    }
    out->value = value;
    out->given = true;
    out->pos = attribute->value_pos;
}

void sdf_attr_bool(const struct xml_element *element, const char *name, struct diag *diag,
                   bool *out, struct diag_pos *pos)
{
    const struct xml_attribute *attribute = xml_find_attribute(element, name);

    if (attribute == NULL) {
        return;
    }
    if (strcmp(attribute->value, "true") == 0) {
        *out = true;
    } else if (strcmp(attribute->value, "false") == 0) {
        *out = false;
    } else {
        diag_error(diag, attribute->value_pos, "'%s' is neither \"true\" nor \"false\" for '%s'",
                   attribute->value, name);
        diag_help(diag, "write %s=\"true\" or %s=\"false\"", name, name);
        return;
    }
    if (pos != NULL) {
        *pos = attribute->value_pos;
    }
}

void sdf_attr_perms(const struct xml_element *element, struct diag *diag, unsigned *out,
                    struct diag_pos *pos)
{
    const struct xml_attribute *attribute = xml_find_attribute(element, "perms");
    unsigned perms = 0;

    if (attribute == NULL) {
        return;
    }
    for (const char *at = attribute->value; *at != '\0'; at++) {
        unsigned perm = *at == 'r'   ? SDF_PERM_R
                        : *at == 'w' ? SDF_PERM_W
                        : *at == 'x' ? SDF_PERM_X
                                     : 0;

        if (perm == 0 || (perms & perm) != 0) {
            perms = 0;
            break;
        }
        perms |= perm;
    }
    if (perms == 0) {
        diag_error(diag, attribute->value_pos, "'%s' are not permissions", attribute->value);
        diag_help(diag, "write a combination of r, w and x, such as \"rw\"");
        return;
    }
    if (perms == SDF_PERM_W) {
        diag_error(diag, attribute->value_pos, "memory cannot be mapped for writing only");
        diag_help(diag, "write \"rw\"");
        return;
    }
    *out = perms;
    *pos = attribute->value_pos;
}
