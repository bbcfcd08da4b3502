/*
 * Where JWKs come from: a URL, a text, a key of the project, a draw of our own, contracts/apinizer.md 8.1-8.3, 8.5.
 *
 *   gather (a read session): who may, the form, the name, the key that is the source
 *   prepare (no session):    fetch, parse or draw once; write and seal
 *   apply (a transaction):   name still free, source still the same; row and change entry
 */
#include "service/secrets_internal.h"

#include "base/encoding.h"
#include "fetch/fetch.h"

#define CONNECT_MS   5000
#define READ_MS      10000
#define SIZE_MAX_URL 1048576
#define YEAR_MS      (INT64_C(365) * 24 * 3600 * 1000)

struct jwk_case {
    struct ward_secrets_call *call;
    uint32_t right;
    enum ward_secrets_refusal taken; /* the text of a name that is taken */
    struct ward_span name, description;
    const struct ward_secrets_refused *body;
    enum ward_jwk_source source;
    bool is_of_any_half;                /* parse-from-key: whatever the key is */
    const struct ward_jwk_input *input; /* one of the three */
    const struct ward_jwk_generate_input *generate;
    const struct ward_jwk_import *import;

    /* gathered */
    struct ward_project project;
    struct ward_crypto_key key;
    const struct ward_crypto_key_entry *entry;
    enum ward_jose_alg alg;
    enum ward_jwk_use_type use;
    struct ward_jwk_spec spec;

    /* prepared */
    struct ward_key_contents contents;
    struct ward_material *made; /* drawn or parsed from a text: once */
    struct ward_jwk_parsed parsed;
    struct ward_jwk jwk;
};

static enum ward_status refuse_member(struct jwk_case *c, const char *member)
{
    return ward_secrets_refuse(c->call, WARD_REFUSED_MEMBER_EMPTY, ward_span_of(member), WARD_SPAN_NONE);
}

/* ---- form ---- */

enum ward_status ward_secrets_check_jwk_name(struct ward_secrets_call *call, struct ward_span name)
{
    enum ward_status status = ward_secrets_check_name(call, name, "name", WARD_REFUSED_JWK_NAME_EMPTY);
    if (status == WARD_OK && ward_jwk_name_is_reserved(name)) {
        status = ward_secrets_refuse(call, WARD_REFUSED_NAME_RESERVED, name, WARD_SPAN_NONE);
    }
    return status;
}

static enum ward_status check_kid(struct jwk_case *c, struct ward_span kid)
{
    if (kid.size > WARD_JWK_KID_MAX) {
        return ward_secrets_refuse(c->call, WARD_REFUSED_NAME_TOO_LONG, WARD_SPAN("kid"), WARD_SPAN_NONE);
    }
    if (kid.size > 0 && !ward_object_name_is_valid(kid)) {
        return ward_secrets_refuse(c->call, WARD_REFUSED_NAME_CHARACTERS, WARD_SPAN("kid"), WARD_SPAN_NONE);
    }
    return WARD_OK;
}

static enum ward_status parse_use(struct jwk_case *c, struct ward_span text)
{
    if (ward_jwk_use_type_parse(text, &c->use) && c->use != WARD_JWK_USE_NONE) {
        return WARD_OK;
    }
    return ward_secrets_refuse(c->call, WARD_REFUSED_USE_UNKNOWN, text, WARD_SPAN_NONE);
}

static enum ward_status check_key_source(struct jwk_case *c)
{
    const struct ward_jwk_input *input = c->input;
    if (input->key_name.size == 0) {
        return refuse_member(c, "keyName");
    }
    if (input->environment_name.size == 0) {
        return ward_secrets_refuse_plainly(c->call, WARD_REFUSED_ENVIRONMENT_EMPTY);
    }
    if (input->use.size == 0) {
        return refuse_member(c, "useType");
    }
    if (input->algorithm.size == 0) {
        return refuse_member(c, "algorithm");
    }
    enum ward_status status = parse_use(c, input->use);
    if (status != WARD_OK) {
        return status;
    }
    c->alg = ward_jose_alg_parse(input->algorithm);
    return c->alg == WARD_ALG_NONE
               ? ward_secrets_refuse(c->call, WARD_REFUSED_JOSE_ALGORITHM_UNKNOWN, input->algorithm, WARD_SPAN_NONE)
               : WARD_OK;
}

