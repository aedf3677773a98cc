/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every function of libvmm's interface with the type that programs rely on. Names of the VMM
 * library inside libvmm.a are free for the program's own use.
 */
#include <libvmm/arch/aarch64/cpuif.h>
#include <libvmm/arch/aarch64/fault.h>
#include <libvmm/arch/aarch64/linux.h>
#include <libvmm/arch/aarch64/psci.h>
#include <libvmm/arch/aarch64/smc.h>
#include <libvmm/arch/aarch64/vgic/vgic.h>
#include <libvmm/config.h>
#include <libvmm/dtb.h>
#include <libvmm/guest.h>
#include <libvmm/tcb.h>
#include <libvmm/util/queue.h>
#include <libvmm/util/util.h>
#include <libvmm/vcpu.h>
#include <libvmm/virq.h>
#include <microkit.h>

int bus_add, gic_init, psci_call, machine_start, sys_print;

struct names {
    bool (*guest_start)(size_t, uintptr_t, uintptr_t, uintptr_t);
    void (*guest_stop)(size_t);
    bool (*guest_restart)(size_t, uintptr_t, size_t);
    bool (*virq_controller_init)(size_t);
    bool (*virq_inject)(size_t, int);
    bool (*virq_register)(size_t, size_t, virq_ack_fn_t, void *);
    bool (*virq_register_passthrough)(size_t, size_t, microkit_channel);
    bool (*virq_handle_passthrough)(microkit_channel);
    bool (*vcpu_is_on)(size_t);
    void (*vcpu_set_on)(size_t, bool);
    void (*vcpu_reset)(size_t);
    void (*vcpu_print_regs)(size_t);
    void (*tcb_print_regs)(size_t);
    bool (*dtb_check_magic)(struct dtb_header *);
    uintptr_t (*linux_setup_images)(uintptr_t, uintptr_t, size_t, uintptr_t, uintptr_t, size_t,
                                    uintptr_t, uintptr_t, size_t);
    bool (*fault_handle)(size_t, microkit_msginfo);
    bool (*fault_handle_kind[5])(size_t);
    bool (*fault_register_vm_exception_handler)(uintptr_t, size_t, vm_exception_handler_t, void *);
    int (*fault_get_width_bytes)(uint64_t);
    seL4_Word *(*decode_rt)(size_t, seL4_UserContext *);
    bool (*fault_advance_vcpu)(size_t, seL4_UserContext *);
    bool (*fault_advance)(size_t, seL4_UserContext *, uint64_t, uint64_t, uint64_t);
    uint64_t (*fault_get_data_mask)(uint64_t, uint64_t);
    uint64_t (*fault_get_data)(seL4_UserContext *, uint64_t);
    uint64_t (*fault_emulate)(seL4_UserContext *, uint64_t, uint64_t, uint64_t, uint64_t);
    void (*fault_emulate_write)(seL4_UserContext *, size_t, size_t, size_t);
    char *(*fault_to_string)(seL4_Word);
    bool (*fault_is_write)(uint64_t);
    bool (*fault_is_read)(uint64_t);
    bool (*smc_handle[2])(size_t, uint64_t);
    bool (*smc_register_sip_handler)(smc_sip_handler_t);
    bool (*smc_sip_forward)(size_t, seL4_UserContext *, size_t);
    void (*smc_set_return_value)(seL4_UserContext *, uint64_t);
    uint64_t (*smc_get_arg)(seL4_UserContext *, uint64_t);
    bool (*handle_psci)(size_t, seL4_UserContext *, uint64_t, uint64_t);
    bool (*handle_sysreg_64_fault)(size_t, uint64_t, seL4_UserContext *);
    void (*vgic_init)(void);
    bool (*vgic_handle_fault_maintenance)(size_t);
    bool (*vgic_handle_fault[2])(size_t, size_t, size_t, seL4_UserContext *, void *);
    bool (*vgic_register_irq)(size_t, int, virq_ack_fn_t, void *);
    bool (*vgic_inject_irq)(size_t, int);
    bool (*icc_sgi1r_el1_write)(size_t, seL4_UserContext *, uint64_t);
    bool (*icc_sre_el1_read)(size_t, seL4_UserContext *, uint64_t *);
    bool (*check_baseline_bits)(uint64_t, uint64_t);
    bool (*ranges_overlap)(uint64_t, uint64_t, uint64_t, uint64_t);
    uint64_t (*convert_ticks_by_frequency)(uint64_t, uint64_t, uint64_t);
    int (*vmm_config_irq_from_id)(vmm_config_t *, uint8_t);
    bool (*vmm_config_check_magic)(void *);
};

const struct names names = {
    guest_start,
    guest_stop,
    guest_restart,
    virq_controller_init,
    virq_inject,
    virq_register,
    virq_register_passthrough,
    virq_handle_passthrough,
    vcpu_is_on,
    vcpu_set_on,
    vcpu_reset,
    vcpu_print_regs,
    tcb_print_regs,
    dtb_check_magic,
    linux_setup_images,
    fault_handle,
    { fault_handle_vcpu_exception, fault_handle_vppi_event, fault_handle_user_exception,
      fault_handle_unknown_syscall, fault_handle_vm_exception },
    fault_register_vm_exception_handler,
    fault_get_width_bytes,
    decode_rt,
    fault_advance_vcpu,
    fault_advance,
    fault_get_data_mask,
    fault_get_data,
    fault_emulate,
    fault_emulate_write,
    fault_to_string,
    fault_is_write,
    fault_is_read,
    { smc_handle, handle_smc },
    smc_register_sip_handler,
    smc_sip_forward,
    smc_set_return_value,
    smc_get_arg,
    handle_psci,
    handle_sysreg_64_fault,
    vgic_init,
    vgic_handle_fault_maintenance,
    { vgic_handle_fault_dist, vgic_handle_fault_redist },
    vgic_register_irq,
    vgic_inject_irq,
    icc_sgi1r_el1_write,
    icc_sre_el1_read,
    check_baseline_bits,
    ranges_overlap,
    convert_ticks_by_frequency,
    vmm_config_irq_from_id,
    vmm_config_check_magic,
};

void init(void)
{
    static int items[4];
    queue_t queue;
    int item = bus_add + gic_init + psci_call + machine_start + sys_print;

    queue_init(&queue, sizeof(item), items, 4);
    if (!queue_enqueue(&queue, &item) || queue_enqueue_raw(&queue) == NULL ||
        queue_size(&queue) != 2 || queue_front(&queue) != items || !queue_dequeue_back(&queue) ||
        !queue_dequeue_front(&queue, &item) || queue_dequeue(&queue) || !queue_empty(&queue)) {
        LOG_VMM_ERR("the queue\n");
        return;
    }
    queue_clear(&queue);
    LOG_VMM("%zu functions are there\n", sizeof(names) / sizeof(names.guest_start));
}

void notified(microkit_channel ch)
{
    (void)ch;
}
