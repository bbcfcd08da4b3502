/*
 * What clients send as the content of a key, in the order of contracts/apinizer.md 10: PEM, base64 of PEM, base64 of
 * DER, base64 of something else.
 */
#include "crypto/material.h"

#include <openssl/x509.h>

#include "base/encoding.h"
#include "base/seam.h"
#include "crypto/material_internal.h"

enum {
    PEM_LINE = 64,    /* RFC 7468 2 */
    BEGIN_CHARS = 11, /* "-----BEGIN " */
    DECODED_MAX = WARD_MATERIAL_CONTENT_MAX,
    PUBLIC_DER_MAX = 2048, /* the largest RSA key and its frame */
};

static const char *const problem_codes[] = {
#define WARD_MATERIAL_PROBLEM(name, code, text) [WARD_MATERIAL_##name] = (code),
#include "crypto/material.def"
#undef WARD_MATERIAL_PROBLEM
};

static const char *const problem_texts[] = {
#define WARD_MATERIAL_PROBLEM(name, code, text) [WARD_MATERIAL_##name] = (text),
#include "crypto/material.def"
#undef WARD_MATERIAL_PROBLEM
};

const char *ward_material_problem_code(enum ward_material_problem problem)
{
    return problem_codes[problem];
}

const char *ward_material_problem_text(enum ward_material_problem problem)
{
    return problem_texts[problem];
}

/* ---- labels and forms ---- */

static const struct label_row {
    struct ward_span label;
    enum ward_der_form form;
    enum ward_material_half half;
} labels[] = {
    { WARD_SPAN_INIT("PRIVATE KEY"), WARD_DER_PKCS8, WARD_MATERIAL_PRIVATE },
    { WARD_SPAN_INIT("RSA PRIVATE KEY"), WARD_DER_PKCS1_PRIVATE, WARD_MATERIAL_PRIVATE },
    { WARD_SPAN_INIT("EC PRIVATE KEY"), WARD_DER_SEC1, WARD_MATERIAL_PRIVATE },
    { WARD_SPAN_INIT("ENCRYPTED PRIVATE KEY"), WARD_DER_ENCRYPTED, WARD_MATERIAL_PRIVATE },
    { WARD_SPAN_INIT("PUBLIC KEY"), WARD_DER_SPKI, WARD_MATERIAL_PUBLIC },
    { WARD_SPAN_INIT("RSA PUBLIC KEY"), WARD_DER_PKCS1_PUBLIC, WARD_MATERIAL_PUBLIC },
    { WARD_SPAN_INIT("CERTIFICATE"), WARD_DER_CERTIFICATE, WARD_MATERIAL_PUBLIC },
};

static const struct label_row *find_form(enum ward_der_form form)
{
    for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++) {
        if (labels[i].form == form) {
            return &labels[i];
        }
    }
    return NULL;
}

static const struct label_row *find_label(struct ward_span label)
{
    for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++) {
        if (ward_span_equal(labels[i].label, label)) {
            return &labels[i];
        }
    }
    return NULL;
}

/* ---- text ---- */

static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static struct ward_span trim(struct ward_span text)
{
    while (text.size > 0 && is_blank(text.data[0])) {
        text = ward_span(text.data + 1, text.size - 1);
    }
    while (text.size > 0 && is_blank(text.data[text.size - 1])) {
        text.size--;
    }
    return text;
}

static bool find(struct ward_span text, struct ward_span wanted, size_t *ret)
{
    const char *at = text.size > 0 ? memmem(text.data, text.size, wanted.data, wanted.size) : NULL;
    if (!at) {
        return false;
    }
    *ret = (size_t)(at - text.data);
    return true;
}

static bool is_pem(struct ward_span text)
{
    return ward_span_starts_with(text, WARD_SPAN("-----BEGIN"));
}

/* The text without blanks, in the standard alphabet. The two alphabets are not mixed. */
static bool unify(struct ward_span text, struct ward_buffer *ret)
{
    bool is_standard = false;
    bool is_url = false;
    char *at = ward_buffer_reserve(ret, text.size);
    if (!at) {
        return false;
    }
    for (size_t i = 0; i < text.size; i++) {
        char c = text.data[i];
        if (is_blank(c)) {
            continue;
        }
        is_standard = is_standard || c == '+' || c == '/';
        is_url = is_url || c == '-' || c == '_';
        at[ret->size++] = (char)(c == '-' ? '+' : c == '_' ? '/' : c);
    }
    return !(is_standard && is_url);
}

