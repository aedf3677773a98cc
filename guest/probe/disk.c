/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reads and writes a disk, /dev/vda, past the page cache (O_DIRECT), in phases that a debugger
 * outside the machine tells apart: each begins and ends at a label of its own, probe_mark_<n>.
 * Prints `disk: done`, or which system call failed. Without a C library.
 *
 *     marks 0-1   DISK_COUNT reads of 4 KiB, one at a time
 *           2-3   DISK_COUNT reads of 64 KiB
 *           4-5   DISK_COUNT writes of 4 KiB
 *           6-7   DISK_COUNT writes of 64 KiB
 *           8-9   DISK_DEEP reads of 4 KiB, DISK_DEPTH of them with the disk all the time
 *
 * The last are of every second block, so that Linux does not make one request of several. With the
 * argument `alone` or `deep` it prints `disk: begins` after the warm-up and then reads 4 KiB for
 * ever, one at a time or with DISK_DEPTH in flight. With `bench` it does none of these phases, but
 * times more transfers of each kind by itself and prints
 *
 *     disk: FIGURE OPERATIONS TICKS
 *
 * probe_step is before each transfer of the first four phases, probe_answer at each answer of the
 * last: labels without an instruction of their own.
 */
#include <stddef.h>
#include <stdint.h>

#include "call.h"
#include "line.h"
#include "mark.h"
#include "start.h"

/** Of Linux's ABI for arm64. */
#define DISK_IO_SETUP 0
#define DISK_IO_SUBMIT 2
#define DISK_IO_GETEVENTS 4
#define DISK_OPENAT 56
#define DISK_PREAD 67
#define DISK_PWRITE 68
#define DISK_AT_FDCWD (-100)
#define DISK_IO_PREAD 0
#define DISK_IO_PWRITE 1
#define DISK_O_RDWR 2
#define DISK_O_DIRECT 0200000

#define DISK_SMALL 4096
#define DISK_LARGE 65536
#define DISK_COUNT 40
#define DISK_WARM_UP 256
#define DISK_DEPTH 32
#define DISK_DEEP 640
/** Transfers of a figure. */
#define DISK_FIGURE 1024

/** Linux's struct iocb and struct io_event (include/uapi/linux/aio_abi.h). */
struct disk_iocb {
    uint64_t data;
    uint32_t key;
    uint32_t flags;
    uint16_t opcode; /* DISK_IO_PREAD or DISK_IO_PWRITE */
    int16_t priority;
    uint32_t fd;
    uint64_t buffer;
    uint64_t bytes;
    int64_t offset;
    uint64_t reserved[2];
};

struct disk_event {
    uint64_t data;
    uint64_t object;
    int64_t result;
    int64_t result2;
};

void disk_main(const uint64_t *stack);

static uint8_t disk_buffer[DISK_LARGE * 2] __attribute__((aligned(DISK_LARGE)));
static uint8_t disk_deep_buffer[DISK_LARGE * DISK_DEPTH] __attribute__((aligned(DISK_LARGE)));
static struct disk_iocb disk_iocbs[DISK_DEPTH];
static struct disk_iocb *disk_list[DISK_DEPTH];
static struct disk_event disk_events[DISK_DEPTH];

/** Says how it went, and stays: init must not end. */
static void disk_end(const char *text, long bytes)
{
    (void)call_5(CALL_WRITE, 1, (long)text, bytes, 0, 0);
    for (;;) {
        (void)call_5(CALL_PAUSE, 0, 0, 0, 0, 0);
    }
}

#define DISK_END(text) disk_end("disk: " text "\n", sizeof("disk: " text "\n") - 1)

/** Not inlined, so that there is one label. */
static __attribute__((noinline)) void disk_run(long call, long fd, long bytes, long count)
{
    for (long i = 0; i < count; i++) {
        MARK_NAME(probe_step);
        if (call_5(call, fd, (long)disk_buffer, bytes, i * bytes, 0) != bytes) {
            DISK_END("a transfer failed");
        }
    }
}

static void disk_submit(uint64_t context, long count)
{
    if (call_5(DISK_IO_SUBMIT, (long)context, count, (long)disk_list, 0, 0) != count) {
        DISK_END("io_submit failed");
    }
}

/** `count` transfers in all; what was answered is sent again at once. */
static __attribute__((noinline)) void disk_deep(uint64_t context, long fd, uint16_t opcode,
                                                long bytes, long count)
{
    long sent = DISK_DEPTH;
    long answered = 0;

    for (long i = 0; i < DISK_DEPTH; i++) {
        disk_iocbs[i] = (struct disk_iocb){
            .opcode = opcode,
            .fd = (uint32_t)fd,
            .buffer = (uint64_t)(disk_deep_buffer + i * bytes),
            .bytes = (uint64_t)bytes,
            .offset = i * bytes * 2,
        };
        disk_list[i] = &disk_iocbs[i];
    }
    disk_submit(context, DISK_DEPTH);
    while (answered < count) {
        long got = call_5(DISK_IO_GETEVENTS, (long)context, 1, DISK_DEPTH, (long)disk_events, 0);
        long again = 0;

        if (got < 1) {
            DISK_END("io_getevents failed");
        }
        for (long i = 0; i < got; i++) {
            MARK_NAME(probe_answer);
            if (disk_events[i].result != bytes) {
                DISK_END("a transfer failed");
            }
            if (sent < count) {
                disk_list[again++] = (struct disk_iocb *)disk_events[i].object;
                sent++;
            }
        }
        answered += got;
        if (again > 0) {
            disk_submit(context, again);
        }
    }
}

