/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE
#include "sdk.h"

#include <dirent.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alloc.h"

static bool sdk_has_boards(const char *folder)
{
    char *boards = alloc_format("%s/board", folder);
    bool found = access(boards, X_OK) == 0;

    free(boards);
    return found;
}

/** The SDK that this program is part of, or NULL. */
static char *sdk_own_folder(void)
{
    static const char *const places[] = { "..", "../sdk" };
    char path[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);
    char *slash;

    if (length <= 0) {
        return NULL;
    }
    path[length] = '\0';
    slash = strrchr(path, '/');
    if (slash == NULL) {
        return NULL;
    }
    *slash = '\0';
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        char *folder = alloc_format("%s/%s", path, places[i]);

        if (sdk_has_boards(folder)) {
            return folder;
        }
        free(folder);
    }
    return NULL;
}

char *sdk_folder(const char *option)
{
    const char *variable = getenv("BULKHEAD_SDK");

    if (option == NULL && variable != NULL && variable[0] != '\0') {
        option = variable;
    }
    return option != NULL ? alloc_copy(option, strlen(option)) : sdk_own_folder();
}

char *sdk_board_file(const char *sdk, const char *board)
{
    if (strchr(board, '/') != NULL) {
        return alloc_copy(board, strlen(board));
    }
    return alloc_format("%s/board/%s/board.xml", sdk, board);
}

static int sdk_is_board(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

void sdk_print_boards(const char *sdk)
{
    char *folder = alloc_format("%s/board", sdk);
    struct dirent **entries;
    int count = scandir(folder, &entries, sdk_is_board, alphasort);

    if (count <= 0) {
        fprintf(stderr, "  help: there are no boards in %s; give the SDK's folder with --sdk\n",
                folder);
    } else {
        fputs("  help: the boards are", stderr);
    }
    for (int i = 0; i < count; i++) {
        fprintf(stderr, " %s%s", entries[i]->d_name, i + 1 < count ? "," : "\n");
        free(entries[i]);
    }
    if (count >= 0) {
        free(entries);
    }
    free(folder);
}
