/* SPDX-License-Identifier: BSD-2-Clause */
#include "search.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "alloc.h"

void search_add(struct search *search, const char *dir)
{
    search->dirs = alloc_grow(search->dirs, search->dirs_count, sizeof(*search->dirs));
    search->dirs[search->dirs_count++] = dir;
}

static bool search_is_file(const char *path)
{
    struct stat status;

    return stat(path, &status) == 0 && S_ISREG(status.st_mode);
}

char *search_find(const struct search *search, const char *name)
{
    if (search_is_file(name)) {
        return alloc_copy(name, strlen(name));
    }
    for (size_t i = 0; i < search->dirs_count && name[0] != '/'; i++) {
        char *path = alloc_format("%s/%s", search->dirs[i], name);

        if (search_is_file(path)) {
            return path;
        }
        free(path);
    }
    return NULL;
}

char *search_program(const struct search *search, const char *name, bool sdk)
{
    char *path = sdk ? NULL : search_find(search, name);

    if (path == NULL && search->programs != NULL) {
        path = alloc_format("%s/%s", search->programs, name);
        if (!search_is_file(path)) {
            free(path);
            path = NULL;
        }
    }
    return path;
}

void search_free(struct search *search)
{
    free(search->dirs);
    *search = (struct search){ 0 };
}
