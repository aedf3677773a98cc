/* SPDX-License-Identifier: BSD-2-Clause */
#include "sdf_check.h"

void sdf_check(struct sdf *sdf, const struct board *board, struct diag *diag)
{
    sdf_check_names(sdf, diag);
    sdf_check_pds(sdf, board, diag);
    sdf_check_vms(sdf, board, diag);
    sdf_check_ids(sdf, diag);
    sdf_check_memory(sdf, board, diag);
    sdf_check_maps(sdf, board, diag);
    sdf_check_pages(sdf, board, diag);
    sdf_check_channels(sdf, diag);
    sdf_check_irqs(sdf, board, diag);
    sdf_check_symbols(sdf, diag);
}
