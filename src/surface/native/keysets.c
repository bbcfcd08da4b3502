/*
 * Deployed keys for those who use them: the published JWK Sets, and signing, verifying, encrypting and decrypting with
 * a key that never leaves. On workers: a lookup of the project reads the store, a signature of RSA takes a millisecond.
 * Source: issue 5 point 6; contracts/apinizer.md 9.3.
 */
#include "base/limits.h"
#include "base/seam.h"
#include "crypto/cipher.h"
#include "crypto/jose.h"
#include "service/gateway.h"
#include "service/key_use.h"
#include "service/tokens.h"
#include "surface/native/handlers.h"
#include "surface/native/objects.h"

#define BYTES_MAX WARD_BODY_MANAGEMENT_MAX

/* ---- who calls ---- */

#define TOKEN_PREFIX WARD_SPAN("apnz_")

/* A token is told by its look; whatever else is shown is an access key. */
static bool shows_token(struct ward_http_request *request, const char *const *headers, struct ward_span *ret)
{
    return request->listener != WARD_LISTENER_CONTROL && ward_surface_credential(request, headers, ret) && ret->data &&
           ward_span_starts_with(*ret, TOKEN_PREFIX);
}

static enum ward_caller tell_token(struct ward_http_request *request, struct ward_span token, struct ward_operator *ret,
                                   struct ward_verdict *ret_verdict)
{
    struct ward_service *service = ward_native_service(request);
    struct ward_rate_limit limit = { 0 };
    enum ward_status status = ward_service_token_open(service, token, ret, &limit);
    if (status != WARD_OK) {
        return status == WARD_NOT_FOUND ? WARD_CALLER_MISSING : WARD_CALLER_STALE;
    }
    if (ward_service_iam_count(service, &ret->id, &limit, &ret_verdict->limit) != WARD_OK) {
        return WARD_CALLER_STALE;
    }
    return ret_verdict->limit.is_allowed ? WARD_CALLER_OK : WARD_CALLER_LIMITED;
}

static bool tell_caller(struct ward_http_request *request, struct ward_http_reply *reply, struct ward_operator *ret)
{
    static const char *const headers[] = { "x-api-key", "authorization", NULL };
    struct ward_verdict verdict = { 0 };
    struct ward_span token;
    enum ward_caller caller = shows_token(request, headers, &token)
                                  ? tell_token(request, token, ret, &verdict)
                                  : ward_surface_caller(request, headers, ret, &verdict);
    if (caller != WARD_CALLER_OK) {
        (void)ward_native_refuse_caller(request, reply, caller, &verdict);
    }
    return caller == WARD_CALLER_OK;
}

/* ---- the JWK Set ---- */

static enum ward_handled refuse_missing(struct ward_http_request *request, struct ward_http_reply *reply,
                                        const char *missing)
{
    const char *detail = strcmp(missing, "project") == 0       ? "there is no such project"
                         : strcmp(missing, "environment") == 0 ? "the project has no such environment"
                                                               : "no such key is deployed to the environment";
    return ward_native_problem(request, reply, 404, "not_found", detail);
}

static enum ward_handled refuse(struct ward_http_request *request, struct ward_http_reply *reply,
                                enum ward_status status, const char *missing)
{
    return status == WARD_NOT_FOUND ? refuse_missing(request, reply, missing)
                                    : ward_native_fail(request, reply, status, NULL);
}

/* RFC 9110 13.1.2: "*", or a list of tags; a weak one matches, too. */
static bool is_known(const struct ward_http_request *request, struct ward_span etag)
{
    struct ward_span list = ward_http_header_get(request, "if-none-match");
    if (!list.data) {
        return false;
    }
    return ward_span_equal(list, WARD_SPAN("*")) || memmem(list.data, list.size, etag.data, etag.size) != NULL;
}

static void release_document(const struct ward_keyset_document *const *document)
{
    ward_keyset_document_release(*document);
}

