/* SPDX-License-Identifier: BSD-2-Clause */
#include "guest.h"

#include <bulkhead/libc.h>

#include "dtb.h"
#include "gicd.h"
#include "gicr.h"
#include "life.h"
#include "sentence.h"
#include "sys.h"
#include "virtio_statistics.h"

/** ESR_EL2 of a data abort (Arm ARM, D19.2.37): width, store. Of HVC and SMC: the immediate. */
#define GUEST_ESR_EC_SHIFT 26
#define GUEST_EC_HVC64 0x16
#define GUEST_EC_SMC64 0x17
#define GUEST_EC_SERROR 0x2f
#define GUEST_ESR_WIDTH(esr) (1u << ((esr) >> 22 & 3))
#define GUEST_ESR_STORE (1UL << 6)
#define GUEST_ESR_IMMEDIATE 0xffffu

static const char *guest_name(const struct guest *guest)
{
    return guest->config.name[0] != '\0' ? guest->config.name : "guest";
}

void guest_say(struct guest *guest, const char *text, const char *detail)
{
    const char *const pieces[] = { guest_name(guest), ": ", text, detail };

    terminal_say(&guest->terminal, pieces, sizeof(pieces) / sizeof(pieces[0]));
    terminal_flush(&guest->terminal);
}

/** The vCPUs that the kernel knows, in the order of their affinities. Returns their number. */
static uint32_t guest_find_vcpus(struct guest *guest, uint8_t ids[BH_MAX_VCPUS])
{
    uint32_t count = 0;

    for (uint32_t id = 0; id < BH_MAX_CHILDREN; id++) {
        uint64_t mpidr;

        guest->index[id] = GUEST_NO_VCPU;
        if (sys_vcpu_read(id, BH_VCPU_VMPIDR_EL2, &mpidr) == BH_OK) {
            uint64_t index = mpidr & 0xff;

            if (index < BH_MAX_VCPUS) {
                ids[index] = (uint8_t)id;
                guest->index[id] = (uint8_t)index;
                count++;
            }
        }
    }
    return count;
}

static bool guest_build_bus(struct guest *guest, const struct config_gic *gic)
{
    bool good =
        bus_add(&guest->bus, gic->distributor, GIC_DISTRIBUTOR_BYTES, gicd_access, &guest->gic);

    if (guest->gic.version == 3) {
        good = good && bus_add(&guest->bus, gic->interface,
                               (uint64_t)guest->gic.vcpus * GIC_REDISTRIBUTOR_BYTES, gicr_access,
                               &guest->gic);
    }
    return good;
}

static void guest_put(void *cookie, const char *bytes, size_t count)
{
    (void)terminal_send(cookie, bytes, count);
}

static bool guest_has_room(void *cookie)
{
    return terminal_has_room(cookie);
}

static bool guest_init_uart(struct guest *guest)
{
    const struct output output = { guest_put, guest_has_room, &guest->terminal };

    if (!guest->config.uart) {
        return true;
    }
    uart_init(&guest->uart, guest->gic.ids[0], guest->config.uart_intid, &output);
    return bus_add(&guest->bus, guest->config.uart_address, UART_BYTES, uart_access, &guest->uart);
}

/** What answers the guest's calls to firmware. */
static void guest_init_firmware(struct guest *guest)
{
    uint8_t seed[RANDOM_KEY_BYTES];

    psci_init(&guest->psci, &guest->gic, guest->ram.gpa, guest->ram.bytes);
    random_init(&guest->random, sys_seed(seed) ? seed : NULL);
    guest->smccc = (struct smccc){
        .psci = &guest->psci,
        .random = &guest->random,
        .passed = guest->config.smc,
        .passed_count = guest->config.smc_count,
    };
}

/** Let the physical interrupts that the guest has go to it. */
static bool guest_link_interrupts(struct guest *guest)
{
    const struct config *config = &guest->config;
    uint32_t id = guest->gic.ids[0];
    bool good = true;

    for (uint32_t i = 0; i < config->irqs_count && good; i++) {
        const struct config_irq *irq = &config->irqs[i];

        good = sys_virq_set(id, BH_VIRQ_LINK, irq->intid, ~0u, irq->channel) == BH_OK;
    }
    if (!good) {
        guest_say(guest, "an interrupt cannot be passed through: the channel is none", "");
    }
    return good;
}

