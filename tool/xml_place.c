/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE
#include "xml_place.h"

#include <string.h>

void xml_place_init(struct xml_place *place, const char *source, size_t bytes)
{
    *place = (struct xml_place){ .source = source, .bytes = bytes, .line = 1, .column = 1 };
    if (bytes >= 3 && memcmp(source, "\xef\xbb\xbf", 3) == 0) {
        place->offset = place->counted = 3; /* a byte order mark is not a character */
    }
}

static bool xml_place_starts_character(char byte)
{
    return ((unsigned char)byte & 0xc0) != 0x80;
}

struct diag_pos xml_place_at(struct xml_place *place, size_t offset, size_t bytes)
{
    struct diag_pos pos = { 0 };

    if (offset > place->bytes) {
        offset = place->bytes;
    }
    if (bytes > place->bytes - offset) {
        bytes = place->bytes - offset;
    }
    for (; place->counted < offset; place->counted++) {
        char byte = place->source[place->counted];

        if (byte == '\n') {
            place->line++;
            place->column = 1;
        } else if (xml_place_starts_character(byte)) {
            place->column++;
        }
    }
    pos.line = place->line;
    pos.column = place->column;
    for (size_t i = 0; i < bytes && place->source[offset + i] != '\n'; i++) {
        pos.length += xml_place_starts_character(place->source[offset + i]);
    }
    return pos;
}

static bool xml_place_looking_at(const struct xml_place *place, const char *text)
{
    size_t bytes = strlen(text);

    return bytes <= place->bytes - place->offset &&
           memcmp(place->source + place->offset, text, bytes) == 0;
}

/** Pass the next occurrence of `text`, or everything when there is none. */
static void xml_place_pass(struct xml_place *place, const char *text)
{
    const char *found =
        memmem(place->source + place->offset, place->bytes - place->offset, text, strlen(text));

    place->offset = found != NULL ? (size_t)(found - place->source) + strlen(text) : place->bytes;
}

/** Stand on the next '<' that begins neither comment, CDATA, instruction nor end tag. */
static bool xml_place_next_tag(struct xml_place *place)
{
    for (;;) {
        const char *found =
            memchr(place->source + place->offset, '<', place->bytes - place->offset);

        if (found == NULL) {
            place->offset = place->bytes;
            return false;
        }
        place->offset = (size_t)(found - place->source);
        if (xml_place_looking_at(place, "<!--")) {
            place->offset += 4;
            xml_place_pass(place, "-->");
        } else if (xml_place_looking_at(place, "<![CDATA[")) {
            xml_place_pass(place, "]]>");
        } else if (xml_place_looking_at(place, "<?")) {
            xml_place_pass(place, "?>");
        } else if (xml_place_looking_at(place, "</")) {
            xml_place_pass(place, ">");
        } else {
            return true;
        }
    }
}

/** The bytes from here up to the first of `stops`, passed. */
static struct xml_piece xml_place_take(struct xml_place *place, const char *stops)
{
    struct xml_piece piece = { .text = place->source + place->offset };
    size_t start = place->offset;

    while (place->offset < place->bytes && place->source[place->offset] != '\0' &&
           strchr(stops, place->source[place->offset]) == NULL) {
        place->offset++;
    }
    piece.bytes = place->offset - start;
    piece.pos = xml_place_at(place, start, piece.bytes);
    return piece;
}

static void xml_place_pass_space(struct xml_place *place)
{
    while (place->offset < place->bytes && place->source[place->offset] != '\0' &&
           strchr(" \t\r\n", place->source[place->offset]) != NULL) {
        place->offset++;
    }
}

bool xml_place_element(struct xml_place *place, struct xml_piece *name)
{
    if (!xml_place_next_tag(place)) {
        return false;
    }
    place->offset++;
    *name = xml_place_take(place, " \t\r\n/>");
    return name->bytes > 0;
}

bool xml_place_attribute(struct xml_place *place, struct xml_piece *name, struct xml_piece *value)
{
    char quote[2] = "";

    xml_place_pass_space(place);
    if (xml_place_looking_at(place, "/") || xml_place_looking_at(place, ">")) {
        return false;
    }
    *name = xml_place_take(place, " \t\r\n=/>");
    xml_place_pass_space(place);
    if (name->bytes == 0 || !xml_place_looking_at(place, "=")) {
        return false;
    }
    place->offset++;
    xml_place_pass_space(place);
    if (!xml_place_looking_at(place, "\"") && !xml_place_looking_at(place, "'")) {
        return false;
    }
    quote[0] = place->source[place->offset++];
    *value = xml_place_take(place, quote);
    if (!xml_place_looking_at(place, quote)) {
        return false;
    }
    place->offset++;
    return true;
}

bool xml_place_doctype(struct xml_place *place, struct xml_piece *keyword)
{
    if (!xml_place_next_tag(place) || !xml_place_looking_at(place, "<!DOCTYPE")) {
        return false;
    }
    *keyword = xml_place_take(place, " \t\r\n>");
    return true;
}