enum ward_handled ward_native_jwk_set(struct ward_http_request *request, struct ward_http_reply *reply)
{
    const struct ward_key_place place = { .project = request->parameters[0], .environment = request->parameters[1] };
    __attribute__((cleanup(release_document))) const struct ward_keyset_document *document = NULL;
    const char *missing = "project";
    enum ward_status status = ward_service_jwk_set(ward_native_service(request), &place, &document, &missing);
    if (status != WARD_OK) {
        return refuse(request, reply, status, missing);
    }
    WARD_BUFFER text = ward_buffer_new(48);
    ward_buffer_append_text(&text, "public, max-age=");
    ward_buffer_append_int(&text, ward_surface_application(request)->jwks_max_age_s);
    struct ward_span etag = ward_span_of(document->etag);
    bool is_unchanged = is_known(request, etag);
    ward_surface_reply(reply, is_unchanged ? 304 : 200, is_unchanged ? NULL : "application/jwk-set+json");
    if (!is_unchanged) {
        ward_buffer_append(&reply->body, document->json);
    }
    ward_http_reply_header(request, reply, "ETag", etag);
    ward_http_reply_header(request, reply, "Cache-Control", ward_buffer_span(&text));
    return reply->body.status == WARD_OK ? WARD_REPLIED : ward_native_fail(request, reply, reply->body.status, NULL);
}

/* ---- the body of a use ---- */

/** What a use is asked with. Binary members are written as encoding says, in the request and in the answer. */
struct use {
    struct ward_http_request *request;
    struct ward_http_reply *reply;
    const struct ward_keyset_entry *entry;
    struct ward_span algorithm; /* absent: the JWK's own */
    bool is_hex;
    struct ward_buffer data, signature, iv;
    bool has_data, has_signature, has_iv;
};

static void free_use(struct use *use)
{
    ward_keyset_release(use->entry);
    ward_buffer_free(&use->data);
    ward_buffer_free(&use->signature);
    ward_buffer_free(&use->iv);
}

static bool decode_hex(struct ward_span text, struct ward_buffer *ret)
{
    char *to = text.size % 2 == 0 ? ward_buffer_reserve(ret, text.size / 2) : NULL;
    if (!to || !ward_hex_decode(text, to, text.size / 2)) {
        return false;
    }
    ret->size += text.size / 2;
    return true;
}

static bool read_bytes(const struct use *use, struct ward_problems *problems, const struct ward_json_value *body,
                       const char *member, struct ward_buffer *ret)
{
    struct ward_span text;
    if (!ward_surface_text(problems, body, member, false, &text)) {
        return false;
    }
    if (!(use->is_hex ? decode_hex(text, ret) : ward_base64_decode(text, ret)) && ret->status == WARD_OK) {
        ward_problem_add(problems, member, WARD_RULE_CHARACTERS, 0, NULL);
    }
    return true;
}

static void read_encoding(struct use *use, struct ward_problems *problems, const struct ward_json_value *body)
{
    struct ward_span text;
    if (!ward_surface_text(problems, body, "encoding", false, &text)) {
        return;
    }
    use->is_hex = ward_span_equal(text, WARD_SPAN("HEXADECIMAL"));
    if (!use->is_hex && !ward_span_equal(text, WARD_SPAN("BASE64"))) {
        ward_problem_add(problems, "encoding", WARD_RULE_ENUM, 0, "BASE64, HEXADECIMAL");
    }
}

static enum ward_status buffers_status(const struct use *use)
{
    return use->data.status != WARD_OK        ? use->data.status
           : use->signature.status != WARD_OK ? use->signature.status
                                              : use->iv.status;
}

static bool read_use(struct use *use, const char *const *members)
{
    struct ward_problems problems = { 0 };
    const struct ward_json_value *body = NULL;
    enum ward_status status = ward_native_body(use->request, members, &problems, &body);
    if (status == WARD_OK) {
        read_encoding(use, &problems, body);
        (void)ward_surface_text(&problems, body, "algorithm", false, &use->algorithm);
        use->has_data = read_bytes(use, &problems, body, "data", &use->data);
        use->has_signature = read_bytes(use, &problems, body, "signature", &use->signature);
        use->has_iv = read_bytes(use, &problems, body, "iv", &use->iv);
        if (!use->has_data && problems.count == 0) {
            ward_problem_add(&problems, "data", WARD_RULE_REQUIRED, 0, NULL);
        }
        status = buffers_status(use);
    }
    if (status == WARD_OK && problems.count == 0) {
        return true;
    }
    (void)ward_native_fail(use->request, use->reply, status == WARD_OK ? WARD_INVALID : status, &problems);
    return false;
}

