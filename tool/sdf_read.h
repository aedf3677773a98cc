/* SPDX-License-Identifier: BSD-2-Clause */
/* The parts of the parser: what a <system>, a <protection_domain> and a <guest> hold. */
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

/** Complain about an element that is given more than once where one is allowed. */
void sdf_read_twice(const struct xml_element *element, struct diag *diag);

/** Read budget= and period=; a period that is not given is the budget. */
void sdf_read_budget(const struct xml_element *element, struct diag *diag, struct sdf_num *budget,
                     struct sdf_num *period);

/** Read an <image>. */
void sdf_read_image(const struct xml_element *element, struct sdf *sdf, struct diag *diag);

/** Read the <console> of a system. */
void sdf_read_console(const struct xml_element *element, struct sdf *sdf, struct diag *diag);

/** Read a <disk> of a system. */
void sdf_read_disk(const struct xml_element *element, struct sdf *sdf, struct diag *diag);

/** Read a <disk> of a guest. */
void sdf_read_guest_disk(const struct xml_element *element, struct diag *diag,
                         struct sdf_guest *guest);

/** Read a <network>. */
void sdf_read_network(const struct xml_element *element, struct sdf *sdf, struct diag *diag);

/** Read a <trunk>. */
void sdf_read_trunk(const struct xml_element *element, struct sdf *sdf, struct diag *diag);

/** Read the <net> of a <guest>. */
void sdf_read_net(const struct xml_element *element, struct diag *diag, struct sdf_guest *guest);

/** Read a <guest> with all that is inside. */
void sdf_read_guest(const struct xml_element *element, struct sdf *sdf, struct diag *diag);

/** Read a PD with all that is inside; `parent` is an index, or SDF_NONE. */
void sdf_read_pd(const struct xml_element *element, size_t parent, struct sdf *sdf,
                 struct diag *diag);

#endif
