/* What the keyset's tests share: a directory, a keyring, objects with keys drawn here, and faults of files on order. */
#ifndef WARD_TESTS_KEYSET_SUPPORT_H
#define WARD_TESTS_KEYSET_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/seam.h"
#include "crypto/jwk.h"
#include "keyset/keyset.h"
#include "keyset/served.h"

#define assert_status(expected, call) assert_string_equal(ward_status_code(expected), ward_status_code(call))
#define assert_ok(call)               assert_status(WARD_OK, call)
#define assert_span(text, span)       assert_true(ward_span_equal(ward_span_of(text), (span)))

#define NOW_MS                        INT64_C(1700000000000)

struct scene {
    char directory[64], path[128];
    uint8_t root[WARD_ROOT_KEY_BYTES];
    struct ward_keyring *keyring;
    struct ward_object_id environment;
    struct ward_keyset *keyset;
    struct ward_pool pool;
    struct ward_uuid project, other_project;
    struct ward_seam seam; /* as it was */
};

/* ---- faults: the n-th call from now on, and those behind it, fail ---- */

struct fault {
    long skip; /* -1: none */
    long times;
    int number; /* errno; 0: a read gives other bytes */
};

static struct fault write_fault = { .skip = -1 }, sync_fault = { .skip = -1 }, rename_fault = { .skip = -1 },
                    open_fault = { .skip = -1 }, read_fault = { .skip = -1 }, memory_fault = { .skip = -1 };
static struct ward_seam real;

static inline bool bites(struct fault *fault)
{
    if (fault->skip < 0) {
        return false;
    }
    if (fault->skip > 0) {
        fault->skip--;
        return false;
    }
    if (fault->times == 0) {
        return false;
    }
    fault->times--;
    errno = fault->number;
    return true;
}

static inline ssize_t faulty_write(int fd, const void *data, size_t size)
{
    if (bites(&write_fault)) {
        int number = errno;
        if (size > 1) { /* a full disk takes what it can */
            (void)!real.write(fd, data, size / 2);
        }
        errno = number;
        return -1;
    }
    return real.write(fd, data, size);
}

static inline ssize_t faulty_read(int fd, void *data, size_t size)
{
    bool is_bitten = bites(&read_fault);
    if (is_bitten && read_fault.number != 0) {
        return -1;
    }
    ssize_t got = real.read(fd, data, size);
    if (is_bitten && got > 0) {
        ((char *)data)[got / 2] ^= 1;
    }
    return got;
}

static inline int faulty_sync(int fd)
{
    return bites(&sync_fault) ? -1 : real.sync(fd);
}

static inline int faulty_rename(const char *from, const char *to)
{
    return bites(&rename_fault) ? -1 : real.rename(from, to);
}

static inline int faulty_open(const char *path, int flags, mode_t mode)
{
    return bites(&open_fault) ? -1 : real.open(path, flags, mode);
}

static inline void *faulty_allocate(size_t size)
{
    return bites(&memory_fault) ? NULL : real.allocate(size);
}

static inline void *faulty_reallocate(void *old, size_t size)
{
    return bites(&memory_fault) ? NULL : real.reallocate(old, size);
}

static inline void no_faults(void)
{
    write_fault.skip = sync_fault.skip = rename_fault.skip = open_fault.skip = read_fault.skip = memory_fault.skip = -1;
}

static inline struct fault fails(long skip, int number)
{
    return (struct fault){ .skip = skip, .times = 1, .number = number };
}

/* ---- the scene ---- */

static inline struct ward_keyset *new_keyset(struct scene *s)
{
    struct ward_keyset *keyset;
    const struct ward_keyset_options options = { .directory = s->directory,
                                                 .environment = s->environment,
                                                 .replica = WARD_SPAN("embedded"),
                                                 .keyring = s->keyring };
    assert_ok(ward_keyset_new(&options, &keyset));
    return keyset;
}

static inline void load(struct scene *s)
{
    struct ward_keyset_failure failure = { .text = "" };
    if (!ward_keyset_load(s->keyset, &failure)) {
        fail_msg("the keyset is not loaded: %s", failure.text);
    }
}

static inline void reload(struct scene *s)
{
    ward_keyset_close(s->keyset);
    s->keyset = new_keyset(s);
    load(s);
}

static inline int scene_open(void **state)
{
    struct scene *s = calloc(1, sizeof(*s));
    const char *base = getenv("TMPDIR");
    snprintf(s->directory, sizeof(s->directory), "%s/ward-keyset-XXXXXX", base ? base : "/tmp");
    assert_non_null(mkdtemp(s->directory));
    real = s->seam = ward_seam;
    no_faults();
    ward_seam.write = faulty_write;
    ward_seam.read = faulty_read;
    ward_seam.sync = faulty_sync;
    ward_seam.rename = faulty_rename;
    ward_seam.open = faulty_open;
    ward_seam.allocate = faulty_allocate;
    ward_seam.reallocate = faulty_reallocate;
    ward_log_set_level(WARD_LOG_ERROR);
    s->pool = ward_pool_new((size_t)64 << 20);
    assert_ok(ward_random(s->root, sizeof(s->root)));
    assert_ok(ward_keyring_from_bytes(s->root, &s->keyring));
    assert_ok(ward_object_id_new(&s->environment));
    assert_ok(ward_uuid_new(&s->project));
    assert_ok(ward_uuid_new(&s->other_project));
    snprintf(s->path, sizeof(s->path), "%s/%s.keyset", s->directory, s->environment.text);
    s->keyset = new_keyset(s);
    load(s);
    *state = s;
    return 0;
}