/* Make the last group whole, and clear the bits of it that stand for no byte: writers are known to leave some. */
static void complete(struct ward_buffer *text)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t size = text->size;
    while (size > 0 && text->size - size < 2 && text->data[size - 1] == '=') {
        size--;
    }
    if (size != text->size && text->size % 4 != 0) {
        return; /* padding that is no padding: the strict decoder refuses it */
    }
    size_t left = size % 4;
    const char *value = size > 0 && left >= 2 ? memchr(alphabet, text->data[size - 1], 64) : NULL;
    if (value) {
        ptrdiff_t kept = (value - alphabet) & (left == 2 ? 0x30 : 0x3c);
        text->data[size - 1] = alphabet[kept];
    }
    while (text->size % 4 != 0 && text->status == WARD_OK) {
        ward_buffer_append_char(text, '=');
    }
}

/* Base64 as people paste it. WARD_INVALID when it is none. */
static enum ward_status decode_loose(struct ward_span text, struct ward_buffer *ret)
{
    WARD_BUFFER unified = ward_buffer_new_secret(text.size + 3);
    bool is_read = unify(text, &unified);
    if (is_read && unified.size % 4 != 1) {
        complete(&unified);
        is_read = ward_base64_decode(ward_buffer_span(&unified), ret);
    } else {
        is_read = false;
    }
    if (unified.status != WARD_OK || ret->status != WARD_OK) {
        return WARD_NO_MEMORY;
    }
    return is_read && ret->size > 0 ? WARD_OK : WARD_INVALID;
}

/* ---- PEM ---- */

struct pem_block {
    struct ward_span label;
    struct ward_span body; /* base64 and blanks */
    struct ward_span rest; /* behind the block, trimmed */
};

static enum ward_material_problem read_block(struct ward_span text, struct pem_block *ret)
{
    static const struct ward_span dashes = WARD_SPAN_INIT("-----");
    static const struct ward_span end = WARD_SPAN_INIT("-----END ");
    size_t at;
    if (!ward_span_starts_with(text, WARD_SPAN("-----BEGIN "))) {
        return WARD_MATERIAL_BAD_PEM;
    }
    text = ward_span(text.data + BEGIN_CHARS, text.size - BEGIN_CHARS);
    if (!find(text, dashes, &at)) {
        return WARD_MATERIAL_BAD_PEM;
    }
    ret->label = ward_span(text.data, at);
    text = ward_span(text.data + at + dashes.size, text.size - at - dashes.size);
    if (!find(text, end, &at)) {
        return WARD_MATERIAL_BAD_PEM;
    }
    ret->body = ward_span(text.data, at);
    text = ward_span(text.data + at + end.size, text.size - at - end.size);
    if (!ward_span_starts_with(text, ret->label)) {
        return WARD_MATERIAL_BAD_PEM;
    }
    text = ward_span(text.data + ret->label.size, text.size - ret->label.size);
    if (!ward_span_starts_with(text, dashes)) {
        return WARD_MATERIAL_BAD_PEM;
    }
    ret->rest = trim(ward_span(text.data + dashes.size, text.size - dashes.size));
    return WARD_MATERIAL_NONE;
}

/* `openssl ecparam -genkey` writes the curve before the key, which names it again. */
static enum ward_material_problem read_only_block(struct ward_span text, struct pem_block *ret)
{
    enum ward_material_problem problem = read_block(text, ret);
    if (problem == WARD_MATERIAL_NONE && ward_span_equal(ret->label, WARD_SPAN("EC PARAMETERS")) && is_pem(ret->rest)) {
        problem = read_block(ret->rest, ret);
    }
    if (problem != WARD_MATERIAL_NONE) {
        return problem;
    }
    return ret->rest.size == 0 ? WARD_MATERIAL_NONE
           : is_pem(ret->rest) ? WARD_MATERIAL_MANY_BLOCKS
                               : WARD_MATERIAL_BAD_PEM;
}

static enum ward_status decode_block(const struct pem_block *block, struct ward_buffer *ret,
                                     enum ward_material_problem *ret_problem)
{
    size_t at;
    if (memchr(block->body.data, ':', block->body.size)) { /* RFC 1421 4.6 */
        *ret_problem = find(block->body, WARD_SPAN("ENCRYPTED"), &at) ? WARD_MATERIAL_ENCRYPTED : WARD_MATERIAL_BAD_PEM;
        return WARD_INVALID;
    }
    enum ward_status status = decode_loose(block->body, ret);
    if (status == WARD_INVALID) {
        *ret_problem = WARD_MATERIAL_BAD_PEM;
    }
    return status;
}

