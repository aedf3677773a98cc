/* SPDX-License-Identifier: BSD-2-Clause */
/* Formatting without floating point, and without a buffer. */
#include <bulkhead/libc.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#define WEAK __attribute__((weak))

/** Digits of 2^64 - 1 in octal. */
#define PRINT_MAX_DIGITS 22

struct print_out {
    bh_print_sink sink;
    void *context;
    size_t count;
};

enum print_length {
    PRINT_INT,
    PRINT_CHAR,
    PRINT_SHORT,
    PRINT_LONG, /* also long long, intmax_t, size_t and ptrdiff_t: all have 64 bits */
};

/** One conversion specification, from behind its `%`. */
struct print_spec {
    bool left, plus, space, alternate, zeros;
    int width;
    int precision; /* -1: none */
    enum print_length length;
    char conversion;
};

static void print_put(struct print_out *out, char c)
{
    out->sink(out->context, c);
    out->count++;
}

static void print_pad(struct print_out *out, char c, int times)
{
    for (; times > 0; times--) {
        print_put(out, c);
    }
}

/** A number in the format; what is above INT_MAX is INT_MAX. */
static int print_number(const char **format)
{
    int number = 0;

    for (; **format >= '0' && **format <= '9'; (*format)++) {
        int digit = **format - '0';
        number = number > (INT_MAX - digit) / 10 ? INT_MAX : number * 10 + digit;
    }
    return number;
}

static void print_flags(struct print_spec *spec, const char **format)
{
    for (;; (*format)++) {
        switch (**format) {
        case '-':
            spec->left = true;
            break;
        case '+':
            spec->plus = true;
            break;
        case ' ':
            spec->space = true;
            break;
        case '#':
            spec->alternate = true;
            break;
        case '0':
            spec->zeros = true;
            break;
        default:
            return;
        }
    }
}

static void print_length(struct print_spec *spec, const char **format)
{
    char c = **format;

    if (c == 'h') {
        (*format)++;
        spec->length = PRINT_SHORT;
        if (**format == 'h') {
            (*format)++;
            spec->length = PRINT_CHAR;
        }
    } else if (c == 'l' || c == 'j' || c == 'z' || c == 't') {
        (*format)++;
        spec->length = PRINT_LONG;
        if (c == 'l' && **format == 'l') {
            (*format)++;
        }
    }
}

static uint64_t print_unsigned(const struct print_spec *spec, va_list *arguments)
{
    switch (spec->length) {
    case PRINT_LONG:
        return va_arg(*arguments, uint64_t);
    case PRINT_SHORT:
        return (unsigned short)va_arg(*arguments, unsigned int);
    case PRINT_CHAR:
        return (unsigned char)va_arg(*arguments, unsigned int);
    default:
        return va_arg(*arguments, unsigned int);
    }
}

static int64_t print_signed(const struct print_spec *spec, va_list *arguments)
{
    switch (spec->length) {
    case PRINT_LONG:
        return va_arg(*arguments, int64_t);
    case PRINT_SHORT:
        return (short)va_arg(*arguments, int);
    case PRINT_CHAR:
        return (signed char)va_arg(*arguments, int);
    default:
        return va_arg(*arguments, int);
    }
}

/** Prefix, zeros and digits of a number, padded to the width. */
static void print_integer(struct print_out *out, const struct print_spec *spec, uint64_t value,
                          unsigned int base, const char *prefix)
{
    const char *symbols = spec->conversion == 'X' ? "0123456789ABCDEF" : "0123456789abcdef";
    char digits[PRINT_MAX_DIGITS];
    int count = 0;
    int prefixes = (int)strlen(prefix);

    for (; value != 0; value /= base) {
        digits[count++] = symbols[value % base];
    }
    int zeros = (spec->precision < 0 ? 1 : spec->precision) - count;
    if (base == 8 && spec->alternate && zeros <= 0) {
        zeros = 1;
    }
    zeros = zeros < 0 ? 0 : zeros;
    int rest = spec->width - prefixes - count;
    rest = rest > zeros ? rest - zeros : 0;
    if (spec->zeros && !spec->left && spec->precision < 0) {
        zeros += rest;
        rest = 0;
    }
    if (!spec->left) {
        print_pad(out, ' ', rest);
    }
    while (*prefix != '\0') {
        print_put(out, *prefix++);
    }
    print_pad(out, '0', zeros);
    while (count > 0) {
        print_put(out, digits[--count]);
    }
    if (spec->left) {
        print_pad(out, ' ', rest);
    }
}