static enum ward_status check_source(struct jwk_case *c)
{
    switch (c->source) {
    case WARD_JWK_SOURCE_URL:
        return c->input->url.size == 0 ? ward_secrets_refuse_plainly(c->call, WARD_REFUSED_URL_EMPTY)
                                       : check_kid(c, c->input->kid);
    case WARD_JWK_SOURCE_COPY_PASTE:
        return c->input->jwk.size == 0 ? refuse_member(c, "jwkStr") : check_kid(c, c->input->kid);
    case WARD_JWK_SOURCE_PUBLIC_KEY:
    case WARD_JWK_SOURCE_PRIVATE_KEY:
        return check_key_source(c);
    case WARD_JWK_SOURCE_CERTIFICATE:
    case WARD_JWK_SOURCE_KEYSTORE:
        return ward_secrets_refuse(c->call, WARD_REFUSED_SOURCE_NOT_SERVED,
                                   ward_span_of(ward_jwk_source_name(c->source)), WARD_SPAN_NONE);
    case WARD_JWK_SOURCE_GENERATE:
        break;
    }
    return WARD_OK;
}

static enum ward_status check_import(struct jwk_case *c)
{
    if (c->import->kid.size == 0) {
        return refuse_member(c, "kid");
    }
    if (c->import->file.size == 0) {
        return refuse_member(c, "jwkFile");
    }
    return check_kid(c, c->import->kid);
}

/* ---- the form of a draw ---- */

struct named_number {
    const char *name;
    int64_t number;
};
static const struct named_number rsa_sizes[] = { { "2048", 2048 }, { "3072", 3072 }, { "4096", 4096 } };
static const struct named_number oct_sizes[] = { { "128", 128 }, { "192", 192 }, { "256", 256 } };
static const struct named_number ec_curves[] = { { "P256", WARD_CURVE_P256 },
                                                 { "P384", WARD_CURVE_P384 },
                                                 { "P521", WARD_CURVE_P521 },
                                                 { "SECP256K1", WARD_CURVE_SECP256K1 } };
static const struct named_number okp_curves[] = { { "ED25519", WARD_CURVE_ED25519 }, { "X25519", WARD_CURVE_X25519 } };

/* For each type: which member of the body holds its parameters, and what may stand there. */
static const struct {
    const char *member;
    enum ward_material_type type;
    const struct named_number *choices;
    size_t choice_count;
    const char *choice_names;
    bool is_sized;
} draws[] = {
    [WARD_JWK_RSA] = { "rsa", WARD_MATERIAL_RSA, rsa_sizes, 3, "2048, 3072, 4096", true },
    [WARD_JWK_EC] = { "ec", WARD_MATERIAL_EC, ec_curves, 4, "P256, P384, P521, SECP256K1", false },
    [WARD_JWK_OCT] = { "oct", WARD_MATERIAL_OCT, oct_sizes, 3, "128, 192, 256", true },
    [WARD_JWK_OKP] = { "okp", WARD_MATERIAL_OKP, okp_curves, 2, "ED25519, X25519", false },
};

static enum ward_status choose_parameter(struct jwk_case *c, enum ward_jwk_type type)
{
    const struct ward_jwk_generate_input *generate = c->generate;
    char digits[WARD_DECIMAL_CHARS];
    struct ward_span asked = draws[type].is_sized ? ward_decimal_int(generate->key_size, digits) : generate->curve;
    bool is_sent = draws[type].is_sized ? generate->key_size != 0 : generate->curve.size > 0;
    if (!is_sent) {
        return refuse_member(c, draws[type].is_sized ? "keySize" : "curveType");
    }
    for (size_t i = 0; i < draws[type].choice_count; i++) {
        if (ward_span_equal(ward_span_of(draws[type].choices[i].name), asked)) {
            c->spec.type = draws[type].type;
            c->spec.bits = draws[type].is_sized ? (unsigned)draws[type].choices[i].number : 0;
            c->spec.curve = draws[type].is_sized ? WARD_CURVE_NONE : (enum ward_curve)draws[type].choices[i].number;
            return WARD_OK;
        }
    }
    return ward_secrets_refuse(c->call,
                               draws[type].is_sized ? WARD_REFUSED_KEY_SIZE_UNKNOWN : WARD_REFUSED_CURVE_UNKNOWN, asked,
                               ward_span_of(draws[type].choice_names));
}

