/* Forms of several parts: what clients send is read, what two readers could understand differently is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/seam.h"
#include "http/multipart.h"

#define TYPE               "multipart/form-data; boundary=xX"
#define FIELD(name, value) "--xX\r\nContent-Disposition: form-data; name=\"" name "\"\r\n\r\n" value "\r\n"
#define END                "--xX--\r\n"
#define BODY(text)         (text), sizeof(text) - 1
#define DISPOSITION        "Content-Disposition: form-data; name=\"a\"\r\n"

static void write_parts(const struct ward_multipart *form, char *text, size_t size)
{
    size_t at = 0;
    text[0] = '\0';
    for (size_t i = 0; i < form->count; i++) {
        const struct ward_multipart_part *part = &form->parts[i];
        at += (size_t)snprintf(text + at, size - at, "%.*s(%.*s)=%.*s;", (int)part->name.size, part->name.data,
                               (int)part->file_name.size, part->file_name.data ? part->file_name.data : "",
                               (int)part->content.size, part->content.data);
    }
}

static void reads_what_clients_send(void **state)
{
    (void)state;
    static const struct {
        const char *name, *type, *body;
        size_t size;
        const char *parts;
    } rows[] = {
        { "two fields", TYPE, BODY(FIELD("a", "1") FIELD("b", "") END), "a()=1;b()=;" },
        { "no line end behind the last delimiter", TYPE, BODY(FIELD("a", "1") "--xX--"), "a()=1;" },
        { "nothing at all", TYPE, BODY("--xX--\r\n"), "" },
        { "text around", TYPE, BODY("preamble\r\n" FIELD("a", "1") END "epilogue"), "a()=1;" },
        { "a file", TYPE,
          BODY("--xX\r\nContent-Disposition: form-data; name=\"keyFile\"; filename=\"k.pem\"\r\nContent-Type: "
               "application/octet-stream\r\n\r\nline\r\nline\r\n\r\n" END),
          "keyFile(k.pem)=line\r\nline\r\n;" },
        { "what looks like a boundary", TYPE, BODY(FIELD("a", "y--xX") FIELD("b", "x\r\n--xXy\r\n-- xX") END),
          "a()=y--xX;b()=x\r\n--xXy\r\n-- xX;" },
        { "blanks behind a delimiter", TYPE, BODY("--xX  \t\r\n" DISPOSITION "\r\n1\r\n--xX--  \r\n"), "a()=1;" },
        { "letters of any case", "Multipart/Form-Data ; charset=utf-8; BOUNDARY=\"xX\"",
          BODY("--xX\r\ncontent-disposition:form-data;NAME=a\r\n\r\n1\r\n" END), "a()=1;" },
        { "escapes in names", TYPE,
          BODY("--xX\r\nContent-Disposition: form-data; name=\"a\\\"b\"; filename=\"C:\\dir\\\\f\"\r\n\r\n1\r\n" END),
          "a\"b(C:\\dir\\f)=1;" },
        { "filename* is passed over", TYPE,
          BODY("--xX\r\nContent-Disposition: form-data; name=\"a\"; filename*=utf-8''x; "
               "filename=\"y\"\r\n\r\n1\r\n" END),
          "a(y)=1;" },
        { "a boundary of RFC 2046's characters", "multipart/form-data; boundary=\"'()+_,-./:=? x\"",
          BODY("--'()+_,-./:=? x\r\n" DISPOSITION "\r\n1\r\n--'()+_,-./:=? x--"), "a()=1;" },
        { "an encoding that is none", TYPE,
          BODY("--xX\r\n" DISPOSITION "Content-Transfer-Encoding: binary\r\n\r\n1\r\n" END), "a()=1;" },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        WARD_POOL pool = ward_pool_new(65536);
        struct ward_multipart form = { 0 };
        const char *why = "";
        char text[512];
        enum ward_status status = ward_multipart_read(ward_span_of(rows[i].type), ward_span(rows[i].body, rows[i].size),
                                                      &pool, &form, &why);
        if (status != WARD_OK) {
            fail_msg("%s: %s", rows[i].name, why);
        }
        write_parts(&form, text, sizeof(text));
        assert_string_equal(text, rows[i].parts);
    }
}

static void refuses_what_is_ambiguous(void **state)
{
    (void)state;
    static const char no_boundary[] = "the form names no boundary";
    static const char no_name[] = "a part of the form has no name";
    static const char no_disposition[] = "a part of the form has no Content-Disposition of form-data, or two";
    static const char no_end[] = "the form does not end with its boundary";
    static const char no_head_end[] = "a part of the form has no end of its head, or too long a head";
    static const struct {
        const char *name, *type, *body;
        size_t size;
        const char *why;
    } rows[] = {
        { "another type", "multipart/mixed; boundary=xX", BODY(FIELD("a", "1") END), no_boundary },
        { "no boundary", "multipart/form-data", BODY(FIELD("a", "1") END), no_boundary },
        { "an empty boundary", "multipart/form-data; boundary=\"\"", BODY("----\r\n"), no_boundary },
        { "two boundaries", TYPE "; boundary=y", BODY(FIELD("a", "1") END), no_boundary },
        { "a boundary that is too long",
          "multipart/form-data; boundary=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
          BODY(FIELD("a", "1") END), no_boundary },
        { "a boundary that ends in a blank", "multipart/form-data; boundary=\"x \"", BODY("--x \r\n"), no_boundary },
        { "an open quote", "multipart/form-data; boundary=\"xX", BODY(FIELD("a", "1") END), no_boundary },
        { "rubbish behind the boundary", TYPE " y", BODY(FIELD("a", "1") END), no_boundary },
        { "an empty body", TYPE, BODY(""), "the form does not begin with its boundary" },
        { "lone line feeds", TYPE, BODY("--xX\nContent-Disposition: form-data; name=\"a\"\n\n1\n--xX--\n"),
          "the form does not begin with its boundary" },
        { "no end", TYPE, BODY(FIELD("a", "1")), no_end },
        { "cut in the end", TYPE, BODY(FIELD("a", "1") "--xX-"), no_end },
        { "no disposition", TYPE, BODY("--xX\r\nContent-Type: text/plain\r\n\r\n1\r\n" END), no_disposition },
        { "no head", TYPE, BODY("--xX\r\n\r\n1\r\n" END), no_disposition },
        { "two dispositions", TYPE, BODY("--xX\r\n" DISPOSITION DISPOSITION "\r\n1\r\n" END), no_disposition },
        { "another disposition", TYPE, BODY("--xX\r\nContent-Disposition: attachment; name=\"a\"\r\n\r\n1\r\n" END),
          no_disposition },
        { "no name", TYPE, BODY("--xX\r\nContent-Disposition: form-data\r\n\r\n1\r\n" END), no_name },
        { "an empty name", TYPE, BODY(FIELD("", "1") END), no_name },
        { "rubbish behind the name", TYPE,
          BODY("--xX\r\nContent-Disposition: form-data; name=\"a\" b\r\n\r\n1\r\n" END), no_name },
        { "two names", TYPE, BODY("--xX\r\nContent-Disposition: form-data; name=a; name=b\r\n\r\n1\r\n" END),
          "a part of the form has a name twice" },
        { "NUL in a name", TYPE, BODY(FIELD("a\0b", "1") END), "a name in the form is not UTF-8" },
        { "Latin-1 in a name", TYPE, BODY(FIELD("a\xe9", "1") END), "a name in the form is not UTF-8" },
        { "one name twice", TYPE, BODY(FIELD("a", "1") FIELD("a", "2") END), "the form has two parts of one name" },
        { "base64", TYPE, BODY("--xX\r\n" DISPOSITION "Content-Transfer-Encoding: base64\r\n\r\nMQ==\r\n" END),
          "a part of the form has a Content-Transfer-Encoding" },
        { "a line that is no header", TYPE, BODY("--xX\r\n" DISPOSITION " folded\r\n\r\n1\r\n" END),
          "a part of the form has a line in its head that is no header" },
        { "a head without end", TYPE, BODY("--xX\r\n" DISPOSITION "--xX--\r\n"), no_head_end },
        { "content begins on the delimiter's line", TYPE, BODY("--xX\r\n" DISPOSITION "\r\n--xX--\r\n"), no_head_end },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        WARD_POOL pool = ward_pool_new(65536);
        struct ward_multipart form = { .count = 77 };
        const char *why = "";
        enum ward_status status = ward_multipart_read(ward_span_of(rows[i].type), ward_span(rows[i].body, rows[i].size),
                                                      &pool, &form, &why);
        if (status != WARD_INVALID || strcmp(why, rows[i].why) != 0) {
            fail_msg("%s: status %d, %s", rows[i].name, (int)status, why);
        }
        assert_int_equal(form.count, 77);
    }
}

static void has_limits(void **state)
{
    (void)state;
    char text[64 * 1024] = "";
    size_t size = 0;
    const char *why = "";
    WARD_POOL pool = ward_pool_new(65536);
    struct ward_multipart form;
    for (int i = 0; i <= WARD_MULTIPART_PARTS_MAX; i++) {
        size += (size_t)snprintf(text + size, sizeof(text) - size,
                                 "--xX\r\nContent-Disposition: form-data; name=\"n%d\"\r\n\r\n1\r\n", i);
    }
    size += (size_t)snprintf(text + size, sizeof(text) - size, "--xX--");
    assert_int_equal(ward_multipart_read(ward_span_of(TYPE), ward_span(text, size), &pool, &form, &why), WARD_INVALID);
    assert_string_equal(why, "the form has too many parts");
    size = (size_t)snprintf(text, sizeof(text), "--xX\r\n" DISPOSITION "X: %05000d\r\n\r\n1\r\n--xX--", 0);
    assert_int_equal(ward_multipart_read(ward_span_of(TYPE), ward_span(text, size), &pool, &form, &why), WARD_INVALID);
}

static void finds_parts_by_name(void **state)
{
    (void)state;
    WARD_POOL pool = ward_pool_new(65536);
    struct ward_multipart form;
    const char *why = "";
    struct ward_span body = WARD_SPAN(FIELD("ab", "1") FIELD("a", "2") END);
    assert_int_equal(ward_multipart_read(ward_span_of(TYPE), body, &pool, &form, &why), WARD_OK);
    assert_ptr_equal(ward_multipart_find(&form, "a"), &form.parts[1]);
    assert_null(ward_multipart_find(&form, "A"));
    assert_true(ward_multipart_is_one(WARD_SPAN("MULTIPART/form-data")));
    assert_false(ward_multipart_is_one(WARD_SPAN("multipart/form-datax")));
    assert_false(ward_multipart_is_one(WARD_SPAN_NONE));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_clients_send),
        cmocka_unit_test(refuses_what_is_ambiguous),
        cmocka_unit_test(has_limits),
        cmocka_unit_test(finds_parts_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
