/* SPDX-License-Identifier: BSD-2-Clause */
/* What the guest's virtIO devices count, shown to who sees the machine's memory. */
#ifndef VMM_VIRTIO_STATISTICS_H
#define VMM_VIRTIO_STATISTICS_H

#include "virtio.h"

/** Put the devices, which have been made, into the directory (<bulkhead/statistics.h>). */
void virtio_statistics_show(const struct virtio *virtio);

#endif
