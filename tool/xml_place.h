/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Finds the places of start tags and attributes in the source of an XML file, one start tag
 * after the other, in one pass. It relies on libxml2 to decide what is well-formed, but stays
 * within the source whatever it holds.
 */
#ifndef TOOL_XML_PLACE_H
#define TOOL_XML_PLACE_H

#include <stdbool.h>
#include <stddef.h>

#include "diag.h"

struct xml_place {
    const char *source;
    size_t bytes;
    size_t offset;  /* what is before has been passed */
    size_t counted; /* line and column are those of this offset */
    uint32_t line, column;
};

/** A piece of the source and its place. */
struct xml_piece {
    const char *text;
    size_t bytes;
    struct diag_pos pos;
};

/** Begin at the start of a source; a byte order mark is passed. */
void xml_place_init(struct xml_place *place, const char *source, size_t bytes);

/** Go on to the next start tag and return its name. False: there is none. */
bool xml_place_element(struct xml_place *place, struct xml_piece *name);

/** The next attribute of the start tag. False: there is none. */
bool xml_place_attribute(struct xml_place *place, struct xml_piece *name, struct xml_piece *value);

/** Go on to the document type declaration. False: there is none. */
bool xml_place_doctype(struct xml_place *place, struct xml_piece *keyword);

/** The place of a byte offset that is not before one asked for earlier. */
struct diag_pos xml_place_at(struct xml_place *place, size_t offset, size_t bytes);

#endif
