/* SPDX-License-Identifier: BSD-2-Clause */
#include "machine.h"

#include <bulkhead/libc.h>
#include <libvmm/util/util.h>

#include "sys.h"

struct machine machine;

/** The library itself starts the boot CPU as one CPU starts another: DEN 0022, 5.6. */
#define MACHINE_CPU_ON 0xc4000003UL

static bool machine_seeded;
static uint8_t machine_seed[RANDOM_KEY_BYTES];

/* Before init(), which may overwrite the message words that hold the seed. */
__attribute__((constructor)) static void machine_take_seed(void)
{
    machine_seeded = sys_seed(machine_seed);
}

static bool machine_init(void)
{
    uint8_t ids[BH_MAX_VCPUS] = { 0 };
    uint32_t count = 0;
    uint64_t version = 0;

    for (uint32_t id = 0; id < BH_MAX_CHILDREN; id++) {
        uint64_t mpidr;

        if (sys_vcpu_read(id, BH_VCPU_VMPIDR_EL2, &mpidr) == BH_OK &&
            (mpidr & 0xff) < BH_MAX_VCPUS) {
            ids[mpidr & 0xff] = (uint8_t)id;
            count++;
        }
    }
    if (count == 0 || sys_vcpu_read(ids[0], BH_VCPU_GIC_VERSION, &version) != BH_OK) {
        LOG_VMM_ERR("the description gives this PD no vCPU\n");
        return false;
    }
    gic_init(&machine.gic, (uint32_t)version, count, ids);
    /* How much RAM there is nobody says: a CPU that starts outside of it gets an abort. */
    psci_init(&machine.psci, &machine.gic, 0, UINT64_MAX);
    random_init(&machine.random, machine_seeded ? machine_seed : NULL);
    memset(machine_seed, 0, sizeof(machine_seed));
    machine.smccc = (struct smccc){ .psci = &machine.psci, .random = &machine.random };
    machine.ready = true;
    return true;
}

bool machine_find(const char *function, size_t vcpu_id, uint32_t *index)
{
    if (!machine.ready && !machine_init()) {
        return false;
    }
    for (uint32_t i = 0; i < machine.gic.vcpus; i++) {
        if (machine.gic.ids[i] == vcpu_id) {
            *index = i;
            return true;
        }
    }
    LOG_VMM_ERR("%s: the guest has no vCPU %zu\n", function, vcpu_id);
    return false;
}

void machine_load_files(void)
{
    for (uint32_t i = 0; i < machine.files_count; i++) {
        const struct machine_file *file = &machine.files[i];

        if ((uintptr_t)file->from != file->to) {
            memcpy((void *)file->to, file->from, file->bytes);
        }
        sys_clean((const void *)file->to, file->bytes);
    }
}

void machine_stop(void)
{
    fault_forget();
    if (machine.ready) {
        psci_stop_all(&machine.psci);
        virq_reset();
        gic_reset(&machine.gic);
    }
}

bool machine_start(void)
{
    const uint64_t arguments[4] = { MACHINE_CPU_ON, machine.boot_vcpu, machine.entry, machine.dtb };
    struct psci_result result = smccc_call(&machine.smccc, machine.boot_vcpu, 0, arguments);

    if (result.x0 != 0) {
        LOG_VMM_ERR("the guest's vCPU %u does not start: it runs, or the entry point is wrong\n",
                    machine.gic.ids[machine.boot_vcpu]);
        return false;
    }
    virq_started();
    machine.started = true;
    machine.aborts = 0;
    return true;
}

static void machine_report(enum bh_report_kind kind, uint64_t number)
{
    sys_report(machine.gic.ids[0], kind, number);
}

void machine_crash(void)
{
    machine_stop();
    machine_report(BH_REPORT_GUEST_CRASH, ++machine.crashes);
    machine_report(BH_REPORT_GUEST_STOPPED, machine.crashes);
}

static void machine_reset(const char *why, enum bh_report_kind kind, uint64_t number)
{
    machine_stop();
    machine_report(kind, number);
    if (machine.files_count == 0) {
        LOG_VMM("%s; it stays off, because this library did not load it\n", why);
        machine_report(BH_REPORT_GUEST_STOPPED, number);
        return;
    }
    LOG_VMM("%s\n", why);
    machine_load_files();
    if (!machine_start()) {
        machine_report(BH_REPORT_GUEST_STOPPED, number);
    }
}

bool machine_call(uint32_t index, uint32_t immediate, const uint64_t x[4], uint64_t *x0,
                  bool *waits)
{
    struct psci_result result = smccc_call(&machine.smccc, index, immediate, x);

    *x0 = result.x0;
    *waits = result.action == PSCI_WAIT;
    switch (result.action) {
    case PSCI_RETURN:
    case PSCI_WAIT:
        virq_started();
        return true;
    case PSCI_OFF:
        break;
    case PSCI_ALL_OFF:
        machine_crash();
        LOG_VMM("all of the guest's CPUs are off\n");
        break;
    case PSCI_SYSTEM_OFF:
        machine_stop();
        machine_report(BH_REPORT_GUEST_OFF, 0);
        LOG_VMM("the guest has powered off\n");
        break;
    case PSCI_SYSTEM_RESET:
        machine_reset("the guest resets", BH_REPORT_GUEST_RESET, ++machine.resets);
        break;
    case PSCI_WARM_RESET:
        machine_reset("the guest resets, keeping memory", BH_REPORT_GUEST_CRASH, ++machine.crashes);
        break;
    }
    return false;
}