bool guest_init(struct guest *guest)
{
    uint8_t ids[BH_MAX_VCPUS] = { 0 };
    uint32_t vcpus = guest_find_vcpus(guest, ids);
    uint64_t version = 0;
    const char *wrong;
    const struct virtio_machine machine = {
        .config = &guest->config,
        .ram = &guest->ram,
        .terminal = &guest->terminal,
        .random = &guest->random,
        .bus = &guest->bus,
        .ids = guest->gic.ids,
    };

    terminal_init(&guest->terminal, guest_name(guest));
    if (guest->serial != NULL && !terminal_connect(&guest->terminal, guest->serial,
                                                   guest->serial_bytes, guest->serial_channel)) {
        guest_say(guest, "its terminal is no connection", "");
        return false;
    }
    if (vcpus == 0 || sys_vcpu_read(ids[0], BH_VCPU_GIC_VERSION, &version) != BH_OK) {
        guest_say(guest, "there is no vCPU", "");
        return false;
    }
    if (version < 2 || version > 3 || !guest->config.gic[version - 2].given) {
        guest_say(guest, "no interrupt controller of this machine's version is configured", "");
        return false;
    }
    gic_init(&guest->gic, (uint32_t)version, vcpus, ids);
    for (uint32_t i = 0; i < guest->config.virtio_count; i++) {
        gic_make_edge(&guest->gic, guest->config.virtio[i].intid);
    }
    guest_init_firmware(guest);
    if (!guest_build_bus(guest, &guest->config.gic[version - 2])) {
        guest_say(guest, "the interrupt controller's addresses overlap", "");
        return false;
    }
    if (!guest_init_uart(guest)) {
        guest_say(guest, "the UART's address overlaps another's", "");
        return false;
    }
    wrong = virtio_init(&guest->virtio, &machine);
    if (wrong != NULL) {
        guest_say(guest, wrong, "");
        return false;
    }
    virtio_statistics_show(&guest->virtio);
    return guest_link_interrupts(guest);
}

static enum dtb_error guest_build_dtb(struct guest *guest, const struct loader_layout *layout)
{
    const struct config *config = &guest->config;
    const struct config_gic *gic = &config->gic[guest->gic.version - 2];
    struct dtb_seeds seeds;
    const struct dtb_machine machine = {
        .base = guest->dtb.bytes,
        .base_bytes = guest->dtb.count,
        .name = config->name,
        .bootargs = config->bootargs,
        .ram_gpa = guest->ram.gpa,
        .ram_bytes = guest->ram.bytes,
        .vcpus = guest->gic.vcpus,
        .gic_version = guest->gic.version,
        .gicd = gic->distributor,
        .gic_interface = gic->interface,
        .uart = config->uart,
        .uart_address = config->uart_address,
        .uart_intid = config->uart_intid,
        .virtio = config->virtio,
        .virtio_count = config->virtio_count,
        .initrd = layout->initrd,
        .initrd_end = layout->initrd_end,
        .seeds = random_bytes(&guest->random, &seeds, sizeof(seeds)) ? &seeds : NULL,
    };
    uint8_t *to = guest->ram.base + (layout->dtb - guest->ram.gpa);
    size_t bytes = 0;
    enum dtb_error error = dtb_build(&machine, to, LOADER_MAX_DTB, &bytes);

    sys_clean(to, bytes);
    return error;
}

static enum loader_error guest_load(struct guest *guest, struct loader_layout *layout)
{
    struct loader_image header;
    enum loader_error error = loader_check(guest->kernel.bytes, guest->kernel.count, &header);

    uint64_t mmfr0 = 0;

    if (error == LOADER_OK &&
        sys_vcpu_read(guest->gic.ids[0], BH_VCPU_ID_AA64MMFR0, &mmfr0) == BH_OK) {
        error = loader_check_pages(&header, mmfr0);
    }
    if (error == LOADER_OK) {
        error = loader_place(&guest->ram, &header, guest->initrd.count, layout);
    }
    if (error == LOADER_OK && loader_overlaps(&guest->ram, guest->dtb.bytes, guest->dtb.count)) {
        error = LOADER_ERR_OVERLAP;
    }
    if (error == LOADER_OK) {
        error = loader_copy(&guest->ram, layout->kernel, guest->kernel.bytes, guest->kernel.count);
    }
    if (error == LOADER_OK && guest->initrd.count > 0) {
        error = loader_copy(&guest->ram, layout->initrd, guest->initrd.bytes, guest->initrd.count);
    }
    return error;
}

