/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <bulkhead/abi.h>
#include <bulkhead/bootdesc.h>
#include <bulkhead/counts.h>

#include "alloc.h"
#include "cmd.h"
#include "emulator.h"
#include "emulator_net.h"
#include "file.h"
#include "image.h"
#include "options.h"
#include "source.h"
#include "watch.h"
#include "watch_find.h"
#include "watch_show.h"

#define CMD_RUN_MAX_IMAGE (1UL << 32)
#define CMD_RUN_GDB_PORT "1234"
#define CMD_RUN_IRQS 1020

static const char cmd_run_help[] =
    "usage: bulkhead run IMAGE|SYSTEM --board B [--config C] [options] [-- emulator options]\n"
    "\n"
    "Run an image, or build one from a system description and run it, in the board's emulator.\n"
    "The console is on the terminal: Ctrl-A x ends, Ctrl-A c shows the emulator's monitor. The\n"
    "exit code is the emulator's.\n"
    "\n"
    "  --board, --ram, --config, --search-path, --sdk, --override-kernel\n"
    "                        as for 'bulkhead build'\n"
    "  -o, --output FILE     keep the image that is built\n"
    "  --cpus N              CPUs of the machine (as many as the system uses)\n"
    "  --cpu MODEL           for example cortex-a53 or cortex-a72\n"
    "  --gic 2|3             version of the interrupt controller\n"
    "  --icount              one instruction takes one nanosecond: repeatable\n"
    "  --disk FILE           what is on the board's first disk; again for the next one\n"
    "  --net NET             what the board's first network device is joined to; again for the\n"
    "                        next one: user (has DHCP and reaches the outside), tap:INTERFACE,\n"
    "                        listen:PORT, connect:HOST:PORT (another board's), none. Without it\n"
    "                        user, where the image has a driver for the device\n"
    "  --forward tcp|udp:[ADDRESS:]PORT:GUEST-ADDRESS:PORT\n"
    "                        a port of this host (127.0.0.1) that leads to a guest's, with user\n"
    "  --gdb [PORT]          start halted, waiting for a debugger (port " CMD_RUN_GDB_PORT ")\n"
    "  --memory-file FILE    keep the machine's memory in a file that others can read\n"
    "  --watch[=PLACE]       let 'bulkhead watch' in another terminal show what the machine does;\n"
    "                        or show it at PLACE: a terminal, or a file, which gets lines\n"
    "  -v, --verbose         print the emulator's command line\n";

/* Whether the bytes are an image of `bulkhead build`, of any type. */
static bool cmd_run_is_image(const uint8_t *bytes, size_t size)
{
    static const uint8_t elf[] = { 0x7f, 'E', 'L', 'F' };
    static const uint8_t uimage[] = { 0x27, 0x05, 0x19, 0x56 };

    return (size >= 64 && memcmp(bytes + 56, "ARM\x64", 4) == 0) ||
           (size >= 4 && memcmp(bytes, elf, 4) == 0) ||
           (size >= 4 && memcmp(bytes, uimage, 4) == 0);
}

/* What an image says of the machine that it is for. */
struct cmd_run_machine {
    unsigned cpus;           /* that it uses; 1 when it does not say */
    uint64_t ram;            /* bytes; 0 when it does not say, or it has several ranges */
    bool irqs[CMD_RUN_IRQS]; /* interrupts that its protection domains have */
    bool counts;             /* its kernel counts what --watch shows of CPUs */
};

/* The boot description of an image at `at`. False when there is none. */
static bool cmd_run_describes(const uint8_t *bytes, size_t size, size_t at,
                              struct cmd_run_machine *machine)
{
    struct bd_header header;
    struct bd_memory memory;

    memcpy(&header, bytes + at, sizeof(header));
    if (header.magic != BD_MAGIC || header.version != BD_VERSION || header.board.cpus < 1 ||
        header.board.cpus > BH_MAX_CPUS) {
        return false;
    }
    machine->cpus = header.board.cpus;
    if (header.memory.count == 1 && size - at >= sizeof(memory) &&
        header.memory.off <= size - at - sizeof(memory)) {
        memcpy(&memory, bytes + at + header.memory.off, sizeof(memory));
        machine->ram = memory.bytes;
    }
    for (uint32_t i = 0; i < header.irqs.count; i++) {
        struct bd_irq irq;
        size_t offset = header.irqs.off + (size_t)i * sizeof(irq);

        if (size - at < sizeof(irq) || offset > size - at - sizeof(irq)) {
            break;
        }
        memcpy(&irq, bytes + at + offset, sizeof(irq));
        if (irq.intid < CMD_RUN_IRQS) {
            machine->irqs[irq.intid] = true;
        }
    }
    return true;
}

