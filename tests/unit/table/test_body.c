#include "support.h"

static void round_trip(const struct ward_body *body)
{
    struct ward_buffer buffer = ward_buffer_new(4096);
    ward_body_encode(body, &buffer);
    assert_ok(buffer.status);
    struct ward_body back;
    assert_true(ward_body_decode(ward_buffer_span(&buffer), &back));
    const struct ward_span *a = &body->name, *b = &back.name;
    for (size_t i = 0; i < sizeof(*body) / sizeof(*a); i++) {
        assert_true(ward_span_equal(a[i], b[i]));
        assert_int_equal(a[i].data == NULL, b[i].data == NULL); /* absent is not empty */
    }
    /* Any shorter or longer is none. */
    for (size_t size = 0; size < buffer.size; size++)
        assert_false(ward_body_decode(ward_span(buffer.data, size), &back));
    ward_buffer_append_char(&buffer, 'x');
    assert_false(ward_body_decode(ward_buffer_span(&buffer), &back));
    ward_buffer_free(&buffer);
}

static void comes_back_as_it_was(void **state)
{
    (void)state;
    struct ward_body body = { 0 };
    round_trip(&body);
    body.name = WARD_SPAN("n");
    round_trip(&body);
    body.custom_user_id = WARD_SPAN("");
    body.custom_account_id = WARD_SPAN("acme");
    body.metadata = WARD_SPAN("{\"a\":1.0}");
    body.domains = WARD_SPAN("[]");
    body.reply = WARD_SPAN(",\"name\":\"n\"}");
    round_trip(&body);
}

static void a_full_buffer_says_so(void **state)
{
    (void)state;
    struct ward_body body = { .name = WARD_SPAN("a name") };
    struct ward_buffer buffer = ward_buffer_new(20);
    ward_body_encode(&body, &buffer);
    assert_int_equal(buffer.status, WARD_TOO_LARGE);
    ward_buffer_free(&buffer);
}

static void no_bytes_are_no_body(void **state)
{
    (void)state;
    struct ward_body body;
    assert_false(ward_body_decode(WARD_SPAN_NONE, &body));
    assert_false(ward_body_decode(WARD_SPAN(""), &body));
    uint64_t random = 3;
    for (unsigned i = 0; i < 10000; i++) {
        uint8_t bytes[64];
        for (size_t at = 0; at < sizeof(bytes); at++)
            bytes[at] = (uint8_t)(draw(&random) % 3 ? 0 : draw(&random));
        (void)ward_body_decode(ward_span((const char *)bytes, draw(&random) % sizeof(bytes)), &body);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comes_back_as_it_was),
        cmocka_unit_test(a_full_buffer_says_so),
        cmocka_unit_test(no_bytes_are_no_body),
    };
    return cmocka_run_group_tests_name("table/body", tests, NULL, NULL);
}
