/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An XML file as a tree of elements in which everything has its exact place in the source.
 *
 * libxml2 parses and decides what is well-formed; it reports a line only, so xml_place.c finds
 * the places. Only elements, attributes, comments and the predefined entities are allowed:
 * a document type, processing instructions with content for us, namespaces and text are refused.
 */
#ifndef TOOL_XML_H
#define TOOL_XML_H

#include <stdbool.h>
#include <stddef.h>

#include "diag.h"

/** Bytes of the largest file that is read. */
#define XML_MAX_BYTES (8u << 20)
/** Most levels of elements: the most PDs, each the child of another, and what is inside. */
#define XML_MAX_DEPTH 80
/** Most attributes of an element. */
#define XML_MAX_ATTRIBUTES 64

struct xml_attribute {
    char *name;
    char *value; /* with entities resolved */
    struct diag_pos name_pos;
    struct diag_pos value_pos; /* between the quotes */
};

struct xml_element {
    char *name;
    struct diag_pos pos; /* of the name in the start tag */
    struct xml_attribute *attributes;
    size_t attributes_count;
    struct xml_element *parent;
    struct xml_element *first, *last; /* children */
    struct xml_element *next;         /* sibling */
};

enum xml_status {
    XML_OK = 0,
    /** The file cannot be opened or read, is no regular file, or is above XML_MAX_BYTES. */
    XML_ERR_READ,
    /** The bytes are not well-formed XML of the kind that is allowed. */
    XML_ERR_SYNTAX,
};

/**
 * Read the whole file `path` into `*source`, zero-terminated, which the caller frees. The error
 * goes to `diag`.
 */
enum xml_status xml_read_file(const char *path, struct diag *diag, char **source, size_t *bytes);

/**
 * Parse `source` into a tree, which the caller releases with xml_free(). Errors go to `diag`,
 * whose source was set to the same bytes; `*root` is NULL then.
 */
enum xml_status xml_parse(const char *source, size_t bytes, struct diag *diag,
                          struct xml_element **root);

/** The attribute `name` of an element, or NULL. */
const struct xml_attribute *xml_find_attribute(const struct xml_element *element, const char *name);

/** Release a tree; NULL is allowed. */
void xml_free(struct xml_element *root);

#endif
