/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "file.h"
#include "image.h"
#include "options.h"
#include "report.h"
#include "source.h"

static const char cmd_build_help[] =
    " SYSTEM --board B [--config C] [options]\n"
    "\n"
    "Make an image that boots from a system description.\n"
    "\n"
    "  --board B             the board, a folder of the SDK's board/\n"
    "  --ram SIZE            of the board, if it is emulated; such as 4G\n"
    "  --config C            debug (as if not given), release or benchmark\n"
    "  --search-path DIR     where programs, files of images and contents are looked for;\n"
    "                        repeatable\n"
    "  --sdk DIR             the SDK, where it is not beside the program or in $BULKHEAD_SDK\n"
    "  -o, --output FILE     the image (loader.img)\n"
    "  -r, --report FILE     also write what 'bulkhead report' prints\n"
    "  --image-type T        binary (as if not given), elf, or uimage\n"
    "  --override-kernel ELF use this kernel\n";

static bool cmd_build_type(const struct options *options, enum image_type *type)
{
    const char *name = options->image_type;

    *type = IMAGE_BINARY;
    if (name == NULL || strcmp(name, "binary") == 0) {
        return true;
    }
    if (strcmp(name, "elf") == 0) {
        *type = IMAGE_ELF;
        return true;
    }
    if (strcmp(name, "uimage") == 0) {
        *type = IMAGE_UIMAGE;
        return true;
    }
    options_complain(options, "--image-type must be binary, elf or uimage, not '%s'", name);
    return false;
}

static int cmd_build_write(const char *path, const void *bytes, size_t size)
{
    int error = file_write(path, bytes, size);

    if (error != 0) {
        fprintf(stderr, "bulkhead: '%s' cannot be written: %s\n", path, strerror(error));
        return CMD_ENVIRONMENT;
    }
    return CMD_OK;
}

static int cmd_build_image(const struct source *source, enum image_type type, const char *path)
{
    uint8_t *image = image_make(&source->plan, &source->kernel, source_has_symbols(source));
    uint64_t size;
    int code;

    image = image_wrap(type, &source->plan, image, &size);
    if (image == NULL) {
        fprintf(stderr, "bulkhead: the image cannot be a uimage: its address does not fit 32 bits; "
                        "use --image-type binary\n");
        return CMD_WRONG;
    }
    code = cmd_build_write(path, image, size);
    free(image);
    return code;
}

static int cmd_build_run(const struct options *options, const char *output, const char *report)
{
    struct source source = { 0 };
    enum image_type type;
    int code;

    if (options->input == NULL) {
        options_complain(options, "the system description is missing");
        return CMD_USAGE;
    }
    if (!cmd_build_type(options, &type)) {
        return CMD_USAGE;
    }
    code = source_plan(&source, options, options->input);
    if (code == CMD_OK) {
        code = cmd_build_image(&source, type, output);
    }
    if (code == CMD_OK && report != NULL) {
        code = report_write(&source, report);
    }
    source_free(&source);
    return code;
}

static int cmd_build_main(int argc, char **argv, unsigned extra, const char *report)
{
    struct options options;
    int code = CMD_USAGE;

    if (options_parse(&options, argc, argv,
                      OPTIONS_COMMON | OPTIONS_OUTPUT | OPTIONS_REPORT | OPTIONS_IMAGE_TYPE |
                          OPTIONS_KERNEL | extra)) {
        if (options.help) {
            printf("usage: %s%s", argv[0], cmd_build_help);
            code = CMD_OK;
        } else {
            code = cmd_build_run(&options, options.output != NULL ? options.output : "loader.img",
                                 options.report != NULL ? options.report : report);
        }
    }
    options_free(&options);
    return code;
}

int cmd_build(int argc, char **argv)
{
    return cmd_build_main(argc, argv, 0, NULL);
}

int cmd_microkit(int argc, char **argv)
{
    return cmd_build_main(argc, argv, OPTIONS_MICROKIT, "report.txt");
}
