/* Any bytes: the reader refuses for a reason or gives a key whose written form gives the same key, byte for byte. */
#include "check.h"
#include "crypto/jwk.h"

enum { POOL_MAX = 64 << 20, TEXT_MAX = 1 << 20 };

static void check_written(const struct ward_jwk_parsed *parsed, bool is_private)
{
    WARD_BUFFER text = ward_buffer_new_secret(TEXT_MAX);
    WARD_BUFFER again = ward_buffer_new_secret(TEXT_MAX);
    WARD_POOL pool = ward_pool_new(POOL_MAX);
    struct ward_jwk_info info = { .kid = parsed->kid, .use = parsed->use, .alg = ward_jose_alg_parse(parsed->alg) };
    struct ward_jwk_parsed second;
    enum ward_material_problem problem;
    CHECK(ward_jwk_write(parsed->material, &info, is_private, &text) == WARD_OK);
    CHECK(ward_jwk_parse(ward_buffer_span(&text), WARD_SPAN_NONE, &pool, &second, &problem) == WARD_OK);
    CHECK(second.use == parsed->use);
    CHECK(ward_jwk_write(second.material, &info, is_private, &again) == WARD_OK);
    CHECK(ward_span_equal(ward_buffer_span(&text), ward_buffer_span(&again)));
    ward_material_free(second.material);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    WARD_POOL pool = ward_pool_new(POOL_MAX);
    struct ward_jwk_parsed parsed = { 0 };
    enum ward_material_problem problem = WARD_MATERIAL_NONE;
    /* with a kid for a set whose corpus names it so */
    struct ward_span kid = size > 0 && data[size - 1] == '\n' ? WARD_SPAN("1") : WARD_SPAN_NONE;
    struct ward_span json = ward_span((const char *)data, size);
    enum ward_status status = ward_jwk_parse(json, kid, &pool, &parsed, &problem);
    if (status != WARD_OK) {
        CHECK(status == WARD_INVALID && problem != WARD_MATERIAL_NONE && !parsed.material);
        return 0;
    }
    CHECK(problem == WARD_MATERIAL_NONE);
    enum ward_material_half half = ward_material_half(parsed.material);
    if (half != WARD_MATERIAL_SECRET) {
        check_written(&parsed, false);
    }
    if (half != WARD_MATERIAL_PUBLIC) {
        check_written(&parsed, true);
    }
    ward_material_free(parsed.material);
    return 0;
}
