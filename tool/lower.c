/* SPDX-License-Identifier: BSD-2-Clause */
#include "lower.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bulkhead/abi.h>

#include "alloc.h"
#include "lower_internal.h"
#include "size.h"

/** The monitor's program, which the SDK brings. */
#define LOWER_PROGRAM "vmm.elf"
#define LOWER_STACK UINT64_C(0x4000)
/** Where the monitor sees what it only looks at: above all physical addresses, so above all RAM. */
#define LOWER_FILES (SDF_PHYSICAL_END + (UINT64_C(16) << 30))
/** Linux's COMMAND_LINE_SIZE on arm64. */
#define LOWER_BOOTARGS 2048u
/** Linux ends a panic with a warm reset, which the monitor takes for a crash. */
#define LOWER_PANIC "panic=-1 reboot=panic_warm"
#define LOWER_DEFAULT_BOOTARGS "earlycon"
/** Linux moves to the virtIO console when its driver is there. */
#define LOWER_CONSOLE_BOOTARGS "earlycon console=hvc0"
#define LOWER_MOST_PRIORITY (BH_MAX_PRIORITY - 1)
/** The virtual CPU interface of GICv2. */
#define LOWER_GICV_BYTES UINT64_C(0x2000)
#define LOWER_SUFFIX ".vmm"

struct sdf_str lower_string(struct diag_pos pos, const char *format, ...)
{
    struct sdf_str string = { .pos = pos };
    va_list arguments;

    va_start(arguments, format);
    string.text = alloc_format_list(format, arguments);
    va_end(arguments);
    return string;
}

struct sdf_num lower_number(struct diag_pos pos, uint64_t value)
{
    return (struct sdf_num){ .value = value, .given = true, .pos = pos };
}

size_t lower_region(struct lower *lower, struct sdf_str name)
{
    struct sdf *sdf = lower->sdf;

    sdf->regions = alloc_grow(sdf->regions, sdf->regions_count, sizeof(*sdf->regions));
    sdf->regions[sdf->regions_count].pos = name.pos;
    sdf->regions[sdf->regions_count].name = name;
    return sdf->regions_count++;
}

void lower_line(struct lower *lower, struct lower_guest *guest, const char *format, ...)
{
    struct sdf_region *region = &lower->sdf->regions[guest->config];
    struct sdf_str line = { .pos = guest->from->pos };
    va_list arguments;

    va_start(arguments, format);
    line.text = alloc_format_list(format, arguments);
    va_end(arguments);
    region->lines = alloc_grow(region->lines, region->lines_count, sizeof(*region->lines));
    region->lines[region->lines_count++] = line;
}

static struct sdf_map *lower_map(struct lower *lower, struct sdf_map **maps, size_t *count,
                                 size_t region, uint64_t address, unsigned perms)
{
    const struct sdf_region *from = &lower->sdf->regions[region];
    struct sdf_map *map;

    *maps = alloc_grow(*maps, *count, sizeof(**maps));
    map = &(*maps)[(*count)++];
    map->pos = from->pos;
    map->mr = lower_string(from->pos, "%s", from->name.text);
    map->vaddr = lower_number(from->pos, address);
    map->perms = perms;
    map->cached = true;
    map->region = SDF_NONE;
    return map;
}

struct sdf_map *lower_pd_map(struct lower *lower, const struct lower_guest *guest, size_t region,
                             uint64_t vaddr, unsigned perms)
{
    struct sdf_pd *pd = &lower->sdf->pds[guest->pd];

    return lower_map(lower, &pd->maps, &pd->maps_count, region, vaddr, perms);
}

struct sdf_map *lower_vm_map(struct lower *lower, const struct lower_guest *guest, size_t region,
                             uint64_t gpa, unsigned perms)
{
    struct sdf_vm *vm = &lower->sdf->vms[guest->vm];

    return lower_map(lower, &vm->maps, &vm->maps_count, region, gpa, perms);
}

