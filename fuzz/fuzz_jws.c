/* Any bytes: what is split into a token is that token and no other, and it verifies under no key that did not sign it.
 */
#include "base/encoding.h"
#include "check.h"
#include "crypto/jwk.h"

enum { POOL_MAX = 64 << 20, TEXT_MAX = 1 << 20 };

/* One for each scheme; the private numbers are drawn when the fuzzer starts. */
static const struct {
    enum ward_jose_alg alg;
    struct ward_jwk_spec spec;
} keys[] = {
    { WARD_ALG_ES256, { WARD_MATERIAL_EC, WARD_CURVE_P256, 0 } },
    { WARD_ALG_EDDSA, { WARD_MATERIAL_OKP, WARD_CURVE_ED25519, 0 } },
    { WARD_ALG_HS256, { WARD_MATERIAL_OCT, WARD_CURVE_NONE, 256 } },
    { WARD_ALG_RS256, { WARD_MATERIAL_RSA, WARD_CURVE_NONE, 2048 } },
};
enum { KEYS = sizeof(keys) / sizeof(keys[0]) };
static struct ward_material *materials[KEYS];

static void check_forged(const struct ward_jws *jws)
{
    for (size_t i = 0; i < KEYS; i++) {
        bool is_valid = true;
        if (!materials[i]) {
            CHECK(ward_jwk_generate(&keys[i].spec, &materials[i]) == WARD_OK);
        }
        CHECK(ward_jose_verify(keys[i].alg, materials[i], jws->signing_input, jws->signature, &is_valid) == WARD_OK);
        CHECK(!is_valid);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    WARD_POOL pool = ward_pool_new(POOL_MAX);
    WARD_BUFFER again = ward_buffer_new(TEXT_MAX);
    struct ward_span token = ward_span((const char *)data, size);
    struct ward_jws jws;
    enum ward_status status = ward_jws_split(token, &pool, &jws);
    if (status != WARD_OK) {
        CHECK(status == WARD_INVALID);
        return 0;
    }
    CHECK(size <= WARD_JWS_MAX && ward_span_starts_with(token, jws.signing_input));
    CHECK(ward_json_type(jws.header) == WARD_JSON_OBJECT && jws.alg.data);
    const char *dot = memchr(token.data, '.', token.size);
    CHECK(dot);
    ward_buffer_append(&again, ward_span(token.data, (size_t)(dot - token.data) + 1));
    ward_base64url_encode(jws.payload, &again);
    CHECK(ward_span_equal(ward_buffer_span(&again), jws.signing_input));
    ward_buffer_append_char(&again, '.');
    ward_base64url_encode(jws.signature, &again);
    CHECK(ward_span_equal(ward_buffer_span(&again), token));
    check_forged(&jws);
    return 0;
}
