#include "model/product.h"

#include "base/address.h"
#include "model/text.h"

#define THROTTLE_MAX   2147483647
#define STATUS_MIN     200
#define STATUS_MAX     599
#define NAME_CHARS     WARD_ALPHABET_BASE62 "_-"
#define CODE_NAMES     "PROTECTED, PUBLIC"
#define ACL_CODE_NAMES "ALLOWED, REJECTED"

static const char *const code_names[] = { [WARD_PRODUCT_PROTECTED] = "PROTECTED", [WARD_PRODUCT_PUBLIC] = "PUBLIC" };

static const char *const acl_names[] = {
    [WARD_ACL_NONE] = NULL, [WARD_ACL_ALLOWED] = "ALLOWED", [WARD_ACL_REJECTED] = "REJECTED"
};

/* The order in which problems are listed: as contracts/ncp.md 6.3 lists the members. */
static const char *const product_members[] = { "body", "productName", "subscriptionCode", "description", "projectId" };
static const char *const api_members[] = { "body", "apiName", "apiDescription" };
static const char *const stage_members[] = { "body",      "stageName", "endpointDomain", "throttleRps", "cacheTtlSec",
                                             "ipAclCode", "ipAclList", "isMaintenance",  "statusCode",  "response" };

const char *ward_subscription_code_name(enum ward_subscription_code code)
{
    return ward_name_at(code_names, WARD_COUNT_OF(code_names), code);
}

bool ward_subscription_code_parse(struct ward_span name, enum ward_subscription_code *ret)
{
    unsigned index;
    if (!ward_name_find(code_names, WARD_COUNT_OF(code_names), name, &index)) {
        return false;
    }
    *ret = (enum ward_subscription_code)index;
    return true;
}

const char *ward_acl_code_name(enum ward_acl_code code)
{
    return ward_name_at(acl_names, WARD_COUNT_OF(acl_names), code);
}

bool ward_acl_code_parse(struct ward_span name, enum ward_acl_code *ret)
{
    unsigned index;
    if (!ward_name_find(acl_names, WARD_COUNT_OF(acl_names), name, &index)) {
        return false;
    }
    *ret = (enum ward_acl_code)index;
    return true;
}

/* A name of an edit that was not sent stays; a new object needs one. */
static void check_name(struct ward_problems *problems, const char *member, enum ward_input_use use, bool has_name,
                       struct ward_span name, size_t max)
{
    if (has_name || use == WARD_INPUT_CREATE) {
        ward_text_require(problems, member, has_name, name, max);
    }
}

/* contracts/ncp.md 6.3: [a-zA-Z0-9_-]+ */
static void check_word(struct ward_problems *problems, const char *member, enum ward_input_use use, bool has_name,
                       struct ward_span name)
{
    check_name(problems, member, use, has_name, name, WARD_API_NAME_MAX);
    if (!has_name || ward_problem_has(problems, member)) {
        return;
    }
    for (size_t i = 0; i < name.size; i++) {
        if (!strchr(NAME_CHARS, name.data[i])) {
            ward_problem_add(problems, member, WARD_RULE_CHARACTERS, 0, NULL);
            return;
        }
    }
}

void ward_product_input_check(struct ward_product_input *input, enum ward_input_use use)
{
    struct ward_problems *problems = &input->problems;
    enum ward_subscription_code code;
    check_name(problems, "productName", use, input->has_name, input->name, WARD_PRODUCT_NAME_MAX);
    ward_text_allow(problems, "description", input->has_description, input->description, WARD_PRODUCT_DESCRIPTION_MAX);
    if (!ward_problem_has(problems, "subscriptionCode")) {
        if (!input->has_code && use == WARD_INPUT_CREATE) {
            ward_problem_add(problems, "subscriptionCode", WARD_RULE_REQUIRED, 0, NULL);
        } else if (input->has_code && !ward_subscription_code_parse(input->code, &code)) {
            ward_problem_add(problems, "subscriptionCode", WARD_RULE_ENUM, 0, CODE_NAMES);
        }
    }
    ward_problems_sort(problems, product_members, WARD_COUNT_OF(product_members));
}

