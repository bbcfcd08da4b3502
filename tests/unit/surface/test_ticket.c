/* Tickets: what comes back is what went in, and nothing else is a ticket. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/seam.h"
#include "surface/native/ticket.h"

static struct ward_keyed_hash *new_hash(void)
{
    uint8_t root[WARD_ROOT_KEY_BYTES];
    struct ward_keyring *keyring = NULL;
    struct ward_keyed_hash *hash = NULL;
    assert_int_equal(WARD_OK, ward_random(root, sizeof(root)));
    assert_int_equal(WARD_OK, ward_keyring_from_bytes(root, &keyring));
    assert_int_equal(WARD_OK, ward_keyed_hash_lookup(keyring, &hash));
    ward_keyring_close(keyring);
    return hash;
}

static const struct ward_settle_ticket tickets[] = {
    { .key = 1, .stage = 2, .day = 20000, .month = 658 },
    { .key = UINT64_C(3656158440062976), .stage = UINT64_C(3656158440062976), .day = 2932896, .month = 96359 },
    { .key = 1, .stage = 1, .day = UINT32_MAX, .month = 0 },
};

static void test_round_trip(void **state)
{
    (void)state;
    struct ward_keyed_hash *hash = new_hash();
    for (size_t i = 0; i < sizeof(tickets) / sizeof(tickets[0]); i++) {
        char text[WARD_TICKET_CHARS];
        struct ward_settle_ticket read = { 0 };
        struct ward_span span = ward_native_ticket_write(hash, &tickets[i], text);
        assert_int_equal(WARD_TICKET_CHARS, span.size);
        assert_int_equal(WARD_OK, ward_native_ticket_read(hash, span, &read));
        assert_memory_equal(&tickets[i], &read, sizeof(read));
    }
    ward_keyed_hash_free(hash);
}

/** Every single character altered, one less, one more, and a ticket of another server. */
static void test_forged(void **state)
{
    (void)state;
    struct ward_keyed_hash *hash = new_hash(), *other = new_hash();
    char text[WARD_TICKET_CHARS + 1];
    struct ward_settle_ticket read = { 0 };
    (void)ward_native_ticket_write(hash, &tickets[0], text);
    text[WARD_TICKET_CHARS] = 'A';
    for (size_t i = 0; i < WARD_TICKET_CHARS; i++) {
        char kept = text[i];
        text[i] = kept == 'A' ? 'B' : 'A';
        assert_int_equal(WARD_INVALID, ward_native_ticket_read(hash, ward_span(text, WARD_TICKET_CHARS), &read));
        text[i] = '=';
        assert_int_equal(WARD_INVALID, ward_native_ticket_read(hash, ward_span(text, WARD_TICKET_CHARS), &read));
        text[i] = kept;
    }
    assert_int_equal(WARD_INVALID, ward_native_ticket_read(hash, ward_span(text, WARD_TICKET_CHARS - 1), &read));
    assert_int_equal(WARD_INVALID, ward_native_ticket_read(hash, ward_span(text, WARD_TICKET_CHARS + 1), &read));
    assert_int_equal(WARD_INVALID, ward_native_ticket_read(hash, WARD_SPAN_NONE, &read));
    assert_int_equal(WARD_INVALID, ward_native_ticket_read(other, ward_span(text, WARD_TICKET_CHARS), &read));
    assert_int_equal(WARD_OK, ward_native_ticket_read(hash, ward_span(text, WARD_TICKET_CHARS), &read));
    ward_keyed_hash_free(hash);
    ward_keyed_hash_free(other);
}

static void test_is_due(void **state)
{
    (void)state;
    const struct {
        enum ward_reason reason;
        uint64_t key;
        uint8_t classes;
        bool is_due;
    } rows[] = {
        { WARD_VERDICT_VALID, 1, WARD_ANSWER_2XX, true },
        { WARD_VERDICT_VALID, 1, WARD_ANSWER_3XX | WARD_ANSWER_OTHERS, true },
        { WARD_VERDICT_VALID, 1, 0, false },
        { WARD_VERDICT_VALID, 1, 31, false },
        { WARD_VERDICT_VALID, 0, WARD_ANSWER_2XX, false },
        { WARD_VERDICT_STALE, 1, WARD_ANSWER_2XX, false },
        { WARD_VERDICT_QUOTA_EXCEEDED, 1, WARD_ANSWER_2XX, false },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ward_verdict verdict = { .reason = rows[i].reason };
        verdict.plan.ticket.key = rows[i].key;
        verdict.plan.terms.classes = rows[i].classes;
        assert_int_equal(rows[i].is_due, ward_native_ticket_is_due(&verdict));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_forged),
        cmocka_unit_test(test_is_due),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
