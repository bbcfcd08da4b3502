/* The backup's file: its trailer written, and the whole read back and checked. The form is in backup.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/encoding.h"
#include "base/file.h"
#include "service/backup.h"
#include "service/internal.h"
#include "json/json.h"
#include "json/writer.h"

#define FORMAT       1
#define FOOTER_HEAD  "ward-backup 1 manifest %06u seal %06u sha256 "
#define HASH_CHARS   (2 * WARD_SHA256_BYTES)
#define MANIFEST_MAX 4096
#define SEAL_MAX     1024
#define CHUNK        (256 * 1024)

enum { FOOTER_HEAD_CHARS = sizeof("ward-backup 1 manifest 000000 seal 000000 sha256 ") - 1 };
enum { FOOTER_CHARS = FOOTER_HEAD_CHARS + HASH_CHARS + 1 };

/* "\n" manifest "\n" seal "\n" footer */
struct trailer {
    struct ward_span manifest, seal;
    size_t size;
};

void ward_backup_fingerprint(const struct ward_keyring *keyring, char ret[2 * WARD_FINGERPRINT_BYTES + 1])
{
    uint8_t bytes[WARD_FINGERPRINT_BYTES];
    ward_keyring_fingerprint(keyring, bytes);
    ward_hex_encode(bytes, sizeof(bytes), ret);
}

static void free_stream(struct ward_sha256_stream **stream)
{
    ward_sha256_free(*stream);
}
#define OWNED_STREAM __attribute__((cleanup(free_stream))) struct ward_sha256_stream

static enum ward_status hash_one(struct ward_span bytes, uint8_t ret[WARD_SHA256_BYTES])
{
    return ward_sha256(&bytes, 1, ret);
}

/* The seal opens for this store and this root key only. */
static struct ward_seal_place seal_place(const struct ward_backup *backup)
{
    return (struct ward_seal_place){ .account = ward_span(backup->store_id, WARD_UUID_CHARS),
                                     .table = "backup",
                                     .row = ward_span(backup->store_id, WARD_UUID_CHARS),
                                     .field = "manifest",
                                     .version = FORMAT };
}

static enum ward_status read_some(int fd, char *to, size_t size, size_t *ret)
{
    for (;;) {
        ssize_t got = ward_seam.read(fd, to, size);
        if (got >= 0) {
            *ret = (size_t)got;
            return WARD_OK;
        }
        if (errno != EINTR) {
            return WARD_IO;
        }
    }
}

/* Read size bytes from where fd stands, hash them, and write them to `to` if that is a file. */
static enum ward_status pass_on(int fd, uint64_t size, int to, char *chunk, struct ward_sha256_stream *stream)
{
    enum ward_status status = WARD_OK;
    while (status == WARD_OK && size > 0) {
        size_t got = 0;
        status = read_some(fd, chunk, size < CHUNK ? (size_t)size : CHUNK, &got);
        if (status == WARD_OK && got == 0) {
            return WARD_INTEGRITY; /* shorter than a moment ago */
        }
        if (status == WARD_OK) {
            status = ward_sha256_add(stream, ward_span(chunk, got));
        }
        if (status == WARD_OK && to >= 0) {
            status = ward_file_write_all(to, ward_span(chunk, got));
        }
        size -= got;
    }
    return status;
}

static enum ward_status hash_database(int fd, uint64_t size, int to, uint8_t ret[WARD_SHA256_BYTES])
{
    OWNED_STREAM *stream = NULL;
    enum ward_status status = ward_sha256_begin(&stream);
    if (status != WARD_OK) {
        return status;
    }
    char *chunk = ward_alloc(CHUNK);
    status = chunk ? pass_on(fd, size, to, chunk, stream) : WARD_NO_MEMORY;
    ward_free(chunk);
    return status == WARD_OK ? ward_sha256_end(stream, ret) : status;
}

/* ---- writing ---- */

static void write_hex(struct ward_json_writer *writer, const char *name, const uint8_t hash[WARD_SHA256_BYTES])
{
    char text[HASH_CHARS + 1];
    ward_hex_encode(hash, WARD_SHA256_BYTES, text);
    ward_json_member_string(writer, name, ward_span_of(text));
}

