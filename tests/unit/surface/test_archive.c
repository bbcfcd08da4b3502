/* Archives: what is written is read, what others wrote too, and what is damaged, cut or too large is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/encoding.h"
#include "base/seam.h"
#include "surface/apinizer/archive.h"

/* Made by zlib: stored, fixed codes, codes of its own. */
#define STORED     "010500faff68656c6c6f"
#define FIXED      "cb48cdc9c957c8409000"
#define NOTHING    "0300"
#define RUN        "4b4c1c05a360140c770000" /* 1000 times 'a' */
#define MIXED_SIZE 900
static const char mixed[] =
    "15d25b8284200c44d12df900d1e52495a08028bebad5d54fcf06eae3d4a5a99138f2da2a0fd895522d8fe7b1d600e8427994"
    "a5e1f2a89ff10e74ab6c91f3adc66005252bf23037fa7930b7b4ec324ffc8d7a787c3201b2598ea3be09b1a6bd957360bc9a"
    "221e4fb591ea62edb58cb00d5114dff23b6898d0d7948338c31dd46e9091b891b1e676d6055827d22852f1c72800eea97ee4"
    "b59c6b1d5ae8459824458e416346e569eac58dbc2d4a357c4b0952bddc672d01c5d07e8bed5946fd5a3c91da4e367037e96b"
    "20813e466ecfe7a6754463c9d472adac504cb099ea4aa2e3d6ebdbe3a869b34235579d3617aa449cc505a6a2bb87ede989a2"
    "0b3f46bb0e3d686fe4cd2c4147077fd3c9622227ab25e3ea482177e2c5683d233b9abda4938fa89bc5c75058a5f1dc263d33"
    "8e96c8c9ee79631d6b68ff0fbb767cdeba27bc999e599ec23ee8979123d94d8ae1abd3d7c337b41431331ba75d85c47444e1"
    "9f46d630c07a9a93a8e363567240a0fe9431f3d46b3418763abdec8953d1b1c543148228b3336afb7f583fc874b35f742bc8"
    "339543bac0895532ce8dc4c93cf0e2b5b3d042c72c1fe2abfae58098e9edc5141e063d3db050e3645cb926ad02de2fb9fc7f"
    "1939bd774c81c2227d61d7fd66d005b22a1fc327ffc3b603f595740b6b515921075db3b0729d359d308e864134f065b53910"
    "578a24f32f425597b1fd348adce014b45a70fe985729c4fb2fc22f3e85be2c8fe3f5d23ea05be83de4d3b188de334ea5ec24"
    "f13fec057c2bba36b107d7ab9a0fe6995e95a3707fea41a8f007";

static void make_mixed(char text[MIXED_SIZE])
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789";
    for (int i = 0; i < MIXED_SIZE; i++) {
        text[i] = letters[i % 3 ? (i * i * 7 + (i >> 3) * 3 + i * i * i / 11) % 36 : i % 5];
    }
}

static size_t from_hex(const char *hex, char *bytes)
{
    size_t size = strlen(hex) / 2;
    assert_true(ward_hex_decode(ward_span_of(hex), bytes, size));
    return size;
}

static void unfolds_what_zlib_folds(void **state)
{
    (void)state;
    char wanted[1000], run[1000];
    unsigned char got[1001];
    memset(run, 'a', sizeof(run));
    make_mixed(wanted);
    const struct {
        const char *hex, *text;
        size_t size;
    } rows[] = {
        { STORED, "hello", 5 }, { FIXED, "hello hello hello", 17 }, { NOTHING, "", 0 },
        { RUN, run, 1000 },     { mixed, wanted, MIXED_SIZE },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char bytes[2048];
        size_t size = from_hex(rows[i].hex, bytes);
        assert_true(ward_inflate(ward_span(bytes, size), got, rows[i].size));
        assert_memory_equal(got, rows[i].text, rows[i].size);
        assert_false(ward_inflate(ward_span(bytes, size), got, rows[i].size + 1));
        assert_false(rows[i].size > 0 && ward_inflate(ward_span(bytes, size), got, rows[i].size - 1));
        for (size_t cut = 0; cut < size; cut++) { /* the last byte of some holds no more than padding */
            assert_false(cut + 1 < size && ward_inflate(ward_span(bytes, cut), got, rows[i].size));
        }
    }
}

/* Whatever the bytes: no write beyond the room that is given. */
static void survives_every_flipped_bit(void **state)
{
    (void)state;
    char bytes[2048];
    unsigned char *room = malloc(MIXED_SIZE); /* a sanitizer sees the byte behind it */
    size_t size = from_hex(mixed, bytes);
    assert_non_null(room);
    for (size_t bit = 0; bit < size * 8; bit++) {
        bytes[bit / 8] = (char)(bytes[bit / 8] ^ 1 << bit % 8);
        (void)ward_inflate(ward_span(bytes, size), room, MIXED_SIZE);
        bytes[bit / 8] = (char)(bytes[bit / 8] ^ 1 << bit % 8);
    }
    free(room);
}

