/* SPDX-License-Identifier: BSD-2-Clause */
#include "emulator.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "emulator_net.h"

static const char emulator_gic[] = "gic-version=";

const char *emulator_error_text(enum emulator_error error)
{
    switch (error) {
    case EMULATOR_OK:
        return "nothing is wrong";
    case EMULATOR_ERR_NONE:
        return "the board has no emulator";
    case EMULATOR_ERR_GIC:
        return "the board's emulator has no choice of the GIC's version";
    case EMULATOR_ERR_CPU:
        return "the board's emulator has no choice of the CPU's model";
    case EMULATOR_ERR_MEMORY:
        return "memory in a file needs a board with one range of RAM, and a name without comma";
    case EMULATOR_ERR_DISK:
        return "the board's emulator has not so many disks, or a name contains a comma";
    case EMULATOR_ERR_NICS:
        return "the board's emulator has not so many network devices";
    case EMULATOR_ERR_NET:
        return "a network is " EMULATOR_NET_FORMS;
    case EMULATOR_ERR_FORWARD:
        return "a port is forwarded as " EMULATOR_FORWARD_FORM;
    case EMULATOR_ERR_FORWARD_NET:
        return "ports are forwarded by the first network, which must be 'user'";
    }
    return "something is wrong";
}

/* Takes `text` over. */
static void emulator_take(struct emulator *emulator, char *text)
{
    emulator->argv = alloc_grow(emulator->argv, emulator->argc, sizeof(*emulator->argv));
    emulator->argv[emulator->argc++] = text;
}

static void emulator_add(struct emulator *emulator, const char *text)
{
    emulator_take(emulator, alloc_copy(text, strlen(text)));
}

/* The board's arguments; whether the model and the GIC were changed is added to *changes. */
static void emulator_add_board(struct emulator *emulator, const struct board *board,
                               const struct emulator_wish *wish, bool *cpu, bool *gic)
{
    for (size_t i = 0; board->qemu_args[i] != NULL; i++) {
        const char *argument = board->qemu_args[i];
        const char *version = strstr(argument, emulator_gic);

        if (wish->cpu != NULL && i > 0 && strcmp(board->qemu_args[i - 1], "-cpu") == 0) {
            emulator_add(emulator, wish->cpu);
            *cpu = true;
        } else if (wish->gic != NULL && version != NULL) {
            size_t before = (size_t)(version - argument) + strlen(emulator_gic);
            size_t after = before + strcspn(argument + before, ",");

            emulator_take(emulator, alloc_format("%.*s%s%s", (int)before, argument, wish->gic,
                                                 argument + after));
            *gic = true;
        } else {
            emulator_add(emulator, argument);
        }
    }
}

/* The networks, which are checked. */
static void emulator_add_nets(struct emulator *emulator, const struct board *board,
                              const struct emulator_wish *wish)
{
    for (size_t i = 0; i < wish->nets_count; i++) {
        char *net = emulator_net_make(wish->nets[i], i);

        for (size_t j = 0; net != NULL && i == 0 && j < wish->forwards_count; j++) {
            char *forward = emulator_net_forward(wish->forwards[j]);
            char *both = alloc_format("%s%s", net, forward);

            free(forward);
            free(net);
            net = both;
        }
        if (net != NULL) {
            emulator_add(emulator, "-netdev");
            emulator_take(emulator, net);
            emulator_add(emulator, "-device");
            emulator_take(emulator, alloc_format("%s,netdev=net%zu", board->nics[i].attach, i));
        }
    }
}

static enum emulator_error emulator_check_nets(struct emulator *emulator, const struct board *board,
                                               const struct emulator_wish *wish)
{
    for (size_t i = 0; i < wish->nets_count; i++) {
        char *net = emulator_net_make(wish->nets[i], i);

        emulator->wrong = wish->nets[i];
        if (net == NULL && strcmp(wish->nets[i], EMULATOR_NET_NONE) != 0) {
            return EMULATOR_ERR_NET;
        }
        free(net);
        if (i >= board->nics_count || board->nics[i].attach == NULL) {
            return EMULATOR_ERR_NICS;
        }
    }
    for (size_t i = 0; i < wish->forwards_count; i++) {
        char *forward = emulator_net_forward(wish->forwards[i]);

        emulator->wrong = wish->forwards[i];
        free(forward);
        if (forward == NULL) {
            return EMULATOR_ERR_FORWARD;
        }
        if (wish->nets_count == 0 || strcmp(wish->nets[0], EMULATOR_NET_USER) != 0) {
            return EMULATOR_ERR_FORWARD_NET;
        }
    }
    emulator->wrong = NULL;
    return EMULATOR_OK;
}

