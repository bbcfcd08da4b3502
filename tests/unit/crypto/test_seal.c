/* A blob opens at its place under its root key, whole and unaltered, and nowhere else (security.md attacks 4 and 5). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>

#include "base/seam.h"
#include "crypto/keyring.h"
#include "crypto/keyring_internal.h"

enum { BUFFER_MAX = 1 << 20, ROOM = 16 };

struct fixture {
    struct ward_keyring *keyring;
    uint8_t root[WARD_ROOT_KEY_BYTES];
};

static struct ward_seam real_seam;

static const struct ward_seal_place home = { { "account-1", 9 }, "api_key", { "row-1", 5 }, "primary", 7 };

static int set_up(void **state)
{
    static struct fixture fixture;
    real_seam = ward_seam;
    if (ward_random(fixture.root, sizeof(fixture.root)) != WARD_OK ||
        ward_keyring_from_bytes(fixture.root, &fixture.keyring) != WARD_OK) {
        return -1;
    }
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    const struct fixture *fixture = *state;
    ward_seam = real_seam;
    ward_keyring_close(fixture->keyring);
    return 0;
}

static void seal(struct ward_keyring *keyring, struct ward_span plain, struct ward_buffer *ret)
{
    size_t before = ret->size;
    assert_int_equal(ward_seal(keyring, &home, plain, ret), WARD_OK);
    assert_int_equal(ret->size - before, plain.size + WARD_SEAL_OVERHEAD_BYTES);
}

static void open_blob(struct ward_keyring *keyring, struct ward_span blob, struct ward_span expected)
{
    WARD_BUFFER plain = ward_buffer_new_secret(BUFFER_MAX);
    assert_int_equal(ward_unseal(keyring, &home, blob, &plain), WARD_OK);
    assert_true(ward_span_equal(ward_buffer_span(&plain), expected));
}

static void refuse_blob(struct ward_keyring *keyring, const struct ward_seal_place *place, struct ward_span blob)
{
    WARD_BUFFER plain = ward_buffer_new(BUFFER_MAX);
    ward_buffer_append_text(&plain, "before");
    char *room = ward_buffer_reserve(&plain, ROOM);
    assert_non_null(room);
    memset(room, 0, ROOM);
    assert_int_equal(ward_unseal(keyring, place, blob, &plain), WARD_INTEGRITY);
    assert_true(ward_span_equal(ward_buffer_span(&plain), WARD_SPAN("before")));
    for (size_t i = 0; i < ROOM; i++) {
        assert_int_equal(plain.data[plain.size + i], 0); /* nothing of the plain text stays behind it either */
    }
}

static void test_opens_what_it_sealed(void **state)
{
    const struct fixture *fixture = *state;
    static const size_t sizes[] = { 0, 1, 15, 16, 17, 69, 255, 4096, 100000 };
    static char text[100000];
    assert_int_equal(ward_random(text, sizeof(text)), WARD_OK);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        WARD_BUFFER blob = ward_buffer_new(BUFFER_MAX);
        seal(fixture->keyring, ward_span(text, sizes[i]), &blob);
        open_blob(fixture->keyring, ward_buffer_span(&blob), ward_span(text, sizes[i]));
    }
    WARD_BUFFER blob = ward_buffer_new(BUFFER_MAX);
    seal(fixture->keyring, WARD_SPAN_NONE, &blob);
    open_blob(fixture->keyring, ward_buffer_span(&blob), WARD_SPAN(""));
}

static void test_appends(void **state)
{
    const struct fixture *fixture = *state;
    WARD_BUFFER blob = ward_buffer_new(BUFFER_MAX);
    WARD_BUFFER plain = ward_buffer_new_secret(BUFFER_MAX);
    ward_buffer_append_text(&blob, "x");
    seal(fixture->keyring, WARD_SPAN("one"), &blob);
    assert_int_equal(blob.data[0], 'x');
    ward_buffer_append_text(&plain, "y");
    assert_int_equal(ward_unseal(fixture->keyring, &home, ward_span(blob.data + 1, blob.size - 1), &plain), WARD_OK);
    assert_true(ward_span_equal(ward_buffer_span(&plain), WARD_SPAN("yone")));
}

