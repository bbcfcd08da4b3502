/* What a key holds in one environment: read as it was sent, checked for its type, opened again. Never on the writer's
 * thread but in the last resort of ward_secrets_change: an RSA key with all its parts takes up to 15 ms. */
#include "service/secrets_internal.h"

struct ward_key_parsed {
    struct ward_key_parsed *next;
    struct ward_material *material;
};

void ward_key_contents_free(struct ward_key_contents *contents)
{
    for (struct ward_key_parsed *parsed = contents->parsed; parsed; parsed = parsed->next) {
        ward_material_free(parsed->material);
    }
    contents->parsed = NULL;
}

/* Take a material; it lives as long as the contents. */
static enum ward_status keep(struct ward_key_contents *contents, struct ward_material *material)
{
    if (!material) {
        return WARD_OK;
    }
    struct ward_key_parsed *parsed = ward_pool_alloc(contents->call->pool, sizeof(*parsed));
    if (!parsed) {
        ward_material_free(material);
        return WARD_NO_MEMORY;
    }
    *parsed = (struct ward_key_parsed){ contents->parsed, material };
    contents->parsed = parsed;
    return WARD_OK;
}

enum ward_material_half ward_material_half_of(enum ward_key_type type)
{
    switch (type) {
    case WARD_KEY_PRIVATE:
        return WARD_MATERIAL_PRIVATE;
    case WARD_KEY_PUBLIC:
        return WARD_MATERIAL_PUBLIC;
    case WARD_KEY_SECRET:
        break;
    }
    return WARD_MATERIAL_SECRET;
}

static enum ward_status refuse(struct ward_secrets_call *call, enum ward_key_type type, struct ward_span environment,
                               enum ward_material_problem problem)
{
    switch (problem) {
    case WARD_MATERIAL_EMPTY:
        return ward_secrets_refuse(call, WARD_REFUSED_ENTRY_CONTENT_EMPTY, environment, WARD_SPAN_NONE);
    case WARD_MATERIAL_TOO_LARGE:
        return ward_secrets_refuse(call, WARD_REFUSED_CONTENT_TOO_LARGE, environment, WARD_SPAN_NONE);
    case WARD_MATERIAL_NOT_ENCODED:
    case WARD_MATERIAL_NO_KEY: /* strict mode only */
        return ward_secrets_refuse(call, WARD_REFUSED_CONTENT_BAD, ward_span_of(ward_key_type_name(type)),
                                   WARD_SPAN_NONE);
    default:
        return ward_secrets_refuse(call, WARD_REFUSED_CONTENT_REFUSED, environment,
                                   ward_span_of(ward_material_problem_text(problem)));
    }
}

/* Source: contracts/apinizer.md 10, SECRET_KEY in strict mode. */
static bool fits_algorithm(enum ward_key_algorithm algorithm, unsigned bits)
{
    switch (algorithm) {
    case WARD_KEY_ALGORITHM_AES:
        return bits == 128 || bits == 192 || bits == 256;
    case WARD_KEY_ALGORITHM_DES:
        return bits == 64;
    case WARD_KEY_ALGORITHM_DESEDE:
        return bits == 128 || bits == 192;
    case WARD_KEY_ALGORITHM_RSA:
    case WARD_KEY_ALGORITHM_NONE:
        break;
    }
    return true;
}

static enum ward_status check_length(struct ward_secrets_call *call, enum ward_key_type type,
                                     enum ward_key_algorithm algorithm, struct ward_span environment,
                                     const struct ward_material *material)
{
    if (!call->rules.is_content_strict || type != WARD_KEY_SECRET || !material ||
        fits_algorithm(algorithm, ward_material_bits(material))) {
        return WARD_OK;
    }
    return refuse(call, type, environment, WARD_MATERIAL_ALGORITHM_SIZE);
}

enum ward_status ward_key_content_read(struct ward_key_contents *contents, enum ward_key_type type,
                                       enum ward_key_algorithm algorithm, struct ward_span content,
                                       struct ward_span environment, struct ward_key_content *ret)
{
    struct ward_secrets_call *call = contents->call;
    struct ward_material *material = NULL;
    enum ward_material_problem problem = WARD_MATERIAL_NONE;
    WARD_BUFFER stored = ward_buffer_new_secret(WARD_KEY_STORED_MAX);
    if (content.size == 0) {
        return refuse(call, type, environment, WARD_MATERIAL_EMPTY);
    }
    enum ward_status status = ward_material_from_content(ward_material_half_of(type), content,
                                                         call->rules.is_content_strict, &stored, &material, &problem);
    if (status == WARD_INVALID) {
        return refuse(call, type, environment, problem);
    }
    if (status == WARD_TOO_LARGE) {
        return refuse(call, type, environment, WARD_MATERIAL_TOO_LARGE);
    }
    if (status != WARD_OK) {
        return status;
    }
    status = keep(contents, material);
    if (status == WARD_OK) {
        status = check_length(call, type, algorithm, environment, material);
    }
    if (status != WARD_OK) {
        return status;
    }
    *ret = (struct ward_key_content){ material, ward_pool_copy(call->pool, ward_buffer_span(&stored)) };
    return ward_pool_status(call->pool);
}

enum ward_status ward_key_content_open(struct ward_key_contents *contents, const struct ward_crypto_key *key,
                                       const struct ward_crypto_key_entry *entry, const struct ward_material **ret)
{
    struct ward_secrets_call *call = contents->call;
    struct ward_crypto_key_entry opened = *entry;
    struct ward_material *material = NULL;
    enum ward_material_problem problem;
    *ret = NULL;
    if (!entry->is_material) {
        return WARD_OK;
    }
    enum ward_status status = ward_open_key_content(call->service, call->pool, key, &opened);
    if (status != WARD_OK) {
        return status;
    }
    status = ward_material_from_stored(ward_material_half_of(key->type), opened.content, &material, &problem);
    if (status == WARD_INVALID) {
        return problem == WARD_MATERIAL_NO_KEY ? WARD_OK : WARD_INTEGRITY;
    }
    if (status == WARD_OK) {
        status = keep(contents, material);
    }
    if (status == WARD_OK) {
        *ret = material;
    }
    return status;
}
