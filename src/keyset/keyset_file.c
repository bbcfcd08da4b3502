#include "keyset/keyset_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"
#include "base/file.h"
#include "base/log.h"
#include "base/seam.h"

#define BATCH_MAGIC UINT32_C(0x314b4257) /* "WBK1" */
#define CHUNK       (64 * 1024)

static void close_descriptor(const int *fd)
{
    if (*fd >= 0) {
        close(*fd);
    }
}

static void free_text(char **text)
{
    ward_free(*text);
}

#define OWNED_FD   __attribute__((cleanup(close_descriptor))) int
#define OWNED_TEXT __attribute__((cleanup(free_text))) char *

static void put(char *at, uint64_t value, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        at[i] = (char)(uint8_t)(value >> (8 * i));
    }
}

static uint64_t get(const char *at, size_t size)
{
    uint64_t value = 0;
    for (size_t i = 0; i < size; i++) {
        value |= (uint64_t)(uint8_t)at[i] << (8 * i);
    }
    return value;
}

/* ---- failures ---- */

bool ward_keyset_fail(struct ward_keyset_failure *ret, const char *text)
{
    snprintf(ret->text, sizeof(ret->text), "%s", text);
    return false;
}

bool ward_keyset_fail_errno(struct ward_keyset_failure *ret, int number)
{
    const char *words = number > 0 ? strerrordesc_np(number) : NULL;
    ward_keyset_fail(ret, words ? words : "the operation was cut short");
    if (ret->text[0] >= 'A' && ret->text[0] <= 'Z' && !(ret->text[1] >= 'A' && ret->text[1] <= 'Z')) {
        ret->text[0] = (char)(ret->text[0] - 'A' + 'a');
    }
    return false;
}

static bool fail_status(struct ward_keyset_failure *ret, enum ward_status status)
{
    return ward_keyset_fail(ret, ward_status_text(status));
}

/* ---- header ---- */

enum {
    AT_FORMAT = 8,
    AT_BYTES = 12,
    AT_ENVIRONMENT = 16,
    AT_FINGERPRINT = 40,
    AT_REPLICA = 56,
    AT_SALT = 112, /* random: no two files begin with the same link */
    AT_CHECK = 120
};

static enum ward_status make_header(const struct ward_keyset_file *file, char ret[WARD_KEYSET_HEADER_BYTES])
{
    memset(ret, 0, WARD_KEYSET_HEADER_BYTES);
    memcpy(ret, WARD_KEYSET_MAGIC, 8);
    put(ret + AT_FORMAT, WARD_KEYSET_FORMAT, 4);
    put(ret + AT_BYTES, WARD_KEYSET_HEADER_BYTES, 4);
    memcpy(ret + AT_ENVIRONMENT, file->environment, WARD_OBJECT_ID_CHARS);
    memcpy(ret + AT_FINGERPRINT, file->fingerprint, WARD_FINGERPRINT_BYTES);
    memcpy(ret + AT_REPLICA, file->replica, sizeof(file->replica));
    enum ward_status status = ward_random(ret + AT_SALT, 8);
    put(ret + AT_CHECK, ward_check_wide(ret, AT_CHECK, WARD_KEYSET_FORMAT), 8);
    return status;
}

/* NULL: it is one of ours. */
static const char *find_fault(const struct ward_keyset_file *file, const char header[WARD_KEYSET_HEADER_BYTES])
{
    if (memcmp(header, WARD_KEYSET_MAGIC, 8) != 0 ||
        get(header + AT_CHECK, 8) != ward_check_wide(header, AT_CHECK, WARD_KEYSET_FORMAT)) {
        return "damaged";
    }
    if (get(header + AT_FORMAT, 4) != WARD_KEYSET_FORMAT || get(header + AT_BYTES, 4) != WARD_KEYSET_HEADER_BYTES) {
        return "another format";
    }
    if (memcmp(header + AT_ENVIRONMENT, file->environment, WARD_OBJECT_ID_CHARS) != 0 ||
        memcmp(header + AT_FINGERPRINT, file->fingerprint, WARD_FINGERPRINT_BYTES) != 0) {
        return "another environment, replica or root key";
    }
    return NULL;
}