static void test_another_process_opens(void **state)
{
    const struct fixture *fixture = *state;
    struct ward_keyring *later = NULL;
    WARD_BUFFER blob = ward_buffer_new(BUFFER_MAX);
    seal(fixture->keyring, WARD_SPAN("text"), &blob);
    assert_int_equal(ward_keyring_from_bytes(fixture->root, &later), WARD_OK);
    open_blob(later, ward_buffer_span(&blob), WARD_SPAN("text"));
    ward_keyring_close(later);
}

static void test_same_text_never_seals_the_same(void **state)
{
    const struct fixture *fixture = *state;
    WARD_BUFFER a = ward_buffer_new(BUFFER_MAX);
    WARD_BUFFER b = ward_buffer_new(BUFFER_MAX);
    seal(fixture->keyring, WARD_SPAN("text"), &a);
    seal(fixture->keyring, WARD_SPAN("text"), &b);
    assert_memory_equal(a.data, b.data, 1 + WARD_EPOCH_BYTES);
    assert_memory_not_equal(a.data + 9, b.data + 9, WARD_NONCE_BYTES);
    assert_memory_not_equal(a.data + 21, b.data + 21, 4);
}

static void test_refuses_every_other_place(void **state)
{
    const struct fixture *fixture = *state;
    static const struct ward_seal_place places[] = {
        { { "account-2", 9 }, "api_key", { "row-1", 5 }, "primary", 7 },
        { { "account-", 8 }, "api_key", { "row-1", 5 }, "primary", 7 },
        { { NULL, 0 }, "api_key", { "row-1", 5 }, "primary", 7 },
        { { "account-1", 9 }, "credential", { "row-1", 5 }, "primary", 7 },
        { { "account-1", 9 }, "", { "row-1", 5 }, "primary", 7 },
        { { "account-1", 9 }, "api_key", { "row-2", 5 }, "primary", 7 },
        { { "account-1", 9 }, "api_key", { "row-1\0", 6 }, "primary", 7 },
        { { "account-1", 9 }, "api_key", { "row-1", 5 }, "secondary", 7 },
        { { "account-1", 9 }, "api_key", { "row-1", 5 }, "primary", 8 },
        { { "account-1", 9 }, "api_key", { "row-1", 5 }, "primary", 6 },
        { { "account-1", 9 }, "api_key", { "row-1", 5 }, "primary", -7 },
        { { "account-1", 9 }, "api_key", { "row-1", 5 }, "primary", 7 | INT64_C(1) << 40 },
        /* the same bytes in a row, cut elsewhere */
        { { "account-1a", 10 }, "pi_key", { "row-1", 5 }, "primary", 7 },
        { { "account-1", 9 }, "api_keyr", { "ow-1", 4 }, "primary", 7 },
        { { "account-1", 9 }, "api_key", { "row-1p", 6 }, "rimary", 7 },
    };
    WARD_BUFFER blob = ward_buffer_new(BUFFER_MAX);
    seal(fixture->keyring, WARD_SPAN("plain"), &blob);
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        refuse_blob(fixture->keyring, &places[i], ward_buffer_span(&blob));
    }
    open_blob(fixture->keyring, ward_buffer_span(&blob), WARD_SPAN("plain"));
}

static void test_refuses_every_flipped_bit(void **state)
{
    const struct fixture *fixture = *state;
    WARD_BUFFER blob = ward_buffer_new(BUFFER_MAX);
    seal(fixture->keyring, WARD_SPAN("plain"), &blob);
    for (size_t i = 0; i < blob.size * 8; i++) {
        blob.data[i / 8] = (char)(blob.data[i / 8] ^ 1 << (i % 8));
        refuse_blob(fixture->keyring, &home, ward_buffer_span(&blob));
        blob.data[i / 8] = (char)(blob.data[i / 8] ^ 1 << (i % 8));
    }
    open_blob(fixture->keyring, ward_buffer_span(&blob), WARD_SPAN("plain"));
}