static inline size_t count_files(const char *path)
{
    size_t count = 0;
    DIR *directory = opendir(path);
    for (struct dirent *entry = directory ? readdir(directory) : NULL; entry; entry = readdir(directory)) {
        count += entry->d_name[0] != '.';
    }
    if (directory) {
        closedir(directory);
    }
    return count;
}

static inline int scene_close(void **state)
{
    struct scene *s = *state;
    char path[512];
    no_faults();
    ward_keyset_close(s->keyset);
    ward_keyring_close(s->keyring);
    ward_pool_free(&s->pool);
    ward_seam = s->seam;
    DIR *directory = opendir(s->directory);
    for (struct dirent *entry = directory ? readdir(directory) : NULL; entry; entry = readdir(directory)) {
        snprintf(path, sizeof(path), "%s/%s", s->directory, entry->d_name);
        unlink(path);
    }
    if (directory) {
        closedir(directory);
    }
    rmdir(s->directory);
    free(s);
    return 0;
}

/* ---- objects ---- */

static inline struct ward_span keep(struct scene *s, struct ward_span text)
{
    struct ward_span copy = ward_pool_copy(&s->pool, text);
    assert_non_null(copy.data);
    return copy;
}

/** A key whose secret is base64 of a text. */
static inline struct ward_keyset_change make_key(struct scene *s, const char *name, const char *secret)
{
    struct ward_keyset_change change = { .object = { .kind = WARD_DEPLOYED_KEY,
                                                     .half = WARD_MATERIAL_SECRET,
                                                     .project_id = s->project,
                                                     .name = keep(s, ward_span_of(name)),
                                                     .not_before_ms = WARD_TIME_NONE,
                                                     .expires_ms = WARD_TIME_NONE },
                                         .secret = keep(s, ward_span_of(secret)) };
    assert_ok(ward_object_id_new(&change.object.id));
    assert_ok(ward_random(change.object.origin, sizeof(change.object.origin)));
    return change;
}

static inline struct ward_span write_jwk(struct scene *s, const struct ward_material *material, const char *kid,
                                         enum ward_jose_alg alg, bool is_private)
{
    const struct ward_jwk_info info = { .kid = ward_span_of(kid), .use = WARD_USE_SIGNATURE, .alg = alg };
    WARD_BUFFER text = ward_buffer_new_secret(65536);
    assert_ok(ward_jwk_write(material, &info, is_private, &text));
    return keep(s, ward_buffer_span(&text));
}

/** A JWK of P-256. */
static inline struct ward_keyset_change make_jwk(struct scene *s, const char *name, const char *kid)
{
    const struct ward_jwk_spec spec = { .type = WARD_MATERIAL_EC, .curve = WARD_CURVE_P256 };
    struct ward_material *material;
    struct ward_keyset_change change = make_key(s, name, "");
    assert_ok(ward_jwk_generate(&spec, &material));
    change.object.kind = WARD_DEPLOYED_JWK;
    change.object.half = WARD_MATERIAL_PRIVATE;
    change.object.kid = keep(s, ward_span_of(kid));
    change.object.use = WARD_SPAN("sig");
    change.object.algorithm = WARD_SPAN("ES256");
    change.object.public_text = write_jwk(s, material, kid, WARD_ALG_ES256, false);
    change.secret = write_jwk(s, material, kid, WARD_ALG_ES256, true);
    ward_material_free(material);
    return change;
}

static inline struct ward_keyset_change removal_of(const struct ward_keyset_change *change)
{
    return (struct ward_keyset_change){ .object = { .kind = change->object.kind, .id = change->object.id },
                                        .is_removed = true };
}

static inline void apply(struct scene *s, const struct ward_keyset_change *changes, size_t count)
{
    struct ward_keyset_failure failure = { .text = "" };
    if (!ward_keyset_apply(s->keyset, changes, count, 7, &failure)) {
        fail_msg("not deployed: %s", failure.text);
    }
}

static inline void refuse(struct scene *s, const struct ward_keyset_change *change, const char *words)
{
    struct ward_keyset_failure failure = { .text = "" };
    assert_false(ward_keyset_apply(s->keyset, change, 1, 8, &failure));
    assert_string_equal(words, failure.text);
}

static inline bool has(struct scene *s, const struct ward_keyset_change *change)
{
    const struct ward_deployed *object = &change->object;
    const struct ward_keyset_entry *entry = ward_keyset_find(s->keyset, &object->project_id, object->kind,
                                                             object->name);
    bool is_same = entry && memcmp(entry->object.origin, object->origin, sizeof(object->origin)) == 0 &&
                   ward_object_id_equal(&entry->object.id, &object->id);
    ward_keyset_release(entry);
    return is_same;
}

static inline size_t count_all(struct scene *s)
{
    struct ward_keyset_stats stats;
    ward_keyset_stats(s->keyset, &stats);
    return stats.keys + stats.jwks;
}

static inline struct ward_keyset_stats stats_of(struct scene *s)
{
    struct ward_keyset_stats stats;
    ward_keyset_stats(s->keyset, &stats);
    return stats;
}

/* ---- the file's bytes ---- */

static inline char *read_file(const char *path, size_t *ret_size)
{
    struct stat about;
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(fstat(fileno(file), &about), 0);
    char *bytes = malloc((size_t)about.st_size + 1);
    assert_int_equal(fread(bytes, 1, (size_t)about.st_size, file), (size_t)about.st_size);
    fclose(file);
    *ret_size = (size_t)about.st_size;
    return bytes;
}

static inline void write_file(const char *path, const char *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    fclose(file);
    assert_int_equal(chmod(path, 0600), 0);
}

#endif