/* The caller, the key and the body, in this order. */
static bool begin_use(struct ward_http_request *request, struct ward_http_reply *reply, const char *const *members,
                      struct use *ret)
{
    struct ward_operator who;
    const struct ward_key_place place = { .project = request->parameters[0], .environment = request->parameters[1] };
    const char *missing = "project";
    *ret = (struct use){ .request = request,
                         .reply = reply,
                         .data = ward_buffer_new_secret(BYTES_MAX),
                         .signature = ward_buffer_new(BYTES_MAX),
                         .iv = ward_buffer_new(BYTES_MAX) };
    if (!tell_caller(request, reply, &who)) {
        return false;
    }
    enum ward_status status = ward_service_key_use(ward_native_service(request), &who, &place, request->parameters[2],
                                                   &ret->entry, &missing);
    if (status != WARD_OK) {
        (void)refuse(request, reply, status, missing);
        return false;
    }
    return read_use(ret, members);
}

#define USE __attribute__((cleanup(free_use))) struct use

/* ---- the key ---- */

static bool refuse_use(struct use *use, int status, const char *code, const char *detail)
{
    (void)ward_native_problem(use->request, use->reply, status, code, detail);
    return false;
}

static bool is_jwk(const struct use *use)
{
    return use->entry->object.kind == WARD_DEPLOYED_JWK;
}

/* A JWK serves between its times; contracts/apinizer.md 9.3: "JWK was expired!". */
static bool check_times(struct use *use)
{
    const struct ward_deployed *object = &use->entry->object;
    int64_t now_ms = ward_now_ms();
    if (object->expires_ms != WARD_TIME_NONE && now_ms >= object->expires_ms) {
        return refuse_use(use, 409, "expired", "the JWK has expired");
    }
    if (object->not_before_ms != WARD_TIME_NONE && now_ms < object->not_before_ms) {
        return refuse_use(use, 409, "not_yet_valid", "the JWK is not valid yet");
    }
    return true;
}

static bool check_use(struct use *use, const char *wanted)
{
    struct ward_span own = use->entry->object.use;
    return !own.data || ward_span_equal(own, ward_span_of(wanted)) ||
           refuse_use(use, 409, "wrong_use", "the JWK is for another use");
}

static bool open_material(struct use *use, bool needs_secret, const struct ward_material **ret)
{
    enum ward_status status = ward_keyset_material(use->entry, needs_secret, ret);
    if (status == WARD_NOT_FOUND) {
        return refuse_use(use, 409, "no_such_half",
                          "the key has no such half, or its content is no key that Ward knows");
    }
    if (status != WARD_OK) {
        (void)ward_native_fail(use->request, use->reply, status, NULL);
    }
    return status == WARD_OK;
}

static bool refuse_material(struct use *use, enum ward_status status, enum ward_material_problem problem)
{
    if (status != WARD_INVALID) {
        (void)ward_native_fail(use->request, use->reply, status, NULL);
        return false;
    }
    return refuse_use(use, 400, ward_material_problem_code(problem), ward_material_problem_text(problem));
}

/* ---- signatures ---- */

/* The algorithm is the stored JWK's; what is asked for must be the same. A key has none: it must be asked for. */
static bool choose_signature(struct use *use, enum ward_jose_alg *ret)
{
    struct ward_span own = is_jwk(use) ? use->entry->object.algorithm : WARD_SPAN_NONE;
    enum ward_jose_alg stored = own.data ? ward_jose_alg_parse(own) : WARD_ALG_NONE;
    enum ward_jose_alg asked = use->algorithm.data ? ward_jose_alg_parse(use->algorithm) : stored;
    if (!use->algorithm.data && !own.data) {
        return refuse_use(use, 400, "algorithm_required", "algorithm must be given: the key has none of its own");
    }
    if (asked == WARD_ALG_NONE || ward_jose_alg_use(asked) != WARD_USE_SIGNATURE) {
        return refuse_use(use, 400, "unknown_algorithm", "algorithm must be one of JOSE's signature algorithms");
    }
    if (own.data && asked != stored) {
        return refuse_use(use, 400, "other_algorithm", "the JWK is for another algorithm");
    }
    *ret = asked;
    return true;
}