/** Does not return. */
static void disk_for_ever(char how, uint64_t context, long fd)
{
    static const char begins[] = "disk: begins\n";

    (void)call_5(CALL_WRITE, 1, (long)begins, sizeof(begins) - 1, 0, 0);
    for (;;) {
        if (how == 'd') {
            disk_deep(context, fd, DISK_IO_PREAD, DISK_SMALL, INT64_MAX);
        } else {
            disk_run(DISK_PREAD, fd, DISK_SMALL, DISK_WARM_UP);
        }
    }
}

/** A figure: first some transfers that are not counted. */
static void disk_time(const char *name, uint64_t context, long fd, uint16_t opcode, long bytes)
{
    char text[LINE_BYTES];
    uint64_t begun = 0;

    for (int counted = 0; counted < 2; counted++) {
        begun = line_ticks();
        if (context != 0) {
            disk_deep(context, fd, opcode, bytes, DISK_FIGURE);
        } else {
            disk_run(opcode == DISK_IO_PREAD ? DISK_PREAD : DISK_PWRITE, fd, bytes, DISK_FIGURE);
        }
    }
    uint64_t ticks = line_ticks() - begun;
    size_t at = line_text(text, 0, "disk: ");
    at = line_text(text, at, name);
    at = line_number(text, at, DISK_FIGURE);
    at = line_number(text, at, ticks);
    at = line_text(text, at, "\n");
    (void)call_5(CALL_WRITE, 1, (long)text, (long)at, 0, 0);
}

static void disk_bench(uint64_t context, long fd)
{
    disk_time("block_read_4k", 0, fd, DISK_IO_PREAD, DISK_SMALL);
    disk_time("block_write_4k", 0, fd, DISK_IO_PWRITE, DISK_SMALL);
    disk_time("block_read_64k", 0, fd, DISK_IO_PREAD, DISK_LARGE);
    disk_time("block_write_64k", 0, fd, DISK_IO_PWRITE, DISK_LARGE);
    disk_time("block_read_4k_deep", context, fd, DISK_IO_PREAD, DISK_SMALL);
    disk_time("block_write_4k_deep", context, fd, DISK_IO_PWRITE, DISK_SMALL);
    disk_time("block_read_64k_deep", context, fd, DISK_IO_PREAD, DISK_LARGE);
    disk_time("block_write_64k_deep", context, fd, DISK_IO_PWRITE, DISK_LARGE);
    DISK_END("done");
}

void disk_main(const uint64_t *stack)
{
    uint64_t context = 0;
    long fd =
        call_5(DISK_OPENAT, DISK_AT_FDCWD, (long)"/dev/vda", DISK_O_RDWR | DISK_O_DIRECT, 0, 0);

    if (fd < 0 || call_5(DISK_IO_SETUP, DISK_DEPTH, (long)&context, 0, 0, 0) != 0) {
        DISK_END("no disk");
    }
    disk_run(DISK_PREAD, fd, DISK_LARGE, DISK_WARM_UP);
    disk_run(DISK_PREAD, fd, DISK_SMALL, DISK_WARM_UP);
    if (stack[0] > 1) {
        char how = *(const char *)stack[2];

        if (how == 'b') {
            disk_bench(context, fd);
        }
        disk_for_ever(how, context, fd);
    }
    MARK_AT(0);
    disk_run(DISK_PREAD, fd, DISK_SMALL, DISK_COUNT);
    MARK_AT(1);
    disk_run(DISK_PREAD, fd, DISK_LARGE, DISK_WARM_UP);
    MARK_AT(2);
    disk_run(DISK_PREAD, fd, DISK_LARGE, DISK_COUNT);
    MARK_AT(3);
    disk_run(DISK_PWRITE, fd, DISK_SMALL, DISK_WARM_UP);
    MARK_AT(4);
    disk_run(DISK_PWRITE, fd, DISK_SMALL, DISK_COUNT);
    MARK_AT(5);
    disk_run(DISK_PWRITE, fd, DISK_LARGE, DISK_WARM_UP);
    MARK_AT(6);
    disk_run(DISK_PWRITE, fd, DISK_LARGE, DISK_COUNT);
    MARK_AT(7);
    disk_deep(context, fd, DISK_IO_PREAD, DISK_SMALL, DISK_DEPTH * 8L);
    MARK_AT(8);
    disk_deep(context, fd, DISK_IO_PREAD, DISK_SMALL, DISK_DEEP);
    MARK_AT(9);
    DISK_END("done");
}

START_WITH(disk_main);