bool guest_start(struct guest *guest)
{
    struct loader_layout layout;
    enum loader_error error;

    if (!virtio_is_settled(&guest->virtio)) {
        guest->state = GUEST_WAITS;
        return true;
    }
    error = guest_load(guest, &layout);
    if (error != LOADER_OK) {
        guest_say(guest, loader_says(error), "");
        return false;
    }
    enum dtb_error dtb_error = guest_build_dtb(guest, &layout);
    if (dtb_error != DTB_OK) {
        guest_say(guest, dtb_says(dtb_error), "");
        return false;
    }
    if (!psci_boot(&guest->psci, layout.kernel, layout.dtb)) {
        guest_say(guest, "the first vCPU does not start", "");
        return false;
    }
    guest->state = GUEST_RUNNING;
    guest->starts++;
    guest_say(guest, "started", "");
    return true;
}

/** Say how much the stopped guest did that nothing answers. */
static void guest_say_aborts(struct guest *guest)
{
    struct sentence number = { .count = 0 };
    uint64_t sum = 0;

    for (uint32_t vcpu = 0; vcpu < guest->gic.vcpus; vcpu++) {
        uint64_t aborts = 0;

        (void)sys_vcpu_read(guest->gic.ids[vcpu], BH_VCPU_ABORTS, &aborts);
        sum += aborts;
    }
    if (sum != guest->aborts_said) {
        sentence_add_number(&number, sum - guest->aborts_said);
        guest_say(guest, "accesses and instructions that ended in an exception: ", number.text);
        guest->aborts_said = sum;
    }
}

/**
 * Reset the interrupt controller. A physical interrupt that the guest had and did not end would
 * stay active for ever: linking it anew ends it if it is pending here. That may be one too many for
 * the next start, which finds nothing to do for it; none too few, because a line that is still high
 * raises it again.
 */
static void guest_reset_interrupts(struct guest *guest)
{
    const struct config *config = &guest->config;
    uint32_t id = guest->gic.ids[0];
    bool had[CONFIG_MAX_IRQS] = { false };

    for (uint32_t i = 0; i < config->irqs_count; i++) {
        uint32_t intid = config->irqs[i].intid;
        uint32_t pending = 0;
        uint32_t active = 0;

        (void)sys_virq_get(id, BH_VIRQ_PENDING, intid / 32 * 32, &pending);
        (void)sys_virq_get(id, BH_VIRQ_ACTIVE, intid / 32 * 32, &active);
        had[i] = ((pending | active) & 1u << intid % 32) != 0;
    }
    gic_reset(&guest->gic);
    for (uint32_t i = 0; i < config->irqs_count; i++) {
        const struct config_irq *irq = &config->irqs[i];
        uint32_t bit = 1u << irq->intid % 32;

        if (had[i]) {
            (void)sys_virq_set(id, BH_VIRQ_PENDING, irq->intid / 32 * 32, bit, bit);
            (void)sys_virq_set(id, BH_VIRQ_LINK, irq->intid, ~0u, irq->channel);
        }
    }
}

void guest_stop(struct guest *guest)
{
    psci_stop_all(&guest->psci);
    guest_say_aborts(guest);
    guest_reset_interrupts(guest);
    if (guest->config.uart) {
        uart_reset(&guest->uart);
    }
    virtio_reset(&guest->virtio);
    guest->state = GUEST_STOPPED;
}

static struct guest_answer guest_call(struct guest *guest, uint32_t vcpu,
                                      const uint64_t words[GUEST_FAULT_WORDS])
{
    struct psci_result result =
        smccc_call(&guest->smccc, vcpu, (uint32_t)words[0] & GUEST_ESR_IMMEDIATE, &words[1]);

    switch (result.action) {
    case PSCI_RETURN:
        return (struct guest_answer){ true, BH_VCPU_DONE, result.x0 };
    case PSCI_WAIT:
        return (struct guest_answer){ true, BH_VCPU_WAIT, result.x0 };
    case PSCI_OFF:
        break;
    case PSCI_ALL_OFF:
        life_crash(guest, "all its CPUs are off");
        break;
    case PSCI_SYSTEM_OFF:
        life_power_off(guest);
        break;
    case PSCI_SYSTEM_RESET:
        life_reset(guest);
        break;
    case PSCI_WARM_RESET:
        life_crash(guest, "its kernel panicked");
        break;
    }
    return (struct guest_answer){ .reply = false };
}

/** An instruction that traps, or an error. */
static struct guest_answer guest_trap(struct guest *guest, uint32_t vcpu,
                                      const uint64_t words[GUEST_FAULT_WORDS])
{
    switch (words[0] >> GUEST_ESR_EC_SHIFT) {
    case GUEST_EC_HVC64:
    case GUEST_EC_SMC64:
        return guest_call(guest, vcpu, words);
    case GUEST_EC_SERROR:
        life_crash(guest, "SError");
        return (struct guest_answer){ .reply = false };
    default:
        return (struct guest_answer){ .reply = true, .label = BH_VCPU_UNDEFINED };
    }
}