/* What a key is good for when nobody says. A secret that is shorter than HS256 wants is given no algorithm. */
static enum ward_jose_alg default_alg(const struct ward_jwk_spec *spec, enum ward_jwk_use_type use)
{
    bool signs = use == WARD_JWK_USE_SIGNATURE;
    switch (spec->type) {
    case WARD_MATERIAL_RSA:
        return signs ? WARD_ALG_RS256 : WARD_ALG_RSA_OAEP_256;
    case WARD_MATERIAL_EC:
        return !signs                           ? WARD_ALG_ECDH_ES
               : spec->curve == WARD_CURVE_P256 ? WARD_ALG_ES256
               : spec->curve == WARD_CURVE_P384 ? WARD_ALG_ES384
               : spec->curve == WARD_CURVE_P521 ? WARD_ALG_ES512
                                                : WARD_ALG_ES256K;
    case WARD_MATERIAL_OKP:
        return signs ? WARD_ALG_EDDSA : WARD_ALG_ECDH_ES;
    case WARD_MATERIAL_OCT:
        break;
    }
    if (signs) {
        return spec->bits >= 256 ? WARD_ALG_HS256 : WARD_ALG_NONE;
    }
    return spec->bits == 128 ? WARD_ALG_A128KW : spec->bits == 192 ? WARD_ALG_A192KW : WARD_ALG_A256KW;
}

static enum ward_status choose_algorithm(struct jwk_case *c)
{
    const struct ward_jwk_generate_input *generate = c->generate;
    if (generate->algorithm.size == 0) {
        c->alg = default_alg(&c->spec, c->use);
        return WARD_OK;
    }
    c->alg = ward_jose_alg_parse_java(generate->algorithm);
    if (c->alg == WARD_ALG_NONE) { /* the other routes' names are as clear */
        c->alg = ward_jose_alg_parse(generate->algorithm);
    }
    return c->alg == WARD_ALG_NONE
               ? ward_secrets_refuse(c->call, WARD_REFUSED_JOSE_ALGORITHM_UNKNOWN, generate->algorithm, WARD_SPAN_NONE)
               : WARD_OK;
}

static const char *const key_id_types[] = { "TIMESTAMP", "SHA256", "SHA1", "ISO_DATE", "NONE" };
enum key_id_type { KEY_ID_TIMESTAMP, KEY_ID_SHA256, KEY_ID_SHA1, KEY_ID_ISO_DATE, KEY_ID_NONE };

static enum ward_status check_times(struct jwk_case *c)
{
    const struct ward_jwk_generate_input *generate = c->generate;
    unsigned key_id_type;
    if (generate->key_id_type.size > 0 &&
        !ward_name_find(key_id_types, WARD_COUNT_OF(key_id_types), generate->key_id_type, &key_id_type)) {
        return ward_secrets_refuse(c->call, WARD_REFUSED_KEY_ID_TYPE_UNKNOWN, generate->key_id_type, WARD_SPAN_NONE);
    }
    c->jwk.not_before_ms = generate->not_before_ms != WARD_TIME_NONE ? generate->not_before_ms : ward_now_ms();
    c->jwk.expires_ms = generate->expires_ms != WARD_TIME_NONE ? generate->expires_ms : c->jwk.not_before_ms + YEAR_MS;
    return c->jwk.expires_ms <= c->jwk.not_before_ms ? ward_secrets_refuse_plainly(c->call, WARD_REFUSED_TIMES_REVERSED)
                                                     : WARD_OK;
}

