/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Speaks to its twin in another guest, over UDP and TCP. The twin, `net-probe server`, echoes
 * packets and swallows streams; `net-probe client 10.0.0.1` measures against it, in phases that a
 * debugger outside the machine tells apart: each begins and ends at a label, probe_mark_<n>. Prints
 * `net: done`, or which system call failed. Without a C library.
 *
 *     marks 0-1   NET_ROUNDS packets of 64 bytes go and come back, one at a time
 *           2-3   NET_STREAM bytes of TCP to the twin, with the offloads of the device
 *           4-5   NET_STREAM bytes without them at either end
 *           6-7   one such round
 *           10-11 NET_STREAM bytes of TCP from the twin, with the offloads
 *           8     the twin has 128 KiB more of a stream without an end
 *
 * `net-probe load ADDRESS` sends the twin a stream without an end, and `net-probe plain ADDRESS`
 * one without the offloads.
 *
 * `net-probe stream ADDRESS MEGABYTES` sends so many to the twin and gets as many at the same time,
 * both of a pseudo-random sequence that is checked. It prints `net: MEGABYTES MiB, so far right`
 * after the first one and after each 16, and `net: streamed` at the end. With a further number it
 * resets the machine after so many MiB; with `panic` behind that the kernel panics instead.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "call.h"
#include "mark.h"
#include "sequence.h"
#include "start.h"

/** Of Linux's ABI for arm64. */
#define NET_IOCTL 29
#define NET_OPEN 56
#define NET_CLOSE 57
#define NET_READ 63
#define NET_SOCKET 198
#define NET_BIND 200
#define NET_LISTEN 201
#define NET_ACCEPT 202
#define NET_CONNECT 203
#define NET_SENDTO 206
#define NET_RECVFROM 207
#define NET_CLONE 220
#define NET_WAIT 260
#define NET_SIGCHLD 17
#define NET_WRITE_ONLY 1
#define NET_AF_INET 2
#define NET_STREAM_SOCKET 1
#define NET_DATAGRAM_SOCKET 2
#define NET_SIOCETHTOOL 0x8946
#define NET_STXCSUM 0x17u

#define NET_UDP_PORT 5000
#define NET_TCP_PORT 5001
#define NET_PACKET 64
#define NET_ROUNDS 512
#define NET_WARM_UP 64
#define NET_CHUNK 0x20000
#define NET_MIB (1L << 20)
#define NET_STREAM (16L << 20)
#define NET_STREAM_WARM_UP (4L << 20)
/** Instead of a number of bytes: do without offloads from now on; echo a sequence; there is no end;
 *  send as many bytes as the number behind it says. */
#define NET_PLAIN (-1L)
#define NET_CHECKED (-2L)
#define NET_ENDLESS (-3L)
#define NET_BACK (-4L)

/** Linux's struct sockaddr_in, of which port and address are big-endian. */
struct net_address {
    uint16_t family;
    uint8_t port[2];
    uint8_t host[4];
    uint64_t zero;
};

/** Linux's struct ifreq and struct ethtool_value. */
struct net_request {
    char name[16];
    void *data;
    uint64_t reserved;
};

struct net_value {
    uint32_t command;
    uint32_t value;
};

__attribute__((used)) void net_main(const long *stack);

static uint8_t net_buffer[NET_CHUNK] __attribute__((aligned(4096)));
static uint8_t net_other[NET_CHUNK] __attribute__((aligned(4096)));

/** Says how it went, and stays: init must not end. */
static void net_end(const char *text, long bytes)
{
    (void)call_6(CALL_WRITE, 1, (long)text, bytes, 0, 0, 0);
    for (;;) {
        (void)call_6(CALL_PAUSE, 0, 0, 0, 0, 0, 0);
    }
}

#define NET_END(text) net_end("net: " text "\n", sizeof("net: " text "\n") - 1)

static struct net_address net_address(unsigned port, const uint8_t host[4])
{
    struct net_address to = { .family = NET_AF_INET,
                              .port = { (uint8_t)(port >> 8), (uint8_t)port } };

