/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The VMM of tests/guest: its UART is a handler of this program, which gives what the guest prints
 * to the kernel's console. ANSWER chooses how faults are answered.
 */
#include <libvmm/arch/aarch64/fault.h>
#include <libvmm/arch/aarch64/linux.h>
#include <libvmm/guest.h>
#include <libvmm/util/util.h>
#include <libvmm/virq.h>
#include <microkit.h>

#define DTB_ADDRESS 0x40800000
#define UART_ADDRESS 0x0a000000
#define UART_BYTES 0x1000
#define UART_DR 0x00
#define UART_FR 0x18
#define UART_FR_EMPTY 0x90

/* images.S */
extern char kernel_image[], kernel_image_end[];
extern char dtb_image[], dtb_image_end[];

/* Set by the tool. */
uintptr_t guest_ram_vaddr;

static bool uart(size_t vcpu_id, size_t offset, size_t fsr, seL4_UserContext *regs, void *data)
{
    (void)vcpu_id;
    (void)data;
    if (fault_is_read(fsr)) {
        fault_emulate_write(regs, offset, fsr, (offset & ~3ul) == UART_FR ? UART_FR_EMPTY : 0);
    } else if (offset == UART_DR) {
        microkit_dbg_putc((int)(fault_get_data(regs, fsr) & 0xff));
    }
    return true;
}

void init(void)
{
    uintptr_t entry = linux_setup_images(
        guest_ram_vaddr, (uintptr_t)kernel_image, (size_t)(kernel_image_end - kernel_image),
        (uintptr_t)dtb_image, DTB_ADDRESS, (size_t)(dtb_image_end - dtb_image), 0, 0, 0);

    if (entry == 0 || !virq_controller_init(GUEST_BOOT_VCPU_ID) ||
        !fault_register_vm_exception_handler(UART_ADDRESS, UART_BYTES, uart, NULL) ||
        !guest_start(GUEST_BOOT_VCPU_ID, entry, DTB_ADDRESS, 0)) {
        LOG_VMM_ERR("the guest does not start\n");
    }
}

void notified(microkit_channel ch)
{
    (void)ch;
}

seL4_Bool fault(microkit_child child, microkit_msginfo msginfo, microkit_msginfo *reply_msginfo)
{
#if ANSWER
    return fault_answer(child, msginfo, reply_msginfo) ? seL4_True : seL4_False;
#else
    if (!fault_handle(child, msginfo)) {
        return seL4_False;
    }
    *reply_msginfo = microkit_msginfo_new(0, 0);
    return seL4_True;
#endif
}
