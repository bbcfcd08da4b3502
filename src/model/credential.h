/*
 * Operator credentials: who calls the management surfaces. An access key or IAM pair is sealed (a contract or a
 * signature needs it back), a personal access token is a keyed hash only. Source: contracts/theauthapi.md 1.1-1.3, 7;
 * design 6, 9.
 */
#ifndef WARD_MODEL_CREDENTIAL_H
#define WARD_MODEL_CREDENTIAL_H

#include "model/account.h"
#include "model/api_key.h"
#include "model/role.h"

enum ward_credential_kind { WARD_CREDENTIAL_ACCESS_KEY, WARD_CREDENTIAL_TOKEN, WARD_CREDENTIAL_IAM };
const char *ward_credential_kind_name(enum ward_credential_kind kind); /* access-key, token, iam */
bool ward_credential_kind_parse(struct ward_span name, enum ward_credential_kind *ret);

struct ward_credential {
    struct ward_uuid id; /* names the credential in provenance and in the change log */
    enum ward_credential_kind kind;
    struct ward_uuid account_id;
    struct ward_uuid project_id; /* nil: the whole account */
    enum ward_env env;           /* the project's; live for the account */
    bool is_scope_active;        /* account and, if any, project; read together */
    enum ward_role role;
    uint32_t grants;            /* rights besides the role's; 0 for an access key */
    struct ward_uuid issued_by; /* the IAM pair that a token was issued to; nil: made by an operator */
    struct ward_span name;
    struct ward_span
        lookup; /* access key: lookup hash of its value; token: token hash; IAM: lookup hash of its access key id */
    struct ward_span sealed;    /* access key value or IAM secret; absent for a token */
    struct ward_span public_id; /* IAM access key id; absent otherwise */
    struct ward_span value;     /* opened by the service where needed, else absent */
    bool is_active;
    struct ward_rate_limit rate_limit; /* of the calls it makes itself */
    int64_t expires_ms;
    struct ward_provenance provenance;
    int64_t version;
};

/** Draw a new secret text: live_access_… / test_access_… (76), apnz_… token, or a 40-character IAM secret. */
#define WARD_CREDENTIAL_VALUE_CHARS_MAX 96
enum ward_status ward_credential_generate(enum ward_credential_kind kind, enum ward_env env,
                                          char text[WARD_CREDENTIAL_VALUE_CHARS_MAX + 1],
                                          size_t *ret_size) WARD_MUST_USE;

/** Draw an IAM access key id: ncp_iam_ + 20 characters. */
enum ward_status ward_credential_generate_iam_id(char text[WARD_CREDENTIAL_VALUE_CHARS_MAX + 1],
                                                 size_t *ret_size) WARD_MUST_USE;

struct ward_credential_input {
    bool has_name, has_account, has_project, has_role, has_rate_limit;
    struct ward_span name, account, project;
    enum ward_role role;
    uint32_t grants;                    /* of a token or an IAM pair */
    int64_t rate_limit, rate_limit_ttl; /* 0 = not given */
    bool has_rate_limit_number, has_rate_limit_ttl;
    bool has_expiry; /* of a token or an IAM pair; WARD_TIME_NONE: never */
    int64_t expires_ms;
    struct ward_problems problems;
};

/** Check an input against the model's rules; name is required. Both of rateLimit and rateLimitTtl, or none, each ≥ 1.
 */
void ward_credential_input_check(struct ward_credential_input *input);

#endif
