/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lowering: what people write (<guest>, with its <image> and <passthrough>) becomes plain
 * protection domains, virtual machines, regions and interrupts, which then pass the ordinary
 * checks. What is made has the place of what asked for it, so that messages point there.
 *
 * Of a guest NAME there is
 *   - NAME.vmm, a protection domain that runs the generic monitor, vmm.elf, with the virtual
 * machine NAME inside of it;
 *   - NAME.ram, NAME.config, and, with devices passed through, NAME.devices and NAME.PATH for the
 *     registers;
 *   - of its image IMAGE.kernel, IMAGE.initrd and IMAGE.dtb, which all guests of the image share.
 * Of <power> there is the protection domain power.
 * Of the <console> there are the protection domains console (the serial virtualiser),
 * console.driver and board.timer, the regions console.uart, console.device and console.config,
 * and of each guest or protection domain that has one NAME.console, its connection; of a guest also
 * NAME.console0, the registers of its virtIO console. Of its named ports there is NAME.port.PORT
 * each, a connection, and NAME.ports1, the registers of their device.
 * docs/description.md says it in full.
 */
#ifndef TOOL_LOWER_H
#define TOOL_LOWER_H

#include "board.h"
#include "diag.h"
#include "sdf.h"
#include "search.h"

struct lower_world {
    /** NULL: what depends on the board is left out, and the result is good for checks only. */
    const struct board *board;
    /** Where the images' files are. */
    const struct search *search;
    /** The value of an environment variable, or NULL: getenv(), and NULL for none. */
    char *(*variable)(const char *name);
};

/**
 * Lower all guests of a description, between sdf_parse() and sdf_prefill(). sdf->guests and
 * sdf->images stay, for those who show them. What is wrong goes to `diag`.
 */
void lower_guests(struct sdf *sdf, const struct lower_world *world, struct diag *diag);

#endif