static enum ward_status check_generate(struct jwk_case *c)
{
    const struct ward_jwk_generate_input *generate = c->generate;
    enum ward_jwk_type type;
    if (generate->type.size == 0) {
        return ward_secrets_refuse_plainly(c->call, WARD_REFUSED_JWK_TYPE_EMPTY);
    }
    if (!ward_jwk_type_parse(generate->type, &type)) {
        return ward_secrets_refuse(c->call, WARD_REFUSED_JWK_TYPE_UNKNOWN, generate->type, WARD_SPAN_NONE);
    }
    if (!generate->has_parameters) {
        return refuse_member(c, draws[type].member);
    }
    enum ward_status status = choose_parameter(c, type);
    c->use = c->spec.curve == WARD_CURVE_X25519 ? WARD_JWK_USE_ENCRYPTION : WARD_JWK_USE_SIGNATURE;
    if (status == WARD_OK && generate->use.size > 0) {
        status = parse_use(c, generate->use);
    }
    if (status == WARD_OK) {
        status = choose_algorithm(c);
    }
    if (status == WARD_OK) {
        status = check_kid(c, generate->kid);
    }
    return status == WARD_OK ? check_times(c) : status;
}

/* ---- gather ---- */

static enum ward_status check_form(struct jwk_case *c)
{
    enum ward_status status = ward_secrets_check_body(c->call, c->body);
    if (status == WARD_OK) {
        status = ward_secrets_check_jwk_name(c->call, c->name);
    }
    if (status == WARD_OK) {
        status = ward_secrets_check_description(c->call, c->description, "description");
    }
    if (status != WARD_OK) {
        return status;
    }
    return c->generate ? check_generate(c) : c->import ? check_import(c) : check_source(c);
}

static enum ward_status check_taken(struct ward_store_session *session, struct jwk_case *c)
{
    struct ward_jwk other;
    enum ward_status status = ward_store_jwk_find(session, &c->project.id, c->name, c->call->pool, &other);
    if (status == WARD_OK) {
        return ward_secrets_refuse(c->call, c->taken, c->name, WARD_SPAN_NONE);
    }
    return status == WARD_NOT_FOUND ? WARD_OK : status;
}

#define SHARED_PROJECT "admin" /* contracts/apinizer.md 5.1: its keys are for all projects */

/* The key of that name in the project, or in the project whose keys are for all, if the operator may see that one. */
static enum ward_status find_source(struct ward_store_session *session, struct jwk_case *c)
{
    struct ward_secrets_call *call = c->call;
    struct ward_project shared;
    enum ward_status status = ward_store_crypto_key_find(session, &c->project.id, c->input->key_name, call->pool,
                                                         &c->key);
    if (status == WARD_NOT_FOUND) {
        status = ward_store_project_find(session, &c->project.account_id, WARD_SPAN(SHARED_PROJECT), call->pool,
                                         &shared);
        if (status == WARD_OK && !ward_operator_covers(call->who, &shared.account_id, &shared.id)) {
            status = WARD_NOT_FOUND;
        }
        if (status == WARD_OK) {
            status = ward_store_crypto_key_find(session, &shared.id, c->input->key_name, call->pool, &c->key);
        }
    }
    return status == WARD_NOT_FOUND
               ? ward_secrets_refuse(call, WARD_REFUSED_SOURCE_KEY_NOT_FOUND, c->input->key_name, WARD_SPAN_NONE)
               : status;
}

static enum ward_status check_half(struct jwk_case *c)
{
    if (c->key.type == WARD_KEY_SECRET) {
        return ward_secrets_refuse_plainly(c->call, WARD_REFUSED_NO_PEM_KEYS);
    }
    enum ward_jwk_source source = c->key.type == WARD_KEY_PRIVATE ? WARD_JWK_SOURCE_PRIVATE_KEY
                                                                  : WARD_JWK_SOURCE_PUBLIC_KEY;
    if (!c->is_of_any_half && source != c->source) {
        return ward_secrets_refuse(c->call, WARD_REFUSED_SOURCE_KEY_TYPE, c->key.name,
                                   ward_span_of(ward_jwk_source_name(c->source)));
    }
    c->source = source;
    return WARD_OK;
}

