/* A proxy's pair is one lookup, whose border counts; its body says where it is deployed. */
#include "support.h"

#include "table/proxy.h"

#define KEY_BYTES_OVER (WARD_PROXY_KEY_MAX + 1)

static struct ward_keyed_hash *hash;

static int setup(void **state)
{
    (void)state;
    uint8_t root[WARD_ROOT_KEY_BYTES] = { 0 };
    struct ward_keyring *keyring = NULL;
    uint64_t random = 1;
    for (size_t i = 0; i < sizeof(root); i++)
        root[i] = (uint8_t)draw(&random);
    assert_ok(ward_keyring_from_bytes(root, &keyring));
    assert_ok(ward_keyed_hash_lookup(keyring, &hash));
    ward_keyring_close(keyring);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    ward_keyed_hash_free(hash);
    return 0;
}

static struct ward_lookup lookup_of_pair(const char *public_key, const char *secret_key)
{
    const struct ward_proxy_pair pair = { ward_span_of(public_key), ward_span_of(secret_key) };
    struct ward_lookup lookup;
    ward_proxy_lookup(hash, &pair, &lookup);
    return lookup;
}

static bool is_same(struct ward_lookup a, struct ward_lookup b)
{
    return memcmp(a.bytes, b.bytes, sizeof(a.bytes)) == 0;
}

static void both_keys_and_their_border_count(void **state)
{
    (void)state;
    assert_true(is_same(lookup_of_pair("ak_1", "sk_1"), lookup_of_pair("ak_1", "sk_1")));
    assert_false(is_same(lookup_of_pair("ak_1", "sk_1"), lookup_of_pair("ak_1", "sk_2")));
    assert_false(is_same(lookup_of_pair("ak_1", "sk_1"), lookup_of_pair("ak_2", "sk_1")));
    assert_false(is_same(lookup_of_pair("ab", "c"), lookup_of_pair("a", "bc")));
    assert_false(is_same(lookup_of_pair("a", "b"), lookup_of_pair("b", "a")));
}

static void half_a_pair_is_none(void **state)
{
    (void)state;
    static char over[KEY_BYTES_OVER];
    memset(over, 'k', sizeof(over));
    const struct ward_span key = WARD_SPAN("k"), none = WARD_SPAN_NONE;
    const struct ward_span most = ward_span(over, WARD_PROXY_KEY_MAX), more = ward_span(over, sizeof(over));
    const struct {
        struct ward_proxy_pair pair;
        bool is_whole;
    } rows[] = {
        { { key, key }, true },    { { most, most }, true }, { { key, none }, false }, { { none, key }, false },
        { { none, none }, false }, { { more, key }, false }, { { key, more }, false },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_int_equal(ward_proxy_pair_is_whole(&rows[i].pair), rows[i].is_whole);
}

static void only_deployed_environments_are_found(void **state)
{
    (void)state;
    const struct ward_api_proxy_deployment deployments[] = {
        { { "0123456789abcdef01234567" }, WARD_SPAN("production"), .is_deployed = true },
        { { "1123456789abcdef01234567" }, WARD_SPAN("test"), .is_deployed = false },
        { { "2123456789abcdef01234567" }, WARD_SPAN("my sandbox"), .is_deployed = true },
    };
    const struct ward_api_proxy proxy = { .name = WARD_SPAN("pets"),
                                          .deployments = deployments,
                                          .deployment_count = 3 };
    struct ward_buffer packed = ward_buffer_new(4096);
    struct ward_body body;
    ward_proxy_body_encode(&proxy, &packed);
    assert_true(ward_body_decode(ward_buffer_span(&packed), &body));
    assert_true(ward_span_equal(body.name, WARD_SPAN("pets")));
    const struct {
        const char *environment;
        bool is_deployed;
    } rows[] = {
        { "production", true },
        { "0123456789abcdef01234567", true },
        { "my sandbox", true },
        { "test", false },
        { "1123456789abcdef01234567", false },
        { "my", false },
        { "sandbox", false },
        { "productio", false },
        { "Production", false },
        { "", false },
        { "production\n", false },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_int_equal(ward_proxy_is_deployed(&body, ward_span_of(rows[i].environment)), rows[i].is_deployed);
    ward_buffer_free(&packed);
}

static void an_id_goes_in_and_comes_out(void **state)
{
    (void)state;
    const struct ward_api_proxy proxy = { .id = { "0123456789abcdef01234567" } };
    const struct ward_lookup lookup = lookup_of_pair("a", "b");
    const struct ward_table_entry entry = ward_proxy_entry(&proxy, &lookup, WARD_SPAN_NONE, 7);
    const struct ward_record record = { .id = entry.id };
    struct ward_object_id id;
    ward_proxy_record_id(&record, &id);
    assert_string_equal(id.text, proxy.id.text);
    assert_int_equal(entry.flags, WARD_RECORD_ENABLED);
    const struct ward_api_proxy nameless = { .id = { "" } };
    assert_int_equal(ward_proxy_entry(&nameless, &lookup, WARD_SPAN_NONE, 7).flags, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_keys_and_their_border_count),
        cmocka_unit_test(half_a_pair_is_none),
        cmocka_unit_test(only_deployed_environments_are_found),
        cmocka_unit_test(an_id_goes_in_and_comes_out),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
