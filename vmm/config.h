/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a guest is like, as the generic VMM program reads it from its region `config`: text, one
 * setting a line, a word and its values separated by blanks; `#` starts a comment.
 *
 *     name WORD                     the guest's name
 *     bootargs TEXT...              the kernel's command line: the rest of the line
 *     gic VERSION ADDRESS ADDRESS   2: distributor, CPU interface; 3: distributor, redistributors
 *     irq INTID CHANNEL             a passed-through interrupt; CHANNEL is the VMM's `<irq>` of it
 *     uart ADDRESS INTID            the UART that the VMM makes (uart.h); INTID is a free one
 *     virtio KIND ADDRESS INTID CHANNEL
 *                                   a virtIO device that the VMM makes: its register page, a free
 *                                   INTID, and the channel of its doorbell
 *     port NAME ADDRESS BYTES CHANNEL [client]
 *                                   a named port: its connection (stream.h) and its channel;
 *                                   `client`: the other end is a guest's port, too, and serves
 *     terminal COLUMNS ROWS         the size of the terminal behind the virtIO console
 *     net CHANNEL MAC MTU PORT-CHANNEL MEMORY BUFFERS NUMBER READABLE [direct]
 *                                   of the network device with that doorbell: its address, its
 *                                   largest packet, and its port of the switch (io/net/client.h):
 *                                   channel, memory, where port 0's buffers would be mapped, its
 *                                   number, and the ports whose buffers are mapped, as bits;
 *                                   `direct`: the switch has the guest's memory, and is called
 *     block CHANNEL BLOCK-CHANNEL MEMORY BYTES
 *                                   of the disk with that doorbell: its connection
 *                                   (io/block/client.h), channel and memory
 *     crash stop                    after a crash the guest stays off, as without this line
 *     crash restart [NUMBER]        it is started again, at most NUMBER times
 *     power CHANNEL                 who is told when the guest is off and will stay so
 *     smc FUNCTION                  a firmware function that the guest may call
 *
 * Numbers are decimal, or hexadecimal with 0x. A line `gic` stands for each version that the
 * guest can run with; the machine's version is taken. `irq`, `virtio`, `port` and `smc` can be
 * there several times.
 */
#ifndef VMM_CONFIG_H
#define VMM_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CONFIG_NAME_BYTES 64
/** Linux's COMMAND_LINE_SIZE on arm64. */
#define CONFIG_BOOTARGS_BYTES 2048
#define CONFIG_UNLIMITED UINT32_MAX
#define CONFIG_MAX_SMC 16
#define CONFIG_MAX_IRQS 62
#define CONFIG_MAX_VIRTIO 32
#define CONFIG_KIND_BYTES 16
#define CONFIG_MAX_PORTS 15
/** A port's name, with its zero. */
#define CONFIG_PORT_BYTES 65
#define CONFIG_MAX_NET 2
#define CONFIG_MAX_BLOCKS 4
#define CONFIG_MAC_BYTES 6

struct config_gic {
    bool given;
    uint64_t distributor;
    uint64_t interface; /* CPU interface or redistributors */
};

struct config_irq {
    uint32_t intid; /* the guest's */
    uint32_t channel;
};

struct config_virtio {
    char kind[CONFIG_KIND_BYTES];
    uint64_t address;
    uint32_t intid;
    uint32_t channel;
};

struct config_port {
    char name[CONFIG_PORT_BYTES];
    uint64_t address;
    uint64_t bytes;
    uint32_t channel;
    bool client;
};

struct config_net {
    uint32_t doorbell;
    uint8_t mac[CONFIG_MAC_BYTES];
    uint16_t mtu;
    uint32_t channel;
    uint64_t memory;
    uint64_t buffers;
    uint32_t port;
    uint64_t readable;
    bool direct;
};

struct config_block {
    uint32_t doorbell;
    uint32_t channel;
    uint64_t memory;
    uint64_t bytes;
};

struct config {
    char name[CONFIG_NAME_BYTES];
    char bootargs[CONFIG_BOOTARGS_BYTES];
    struct config_gic gic[2]; /* version 2, version 3 */
    struct config_irq irqs[CONFIG_MAX_IRQS];
    uint32_t irqs_count;
    bool uart;
    uint64_t uart_address;
    uint32_t uart_intid;
    struct config_virtio virtio[CONFIG_MAX_VIRTIO];
    uint32_t virtio_count;
    struct config_port ports[CONFIG_MAX_PORTS];
    uint32_t ports_count;
    uint16_t columns; /* 0: not given */
    uint16_t rows;
    struct config_net net[CONFIG_MAX_NET];
    uint32_t net_count;
    struct config_block blocks[CONFIG_MAX_BLOCKS];
    uint32_t blocks_count;
    bool crash_given;
    uint32_t crash_restarts; /* 0: it stays off */
    bool power_given;
    uint32_t power;
    uint32_t smc[CONFIG_MAX_SMC];
    uint32_t smc_count;
};

/**
 * Read `bytes` bytes of text. Returns 0, or the number of the first line that is wrong: an unknown
 * word, too few or too many values, a number that is none or out of range, a text too long, a
 * setting that is there twice, an INTID, a channel or a port's name that is used twice, too many
 * lines of one kind, a firmware function that is the VMM's own (smccc.h). `config` is then of no
 * use.
 */
uint32_t config_parse(const char *text, size_t bytes, struct config *config);

#endif
