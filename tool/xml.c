/* SPDX-License-Identifier: BSD-2-Clause */
#include "xml.h"

#include <errno.h>
#include <libxml/parser.h>
#include <libxml/xmlerror.h>
#include <libxml/xmlstring.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "file.h"
#include "xml_place.h"

static const struct diag_pos xml_nowhere;

/** State of one parse. */
struct xml_reader {
    struct diag *diag;
    const char *source;
    size_t bytes;
    struct xml_place place; /* behind the last start tag */
    xmlParserCtxtPtr context;
    struct xml_element *root;
    struct xml_element *current;
    unsigned depth;
    bool failed;
};

enum xml_status xml_read_file(const char *path, struct diag *diag, char **source, size_t *bytes)
{
    uint8_t *contents = NULL;
    int error = file_read(path, XML_MAX_BYTES, &contents, bytes);

    *source = (char *)contents;
    if (error == EISDIR || error == EINVAL) {
        diag_error(diag, xml_nowhere, "cannot read the file: it is not a regular file");
    } else if (error == EFBIG) {
        diag_error(diag, xml_nowhere, "cannot read the file: it has more than %u bytes",
                   XML_MAX_BYTES);
    } else if (error != 0) {
        diag_error(diag, xml_nowhere, "cannot read the file: %s", strerror(error));
    }
    return error == 0 ? XML_OK : XML_ERR_READ;
}

static void xml_stop(struct xml_reader *reader)
{
    reader->failed = true;
    xmlStopParser(reader->context);
}

/** The place of a byte offset, which may lie before what was passed already. */
static struct diag_pos xml_pos_of(const struct xml_reader *reader, size_t offset, size_t bytes)
{
    struct xml_place place;

    xml_place_init(&place, reader->source, reader->bytes);
    return xml_place_at(&place, offset, bytes);
}

/** Report the attribute of the next start tag that was there before. */
static bool xml_report_duplicate(struct xml_reader *reader)
{
    struct xml_piece element, name, value;
    struct xml_piece *seen = NULL;
    size_t seen_count = 0;
    bool found = false;

    if (!xml_place_element(&reader->place, &element)) {
        return false;
    }
    while (!found && xml_place_attribute(&reader->place, &name, &value)) {
        for (size_t i = 0; i < seen_count && !found; i++) {
            found = seen[i].bytes == name.bytes && memcmp(seen[i].text, name.text, name.bytes) == 0;
        }
        seen = alloc_grow(seen, seen_count, sizeof(*seen));
        seen[seen_count++] = name;
    }
    free(seen);
    if (found) {
        diag_error(reader->diag, name.pos, "attribute '%.*s' is given twice", (int)name.bytes,
                   name.text);
        diag_help(reader->diag, "keep one of them");
    }
    return found;
}

/** What would be right, for the commonest mistakes. */
static void xml_help(const struct xml_reader *reader, int code)
{
    static const struct {
        int code;
        const char *help;
    } helps[] = {
        { XML_ERR_LT_IN_ATTRIBUTE, "write < as &lt;" },
        { XML_ERR_UNDECLARED_ENTITY, "write & as &amp;" },
        { XML_ERR_ENTITYREF_SEMICOL_MISSING, "write & as &amp;" },
        { XML_ERR_NAME_REQUIRED, "write < as &lt; and & as &amp;" },
        { XML_ERR_ATTRIBUTE_NOT_STARTED, "write the value in quotes: name=\"value\"" },
        { XML_ERR_ATTRIBUTE_WITHOUT_VALUE, "write name=\"value\"" },
        { XML_ERR_HYPHEN_IN_COMMENT, "a comment must not contain --" },
        { XML_ERR_DOCUMENT_END, "a description has one outermost element, <system>" },
        { XML_ERR_DOCUMENT_EMPTY, "a description begins with <system>" },
        { XML_NS_ERR_UNDEFINED_NAMESPACE, "remove the prefix; namespaces are not used" },
    };

    for (size_t i = 0; i < sizeof(helps) / sizeof(helps[0]); i++) {
        if (helps[i].code == code) {
            diag_help(reader->diag, "%s", helps[i].help);
            return;
        }
    }
}

/** An end tag with another name than the element that is open. */
static void xml_report_mismatch(const struct xml_reader *reader, size_t offset)
{
    size_t start = offset < reader->bytes ? offset : reader->bytes;
    size_t length = 0;

    while (start > 0 && reader->source[start - 1] != '/') {
        start--;
    }
    while (start + length < reader->bytes &&
           strchr(" \t\r\n>", reader->source[start + length]) == NULL) {
        length++;
    }
    diag_error(reader->diag, xml_pos_of(reader, start, length), "</%.*s> ends the <%s> of line %u",
               (int)length, reader->source + start, reader->current->name,
               reader->current->pos.line);
    diag_help(reader->diag, "write </%s> first", reader->current->name);
}