static void test_refuses_every_other_length(void **state)
{
    const struct fixture *fixture = *state;
    WARD_BUFFER blob = ward_buffer_new(BUFFER_MAX);
    seal(fixture->keyring, WARD_SPAN("plain"), &blob);
    size_t size = blob.size;
    refuse_blob(fixture->keyring, &home, WARD_SPAN_NONE);
    for (size_t i = 0; i < size; i++) {
        refuse_blob(fixture->keyring, &home, ward_span(blob.data, i));
        refuse_blob(fixture->keyring, &home, ward_span(blob.data + i + 1, size - i - 1));
    }
    ward_buffer_append_char(&blob, '\0');
    refuse_blob(fixture->keyring, &home, ward_buffer_span(&blob));
}

static void test_refuses_another_root_key(void **state)
{
    struct fixture *fixture = *state;
    WARD_BUFFER blob = ward_buffer_new(BUFFER_MAX);
    seal(fixture->keyring, WARD_SPAN("plain"), &blob);
    for (size_t i = 0; i < sizeof(fixture->root); i++) {
        struct ward_keyring *other = NULL;
        fixture->root[i] ^= 0x80;
        assert_int_equal(ward_keyring_from_bytes(fixture->root, &other), WARD_OK);
        fixture->root[i] ^= 0x80;
        refuse_blob(other, &home, ward_buffer_span(&blob));
        ward_keyring_close(other);
    }
}

/* ---- random ---- */

static int draws_left;

static int draw_a_few(void *data, size_t size)
{
    return draws_left-- > 0 ? real_seam.random(data, size) : -1;
}

static void test_without_random_nothing_is_sealed(void **state)
{
    const struct fixture *fixture = *state;
    WARD_BUFFER blob = ward_buffer_new(BUFFER_MAX);
    ward_buffer_append_text(&blob, "before");
    ward_seam.random = draw_a_few;
    draws_left = 0;
    assert_int_equal(ward_seal(fixture->keyring, &home, WARD_SPAN("plain"), &blob), WARD_UNAVAILABLE);
    assert_true(ward_span_equal(ward_buffer_span(&blob), WARD_SPAN("before")));
}

/* The nonce can be drawn, the new epoch cannot: the old data key must not seal once more. */
static void test_without_a_new_epoch_nothing_is_sealed(void **state)
{
    const struct fixture *fixture = *state;
    WARD_BUFFER blob = ward_buffer_new(BUFFER_MAX);
    fixture->keyring->seals_max = 1;
    seal(fixture->keyring, WARD_SPAN("plain"), &blob);
    size_t size = blob.size;
    ward_seam.random = draw_a_few;
    draws_left = 1;
    assert_int_equal(ward_seal(fixture->keyring, &home, WARD_SPAN("plain"), &blob), WARD_UNAVAILABLE);
    assert_int_equal(blob.size, size);
    ward_seam = real_seam;
    seal(fixture->keyring, WARD_SPAN("plain"), &blob);
    assert_memory_not_equal(blob.data + 1, blob.data + size + 1, WARD_EPOCH_BYTES);
}

/* ---- epochs ---- */

static void test_epoch_changes_at_the_bound(void **state)
{
    const struct fixture *fixture = *state;
    enum { BOUND = 1000, EPOCHS = 3, BLOB = WARD_SEAL_OVERHEAD_BYTES + 1 };
    assert_int_equal(fixture->keyring->seals_max, UINT64_C(4294967296));
    fixture->keyring->seals_max = BOUND;
    WARD_BUFFER blobs = ward_buffer_new(BUFFER_MAX);
    for (size_t i = 0; i < (size_t)BOUND * EPOCHS; i++) {
        seal(fixture->keyring, WARD_SPAN("x"), &blobs);
        const char *epoch = blobs.data + i * BLOB + 1;
        bool is_first = i % BOUND == 0;
        if (i > 0) {
            assert_int_equal(memcmp(epoch, epoch - BLOB, WARD_EPOCH_BYTES) != 0, is_first);
        }
    }
    for (size_t i = 0; i < (size_t)BOUND * EPOCHS; i++) {
        open_blob(fixture->keyring, ward_span(blobs.data + i * BLOB, BLOB), WARD_SPAN("x"));
    }
}