/** False when the guest cannot be lowered at all; what is wrong has been said, here or before. */
static bool lower_check_name(struct lower *lower, const struct sdf_str *name)
{
    if (name->text == NULL) {
        return false;
    }
    if (strlen(name->text) >= BH_NAME_BYTES - strlen(LOWER_SUFFIX)) {
        diag_error(lower->diag, name->pos, "the name of this guest has %zu bytes",
                   strlen(name->text));
        diag_help(lower->diag, "use at most %zu bytes", BH_NAME_BYTES - strlen(LOWER_SUFFIX) - 1);
        return false;
    }
    for (const char *at = name->text; *at != '\0'; at++) {
        if (!isalnum((unsigned char)*at) && strchr("-_.", *at) == NULL) {
            diag_error(lower->diag, name->pos, "'%s' cannot be the name of a guest", name->text);
            diag_help(lower->diag, "use letters, digits, '-', '_' and '.'");
            return false;
        }
    }
    return true;
}

/** RAM: some, whole blocks. */
static bool lower_check_ram(struct lower *lower, const struct sdf_num *ram)
{
    if (!ram->given) {
        return false;
    }
    if (ram->value == 0 || ram->value % LOWER_ALIGN != 0 || ram->value > SDF_SPACE_END) {
        char size[SIZE_ROOM];

        diag_error(lower->diag, ram->pos, "a guest cannot have %s of RAM",
                   size_text(ram->value, size, sizeof(size)));
        diag_help(lower->diag, "use a multiple of 2 MiB, such as 256M");
        return false;
    }
    return true;
}

/** Number of vCPUs; 0 after complaining. */
static uint64_t lower_count_vcpus(struct lower *lower, const struct sdf_guest *guest)
{
    uint64_t count = guest->vcpus.given      ? guest->vcpus.value
                     : guest->cpus_count > 0 ? guest->cpus_count
                                             : 1;

    if (count == 0 || count > BH_MAX_VCPUS) {
        diag_error(lower->diag, guest->vcpus.given ? guest->vcpus.pos : guest->cpus[0].pos,
                   "a guest cannot have %" PRIu64 " virtual CPUs", count);
        diag_help(lower->diag, "use 1 to %d", BH_MAX_VCPUS);
        return 0;
    }
    if (guest->cpus_count > 0 && guest->cpus_count != count) {
        diag_error(lower->diag, guest->cpus[0].pos,
                   "'cpus' names %zu CPUs for %" PRIu64 " virtual CPUs", guest->cpus_count, count);
        diag_help(lower->diag, "name one for each, or leave it out");
        return 0;
    }
    return count;
}

static bool lower_check_time(struct lower *lower, const struct sdf_guest *guest)
{
    if (guest->priority.value > LOWER_MOST_PRIORITY) {
        diag_error(lower->diag, guest->priority.pos, "priority %" PRIu64 " is too high for a guest",
                   guest->priority.value);
        diag_help(lower->diag, "use at most %d; its monitor has the next higher priority",
                  LOWER_MOST_PRIORITY);
        return false;
    }
    return true;
}