/** A message of libxml2. Its first one says what is wrong; what follows is consequence. */
static void xml_on_error(void *data, xmlErrorPtr error)
{
    struct xml_reader *reader = data;
    long consumed;
    size_t length;

    if (reader->failed || error->level == XML_ERR_WARNING || error->level == XML_ERR_NONE) {
        return;
    }
    reader->failed = true;
    if (error->code == XML_ERR_ATTRIBUTE_REDEFINED && xml_report_duplicate(reader)) {
        return;
    }
    consumed = xmlByteConsumed(reader->context);
    if (consumed < 0) {
        consumed = 0;
    }
    if (error->code == XML_ERR_TAG_NAME_MISMATCH && reader->current != NULL) {
        xml_report_mismatch(reader, (size_t)consumed);
        return;
    }
    if (error->code == XML_ERR_TAG_NOT_FINISHED && reader->current != NULL) {
        diag_error(reader->diag, reader->current->pos, "<%s> has no end", reader->current->name);
        diag_help(reader->diag, "write </%s> behind what it holds", reader->current->name);
        return;
    }
    length = error->message != NULL ? strlen(error->message) : 0;
    while (length > 0 &&
           (error->message[length - 1] == '\n' || error->message[length - 1] == ' ')) {
        length--;
    }
    diag_error(reader->diag, xml_pos_of(reader, (size_t)consumed, 1), "not well-formed XML: %.*s",
               (int)length, length > 0 ? error->message : "");
    xml_help(reader, error->code);
}

static void xml_on_doctype(void *data, const xmlChar *name, const xmlChar *external,
                           const xmlChar *system)
{
    struct xml_reader *reader = data;
    struct xml_piece keyword = { 0 };

    (void)name;
    (void)external;
    (void)system;
    (void)xml_place_doctype(&reader->place, &keyword);
    diag_error(reader->diag, keyword.pos, "a document type declaration is not allowed");
    diag_help(reader->diag, "remove <!DOCTYPE ...>; the format needs no entities of its own");
    xml_stop(reader);
}

/**
 * Take the attributes of the start tag from the source, and their values from libxml2 (five
 * pointers an attribute, in the order of the source).
 */
static bool xml_add_attributes(struct xml_reader *reader, struct xml_element *element,
                               const xmlChar **attributes, int count)
{
    struct xml_piece name, value;

    while (xml_place_attribute(&reader->place, &name, &value)) {
        size_t i = element->attributes_count;
        struct xml_attribute *attribute;
        const char *start, *end;

        if (count >= 0 && i >= (size_t)count) {
            return false;
        }
        start = (const char *)attributes[i * 5 + 3];
        end = (const char *)attributes[i * 5 + 4];
        element->attributes = alloc_grow(element->attributes, i, sizeof(*attribute));
        attribute = &element->attributes[i];
        attribute->name = alloc_copy(name.text, name.bytes);
        attribute->value = alloc_copy(start, (size_t)(end - start));
        attribute->name_pos = name.pos;
        attribute->value_pos = value.pos;
        element->attributes_count++;
    }
    return element->attributes_count == (size_t)count;
}

static void xml_on_start(void *data, const xmlChar *local, const xmlChar *prefix,
                         const xmlChar *uri, int namespaces_count, const xmlChar **namespaces,
                         int count, int defaulted, const xmlChar **attributes)
{
    struct xml_reader *reader = data;
    struct xml_element *element;
    struct xml_piece name;

    (void)local;
    (void)prefix;
    (void)uri;
    (void)namespaces;
    (void)defaulted;
    if (reader->failed || !xml_place_element(&reader->place, &name)) {
        xml_stop(reader);
        return;
    }
    if (namespaces_count > 0) {
        diag_error(reader->diag, name.pos, "XML namespaces are not used in this format");
        diag_help(reader->diag, "remove the attribute 'xmlns'");
        xml_stop(reader);
        return;
    }
    if (reader->depth == XML_MAX_DEPTH) {
        diag_error(reader->diag, name.pos, "more than %d elements within each other",
                   XML_MAX_DEPTH);
        xml_stop(reader);
        return;
    }
    element = alloc_array(1, sizeof(*element));
    element->name = alloc_copy(name.text, name.bytes);
    element->pos = name.pos;
    element->parent = reader->current;
    if (reader->current == NULL) {
        reader->root = element;
    } else if (reader->current->last == NULL) {
        reader->current->first = reader->current->last = element;
    } else {
        reader->current->last->next = element;
        reader->current->last = element;
    }
    reader->current = element;
    reader->depth++;
    if (!xml_add_attributes(reader, element, attributes, count)) {
        diag_error(reader->diag, name.pos, "cannot make out the attributes of this element");
        xml_stop(reader);
    }
}

static void xml_on_end(void *data, const xmlChar *local, const xmlChar *prefix, const xmlChar *uri)
{
    struct xml_reader *reader = data;

    (void)local;
    (void)prefix;
    (void)uri;
    if (reader->current != NULL) {
        reader->current = reader->current->parent;
        reader->depth--;
    }
}