static struct cmd_run_machine cmd_run_machine(const uint8_t *bytes, size_t size)
{
    static const size_t starts[] = { 0, 64 }; /* a uimage has 64 bytes in front */
    static const uint64_t counts[] = { BH_COUNTS_MAGIC0, BH_COUNTS_MAGIC1 };
    struct cmd_run_machine machine = { .cpus = 1 };

    machine.counts = memmem(bytes, size, counts, sizeof(counts)) != NULL;
    for (size_t start = 0; start < 2; start++) {
        for (size_t at = starts[start]; at < size && size - at >= sizeof(struct bd_header);
             at += BD_PAGE) {
            if (cmd_run_describes(bytes, size, at, &machine)) {
                return machine;
            }
        }
    }
    return machine;
}

/* The board for an image, with the RAM that the image was built for unless --ram says more. */
static int cmd_run_board(struct source *source, const struct options *options,
                         const struct cmd_run_machine *machine)
{
    int code = source_board(source, options);

    if (code == CMD_OK && options->ram == NULL && machine->ram != 0 &&
        machine->ram != board_ram_bytes(&source->board) &&
        !board_set_ram(&source->board, machine->ram)) {
        fprintf(stderr, "bulkhead: '%s' was built for another board's RAM\n", options->input);
        return CMD_WRONG;
    }
    if (code == CMD_OK && machine->ram > board_ram_bytes(&source->board)) {
        options_complain(options, "'%s' was built for more RAM than --ram %s: %" PRIu64 "M",
                         options->input, options->ram, machine->ram >> 20);
        return CMD_USAGE;
    }
    return code;
}

/* Room for the image in a file without name, which ends with the emulator. */
static char *cmd_run_anonymous(const uint8_t *bytes, size_t size)
{
    int fd = memfd_create("image", 0);
    int error;

    if (fd < 0) {
        return NULL;
    }
    error = file_write_fd(fd, bytes, size);
    if (error != 0) {
        close(fd);
        errno = error;
        return NULL;
    }
    return alloc_format("/proc/self/fd/%d", fd);
}

/* Build the image. *path receives its file, *machine what it says. */
static int cmd_run_build(struct source *source, const struct options *options, char **path,
                         struct cmd_run_machine *machine)
{
    int code = source_plan(source, options, options->input);
    uint8_t *image;
    int error = 0;

    if (code != CMD_OK) {
        return code;
    }
    image = image_make(&source->plan, &source->kernel, source_has_symbols(source));
    *machine = cmd_run_machine(image, source->plan.image_bytes);
    if (options->output != NULL) {
        error = file_write(options->output, image, source->plan.image_bytes);
        *path = alloc_copy(options->output, strlen(options->output));
    } else {
        *path = cmd_run_anonymous(image, source->plan.image_bytes);
    }
    free(image);
    if (error != 0 || *path == NULL) {
        fprintf(stderr, "bulkhead: the image cannot be written: %s\n",
                strerror(error != 0 ? error : errno));
        return CMD_ENVIRONMENT;
    }
    return CMD_OK;
}

/* Print an option of gdb that loads a file, wherever gdb is started. */
static void cmd_run_print_symbols(const char *command, const char *path)
{
    char *absolute = realpath(path, NULL);

    fprintf(stderr, " -ex '%s %s'", command, absolute != NULL ? absolute : path);
    free(absolute);
}

/* Whether a PD before this one runs the same program. */
static bool cmd_run_is_repeated(const struct plan *plan, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (strcmp(plan->pds[i].elf->path, plan->pds[index].elf->path) == 0) {
            return true;
        }
    }
    return false;
}

static void cmd_run_print_gdb(const struct source *source, const char *port)
{
    char *kernel = source_sdk_path(source, "elf/kernel.elf");

    fprintf(stderr,
            "bulkhead: the machine waits for a debugger; in another terminal:\n"
            "gdb-multiarch -ex 'target remote :%s'",
            port);
    cmd_run_print_symbols("symbol-file",
                          source->kernel_path != NULL ? source->kernel_path : kernel);
    for (size_t i = 0; source->plan.pds != NULL && i < source->plan.sdf->pds_count; i++) {
        if (!cmd_run_is_repeated(&source->plan, i)) {
            cmd_run_print_symbols("add-symbol-file", source->plan.pds[i].elf->path);
        }
    }
    fputc('\n', stderr);
    free(kernel);
}

