/*
 * What usage plans hang on: a product has APIs, an API has stages. Ward forwards nothing; a stage is what a
 * verification names, with the terms, the throttle, the source addresses and the maintenance answer that hold there.
 * Pure rules. Source: contracts/ncp.md 6, 6.3, 8.
 */
#ifndef WARD_MODEL_PRODUCT_H
#define WARD_MODEL_PRODUCT_H

#include "model/usage_plan.h"

/** Who may use a product: every key, or keys that its owner accepted. The zero value asks for acceptance. */
enum ward_subscription_code { WARD_PRODUCT_PROTECTED, WARD_PRODUCT_PUBLIC };

const char *ward_subscription_code_name(enum ward_subscription_code code); /* PROTECTED, PUBLIC */
bool ward_subscription_code_parse(struct ward_span name, enum ward_subscription_code *ret);

struct ward_product {
    struct ward_key_id id;
    struct ward_uuid account_id;
    struct ward_uuid project_id;
    enum ward_env env;    /* the project's */
    bool is_scope_active; /* account and project; read together */
    struct ward_span name;
    struct ward_span description; /* "" when none */
    enum ward_subscription_code code;
    bool is_removed; /* kept for statistics, found nowhere */
    struct ward_provenance provenance;
    int64_t version;
};

struct ward_api {
    struct ward_key_id id;
    struct ward_key_id product_id;
    struct ward_span name;
    struct ward_span description;
    bool is_removed;
    struct ward_provenance provenance;
    int64_t version;
};

/** What the addresses of a stage's list mean. */
enum ward_acl_code { WARD_ACL_NONE, WARD_ACL_ALLOWED, WARD_ACL_REJECTED };

const char *ward_acl_code_name(enum ward_acl_code code); /* NULL for NONE, ALLOWED, REJECTED */
bool ward_acl_code_parse(struct ward_span name, enum ward_acl_code *ret);

/**
 * Take the next address or network off a stage's list.
 *
 * Shape:   entries are joined by commas, blanks around them do not count. False at the end.
 */
bool ward_acl_next(struct ward_span *list, struct ward_span *ret);

struct ward_stage {
    struct ward_key_id id;
    struct ward_key_id api_id;
    struct ward_key_id product_id; /* the API's; read together */
    struct ward_span name;
    struct ward_span endpoint_domain;
    uint32_t throttle_rps; /* 0: none */
    uint32_t cache_ttl_s;  /* kept, not acted on; 0: none */
    enum ward_acl_code acl_code;
    struct ward_span acl_list; /* addresses and networks, joined by commas; "" when none */
    bool is_maintenance;
    int status_code;              /* of the maintenance answer; 503 by default */
    struct ward_span response;    /* of the maintenance answer; "" when none */
    struct ward_plan_terms terms; /* of keys without a plan here */
    bool is_removed;
    struct ward_provenance provenance;
    int64_t version;
};

#define WARD_PRODUCT_NAME_MAX        100
#define WARD_PRODUCT_DESCRIPTION_MAX 300
#define WARD_API_NAME_MAX            20
#define WARD_STAGE_ENDPOINT_MAX      200
#define WARD_STAGE_ACL_MAX           2000
#define WARD_STAGE_RESPONSE_MAX      4000
#define WARD_STAGE_CACHE_TTL_MAX     3600
#define WARD_STAGE_STATUS_DEFAULT    503

/*
 * Inputs: has_x false = the member was not sent; a surface notes in problems what it could not map. The names of
 * members are the contract's.
 */
struct ward_product_input {
    bool has_name, has_description, has_code, has_project;
    struct ward_span name, description;
    struct ward_span code;    /* as it came */
    struct ward_span project; /* id as it came; create only */
    struct ward_problems problems;
};

struct ward_api_input {
    bool has_name, has_description;
    struct ward_span name, description;
    struct ward_problems problems;
};

struct ward_stage_input {
    bool has_name, has_endpoint_domain, has_throttle_rps, has_cache_ttl_s, has_acl_code, has_acl_list, has_maintenance,
        has_status_code, has_response;
    struct ward_span name, endpoint_domain, acl_list, response;
    struct ward_span acl_code; /* as it came; absent (null) = clear */
    int64_t throttle_rps;      /* 0 = clear (a surface maps null to it) */
    int64_t cache_ttl_s;       /* 0 = clear */
    int64_t status_code;
    bool is_maintenance;
    struct ward_problems problems;
};

/** For an edit nothing is required; for a new object productName and subscriptionCode, apiName, stageName and
 * endpointDomain are. */
enum ward_input_use { WARD_INPUT_CREATE, WARD_INPUT_EDIT };

/** productName 1..100, description ..300, subscriptionCode PROTECTED|PUBLIC. */
void ward_product_input_check(struct ward_product_input *input, enum ward_input_use use);
/** apiName 1..20 [a-zA-Z0-9_-], apiDescription ..300. */
void ward_api_input_check(struct ward_api_input *input, enum ward_input_use use);
/** stageName 1..20 [a-zA-Z0-9_-], endpointDomain 1..200 http(s) URL, throttleRps 1..2^31-1, cacheTtlSec 1..3600,
 * ipAclCode ALLOWED|REJECTED, ipAclList ..2000 of addresses and networks, statusCode 200..599, response ..4000. */
void ward_stage_input_check(struct ward_stage_input *input, enum ward_input_use use);

#endif
