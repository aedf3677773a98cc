/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The other end of a guest's named port: answers in capital letters. It keeps no more than a few
 * bytes, so that a guest that does not read what it is answered waits when it writes.
 */
#include <bulkhead/libc.h>
#include <io/serial/client.h>
#include <microkit.h>

/* Set in the ELF file by the tool. */
uint64_t serial_vaddr = 1;
uint64_t serial_bytes = 1;
uint64_t serial_channel = MICROKIT_MAX_CHANNELS;

static struct serial_client serial;
static char kept[256];
static size_t kept_count;

/** Send what is kept. False: some of it waits for room. */
static bool answer(bool *notify)
{
    while (kept_count > 0) {
        size_t sent = serial_client_send(&serial, kept, kept_count, notify);

        kept_count -= sent;
        memmove(kept, kept + sent, kept_count);
        if (kept_count > 0 && serial_client_wait_send(&serial)) {
            return false;
        }
    }
    return true;
}

void notified(microkit_channel ch)
{
    bool notify = false;

    while (answer(&notify)) {
        kept_count = serial_client_receive(&serial, kept, sizeof(kept));
        if (kept_count == 0) {
            break;
        }
        for (size_t i = 0; i < kept_count; i++) {
            if (kept[i] >= 'a' && kept[i] <= 'z') {
                kept[i] = (char)(kept[i] - 'a' + 'A');
            }
        }
    }
    if (serial_client_signal_space(&serial) || notify) {
        microkit_notify(ch);
    }
}

void init(void)
{
    if (serial_client_open(&serial, (void *)serial_vaddr, serial_bytes) != SERIAL_QUEUE_OK) {
        microkit_internal_crash(0);
    }
    microkit_notify((microkit_channel)serial_channel);
    notified((microkit_channel)serial_channel);
}
