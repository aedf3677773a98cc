/* SPDX-License-Identifier: BSD-2-Clause */
/* seL4's basic types, for AArch64. */
#ifndef SEL4_SIMPLE_TYPES_H
#define SEL4_SIMPLE_TYPES_H

#include <stdint.h>

typedef int8_t seL4_Int8;
typedef int16_t seL4_Int16;
typedef int32_t seL4_Int32;
typedef int64_t seL4_Int64;
typedef uint8_t seL4_Uint8;
typedef uint16_t seL4_Uint16;
typedef uint32_t seL4_Uint32;
typedef uint64_t seL4_Uint64;

/** A machine word. `unsigned long`, as in seL4, so that %lu and %lx print it. */
typedef unsigned long seL4_Word;
typedef seL4_Word seL4_CPtr;

typedef seL4_CPtr seL4_TCB;
typedef seL4_CPtr seL4_VCPU;
typedef seL4_CPtr seL4_ARM_SMC;

typedef seL4_Int8 seL4_Bool;
#define seL4_True ((seL4_Bool)1)
#define seL4_False ((seL4_Bool)0)
#define seL4_Null 0

#define seL4_WordBits 64
#define seL4_WordSizeBits 3
#define seL4_PageBits 12
#define seL4_LargePageBits 21

#endif