static enum ward_status find_entry(struct ward_store_session *session, struct jwk_case *c)
{
    struct ward_environment environment;
    enum ward_status status = ward_secrets_environment(session, c->call, &c->project, c->input->environment_name,
                                                       WARD_REFUSED_ENVIRONMENT_NOT_FOUND, &environment);
    if (status != WARD_OK) {
        return status;
    }
    c->entry = ward_crypto_key_entry_of(&c->key, &environment.id);
    return c->entry ? WARD_OK : ward_secrets_refuse_entry(c->call, &c->key, environment.name);
}

static bool is_of_key(const struct jwk_case *c)
{
    return c->source == WARD_JWK_SOURCE_PUBLIC_KEY || c->source == WARD_JWK_SOURCE_PRIVATE_KEY;
}

static enum ward_status gather_in(struct ward_store_session *session, void *arg)
{
    struct jwk_case *c = arg;
    enum ward_status status = ward_secrets_enter(session, c->call, c->right, &c->project);
    if (status == WARD_OK && !c->import) {
        status = ward_secrets_require_everywhere(session, c->call, &c->project);
    }
    if (status == WARD_OK) {
        status = check_form(c);
    }
    if (status == WARD_OK) {
        status = check_taken(session, c);
    }
    if (status != WARD_OK || !is_of_key(c)) {
        return status;
    }
    status = find_source(session, c);
    if (status == WARD_OK) {
        status = check_half(c);
    }
    return status == WARD_OK ? find_entry(session, c) : status;
}

/* ---- prepare ---- */

static enum ward_status parse_text(struct jwk_case *c, struct ward_span text, struct ward_span kid)
{
    enum ward_material_problem problem = WARD_MATERIAL_NONE;
    struct ward_jwk_parsed parsed;
    struct ward_span wanted = kid.size > 0 ? kid : WARD_SPAN_NONE;
    enum ward_status status = ward_jwk_parse(text, wanted, c->call->pool, &parsed, &problem);
    if (status == WARD_INVALID) {
        return ward_secrets_refuse(c->call, WARD_REFUSED_JWK_BAD, ward_span_of(ward_material_problem_text(problem)),
                                   WARD_SPAN_NONE);
    }
    if (status == WARD_OK) {
        c->made = parsed.material;
        c->parsed = parsed;
        c->parsed.kid = ward_pool_copy(c->call->pool, parsed.kid); /* text may go */
        c->parsed.alg = ward_pool_copy(c->call->pool, parsed.alg);
        status = ward_pool_status(c->call->pool);
    }
    return status;
}

static enum ward_status fetch_text(struct jwk_case *c)
{
    const struct ward_jwk_input *input = c->input;
    const struct ward_service *service = c->call->service;
    enum ward_fetch_problem problem = WARD_FETCH_NONE;
    WARD_BUFFER text = ward_buffer_new_secret(SIZE_MAX_URL);
    const struct ward_fetch fetch = {
        .url = input->url,
        .connect_timeout_ms = input->connect_timeout_ms > 0 ? input->connect_timeout_ms : CONNECT_MS,
        .read_timeout_ms = input->read_timeout_ms > 0 ? input->read_timeout_ms : READ_MS,
        .size = input->size > 0 ? input->size : SIZE_MAX_URL,
        .allows = service->fetch_allows,
        .allow_count = service->fetch_allow_count,
    };
    enum ward_status status = ward_fetch_get(&fetch, &text, &problem);
    if (status == WARD_INVALID) {
        bool is_refused = problem == WARD_FETCH_URL || problem == WARD_FETCH_SCHEME || problem == WARD_FETCH_USER ||
                          problem == WARD_FETCH_ADDRESS;
        return ward_secrets_refuse(c->call, is_refused ? WARD_REFUSED_URL_REFUSED : WARD_REFUSED_URL_FAILED,
                                   ward_span_of(ward_fetch_problem_text(problem)), WARD_SPAN_NONE);
    }
    return status == WARD_OK ? parse_text(c, ward_buffer_span(&text), input->kid) : status;
}