/* What the network devices are joined to: what is asked for, else the user network for each that
 * the image has a driver of. */
static void cmd_run_nets(const struct options *options, const struct board *board,
                         const struct cmd_run_machine *machine, struct emulator_wish *wish)
{
    static const char *const users[BOARD_MAX_NICS] = { EMULATOR_NET_USER, EMULATOR_NET_USER,
                                                       EMULATOR_NET_USER, EMULATOR_NET_USER };

    wish->nets = options->nets.values;
    wish->nets_count = options->nets.count;
    if (options->nets.count == 0) {
        wish->nets = users;
        for (size_t i = 0; i < board->nics_count && board->nics[i].attach != NULL; i++) {
            if (machine->irqs[board->nics[i].irq]) {
                wish->nets_count = i + 1;
            }
        }
        if (options->forwards.count > 0 && wish->nets_count == 0) {
            wish->nets_count = 1;
        }
    }
}

static bool cmd_run_wish(const struct options *options, const struct board *board,
                         const struct cmd_run_machine *machine, struct emulator_wish *wish)
{
    uint64_t number = wish->cpus;

    if (options->cpus != NULL &&
        !options_number(options, "--cpus", options->cpus, machine->cpus, BH_MAX_CPUS, &number)) {
        return false;
    }
    wish->cpus = (unsigned)number;
    if (options->gic != NULL && !options_number(options, "--gic", options->gic, 2, 3, &number)) {
        return false;
    }
    if (options->gdb) {
        wish->gdb_port = options->gdb_port != NULL ? options->gdb_port : CMD_RUN_GDB_PORT;
        if (!options_number(options, "the port of --gdb", wish->gdb_port, 1, 65535, &number)) {
            return false;
        }
    }
    if (options->watch != NULL && options->memory_file != NULL) {
        options_complain(options, "--watch and --memory-file exclude each other");
        return false;
    }
    wish->cpu = options->cpu;
    wish->gic = options->gic;
    wish->icount = options->icount;
    wish->disks = options->disks.values;
    wish->disks_count = options->disks.count;
    wish->forwards = options->forwards.values;
    wish->forwards_count = options->forwards.count;
    cmd_run_nets(options, board, machine, wish);
    wish->memory_file = options->memory_file;
    wish->rest = options->rest;
    return true;
}

/* The last part of a path. */
static const char *cmd_run_base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash != NULL ? slash + 1 : path;
}

/* Say how to see what the machine does, in whose process this one becomes the emulator. */
static void cmd_run_print_watch(void)
{
    char self[4096] = "bulkhead";
    ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);

    self[length > 0 ? (size_t)length : strlen(self)] = '\0';
    fprintf(stderr,
            "bulkhead: what the machine does is shown, in another terminal, by\n"
            "    %s watch %ld\n",
            self, (long)getpid());
}

/* Show what the machine with that memory does, in a process beside it, at the place that is asked
 * for. */
static bool cmd_run_watch(const struct options *options, int memory)
{
    struct watch_wish wish = { .memory = memory,
                               .pid = getpid(),
                               .title = cmd_run_base_name(options->input),
                               .interval = WATCH_INTERVAL };
    pid_t child;

    if (options->watch[0] == '\0') {
        cmd_run_print_watch();
        return true;
    }
    wish.out = open(options->watch, O_WRONLY | O_CREAT | O_APPEND | O_NOCTTY | O_CLOEXEC, 0666);
    if (wish.out < 0) {
        fprintf(stderr, "bulkhead: '%s' cannot be written: %s\n", options->watch, strerror(errno));
        return false;
    }
    fflush(NULL);
    child = fork();
    if (child == 0) {
        _exit(watch_run(&wish));
    }
    close(wish.out);
    if (child < 0) {
        fprintf(stderr, "bulkhead: nothing can be shown: %s\n", strerror(errno));
    }
    return child >= 0;
}

/* The machine's memory, in a file without a path that others can find. Sets *memory to it, and
 * memory_file to how the emulator opens it, which the caller frees. */
static bool cmd_run_share(const struct options *options, const struct board *board, int *memory,
                          char **memory_file)
{
    *memory = watch_find_create(cmd_run_base_name(options->input), board_ram_bytes(board));
    if (*memory < 0) {
        fprintf(stderr, "bulkhead: the machine's memory cannot be shared: %s\n", strerror(errno));
        return false;
    }
    *memory_file = alloc_format("/proc/self/fd/%d", *memory);
    return true;
}