static void write_manifest(const struct ward_backup *backup, struct ward_buffer *ret)
{
    struct ward_json_writer writer = ward_json_writer_to(ret);
    ward_json_begin_object(&writer);
    ward_json_member_int(&writer, "format", FORMAT);
    ward_json_member_string(&writer, "storeId", ward_span_of(backup->store_id));
    ward_json_member_string(&writer, "rootKeyFingerprint", ward_span_of(backup->fingerprint));
    ward_json_member_int(&writer, "revision", (int64_t)backup->revision);
    write_hex(&writer, "changeHash", backup->chain_hash);
    ward_json_member_time(&writer, "createdAt", backup->created_ms);
    ward_json_member_int(&writer, "databaseBytes", (int64_t)backup->database_bytes);
    write_hex(&writer, "databaseSha256", backup->database_sha256);
    ward_json_end_object(&writer);
}

static enum ward_status write_seal(struct ward_keyring *keyring, const struct ward_backup *backup,
                                   struct ward_span manifest, struct ward_buffer *ret)
{
    WARD_BUFFER blob = ward_buffer_new(SEAL_MAX / 2);
    uint8_t hash[WARD_SHA256_BYTES];
    struct ward_seal_place place = seal_place(backup);
    enum ward_status status = hash_one(manifest, hash);
    if (status == WARD_OK) {
        status = ward_seal(keyring, &place, ward_span((const char *)hash, sizeof(hash)), &blob);
    }
    char *text = status == WARD_OK ? ward_buffer_reserve(ret, 2 * blob.size + 1) : NULL;
    if (!text) {
        return status == WARD_OK ? WARD_NO_MEMORY : status;
    }
    ward_hex_encode(blob.data, blob.size, text);
    ret->size += 2 * blob.size;
    return WARD_OK;
}

static enum ward_status append_footer(struct ward_buffer *trailer, size_t manifest_size, size_t seal_size)
{
    uint8_t hash[WARD_SHA256_BYTES];
    char text[HASH_CHARS + 1];
    ward_buffer_append_format(trailer, FOOTER_HEAD, (unsigned)manifest_size, (unsigned)seal_size);
    enum ward_status status = trailer->status == WARD_OK ? hash_one(ward_buffer_span(trailer), hash) : trailer->status;
    if (status != WARD_OK) {
        return status;
    }
    ward_hex_encode(hash, sizeof(hash), text);
    ward_buffer_append_text(trailer, text);
    ward_buffer_append_char(trailer, '\n');
    return trailer->status;
}

static enum ward_status write_trailer(struct ward_keyring *keyring, const struct ward_backup *backup,
                                      struct ward_buffer *ret)
{
    WARD_BUFFER manifest = ward_buffer_new(MANIFEST_MAX);
    WARD_BUFFER seal = ward_buffer_new(SEAL_MAX);
    write_manifest(backup, &manifest);
    enum ward_status status = manifest.status;
    if (status == WARD_OK) {
        status = write_seal(keyring, backup, ward_buffer_span(&manifest), &seal);
    }
    if (status != WARD_OK) {
        return status;
    }
    ward_buffer_append_char(ret, '\n');
    ward_buffer_append(ret, ward_buffer_span(&manifest));
    ward_buffer_append_char(ret, '\n');
    ward_buffer_append(ret, ward_buffer_span(&seal));
    ward_buffer_append_char(ret, '\n');
    return append_footer(ret, manifest.size, seal.size);
}

enum ward_status ward_backup_finish(int fd, struct ward_keyring *keyring, struct ward_backup *backup)
{
    WARD_BUFFER trailer = ward_buffer_new(MANIFEST_MAX + SEAL_MAX + FOOTER_CHARS + 16);
    off_t size = lseek(fd, 0, SEEK_END);
    if (size <= 0 || lseek(fd, 0, SEEK_SET) != 0) {
        return WARD_IO;
    }
    backup->database_bytes = (uint64_t)size;
    enum ward_status status = hash_database(fd, backup->database_bytes, -1, backup->database_sha256);
    if (status == WARD_OK) {
        status = write_trailer(keyring, backup, &trailer);
    }
    if (status == WARD_OK) {
        status = ward_file_write_all(fd, ward_buffer_span(&trailer));
    }
    backup->file_bytes = backup->database_bytes + trailer.size;
    return status;
}

/* ---- reading ---- */

/* Take the trailer apart. Both sizes are given twice: by the footer's digits and by where the text breaks. */
static bool split_trailer(struct ward_span text, size_t manifest_size, size_t seal_size, struct trailer *ret)
{
    const char *manifest = text.data + 1;
    const char *seal = manifest + manifest_size + 1;
    if (text.data[0] != '\n' || seal[-1] != '\n' || seal[seal_size] != '\n') {
        return false;
    }
    ret->manifest = ward_span(manifest, manifest_size);
    ret->seal = ward_span(seal, seal_size);
    ret->size = text.size;
    return true;
}

