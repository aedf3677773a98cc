/* SPDX-License-Identifier: BSD-2-Clause */
#include <inttypes.h>

#include "bulkhead/abi.h"
#include "sdf_check.h"

#define SDF_MAX_STACK UINT64_C(0x1000000)
/** Microseconds are 32 bits in the boot description. */
#define SDF_MAX_TIME UINT32_MAX

void sdf_check_time(const struct sdf_num *priority, const struct sdf_num *budget,
                    const struct sdf_num *period, struct diag *diag)
{
    if (priority->value > BH_MAX_PRIORITY) {
        diag_error(diag, priority->pos, "priority %" PRIu64 " is above %d", priority->value,
                   BH_MAX_PRIORITY);
        diag_help(diag, "use 0 (lowest) to %d; 255 is the kernel's own", BH_MAX_PRIORITY);
    }
    if (budget->value == 0 || budget->value > SDF_MAX_TIME) {
        diag_error(diag, budget->pos, "a budget of %" PRIu64 " microseconds is not possible",
                   budget->value);
        diag_help(diag, "use 1 to %" PRIu32 " microseconds", SDF_MAX_TIME);
    } else if (period->value > SDF_MAX_TIME) {
        diag_error(diag, period->pos, "a period of %" PRIu64 " microseconds is not possible",
                   period->value);
        diag_help(diag, "use at most %" PRIu32 " microseconds", SDF_MAX_TIME);
    } else if (period->given && period->value < budget->value) {
        diag_error(diag, period->pos,
                   "the period, %" PRIu64 " microseconds, is shorter than the budget of %" PRIu64,
                   period->value, budget->value);
        diag_help(diag,
                  "the budget is spent within each period: give a period of at least %" PRIu64
                  ", or a smaller budget%s",
                  budget->value, budget->given ? "" : " (1000 when not given)");
    }
}

void sdf_check_cpu(const struct sdf_num *cpu, const struct board *board, struct diag *diag)
{
    unsigned cpus = board != NULL ? board->cpus : BH_MAX_CPUS;

    if (cpu->given && cpu->value >= cpus) {
        diag_error(diag, cpu->pos, "there is no CPU %" PRIu64, cpu->value);
        if (board != NULL) {
            diag_help(diag, "board %s has the CPUs 0 to %u", board->name, cpus - 1);
        } else {
            diag_help(diag, "a system uses the CPUs 0 to %u at most", cpus - 1);
        }
    }
}

static void sdf_check_stack(const struct sdf_num *size, struct diag *diag)
{
    if (size->value < SDF_PAGE || size->value > SDF_MAX_STACK) {
        diag_error(diag, size->pos, "a stack of 0x%" PRIx64 " bytes is too %s", size->value,
                   size->value < SDF_PAGE ? "small" : "large");
        diag_help(diag, "use 0x1000 (4 KiB) to 0x1000000 (16 MiB)");
    } else if (size->value % SDF_PAGE != 0) {
        diag_error(diag, size->pos, "a stack of 0x%" PRIx64 " bytes is not a multiple of 4 KiB",
                   size->value);
        diag_help(diag, "use 0x%" PRIx64, (size->value / SDF_PAGE + 1) * SDF_PAGE);
    }
}

void sdf_check_pds(const struct sdf *sdf, const struct board *board, struct diag *diag)
{
    static const struct diag_pos nowhere;
    const struct sdf_reports *reports = NULL;

    if (sdf->pds_count == 0 && sdf->guests_count == 0) {
        diag_error(diag, nowhere, "the system has no protection domain");
        diag_help(diag, "add <protection_domain name=\"...\"><program_image path=\"....elf\"/>"
                        "</protection_domain>, or a <guest>");
    }
    if (sdf->pds_count > BH_MAX_PDS) {
        diag_error(diag, sdf->pds[BH_MAX_PDS].pos, "the system has %zu protection domains",
                   sdf->pds_count);
        diag_help(diag, "at most %d are possible; this one is the first too many", BH_MAX_PDS);
    }
    for (size_t i = 0; i < sdf->pds_count; i++) {
        const struct sdf_pd *pd = &sdf->pds[i];

        sdf_check_time(&pd->priority, &pd->budget, &pd->period, diag);
        sdf_check_stack(&pd->stack_size, diag);
        sdf_check_cpu(&pd->cpu, board, diag);
        if (pd->reports.given && reports != NULL) {
            diag_error(diag, pd->reports.pos, "a second protection domain has <reports>");
            diag_help(diag, "one shows the reports: that of line %u; remove this",
                      reports->pos.line);
        } else if (pd->reports.given) {
            reports = &pd->reports;
        }
    }
}

static void sdf_check_vm_priority(const struct sdf *sdf, const struct sdf_vm *vm, struct diag *diag)
{
    const struct sdf_pd *pd = &sdf->pds[vm->pd];
    bool same_cpu = false;

    for (size_t i = 0; i < vm->vcpus_count; i++) {
        same_cpu = same_cpu || vm->vcpus[i].cpu.value == pd->cpu.value;
    }
    if (same_cpu && vm->priority.given && vm->priority.value > pd->priority.value) {
        diag_warning(diag, vm->priority.pos,
                     "the virtual machine has priority %" PRIu64 ", its monitor %" PRIu64,
                     vm->priority.value, pd->priority.value);
        diag_help(diag, "the guest can keep its monitor from running; give the monitor the "
                        "higher priority");
    }
}

void sdf_check_vms(const struct sdf *sdf, const struct board *board, struct diag *diag)
{
    for (size_t i = 0; i < sdf->vms_count; i++) {
        const struct sdf_vm *vm = &sdf->vms[i];

        sdf_check_time(&vm->priority, &vm->budget, &vm->period, diag);
        for (size_t j = 0; j < vm->vcpus_count; j++) {
            sdf_check_cpu(&vm->vcpus[j].cpu, board, diag);
        }
        sdf_check_vm_priority(sdf, vm, diag);
    }
}