/* Say why there is no command line for the emulator. */
static int cmd_run_refuse(const struct options *options, const struct emulator *emulator,
                          enum emulator_error error)
{
    if (error == EMULATOR_ERR_NONE) {
        fprintf(stderr, "bulkhead: %s\n", emulator_error_text(error));
        return CMD_ENVIRONMENT;
    }
    if (emulator->wrong != NULL) {
        options_complain(options, "'%s': %s", emulator->wrong, emulator_error_text(error));
    } else {
        options_complain(options, "%s", emulator_error_text(error));
    }
    return CMD_USAGE;
}

/* Whether the disks' files can be read and written. */
static bool cmd_run_disks(const struct options *options)
{
    for (size_t i = 0; i < options->disks.count; i++) {
        if (access(options->disks.values[i], R_OK | W_OK) != 0) {
            fprintf(stderr, "bulkhead: the disk '%s' cannot be used: %s\n",
                    options->disks.values[i], strerror(errno));
            return false;
        }
    }
    return true;
}

static int cmd_run_start(const struct source *source, const struct options *options,
                         const char *image, const struct cmd_run_machine *machine)
{
    struct emulator_wish wish = { .image = image, .cpus = machine->cpus };
    struct emulator emulator;
    enum emulator_error error;
    int memory = -1;
    char *memory_file = NULL;

    if (!cmd_run_wish(options, &source->board, machine, &wish)) {
        return CMD_USAGE;
    }
    if (options->watch != NULL) {
        if (!cmd_run_share(options, &source->board, &memory, &memory_file)) {
            return CMD_ENVIRONMENT;
        }
        wish.memory_file = memory_file;
    }
    error = emulator_make(&emulator, &source->board, &wish);
    if (error != EMULATOR_OK) {
        int code = cmd_run_refuse(options, &emulator, error);

        free(memory_file);
        return code;
    }
    free(memory_file);
    if (!cmd_run_disks(options)) {
        emulator_free(&emulator);
        return CMD_ENVIRONMENT;
    }
    if (options->verbose) {
        emulator_print(&emulator, stderr);
    }
    if (wish.gdb_port != NULL) {
        cmd_run_print_gdb(source, wish.gdb_port);
    }
    if (options->watch != NULL && !machine->counts) {
        fputs("bulkhead: " WATCH_SHOW_NO_COUNTS "\n", stderr);
    }
    if (options->watch != NULL && !cmd_run_watch(options, memory)) {
        emulator_free(&emulator);
        return CMD_ENVIRONMENT;
    }
    fflush(NULL);
    execvp(emulator.argv[0], emulator.argv);
    fprintf(stderr, "bulkhead: the emulator '%s' cannot be started: %s\n", emulator.argv[0],
            strerror(errno));
    emulator_free(&emulator);
    return CMD_ENVIRONMENT;
}

static int cmd_run_input(struct source *source, const struct options *options)
{
    uint8_t *bytes;
    size_t size;
    struct cmd_run_machine machine = { .cpus = 1 };
    char *path = NULL;
    int code;
    int error = file_read(options->input, CMD_RUN_MAX_IMAGE, &bytes, &size);

    if (error != 0) {
        fprintf(stderr, "bulkhead: '%s' cannot be read: %s\n", options->input, strerror(error));
        return CMD_ENVIRONMENT;
    }
    if (cmd_run_is_image(bytes, size)) {
        machine = cmd_run_machine(bytes, size);
        path = alloc_copy(options->input, strlen(options->input));
        code = cmd_run_board(source, options, &machine);
    } else {
        code = cmd_run_build(source, options, &path, &machine);
    }
    free(bytes);
    if (code == CMD_OK) {
        code = cmd_run_start(source, options, path, &machine);
    }
    free(path);
    return code;
}

int cmd_run(int argc, char **argv)
{
    struct source source = { 0 };
    struct options options;
    int code = CMD_USAGE;

    if (options_parse(&options, argc, argv,
                      OPTIONS_COMMON | OPTIONS_OUTPUT | OPTIONS_KERNEL | OPTIONS_RUN)) {
        if (options.help) {
            fputs(cmd_run_help, stdout);
            code = CMD_OK;
        } else if (options.input == NULL) {
            options_complain(&options, "the image or system description is missing");
        } else {
            code = cmd_run_input(&source, &options);
        }
    }
    source_free(&source);
    options_free(&options);
    return code;
}