/** Bring input to who is there for it: the driver of the virtIO console, else the UART. */
static void __attribute__((noinline)) guest_feed(struct guest *guest)
{
    const uint8_t *bytes;
    size_t count = terminal_input(&guest->terminal, &bytes);
    size_t taken = 1;

    while (count > 0 && taken > 0) {
        taken = virtio_console_is_open(&guest->virtio.console)
                    ? virtio_console_input(&guest->virtio.console, bytes, count)
                    : uart_receive(&guest->uart, bytes, count);
        terminal_drop(&guest->terminal, taken);
        count = terminal_input(&guest->terminal, &bytes);
    }
}

/** What the terminal and the devices need at the end of an event. */
static void guest_settle(struct guest *guest)
{
    if (guest->terminal.input_count > 0) {
        guest_feed(guest);
    }
    virtio_work(&guest->virtio);
    terminal_flush(&guest->terminal);
}

static struct guest_answer guest_memory(struct guest *guest, uint32_t vcpu,
                                        const uint64_t words[GUEST_FAULT_WORDS])
{
    uint64_t esr = words[3];
    struct access access = {
        .vcpu = vcpu,
        .bytes = GUEST_ESR_WIDTH(esr),
        .store = (esr & GUEST_ESR_STORE) != 0,
        .value = words[4],
    };
    enum access_result result = bus_access(&guest->bus, words[1], &access);

    if (result == ACCESS_DONE && !access.work) {
        return (struct guest_answer){ true, BH_VCPU_DONE, access.value };
    }
    if (access.work) {
        guest_settle(guest);
    }
    if (result == ACCESS_WAIT) {
        return (struct guest_answer){ .reply = false };
    }
    if (result != ACCESS_DONE) {
        guest->aborts++;
        return (struct guest_answer){ .reply = true, .label = BH_VCPU_ABORT };
    }
    return (struct guest_answer){ true, BH_VCPU_DONE, access.value };
}

/** A disk's server notified. */
static void __attribute__((noinline)) guest_disk(struct guest *guest, const char *wrong)
{
    if (wrong != NULL) {
        guest_say(guest, wrong, "");
    }
    if (guest->state == GUEST_WAITS && virtio_is_settled(&guest->virtio)) {
        life_start(guest);
    }
}

/** A notification that is none of a device's queues, or of the switch. */
static void __attribute__((noinline))
guest_notified_of_streams(struct guest *guest, uint32_t channel)
{
    if (guest->terminal.connected && channel == guest->terminal.channel) {
        virtio_console_resume(&guest->virtio.console);
        uart_resume(&guest->uart);
        guest_feed(guest);
        if (terminal_asked(&guest->terminal)) {
            virtio_say_statistics(&guest->virtio);
        }
        terminal_flush(&guest->terminal);
    } else if (virtio_ports_notified(&guest->virtio.ports, channel)) {
        terminal_flush(&guest->terminal);
    }
}

void guest_notified(struct guest *guest, uint32_t channel)
{
    const char *wrong;

    if (virtio_switch_notified(&guest->virtio, channel) ||
        (guest->state == GUEST_RUNNING && virtio_notified(&guest->virtio, channel))) {
        guest_settle(guest);
    } else if (virtio_blocks_notified(&guest->virtio.blocks, channel, &wrong)) {
        guest_disk(guest, wrong);
    } else {
        guest_notified_of_streams(guest, channel);
    }
}

struct guest_answer guest_fault(struct guest *guest, uint32_t id, uint64_t label,
                                const uint64_t words[GUEST_FAULT_WORDS])
{
    uint32_t vcpu = id < BH_MAX_CHILDREN ? guest->index[id] : GUEST_NO_VCPU;

    if (vcpu == GUEST_NO_VCPU || guest->state != GUEST_RUNNING) {
        return (struct guest_answer){ .reply = false };
    }
    switch (label) {
    case BH_FAULT_MEMORY:
        return guest_memory(guest, vcpu, words);
    case BH_FAULT_VCPU:
        return guest_trap(guest, vcpu, words);
    case BH_FAULT_VIRQ_END:
        return (struct guest_answer){ .reply = true, .label = BH_VCPU_RESUME };
    default:
        life_crash(guest, "a fault that nobody handles");
        return (struct guest_answer){ .reply = false };
    }
}