static void write_pem(struct ward_span label, struct ward_span der, struct ward_buffer *ret)
{
    WARD_BUFFER text = ward_buffer_new_secret(2 * der.size + 4);
    ward_base64_encode(der, &text);
    if (text.status != WARD_OK) {
        ret->status = text.status;
        return;
    }
    ward_buffer_append_text(ret, "-----BEGIN ");
    ward_buffer_append(ret, label);
    ward_buffer_append_text(ret, "-----\n");
    for (size_t at = 0; at < text.size; at += PEM_LINE) {
        size_t size = text.size - at < PEM_LINE ? text.size - at : PEM_LINE;
        ward_buffer_append(ret, ward_span(text.data + at, size));
        ward_buffer_append_char(ret, '\n');
    }
    ward_buffer_append_text(ret, "-----END ");
    ward_buffer_append(ret, label);
    ward_buffer_append_text(ret, "-----\n");
}

/* ---- a content ---- */

/* What is known while a content is read. */
struct reading {
    enum ward_material_half half;
    struct ward_span content;   /* as sent */
    struct ward_buffer *stored; /* NULL: nothing is to be stored */
    struct ward_material *material;
    enum ward_material_problem problem;
};

static enum ward_status refuse(struct reading *reading, enum ward_material_problem problem)
{
    reading->problem = problem;
    return WARD_INVALID;
}

static enum ward_status read_der(struct reading *reading, const struct label_row *row, struct ward_span der)
{
    struct ward_numbers numbers;
    if (row->half != reading->half) {
        return refuse(reading,
                      row->half == WARD_MATERIAL_PRIVATE ? WARD_MATERIAL_PRIVATE_GIVEN : WARD_MATERIAL_PUBLIC_GIVEN);
    }
    if (row->form == WARD_DER_ENCRYPTED) {
        return refuse(reading, WARD_MATERIAL_ENCRYPTED);
    }
    if (row->form == WARD_DER_CERTIFICATE) {
        if (!ward_der_certificate_key(der, &der)) {
            return refuse(reading, WARD_MATERIAL_BAD_DER);
        }
        row = find_form(WARD_DER_SPKI);
    }
    enum ward_material_problem problem = ward_der_read(row->form, der, &numbers);
    if (problem != WARD_MATERIAL_NONE) {
        return refuse(reading, problem);
    }
    enum ward_status status = ward_material_from_numbers(&numbers, &reading->material, &reading->problem);
    if (status == WARD_OK && reading->stored) {
        write_pem(row->label, der, reading->stored);
    }
    return status;
}

static enum ward_status read_pem(struct reading *reading, struct ward_span text, bool is_unwrapped)
{
    struct pem_block block;
    WARD_BUFFER der = ward_buffer_new_secret(DECODED_MAX);
    enum ward_material_problem problem = read_only_block(text, &block);
    if (problem != WARD_MATERIAL_NONE) {
        return refuse(reading, problem);
    }
    const struct label_row *row = find_label(block.label);
    if (!row) {
        return refuse(reading, WARD_MATERIAL_PEM_LABEL);
    }
    enum ward_status status = decode_block(&block, &der, &reading->problem);
    if (status != WARD_OK) {
        return status;
    }
    bool is_certificate = row->form == WARD_DER_CERTIFICATE;
    struct ward_span inner = trim(ward_buffer_span(&der));
    if (is_certificate && !is_unwrapped && is_pem(inner)) {
        return read_pem(reading, inner, true); /* certutil -encode of a PEM file */
    }
    enum ward_der_form form = ward_der_form(ward_buffer_span(&der));
    if (form != row->form) {
        /* certutil -encode calls a DER key a certificate too */
        row = is_certificate && !is_unwrapped ? find_form(form) : NULL;
    }
    return row ? read_der(reading, row, ward_buffer_span(&der)) : refuse(reading, WARD_MATERIAL_BAD_DER);
}

