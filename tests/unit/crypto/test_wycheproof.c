/*
 * Wycheproof's vectors for JWS and JWK (github.com/C2SP/wycheproof, testvectors_v1/json_web_signature_test.json and
 * json_web_key_test.json), run when WARD_WYCHEPROOF names a directory that holds them; else skipped. The same classes
 * of forgery are in test_jose.c and test_material.c with keys that are drawn there.
 */
#include "keys.h"

#include <stdio.h>
#include <stdlib.h>

#include "crypto/jwk.h"

enum { POOL_MAX = 64 << 20 };

static bool read_vectors(const char *name, struct ward_buffer *ret)
{
    const char *directory = getenv("WARD_WYCHEPROOF");
    char path[4096];
    char bytes[4096];
    if (!directory) {
        return false;
    }
    snprintf(path, sizeof(path), "%s/%s", directory, name);
    FILE *file = fopen(path, "rb");
    if (!file) {
        return false;
    }
    for (size_t size; (size = fread(bytes, 1, sizeof(bytes), file)) > 0;) {
        ward_buffer_append(ret, ward_span(bytes, size));
    }
    fclose(file);
    return ret->status == WARD_OK;
}

/* As a verification does: the key is found by the token's kid among those at hand, and says itself what it is for. */
static bool accepts(struct ward_span keys, bool is_set, struct ward_span token)
{
    WARD_POOL pool = ward_pool_new(POOL_MAX);
    struct ward_jws jws;
    struct ward_jwk_parsed key = { 0 };
    enum ward_material_problem problem;
    bool is_valid = false;
    if (ward_jws_split(token, &pool, &jws) != WARD_OK ||
        ward_jwk_parse(keys, is_set ? jws.kid : WARD_SPAN_NONE, &pool, &key, &problem) != WARD_OK) {
        return false;
    }
    enum ward_jose_alg alg = ward_jose_alg_parse(key.alg);
    bool fits = ward_span_equal(jws.alg, key.alg) &&
                ward_jose_alg_fits(alg, key.material, key.use) == WARD_MATERIAL_NONE &&
                ward_jose_alg_use(alg) == WARD_USE_SIGNATURE;
    if (fits) {
        assert_int_equal(ward_jose_verify(alg, key.material, jws.signing_input, jws.signature, &is_valid), WARD_OK);
    }
    ward_material_free(key.material);
    return is_valid;
}

/* A set of keys of both kinds is no fault here: keys are chosen by their kid and the others are not looked at. */
static bool is_out_of_scope(const struct ward_json_value *test)
{
    const struct ward_json_value *flags = ward_json_member(test, "flags");
    for (size_t i = 0; i < ward_json_count(flags); i++) {
        if (ward_span_equal(ward_json_string(ward_json_at(flags, i)), WARD_SPAN("MixedKeySet"))) {
            return true;
        }
    }
    return false;
}

static size_t run_group(const struct ward_json_value *group)
{
    const struct ward_json_value *public = ward_json_member(group, "public");
    const struct ward_json_value *keys = public ? public : ward_json_member(group, "private");
    const struct ward_json_value *tests = ward_json_member(group, "tests");
    size_t failed = 0;
    for (size_t i = 0; i < ward_json_count(tests); i++) {
        const struct ward_json_value *test = ward_json_at(tests, i);
        struct ward_span result = ward_json_string(ward_json_member(test, "result"));
        struct ward_span token = ward_json_string(ward_json_member(test, "jws"));
        struct ward_span comment = ward_json_string(ward_json_member(test, "comment"));
        if (ward_span_equal(result, WARD_SPAN("acceptable")) || is_out_of_scope(test) || !token.data) {
            continue;
        }
        bool is_accepted = accepts(ward_json_raw(keys), ward_json_member(keys, "keys") != NULL, token);
        if (is_accepted != ward_span_equal(result, WARD_SPAN("valid"))) {
            struct ward_span id = ward_json_raw(ward_json_member(test, "tcId"));
            print_error("test %.*s, %.*s: %s\n", (int)id.size, id.data, (int)comment.size, comment.data,
                        is_accepted ? "accepted" : "refused");
            failed++;
        }
    }
    return failed;
}

static void run(const char *name)
{
    WARD_BUFFER text = ward_buffer_new(POOL_MAX);
    WARD_POOL pool = ward_pool_new(POOL_MAX);
    const struct ward_json_value *root = NULL;
    const char *why = NULL;
    size_t failed = 0;
    if (!read_vectors(name, &text)) {
        skip();
    }
    if (ward_json_parse(ward_buffer_span(&text), &pool, &root, &why) != WARD_OK) {
        fail_msg("%s: %s", name, why ? why : "out of memory");
    }
    const struct ward_json_value *groups = ward_json_member(root, "testGroups");
    assert_true(ward_json_count(groups) > 0);
    for (size_t i = 0; i < ward_json_count(groups); i++) {
        failed += run_group(ward_json_at(groups, i));
    }
    assert_int_equal(failed, 0);
}

static void test_signatures(void **state)
{
    (void)state;
    run("json_web_signature_test.json");
}

static void test_keys(void **state)
{
    (void)state;
    run("json_web_key_test.json");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_signatures),
        cmocka_unit_test(test_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
