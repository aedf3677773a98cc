/* SPDX-License-Identifier: BSD-2-Clause */
#include "board.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <bulkhead/abi.h>

#include "alloc.h"
#include "devicetree.h"
#include "file.h"
#include "sdf_attr.h"
#include "sdf_read.h"
#include "xml.h"

#define BOARD_MAX_TREE (4u << 20)
#define BOARD_MIB (UINT64_C(1) << 20)
#define BOARD_CPUS (sizeof(((struct board *)0)->mpidr) / sizeof(((struct board *)0)->mpidr[0]))

/** A number that is needed; 0 after complaining. */
static uint64_t board_number(const struct xml_element *element, const char *name,
                             enum sdf_need need, struct diag *diag)
{
    struct sdf_num number = { 0 };

    sdf_attr_number(element, name, need, diag, &number);
    return number.value;
}

/** A number of at most `most`; 0 after complaining. */
static unsigned board_small_number(const struct xml_element *element, const char *name,
                                   unsigned most, struct diag *diag)
{
    struct sdf_num number = { 0 };

    sdf_attr_number(element, name, SDF_REQUIRED, diag, &number);
    if (number.given && number.value > most) {
        diag_error(diag, number.pos, "%" PRIu64 " is too large for '%s'", number.value, name);
        diag_help(diag, "use at most %u", most);
        return 0;
    }
    return (unsigned)number.value;
}

/** One more of a list with room for `most`. False after complaining. */
static bool board_has_room(const struct xml_element *element, size_t count, size_t most,
                           struct diag *diag)
{
    if (count == most) {
        diag_error(diag, element->pos, "more than %zu <%s>", most, element->name);
        diag_help(diag, "remove this one");
        return false;
    }
    return true;
}

static void board_read_range(const struct xml_element *element, size_t most,
                             struct board_range *ranges, size_t *count, struct diag *diag)
{
    static const char *const names[] = { "base", "size", NULL };
    struct sdf_num base = { 0 }, size = { 0 };

    sdf_attr_allow(element, names, diag);
    sdf_read_no_children(element, diag);
    sdf_attr_number(element, "base", SDF_REQUIRED, diag, &base);
    sdf_attr_number(element, "size", SDF_REQUIRED, diag, &size);
    if (!base.given || !size.given || !board_has_room(element, *count, most, diag)) {
        return;
    }
    if (base.value % SDF_PAGE != 0 || size.value % SDF_PAGE != 0 || size.value == 0 ||
        size.value > SDF_PHYSICAL_END || base.value > SDF_PHYSICAL_END - size.value) {
        diag_error(diag, base.pos, "this range is empty, not made of pages, or too high");
        diag_help(diag, "use multiples of 0x1000 below 0x%" PRIx64, SDF_PHYSICAL_END);
        return;
    }
    for (size_t i = 0; i < *count; i++) {
        if (base.value < ranges[i].base + ranges[i].bytes &&
            ranges[i].base < base.value + size.value) {
            diag_error(diag, base.pos, "this range overlaps another <%s>", element->name);
            diag_help(diag, "ranges of one kind lie beside each other");
            return;
        }
    }
    ranges[(*count)++] = (struct board_range){ .base = base.value, .bytes = size.value };
}

static void board_read_cpu(const struct xml_element *element, struct board *board,
                           struct diag *diag)
{
    static const char *const names[] = { "mpidr", NULL };

    sdf_attr_allow(element, names, diag);
    sdf_read_no_children(element, diag);
    if (board_has_room(element, board->cpus, BOARD_CPUS, diag)) {
        board->mpidr[board->cpus++] = board_number(element, "mpidr", SDF_REQUIRED, diag);
    }
}

static void board_read_gic(const struct xml_element *element, struct board *board,
                           struct diag *diag)
{
    static const char *const names[] = {
        "distributor",    "cpu_interface",       "hypervisor", "virtual_cpu_interface",
        "redistributors", "redistributors_size", NULL
    };

    sdf_attr_allow(element, names, diag);
    sdf_read_no_children(element, diag);
    board->gicd = board_number(element, "distributor", SDF_REQUIRED, diag);
    board->gicc = board_number(element, "cpu_interface", SDF_OPTIONAL, diag);
    board->gich = board_number(element, "hypervisor", SDF_OPTIONAL, diag);
    board->gicv = board_number(element, "virtual_cpu_interface", SDF_OPTIONAL, diag);
    board->gicr = board_number(element, "redistributors", SDF_OPTIONAL, diag);
    board->gicr_bytes = board_number(element, "redistributors_size", SDF_OPTIONAL, diag);
}

