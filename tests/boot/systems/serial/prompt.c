/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Prompts, and answers each line with its length. Ctrl-T asks for a prompt that says when it was
 * made, Ctrl-D makes it deaf for ever, Ctrl-X makes it fault.
 */
#include <bulkhead/libc.h>
#include <microkit.h>

#include "client.h"

#define CONTROL(letter) ((letter)&0x1f)

static unsigned int length;
static bool deaf;

static void typed(char byte)
{
    char answer[64];
    uint64_t ticks;

    switch (byte) {
    case CONTROL('T'):
        __asm__ volatile("mrs %0, cntpct_el0" : "=r"(ticks));
        snprintf(answer, sizeof(answer), "<%016lx>", ticks);
        client_say(answer);
        break;
    case CONTROL('D'):
        deaf = true;
        client_say("\r\nprompt: deaf\r\n");
        break;
    case CONTROL('X'):
        *(volatile unsigned int *)0xdead0000 = 1;
        break;
    case '\r':
        snprintf(answer, sizeof(answer), "\r\nprompt: %u characters\r\nprompt> ", length);
        client_say(answer);
        length = 0;
        break;
    default:
        (void)client_send(&byte, 1);
        length++;
        break;
    }
}

void init(void)
{
    client_open();
    client_say("prompt> ");
}

void notified(microkit_channel ch)
{
    char byte;

    (void)ch;
    while (!deaf && serial_client_receive(&serial, &byte, 1) != 0) {
        typed(byte);
    }
}
