/* What the table's tests share: a directory, lookups drawn at random, entries whose body says which revision they are.
 */
#ifndef WARD_TESTS_TABLE_SUPPORT_H
#define WARD_TESTS_TABLE_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/iso8601.h"
#include "base/seam.h"
#include "table/body.h"
#include "table/table.h"

#define assert_ok(call) assert_int_equal((call), WARD_OK)

struct scene {
    char directory[64];
    char path[80];
    struct ward_seam seam; /* as it was */
};

static inline void scene_open(struct scene *scene)
{
    const char *base = getenv("TMPDIR");
    snprintf(scene->directory, sizeof(scene->directory), "%s/ward-table-XXXXXX", base != NULL ? base : "/tmp");
    assert_non_null(mkdtemp(scene->directory));
    scene->seam = ward_seam;
}

static inline const char *scene_path(struct scene *scene, const char *name)
{
    assert_true(strlen(scene->directory) + strlen(name) + 2 <= sizeof(scene->path));
    strcpy(stpcpy(stpcpy(scene->path, scene->directory), "/"), name);
    return scene->path;
}

static inline void scene_close(struct scene *scene)
{
    ward_seam = scene->seam;
    static const char *const names[] = { "table", "table.new", "limits", "limits.new" };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        unlink(scene_path(scene, names[i]));
    assert_int_equal(rmdir(scene->directory), 0);
}

/* A generator of its own for each test, so that a failure can be repeated. */
static inline uint64_t draw(uint64_t *state)
{
    uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* The lookup of a numbered key: as evenly spread as a MAC. */
static inline struct ward_lookup lookup_of(uint64_t number)
{
    uint64_t state = number * 2, words[2];
    words[0] = draw(&state);
    state ^= UINT64_C(0xa5a5a5a5a5a5a5a5);
    words[1] = draw(&state);
    struct ward_lookup lookup;
    memcpy(lookup.bytes, words, sizeof(lookup.bytes));
    return lookup;
}

static inline struct ward_uuid id_of(uint64_t number)
{
    struct ward_uuid id = { { 0 } };
    uint64_t packed = number + 1;
    memcpy(id.bytes, &packed, sizeof(packed));
    return id;
}

static inline struct ward_uuid uuid_of(uint8_t kind, uint64_t number)
{
    struct ward_uuid id;
    memset(id.bytes, kind, sizeof(id.bytes));
    memcpy(id.bytes, &number, sizeof(number));
    return id;
}

/* A body that names the key and the revision it was put with. */
struct packed_body {
    char bytes[256];
    size_t size;
};

static inline struct packed_body body_of(uint64_t number, uint64_t revision)
{
    char name[64];
    snprintf(name, sizeof(name), "key %llu at %llu", (unsigned long long)number, (unsigned long long)revision);
    struct ward_body body = { .name = ward_span_of(name),
                              .metadata = WARD_SPAN("{}"),
                              .reply = WARD_SPAN(",\"x\":1}") };
    struct ward_buffer buffer = ward_buffer_new(sizeof(((struct packed_body *)0)->bytes));
    ward_body_encode(&body, &buffer);
    assert_ok(buffer.status);
    struct packed_body packed = { .size = buffer.size };
    memcpy(packed.bytes, buffer.data, buffer.size);
    ward_buffer_free(&buffer);
    return packed;
}

/* True when a body is exactly that of a key at a revision. */
static inline bool is_body_of(struct ward_span packed, uint64_t number, uint64_t revision)
{
    struct ward_body body;
    char name[64];
    snprintf(name, sizeof(name), "key %llu at %llu", (unsigned long long)number, (unsigned long long)revision);
    return ward_body_decode(packed, &body) && ward_span_equal(body.name, ward_span_of(name));
}

static inline struct ward_table_entry entry_of(uint64_t number, uint64_t revision, const struct packed_body *body)
{
    return (struct ward_table_entry){
        .lookup = lookup_of(number),
        .kind = WARD_RECORD_API_KEY,
        .id = id_of(number),
        .scope = { .account_id = uuid_of(1, 1), .project_id = uuid_of(2, number % 5), .is_active = true },
        .flags = WARD_RECORD_ENABLED,
        .expires_ms = WARD_TIME_NONE,
        .revision = revision,
        .body = ward_span(body->bytes, body->size),
    };
}

static inline void put_key(struct ward_table_writer *writer, uint64_t number, uint64_t revision)
{
    struct packed_body body = body_of(number, revision);
    struct ward_table_entry entry = entry_of(number, revision, &body);
    assert_ok(ward_table_reserve(writer, 1, body.size));
    assert_ok(ward_table_put(writer, &entry));
}

static inline void put_limited(struct ward_table_writer *writer, uint64_t number, uint64_t revision, uint64_t limit,
                               uint32_t ttl_s)
{
    struct packed_body body = body_of(number, revision);
    struct ward_table_entry entry = entry_of(number, revision, &body);
    entry.limit = limit;
    entry.ttl_s = ttl_s;
    assert_ok(ward_table_reserve(writer, 1, body.size));
    assert_ok(ward_table_put(writer, &entry));
}

static inline enum ward_table_found find_key(struct ward_table_reader *reader, uint64_t number, struct ward_record *ret)
{
    struct ward_lookup lookup = lookup_of(number);
    assert_true(ward_table_reader_refresh(reader));
    return ward_table_find(reader, &lookup, ret);
}

static inline void remove_key(struct ward_table_writer *writer, uint64_t number)
{
    struct ward_lookup lookup = lookup_of(number);
    ward_table_remove(writer, &lookup);
}

#endif