/* What comes from outside is taken once, however often the write is tried. */
static enum ward_status obtain(struct jwk_case *c, const struct ward_material **ret)
{
    enum ward_status status = WARD_OK;
    if (is_of_key(c)) {
        status = ward_key_content_open(&c->contents, &c->key, c->entry, ret);
        return status == WARD_OK && !*ret ? ward_secrets_refuse_plainly(c->call, WARD_REFUSED_NO_PEM_KEYS) : status;
    }
    if (!c->made) {
        status = c->generate                        ? ward_jwk_generate(&c->spec, &c->made)
                 : c->import                        ? parse_text(c, c->import->file, c->import->kid)
                 : c->source == WARD_JWK_SOURCE_URL ? fetch_text(c)
                                                    : parse_text(c, c->input->jwk, c->input->kid);
    }
    *ret = c->made;
    return status;
}

/* The use and algorithm that a JWK from outside says; each may be missing. */
static enum ward_status take_parsed(struct jwk_case *c)
{
    if (!c->parsed.material) {
        return WARD_OK;
    }
    c->alg = c->parsed.alg.size > 0 ? ward_jose_alg_parse(c->parsed.alg) : WARD_ALG_NONE;
    if (c->parsed.alg.size > 0 && c->alg == WARD_ALG_NONE) {
        return ward_secrets_refuse(c->call, WARD_REFUSED_JOSE_ALGORITHM_UNKNOWN, c->parsed.alg, WARD_SPAN_NONE);
    }
    enum ward_jose_use use = c->parsed.use;
    if (use == WARD_USE_NONE && c->alg != WARD_ALG_NONE) {
        use = ward_jose_alg_use(c->alg);
    }
    c->use = use == WARD_USE_SIGNATURE    ? WARD_JWK_USE_SIGNATURE
             : use == WARD_USE_ENCRYPTION ? WARD_JWK_USE_ENCRYPTION
                                          : WARD_JWK_USE_NONE;
    return WARD_OK;
}

static enum ward_status check_fit(struct jwk_case *c, const struct ward_material *material)
{
    if (c->alg == WARD_ALG_NONE ||
        ward_jose_alg_fits(c->alg, material, ward_secrets_jose_use(c->use)) == WARD_MATERIAL_NONE) {
        return WARD_OK;
    }
    const char *use = ward_jwk_use_type_name(c->use);
    return ward_secrets_refuse(c->call, WARD_REFUSED_JOSE_ALGORITHM_UNFIT, ward_span_of(ward_jose_alg_api_name(c->alg)),
                               ward_span_of(use ? use : "(none)"));
}

static enum ward_status thumbprint(struct jwk_case *c, const struct ward_material *material, enum ward_thumbprint hash,
                                   struct ward_span *ret)
{
    char text[WARD_THUMBPRINT_CHARS + 1];
    enum ward_status status = ward_jwk_thumbprint(material, hash, text);
    if (status == WARD_OK) {
        *ret = ward_pool_copy(c->call->pool, ward_span_of(text));
    }
    return status;
}

static enum ward_status draw_kid(struct jwk_case *c, const struct ward_material *material, struct ward_span *ret)
{
    unsigned type = KEY_ID_TIMESTAMP;
    char digits[WARD_DECIMAL_CHARS];
    char date[WARD_ISO8601_MS_CHARS + 1];
    if (c->generate->key_id_type.size > 0 &&
        !ward_name_find(key_id_types, WARD_COUNT_OF(key_id_types), c->generate->key_id_type, &type)) {
        return WARD_INTERNAL;
    }
    switch ((enum key_id_type)type) {
    case KEY_ID_SHA256:
        return thumbprint(c, material, WARD_THUMBPRINT_SHA256, ret);
    case KEY_ID_SHA1:
        return thumbprint(c, material, WARD_THUMBPRINT_SHA1, ret);
    case KEY_ID_ISO_DATE:
        ward_iso8601_format(ward_now_ms(), date);
        *ret = ward_pool_copy(c->call->pool, ward_span_of(date));
        break;
    case KEY_ID_TIMESTAMP:
        *ret = ward_pool_copy(c->call->pool, ward_decimal_int(ward_now_ms() / 1000, digits));
        break;
    case KEY_ID_NONE:
        *ret = WARD_SPAN_NONE;
        break;
    }
    return WARD_OK;
}

