#include <zlib.h>

#include "surface/apinizer/archive.h"

/* APPNOTE 4.3.7, 4.3.12, 4.3.16: fields are little endian. */
enum {
    LOCAL_BYTES = 30,
    CENTRAL_BYTES = 46,
    END_BYTES = 22,
    COMMENT_MAX = 65535,
    VERSION = 20,
    NAMES_ARE_UTF8 = 1 << 11,
    IS_ENCRYPTED = 1 << 0,
    STORED = 0,
    DEFLATED = 8,
    DATE = 33 /* 1980-01-01: an archive of the same keys is the same archive */
};
#define LOCAL_MARK   UINT32_C(0x04034b50)
#define CENTRAL_MARK UINT32_C(0x02014b50)
#define END_MARK     UINT32_C(0x06054b50)

static uint32_t crc_of(struct ward_span bytes)
{
    return (uint32_t)crc32_z(0, (const unsigned char *)bytes.data, bytes.size);
}

/* ---- out ---- */

static void put(struct ward_buffer *out, uint32_t value, int bytes)
{
    for (int i = 0; i < bytes; i++) {
        ward_buffer_append_char(out, (char)(value >> (8 * i) & 0xff));
    }
}

/* What the head of a file and its row in the directory have in common. */
static void put_common(struct ward_buffer *out, const struct ward_archive_file *file)
{
    put(out, VERSION, 2);
    put(out, NAMES_ARE_UTF8, 2);
    put(out, STORED, 2);
    put(out, 0, 2);
    put(out, DATE, 2);
    put(out, crc_of(file->content), 4);
    put(out, (uint32_t)file->content.size, 4);
    put(out, (uint32_t)file->content.size, 4);
    put(out, (uint32_t)file->name.size, 2);
    put(out, 0, 2);
}

void ward_archive_write(const struct ward_archive_file *files, size_t count, struct ward_buffer *ret)
{
    uint32_t offset = 0;
    for (size_t i = 0; i < count; i++) {
        put(ret, LOCAL_MARK, 4);
        put_common(ret, &files[i]);
        ward_buffer_append(ret, files[i].name);
        ward_buffer_append(ret, files[i].content);
    }
    size_t directory = ret->size;
    for (size_t i = 0; i < count; i++) {
        put(ret, CENTRAL_MARK, 4);
        put(ret, VERSION, 2);
        put_common(ret, &files[i]);
        put(ret, 0, 2); /* comment */
        put(ret, 0, 2); /* disk */
        put(ret, 0, 2);
        put(ret, 0, 4);
        put(ret, offset, 4);
        ward_buffer_append(ret, files[i].name);
        offset += (uint32_t)(LOCAL_BYTES + files[i].name.size + files[i].content.size);
    }
    size_t end = ret->size;
    put(ret, END_MARK, 4);
    put(ret, 0, 4);
    put(ret, (uint32_t)count, 2);
    put(ret, (uint32_t)count, 2);
    put(ret, (uint32_t)(end - directory), 4);
    put(ret, (uint32_t)directory, 4);
    put(ret, 0, 2);
}

/* ---- in ---- */

static uint32_t get(const char *at, int bytes)
{
    uint32_t value = 0;
    for (int i = bytes; i > 0; i--) {
        value = value << 8 | (unsigned char)at[i - 1];
    }
    return value;
}

bool ward_archive_is_one(struct ward_span bytes)
{
    return bytes.size >= 4 && (get(bytes.data, 4) == LOCAL_MARK || get(bytes.data, 4) == END_MARK);
}

struct reading {
    struct ward_span bytes;
    struct ward_pool *pool;
    size_t unfolded; /* bytes of all files so far */
    const char *why;
    enum ward_status status;
};

static bool refuse(struct reading *reading, const char *why)
{
    reading->status = WARD_INVALID;
    reading->why = why;
    return false;
}

/* size bytes at offset, or NULL. */
static const char *at_offset(const struct reading *reading, size_t offset, size_t size)
{
    bool is_inside = offset <= reading->bytes.size && size <= reading->bytes.size - offset;
    return is_inside ? reading->bytes.data + offset : NULL;
}

