/* Every verdict on a token for its exact reason, with JWKs drawn here and deployed to keysets of this test. */
#include "../table/support.h"

#include "base/encoding.h"
#include "crypto/jose.h"
#include "crypto/jwk.h"
#include "verify/token.h"

#define NOW INT64_C(1700000000000)

struct signer {
    const char *name, *kid;
    enum ward_jose_alg alg;
    struct ward_material *material;
};

struct court {
    char directory[64];
    struct ward_keyring *keyring;
    struct ward_keyset *production, *test;
    struct ward_served *served;
    struct ward_pool pool;
    struct signer ec, other, octets, expired, later;
    struct ward_uuid account, project, other_project;
};

static void draw_signer(struct signer *signer, const char *name, enum ward_jose_alg alg)
{
    const struct ward_jwk_spec ec = { .type = WARD_MATERIAL_EC, .curve = WARD_CURVE_P256 };
    const struct ward_jwk_spec oct = { .type = WARD_MATERIAL_OCT, .bits = 256 };
    *signer = (struct signer){ .name = name, .kid = name, .alg = alg };
    assert_ok(ward_jwk_generate(alg == WARD_ALG_HS256 ? &oct : &ec, &signer->material));
}

struct life {
    struct ward_object_id id; /* none: drawn */
    uint8_t origin;
    const char *use;
    int64_t not_before_ms, expires_ms;
};

static void deploy_for(struct ward_keyset *keyset, const struct ward_uuid *project, const struct signer *signer,
                       const struct life *life)
{
    const struct ward_jwk_info info = { .kid = ward_span_of(signer->kid),
                                        .use = WARD_USE_SIGNATURE,
                                        .alg = signer->alg };
    struct ward_buffer open = ward_buffer_new(10000), secret = ward_buffer_new_secret(10000);
    struct ward_keyset_failure why;
    struct ward_keyset_change change = {
        .object = { .kind = WARD_DEPLOYED_JWK,
                    .half = signer->alg == WARD_ALG_HS256 ? WARD_MATERIAL_SECRET : WARD_MATERIAL_PRIVATE,
                    .project_id = *project,
                    .name = ward_span_of(signer->name),
                    .kid = ward_span_of(signer->kid),
                    .use = ward_span_of(life->use),
                    .algorithm = ward_span_of(ward_jose_alg_name(signer->alg)),
                    .not_before_ms = life->not_before_ms,
                    .expires_ms = life->expires_ms,
                    .id = life->id,
                    .origin = { life->origin } },
    };
    if (ward_object_id_is_none(&change.object.id))
        assert_ok(ward_object_id_new(&change.object.id));
    assert_ok(ward_jwk_write(signer->material, &info, true, &secret));
    if (signer->alg != WARD_ALG_HS256) {
        assert_ok(ward_jwk_write(signer->material, &info, false, &open));
        change.object.public_text = ward_buffer_span(&open);
    }
    change.secret = ward_buffer_span(&secret);
    assert_true(ward_keyset_apply(keyset, &change, 1, 1, &why));
    ward_buffer_free(&open);
    ward_buffer_free(&secret);
}

static void deploy(struct ward_keyset *keyset, const struct ward_uuid *project, const struct signer *signer,
                   const char *use, int64_t not_before_ms, int64_t expires_ms)
{
    const struct life life = { .use = use, .not_before_ms = not_before_ms, .expires_ms = expires_ms };
    deploy_for(keyset, project, signer, &life);
}

static void deploy_as(struct ward_keyset *keyset, const struct ward_uuid *project, const struct signer *signer,
                      const struct ward_object_id *id, uint8_t origin)
{
    const struct life life = { *id, origin, "sig", WARD_TIME_NONE, WARD_TIME_NONE };
    deploy_for(keyset, project, signer, &life);
}

static struct ward_keyset *open_keyset(struct court *court, const char *environment)
{
    const struct ward_keyset_options options = { .directory = court->directory,
                                                 .replica = WARD_SPAN("embedded"),
                                                 .keyring = court->keyring };
    struct ward_keyset_options complete = options;
    struct ward_keyset *keyset = NULL;
    struct ward_keyset_failure why;
    strcpy(complete.environment.text, environment);
    assert_ok(ward_keyset_new(&complete, &keyset));
    assert_true(ward_keyset_load(keyset, &why));
    return keyset;
}