/* Twice as many epochs as the cache holds, opened twice over. */
static void test_opens_more_epochs_than_it_keeps(void **state)
{
    const struct fixture *fixture = *state;
    enum { EPOCHS = 2 * WARD_EPOCHS_CACHED, BLOB = WARD_SEAL_OVERHEAD_BYTES + 1 };
    WARD_BUFFER blobs = ward_buffer_new(BUFFER_MAX);
    fixture->keyring->seals_max = 1;
    for (int i = 0; i < EPOCHS; i++) {
        seal(fixture->keyring, WARD_SPAN("x"), &blobs);
    }
    for (size_t i = 0; i < 2 * EPOCHS; i++) {
        open_blob(fixture->keyring, ward_span(blobs.data + (i % EPOCHS) * BLOB, BLOB), WARD_SPAN("x"));
    }
}

/* ---- memory ---- */

static void test_over_the_maximum(void **state)
{
    const struct fixture *fixture = *state;
    WARD_BUFFER blob = ward_buffer_new(WARD_SEAL_OVERHEAD_BYTES + 4);
    WARD_BUFFER plain = ward_buffer_new(3);
    assert_int_equal(ward_seal(fixture->keyring, &home, WARD_SPAN("12345"), &blob), WARD_TOO_LARGE);
    assert_int_equal(blob.size, 0);
    ward_buffer_clear(&blob);
    seal(fixture->keyring, WARD_SPAN("1234"), &blob);
    assert_int_equal(ward_unseal(fixture->keyring, &home, ward_buffer_span(&blob), &plain), WARD_TOO_LARGE);
    assert_int_equal(plain.size, 0);
}

static void *refuse_memory(size_t size)
{
    (void)size;
    return NULL;
}

static void *refuse_more(void *old, size_t size)
{
    (void)old, (void)size;
    return NULL;
}

static void test_out_of_memory(void **state)
{
    const struct fixture *fixture = *state;
    WARD_BUFFER sealed = ward_buffer_new(BUFFER_MAX);
    WARD_BUFFER blob = ward_buffer_new(BUFFER_MAX);
    WARD_BUFFER plain = ward_buffer_new(BUFFER_MAX);
    seal(fixture->keyring, WARD_SPAN("plain"), &sealed);
    ward_seam.allocate = refuse_memory;
    ward_seam.reallocate = refuse_more;
    assert_int_equal(ward_seal(fixture->keyring, &home, WARD_SPAN("plain"), &blob), WARD_NO_MEMORY);
    assert_int_equal(ward_unseal(fixture->keyring, &home, ward_buffer_span(&sealed), &plain), WARD_NO_MEMORY);
    ward_seam = real_seam;
    assert_int_equal(blob.size, 0);
    assert_int_equal(plain.size, 0);
}

/* ---- threads ---- */

enum { THREADS = 4, ROUNDS = 500 };

static void *seal_and_open(void *arg)
{
    struct ward_keyring *keyring = arg;
    for (int i = 0; i < ROUNDS; i++) {
        WARD_BUFFER blob = ward_buffer_new(BUFFER_MAX);
        WARD_BUFFER plain = ward_buffer_new_secret(BUFFER_MAX);
        if (ward_seal(keyring, &home, WARD_SPAN("plain"), &blob) != WARD_OK ||
            ward_unseal(keyring, &home, ward_buffer_span(&blob), &plain) != WARD_OK ||
            !ward_span_equal(ward_buffer_span(&plain), WARD_SPAN("plain"))) {
            return keyring;
        }
    }
    return NULL;
}

static void test_threads_share_a_keyring(void **state)
{
    const struct fixture *fixture = *state;
    pthread_t threads[THREADS];
    fixture->keyring->seals_max = 7;
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, seal_and_open, fixture->keyring), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        void *failed;
        assert_int_equal(pthread_join(threads[i], &failed), 0);
        assert_null(failed);
    }
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_opens_what_it_sealed),
        CASE(test_appends),
        CASE(test_another_process_opens),
        CASE(test_same_text_never_seals_the_same),
        CASE(test_refuses_every_other_place),
        CASE(test_refuses_every_flipped_bit),
        CASE(test_refuses_every_other_length),
        CASE(test_refuses_another_root_key),
        CASE(test_without_random_nothing_is_sealed),
        CASE(test_without_a_new_epoch_nothing_is_sealed),
        CASE(test_epoch_changes_at_the_bound),
        CASE(test_opens_more_epochs_than_it_keeps),
        CASE(test_over_the_maximum),
        CASE(test_out_of_memory),
        CASE(test_threads_share_a_keyring),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
