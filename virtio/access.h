/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Typed access to memory that a guest shares with us. Each call is one access of its width, which
 * the compiler neither repeats, splits nor leaves out; the order that it gives is in its name.
 * Places are naturally aligned: who calls has checked that.
 *
 * The rings are little endian, and so are all machines that this is built for.
 */
#ifndef VIRTIO_ACCESS_H
#define VIRTIO_ACCESS_H

#include <stddef.h>
#include <stdint.h>

#include <virtio/guestmem.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the rings are little endian");

static inline uint16_t access_load16(struct host_ptr base, size_t offset)
{
    return __atomic_load_n((uint16_t *)(void *)(base.ptr + offset), __ATOMIC_RELAXED);
}

static inline uint16_t access_load16_acquire(struct host_ptr base, size_t offset)
{
    return __atomic_load_n((uint16_t *)(void *)(base.ptr + offset), __ATOMIC_ACQUIRE);
}

static inline uint32_t access_load32(struct host_ptr base, size_t offset)
{
    return __atomic_load_n((uint32_t *)(void *)(base.ptr + offset), __ATOMIC_RELAXED);
}

static inline uint64_t access_load64(struct host_ptr base, size_t offset)
{
    return __atomic_load_n((uint64_t *)(void *)(base.ptr + offset), __ATOMIC_RELAXED);
}

static inline void access_store16(struct host_ptr base, size_t offset, uint16_t value)
{
    __atomic_store_n((uint16_t *)(void *)(base.ptr + offset), value, __ATOMIC_RELAXED);
}

static inline void access_store16_release(struct host_ptr base, size_t offset, uint16_t value)
{
    __atomic_store_n((uint16_t *)(void *)(base.ptr + offset), value, __ATOMIC_RELEASE);
}

static inline void access_store32(struct host_ptr base, size_t offset, uint32_t value)
{
    __atomic_store_n((uint32_t *)(void *)(base.ptr + offset), value, __ATOMIC_RELAXED);
}

static inline void access_store64(struct host_ptr base, size_t offset, uint64_t value)
{
    __atomic_store_n((uint64_t *)(void *)(base.ptr + offset), value, __ATOMIC_RELAXED);
}

/** Stores before this are seen before loads behind it are made. */
static inline void access_fence(void)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

#endif
