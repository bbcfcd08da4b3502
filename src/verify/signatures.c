#include "verify/signatures.h"

#include "base/seam.h"

struct fact {
    struct ward_lookup token;
    struct ward_object_id jwk;
    uint8_t origin[sizeof(((struct ward_deployed *)0)->origin)];
};

struct ward_signatures {
    struct fact facts[WARD_SIGNATURES_KEPT];
};

struct ward_signatures *ward_signatures_new(void)
{
    return ward_alloc(sizeof(struct ward_signatures)); /* zeroed: no JWK has the empty id */
}

void ward_signatures_free(struct ward_signatures *signatures)
{
    ward_free(signatures);
}

static size_t place_of(const struct ward_lookup *token)
{
    size_t place;
    memcpy(&place, token->bytes, sizeof(place));
    return place % WARD_SIGNATURES_KEPT;
}

bool ward_signature_is_known(const struct ward_signatures *signatures, const struct ward_lookup *token,
                             const struct ward_deployed *jwk)
{
    if (signatures == NULL || ward_object_id_is_none(&jwk->id))
        return false;
    const struct fact *fact = &signatures->facts[place_of(token)];
    return ward_constant_time_equal(fact->token.bytes, token->bytes, sizeof(token->bytes)) &&
           ward_object_id_equal(&fact->jwk, &jwk->id) && memcmp(fact->origin, jwk->origin, sizeof(fact->origin)) == 0;
}

void ward_signature_note(struct ward_signatures *signatures, const struct ward_lookup *token,
                         const struct ward_deployed *jwk)
{
    if (signatures == NULL)
        return;
    struct fact *fact = &signatures->facts[place_of(token)];
    fact->token = *token;
    fact->jwk = jwk->id;
    memcpy(fact->origin, jwk->origin, sizeof(fact->origin));
}