static void board_read_guest(const struct xml_element *element, struct board *board,
                             struct diag *diag)
{
    static const char *const names[] = {
        "ram", "uart", "uart_interrupt", "virtio", "virtio_interrupt", NULL
    };
    struct board_guest *guest = &board->guest;

    sdf_attr_allow(element, names, diag);
    sdf_read_no_children(element, diag);
    guest->ram = board_number(element, "ram", SDF_REQUIRED, diag);
    guest->uart = board_number(element, "uart", SDF_REQUIRED, diag);
    guest->uart_irq = board_small_number(element, "uart_interrupt", BH_VIRQ_COUNT - 1, diag);
    guest->virtio = board_number(element, "virtio", SDF_REQUIRED, diag);
    guest->virtio_irq = board_small_number(element, "virtio_interrupt", BH_VIRQ_COUNT - 1, diag);
}

static void board_read_device(const struct xml_element *element, size_t most,
                              struct board_device *devices, size_t *count, struct diag *diag)
{
    static const char *const names[] = { "driver", "registers", "interrupt", "attach", NULL };
    struct board_device *device = &devices[*count];
    struct sdf_str driver = { 0 };
    struct sdf_str attach = { 0 };

    sdf_attr_allow(element, names, diag);
    sdf_read_no_children(element, diag);
    if (!board_has_room(element, *count, most, diag)) {
        return;
    }
    (*count)++;
    sdf_attr_string(element, "driver", SDF_REQUIRED, diag, &driver);
    sdf_attr_string(element, "attach", SDF_OPTIONAL, diag, &attach);
    device->driver = driver.text;
    device->attach = attach.text;
    device->registers = board_number(element, "registers", SDF_REQUIRED, diag);
    device->irq = board_small_number(element, "interrupt", 1019, diag);
}

static void board_read_emulator(const struct xml_element *element, struct board *board,
                                struct diag *diag)
{
    static const char *const names[] = { "program", NULL };
    static const char *const argument_names[] = { "value", NULL };
    static const char *const children[] = { "argument", NULL };
    struct sdf_str program = { 0 };
    size_t count = 0;

    if (board->qemu != NULL) {
        diag_error(diag, element->pos, "a second <emulator>");
        diag_help(diag, "keep one of them");
        return;
    }
    sdf_attr_allow(element, names, diag);
    sdf_attr_string(element, "program", SDF_REQUIRED, diag, &program);
    board->qemu = program.text;
    board->qemu_args = alloc_grow(NULL, 0, sizeof(*board->qemu_args));
    for (const struct xml_element *child = element->first; child != NULL; child = child->next) {
        struct sdf_str value = { 0 };

        if (strcmp(child->name, "argument") != 0) {
            sdf_read_unknown(child, children, diag);
            continue;
        }
        sdf_attr_allow(child, argument_names, diag);
        sdf_read_no_children(child, diag);
        sdf_attr_string(child, "value", SDF_REQUIRED, diag, &value);
        if (value.text != NULL) {
            board->qemu_args[count++] = value.text;
            board->qemu_args = alloc_grow(board->qemu_args, count, sizeof(*board->qemu_args));
        }
    }
}

static void board_read(const struct xml_element *root, struct board *board, struct diag *diag)
{
    static const char *const names[] = { "name",           "interrupts",        "timer", "console",
                                         "console_driver", "console_interrupt", NULL };
    static const char *const children[] = { "cpu",  "ram", "gic",      "reserved", "guest",
                                            "disk", "nic", "emulator", NULL };
    struct sdf_str name = { 0 };
    struct sdf_str driver = { 0 };

    sdf_attr_allow(root, names, diag);
    sdf_attr_string(root, "name", SDF_REQUIRED, diag, &name);
    board->name = name.text;
    board->spis = board_small_number(root, "interrupts", 1020, diag);
    board->timer_ppi = board_small_number(root, "timer", 31, diag);
    board->uart = board_number(root, "console", SDF_REQUIRED, diag);
    sdf_attr_string(root, "console_driver", SDF_OPTIONAL, diag, &driver);
    board->console_driver = driver.text;
    if (driver.text != NULL) {
        board->console_irq = board_small_number(root, "console_interrupt", 1019, diag);
    }
    for (const struct xml_element *child = root->first; child != NULL; child = child->next) {
        if (strcmp(child->name, "cpu") == 0) {
            board_read_cpu(child, board, diag);
        } else if (strcmp(child->name, "ram") == 0) {
            board_read_range(child, BOARD_MAX_RAM, board->ram, &board->ram_count, diag);
        } else if (strcmp(child->name, "reserved") == 0) {
            board_read_range(child, BOARD_MAX_RESERVED, board->reserved, &board->reserved_count,
                             diag);
        } else if (strcmp(child->name, "gic") == 0) {
            board_read_gic(child, board, diag);
        } else if (strcmp(child->name, "guest") == 0) {
            board_read_guest(child, board, diag);
        } else if (strcmp(child->name, "disk") == 0) {
            board_read_device(child, BOARD_MAX_DISKS, board->disks, &board->disks_count, diag);
        } else if (strcmp(child->name, "nic") == 0) {
            board_read_device(child, BOARD_MAX_NICS, board->nics, &board->nics_count, diag);
        } else if (strcmp(child->name, "emulator") == 0) {
            board_read_emulator(child, board, diag);
        } else {
            sdf_read_unknown(child, children, diag);
        }
    }
    if (board->cpus == 0 || board->ram_count == 0 || board->gicd == 0) {
        diag_error(diag, root->pos, "a board has at least one <cpu>, one <ram> and a <gic>");
        diag_help(diag, "add what is missing");
    }
}