/** The monitor and the VM, still empty. */
static void lower_add_pd(struct lower *lower, struct lower_guest *guest, uint64_t vcpus)
{
    const struct sdf_guest *from = guest->from;
    struct sdf *sdf = lower->sdf;
    unsigned cpus = lower->world->board != NULL ? lower->world->board->cpus : BH_MAX_CPUS;
    struct sdf_pd *pd;
    struct sdf_vm *vm;

    sdf->pds = alloc_grow(sdf->pds, sdf->pds_count, sizeof(*pd));
    sdf->vms = alloc_grow(sdf->vms, sdf->vms_count, sizeof(*vm));
    guest->pd = sdf->pds_count++;
    guest->vm = sdf->vms_count++;
    pd = &sdf->pds[guest->pd];
    vm = &sdf->vms[guest->vm];
    *pd = (struct sdf_pd){
        .pos = from->pos,
        .name = lower_string(from->name.pos, "%s" LOWER_SUFFIX, from->name.text),
        .priority = lower_number(from->priority.pos, from->priority.value + 1),
        .budget.value = 1000,
        .period.value = 1000,
        .stack_size.value = LOWER_STACK,
        .fpu = true,
        .parent = SDF_NONE,
        .program_pos = from->pos,
        .program = from->monitor.text != NULL
                       ? lower_string(from->monitor.pos, "%s", from->monitor.text)
                       : lower_string(from->pos, "%s", LOWER_PROGRAM),
        .program_sdk = from->monitor.text == NULL,
        .vm = guest->vm,
    };
    *vm = (struct sdf_vm){
        .pos = from->pos,
        .name = lower_string(from->name.pos, "%s", from->name.text),
        .priority = from->priority,
        .budget = from->budget,
        .period = from->period,
        .pd = guest->pd,
    };
    for (uint64_t i = 0; i < vcpus; i++) {
        struct sdf_vcpu *vcpu;

        vm->vcpus = alloc_grow(vm->vcpus, vm->vcpus_count, sizeof(*vcpu));
        vcpu = &vm->vcpus[vm->vcpus_count++];
        vcpu->pos = from->pos;
        vcpu->id = lower_number(from->pos, i);
        if (from->cpus_count > 0) {
            vcpu->cpu = from->cpus[i];
            lower->next_cpu = from->cpus[i].value + 1;
        } else {
            vcpu->cpu = lower_number(from->pos, lower->next_cpu++ % cpus);
        }
    }
    pd->cpu = vm->vcpus[0].cpu;
}

static bool lower_add_ram(struct lower *lower, struct lower_guest *guest)
{
    const struct sdf_guest *from = guest->from;
    const struct board *board = lower->world->board;
    uint64_t base = board != NULL ? board->guest.ram : UINT64_C(0x40000000);
    struct sdf_region *region;
    struct sdf_map *map;
    size_t index;

    if (from->identity && board != NULL && !lower_place_identity(lower, from, &base)) {
        return false;
    }
    index = lower_region(lower, lower_string(from->ram.pos, "%s.ram", from->name.text));
    region = &lower->sdf->regions[index];
    region->size = from->ram;
    region->page_size = lower_number(from->ram.pos, SDF_BIG_PAGE);
    if (from->identity && board != NULL) {
        region->phys_addr = lower_number(from->ram.pos, base);
    }
    guest->ram = base;
    guest->ram_region = index;
    map = lower_pd_map(lower, guest, index, base, SDF_PERM_R | SDF_PERM_W);
    map->setvar_vaddr = lower_string(from->pos, "guest_ram");
    map->setvar_size = lower_string(from->pos, "guest_ram_bytes");
    lower_vm_map(lower, guest, index, base, SDF_PERM_R | SDF_PERM_W | SDF_PERM_X);
    return true;
}

/** Map a file for the monitor: aligned, so that the largest pages can be used. */
static void lower_add_file(struct lower *lower, struct lower_guest *guest,
                           const struct lower_file *file, const char *symbol)
{
    struct sdf_map *map;

    if (file->region == SDF_NONE) {
        return;
    }
    map = lower_pd_map(lower, guest, file->region, guest->free, SDF_PERM_R);
    map->setvar_vaddr = lower_string(map->pos, "%s", symbol);
    if (sdf_region_filled(&lower->sdf->regions[file->region])) {
        map->setvar_prefill_size = lower_string(map->pos, "%s_bytes", symbol);
    }
    guest->free += (file->bytes + LOWER_ALIGN) & ~(LOWER_ALIGN - 1);
}

/** The CPU interface of GICv2; a guest on GICv3 does not know of it. All guests share the region.
 */