#define PRODUCTION "0123456789abcdef01234567"
#define TEST       "1123456789abcdef01234567"

static int setup(void **state)
{
    static struct court court;
    uint8_t root[WARD_ROOT_KEY_BYTES];
    memset(&court, 0, sizeof(court));
    snprintf(court.directory, sizeof(court.directory), "%s/ward-token-XXXXXX",
             getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp");
    assert_non_null(mkdtemp(court.directory));
    assert_ok(ward_random(root, sizeof(root)));
    assert_ok(ward_keyring_from_bytes(root, &court.keyring));
    court.pool = ward_pool_new(1 << 20);
    court.account = uuid_of(1, 1);
    court.project = uuid_of(2, 1);
    court.other_project = uuid_of(2, 2);
    court.production = open_keyset(&court, PRODUCTION);
    court.test = open_keyset(&court, TEST);
    const struct ward_served_environment environments[] = {
        { { PRODUCTION },
          court.account,
          WARD_SPAN("production"),
          WARD_SPAN("https://api.example.com"),
          court.production },
        { { TEST }, court.account, WARD_SPAN("test"), WARD_SPAN(""), court.test },
    };
    assert_ok(ward_served_new(&court.served));
    assert_ok(ward_served_set(court.served, environments, 2));
    draw_signer(&court.ec, "ec", WARD_ALG_ES256);
    draw_signer(&court.other, "other", WARD_ALG_ES256);
    draw_signer(&court.octets, "octets", WARD_ALG_HS256);
    draw_signer(&court.expired, "expired", WARD_ALG_ES256);
    draw_signer(&court.later, "later", WARD_ALG_ES256);
    deploy(court.production, &court.project, &court.ec, "sig", WARD_TIME_NONE, WARD_TIME_NONE);
    deploy(court.test, &court.project, &court.other, "sig", WARD_TIME_NONE, WARD_TIME_NONE);
    deploy(court.production, &court.project, &court.octets, "sig", WARD_TIME_NONE, WARD_TIME_NONE);
    deploy(court.production, &court.project, &court.expired, "sig", WARD_TIME_NONE, NOW);
    deploy(court.production, &court.project, &court.later, "sig", NOW + 1, WARD_TIME_NONE);
    *state = &court;
    return 0;
}

static int teardown(void **state)
{
    struct court *court = *state;
    struct signer *signers[] = { &court->ec, &court->other, &court->octets, &court->expired, &court->later };
    for (size_t i = 0; i < sizeof(signers) / sizeof(signers[0]); i++)
        ward_material_free(signers[i]->material);
    ward_served_free(court->served);
    ward_keyset_remove_file(court->production);
    ward_keyset_remove_file(court->test);
    ward_keyset_close(court->production);
    ward_keyset_close(court->test);
    ward_keyring_close(court->keyring);
    ward_pool_free(&court->pool);
    assert_int_equal(rmdir(court->directory), 0);
    return 0;
}

/* Sign claims with a key; the header names kid, or none where it is NULL. */
static struct ward_span token_of(struct court *court, const struct signer *signer, const char *kid, const char *claims)
{
    struct ward_buffer token = ward_buffer_new(20000);
    assert_ok(ward_jws_make(signer->alg, signer->material, ward_span_of(kid), ward_span_of(claims), &token));
    struct ward_span copy = ward_pool_copy(&court->pool, ward_buffer_span(&token));
    ward_buffer_free(&token);
    return copy;
}

static struct ward_token_question ask(struct court *court, struct ward_span token)
{
    return (struct ward_token_question){ .token = token, .account = &court->account, .project = &court->project };
}

static enum ward_reason reason_of(struct court *court, const struct ward_token_question *question)
{
    struct ward_token_verdict said;
    enum ward_reason reason = ward_verify_token(court->served, NULL, question, NOW, &court->pool, &said);
    assert_true(reason != WARD_VERDICT_VALID || said.has_key);
    return reason;
}

#define GOOD "{\"sub\":\"me\",\"iss\":\"https://issuer\",\"exp\":1700000001}"

static void a_good_token_is_valid(void **state)
{
    struct court *court = *state;
    struct ward_token_question question = ask(court, token_of(court, &court->ec, "ec", GOOD));
    struct ward_token_verdict said;
    assert_int_equal(ward_verify_token(court->served, NULL, &question, NOW, &court->pool, &said), WARD_VERDICT_VALID);
    assert_true(ward_span_equal(said.subject, WARD_SPAN("me")));
    assert_true(ward_span_equal(said.issuer, WARD_SPAN("https://issuer")));
    assert_true(ward_span_equal(said.key_name, WARD_SPAN("ec")));
    assert_true(ward_span_equal(said.environment, WARD_SPAN("production")));
    assert_int_equal(said.expires_ms, NOW + 1000);
    assert_null(said.client.data);
}

static void each_claim_has_its_reason(void **state)
{
    struct court *court = *state;
    static const struct {
        const char *claims;
        enum ward_reason reason;
    } rows[] = {
        { "{\"exp\":1700000000}", WARD_VERDICT_EXPIRED },
        { "{\"exp\":1700000000.001}", WARD_VERDICT_VALID },
        { "{\"exp\":1700000000.0001}", WARD_VERDICT_EXPIRED },
        { "{\"exp\":1}", WARD_VERDICT_EXPIRED },
        { "{\"exp\":-1}", WARD_VERDICT_EXPIRED },
        { "{\"exp\":1e300}", WARD_VERDICT_MALFORMED },
        { "{\"exp\":9000000000000000}", WARD_VERDICT_VALID },
        { "{\"exp\":\"1700000001\"}", WARD_VERDICT_MALFORMED },
        { "{\"exp\":null}", WARD_VERDICT_MALFORMED },
        { "{}", WARD_VERDICT_MALFORMED },
        { "[]", WARD_VERDICT_MALFORMED },
        { "no JSON", WARD_VERDICT_MALFORMED },
        { "{\"exp\":1700000001,\"exp\":1700000001}", WARD_VERDICT_MALFORMED },
        { "{\"exp\":1700000001,\"nbf\":1700000000}", WARD_VERDICT_VALID },
        { "{\"exp\":1700000002,\"nbf\":1700000000.0001}", WARD_VERDICT_NOT_YET_VALID },
        { "{\"exp\":1700000002,\"nbf\":1700000001}", WARD_VERDICT_NOT_YET_VALID },
        { "{\"exp\":1700000002,\"nbf\":\"x\"}", WARD_VERDICT_MALFORMED },
        { "{\"exp\":1700000001,\"sub\":1}", WARD_VERDICT_MALFORMED },
        { "{\"exp\":1700000001,\"iss\":[]}", WARD_VERDICT_MALFORMED },
        { "{\"exp\":1700000001,\"aud\":1}", WARD_VERDICT_MALFORMED },
        { "{\"exp\":1700000001,\"aud\":[\"production\",1]}", WARD_VERDICT_MALFORMED },
        { "{\"exp\":1700000001,\"aud\":\"production\"}", WARD_VERDICT_VALID },
        { "{\"exp\":1700000001,\"aud\":[\"x\",\"https://api.example.com\"]}", WARD_VERDICT_VALID },
        { "{\"exp\":1700000001,\"aud\":\"Production\"}", WARD_VERDICT_WRONG_AUDIENCE },
        { "{\"exp\":1700000001,\"aud\":\"\"}", WARD_VERDICT_WRONG_AUDIENCE },
        { "{\"exp\":1700000001,\"aud\":[]}", WARD_VERDICT_WRONG_AUDIENCE },
        { "{\"exp\":1700000000,\"aud\":\"x\"}", WARD_VERDICT_EXPIRED },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ward_token_question question = ask(court, token_of(court, &court->ec, "ec", rows[i].claims));
        enum ward_reason reason = reason_of(court, &question);
        if (reason != rows[i].reason)
            fail_msg("%s: %s", rows[i].claims, ward_reason_name(reason));
    }
}

static void what_the_asker_says_is_held_against_it(void **state)
{
    struct court *court = *state;
    const char *claims = "{\"exp\":1700000001,\"iss\":\"https://issuer\",\"aud\":[\"a\",\"b\"]}";
    const struct {
        struct ward_span audience, issuer, environment;
        enum ward_reason reason;
    } rows[] = {
        { WARD_SPAN_NONE, WARD_SPAN_NONE, WARD_SPAN_NONE, WARD_VERDICT_WRONG_AUDIENCE },
        { WARD_SPAN("b"), WARD_SPAN_NONE, WARD_SPAN_NONE, WARD_VERDICT_VALID },
        { WARD_SPAN("c"), WARD_SPAN_NONE, WARD_SPAN_NONE, WARD_VERDICT_WRONG_AUDIENCE },
        { WARD_SPAN(""), WARD_SPAN_NONE, WARD_SPAN_NONE, WARD_VERDICT_WRONG_AUDIENCE },
        { WARD_SPAN("a"), WARD_SPAN("https://issuer"), WARD_SPAN_NONE, WARD_VERDICT_VALID },
        { WARD_SPAN("a"), WARD_SPAN("https://issuer/"), WARD_SPAN_NONE, WARD_VERDICT_WRONG_ISSUER },
        { WARD_SPAN("a"), WARD_SPAN(""), WARD_SPAN_NONE, WARD_VERDICT_WRONG_ISSUER },
        { WARD_SPAN("a"), WARD_SPAN_NONE, WARD_SPAN("production"), WARD_VERDICT_VALID },
        { WARD_SPAN("a"), WARD_SPAN_NONE, WARD_SPAN(PRODUCTION), WARD_VERDICT_VALID },
        { WARD_SPAN("a"), WARD_SPAN_NONE, WARD_SPAN("test"), WARD_VERDICT_WRONG_ENVIRONMENT },
        { WARD_SPAN("a"), WARD_SPAN_NONE, WARD_SPAN("nowhere"), WARD_VERDICT_WRONG_ENVIRONMENT },
        { WARD_SPAN("a"), WARD_SPAN_NONE, WARD_SPAN(""), WARD_VERDICT_WRONG_ENVIRONMENT },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ward_token_question question = ask(court, token_of(court, &court->ec, "ec", claims));
        question.audience = rows[i].audience;
        question.issuer = rows[i].issuer;
        question.environment = rows[i].environment;
        enum ward_reason reason = reason_of(court, &question);
        if (reason != rows[i].reason)
            fail_msg("row %zu: %s", i, ward_reason_name(reason));
    }
}

static void only_deployed_keys_count(void **state)
{
    struct court *court = *state;
    const struct {
        const char *what;
        const struct signer *signer;
        const char *kid;
        const struct ward_uuid *project;
        enum ward_reason reason;
    } rows[] = {
        { "of the other environment", &court->other, "other", &court->project, WARD_VERDICT_VALID },
        { "octets", &court->octets, "octets", &court->project, WARD_VERDICT_VALID },
        { "no kid", &court->ec, NULL, &court->project, WARD_VERDICT_VALID },
        { "no kid, octets", &court->octets, NULL, &court->project, WARD_VERDICT_VALID },
        { "another key's kid", &court->other, "ec", &court->project, WARD_VERDICT_UNKNOWN },
        { "an unknown kid", &court->ec, "none", &court->project, WARD_VERDICT_UNKNOWN },
        { "an empty kid", &court->ec, "", &court->project, WARD_VERDICT_UNKNOWN },
        { "octets as a public key", &court->octets, "ec", &court->project, WARD_VERDICT_UNKNOWN },
        { "of another project", &court->ec, "ec", &court->other_project, WARD_VERDICT_UNKNOWN },
        { "an expired JWK", &court->expired, "expired", &court->project, WARD_VERDICT_EXPIRED },
        { "a JWK of tomorrow", &court->later, "later", &court->project, WARD_VERDICT_NOT_YET_VALID },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ward_token_question question = ask(court, token_of(court, rows[i].signer, rows[i].kid, GOOD));
        question.project = rows[i].project;
        enum ward_reason reason = reason_of(court, &question);
        if (reason != rows[i].reason)
            fail_msg("%s: %s", rows[i].what, ward_reason_name(reason));
    }
    struct ward_token_question foreign = ask(court, token_of(court, &court->ec, "ec", GOOD));
    foreign.account = &court->other_project;
    assert_int_equal(reason_of(court, &foreign), WARD_VERDICT_UNKNOWN);
    foreign.account = NULL;
    assert_int_equal(reason_of(court, &foreign), WARD_VERDICT_VALID);
}

static void a_key_that_was_taken_out_signs_no_more(void **state)
{
    struct court *court = *state;
    struct signer gone;
    draw_signer(&gone, "gone", WARD_ALG_ES256);
    deploy(court->production, &court->project, &gone, "sig", WARD_TIME_NONE, WARD_TIME_NONE);
    struct ward_token_question question = ask(court, token_of(court, &gone, "gone", GOOD));
    assert_int_equal(reason_of(court, &question), WARD_VERDICT_VALID);
    const struct ward_keyset_entry *entry = ward_keyset_find(court->production, &court->project, WARD_DEPLOYED_JWK,
                                                             WARD_SPAN("gone"));
    struct ward_keyset_change removal = { .object = { .kind = WARD_DEPLOYED_JWK, .id = entry->object.id },
                                          .is_removed = true };
    struct ward_keyset_failure why;
    assert_true(ward_keyset_apply(court->production, &removal, 1, 2, &why));
    ward_keyset_release(entry);
    assert_int_equal(reason_of(court, &question), WARD_VERDICT_UNKNOWN);
    deploy(court->production, &court->project, &gone, "enc", WARD_TIME_NONE, WARD_TIME_NONE);
    assert_int_equal(reason_of(court, &question), WARD_VERDICT_UNKNOWN); /* not for signatures */
    ward_material_free(gone.material);
}

/* What is remembered is that a state of a JWK signed it; not that it may pass. */
static void a_remembered_signature_proves_nothing_else(void **state)
{
    struct court *court = *state;
    struct ward_verifier verifier = { 0 };
    struct ward_token_verdict said;
    struct signer first, second;
    assert_ok(ward_keyed_hash_lookup(court->keyring, &verifier.hash));
    draw_signer(&first, "remembered", WARD_ALG_ES256);
    draw_signer(&second, "remembered", WARD_ALG_ES256);
    struct ward_object_id id;
    assert_ok(ward_object_id_new(&id));
    deploy_as(court->production, &court->project, &first, &id, 1);
    struct ward_token_question question = ask(court, token_of(court, &first, "remembered", GOOD));
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(ward_verify_token(court->served, &verifier, &question, NOW, &court->pool, &said),
                         WARD_VERDICT_VALID);
    assert_non_null(verifier.signatures);
    assert_int_equal(ward_verify_token(court->served, &verifier, &question, NOW + 1000, &court->pool, &said),
                     WARD_VERDICT_EXPIRED);
    /* another state of the same JWK */
    deploy_as(court->production, &court->project, &second, &id, 2);
    assert_int_equal(ward_verify_token(court->served, &verifier, &question, NOW, &court->pool, &said),
                     WARD_VERDICT_UNKNOWN);
    struct ward_token_question other = ask(court, token_of(court, &second, "remembered", GOOD));
    assert_int_equal(ward_verify_token(court->served, &verifier, &other, NOW, &court->pool, &said), WARD_VERDICT_VALID);
    deploy_as(court->production, &court->project, &first, &id, 3);
    assert_int_equal(ward_verify_token(court->served, &verifier, &question, NOW, &court->pool, &said),
                     WARD_VERDICT_VALID);
    assert_int_equal(ward_verify_token(court->served, &verifier, &other, NOW, &court->pool, &said),
                     WARD_VERDICT_UNKNOWN);
    ward_signatures_free(verifier.signatures);
    ward_keyed_hash_free(verifier.hash);
    ward_material_free(first.material);
    ward_material_free(second.material);
}

/* Put a token together whose header says what it likes, with a signature that is good by the JWK's own algorithm. */
static struct ward_span token_with_header(struct court *court, const struct signer *signer, const char *header)
{
    struct ward_buffer token = ward_buffer_new(20000), signature = ward_buffer_new(1000);
    enum ward_material_problem problem;
    ward_base64url_encode(ward_span_of(header), &token);
    ward_buffer_append_char(&token, '.');
    ward_base64url_encode(WARD_SPAN(GOOD), &token);
    assert_ok(ward_jose_sign(signer->alg, signer->material, ward_buffer_span(&token), &signature, &problem));
    ward_buffer_append_char(&token, '.');
    ward_base64url_encode(ward_buffer_span(&signature), &token);
    struct ward_span copy = ward_pool_copy(&court->pool, ward_buffer_span(&token));
    ward_buffer_free(&token);
    ward_buffer_free(&signature);
    return copy;
}

static void the_header_chooses_nothing_but_the_key(void **state)
{
    struct court *court = *state;
    static const struct {
        const char *header;
        enum ward_reason reason;
    } rows[] = {
        { "{\"alg\":\"ES256\",\"kid\":\"ec\"}", WARD_VERDICT_VALID },
        { "{\"alg\":\"ES256\",\"kid\":\"ec\",\"jku\":\"https://evil/jwks\",\"x5u\":\"https://evil\"}",
          WARD_VERDICT_VALID },
        { "{\"alg\":\"ES384\",\"kid\":\"ec\"}", WARD_VERDICT_UNKNOWN },
        { "{\"alg\":\"HS256\",\"kid\":\"ec\"}", WARD_VERDICT_UNKNOWN },
        { "{\"alg\":\"none\",\"kid\":\"ec\"}", WARD_VERDICT_UNKNOWN },
        { "{\"alg\":\"es256\",\"kid\":\"ec\"}", WARD_VERDICT_UNKNOWN },
        { "{\"kid\":\"ec\"}", WARD_VERDICT_MALFORMED },
        { "{\"alg\":\"ES256\",\"kid\":1}", WARD_VERDICT_MALFORMED },
        { "{\"alg\":\"ES256\",\"kid\":\"ec\",\"crit\":[\"exp\"]}", WARD_VERDICT_MALFORMED },
        { "{\"alg\":\"ES256\",\"alg\":\"none\",\"kid\":\"ec\"}", WARD_VERDICT_MALFORMED },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ward_token_question question = ask(court, token_with_header(court, &court->ec, rows[i].header));
        enum ward_reason reason = reason_of(court, &question);
        if (reason != rows[i].reason)
            fail_msg("%s: %s", rows[i].header, ward_reason_name(reason));
    }
}

/* Every bit of a token counts: of 1,000 flips none is valid. */
static void a_flipped_bit_is_found(void **state)
{
    struct court *court = *state;
    struct ward_span good = token_of(court, &court->ec, "ec", GOOD);
    char token[2000];
    uint64_t random = 5;
    assert_true(good.size < sizeof(token));
    for (unsigned i = 0; i < 1000; i++) {
        memcpy(token, good.data, good.size);
        token[draw(&random) % good.size] ^= (char)(1u << draw(&random) % 8);
        struct ward_pool pool = ward_pool_new(1 << 20);
        struct ward_token_question question = ask(court, ward_span(token, good.size));
        struct ward_token_verdict said;
        assert_int_not_equal(ward_verify_token(court->served, NULL, &question, NOW, &pool, &said), WARD_VERDICT_VALID);
        ward_pool_free(&pool);
    }
}

static void what_is_no_token_is_malformed(void **state)
{
    struct court *court = *state;
    static const struct {
        const char *token;
        bool is_one;
    } rows[] = {
        { "eyJhbGciOiJub25lIn0.e30.", true },
        { "eyJhbGciOiJub25lIn0.e30", false },
        { "live_abcdef", false },
        { "eyJhbGciOiJub25lIn0.e30.x.y", false },
        { "eyJ=.e30.x", false },
        { "", false },
        { "eyJhbGciOiJFUzI1NiJ9.e30.AAAA", true },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ward_token_question question = ask(court, ward_span_of(rows[i].token));
        assert_int_equal(ward_token_is_one(question.token), rows[i].is_one);
        enum ward_reason reason = reason_of(court, &question);
        if (reason != WARD_VERDICT_MALFORMED)
            fail_msg("%s: %s", rows[i].token, ward_reason_name(reason));
    }
    struct ward_token_question nobody = ask(court, WARD_SPAN_NONE);
    struct ward_token_verdict said;
    assert_int_equal(ward_verify_token(NULL, NULL, &nobody, NOW, &court->pool, &said), WARD_VERDICT_STALE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_token_is_valid),
        cmocka_unit_test(each_claim_has_its_reason),
        cmocka_unit_test(what_the_asker_says_is_held_against_it),
        cmocka_unit_test(only_deployed_keys_count),
        cmocka_unit_test(a_key_that_was_taken_out_signs_no_more),
        cmocka_unit_test(a_remembered_signature_proves_nothing_else),
        cmocka_unit_test(the_header_chooses_nothing_but_the_key),
        cmocka_unit_test(a_flipped_bit_is_found),
        cmocka_unit_test(what_is_no_token_is_malformed),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