static enum ward_status read_base64(struct reading *reading, struct ward_span text, bool is_strict)
{
    WARD_BUFFER bytes = ward_buffer_new_secret(DECODED_MAX);
    enum ward_status status = decode_loose(text, &bytes);
    if (status != WARD_OK) {
        return status == WARD_INVALID ? refuse(reading, WARD_MATERIAL_NOT_ENCODED) : status;
    }
    struct ward_span inner = trim(ward_buffer_span(&bytes));
    if (is_pem(inner)) {
        return read_pem(reading, inner, false);
    }
    const struct label_row *row = find_form(ward_der_form(ward_buffer_span(&bytes)));
    if (row) {
        return read_der(reading, row, ward_buffer_span(&bytes));
    }
    if (is_strict) {
        return refuse(reading, WARD_MATERIAL_NO_KEY);
    }
    ward_buffer_append(reading->stored, reading->content);
    return WARD_OK;
}

static enum ward_status read_secret(struct reading *reading, struct ward_span text)
{
    if (is_pem(text)) {
        return refuse(reading, WARD_MATERIAL_KEY_AS_SECRET);
    }
    WARD_BUFFER bytes = ward_buffer_new_secret(DECODED_MAX);
    enum ward_status status = decode_loose(text, &bytes);
    if (status != WARD_OK) {
        return status == WARD_INVALID ? refuse(reading, WARD_MATERIAL_NOT_ENCODED) : status;
    }
    if (reading->stored) {
        ward_buffer_append(reading->stored, reading->content);
    }
    return ward_material_from_bytes(ward_buffer_span(&bytes), &reading->material);
}

static enum ward_status read_content(struct reading *reading, bool is_strict)
{
    struct ward_span text = trim(reading->content);
    if (reading->content.size > WARD_MATERIAL_CONTENT_MAX) {
        return refuse(reading, WARD_MATERIAL_TOO_LARGE);
    }
    if (text.size == 0) {
        return refuse(reading, WARD_MATERIAL_EMPTY);
    }
    if (reading->half == WARD_MATERIAL_SECRET) {
        return read_secret(reading, text);
    }
    return is_pem(text) ? read_pem(reading, text, false) : read_base64(reading, text, is_strict);
}

enum ward_status ward_material_from_content(enum ward_material_half half, struct ward_span content, bool is_strict,
                                            struct ward_buffer *ret_stored, struct ward_material **ret,
                                            enum ward_material_problem *ret_problem)
{
    struct reading reading = { .half = half, .content = content, .stored = ret_stored };
    size_t before = ret_stored->size;
    enum ward_status status = read_content(&reading, is_strict);
    if (status == WARD_OK) {
        status = ret_stored->status;
    }
    if (status != WARD_OK) {
        ret_stored->size = before;
        ward_material_free(reading.material);
        if (status == WARD_INVALID) {
            *ret_problem = reading.problem;
        }
        return status;
    }
    *ret = reading.material;
    return WARD_OK;
}

enum ward_status ward_material_from_stored(enum ward_material_half half, struct ward_span stored,
                                           struct ward_material **ret, enum ward_material_problem *ret_problem)
{
    struct reading reading = { .half = half };
    struct ward_span text = trim(stored);
    enum ward_status status = half == WARD_MATERIAL_SECRET ? read_secret(&reading, text)
                              : is_pem(text)               ? read_pem(&reading, text, true)
                                                           : refuse(&reading, WARD_MATERIAL_NO_KEY);
    if (status != WARD_OK) {
        if (status == WARD_INVALID) {
            *ret_problem = reading.problem;
        }
        return status;
    }
    *ret = reading.material;
    return WARD_OK;
}

enum ward_status ward_material_from_bytes(struct ward_span bytes, struct ward_material **ret)
{
    struct ward_numbers numbers = { .type = WARD_MATERIAL_OCT, .is_private = true, .secret = bytes };
    enum ward_material_problem problem;
    return ward_material_from_numbers(&numbers, ret, &problem);
}

/* ---- and back ---- */

enum ward_status ward_material_write_public_pem(const struct ward_material *material, struct ward_buffer *ret)
{
    uint8_t der[PUBLIC_DER_MAX];
    uint8_t *at = der;
    if (material->type == WARD_MATERIAL_OCT) {
        return WARD_INVALID;
    }
    int size = i2d_PUBKEY(material->key, NULL);
    if (size <= 0 || (size_t)size > sizeof(der) || i2d_PUBKEY(material->key, &at) != size) {
        return ward_openssl_status(WARD_NO_MEMORY);
    }
    size_t before = ret->size;
    write_pem(find_form(WARD_DER_SPKI)->label, ward_span((const char *)der, (size_t)size), ret);
    if (ret->status != WARD_OK) {
        ret->size = before;
    }
    return ret->status;
}