/** Read board.dtb from the folder of `path`, when it is there. */
static void board_read_tree(const char *path, struct board *board, struct diag *diag)
{
    static const struct diag_pos nowhere;
    const char *slash = strrchr(path, '/');
    char *file = alloc_format("%.*s/board.dtb", slash != NULL ? (int)(slash - path) : 1,
                              slash != NULL ? path : ".");
    const char *problem = NULL;
    size_t size;
    int error = file_read(file, BOARD_MAX_TREE, &board->tree, &size);

    if (error == 0) {
        problem = devicetree_check(board->tree, size);
    } else if (error != ENOENT) {
        problem = strerror(error);
    }
    if (problem != NULL) {
        diag_error(diag, nowhere, "the board's device tree '%s' cannot be used: %s", file, problem);
        free(board->tree);
        board->tree = NULL;
    }
    free(file);
}

enum board_status board_load(const char *path, struct diag *diag, struct board *board)
{
    struct xml_element *root;
    size_t bytes;

    *board = (struct board){ 0 };
    if (xml_read_file(path, diag, &board->source, &bytes) != XML_OK) {
        return BOARD_ERR_READ;
    }
    diag_set_source(diag, board->source, bytes);
    if (xml_parse(board->source, bytes, diag, &root) != XML_OK) {
        return BOARD_ERR_FACTS;
    }
    if (strcmp(root->name, "board") == 0) {
        board_read(root, board, diag);
    } else {
        diag_error(diag, root->pos, "the outermost element is <%s>", root->name);
        diag_help(diag, "the facts of a board are a <board>");
    }
    xml_free(root);
    board_read_tree(path, board, diag);
    return diag->errors == 0 ? BOARD_OK : BOARD_ERR_FACTS;
}

bool board_in_ram(const struct board *board, uint64_t base, uint64_t bytes)
{
    for (size_t i = 0; i < board->ram_count; i++) {
        const struct board_range *ram = &board->ram[i];

        if (base >= ram->base && bytes > 0 && bytes <= ram->bytes &&
            base - ram->base <= ram->bytes - bytes) {
            return true;
        }
    }
    return false;
}

bool board_touches_ram(const struct board *board, uint64_t base, uint64_t bytes)
{
    for (size_t i = 0; i < board->ram_count; i++) {
        const struct board_range *ram = &board->ram[i];
        uint64_t begin = base > ram->base ? base : ram->base;

        if (begin - base < bytes && begin - ram->base < ram->bytes) {
            return true;
        }
    }
    return false;
}

uint64_t board_ram_bytes(const struct board *board)
{
    uint64_t bytes = 0;

    for (size_t i = 0; i < board->ram_count; i++) {
        bytes += board->ram[i].bytes;
    }
    return bytes;
}

bool board_set_ram(struct board *board, uint64_t bytes)
{
    if (board->qemu == NULL || board->ram_count != 1 || bytes == 0 || bytes % BOARD_MIB != 0 ||
        bytes > SDF_PHYSICAL_END - board->ram[0].base) {
        return false;
    }
    board->ram[0].bytes = bytes;
    return true;
}

static void board_free_devices(const struct board_device *devices, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(devices[i].driver);
        free(devices[i].attach);
    }
}

void board_free(struct board *board)
{
    for (size_t i = 0; board->qemu_args != NULL && board->qemu_args[i] != NULL; i++) {
        free(board->qemu_args[i]);
    }
    free(board->qemu_args);
    free(board->qemu);
    free(board->tree);
    free(board->name);
    free(board->console_driver);
    board_free_devices(board->disks, board->disks_count);
    board_free_devices(board->nics, board->nics_count);
    free(board->source);
    *board = (struct board){ 0 };
}
