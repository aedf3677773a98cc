/* SPDX-License-Identifier: BSD-2-Clause */
/* Source lines of addresses, asked of binutils' or LLVM's addr2line where there is one. */
#ifndef TOOL_LINES_H
#define TOOL_LINES_H

#include <stdint.h>

/**
 * "file:line" of an address in an ELF file, to be freed; NULL when it is not known, or there is no
 * addr2line.
 */
char *lines_find(const char *elf, uint64_t addr);

#endif
