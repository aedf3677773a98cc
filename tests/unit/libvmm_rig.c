/* SPDX-License-Identifier: BSD-2-Clause */
#include "libvmm_rig.h"

#include <libvmm/arch/aarch64/fault.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "libvmm_fake.h"
#include "vmm_fake.h"

seL4_UserContext *libvmm_rig_regs(void)
{
    return &libvmm_fake.regs[0];
}

bool libvmm_rig_handle(size_t id, seL4_Word label, const seL4_Word words[5])
{
    memcpy(libvmm_fake.msg, words, 5 * sizeof(words[0]));
    libvmm_fake.reads = 0;
    libvmm_fake.writes = 0;
    libvmm_fake.logged[0] = '\0';
    return fault_handle(id, microkit_msginfo_new(label, 5));
}

bool libvmm_rig_access(uint64_t address, uint64_t esr, uint64_t stored)
{
    const seL4_Word words[5] = { libvmm_rig_regs()->pc, address, 0, esr, stored };

    return libvmm_rig_handle(VMM_FAKE_ID(0), seL4_Fault_VMFault, words);
}

bool libvmm_rig_call(size_t id, uint64_t esr, uint64_t x0, uint64_t x1, uint64_t x2, uint64_t x3)
{
    const seL4_Word words[5] = { esr, x0, x1, x2, x3 };
    seL4_UserContext *caller = &libvmm_fake.regs[id - VMM_FAKE_ID(0)];

    caller->x0 = x0;
    caller->x1 = x1;
    caller->x2 = x2;
    caller->x3 = x3;
    return libvmm_rig_handle(id, seL4_Fault_VCPUFault, words);
}

seL4_Word libvmm_rig_answered(uint64_t esr, uint64_t function)
{
    const seL4_Word words[5] = { esr, function };
    microkit_msginfo reply = microkit_msginfo_new(~0UL, 0);

    memcpy(libvmm_fake.msg, words, sizeof(words));
    assert_true(
        fault_answer(VMM_FAKE_ID(0), microkit_msginfo_new(seL4_Fault_VCPUFault, 5), &reply));
    assert_int_equal(microkit_msginfo_get_count(reply), 1);
    return microkit_msginfo_get_label(reply);
}

bool libvmm_rig_reported(uint32_t count, enum bh_report_kind kind, uint64_t number)
{
    return vmm_fake.reports == count && vmm_fake.report[0] == 0 &&
           vmm_fake.report[1] == (uint64_t)kind && vmm_fake.report[2] == number;
}

bool libvmm_rig_said(const char *part)
{
    return strstr(libvmm_fake.logged, part) != NULL;
}

uint32_t libvmm_rig_notices(uint32_t vcpu)
{
    return vmm_fake.own[BH_VIRQ_NOTICE][vcpu];
}
