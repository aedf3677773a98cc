/* SPDX-License-Identifier: BSD-2-Clause */
/* A guest's load or store that stage 2 did not let through, decoded. */
#ifndef VMM_ACCESS_H
#define VMM_ACCESS_H

#include <stdbool.h>
#include <stdint.h>

struct access {
    /** Index of the vCPU in its VM. */
    uint32_t vcpu;
    /** Width: 1, 2, 4 or 8. */
    uint32_t bytes;
    bool store;
    /** From the first byte of the device. The whole access lies within the device. */
    uint64_t offset;
    /** What is stored; after a load, what was read. Bits beyond the width are zero or ignored. */
    uint64_t value;
    /** Set by a device that may have something to do now besides the answer: output, requests. */
    bool work;
};

enum access_result {
    /** Done; `value` holds what a load reads. */
    ACCESS_DONE,
    /** There is nothing: the guest gets an external abort. */
    ACCESS_ABORT,
    /** Not yet: the vCPU waits, and who has it wait resumes it, to make the access again. */
    ACCESS_WAIT,
};

/** What a device does with an access. `cookie` is what it was registered with. */
typedef enum access_result (*access_handler)(void *cookie, struct access *access);

#endif