/* The sum at the end is the trailer's, written just as we write it. */
static enum ward_status check_sum(struct ward_span text)
{
    uint8_t hash[WARD_SHA256_BYTES];
    char expected[HASH_CHARS + 1];
    size_t summed = text.size - HASH_CHARS - 1;
    enum ward_status status = hash_one(ward_span(text.data, summed), hash);
    if (status != WARD_OK) {
        return status;
    }
    ward_hex_encode(hash, sizeof(hash), expected);
    bool is_same = memcmp(text.data + summed, expected, HASH_CHARS) == 0 && text.data[text.size - 1] == '\n';
    return is_same ? WARD_OK : WARD_INTEGRITY;
}

static bool read_footer(const char footer[FOOTER_CHARS + 1], size_t *ret_manifest, size_t *ret_seal)
{
    unsigned manifest = 0, seal = 0;
    char again[FOOTER_HEAD_CHARS + 1];
    if (sscanf(footer, "ward-backup 1 manifest %6u seal %6u", &manifest, &seal) != 2 || manifest > MANIFEST_MAX ||
        seal > SEAL_MAX) {
        return false;
    }
    snprintf(again, sizeof(again), FOOTER_HEAD, manifest, seal);
    *ret_manifest = manifest;
    *ret_seal = seal;
    return memcmp(again, footer, FOOTER_HEAD_CHARS) == 0;
}

static enum ward_status read_at(int fd, off_t offset, char *to, size_t size)
{
    if (offset < 0) {
        return WARD_INTEGRITY;
    }
    if (lseek(fd, offset, SEEK_SET) != offset) {
        return WARD_IO;
    }
    for (size_t done = 0; done < size;) {
        size_t got = 0;
        enum ward_status status = read_some(fd, to + done, size - done, &got);
        if (status != WARD_OK || got == 0) {
            return status == WARD_OK ? WARD_INTEGRITY : status;
        }
        done += got;
    }
    return WARD_OK;
}

static enum ward_status read_trailer(int fd, off_t file_size, struct ward_pool *pool, struct trailer *ret)
{
    char footer[FOOTER_CHARS + 1] = "";
    size_t manifest_size, seal_size;
    enum ward_status status = read_at(fd, file_size - FOOTER_CHARS, footer, FOOTER_CHARS);
    if (status != WARD_OK) {
        return status;
    }
    if (!read_footer(footer, &manifest_size, &seal_size)) {
        return WARD_INTEGRITY;
    }
    size_t size = 3 + manifest_size + seal_size + FOOTER_CHARS;
    char *text = ward_pool_alloc(pool, size);
    if (!text) {
        return WARD_NO_MEMORY;
    }
    status = read_at(fd, file_size - (off_t)size, text, size);
    if (status == WARD_OK) {
        status = check_sum(ward_span(text, size));
    }
    if (status != WARD_OK) {
        return status;
    }
    return split_trailer(ward_span(text, size), manifest_size, seal_size, ret) ? WARD_OK : WARD_INTEGRITY;
}

static bool read_text(const struct ward_json_value *object, const char *name, size_t size, char *ret)
{
    struct ward_span text = ward_json_string(ward_json_member(object, name));
    if (text.size != size) {
        return false;
    }
    memcpy(ret, text.data, size);
    ret[size] = '\0';
    return true;
}

static bool read_number(const struct ward_json_value *object, const char *name, uint64_t *ret)
{
    int64_t number = -1;
    if (!ward_json_integer(ward_json_member(object, name), &number) || number < 0) {
        return false;
    }
    *ret = (uint64_t)number;
    return true;
}

static bool read_manifest(const struct ward_json_value *manifest, struct ward_backup *ret)
{
    uint64_t format = 0;
    return read_number(manifest, "format", &format) && format == FORMAT &&
           read_text(manifest, "storeId", WARD_UUID_CHARS, ret->store_id) &&
           read_text(manifest, "rootKeyFingerprint", 2 * WARD_FINGERPRINT_BYTES, ret->fingerprint) &&
           read_number(manifest, "revision", &ret->revision) &&
           ward_hex_decode(ward_json_string(ward_json_member(manifest, "changeHash")), ret->chain_hash,
                           WARD_SHA256_BYTES) &&
           ward_iso8601_parse(ward_json_string(ward_json_member(manifest, "createdAt")), &ret->created_ms) &&
           read_number(manifest, "databaseBytes", &ret->database_bytes) &&
           ward_hex_decode(ward_json_string(ward_json_member(manifest, "databaseSha256")), ret->database_sha256,
                           WARD_SHA256_BYTES);
}

