/* SPDX-License-Identifier: BSD-2-Clause */
/* Images of guests: their files, which the environment may override, and whether they are right. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alloc.h"
#include "devicetree.h"
#include "file.h"
#include "lower_internal.h"

/** Linux maps a device tree in at most this; the monitor leaves so much room for it. */
#define LOWER_DTB_BYTES UINT64_C(0x200000)
#define LOWER_MIB (UINT64_C(1) << 20)

/** One of an image's files: what the description says, and what may stand in for it. */
struct lower_choice {
    const char *path; /* NULL: none */
    struct diag_pos pos;
    char *variable; /* that names it, or NULL: the description does */
};

/** NAME or NAME_image, with what cannot be in a variable's name as '_'. To be freed. */
static char *lower_variable_name(const char *kind, const char *image)
{
    char *name = image == NULL ? alloc_format("%s", kind) : alloc_format("%s_%s", kind, image);

    for (char *at = name; *at != '\0'; at++) {
        if (!isalnum((unsigned char)*at)) {
            *at = '_';
        }
    }
    return name;
}

/** What $KIND_image, else $KIND, else the description says. choice->variable is to be freed. */
static struct lower_choice lower_choose(const struct lower *lower, const struct sdf_image *image,
                                        const struct sdf_str *given, const char *kind)
{
    struct lower_choice choice = { .path = given->text,
                                   .pos = given->text != NULL ? given->pos : image->pos };

    for (size_t i = 0; i < 2 && lower->world->variable != NULL; i++) {
        char *name = lower_variable_name(kind, i == 0 ? image->name.text : NULL);
        const char *value = lower->world->variable(name);

        if (value != NULL && value[0] != '\0') {
            choice.path = value;
            choice.variable = name;
            break;
        }
        free(name);
    }
    return choice;
}

/** help: what would be right, where the description names the file. */
static void lower_complain(struct lower *lower, const struct lower_choice *choice,
                           const char *problem, const char *help)
{
    diag_error(lower->diag, choice->pos, "the file '%s' %s", choice->path, problem);
    if (choice->variable != NULL) {
        diag_help(lower->diag, "the environment variable %s names it", choice->variable);
    } else {
        diag_help(lower->diag, "%s", help);
    }
}

/**
 * Make the region of a file. Returns the path where it was found, to be freed; NULL when there is
 * none, or after complaining.
 */
static char *lower_add_region(struct lower *lower, const struct sdf_image *image,
                              const struct lower_choice *choice, const char *kind,
                              struct lower_file *file)
{
    struct sdf_region *region;
    struct stat facts;
    char *found;

    *file = (struct lower_file){ .region = SDF_NONE };
    if (choice->path == NULL) {
        return NULL;
    }
    file->region = lower_region(lower, lower_string(choice->pos, "%s.%s", image->name.text, kind));
    region = &lower->sdf->regions[file->region];
    found = search_find(lower->world->search, choice->path);
    if (found != NULL && stat(found, &facts) == 0 && facts.st_size > 0) {
        file->bytes = (uint64_t)facts.st_size;
        region->prefill_path = lower_string(choice->pos, "%s", choice->path);
        return found;
    }
    lower_complain(lower, choice, found == NULL ? "is not found" : "is empty",
                   found == NULL
                       ? "it is looked for in the current folder, then along --search-path"
                       : "name another, or fill it");
    region->size = lower_number(choice->pos, SDF_PAGE);
    free(found);
    return NULL;
}

/** Read at most `room` bytes of a file's beginning. Returns 0 or an errno. */
static int lower_read_head(const char *path, uint8_t *head, size_t room)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    size_t count = 0;
    ssize_t got = 1;
    int error = 0;

    if (fd < 0) {
        return errno;
    }
    while (count < room && got > 0) {
        got = read(fd, head + count, room - count);
        count += got > 0 ? (size_t)got : 0;
    }
    error = got < 0 ? errno : 0;
    close(fd);
    return error;
}

static void lower_check_kernel(struct lower *lower, const struct lower_choice *choice,
                               const char *path, struct lower_image *image)
{
    uint8_t head[LINUXIMAGE_HEAD] = { 0 };
    int error = lower_read_head(path, head, sizeof(head));
    const char *problem =
        error == 0 ? linuximage_check(head, image->kernel.bytes, &image->header) : strerror(error);

    if (problem != NULL) {
        lower_complain(lower, choice, problem,
                       "a kernel's build leaves it in arch/arm64/boot/Image");
    }
    image->known = problem == NULL;
}

static void lower_check_tree(struct lower *lower, const struct lower_choice *choice,
                             const char *path)
{
    uint8_t *bytes = NULL;
    size_t size;
    int error = file_read(path, LOWER_DTB_BYTES, &bytes, &size);
    const char *problem = error == EFBIG ? "it is larger than 2 MiB"
                          : error != 0   ? strerror(error)
                                         : devicetree_check_file(bytes, size);

    if (problem != NULL) {
        char *text = alloc_format("cannot be used as a device tree: %s", problem);

        lower_complain(lower, choice, text, "dtc makes one from its source");
        free(text);
    }
    free(bytes);
}

static void lower_make_image(struct lower *lower, size_t index)
{
    const struct sdf_image *from = &lower->sdf->images[index];
    struct lower_image *image = &lower->images[index];
    struct lower_choice kernel = lower_choose(lower, from, &from->kernel, "LINUX");
    struct lower_choice initrd = lower_choose(lower, from, &from->initrd, "INITRD");
    struct lower_choice dtb = lower_choose(lower, from, &from->dtb, "DTB");
    char *path;

    path = lower_add_region(lower, from, &kernel, "kernel", &image->kernel);
    if (path != NULL) {
        lower_check_kernel(lower, &kernel, path, image);
    }
    free(path);
    free(lower_add_region(lower, from, &initrd, "initrd", &image->initrd));
    path = lower_add_region(lower, from, &dtb, "dtb", &image->dtb);
    if (path != NULL) {
        lower_check_tree(lower, &dtb, path);
    }
    free(path);
    free(kernel.variable);
    free(initrd.variable);
    free(dtb.variable);
}

const struct lower_image *lower_image(struct lower *lower, const struct sdf_str *name)
{
    size_t index = sdf_index_find(&lower->image_names, name, lower->diag);

    if (index == SDF_NONE) {
        return NULL;
    }
    if (!lower->images[index].done) {
        lower->images[index].done = true;
        lower_make_image(lower, index);
    }
    return &lower->images[index];
}

void lower_check_fit(struct lower *lower, const struct lower_guest *guest,
                     const struct lower_image *image)
{
    const struct sdf_guest *from = guest->from;
    uint64_t need;

    if (image->initrd.bytes > from->ram.value) {
        diag_error(lower->diag, from->ram.pos,
                   "the initial RAM disk, %" PRIu64 " bytes, is larger than the RAM of '%s'",
                   image->initrd.bytes, from->name.text);
        diag_help(lower->diag, "give the guest more RAM");
        return;
    }
    if (!image->known) {
        return;
    }
    need = image->header.text_offset + image->header.memory_bytes;
    need = (need + LOWER_ALIGN - 1) & ~(LOWER_ALIGN - 1);
    need += LOWER_DTB_BYTES + image->initrd.bytes;
    if (need > from->ram.value) {
        diag_error(lower->diag, from->ram.pos,
                   "kernel, device tree and initial RAM disk do not fit into the RAM of '%s'",
                   from->name.text);
        diag_help(lower->diag, "they need %" PRIu64 " MiB, and Linux needs more to run",
                  (need + LOWER_MIB - 1) / LOWER_MIB);
    }
}