void ward_api_input_check(struct ward_api_input *input, enum ward_input_use use)
{
    check_word(&input->problems, "apiName", use, input->has_name, input->name);
    ward_text_allow(&input->problems, "apiDescription", input->has_description, input->description,
                    WARD_PRODUCT_DESCRIPTION_MAX);
    ward_problems_sort(&input->problems, api_members, WARD_COUNT_OF(api_members));
}

/* ---- stages ---- */

static void check_endpoint(struct ward_stage_input *input, enum ward_input_use use)
{
    check_name(&input->problems, "endpointDomain", use, input->has_endpoint_domain, input->endpoint_domain,
               WARD_STAGE_ENDPOINT_MAX);
    if (input->has_endpoint_domain && !ward_problem_has(&input->problems, "endpointDomain") &&
        !ward_text_is_url(input->endpoint_domain)) {
        ward_problem_add(&input->problems, "endpointDomain", WARD_RULE_DOMAIN, 0, NULL);
    }
}

static void check_range(struct ward_problems *problems, const char *member, bool has_number, int64_t number,
                        int64_t min, int64_t max)
{
    if (!has_number || ward_problem_has(problems, member)) {
        return;
    }
    if (number < min) {
        ward_problem_add(problems, member, WARD_RULE_MIN, min, NULL);
    } else if (number > max) {
        ward_problem_add(problems, member, WARD_RULE_MAX, max, NULL);
    }
}

bool ward_acl_next(struct ward_span *list, struct ward_span *ret)
{
    while (list->size > 0 && (*list->data == ' ' || *list->data == ',')) {
        *list = ward_span(list->data + 1, list->size - 1);
    }
    size_t size = 0;
    while (size < list->size && list->data[size] != ',') {
        size++;
    }
    *ret = ward_span(list->data, size);
    *list = ward_span(list->data + size, list->size - size);
    while (ret->size > 0 && ret->data[ret->size - 1] == ' ') {
        ret->size--;
    }
    return ret->size > 0;
}

static void check_acl(struct ward_stage_input *input)
{
    struct ward_problems *problems = &input->problems;
    enum ward_acl_code code;
    if (input->has_acl_code && input->acl_code.data && !ward_problem_has(problems, "ipAclCode") &&
        !ward_acl_code_parse(input->acl_code, &code)) {
        ward_problem_add(problems, "ipAclCode", WARD_RULE_ENUM, 0, ACL_CODE_NAMES);
    }
    ward_text_allow(problems, "ipAclList", input->has_acl_list, input->acl_list, WARD_STAGE_ACL_MAX);
    if (!input->has_acl_list || ward_problem_has(problems, "ipAclList")) {
        return;
    }
    struct ward_span left = input->acl_list;
    struct ward_span entry;
    struct ward_network network;
    while (ward_acl_next(&left, &entry)) {
        if (!ward_network_parse(entry, &network)) {
            ward_problem_add(problems, "ipAclList", WARD_RULE_CHARACTERS, 0, NULL);
            return;
        }
    }
}

void ward_stage_input_check(struct ward_stage_input *input, enum ward_input_use use)
{
    struct ward_problems *problems = &input->problems;
    check_word(problems, "stageName", use, input->has_name, input->name);
    check_endpoint(input, use);
    check_range(problems, "throttleRps", input->has_throttle_rps && input->throttle_rps != 0, input->throttle_rps, 1,
                THROTTLE_MAX);
    check_range(problems, "cacheTtlSec", input->has_cache_ttl_s && input->cache_ttl_s != 0, input->cache_ttl_s, 1,
                WARD_STAGE_CACHE_TTL_MAX);
    check_acl(input);
    check_range(problems, "statusCode", input->has_status_code, input->status_code, STATUS_MIN, STATUS_MAX);
    ward_text_allow(problems, "response", input->has_response, input->response, WARD_STAGE_RESPONSE_MAX);
    ward_problems_sort(problems, stage_members, WARD_COUNT_OF(stage_members));
}