static enum ward_status parse_manifest(const struct trailer *trailer, struct ward_pool *pool, struct ward_backup *ret)
{
    const struct ward_json_value *manifest = NULL;
    const char *why = NULL;
    enum ward_status status = ward_json_parse(trailer->manifest, pool, &manifest, &why);
    if (status != WARD_OK) {
        return status == WARD_INVALID ? WARD_INTEGRITY : status;
    }
    return read_manifest(manifest, ret) && ret->database_bytes + trailer->size == ret->file_bytes ? WARD_OK
                                                                                                  : WARD_INTEGRITY;
}

static enum ward_status check_seal(struct ward_keyring *keyring, const struct trailer *trailer,
                                   const struct ward_backup *backup)
{
    WARD_BUFFER plain = ward_buffer_new(SEAL_MAX);
    uint8_t blob[SEAL_MAX / 2], hash[WARD_SHA256_BYTES];
    size_t blob_size = trailer->seal.size / 2;
    struct ward_seal_place place = seal_place(backup);
    if (!ward_hex_decode(trailer->seal, blob, blob_size)) {
        return WARD_INTEGRITY;
    }
    enum ward_status status = ward_unseal(keyring, &place, ward_span((const char *)blob, blob_size), &plain);
    if (status == WARD_OK) {
        status = hash_one(trailer->manifest, hash);
    }
    if (status != WARD_OK) {
        return status;
    }
    bool is_same = plain.size == sizeof(hash) && memcmp(plain.data, hash, sizeof(hash)) == 0;
    return is_same ? WARD_OK : WARD_INTEGRITY;
}

static enum ward_status check_trailer(int fd, struct ward_keyring *keyring, struct ward_backup *ret)
{
    WARD_POOL pool = ward_pool_new(64 * 1024);
    char own[2 * WARD_FINGERPRINT_BYTES + 1];
    struct trailer trailer;
    enum ward_status status = read_trailer(fd, (off_t)ret->file_bytes, &pool, &trailer);
    if (status == WARD_OK) {
        status = parse_manifest(&trailer, &pool, ret);
    }
    if (status != WARD_OK) {
        return status;
    }
    ward_backup_fingerprint(keyring, own);
    return strcmp(own, ret->fingerprint) == 0 ? check_seal(keyring, &trailer, ret) : WARD_MISMATCH;
}

static enum ward_status copy_database(int fd, int to, const struct ward_backup *backup)
{
    uint8_t hash[WARD_SHA256_BYTES];
    if (lseek(fd, 0, SEEK_SET) != 0) {
        return WARD_IO;
    }
    enum ward_status status = hash_database(fd, backup->database_bytes, to, hash);
    if (status != WARD_OK) {
        return status;
    }
    return memcmp(hash, backup->database_sha256, sizeof(hash)) == 0 ? WARD_OK : WARD_INTEGRITY;
}

static enum ward_status unpack(int fd, const char *to, struct ward_keyring *keyring, struct ward_backup *ret)
{
    struct stat info;
    int copy = -1;
    if (fstat(fd, &info) != 0) {
        return WARD_IO;
    }
    if (!S_ISREG(info.st_mode)) {
        return WARD_FORBIDDEN;
    }
    ret->file_bytes = (uint64_t)info.st_size;
    enum ward_status status = check_trailer(fd, keyring, ret);
    if (status == WARD_OK) {
        status = ward_file_create(to, &copy);
    }
    if (status == WARD_OK) {
        status = copy_database(fd, copy, ret);
        close(copy);
    }
    return status;
}

enum ward_status ward_backup_unpack(const char *path, const char *to, struct ward_keyring *keyring,
                                    struct ward_backup *ret)
{
    int fd = ward_seam.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0);
    if (fd < 0) {
        return errno == ENOENT || errno == ENOTDIR ? WARD_NOT_FOUND : errno == EACCES ? WARD_FORBIDDEN : WARD_IO;
    }
    *ret = (struct ward_backup){ 0 };
    enum ward_status status = unpack(fd, to, keyring, ret);
    close(fd);
    return status;
}