    for (int i = 0; i < 4 && host != NULL; i++) {
        to.host[i] = host[i];
    }
    return to;
}

static long net_socket(long kind)
{
    long fd = call_6(NET_SOCKET, NET_AF_INET, kind, 0, 0, 0, 0);

    if (fd < 0) {
        NET_END("no socket");
    }
    return fd;
}

static long net_connect(long kind, unsigned port, const uint8_t host[4])
{
    struct net_address to = net_address(port, host);
    long fd;

    for (;;) {
        fd = net_socket(kind);
        if (call_6(NET_CONNECT, fd, (long)&to, sizeof(to), 0, 0, 0) == 0) {
            return fd;
        }
        /* The twin may not be there yet. */
        (void)call_6(NET_CLOSE, fd, 0, 0, 0, 0, 0);
    }
}

static long net_bound(long kind, unsigned port)
{
    struct net_address own = net_address(port, NULL);
    long fd = net_socket(kind);

    if (call_6(NET_BIND, fd, (long)&own, sizeof(own), 0, 0, 0) != 0) {
        NET_END("bind failed");
    }
    return fd;
}

static void net_write_all(long fd, const void *from, long bytes)
{
    for (long done = 0; done < bytes;) {
        long part = call_6(CALL_WRITE, fd, (long)from + done, bytes - done, 0, 0, 0);

        if (part <= 0) {
            NET_END("write failed");
        }
        done += part;
    }
}

static void net_read_all(long fd, void *to, long bytes)
{
    for (long done = 0; done < bytes;) {
        long part = call_6(NET_READ, fd, (long)to + done, bytes - done, 0, 0, 0);

        if (part <= 0) {
            NET_END("read failed");
        }
        done += part;
    }
}

/** Checksums by software, and so no segmentation by the device either. */
static void net_do_without(long fd)
{
    struct net_value value = { .command = NET_STXCSUM };
    struct net_request request = { .name = "eth0", .data = &value };

    if (call_6(NET_IOCTL, fd, NET_SIOCETHTOOL, (long)&request, 0, 0, 0) != 0) {
        NET_END("the offloads stay");
    }
}

static void net_check(uint64_t *state, const void *at)
{
    if (!sequence_is(state, at, NET_CHUNK)) {
        NET_END("the stream is not what was sent");
    }
}

static void net_print(const char *text)
{
    long bytes = 0;

    while (text[bytes] != '\0') {
        bytes++;
    }
    (void)call_6(CALL_WRITE, 1, (long)text, bytes, 0, 0, 0);
}

/** What is to become of a stream in both directions. */
struct net_task {
    long bytes;
    uint64_t send;
    uint64_t expect;
    /** Says how it goes; NULL: nothing is said. */
    const char *name;
    /** Reset the machine when so many bytes were received; 0: never. */
    long reset;
    /** The kernel panics instead. */
    bool panic;
};

/**
 * The machine ends at once, its devices in the midst of their work. Not by reboot(): before that
 * Linux 6.1.192 marks the queues broken, and may then look for ever for a frame that was sent.
 */
static void net_leave(bool panic)
{
    long fd = call_6(NET_OPEN, 0, (long)"/proc/sysrq-trigger", NET_WRITE_ONLY, 0, 0, 0);

    net_write_all(fd, panic ? "c" : "b", 1);
}

static void net_progress(const struct net_task *task, long done)
{
    if (task->name != NULL && (done == NET_MIB || done % (16 * NET_MIB) == 0)) {
        net_print("net: ");
        net_print(task->name);
        net_print(" MiB, so far right\n");
    }
    if (done == task->reset) {
        net_leave(task->panic);
    }
}

