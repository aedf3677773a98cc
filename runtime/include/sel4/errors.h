/* SPDX-License-Identifier: BSD-2-Clause */
/* seL4's error numbers, for the functions of <sel4/functions.h>. */
#ifndef SEL4_ERRORS_H
#define SEL4_ERRORS_H

typedef enum {
    /** Done. */
    seL4_NoError = 0,
    /** A number is out of its range. */
    seL4_InvalidArgument,
    /** The capability's number is not one that <microkit.h> makes, or names no child. */
    seL4_InvalidCapability,
    /** The object is not in a state in which this can be done. */
    seL4_IllegalOperation,
    seL4_RangeError,
    seL4_AlignmentError,
    seL4_FailedLookup,
    seL4_TruncatedMessage,
    seL4_DeleteFirst,
    seL4_RevokeFirst,
    seL4_NotEnoughMemory,
} seL4_Error;

#endif