/* A key's alias, what the JWK says, what was asked for; else the thumbprint, but for a draw, which has ways of its own.
 */
static enum ward_status choose_kid(struct jwk_case *c, const struct ward_material *material, struct ward_span *ret)
{
    struct ward_span given = is_of_key(c) ? c->entry->alias : c->generate ? c->generate->kid : c->parsed.kid;
    if (given.size > 0) {
        *ret = given;
        return check_kid(c, given);
    }
    return c->generate ? draw_kid(c, material, ret) : thumbprint(c, material, WARD_THUMBPRINT_SHA256, ret);
}

static void fill_row(struct jwk_case *c)
{
    struct ward_jwk *jwk = &c->jwk;
    jwk->account_id = c->project.account_id;
    jwk->project_id = c->project.id;
    jwk->is_scope_active = true;
    jwk->name = c->name;
    jwk->description = c->description.size > 0 ? c->description : WARD_SPAN_NONE;
    jwk->source = c->source;
    jwk->source_id = is_of_key(c) ? c->key.id : (struct ward_object_id){ "" };
    jwk->source_environment_id = is_of_key(c) ? c->entry->environment_id : (struct ward_object_id){ "" };
    jwk->source_url = c->source == WARD_JWK_SOURCE_URL ? c->input->url : WARD_SPAN_NONE;
    jwk->use = c->use;
    jwk->algorithm = ward_span_of(ward_jose_alg_name(c->alg));
    jwk->provenance = ward_provenance_new(c->call->who, ward_now_ms());
    jwk->version = 1;
}

static enum ward_status prepare(void *arg)
{
    struct jwk_case *c = arg;
    const struct ward_material *material = NULL;
    enum ward_status status = obtain(c, &material);
    if (status == WARD_OK) {
        status = take_parsed(c);
    }
    if (status == WARD_OK) {
        status = check_fit(c, material);
    }
    if (status == WARD_OK) {
        status = choose_kid(c, material, &c->jwk.kid);
    }
    if (status == WARD_OK) {
        status = ward_object_id_new(&c->jwk.id);
    }
    if (status != WARD_OK) {
        return status;
    }
    fill_row(c);
    status = ward_secrets_jwk_fill(c->call, material, c->jwk.version, &c->jwk);
    return status == WARD_OK ? ward_pool_status(c->call->pool) : status;
}

/* ---- apply ---- */

/* CONFLICT when the source is another one by now. */
static enum ward_status check_same(struct ward_store_session *session, struct jwk_case *c)
{
    struct ward_project project;
    struct ward_crypto_key key;
    enum ward_status status = ward_secrets_enter(session, c->call, c->right, &project);
    if (status == WARD_OK && !ward_uuid_equal(&project.id, &c->project.id)) {
        return WARD_CONFLICT;
    }
    if (status != WARD_OK || !is_of_key(c)) {
        return status;
    }
    status = ward_store_crypto_key_get(session, &c->key.id, c->call->pool, &key);
    if (status == WARD_NOT_FOUND || (status == WARD_OK && key.version != c->key.version)) {
        return WARD_CONFLICT;
    }
    return status;
}

static enum ward_status apply_in(struct ward_store_session *session, void *arg)
{
    struct jwk_case *c = arg;
    struct ward_members members = { 0 };
    enum ward_status status = check_same(session, c);
    if (status == WARD_OK) {
        status = check_taken(session, c);
    }
    if (status == WARD_OK) {
        status = ward_store_jwk_insert(session, &c->jwk);
    }
    if (status != WARD_OK) {
        return status == WARD_NOT_FOUND && c->call->refused.reason == WARD_REFUSED_NONE ? WARD_CONFLICT : status;
    }
    ward_members_add(&members, "name");
    ward_members_add(&members, "material");
    return ward_secrets_jwk_log(session, c->call, &c->jwk, WARD_ACTION_CREATED, &members);
}

