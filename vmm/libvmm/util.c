/* SPDX-License-Identifier: BSD-2-Clause */
#include <bulkhead/libc.h>
#include <libvmm/util/util.h>
#include <microkit.h>
#include <stdarg.h>

void libvmm_log(const char *kind, const char *format, ...)
{
    va_list arguments;

    (void)printf("%s|%s: ", microkit_name, kind);
    va_start(arguments, format);
    (void)vprintf(format, arguments);
    va_end(arguments);
}
