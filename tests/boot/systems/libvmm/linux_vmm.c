/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A VMM as people write them with libvmm: it has a Linux kernel, a device tree and a RAM disk
 * linked in, and passes the UART through. PASSTHROUGH chooses who passes the interrupt on: this
 * program, by a table from channels to interrupts, or the library.
 */
#include <libvmm/arch/aarch64/fault.h>
#include <libvmm/arch/aarch64/linux.h>
#include <libvmm/arch/aarch64/vgic/vgic.h>
#include <libvmm/guest.h>
#include <libvmm/util/util.h>
#include <libvmm/virq.h>
#include <microkit.h>

#define DTB_ADDRESS 0x4f000000
#define INITRD_ADDRESS 0x4d000000
#define UART_CHANNEL 1
#define UART_IRQ 33

/* images.S */
extern char kernel_image[], kernel_image_end[];
extern char dtb_image[], dtb_image_end[];
extern char initrd_image[], initrd_image_end[];

/* Set by the tool: the start of the guest's RAM. */
uintptr_t guest_ram_vaddr;

#if !PASSTHROUGH
/** By channel. */
static const int passthrough_irq_map[MICROKIT_MAX_CHANNELS] = { [UART_CHANNEL] = UART_IRQ };

static void uart_ack(size_t vcpu_id, int irq, void *cookie)
{
    (void)vcpu_id;
    (void)irq;
    (void)cookie;
    microkit_irq_ack(UART_CHANNEL);
}
#endif

void init(void)
{
    uintptr_t entry = linux_setup_images(
        guest_ram_vaddr, (uintptr_t)kernel_image, (size_t)(kernel_image_end - kernel_image),
        (uintptr_t)dtb_image, DTB_ADDRESS, (size_t)(dtb_image_end - dtb_image),
        (uintptr_t)initrd_image, INITRD_ADDRESS, (size_t)(initrd_image_end - initrd_image));
    if (entry == 0) {
        LOG_VMM_ERR("no images\n");
        return;
    }
    if (!virq_controller_init(GUEST_VCPU_ID)) {
        LOG_VMM_ERR("no interrupt controller\n");
        return;
    }
#if PASSTHROUGH
    bool good = virq_register_passthrough(GUEST_VCPU_ID, UART_IRQ, UART_CHANNEL);
#else
    bool good = virq_register(GUEST_VCPU_ID, UART_IRQ, uart_ack, NULL);
    microkit_irq_ack(UART_CHANNEL);
#endif
    if (good && guest_start(GUEST_VCPU_ID, entry, DTB_ADDRESS, INITRD_ADDRESS)) {
        LOG_VMM("the guest starts\n");
    }
}

void notified(microkit_channel ch)
{
#if PASSTHROUGH
    if (!virq_handle_passthrough(ch)) {
        LOG_VMM_ERR("channel %u is nobody's\n", ch);
    }
#else
    if (passthrough_irq_map[ch] == 0 || !vgic_inject_irq(GUEST_VCPU_ID, passthrough_irq_map[ch])) {
        LOG_VMM_ERR("channel %u is nobody's\n", ch);
    }
#endif
}

seL4_Bool fault(microkit_child child, microkit_msginfo msginfo, microkit_msginfo *reply_msginfo)
{
    if (!fault_handle(child, msginfo)) {
        return seL4_False;
    }
    *reply_msginfo = microkit_msginfo_new(0, 0);
    return seL4_True;
}
