/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The generic VMM program. The description maps these regions and names these symbols:
 *
 *     guest_ram, guest_ram_bytes     the guest's RAM, at its guest-physical address
 *     guest_kernel, guest_kernel_bytes
 *     guest_initrd, guest_initrd_bytes     optional
 *     guest_dtb, guest_dtb_bytes           base of its device tree (dtb.h), optional
 *     guest_config, guest_config_bytes     config.h
 *     serial_vaddr, serial_bytes, serial_channel     its terminal (io/serial/client.h), optional
 *
 * Register pages of virtIO devices are mapped at their guest-physical addresses, too.
 */
#include <microkit.h>

#include "guest.h"

/* Set in the ELF file by the tool; one that the description does not name is zero. */
#define PATCHED __attribute__((section(".data.vmm"), used))
PATCHED uint8_t *guest_ram;
PATCHED uint64_t guest_ram_bytes;
PATCHED const uint8_t *guest_kernel;
PATCHED uint64_t guest_kernel_bytes;
PATCHED const uint8_t *guest_initrd;
PATCHED uint64_t guest_initrd_bytes;
PATCHED const uint8_t *guest_dtb;
PATCHED uint64_t guest_dtb_bytes;
PATCHED const char *guest_config;
PATCHED uint64_t guest_config_bytes;
PATCHED void *serial_vaddr;
PATCHED uint64_t serial_bytes;
PATCHED uint64_t serial_channel;

static struct guest main_guest;

void init(void)
{
    struct guest *guest = &main_guest;
    uint32_t wrong = config_parse(guest_config, guest_config_bytes, &guest->config);

    if (wrong != 0) {
        microkit_dbg_puts(microkit_name);
        microkit_dbg_puts(": the configuration is wrong in line ");
        microkit_dbg_put32(wrong);
        microkit_dbg_puts("\n");
        return;
    }
    guest->ram = (struct loader_ram){ guest_ram, (uint64_t)guest_ram, guest_ram_bytes };
    guest->kernel = (struct guest_file){ guest_kernel, guest_kernel_bytes };
    guest->initrd = (struct guest_file){ guest_initrd, guest_initrd_bytes };
    guest->dtb = (struct guest_file){ guest_dtb, guest_dtb_bytes };
    guest->serial = serial_vaddr;
    guest->serial_bytes = serial_bytes;
    guest->serial_channel = (uint32_t)serial_channel;
    if (guest_init(guest)) {
        (void)guest_start(guest);
    }
}

void notified(microkit_channel ch)
{
    /* Interrupts that are passed through do not come this way once they are linked. */
    guest_notified(&main_guest, ch);
}

seL4_Bool fault(microkit_child child, microkit_msginfo msginfo, microkit_msginfo *reply_msginfo)
{
    /* A copy, because what is done about the fault uses the message buffer, too. Words beyond those
     * of the message are of some earlier one; nobody looks at them. */
    const uint64_t words[GUEST_FAULT_WORDS] = {
        microkit_mr_get(0), microkit_mr_get(1), microkit_mr_get(2),
        microkit_mr_get(3), microkit_mr_get(4),
    };
    struct guest_answer answer =
        guest_fault(&main_guest, child, microkit_msginfo_get_label(msginfo), words);
    if (!answer.reply) {
        return seL4_False;
    }
    microkit_mr_set(0, answer.value);
    *reply_msginfo = microkit_msginfo_new(answer.label, 1);
    return seL4_True;
}