static void lower_add_gicv(struct lower *lower, struct lower_guest *guest)
{
    const struct board *board = lower->world->board;

    if (board == NULL || board->gicv == 0 || board->gicc == 0) {
        return;
    }
    for (size_t i = 0; lower->gicv == SDF_NONE && i < lower->sdf->regions_count; i++) {
        const struct sdf_region *region = &lower->sdf->regions[i];

        if (region->phys_addr.given && region->phys_addr.value == board->gicv &&
            region->size.value >= LOWER_GICV_BYTES && region->name.text != NULL) {
            lower->gicv = i;
        }
    }
    if (lower->gicv == SDF_NONE) {
        lower->gicv = lower_region(lower, lower_string(guest->from->pos, "guests.gicv"));
        lower->sdf->regions[lower->gicv].size = lower_number(guest->from->pos, LOWER_GICV_BYTES);
        lower->sdf->regions[lower->gicv].phys_addr = lower_number(guest->from->pos, board->gicv);
    }
    lower_vm_map(lower, guest, lower->gicv, board->gicc, SDF_PERM_R | SDF_PERM_W)->cached = false;
}

/** Where the kernel's own words end: at a "--", behind which init's are. */
static size_t lower_kernel_words(const char *text)
{
    const char *end = strstr(text, " -- ");

    return end != NULL ? (size_t)(end - text) : strlen(text);
}

static bool lower_has_word(const char *text, size_t bytes, const char *beginning)
{
    for (const char *at = strstr(text, beginning); at != NULL && (size_t)(at - text) < bytes;
         at = strstr(at + 1, beginning)) {
        if (at == text || at[-1] == ' ') {
            return true;
        }
    }
    return false;
}

static void lower_add_bootargs(struct lower *lower, struct lower_guest *guest)
{
    const struct sdf_str *given = &guest->from->bootargs;
    const char *text = given->text != NULL    ? given->text
                       : guest->from->console ? LOWER_CONSOLE_BOOTARGS
                                              : LOWER_DEFAULT_BOOTARGS;
    size_t own = lower_kernel_words(text);
    const char *more = lower_has_word(text, own, "panic=") ? "" : " " LOWER_PANIC;

    if (strlen(text) + strlen(more) >= LOWER_BOOTARGS) {
        diag_error(lower->diag, given->pos, "the kernel's command line has %zu bytes",
                   strlen(text) + strlen(more));
        diag_help(lower->diag, "Linux takes at most %u%s", LOWER_BOOTARGS - 1,
                  more[0] != '\0' ? ", with '" LOWER_PANIC "', which is added" : "");
    }
    lower_line(lower, guest, "bootargs %.*s%s%s", (int)own, text, more, text + own);
}

/** The monitor's configuration; docs/vmm.md has its words. */
static void lower_add_config(struct lower *lower, struct lower_guest *guest)
{
    const struct sdf_guest *from = guest->from;
    const struct board *board = lower->world->board;
    struct sdf_map *map;

    lower_line(lower, guest, "name %s", from->name.text);
    lower_add_bootargs(lower, guest);
    if (board != NULL && board->gicv != 0 && board->gicc != 0) {
        lower_line(lower, guest, "gic 2 0x%" PRIx64 " 0x%" PRIx64, board->gicd, board->gicc);
    }
    if (board != NULL && board->gicr != 0) {
        lower_line(lower, guest, "gic 3 0x%" PRIx64 " 0x%" PRIx64, board->gicd, board->gicr);
    }
    if (board != NULL) {
        lower_line(lower, guest, "uart 0x%" PRIx64 " %u", board->guest.uart, board->guest.uart_irq);
    }
    if (from->restarts.given) {
        lower_line(lower, guest, "crash restart %" PRIu64, from->restarts.value);
    } else {
        lower_line(lower, guest, "crash %s", from->restart ? "restart" : "stop");
    }
    map = lower_pd_map(lower, guest, guest->config, LOWER_FILES, SDF_PERM_R);
    map->setvar_vaddr = lower_string(map->pos, "guest_config");
    map->setvar_prefill_size = lower_string(map->pos, "guest_config_bytes");
}