/* ---- life ---- */

enum ward_status ward_keyset_file_init(struct ward_keyset_file *file, const struct ward_keyset_options *options,
                                       const struct ward_keyring *replica)
{
    *file = (struct ward_keyset_file){ .directory = options->directory };
    memcpy(file->environment, options->environment.text, sizeof(file->environment));
    size_t shown = options->replica.size < sizeof(file->replica) ? options->replica.size : sizeof(file->replica);
    memcpy(file->replica, options->replica.data, shown);
    ward_keyring_fingerprint(replica, file->fingerprint);
    size_t size = strlen(options->directory) + 1 + WARD_OBJECT_ID_CHARS + sizeof(".keyset");
    file->path = ward_alloc(size);
    if (!file->path) {
        return WARD_NO_MEMORY;
    }
    snprintf(file->path, size, "%s/%s.keyset", options->directory, file->environment);
    return ward_keyed_hash_lookup(replica, &file->hash);
}

void ward_keyset_file_close(struct ward_keyset_file *file)
{
    ward_free(file->path);
    if (file->hash) {
        ward_keyed_hash_free(file->hash);
    }
    *file = (struct ward_keyset_file){ 0 };
}

/* ---- links ---- */

static enum ward_status next_link(const uint8_t before[WARD_SHA256_BYTES], struct ward_span bytes,
                                  uint8_t ret[WARD_SHA256_BYTES])
{
    const struct ward_span parts[] = { ward_span((const char *)before, WARD_SHA256_BYTES), bytes };
    return ward_sha256(parts, 2, ret);
}

static enum ward_status first_link(const char header[WARD_KEYSET_HEADER_BYTES], uint8_t ret[WARD_SHA256_BYTES])
{
    const struct ward_span part = ward_span(header, WARD_KEYSET_HEADER_BYTES);
    return ward_sha256(&part, 1, ret);
}

/* Of a text that no key value begins with. */
static void authenticate(const struct ward_keyset_file *file, const uint8_t link[WARD_SHA256_BYTES],
                         struct ward_lookup *ret)
{
    static const char name[] = "\nkeyset\n";
    char text[sizeof(name) - 1 + WARD_OBJECT_ID_CHARS + WARD_SHA256_BYTES], *at = text;
    memcpy(at, name, sizeof(name) - 1);
    at += sizeof(name) - 1;
    memcpy(at, file->environment, WARD_OBJECT_ID_CHARS);
    memcpy(at + WARD_OBJECT_ID_CHARS, link, WARD_SHA256_BYTES);
    ward_keyed_hash(file->hash, ward_span(text, sizeof(text)), ret);
}

static void write_commit(const struct ward_keyset_file *file, const uint8_t link[WARD_SHA256_BYTES], char *at)
{
    struct ward_lookup mac;
    authenticate(file, link, &mac);
    memcpy(at, link, WARD_SHA256_BYTES);
    memcpy(at + WARD_SHA256_BYTES, mac.bytes, WARD_LOOKUP_BYTES);
}

static bool is_committed(const struct ward_keyset_file *file, const uint8_t link[WARD_SHA256_BYTES], const char *at)
{
    char expected[WARD_KEYSET_COMMIT_BYTES];
    write_commit(file, link, expected);
    return ward_constant_time_equal(expected, at, sizeof(expected));
}

/* ---- reading ---- */

/* The whole size, or an error; a file that ends early gives less. */
static bool read_at(int fd, uint64_t offset, char *to, size_t size, size_t *ret_got)
{
    *ret_got = 0;
    if (lseek(fd, (off_t)offset, SEEK_SET) < 0) {
        return false;
    }
    while (*ret_got < size) {
        ssize_t got = ward_seam.read(fd, to + *ret_got, size - *ret_got);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return false;
        }
        if (got == 0) {
            return true;
        }
        *ret_got += (size_t)got;
    }
    return true;
}

