/* SPDX-License-Identifier: BSD-2-Clause */
#include "trace.h"

void trace_init(void *base, uint64_t bytes, uint32_t cpus)
{
    uint64_t share = bytes / cpus / 4096 * 4096;
    for (uint32_t i = 0; KERNEL_TRACE && i < cpus; i++) {
        struct bh_trace_buffer *buffer = (struct bh_trace_buffer *)((char *)base + i * share);
        buffer->written = 0;
        buffer->slots = (share - sizeof(*buffer)) / sizeof(struct bh_trace_event);
        cpu_get(i)->trace = share > sizeof(*buffer) ? buffer : NULL;
    }
}

#if KERNEL_TRACE
void trace_event(struct cpu *cpu, enum bh_trace_kind kind, const struct thread *t)
{
    struct bh_trace_buffer *buffer = cpu->trace;
    if (buffer == NULL) {
        return;
    }
    struct bh_trace_event *event = &buffer->events[buffer->written % buffer->slots];
    event->time = arch_now();
    event->thread = t != NULL ? t->id : BH_TRACE_IDLE;
    event->kind = (uint8_t)kind;
    event->priority = t != NULL ? t->priority : 0;
    event->reserved = 0;
    __atomic_store_n(&buffer->written, buffer->written + 1, __ATOMIC_RELEASE);
}
#endif
