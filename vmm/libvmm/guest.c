/* SPDX-License-Identifier: BSD-2-Clause */
#include <bulkhead/libc.h>
#include <libvmm/guest.h>
#include <libvmm/util/util.h>

#include "machine.h"
#include "sys.h"

bool guest_start(size_t boot_vcpu_id, uintptr_t kernel_pc, uintptr_t dtb, uintptr_t initrd)
{
    uint32_t index;

    (void)initrd;
    if (!machine_find(__func__, boot_vcpu_id, &index)) {
        return false;
    }
    machine.boot_vcpu = index;
    machine.entry = kernel_pc;
    machine.dtb = dtb;
    return machine_start();
}

void guest_stop(size_t boot_vcpu_id)
{
    (void)boot_vcpu_id;
    machine_stop();
}

bool guest_restart(size_t boot_vcpu_id, uintptr_t guest_ram_vaddr, size_t guest_ram_size)
{
    uint32_t index;

    if (!machine_find(__func__, boot_vcpu_id, &index)) {
        return false;
    }
    if (!machine.started || machine.files_count == 0) {
        LOG_VMM_ERR("%s: it never started, or this library did not load it\n", __func__);
        return false;
    }
    machine_stop();
    memset((void *)guest_ram_vaddr, 0, guest_ram_size);
    sys_clean((const void *)guest_ram_vaddr, guest_ram_size);
    machine_load_files();
    machine.boot_vcpu = index;
    return machine_start();
}