/** Send and check sequences, each in a process of its own. Returns when both are through. */
static void net_both_ways(long fd, struct net_task task)
{
    uint8_t through = 0;
    long child = call_6(NET_CLONE, NET_SIGCHLD, 0, 0, 0, 0, 0);

    if (child < 0) {
        NET_END("no second process");
    }
    if (child == 0) {
        for (long done = 0; done < task.bytes; done += NET_CHUNK) {
            sequence_fill(&task.send, net_buffer, NET_CHUNK);
            net_write_all(fd, net_buffer, NET_CHUNK);
        }
        (void)call_6(CALL_EXIT, 0, 0, 0, 0, 0, 0);
    }
    for (long done = NET_CHUNK; done <= task.bytes; done += NET_CHUNK) {
        net_read_all(fd, net_other, NET_CHUNK);
        net_check(&task.expect, net_other);
        net_progress(&task, done);
    }
    /* Behind all that the child sends: this end has all, and knows that it was right. */
    (void)call_6(NET_WAIT, child, 0, 0, 0, 0, 0);
    net_write_all(fd, &through, 1);
    net_read_all(fd, &through, 1);
}

/** Swallows a stream without an end. */
static __attribute__((noinline)) void net_swallow(long fd)
{
    net_print("net: swallows\n");
    for (;;) {
        net_read_all(fd, net_buffer, NET_CHUNK);
        MARK_AT(8);
    }
}

static void net_serve_connection(long fd)
{
    for (;;) {
        long bytes = 0;
        long done = 0;

        while (done < (long)sizeof(bytes)) {
            long part =
                call_6(NET_READ, fd, (long)&bytes + done, (long)sizeof(bytes) - done, 0, 0, 0);

            if (part <= 0) {
                (void)call_6(NET_CLOSE, fd, 0, 0, 0, 0, 0);
                return;
            }
            done += part;
        }
        if (bytes == NET_PLAIN) {
            net_do_without(fd);
            bytes = 0;
        } else if (bytes == NET_CHECKED) {
            net_read_all(fd, &bytes, sizeof(bytes));
            net_both_ways(fd, (struct net_task){ .bytes = bytes, .send = 2, .expect = 1 });
            continue;
        } else if (bytes == NET_ENDLESS) {
            net_swallow(fd);
        } else if (bytes == NET_BACK) {
            net_read_all(fd, &bytes, sizeof(bytes));
            for (; bytes > 0; bytes -= NET_CHUNK) {
                net_write_all(fd, net_buffer, NET_CHUNK);
            }
            continue;
        }
        while (bytes > 0) {
            long part = call_6(NET_READ, fd, (long)net_buffer,
                               bytes < NET_CHUNK ? bytes : NET_CHUNK, 0, 0, 0);

            if (part <= 0) {
                (void)call_6(NET_CLOSE, fd, 0, 0, 0, 0, 0);
                return;
            }
            bytes -= part;
        }
        net_write_all(fd, net_buffer, 1);
    }
}

static void net_serve_streams(void)
{
    long tcp = net_bound(NET_STREAM_SOCKET, NET_TCP_PORT);

    if (call_6(NET_LISTEN, tcp, 4, 0, 0, 0, 0) != 0) {
        NET_END("listen failed");
    }
    for (;;) {
        long fd = call_6(NET_ACCEPT, tcp, 0, 0, 0, 0, 0);

        if (fd < 0) {
            NET_END("accept failed");
        }
        /* Each has a process of its own, which a peer that is gone may keep for ever. */
        if (call_6(NET_CLONE, NET_SIGCHLD, 0, 0, 0, 0, 0) == 0) {
            net_serve_connection(fd);
            NET_END("a connection ended");
        }
        (void)call_6(NET_CLOSE, fd, 0, 0, 0, 0, 0);
    }
}

static void net_server(void)
{
    long udp = net_bound(NET_DATAGRAM_SOCKET, NET_UDP_PORT);

    if (call_6(NET_CLONE, NET_SIGCHLD, 0, 0, 0, 0, 0) == 0) {
        net_serve_streams();
    }
    for (;;) {
        struct net_address from;
        uint32_t bytes = sizeof(from);
        long part =
            call_6(NET_RECVFROM, udp, (long)net_buffer, NET_CHUNK, 0, (long)&from, (long)&bytes);

        if (part >= 0) {
            (void)call_6(NET_SENDTO, udp, (long)net_buffer, part, 0, (long)&from, bytes);
        }
    }
}

