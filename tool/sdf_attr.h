/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reads attributes of elements into the fields of the model. A value that is wrong is reported,
 * and the field keeps its default.
 */
#ifndef TOOL_SDF_ATTR_H
#define TOOL_SDF_ATTR_H

#include "diag.h"
#include "sdf.h"
#include "xml.h"

enum sdf_need {
    SDF_OPTIONAL,
    SDF_REQUIRED,
};

/**
 * The list `names` (ended by NULL) is all that the element may have; report what is not. The old
 * spelling is accepted.
 */
void sdf_attr_allow(const struct xml_element *element, const char *const *names, struct diag *diag);

/** A text that is not empty. */
void sdf_attr_string(const struct xml_element *element, const char *name, enum sdf_need need,
                     struct diag *diag, struct sdf_str *out);

/** A number; `out->value` is the default beforehand. */
void sdf_attr_number(const struct xml_element *element, const char *name, enum sdf_need need,
                     struct diag *diag, struct sdf_num *out);

/** A size in bytes: a number that K, M or G may follow. */
void sdf_attr_size(const struct xml_element *element, const char *name, enum sdf_need need,
                   struct diag *diag, struct sdf_num *out);

/** A time in milliseconds: a number with `ms` or `s` behind it, or "none", which is 0. */
void sdf_attr_time(const struct xml_element *element, const char *name, enum sdf_need need,
                   struct diag *diag, struct sdf_num *out);

/** "true" or "false"; `*out` is the default beforehand. `*pos` is set when it is given. */
void sdf_attr_bool(const struct xml_element *element, const char *name, struct diag *diag,
                   bool *out, struct diag_pos *pos);

/**
 * One of `words` (ended by NULL): returns its index, or `otherwise` when the attribute is absent,
 * or wrong, which is reported.
 */
size_t sdf_attr_word(const struct xml_element *element, const char *name, const char *const *words,
                     size_t otherwise, struct diag *diag);

/** Rights of a mapping. `*pos` is set when they are given. */
void sdf_attr_perms(const struct xml_element *element, struct diag *diag, unsigned *out,
                    struct diag_pos *pos);

/** Read a number as the format has it: decimal or 0x, with '_' anywhere behind the first digit. */
bool sdf_attr_read_number(const char *text, uint64_t *value);

/** Read a size: a number of bytes, or one of K, M or G (1024 each), such as 256M. */
bool sdf_attr_read_size(const char *text, uint64_t *value);

#endif