static void print_signed_integer(struct print_out *out, const struct print_spec *spec,
                                 int64_t value)
{
    const char *sign = value < 0 ? "-" : spec->plus ? "+" : spec->space ? " " : "";
    uint64_t magnitude = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;

    print_integer(out, spec, magnitude, 10, sign);
}

static void print_text(struct print_out *out, const struct print_spec *spec, const char *text,
                       size_t length)
{
    int rest = length < (size_t)spec->width ? spec->width - (int)length : 0;

    if (!spec->left) {
        print_pad(out, ' ', rest);
    }
    for (size_t i = 0; i < length; i++) {
        print_put(out, text[i]);
    }
    if (spec->left) {
        print_pad(out, ' ', rest);
    }
}

static void print_string(struct print_out *out, const struct print_spec *spec, const char *text)
{
    text = text == NULL ? "(null)" : text;
    size_t limit = spec->precision < 0 ? SIZE_MAX : (size_t)spec->precision;
    print_text(out, spec, text, strnlen(text, limit));
}

/** One conversion; false when it is not one of ours, and then no argument was taken. */
static bool print_convert(struct print_out *out, const struct print_spec *spec, va_list *arguments)
{
    uint64_t value;
    char c;

    switch (spec->conversion) {
    case 'd':
    case 'i':
        print_signed_integer(out, spec, print_signed(spec, arguments));
        return true;
    case 'u':
        print_integer(out, spec, print_unsigned(spec, arguments), 10, "");
        return true;
    case 'o':
        print_integer(out, spec, print_unsigned(spec, arguments), 8, "");
        return true;
    case 'x':
    case 'X':
        value = print_unsigned(spec, arguments);
        print_integer(out, spec, value, 16,
                      !spec->alternate || value == 0 ? ""
                      : spec->conversion == 'x'      ? "0x"
                                                     : "0X");
        return true;
    case 'p':
        print_integer(out, spec, (uintptr_t)va_arg(*arguments, void *), 16, "0x");
        return true;
    case 'c':
        c = (char)va_arg(*arguments, int);
        print_text(out, spec, &c, 1);
        return true;
    case 's':
        print_string(out, spec, va_arg(*arguments, const char *));
        return true;
    case '%':
        print_put(out, '%');
        return true;
    default:
        return false;
    }
}

/** Reads a specification; returns the first character behind it. */
static const char *print_parse(struct print_spec *spec, const char *format, va_list *arguments)
{
    *spec = (struct print_spec){ .precision = -1 };
    print_flags(spec, &format);
    if (*format == '*') {
        format++;
        spec->width = va_arg(*arguments, int);
        if (spec->width < 0) {
            spec->left = true;
            spec->width = spec->width == INT_MIN ? INT_MAX : -spec->width;
        }
    } else {
        spec->width = print_number(&format);
    }
    if (*format == '.') {
        format++;
        if (*format == '*') {
            format++;
            spec->precision = va_arg(*arguments, int);
            spec->precision = spec->precision < 0 ? -1 : spec->precision;
        } else {
            spec->precision = print_number(&format);
        }
    }
    print_length(spec, &format);
    spec->conversion = *format;
    return *format == '\0' ? format : format + 1;
}

WEAK int bh_vprint(bh_print_sink sink, void *context, const char *format, va_list arguments)
{
    struct print_out out = { .sink = sink, .context = context };
    struct print_spec spec;
    va_list rest;

    va_copy(rest, arguments);
    while (*format != '\0') {
        const char *start = format++;
        if (*start != '%') {
            print_put(&out, *start);
            continue;
        }
        format = print_parse(&spec, format, &rest);
        if (!print_convert(&out, &spec, &rest)) {
            while (start != format) {
                print_put(&out, *start++);
            }
        }
    }
    va_end(rest);
    return out.count > INT_MAX ? -1 : (int)out.count;
}

struct print_buffer {
    char *next;
    size_t room; /* without the terminating zero */
};

static void print_to_buffer(void *context, char c)
{
    struct print_buffer *buffer = context;

    if (buffer->room > 0) {
        *buffer->next++ = c;
        buffer->room--;
    }
}

/* The sink writes to `to`. NOLINTNEXTLINE(readability-non-const-parameter) */
WEAK int vsnprintf(char *restrict to, size_t bytes, const char *restrict format, va_list arguments)
{
    struct print_buffer buffer = { .next = to, .room = bytes == 0 ? 0 : bytes - 1 };
    int count = bh_vprint(print_to_buffer, &buffer, format, arguments);

    if (bytes > 0) {
        *buffer.next = '\0';
    }
    return count;
}

WEAK int snprintf(char *restrict to, size_t bytes, const char *restrict format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    int count = vsnprintf(to, bytes, format, arguments);
    va_end(arguments);
    return count;
}