static void lower_one(struct lower *lower, const struct sdf_guest *from)
{
    struct lower_guest guest = { .from = from, .free = LOWER_FILES + LOWER_ALIGN };
    const struct lower_image *image = lower_image(lower, &from->image);
    bool good = lower_check_name(lower, &from->name);
    uint64_t vcpus = lower_count_vcpus(lower, from);

    good = lower_check_ram(lower, &from->ram) && good;
    good = lower_check_time(lower, from) && good;
    if (!good || vcpus == 0 || image == NULL) {
        return;
    }
    lower_add_pd(lower, &guest, vcpus);
    if (!lower_add_ram(lower, &guest)) {
        return;
    }
    lower_check_fit(lower, &guest, image);
    guest.config = lower_region(lower, lower_string(from->pos, "%s.config", from->name.text));
    lower_add_config(lower, &guest);
    lower_add_file(lower, &guest, &image->kernel, "guest_kernel");
    lower_add_file(lower, &guest, &image->initrd, "guest_initrd");
    lower_add_file(lower, &guest, &image->dtb, "guest_dtb");
    lower_add_gicv(lower, &guest);
    lower_power_guest(lower, &guest);
    lower_devices(lower, &guest);
    lower_firmware(lower, &guest);
    lower_console_client(lower, &guest);
    lower_disk_clients(lower, &guest);
    lower_ports(lower, &guest);
    lower_nets(lower, &guest);
    if (from->monitor.text == NULL) {
        lower_virtio(lower, &guest, from->pos, "rng");
    }
}

/** Is this the first guest of its name? */
static bool lower_is_first(const struct sdf *sdf, size_t index)
{
    const char *name = sdf->guests[index].name.text;

    for (size_t i = 0; name != NULL && i < index; i++) {
        if (sdf->guests[i].name.text != NULL && strcmp(sdf->guests[i].name.text, name) == 0) {
            return false;
        }
    }
    return true;
}

/** Does the board say where guests have their devices? */
static bool lower_has_place(struct lower *lower)
{
    const struct board *board = lower->world->board;

    if (board != NULL && board->guest.uart_irq == 0) {
        if (lower->diag->errors == 0) {
            diag_error(lower->diag, lower->sdf->guests[0].pos, "board %s has no place for guests",
                       board->name);
            diag_help(lower->diag, "its board.xml needs a <guest>");
        }
        return false;
    }
    return true;
}

/** Names of images and guests; each once. */
static void lower_index(struct lower *lower)
{
    const struct sdf *sdf = lower->sdf;
    struct sdf_index guests = { .kind = "guest" };

    for (size_t i = 0; i < sdf->images_count; i++) {
        sdf_index_add(&lower->image_names, &sdf->images[i].name, i);
    }
    for (size_t i = 0; i < sdf->guests_count; i++) {
        sdf_index_add(&guests, &sdf->guests[i].name, i);
    }
    sdf_index_finish(&lower->image_names, lower->diag);
    sdf_index_finish(&guests, lower->diag);
    sdf_index_free(&guests);
}

void lower_guests(struct sdf *sdf, const struct lower_world *world, struct diag *diag)
{
    struct lower lower = { .sdf = sdf,
                           .world = world,
                           .diag = diag,
                           .image_names.kind = "image",
                           .gicv = SDF_NONE,
                           .timer = SDF_NONE,
                           .power = SDF_NONE,
                           .console = SDF_NONE,
                           .console_config = SDF_NONE };

    lower.images = alloc_array(sdf->images_count, sizeof(*lower.images));
    lower_index(&lower);
    lower_power(&lower);
    lower_console(&lower);
    lower_disks(&lower);
    lower_networks(&lower);
    for (size_t i = 0; i < sdf->guests_count && lower_has_place(&lower); i++) {
        if (lower_is_first(sdf, i)) {
            lower_one(&lower, &sdf->guests[i]);
        }
    }
    lower_console_pds(&lower);
    lower_console_end(&lower);
    lower_disks_end(&lower);
    lower_ports_end(&lower);
    lower_networks_end(&lower);
    for (size_t i = 0; i < sdf->images_count && diag->errors == 0; i++) {
        if (!lower.images[i].done) {
            diag_warning(diag, sdf->images[i].name.pos, "image '%s' is not used",
                         sdf->images[i].name.text);
            diag_help(diag, "give it to a <guest>, or remove it");
        }
    }
    sdf_index_free(&lower.image_names);
    free(lower.images);
}
