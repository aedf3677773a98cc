/* SPDX-License-Identifier: BSD-2-Clause */
/* The two halves of the parser: what a <system> holds, and what a <protection_domain> holds. */
#ifndef TOOL_SDF_READ_H
#define TOOL_SDF_READ_H

#include "diag.h"
#include "sdf.h"
#include "xml.h"

/** Complain about `child`, which its parent may not hold; `names` (ended by NULL) is what it may.
 */
void sdf_read_unknown(const struct xml_element *child, const char *const *names, struct diag *diag);

/** Complain about every child of an element that holds none. */
void sdf_read_no_children(const struct xml_element *element, struct diag *diag);

/** Read a PD with all that is inside; `parent` is an index, or SDF_NONE. */
void sdf_read_pd(const struct xml_element *element, size_t parent, struct sdf *sdf,
                 struct diag *diag);

#endif
