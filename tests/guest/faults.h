/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A disk that breaks on purpose (tests/boot/systems/disk-faults), and the guest that reads it: what
 * becomes of a read that begins at one of these sectors.
 */
#ifndef GUEST_FAULTS_H
#define GUEST_FAULTS_H

/** What a good read finds in every byte. */
#define FAULT_PATTERN 0xa5U

#define FAULT_NONE 0U
#define FAULT_ERROR 8U
/** Half of the bytes. */
#define FAULT_SHORT 16U
/** Two answers. */
#define FAULT_TWICE 24U
/** An answer with another's id, and none with its own. */
#define FAULT_WRONG_ID 32U
/** No answer, until it is released. */
#define FAULT_NEVER 40U
/** What was not answered is answered now, even if it was withdrawn. */
#define FAULT_RELEASE 48U
/** No answer, until it is withdrawn: then it is done quickly. */
#define FAULT_WHEN_WITHDRAWN 56U
/** The first word is how often this sector was read. */
#define FAULT_COUNT 64U
/** The driver touches address 0 when it has taken the request, and is restarted. */
#define FAULT_CRASH 72U

#endif