/** Each round has marks of its own. */
static __attribute__((noinline)) void net_rounds(long fd, long count)
{
    for (long i = 0; i < count; i++) {
        MARK_AT(6);
        net_write_all(fd, net_buffer, NET_PACKET);
        net_read_all(fd, net_buffer, NET_PACKET);
        MARK_AT(7);
    }
}

static void net_say(long fd, long bytes)
{
    net_write_all(fd, &bytes, sizeof(bytes));
}

/** A stream, of which the twin has all at the end. */
static void net_stream(long fd, long bytes)
{
    uint8_t answer;

    net_say(fd, bytes);
    for (long left = bytes > 0 ? bytes : 0; left > 0; left -= NET_CHUNK) {
        net_write_all(fd, net_buffer, NET_CHUNK);
    }
    net_read_all(fd, &answer, 1);
}

/** A stream from the twin; `bytes` is a multiple of NET_CHUNK. */
static void net_stream_back(long fd, long bytes)
{
    net_say(fd, NET_BACK);
    net_say(fd, bytes);
    for (long left = bytes; left > 0; left -= NET_CHUNK) {
        net_read_all(fd, net_buffer, NET_CHUNK);
    }
}

static void net_client(const uint8_t host[4])
{
    long tcp = net_connect(NET_STREAM_SOCKET, NET_TCP_PORT, host);
    long udp = net_connect(NET_DATAGRAM_SOCKET, NET_UDP_PORT, host);

    net_rounds(udp, NET_WARM_UP);
    MARK_AT(0);
    net_rounds(udp, NET_ROUNDS);
    MARK_AT(1);
    net_stream(tcp, NET_STREAM_WARM_UP);
    MARK_AT(2);
    net_stream(tcp, NET_STREAM);
    MARK_AT(3);
    net_stream_back(tcp, NET_STREAM_WARM_UP);
    MARK_AT(10);
    net_stream_back(tcp, NET_STREAM);
    MARK_AT(11);
    net_do_without(tcp);
    net_stream(tcp, NET_PLAIN);
    net_stream(tcp, NET_STREAM_WARM_UP);
    MARK_AT(4);
    net_stream(tcp, NET_STREAM);
    MARK_AT(5);
    NET_END("done");
}

/** A stream without an end, when the twin and the way to it are warm. */
static void net_load(const uint8_t host[4], bool plain)
{
    long tcp = net_connect(NET_STREAM_SOCKET, NET_TCP_PORT, host);

    if (plain) {
        net_do_without(tcp);
        net_stream(tcp, NET_PLAIN);
    }
    net_stream(tcp, NET_STREAM_WARM_UP);
    net_say(tcp, NET_ENDLESS);
    for (;;) {
        net_write_all(tcp, net_buffer, NET_CHUNK);
    }
}

/** A number at *at, which goes to behind it and one character more. */
static long net_number(const char **at)
{
    long number = 0;

    for (; **at >= '0' && **at <= '9'; (*at)++) {
        number = number * 10 + (**at - '0');
    }
    (*at) += **at != '\0';
    return number;
}

void net_main(const long *stack)
{
    const char *const *arguments = (const char *const *)(stack + 1);
    uint8_t host[4];

    if (stack[0] < 3) {
        net_server();
    }
    const char *at = arguments[2];
    for (int i = 0; i < 4; i++) {
        host[i] = (uint8_t)net_number(&at);
    }
    const char *role = arguments[1];
    if (role[0] == 'l' || role[0] == 'p') {
        net_load(host, role[0] == 'p');
    }
    if (stack[0] < 4) {
        net_client(host);
    }
    struct net_task task = { .send = 1, .expect = 2, .name = arguments[3] };
    at = arguments[3];
    task.bytes = net_number(&at) * NET_MIB;
    if (stack[0] > 4) {
        at = arguments[4];
        task.reset = net_number(&at) * NET_MIB;
        task.panic = stack[0] > 5;
    }
    long tcp = net_connect(NET_STREAM_SOCKET, NET_TCP_PORT, host);
    net_say(tcp, NET_CHECKED);
    net_say(tcp, task.bytes);
    net_both_ways(tcp, task);
    NET_END("streamed");
}

START_WITH(net_main);