/* Others must neither read what is sealed nor change what is trusted. */
static bool check_directory(const struct ward_keyset_file *file, struct ward_keyset_failure *ret_why)
{
    OWNED_FD fd = ward_seam.open(file->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    struct stat about;
    if (fd < 0 || fstat(fd, &about) != 0) {
        return errno == ENOENT ? ward_keyset_fail(ret_why, "the directory is not there")
                               : ward_keyset_fail_errno(ret_why, errno);
    }
    if ((about.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
        return ward_keyset_fail(ret_why, "others may write to the directory");
    }
    return true;
}

static int open_file(const struct ward_keyset_file *file, int flags, struct stat *ret)
{
    int fd = ward_seam.open(file->path, flags | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0);
    if (fd < 0) {
        return -1;
    }
    if (fstat(fd, ret) == 0 && S_ISREG(ret->st_mode)) {
        return fd;
    }
    close(fd);
    errno = EINVAL;
    return -1;
}

/** Where reading stands. */
struct scan {
    struct ward_keyset_file *file;
    int fd;
    uint64_t size;
    ward_keyset_take take;
    void *arg;
    struct ward_buffer batch;
    const char *fault; /* why it ended before the end */
    enum ward_status status;
};

static void free_scan(struct scan *scan)
{
    ward_buffer_free(&scan->batch);
}

static bool parse_head(const char *head, struct ward_keyset_batch *ret, uint64_t *ret_bytes)
{
    ret->count = (uint32_t)get(head + 4, 4);
    *ret_bytes = get(head + 8, 8);
    ret->number = get(head + 16, 8);
    ret->revision = get(head + 24, 8);
    return get(head, 4) == BATCH_MAGIC && *ret_bytes <= WARD_KEYSET_BATCH_MAX;
}

/* False at the end of what is whole. */
static bool scan_batch(struct scan *scan)
{
    struct ward_keyset_file *file = scan->file;
    char head[WARD_KEYSET_HEAD_BYTES];
    struct ward_keyset_batch batch;
    uint64_t bytes, left = scan->size - file->end;
    size_t got;
    if (left == 0) {
        return false;
    }
    scan->fault = "cut off";
    if (left < WARD_KEYSET_HEAD_BYTES + WARD_KEYSET_COMMIT_BYTES) {
        return false;
    }
    scan->status = WARD_IO;
    if (!read_at(scan->fd, file->end, head, sizeof(head), &got) || got < sizeof(head)) {
        return false;
    }
    scan->status = WARD_OK;
    if (!parse_head(head, &batch, &bytes)) {
        scan->fault = "damaged";
        return false;
    }
    size_t whole = (size_t)bytes + WARD_KEYSET_HEAD_BYTES + WARD_KEYSET_COMMIT_BYTES;
    if (whole > left) {
        return false;
    }
    ward_buffer_clear(&scan->batch);
    char *to = ward_buffer_reserve(&scan->batch, whole);
    scan->status = to ? WARD_IO : WARD_NO_MEMORY;
    if (!to || !read_at(scan->fd, file->end, to, whole, &got) || got < whole) {
        return false;
    }
    scan->batch.size = whole;
    uint8_t link[WARD_SHA256_BYTES];
    scan->status = next_link(file->link, ward_span(to, whole - WARD_KEYSET_COMMIT_BYTES), link);
    if (scan->status != WARD_OK) {
        return false;
    }
    scan->fault = "damaged";
    batch.records = ward_span(to + WARD_KEYSET_HEAD_BYTES, (size_t)bytes);
    if (!is_committed(file, link, to + whole - WARD_KEYSET_COMMIT_BYTES) ||
        !scan->take(&batch, scan->arg, &scan->status)) {
        return false;
    }
    scan->fault = NULL;
    memcpy(file->link, link, sizeof(link));
    file->end += whole;
    file->batches++;
    return true;
}

static void say_begun_anew(const struct ward_keyset_file *file, const char *why)
{
    ward_log(WARD_LOG_WARN, "keyset-anew", WARD_LOG_STR("path", file->path), WARD_LOG_STR("why", why));
}

/* What is behind the last whole batch was never answered for, or is damage; the store has what was in it. */
static bool cut_off(struct scan *scan, struct ward_keyset_failure *ret_why)
{
    const struct ward_keyset_file *file = scan->file;
    ward_log(WARD_LOG_WARN, "keyset-cut", WARD_LOG_STR("path", file->path), WARD_LOG_STR("why", scan->fault),
             WARD_LOG_NUM("offset", file->end), WARD_LOG_NUM("bytes", scan->size - file->end));
    if (ftruncate(scan->fd, (off_t)file->end) != 0 || ward_seam.sync(scan->fd) != 0) {
        return ward_keyset_fail_errno(ret_why, errno);
    }
    return true;
}

static bool scan_file(struct scan *scan, const struct stat *about, struct ward_keyset_failure *ret_why)
{
    struct ward_keyset_file *file = scan->file;
    char header[WARD_KEYSET_HEADER_BYTES];
    size_t got;
    if (!read_at(scan->fd, 0, header, sizeof(header), &got)) {
        return ward_keyset_fail_errno(ret_why, errno);
    }
    const char *fault = got < sizeof(header) ? "damaged" : find_fault(file, header);
    if (fault) {
        say_begun_anew(file, fault);
        return true;
    }
    enum ward_status status = first_link(header, file->link);
    if (status != WARD_OK) {
        return fail_status(ret_why, status);
    }
    file->end = WARD_KEYSET_HEADER_BYTES;
    file->batches = 0;
    while (scan_batch(scan)) {
    }
    if (scan->status != WARD_OK) {
        return scan->status == WARD_IO ? ward_keyset_fail_errno(ret_why, errno) : fail_status(ret_why, scan->status);
    }
    if (file->end < scan->size && !cut_off(scan, ret_why)) {
        return false;
    }
    file->device = (uint64_t)about->st_dev;
    file->inode = (uint64_t)about->st_ino;
    file->is_ready = true;
    return true;
}

bool ward_keyset_file_open(struct ward_keyset_file *file, ward_keyset_take take, void *arg,
                           struct ward_keyset_failure *ret_why)
{
    struct stat about;
    file->is_ready = false;
    if (!check_directory(file, ret_why)) {
        return false;
    }
    OWNED_FD fd = open_file(file, O_RDWR, &about);
    if (fd < 0 && errno == ENOENT) {
        return true;
    }
    if (fd < 0) {
        return ward_keyset_fail_errno(ret_why, errno);
    }
    __attribute__((cleanup(free_scan))) struct scan scan = { .file = file,
                                                             .fd = fd,
                                                             .size = (uint64_t)about.st_size,
                                                             .take = take,
                                                             .arg = arg,
                                                             .batch = ward_buffer_new(WARD_KEYSET_BATCH_MAX) };
    return scan_file(&scan, &about, ret_why);
}

/* ---- writing ---- */

void ward_keyset_batch_begin(struct ward_buffer *batch)
{
    static const char nothing[WARD_KEYSET_HEAD_BYTES];
    ward_buffer_clear(batch);
    ward_buffer_append(batch, ward_span(nothing, sizeof(nothing)));
}

void ward_keyset_batch_end(struct ward_buffer *batch, uint32_t count, uint64_t number, uint64_t revision)
{
    static const char nothing[WARD_KEYSET_COMMIT_BYTES];
    if (batch->status != WARD_OK) {
        return;
    }
    put(batch->data, BATCH_MAGIC, 4);
    put(batch->data + 4, count, 4);
    put(batch->data + 8, batch->size - WARD_KEYSET_HEAD_BYTES, 8);
    put(batch->data + 16, number, 8);
    put(batch->data + 24, revision, 8);
    ward_buffer_append(batch, ward_span(nothing, sizeof(nothing)));
}

/* Give the batch its place: behind the link. */
static enum ward_status link_batch(const struct ward_keyset_file *file, struct ward_buffer *batch,
                                   uint8_t link[WARD_SHA256_BYTES])
{
    if (batch->status != WARD_OK) {
        return batch->status;
    }
    size_t size = batch->size - WARD_KEYSET_COMMIT_BYTES;
    uint8_t next[WARD_SHA256_BYTES];
    enum ward_status status = next_link(link, ward_span(batch->data, size), next);
    if (status == WARD_OK) {
        memcpy(link, next, sizeof(next));
        write_commit(file, link, batch->data + size);
    }
    return status;
}

static bool write_at(int fd, uint64_t offset, struct ward_span bytes, struct ward_keyset_failure *ret_why)
{
    errno = 0;
    if (lseek(fd, (off_t)offset, SEEK_SET) < 0 || ward_file_write_all(fd, bytes) != WARD_OK) {
        return ward_keyset_fail_errno(ret_why, errno);
    }
    return true;
}

/* Compare what the file says now with what was written. */
static bool read_back(int fd, uint64_t offset, struct ward_span bytes, struct ward_keyset_failure *ret_why)
{
    char *chunk __attribute__((cleanup(free_text))) = ward_alloc(CHUNK);
    if (!chunk) {
        return fail_status(ret_why, WARD_NO_MEMORY);
    }
    for (size_t at = 0, got; at < bytes.size; at += got) {
        size_t size = bytes.size - at < CHUNK ? bytes.size - at : CHUNK;
        errno = 0;
        if (!read_at(fd, offset + at, chunk, size, &got)) {
            return ward_keyset_fail_errno(ret_why, errno);
        }
        if (got < size || memcmp(chunk, bytes.data + at, size) != 0) {
            return ward_keyset_fail(ret_why, "what was read back is not what was written");
        }
    }
    return true;
}

static bool is_as_left(const struct ward_keyset_file *file, const struct stat *about)
{
    return (uint64_t)about->st_dev == file->device && (uint64_t)about->st_ino == file->inode &&
           (uint64_t)about->st_size == file->end && (about->st_mode & (S_IRWXG | S_IRWXO)) == 0;
}

bool ward_keyset_file_is_same(const struct ward_keyset_file *file)
{
    struct stat about;
    OWNED_FD fd = file->is_ready ? open_file(file, O_RDONLY, &about) : -1;
    return fd >= 0 && is_as_left(file, &about);
}

/* The file is as it was before, or it is written anew before anything is appended to it. After a sync that failed
 * nobody knows what is on the disk, whatever later syncs say. */
static void take_back(struct ward_keyset_file *file, int fd, bool is_doubtful)
{
    if (ftruncate(fd, (off_t)file->end) != 0 || is_doubtful) {
        file->is_ready = false;
    }
}

bool ward_keyset_file_append(struct ward_keyset_file *file, struct ward_buffer *batch,
                             struct ward_keyset_failure *ret_why)
{
    struct stat about;
    uint8_t link[WARD_SHA256_BYTES];
    memcpy(link, file->link, sizeof(link));
    enum ward_status status = link_batch(file, batch, link);
    if (status != WARD_OK) {
        return fail_status(ret_why, status);
    }
    OWNED_FD fd = open_file(file, O_RDWR, &about);
    if (fd < 0) {
        return ward_keyset_fail_errno(ret_why, errno);
    }
    if (!is_as_left(file, &about)) {
        file->is_ready = false;
        return ward_keyset_fail(ret_why, "somebody else changed the file");
    }
    struct ward_span bytes = ward_buffer_span(batch);
    if (!write_at(fd, file->end, bytes, ret_why)) {
        take_back(file, fd, false);
        return false;
    }
    errno = 0;
    if (ward_seam.sync(fd) != 0) {
        ward_keyset_fail_errno(ret_why, errno);
        take_back(file, fd, true);
        return false;
    }
    if (!read_back(fd, file->end, bytes, ret_why)) {
        take_back(file, fd, true);
        return false;
    }
    memcpy(file->link, link, sizeof(link));
    file->end += bytes.size;
    file->batches++;
    return true;
}

/* ---- anew ---- */

struct anew {
    struct ward_keyset_file *file;
    int fd;
    ward_keyset_give give;
    void *arg;
    uint64_t end, batches;
    uint8_t link[WARD_SHA256_BYTES];
    struct ward_buffer batch;
};

static void free_anew(struct anew *anew)
{
    ward_buffer_free(&anew->batch);
}

/* Each batch is read back while it is at hand; the sync follows once for all. */
static bool write_batches(struct anew *anew, struct ward_keyset_failure *ret_why)
{
    while (anew->give(&anew->batch, anew->arg)) {
        enum ward_status status = link_batch(anew->file, &anew->batch, anew->link);
        if (status != WARD_OK) {
            return fail_status(ret_why, status);
        }
        struct ward_span bytes = ward_buffer_span(&anew->batch);
        if (!write_at(anew->fd, anew->end, bytes, ret_why) || !read_back(anew->fd, anew->end, bytes, ret_why)) {
            return false;
        }
        anew->end += bytes.size;
        anew->batches++;
    }
    return true;
}

static bool write_whole(struct anew *anew, struct ward_keyset_failure *ret_why)
{
    char header[WARD_KEYSET_HEADER_BYTES];
    enum ward_status status = make_header(anew->file, header);
    if (status == WARD_OK) {
        status = first_link(header, anew->link);
    }
    if (status != WARD_OK) {
        return fail_status(ret_why, status);
    }
    anew->end = sizeof(header);
    if (!write_at(anew->fd, 0, ward_span(header, sizeof(header)), ret_why) || !write_batches(anew, ret_why)) {
        return false;
    }
    errno = 0;
    return ward_seam.sync(anew->fd) == 0 || ward_keyset_fail_errno(ret_why, errno);
}

static bool give_name(struct anew *anew, const char *temporary, struct ward_keyset_failure *ret_why)
{
    struct ward_keyset_file *file = anew->file;
    struct stat about;
    errno = 0;
    if (fstat(anew->fd, &about) != 0 || ward_seam.rename(temporary, file->path) != 0) {
        return ward_keyset_fail_errno(ret_why, errno);
    }
    file->is_ready = false; /* unless the name is durable, too */
    errno = 0;
    if (ward_file_sync_parent(file->path) != WARD_OK) {
        return ward_keyset_fail_errno(ret_why, errno);
    }
    memcpy(file->link, anew->link, sizeof(file->link));
    file->end = anew->end;
    file->batches = anew->batches;
    file->device = (uint64_t)about.st_dev;
    file->inode = (uint64_t)about.st_ino;
    file->is_ready = true;
    if (ward_keyset_file_is_same(file)) {
        return true;
    }
    file->is_ready = false;
    return ward_keyset_fail(ret_why, "what was read back is not what was written");
}

bool ward_keyset_file_write_anew(struct ward_keyset_file *file, ward_keyset_give give, void *arg,
                                 struct ward_keyset_failure *ret_why)
{
    OWNED_TEXT temporary = NULL;
    OWNED_FD fd = -1;
    if (!check_directory(file, ret_why)) {
        return false;
    }
    enum ward_status status = ward_file_name_temporary(file->path, &temporary);
    if (status != WARD_OK) {
        return fail_status(ret_why, status);
    }
    errno = 0;
    status = ward_file_create(temporary, &fd);
    if (status != WARD_OK) {
        return errno != 0 ? ward_keyset_fail_errno(ret_why, errno) : fail_status(ret_why, status);
    }
    __attribute__((cleanup(free_anew))) struct anew anew = {
        .file = file, .fd = fd, .give = give, .arg = arg, .batch = ward_buffer_new(WARD_KEYSET_BATCH_MAX)
    };
    if (write_whole(&anew, ret_why) && give_name(&anew, temporary, ret_why)) {
        return true;
    }
    unlink(temporary);
    return false;
}

void ward_keyset_file_remove(struct ward_keyset_file *file)
{
    file->is_ready = false;
    if (unlink(file->path) == 0 && ward_file_sync_parent(file->path) != WARD_OK) {
        ward_log(WARD_LOG_WARN, "keyset-left",
                 WARD_LOG_STR("path", file->path)); /* after a power cut it may be there */
    }
}
