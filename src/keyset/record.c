/* Records of a keyset's file: a fixed part, then the texts that the object has. */
#include "keyset/keyset_file.h"

enum {
    TEXTS = 7,
    FIXED_BYTES = 4 + 4 + WARD_UUID_BYTES + WARD_OBJECT_ID_CHARS + 16 + 3 * 8 + 4 * TEXTS,
    FLAG_REMOVED = 1,
};
#define ABSENT     UINT32_MAX
#define TEXT_BYTES ((uint32_t)1 << 24) /* far above any object's */

static void put(struct ward_buffer *ret, uint64_t value, size_t size)
{
    char bytes[8];
    for (size_t i = 0; i < size; i++) {
        bytes[i] = (char)(uint8_t)(value >> (8 * i));
    }
    ward_buffer_append(ret, ward_span(bytes, size));
}

static uint64_t take(const char **at, size_t size)
{
    uint64_t value = 0;
    for (size_t i = 0; i < size; i++) {
        value |= (uint64_t)(uint8_t)(*at)[i] << (8 * i);
    }
    *at += size;
    return value;
}

/* The texts of a record in their order. */
static void list_texts(struct ward_keyset_record *record, struct ward_span *ret[TEXTS])
{
    struct ward_deployed *object = &record->object;
    struct ward_span *const texts[TEXTS] = { &object->name, &object->alias,       &object->algorithm, &object->kid,
                                             &object->use,  &object->public_text, &record->sealed };
    memcpy(ret, texts, sizeof(texts));
}

void ward_keyset_record_write(const struct ward_keyset_record *record, struct ward_buffer *ret)
{
    struct ward_keyset_record copy = *record;
    struct ward_span *texts[TEXTS];
    size_t size = FIXED_BYTES;
    list_texts(&copy, texts);
    for (size_t i = 0; i < TEXTS; i++) {
        size += texts[i]->size;
        if (texts[i]->size >= TEXT_BYTES) {
            ret->status = WARD_TOO_LARGE;
            return;
        }
    }
    const struct ward_deployed *object = &record->object;
    put(ret, size, 4);
    put(ret, (uint64_t)object->kind, 1);
    put(ret, record->is_removed ? FLAG_REMOVED : 0, 1);
    put(ret, (uint64_t)object->half, 1);
    put(ret, 0, 1);
    ward_buffer_append(ret, ward_span((const char *)object->project_id.bytes, WARD_UUID_BYTES));
    ward_buffer_append(ret, ward_span(object->id.text, WARD_OBJECT_ID_CHARS));
    ward_buffer_append(ret, ward_span((const char *)object->origin, sizeof(object->origin)));
    put(ret, (uint64_t)object->not_before_ms, 8);
    put(ret, (uint64_t)object->expires_ms, 8);
    put(ret, record->number, 8);
    for (size_t i = 0; i < TEXTS; i++) {
        put(ret, texts[i]->data ? texts[i]->size : ABSENT, 4);
    }
    for (size_t i = 0; i < TEXTS; i++) {
        ward_buffer_append(ret, *texts[i]);
    }
}

static bool read_texts(const char *sizes, const char *texts_at, const char *end, struct ward_keyset_record *ret)
{
    struct ward_span *texts[TEXTS];
    list_texts(ret, texts);
    for (size_t i = 0; i < TEXTS; i++) {
        uint64_t size = take(&sizes, 4);
        *texts[i] = WARD_SPAN_NONE;
        if (size == ABSENT) {
            continue;
        }
        if (size > (size_t)(end - texts_at)) {
            return false;
        }
        *texts[i] = ward_span(texts_at, (size_t)size);
        texts_at += size;
    }
    return texts_at == end;
}

static bool is_sensible(const struct ward_keyset_record *record)
{
    const struct ward_deployed *object = &record->object;
    if (object->kind != WARD_DEPLOYED_KEY && object->kind != WARD_DEPLOYED_JWK) {
        return false;
    }
    if (object->half != WARD_MATERIAL_SECRET && object->half != WARD_MATERIAL_PRIVATE &&
        object->half != WARD_MATERIAL_PUBLIC) {
        return false;
    }
    return record->is_removed || object->name.size > 0;
}

bool ward_keyset_record_read(struct ward_span bytes, struct ward_keyset_record *ret, size_t *ret_size)
{
    const char *at = bytes.data;
    if (bytes.size < FIXED_BYTES) {
        return false;
    }
    uint64_t size = take(&at, 4);
    if (size < FIXED_BYTES || size > bytes.size) {
        return false;
    }
    struct ward_keyset_record record = { 0 };
    struct ward_deployed *object = &record.object;
    object->kind = (enum ward_deployed_kind)take(&at, 1);
    record.is_removed = (take(&at, 1) & FLAG_REMOVED) != 0;
    object->half = (enum ward_material_half)take(&at, 1);
    at++;
    memcpy(object->project_id.bytes, at, WARD_UUID_BYTES);
    at += WARD_UUID_BYTES;
    if (!ward_object_id_parse(ward_span(at, WARD_OBJECT_ID_CHARS), &object->id)) {
        return false;
    }
    at += WARD_OBJECT_ID_CHARS;
    memcpy(object->origin, at, sizeof(object->origin));
    at += sizeof(object->origin);
    object->not_before_ms = (int64_t)take(&at, 8);
    object->expires_ms = (int64_t)take(&at, 8);
    record.number = take(&at, 8);
    if (!read_texts(at, bytes.data + FIXED_BYTES, bytes.data + size, &record) || !is_sensible(&record)) {
        return false;
    }
    *ret = record;
    *ret_size = (size_t)size;
    return true;
}