/* A secret key that is a cipher's makes no signatures: one key, one algorithm. */
static bool check_signing_key(struct use *use)
{
    const struct ward_deployed *object = &use->entry->object;
    if (!is_jwk(use) && object->half == WARD_MATERIAL_SECRET && object->algorithm.data) {
        return refuse_use(use, 409, "wrong_use", "the key is for another algorithm");
    }
    return check_use(use, "sig") && check_times(use);
}

static bool prepare_signature(struct use *use, bool needs_secret, enum ward_jose_alg *ret_alg,
                              const struct ward_material **ret)
{
    if (!check_signing_key(use) || !choose_signature(use, ret_alg) || !open_material(use, needs_secret, ret)) {
        return false;
    }
    enum ward_material_problem problem = ward_jose_alg_fits(*ret_alg, *ret, WARD_USE_SIGNATURE);
    return problem == WARD_MATERIAL_NONE || refuse_material(use, WARD_INVALID, problem);
}

static enum ward_handled answer_bytes(struct use *use, const char *member, struct ward_span bytes)
{
    WARD_BUFFER text = ward_buffer_new_secret(2 * (size_t)BYTES_MAX + 64);
    if (use->is_hex) {
        char *to = ward_buffer_reserve(&text, 2 * bytes.size + 1);
        if (to) {
            ward_hex_encode(bytes.data, bytes.size, to);
            text.size += 2 * bytes.size;
        }
    } else {
        ward_base64_encode(bytes, &text);
    }
    if (text.status != WARD_OK) {
        return ward_native_fail(use->request, use->reply, text.status, NULL);
    }
    struct ward_json_writer writer = ward_surface_reply(use->reply, 200, WARD_NATIVE_JSON);
    ward_json_begin_object(&writer);
    ward_json_member_string(&writer, member, ward_buffer_span(&text));
    ward_json_end_object(&writer);
    return WARD_REPLIED;
}

enum ward_handled ward_native_key_sign(struct ward_http_request *request, struct ward_http_reply *reply)
{
    static const char *const members[] = { "algorithm", "data", "encoding", NULL };
    USE use;
    enum ward_jose_alg alg;
    const struct ward_material *material;
    if (!begin_use(request, reply, members, &use) || !prepare_signature(&use, true, &alg, &material)) {
        return WARD_REPLIED;
    }
    WARD_BUFFER signature = ward_buffer_new(WARD_JOSE_SIGNATURE_MAX);
    enum ward_material_problem problem = WARD_MATERIAL_NONE;
    enum ward_status status = ward_jose_sign(alg, material, ward_buffer_span(&use.data), &signature, &problem);
    if (status != WARD_OK) {
        refuse_material(&use, status, problem);
        return WARD_REPLIED;
    }
    return answer_bytes(&use, "signature", ward_buffer_span(&signature));
}

enum ward_handled ward_native_key_verify(struct ward_http_request *request, struct ward_http_reply *reply)
{
    static const char *const members[] = { "algorithm", "data", "signature", "encoding", NULL };
    USE use;
    enum ward_jose_alg alg;
    const struct ward_material *material;
    bool is_valid = false;
    if (!begin_use(request, reply, members, &use)) {
        return WARD_REPLIED;
    }
    if (!use.has_signature) {
        struct ward_problems problems = { 0 };
        ward_problem_add(&problems, "signature", WARD_RULE_REQUIRED, 0, NULL);
        return ward_native_fail(request, reply, WARD_INVALID, &problems);
    }
    if (!prepare_signature(&use, false, &alg, &material)) {
        return WARD_REPLIED;
    }
    enum ward_status status = ward_jose_verify(alg, material, ward_buffer_span(&use.data),
                                               ward_buffer_span(&use.signature), &is_valid);
    if (status != WARD_OK) {
        return ward_native_fail(request, reply, status, NULL);
    }
    struct ward_json_writer writer = ward_surface_reply(reply, 200, WARD_NATIVE_JSON);
    ward_json_begin_object(&writer);
    ward_json_member_bool(&writer, "valid", is_valid);
    ward_json_end_object(&writer);
    return WARD_REPLIED;
}

