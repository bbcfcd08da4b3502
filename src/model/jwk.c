#include "model/jwk.h"

#include "model/text.h"

static const char *const source_names[] = { [WARD_JWK_SOURCE_URL] = "URL",
                                            [WARD_JWK_SOURCE_COPY_PASTE] = "COPY_PASTE",
                                            [WARD_JWK_SOURCE_CERTIFICATE] = "CERTIFICATE",
                                            [WARD_JWK_SOURCE_PUBLIC_KEY] = "PUBLIC_KEY",
                                            [WARD_JWK_SOURCE_PRIVATE_KEY] = "PRIVATE_KEY",
                                            [WARD_JWK_SOURCE_KEYSTORE] = "KEYSTORE",
                                            [WARD_JWK_SOURCE_GENERATE] = "GENERATE" };
static const char *const type_names[] = {
    [WARD_JWK_RSA] = "RSA", [WARD_JWK_EC] = "EC", [WARD_JWK_OCT] = "OCT", [WARD_JWK_OKP] = "OKP"
};
static const char *const use_names[] = {
    [WARD_JWK_USE_NONE] = NULL, [WARD_JWK_USE_SIGNATURE] = "SIGNATURE", [WARD_JWK_USE_ENCRYPTION] = "ENCRYPTION"
};

const char *ward_jwk_source_name(enum ward_jwk_source source)
{
    return ward_name_at(source_names, WARD_COUNT_OF(source_names), source);
}

bool ward_jwk_source_parse(struct ward_span name, enum ward_jwk_source *ret)
{
    unsigned index;
    if (!ward_name_find(source_names, WARD_COUNT_OF(source_names), name, &index)) {
        return false;
    }
    *ret = (enum ward_jwk_source)index;
    return true;
}

const char *ward_jwk_type_name(enum ward_jwk_type type)
{
    return ward_name_at(type_names, WARD_COUNT_OF(type_names), type);
}

bool ward_jwk_type_parse(struct ward_span name, enum ward_jwk_type *ret)
{
    unsigned index;
    if (!ward_name_find(type_names, WARD_COUNT_OF(type_names), name, &index)) {
        return false;
    }
    *ret = (enum ward_jwk_type)index;
    return true;
}

const char *ward_jwk_use_type_name(enum ward_jwk_use_type use)
{
    return ward_name_at(use_names, WARD_COUNT_OF(use_names), use);
}

bool ward_jwk_use_type_parse(struct ward_span name, enum ward_jwk_use_type *ret)
{
    unsigned index;
    if (!ward_name_find(use_names, WARD_COUNT_OF(use_names), name, &index)) {
        return false;
    }
    *ret = (enum ward_jwk_use_type)index;
    return true;
}