static enum ward_status run(struct jwk_case *c)
{
    static const struct ward_secrets_steps steps = { gather_in, prepare, apply_in };
    c->contents.call = c->call;
    if (!c->generate) { /* a draw sets them */
        c->jwk.not_before_ms = c->jwk.expires_ms = WARD_TIME_NONE;
    }
    enum ward_status status = ward_secrets_change(c->call, &steps, c);
    ward_key_contents_free(&c->contents);
    ward_material_free(c->made);
    if (status == WARD_OK) {
        ward_secrets_jwk_deploy(c->call, &c->jwk.id);
    }
    return status;
}

/* ---- use cases ---- */

static struct jwk_case case_of(struct ward_secrets_call *call, const struct ward_jwk_input *input)
{
    return (struct jwk_case){ .call = call,
                              .right = WARD_RIGHT_SECRETS_MANAGE,
                              .taken = WARD_REFUSED_JWK_EXISTS,
                              .name = input->name,
                              .description = input->description,
                              .body = &input->body,
                              .input = input };
}

enum ward_status ward_service_jwk_create(struct ward_secrets_call *call, const struct ward_jwk_input *input)
{
    struct jwk_case c = case_of(call, input);
    struct ward_secrets_refused body = input->body;
    bool is_known = ward_jwk_source_parse(input->source_type, &c.source) && c.source != WARD_JWK_SOURCE_GENERATE;
    if (body.reason == WARD_REFUSED_NONE && !is_known) { /* said in its turn, like all that is wrong with a body */
        bool is_empty = input->source_type.size == 0;
        bool is_nameless = ward_text_is_blank(input->name);
        body = (struct ward_secrets_refused){ .reason = is_nameless ? WARD_REFUSED_JWK_NAME_EMPTY
                                                        : is_empty  ? WARD_REFUSED_SOURCE_TYPE_EMPTY
                                                                    : WARD_REFUSED_SOURCE_TYPE_UNKNOWN,
                                              .name = input->source_type };
    }
    c.body = &body;
    return run(&c);
}

enum ward_status ward_service_jwk_parse(struct ward_secrets_call *call, enum ward_jwk_route route,
                                        const struct ward_jwk_input *input)
{
    static const enum ward_jwk_source sources[] = {
        [WARD_JWK_FROM_URL] = WARD_JWK_SOURCE_URL,           [WARD_JWK_FROM_CLIPBOARD] = WARD_JWK_SOURCE_COPY_PASTE,
        [WARD_JWK_FROM_KEY] = WARD_JWK_SOURCE_PUBLIC_KEY,    [WARD_JWK_FROM_CERTIFICATE] = WARD_JWK_SOURCE_CERTIFICATE,
        [WARD_JWK_FROM_KEYSTORE] = WARD_JWK_SOURCE_KEYSTORE,
    };
    struct jwk_case c = case_of(call, input);
    c.source = sources[route];
    c.is_of_any_half = route == WARD_JWK_FROM_KEY;
    return run(&c);
}

enum ward_status ward_service_jwk_generate(struct ward_secrets_call *call, const struct ward_jwk_generate_input *input)
{
    struct jwk_case c = { .call = call,
                          .right = WARD_RIGHT_SECRETS_MANAGE,
                          .taken = WARD_REFUSED_JWK_EXISTS,
                          .name = input->name,
                          .description = input->description,
                          .body = &input->body,
                          .source = WARD_JWK_SOURCE_GENERATE,
                          .generate = input };
    return run(&c);
}

enum ward_status ward_service_jwk_import(struct ward_secrets_call *call, const struct ward_jwk_import *import)
{
    struct jwk_case c = { .call = call,
                          .right = WARD_RIGHT_SECRETS_EXPORT_IMPORT,
                          .taken = WARD_REFUSED_JWK_NAME_TAKEN,
                          .name = import->name,
                          .description = import->description,
                          .body = &import->body,
                          .source = WARD_JWK_SOURCE_COPY_PASTE,
                          .import = import };
    return run(&c);
}
