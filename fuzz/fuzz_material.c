/* Input: a byte that says which half and whether strictly, then a content. What is taken is stored as text that gives
 * the same key again and that is its own normal form; a JWK of it is the same key too. */
#include "check.h"
#include "crypto/jwk.h"

enum { STORED_MAX = 98304, POOL_MAX = 4 << 20 };

static void thumbprint(const struct ward_material *material, char ret[WARD_THUMBPRINT_CHARS + 1])
{
    CHECK(ward_jwk_thumbprint(material, WARD_THUMBPRINT_SHA256, ret) == WARD_OK);
}

static void check_same(const struct ward_material *one, const struct ward_material *other)
{
    char first[WARD_THUMBPRINT_CHARS + 1];
    char second[WARD_THUMBPRINT_CHARS + 1];
    thumbprint(one, first);
    thumbprint(other, second);
    CHECK(strcmp(first, second) == 0);
    CHECK(ward_material_half(one) == ward_material_half(other));
}

static void check_stored(const struct ward_material *material, struct ward_span stored)
{
    WARD_BUFFER again_stored = ward_buffer_new_secret(STORED_MAX);
    struct ward_material *again = NULL;
    enum ward_material_problem problem;
    enum ward_material_half half = ward_material_half(material);
    CHECK(ward_material_from_stored(half, stored, &again, &problem) == WARD_OK);
    check_same(material, again);
    ward_material_free(again);
    if (stored.size <= WARD_MATERIAL_CONTENT_MAX) {
        CHECK(ward_material_from_content(half, stored, true, &again_stored, &again, &problem) == WARD_OK);
        CHECK(ward_span_equal(ward_buffer_span(&again_stored), stored));
        ward_material_free(again);
    }
}

static void check_jwk(const struct ward_material *material)
{
    WARD_BUFFER text = ward_buffer_new_secret(4 * STORED_MAX);
    WARD_POOL pool = ward_pool_new(POOL_MAX);
    struct ward_jwk_info info = { .use = WARD_USE_NONE };
    struct ward_jwk_parsed parsed;
    enum ward_material_problem problem;
    bool is_private = ward_material_half(material) != WARD_MATERIAL_PUBLIC;
    CHECK(ward_jwk_write(material, &info, is_private, &text) == WARD_OK);
    CHECK(ward_jwk_parse(ward_buffer_span(&text), WARD_SPAN_NONE, &pool, &parsed, &problem) == WARD_OK);
    check_same(material, parsed.material);
    ward_material_free(parsed.material);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    WARD_BUFFER stored = ward_buffer_new_secret(STORED_MAX);
    struct ward_material *material = NULL;
    enum ward_material_problem problem = WARD_MATERIAL_NONE;
    enum ward_material_half half = (enum ward_material_half)(data[0] % 3);
    struct ward_span content = ward_span((const char *)data + 1, size - 1);
    enum ward_status status = ward_material_from_content(half, content, data[0] >= 128, &stored, &material, &problem);
    if (status != WARD_OK) {
        CHECK(status == WARD_INVALID && problem != WARD_MATERIAL_NONE && !material && stored.size == 0);
        return 0;
    }
    CHECK(problem == WARD_MATERIAL_NONE && stored.size > 0);
    if (material) {
        CHECK(ward_material_half(material) == half);
        check_stored(material, ward_buffer_span(&stored));
        check_jwk(material);
        ward_material_free(material);
    }
    return 0;
}
