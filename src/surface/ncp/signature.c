#include "surface/ncp/signature.h"

#include "base/encoding.h"
#include "crypto/keyed_hash.h"

#define ACCESS_KEY_MAX 128

/* The value of a header that was sent exactly once and is not empty. */
static bool take_one(const struct ward_http_request *request, const char *name, struct ward_span *ret)
{
    if (ward_http_header_count(request, name) != 1) {
        return false;
    }
    *ret = ward_http_header_get(request, name);
    return ret->size > 0;
}

static bool take_signature(const struct ward_http_request *request, bool accepts_v1, struct ward_span *ret)
{
    bool has_v2 = ward_http_header_count(request, "x-ncp-apigw-signature-v2") > 0;
    if (accepts_v1 && !has_v2) {
        return take_one(request, "x-ncp-apigw-signature-v1", ret);
    }
    return take_one(request, "x-ncp-apigw-signature-v2", ret);
}

bool ward_ncp_claim_read(const struct ward_http_request *request, bool accepts_v1, struct ward_ncp_claim *ret)
{
    struct ward_ncp_claim claim = { 0 };
    if (!take_one(request, "x-ncp-apigw-timestamp", &claim.timestamp) ||
        !take_one(request, "x-ncp-iam-access-key", &claim.access_key) ||
        !take_signature(request, accepts_v1, &claim.signature)) {
        return false;
    }
    *ret = claim;
    return true;
}

/* contracts/ncp.md 3: letters, digits, '_' and '-'. */
static bool is_access_key(struct ward_span text)
{
    for (size_t i = 0; i < text.size; i++) {
        char c = text.data[i];
        bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!is_letter && !(c >= '0' && c <= '9') && c != '_' && c != '-') {
            return false;
        }
    }
    return text.size <= ACCESS_KEY_MAX;
}

/* Both edges are refused: a time-stamp that is exactly the skew away is too old, or too new. */
static bool is_of_now(struct ward_span text, int64_t now_ms)
{
    int64_t then_ms;
    if (!ward_parse_uint(text, &then_ms)) {
        return false;
    }
    int64_t oldest_ms = now_ms - WARD_NCP_CLOCK_SKEW_MS, newest_ms = now_ms + WARD_NCP_CLOCK_SKEW_MS;
    return then_ms > oldest_ms && then_ms < newest_ms;
}

/* Base64 of 32 bytes: compared as text, so that only the one spelling of a signature counts. */
static bool is_signed(const struct ward_http_request *request, const struct ward_ncp_claim *claim,
                      struct ward_span secret)
{
    const struct ward_span parts[] = { request->method_text, WARD_SPAN(" "),  request->target,  WARD_SPAN("\n"),
                                       claim->timestamp,     WARD_SPAN("\n"), claim->access_key };
    uint8_t mac[WARD_SHA256_BYTES];
    ward_hmac_sha256(secret, parts, sizeof(parts) / sizeof(parts[0]), mac);
    WARD_BUFFER expected = ward_buffer_new_secret(64);
    ward_base64_encode(ward_span((const char *)mac, sizeof(mac)), &expected);
    explicit_bzero(mac, sizeof(mac));
    return expected.status == WARD_OK && expected.size == WARD_NCP_SIGNATURE_CHARS &&
           claim->signature.size == WARD_NCP_SIGNATURE_CHARS &&
           ward_constant_time_equal(expected.data, claim->signature.data, WARD_NCP_SIGNATURE_CHARS);
}

bool ward_ncp_claim_holds(const struct ward_http_request *request, const struct ward_ncp_claim *claim,
                          struct ward_span secret, int64_t now_ms)
{
    bool is_right = is_signed(request, claim, secret);
    return is_right && is_access_key(claim->access_key) && is_of_now(claim->timestamp, now_ms);
}