static const struct ward_archive_file files[] = {
    { WARD_SPAN_INIT("k-production.pem"), WARD_SPAN_INIT("first\r\ncontent") },
    { WARD_SPAN_INIT("\xc3\xbc-test.pem"), WARD_SPAN_INIT("") },
};

static void reads_what_it_writes(void **state)
{
    (void)state;
    WARD_BUFFER bytes = ward_buffer_new(4096);
    WARD_POOL pool = ward_pool_new(65536);
    const struct ward_archive_file *got = NULL;
    const char *why = "";
    size_t count = 0;
    ward_archive_write(files, 2, &bytes);
    assert_int_equal(bytes.status, WARD_OK);
    assert_true(ward_archive_is_one(ward_buffer_span(&bytes)));
    assert_int_equal(ward_archive_read(ward_buffer_span(&bytes), &pool, &got, &count, &why), WARD_OK);
    assert_int_equal(count, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_true(ward_span_equal(got[i].name, files[i].name) && ward_span_equal(got[i].content, files[i].content));
    }
    for (size_t size = 0; size < bytes.size; size++) { /* cut anywhere: no archive */
        assert_int_equal(ward_archive_read(ward_span(bytes.data, size), &pool, &got, &count, &why), WARD_INVALID);
    }
}

/* One byte of an archive is another one: the archive is refused, or reads the same. */
static void sees_damage(void **state)
{
    (void)state;
    WARD_BUFFER bytes = ward_buffer_new(4096);
    ward_archive_write(files, 1, &bytes);
    size_t content = 30 + files[0].name.size;
    for (size_t i = content; i < content + files[0].content.size; i++) {
        WARD_POOL pool = ward_pool_new(65536);
        const struct ward_archive_file *got = NULL;
        const char *why = "";
        size_t count = 0;
        bytes.data[i] ^= 1;
        assert_int_equal(ward_archive_read(ward_buffer_span(&bytes), &pool, &got, &count, &why), WARD_INVALID);
        assert_string_equal(why, "a file of the archive is damaged");
        bytes.data[i] ^= 1;
    }
}

static enum ward_status read_changed(const struct ward_buffer *bytes, size_t at, const char *patch, size_t size,
                                     const char **ret_why)
{
    WARD_BUFFER copy = ward_buffer_new(4096);
    WARD_POOL pool = ward_pool_new(65536);
    const struct ward_archive_file *got = NULL;
    size_t count = 0;
    ward_buffer_append(&copy, ward_buffer_span(bytes));
    memcpy(copy.data + at, patch, size);
    return ward_archive_read(ward_buffer_span(&copy), &pool, &got, &count, ret_why);
}

static void refuses_what_it_does_not_read(void **state)
{
    (void)state;
    WARD_BUFFER bytes = ward_buffer_new(4096);
    ward_archive_write(files, 1, &bytes);
    size_t row = bytes.size - 22 - 46 - files[0].name.size, end = bytes.size - 22;
    const struct {
        size_t at;
        const char *patch;
        size_t size;
        const char *why;
    } rows[] = {
        { row + 8, "\x01", 1, "a file of the archive is encrypted, or packed in a way that is not supported" },
        { row + 10, "\x09", 1, "a file of the archive is encrypted, or packed in a way that is not supported" },
        { row + 10, "\x08", 1, "a file of the archive can not be unfolded" },
        { row + 24, "\xff\xff\xff\xff", 4, "a file of the archive is too large" },
        { row + 24, "\x01", 1, "a file of the archive has two sizes" },
        { row + 20, "\xff\xff", 2, "the archive is damaged" },
        { row + 42, "\xff\xff\xff\xff", 4, "the archive is damaged" },
        { row + 28, "\xff\xff", 2, "the archive is damaged" },
        { row, "x", 1, "the archive is damaged" },
        { end + 16, "\xff\xff\xff\xff", 4, "the archive is damaged" },
        { end + 10, "\x02", 1, "the archive is damaged" },
        { end + 10, "\xff\xff", 2, "the archive has too many files" },
        { end + 20, "\x01", 1, "the archive is cut off" },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *why = "";
        enum ward_status status = read_changed(&bytes, rows[i].at, rows[i].patch, rows[i].size, &why);
        if (status != WARD_INVALID || strcmp(why, rows[i].why) != 0) {
            fail_msg("row %zu: status %d, %s", i, (int)status, why);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unfolds_what_zlib_folds),       cmocka_unit_test(survives_every_flipped_bit),
        cmocka_unit_test(reads_what_it_writes),          cmocka_unit_test(sees_damage),
        cmocka_unit_test(refuses_what_it_does_not_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
