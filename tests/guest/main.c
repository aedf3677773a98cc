/* SPDX-License-Identifier: BSD-2-Clause */
#include "cpu.h"
#include "gic.h"
#include "platform.h"
#include "psci.h"
#include "test.h"

static const struct test_group *const groups[] = {
    /* By default. */
    &psci_tests,
    &gic_tests,
    &timer_tests,
    &trap_tests,
    &smp_tests,
    /* Where they are named. */
    &edges_tests,
    &pages_tests,
    &code_tests,
    &registers_tests,
    &calls_tests,
    &devices_tests,
    &beat_tests,
    &firmware_tests,
    &uart_tests,
    &panic_tests,
    &cpu_tests,
    &spin_tests,
    &ask_tests,
    &sleep_tests,
    &costs_tests,
    &spi_tests,
    &exits_tests,
    &faults_tests,
    &reads_tests,
    &features_tests,
    &virtio_tests,
    &irqs_tests,
    &reboot_tests,
    &ticks_tests,
    &worst_tests,
    &switch_tests,
    &switched_tests,
    &broadcast_tests,
};

/* Whether a comma-separated list, which ends at a space, has this word. */
static bool listed(const char *list, const char *word)
{
    while (*list != '\0' && *list != ' ') {
        const char *at = word;

        while (*at != '\0' && *list == *at) {
            list++;
            at++;
        }
        if (*at == '\0' && (*list == ',' || *list == ' ' || *list == '\0')) {
            return true;
        }
        while (*list != '\0' && *list != ' ' && *list != ',') {
            list++;
        }
        if (*list == ',') {
            list++;
        }
    }
    return false;
}

static bool selected(const struct test_group *group)
{
    const char *list = platform_argument("test");

    return list != 0 ? listed(list, group->name) : !group->named;
}

void main(uintptr_t tree)
{
    bool readable = platform_read(tree);
    uint64_t level = READ_SYSREG("CurrentEL") >> 2 & 3;
    unsigned run = 0;

    platform.share = test_argument("share", 0);
    test_print("guest: EL%lu, %lu CPUs, GICv%lu, PSCI by %s, arguments '%s'\n", level,
               (unsigned long)platform.cpus, (unsigned long)platform.gic_version,
               platform.psci_smc ? "SMC" : "HVC", platform.bootargs);
    if (level != 1 || !readable) {
        test_print("guest: cannot run here: needs EL1 and a device tree with CPUs and a GIC\n");
        test_abort();
    }
    gic_init();
    gic_init_cpu();
    cpu_unmask_irqs();
    for (unsigned i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
        if (selected(groups[i])) {
            groups[i]->run();
            run++;
        }
    }
    if (run == 0) {
        test_check(false, "a group of that name", 0);
    }
    test_check(gic_unhandled == 0, "no interrupt without a handler", gic_unhandled);
    test_finish();
}

void secondary_main(unsigned index)
{
    test_secondary *work = test_on_secondary;

    gic_init_cpu();
    if (work != 0) {
        work(index);
    }
    psci_call(PSCI_CPU_OFF, 0, 0, 0);
}