/* ---- ciphers ---- */

/* The cipher of a JWK's algorithm; RSA's are the only ones that take data instead of a key. */
static bool cipher_of_jwk(struct ward_span algorithm, enum ward_cipher *ret)
{
    switch (ward_jose_alg_parse(algorithm)) {
    case WARD_ALG_RSA1_5:
        *ret = WARD_CIPHER_RSA_PKCS1;
        return true;
    case WARD_ALG_RSA_OAEP:
        *ret = WARD_CIPHER_RSA_OAEP_SHA1;
        return true;
    case WARD_ALG_RSA_OAEP_256:
        *ret = WARD_CIPHER_RSA_OAEP_SHA256;
        return true;
    default:
        return false;
    }
}

static bool choose_cipher(struct use *use, enum ward_cipher *ret)
{
    struct ward_span own = is_jwk(use) ? use->entry->object.algorithm : WARD_SPAN_NONE;
    enum ward_cipher stored = WARD_CIPHER_COUNT, asked = WARD_CIPHER_COUNT;
    bool has_stored = own.data && cipher_of_jwk(own, &stored);
    if (own.data && !has_stored) {
        return refuse_use(use, 409, "wrong_use", "the JWK's algorithm does not encrypt data");
    }
    if (!use->algorithm.data && !has_stored) {
        return refuse_use(use, 400, "algorithm_required", "algorithm must be given: the key has none of its own");
    }
    bool is_asked = use->algorithm.data != NULL;
    if (is_asked && !ward_cipher_parse(use->algorithm, &asked) && !cipher_of_jwk(use->algorithm, &asked)) {
        return refuse_use(use, 400, "unknown_algorithm",
                          "algorithm must name a cipher, as AES/CBC/PKCS5Padding or RSA-OAEP-256");
    }
    if (is_asked && has_stored && asked != stored) {
        return refuse_use(use, 400, "other_algorithm", "the JWK is for another algorithm");
    }
    *ret = is_asked ? asked : stored;
    return true;
}

/* "AES/CBC/PKCS5Padding" is AES's. */
static bool check_cipher_key(struct use *use, enum ward_cipher cipher)
{
    const struct ward_deployed *object = &use->entry->object;
    struct ward_span own = object->algorithm;
    if (!is_jwk(use) && object->half == WARD_MATERIAL_SECRET && own.data) {
        const char *name = ward_cipher_name(cipher);
        if (strncmp(name, own.data, own.size) != 0 || name[own.size] != '/') {
            return refuse_use(use, 409, "wrong_use", "the key is for another algorithm");
        }
    }
    return check_use(use, "enc") && check_times(use);
}

static enum ward_handled run_cipher(struct ward_http_request *request, struct ward_http_reply *reply,
                                    bool is_decrypting)
{
    static const char *const members[] = { "algorithm", "data", "iv", "encoding", NULL };
    USE use;
    enum ward_cipher cipher;
    const struct ward_material *material;
    if (!begin_use(request, reply, members, &use) || !choose_cipher(&use, &cipher) || !check_cipher_key(&use, cipher) ||
        !open_material(&use, is_decrypting, &material)) {
        return WARD_REPLIED;
    }
    WARD_BUFFER result = ward_buffer_new_secret(BYTES_MAX + 64);
    struct ward_span iv = use.has_iv ? ward_buffer_span(&use.iv) : WARD_SPAN_NONE;
    struct ward_span data = ward_buffer_span(&use.data);
    enum ward_material_problem problem = WARD_MATERIAL_NONE;
    enum ward_status status = is_decrypting ? ward_cipher_decrypt(cipher, material, iv, data, &result, &problem)
                                            : ward_cipher_encrypt(cipher, material, iv, data, &result, &problem);
    if (status != WARD_OK) {
        refuse_material(&use, status, problem);
        return WARD_REPLIED;
    }
    return answer_bytes(&use, "data", ward_buffer_span(&result));
}

enum ward_handled ward_native_key_encrypt(struct ward_http_request *request, struct ward_http_reply *reply)
{
    return run_cipher(request, reply, false);
}

enum ward_handled ward_native_key_decrypt(struct ward_http_request *request, struct ward_http_reply *reply)
{
    return run_cipher(request, reply, true);
}