static void emulator_add_wishes(struct emulator *emulator, const struct board *board,
                                const struct emulator_wish *wish)
{
    emulator_add(emulator, "-m");
    emulator_take(emulator, alloc_format("%" PRIu64 "M", board_ram_bytes(board) >> 20));
    emulator_add(emulator, "-smp");
    emulator_take(emulator, alloc_format("%u", wish->cpus));
    if (wish->icount) {
        emulator_add(emulator, "-icount");
        emulator_add(emulator, "shift=0,sleep=off");
    }
    for (size_t i = 0; i < wish->disks_count; i++) {
        emulator_add(emulator, "-drive");
        emulator_take(emulator,
                      alloc_format("if=none,id=disk%zu,format=raw,file=%s", i, wish->disks[i]));
        emulator_add(emulator, "-device");
        emulator_take(emulator, alloc_format("%s,drive=disk%zu", board->disks[i].attach, i));
    }
    emulator_add_nets(emulator, board, wish);
    if (wish->memory_file != NULL) {
        emulator_add(emulator, "-object");
        emulator_take(emulator, alloc_format("memory-backend-file,id=ram,share=on,size=%" PRIu64
                                             ",mem-path=%s",
                                             board->ram[0].bytes, wish->memory_file));
        emulator_add(emulator, "-machine");
        emulator_add(emulator, "memory-backend=ram");
    }
    if (wish->gdb_port != NULL) {
        emulator_add(emulator, "-S");
        emulator_add(emulator, "-gdb");
        emulator_take(emulator, alloc_format("tcp:127.0.0.1:%s", wish->gdb_port));
    }
    emulator_add(emulator, "-kernel");
    emulator_add(emulator, wish->image);
    for (size_t i = 0; wish->rest != NULL && wish->rest[i] != NULL; i++) {
        emulator_add(emulator, wish->rest[i]);
    }
}

enum emulator_error emulator_make(struct emulator *emulator, const struct board *board,
                                  const struct emulator_wish *wish)
{
    enum emulator_error error = EMULATOR_OK;
    bool cpu = false;
    bool gic = false;

    emulator->argv = NULL;
    emulator->argc = 0;
    emulator->wrong = NULL;
    if (board->qemu == NULL) {
        return EMULATOR_ERR_NONE;
    }
    if (wish->memory_file != NULL &&
        (board->ram_count != 1 || strchr(wish->memory_file, ',') != NULL)) {
        emulator->wrong = wish->memory_file;
        return EMULATOR_ERR_MEMORY;
    }
    for (size_t i = 0; i < wish->disks_count; i++) {
        if (i >= board->disks_count || board->disks[i].attach == NULL ||
            strchr(wish->disks[i], ',') != NULL) {
            emulator->wrong = wish->disks[i];
            return EMULATOR_ERR_DISK;
        }
    }
    error = emulator_check_nets(emulator, board, wish);
    if (error != EMULATOR_OK) {
        return error;
    }
    emulator_add(emulator, board->qemu);
    emulator_add_board(emulator, board, wish, &cpu, &gic);
    emulator_add_wishes(emulator, board, wish);
    emulator_take(emulator, NULL);
    if (wish->cpu != NULL && !cpu) {
        error = EMULATOR_ERR_CPU;
    } else if (wish->gic != NULL && !gic) {
        error = EMULATOR_ERR_GIC;
    }
    if (error != EMULATOR_OK) {
        emulator_free(emulator);
    }
    return error;
}

static bool emulator_is_plain(const char *text)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "-_=.,/:+@%";

    return text[0] != '\0' && text[strspn(text, plain)] == '\0';
}

void emulator_print(const struct emulator *emulator, FILE *out)
{
    for (size_t i = 0; emulator->argv[i] != NULL; i++) {
        const char *text = emulator->argv[i];

        fputs(i == 0 ? "" : " ", out);
        if (emulator_is_plain(text)) {
            fputs(text, out);
            continue;
        }
        fputc('\'', out);
        for (; *text != '\0'; text++) {
            if (*text == '\'') {
                fputs("'\\''", out);
            } else {
                fputc(*text, out);
            }
        }
        fputc('\'', out);
    }
    fputc('\n', out);
}

void emulator_free(struct emulator *emulator)
{
    for (size_t i = 0; i < emulator->argc; i++) {
        free(emulator->argv[i]);
    }
    free(emulator->argv);
    emulator->argv = NULL;
    emulator->argc = 0;
}