static void xml_on_text(void *data, const xmlChar *text, int bytes)
{
    struct xml_reader *reader = data;

    if (reader->failed || reader->current == NULL) {
        return;
    }
    for (int i = 0; i < bytes; i++) {
        if (strchr(" \t\r\n", text[i]) == NULL) {
            diag_error(reader->diag, reader->current->pos, "there is text inside of <%s>",
                       reader->current->name);
            diag_help(reader->diag, "everything is said in attributes; a remark is <!-- ... -->");
            xml_stop(reader);
            return;
        }
    }
}

/** Refuse what is not UTF-8 before libxml2 sees it: positions are counted in UTF-8. */
static bool xml_check_encoding(struct xml_reader *reader)
{
    size_t offset = 0;

    while (offset < reader->bytes) {
        const unsigned char *at = (const unsigned char *)reader->source + offset;
        size_t left = reader->bytes - offset;
        int length = left < 4 ? (int)left : 4;
        int code = at[0] == 0 ? -1 : xmlGetUTF8Char(at, &length);

        if (code < 0 || length <= 0 || (size_t)length > left) {
            diag_error(reader->diag, xml_pos_of(reader, offset, 1), "the byte 0x%02x is not UTF-8",
                       at[0]);
            diag_help(reader->diag, "save the file as UTF-8 text");
            return false;
        }
        offset += (size_t)length;
    }
    return true;
}

/** libxml2 compares every attribute of a start tag with every other: refuse too many before. */
static bool xml_check_attributes(const struct xml_reader *reader)
{
    struct xml_piece element, name, value;
    struct xml_place place;

    xml_place_init(&place, reader->source, reader->bytes);
    while (xml_place_element(&place, &element)) {
        unsigned count = 0;

        while (xml_place_attribute(&place, &name, &value)) {
            if (++count > XML_MAX_ATTRIBUTES) {
                diag_error(reader->diag, name.pos, "more than %d attributes in one element",
                           XML_MAX_ATTRIBUTES);
                diag_help(reader->diag, "no element has so many");
                return false;
            }
        }
    }
    return true;
}

static bool xml_run(struct xml_reader *reader)
{
    xmlSAXHandler handler = { 0 };

    if (reader->bytes == 0) {
        diag_error(reader->diag, xml_nowhere, "the file is empty");
        return false;
    }
    reader->context = xmlNewParserCtxt();
    if (reader->context == NULL) {
        diag_error(reader->diag, xml_nowhere, "the XML parser has no memory");
        return false;
    }
    handler.initialized = XML_SAX2_MAGIC;
    handler.internalSubset = xml_on_doctype;
    handler.startElementNs = xml_on_start;
    handler.endElementNs = xml_on_end;
    handler.characters = xml_on_text;
    handler.ignorableWhitespace = xml_on_text;
    handler.cdataBlock = xml_on_text;
    handler.serror = xml_on_error;
    *reader->context->sax = handler;
    reader->context->userData = reader;
    /* NOENT: &amp; is to arrive as &. Without document types there are no other entities. */
    (void)xmlCtxtReadMemory(reader->context, reader->source, (int)reader->bytes, NULL, NULL,
                            XML_PARSE_NONET | XML_PARSE_NOENT | XML_PARSE_IGNORE_ENC);
    if (!reader->context->wellFormed && !reader->failed) {
        diag_error(reader->diag, xml_nowhere, "not well-formed XML");
        reader->failed = true;
    }
    xmlFreeParserCtxt(reader->context);
    return !reader->failed && reader->root != NULL;
}

enum xml_status xml_parse(const char *source, size_t bytes, struct diag *diag,
                          struct xml_element **root)
{
    struct xml_reader reader = { .diag = diag, .source = source, .bytes = bytes };

    *root = NULL;
    if (bytes > XML_MAX_BYTES) {
        diag_error(diag, xml_nowhere, "the file has more than %u bytes", XML_MAX_BYTES);
        return XML_ERR_SYNTAX;
    }
    xml_place_init(&reader.place, source, bytes);
    if (!xml_check_encoding(&reader) || !xml_check_attributes(&reader) || !xml_run(&reader)) {
        xml_free(reader.root);
        return XML_ERR_SYNTAX;
    }
    *root = reader.root;
    return XML_OK;
}

const struct xml_attribute *xml_find_attribute(const struct xml_element *element, const char *name)
{
    for (size_t i = 0; i < element->attributes_count; i++) {
        if (strcmp(element->attributes[i].name, name) == 0) {
            return &element->attributes[i];
        }
    }
    return NULL;
}

void xml_free(struct xml_element *root)
{
    struct xml_element *element = root;

    /* Children are taken off one by one, so that no recursion is needed. */
    while (element != NULL) {
        struct xml_element *child = element->first;
        struct xml_element *parent = element->parent;

        if (child != NULL) {
            element->first = child->next;
            element = child;
            continue;
        }
        for (size_t i = 0; i < element->attributes_count; i++) {
            free(element->attributes[i].name);
            free(element->attributes[i].value);
        }
        free(element->attributes);
        free(element->name);
        free(element);
        element = parent;
    }
}