/* The end's record is the last thing but for a comment, whose length it says. */
static const char *find_end(const struct reading *reading)
{
    size_t size = reading->bytes.size;
    for (size_t back = END_BYTES; back <= size && back <= END_BYTES + COMMENT_MAX; back++) {
        const char *at = reading->bytes.data + size - back;
        if (get(at, 4) == END_MARK && get(at + 20, 2) == back - END_BYTES) {
            return at;
        }
    }
    return NULL;
}

static bool unfold(struct reading *reading, struct ward_span packed, uint32_t method, size_t size,
                   struct ward_span *ret)
{
    if (method == STORED) {
        *ret = packed;
        return packed.size == size || refuse(reading, "a file of the archive has two sizes");
    }
    unsigned char *content = ward_pool_alloc(reading->pool, size + 1);
    if (!content) {
        reading->status = WARD_NO_MEMORY;
        return false;
    }
    *ret = ward_span((const char *)content, size);
    return ward_inflate(packed, content, size) || refuse(reading, "a file of the archive can not be unfolded");
}

static bool read_file(struct reading *reading, const char *row, struct ward_archive_file *ret)
{
    uint32_t method = get(row + 10, 2);
    size_t packed = get(row + 20, 4), size = get(row + 24, 4), offset = get(row + 42, 4);
    const char *local = at_offset(reading, offset, LOCAL_BYTES);
    if ((get(row + 8, 2) & IS_ENCRYPTED) != 0 || (method != STORED && method != DEFLATED)) {
        return refuse(reading, "a file of the archive is encrypted, or packed in a way that is not supported");
    }
    reading->unfolded += size; /* each is below 2^32, and there are few */
    if (size > WARD_ARCHIVE_FILE_MAX || reading->unfolded > WARD_ARCHIVE_TOTAL_MAX) {
        return refuse(reading, "a file of the archive is too large");
    }
    if (!local || get(local, 4) != LOCAL_MARK) {
        return refuse(reading, "the archive is damaged");
    }
    offset += LOCAL_BYTES + get(local + 26, 2) + get(local + 28, 2);
    const char *content = at_offset(reading, offset, packed);
    if (!content) {
        return refuse(reading, "the archive is damaged");
    }
    return unfold(reading, ward_span(content, packed), method, size, &ret->content) &&
           (crc_of(ret->content) == get(row + 16, 4) || refuse(reading, "a file of the archive is damaged"));
}

static bool is_folder(struct ward_span name)
{
    return name.size > 0 && name.data[name.size - 1] == '/';
}

static bool read_rows(struct reading *reading, const char *end, struct ward_archive_file *files, size_t *ret_count)
{
    size_t rows = get(end + 10, 2), offset = get(end + 16, 4), count = 0;
    for (size_t i = 0; i < rows; i++) {
        const char *row = at_offset(reading, offset, CENTRAL_BYTES);
        if (!row || get(row, 4) != CENTRAL_MARK) {
            return refuse(reading, "the archive is damaged");
        }
        size_t name = get(row + 28, 2);
        const char *text = at_offset(reading, offset + CENTRAL_BYTES, name);
        offset += CENTRAL_BYTES + name + get(row + 30, 2) + get(row + 32, 2);
        if (!text) {
            return refuse(reading, "the archive is damaged");
        }
        files[count].name = ward_span(text, name);
        if (is_folder(files[count].name)) {
            continue;
        }
        if (!read_file(reading, row, &files[count])) {
            return false;
        }
        count++;
    }
    *ret_count = count;
    return true;
}

enum ward_status ward_archive_read(struct ward_span bytes, struct ward_pool *pool, const struct ward_archive_file **ret,
                                   size_t *ret_count, const char **ret_why)
{
    struct reading reading = { .bytes = bytes, .pool = pool, .status = WARD_OK };
    const char *end = find_end(&reading);
    size_t rows = end ? get(end + 10, 2) : 0;
    if (!end || rows > WARD_ARCHIVE_FILES_MAX) {
        *ret_why = end ? "the archive has too many files" : "the archive is cut off";
        return WARD_INVALID;
    }
    struct ward_archive_file *files = ward_pool_alloc(pool, (rows + 1) * sizeof(*files));
    if (!files) {
        return WARD_NO_MEMORY;
    }
    if (!read_rows(&reading, end, files, ret_count)) {
        *ret_why = reading.why;
        return reading.status;
    }
    *ret = files;
    return WARD_OK;
}
